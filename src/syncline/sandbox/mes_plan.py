"""When work can be done: a plant's calendar, and the load of its work centres by week. Pure; times are local."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from syncline.sandbox.state import Fields
from syncline.sandbox.wording import fixed

_SHIFT = 6  # the hour at which a day of work begins
_HORIZON = 12  # weeks of load that are shown


def slot(earliest: datetime, hours: Decimal, *, days: Sequence[int], per_day: Decimal) -> tuple[datetime, datetime]:
    """The time in which so many hours of work are done, not before a moment.

    Args:
        earliest: Not before this.
        hours: Work [h].
        days: Weekdays on which work is done; 1 is Monday. Without any: every day.
        per_day: Hours of work of one such day, from 6 o'clock.

    >>> slot(datetime(2026, 3, 6, 20), Decimal(10), days=[1, 2, 3, 4, 5], per_day=Decimal(16))
    (datetime.datetime(2026, 3, 6, 20, 0), datetime.datetime(2026, 3, 9, 14, 0))
    """
    length = timedelta(hours=float(per_day))
    begin, left = _next(earliest, days, length), timedelta(hours=float(hours))
    now = begin
    while True:
        end_of_day = _opening(now.date()) + length
        if now + left <= end_of_day:
            return begin, now + left
        left -= end_of_day - now
        now = _next(end_of_day, days, length)


def _next(moment: datetime, days: Sequence[int], length: timedelta) -> datetime:
    """The first moment of work at or after this one."""
    day = moment.date()
    while True:
        opens = _opening(day)
        if (not days or day.isoweekday() in days) and moment < opens + length:
            return max(moment, opens)
        day += timedelta(days=1)


def _opening(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, _SHIFT)  # noqa: DTZ001 - local


def load(orders: Iterable[tuple[str, Decimal]], *, days: Sequence[int], per_day: Decimal) -> list[Fields]:
    """The load of a work centre by week, of (planned start, hours [h]) of its open orders."""
    hours: dict[str, Decimal] = {}
    for start, work in orders:
        year, week, _ = datetime.fromisoformat(start).isocalendar()
        name = f"{year}-W{week:02}"
        hours[name] = hours.get(name, Decimal(0)) + work
    capacity = fixed(per_day * (len(days) or 7), 1)
    return [{"week": week, "hours": fixed(hours[week], 1), "capacity": capacity} for week in sorted(hours)[:_HORIZON]]
