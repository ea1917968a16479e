"""The exchange of one stream in whole numbers, and the exact integral of what is open over time.

A change is captured when a system comes to owe one of its records a write. It ends applied (the system holds it) or
rejected (taken back, overtaken there, or its record is gone, before it was delivered). What has not ended is open:
parked, or backlog. So, at every instant and to the last change,

    captured = applied + rejected + parked + backlog

The open count is a step function of time. Its integral is kept by the hour, each hour exactly:

    Z = sum of n_i * (t_(i+1) - t_i)
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

HOUR = 3_600_000_000  #: [µs]
KEPT = 24 * 31  #: hours that are kept


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """The counters of one stream since `began`."""

    began: int  #: [µs]
    at: int  #: up to when the integral is reckoned [µs]
    captured: int = 0
    applied: int = 0
    rejected: int = 0
    area: int = 0  #: of the hour that `at` lies in [records x µs]
    terms: str = ""  #: of the flow, under which a write is owed

    @property
    def open(self) -> int:
        """Changes that have not ended."""
        return self.captured - self.applied - self.rejected

    @property
    def hour(self) -> int:
        """The hour since 1970 that `at` lies in."""
        return self.at // HOUR

    def until(self, now: int) -> tuple[Exchange, dict[int, int]]:
        """The same reckoned up to `now`, and the integral of every hour that has ended since [hour -> records x µs].

        A clock that went back reckons nothing.
        """
        if now <= self.at:
            return self, {}
        ended: dict[int, int] = {}
        at, area = self.at, self.area
        hour, last = self.hour, now // HOUR
        while hour < last:
            if last - hour <= KEPT:
                ended[hour] = area + self.open * ((hour + 1) * HOUR - at)
            hour = max(hour + 1, last - KEPT)
            at, area = hour * HOUR, 0
        area += self.open * (now - at)
        return msgspec.structs.replace(self, at=now, area=area), ended

    def moved(self, *, captured: int = 0, applied: int = 0, rejected: int = 0) -> Exchange:
        """With more of each; reckon it `until` now first."""
        return msgspec.structs.replace(
            self, captured=self.captured + captured, applied=self.applied + applied, rejected=self.rejected + rejected
        )


def integral(now: Exchange, hours: Mapping[int, int], *, span: int) -> tuple[int, int]:
    """(records x µs, since when [µs]) of the last `span` hours: from the beginning of the hour `span` hours ago.

    It begins with the counters, where they are younger.
    """
    first = now.hour - span
    area = now.area + sum(part for hour, part in hours.items() if first <= hour < now.hour)
    return area, max(first * HOUR, now.began)


def burn(area: int, since: int, now: int, records: int, *, budget: float) -> float:
    """How many times faster than allowed the error budget is used up [-].

    Args:
        area: What was open in the window [records x µs].
        since: Begin of the window [µs].
        now: Its end [µs].
        records: Records that could be open.
        budget: Share of record-hours that may be open [-].

    Source:
        Beyer et al., The Site Reliability Workbook (2018), chapter 5, burn rate.

    >>> burn(36, 0, 100, 10, budget=0.01)
    3.6
    """
    whole = records * (now - since) * budget
    return area / whole if whole > 0 else 0.0
