"""A day of the calendar, and a point in time: two things, and only a time zone leads from one to the other.

A delivery is promised for a day; that day begins at another instant in Shanghai than in Berlin. So neither is ever
taken for the other: a `LocalDate` refuses a clock, an `Instant` refuses to be without one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import NamedTuple


class LocalDate(NamedTuple):
    """A day of the calendar, wherever that is; `local_date` makes one."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        """The canonical spelling."""
        return date(self.year, self.month, self.day).isoformat()


class Instant(NamedTuple):
    """A point in time; `instant` makes one."""

    microseconds: int  #: since 1970-01-01T00:00:00Z

    def __str__(self) -> str:
        """The canonical spelling: UTC, fractions only where there are any."""
        moment = datetime.fromtimestamp(self.microseconds // _SECOND, UTC).replace(
            microsecond=self.microseconds % _SECOND, tzinfo=None
        )
        text = moment.isoformat(timespec="microseconds")
        return text.rstrip("0").rstrip(".") + "Z"


_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE_LENGTH = len("YYYY-MM-DD")


def local_date(value: str | date) -> LocalDate:
    """A day of the calendar from YYYY-MM-DD; ValueError for anything with a clock time.

    >>> str(local_date("2026-03-01"))
    '2026-03-01'
    >>> local_date("2026-03-01T08:00:00Z")
    Traceback (most recent call last):
    ...
    ValueError: this is no day of the calendar such as 2026-03-01; a point in time is one only in a time zone
    """
    msg = "this is no day of the calendar such as 2026-03-01; a point in time is one only in a time zone"
    if isinstance(value, datetime):
        raise ValueError(msg)
    if isinstance(value, str):
        if len(value) != _DATE_LENGTH or value[4] + value[7] != "--":
            raise ValueError(msg)
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ValueError("there is no such day in the calendar") from None
    return LocalDate(value.year, value.month, value.day)


def instant(value: str | datetime) -> Instant:
    """A point in time from ISO 8601 with its offset; ValueError where the offset is missing.

    >>> str(instant("2026-03-01T08:00:00+08:00")), str(instant("2026-03-01T00:00:00.250Z"))
    ('2026-03-01T00:00:00Z', '2026-03-01T00:00:00.25Z')
    >>> instant("2026-03-01T08:00:00")
    Traceback (most recent call last):
    ...
    ValueError: this is no point in time such as 2026-03-01T08:00:00Z: the time zone is missing
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("this is no point in time such as 2026-03-01T08:00:00Z") from None
    if value.tzinfo is None:
        raise ValueError("this is no point in time such as 2026-03-01T08:00:00Z: the time zone is missing")
    since = value - _EPOCH
    return Instant((since.days * 86_400 + since.seconds) * _SECOND + since.microseconds)


def day_of(moment: Instant, zone: tzinfo) -> LocalDate:
    """The day that it is in a time zone at this point in time.

    >>> from zoneinfo import ZoneInfo
    >>> str(day_of(instant("2026-03-01T20:00:00Z"), ZoneInfo("Asia/Shanghai")))
    '2026-03-02'
    """
    local = datetime.fromtimestamp(moment.microseconds // _SECOND, UTC).astimezone(zone)
    return LocalDate(local.year, local.month, local.day)


def start_of(day: LocalDate, zone: tzinfo) -> Instant:
    """When a day begins in a time zone.

    >>> from zoneinfo import ZoneInfo
    >>> str(start_of(local_date("2026-03-02"), ZoneInfo("Asia/Shanghai")))
    '2026-03-01T16:00:00Z'
    """
    return instant(datetime.combine(date(*day), time.min, zone))
