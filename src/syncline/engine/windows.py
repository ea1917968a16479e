"""When a system is closed: nothing is read from it or sent to it, and the work waits. Plain functions of the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

_MOST = 100  #: windows that follow each other without a gap; a system that never opens is closed until the last of them
_MINUTE = timedelta(minutes=1)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A time that comes again: `start` to `end` on some weekdays, or `lasts` from each time of `cron`."""

    zone: str = "UTC"
    days: frozenset[int] = frozenset(range(7))  #: weekdays on which it begins, Monday = 0
    start: int = 0  #: time of day [min]
    end: int = 0  #: time of day [min]; of the next day when it is not later
    cron: str = ""
    lasts: float = 0.0  #: [s]


def closed_until(windows: Sequence[Window], now: datetime) -> datetime | None:
    """When the last of the windows ends that are open now, one right after the other; None when none is."""
    until = now
    for _ in range(_MOST):
        ends = [end for window in windows for begin, end in _around(window, until) if begin <= until < end]
        if not ends:
            break
        until = max(ends)
    return until if until > now else None


def closes_at(windows: Sequence[Window], now: datetime) -> datetime | None:
    """When the next window begins after now; None when none does within eight days, or within a cron's next time."""
    begins = [begin for window in windows for begin, _ in _around(window, now) if begin > now]
    return min(begins, default=None)


def _around(window: Window, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The begin and end of those that may hold `at`, and of the next ones."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  most systems never close

    zone = ZoneInfo(window.zone)
    if window.cron:
        yield from _of_cron(window, at, zone)
        return
    today = at.astimezone(zone).date()
    for number in range(-1, 9):
        day = today + timedelta(days=number)
        if day.weekday() in window.days:
            over = timedelta(days=int(window.end <= window.start))
            yield _instant(day, window.start, zone), _instant(day + over, window.end, zone)


def _of_cron(window: Window, at: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """The last that began by then, and the next."""
    from cronsim import CronSim  # noqa: PLC0415  fewer close by a cron expression

    before = CronSim(window.cron, (at + _MINUTE).astimezone(zone), reverse=True)
    last = next(found for found in before if found <= at)
    for found in (last, next(CronSim(window.cron, at.astimezone(zone)))):
        begin = found.astimezone(UTC)
        yield begin, begin + timedelta(seconds=window.lasts)


def _instant(day: date, minutes: int, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)
