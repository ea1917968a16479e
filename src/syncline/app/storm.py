"""A storm: the same few records are told of again and again, faster than anybody can look. They wait until it is over.

A record that was handed out a moment ago and is told of again is a repetition. Many of them within a second are a
storm, and repetitions are held back until three seconds have passed without one; at most a minute.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import islice

MANY = 100  #: repetitions within a second
RECENT = 10.0  #: how long after it was handed out a telling is a repetition [s]
CALM = 3.0  #: how long it must have been calm [s]
LONGEST = 60.0  #: how long a record is held back, whatever happens [s]
_KNOWN = 200_000  #: records of which it is known when they were handed out


class Storm:
    """Which records to hand out. Times in seconds on a clock that never goes back."""

    def __init__(self) -> None:
        self._handed: dict[Hashable, float] = {}  #: in the order of their times
        self._second = 0.0  #: when the second at hand began
        self._count = 0  #: repetitions in it
        self._until = float("-inf")

    def tell(self, records: Iterable[Hashable], now: float) -> None:
        """These are told of."""
        if now - self._second >= 1.0:
            self._second, self._count = now, 0
        handed = self._handed
        self._count += sum(1 for one in records if now - handed.get(one, float("-inf")) < RECENT)
        if self._count >= MANY:
            self._until = now + CALM

    def holds(self, record: Hashable, since: float, now: float) -> bool:
        """Is this one, told of for the first time at `since`, to wait?"""
        return now < self._until and now - since < LONGEST and now - self._handed.get(record, float("-inf")) < LONGEST

    def hand_out(self, records: Iterable[Hashable], now: float) -> None:
        """These are looked at now."""
        for one in records:
            self._handed.pop(one, None)
            self._handed[one] = now
        if len(self._handed) > _KNOWN:
            for one in list(islice(self._handed, len(self._handed) - _KNOWN)):
                del self._handed[one]

    def over(self, now: float) -> float:
        """In how many seconds it will be over if nothing more is told; 0 when there is none."""
        return max(0.0, self._until - now)
