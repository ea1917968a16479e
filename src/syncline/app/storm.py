"""A storm: the same few records are told of again and again, faster than anybody can look. They wait until it is calm.

A record that is told of again while it waits, or right after it was handed out, is a repetition. Many of them within a
second are a storm. While it goes on, a record that was handed out since it began is held back: until the storm is over,
or nobody has told of this one for half a minute. So a storm costs each record one look after its last telling, however
long it goes on, and a record that is no part of it waits half a minute. A quarter of an hour is the longest for any.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

MANY = 100  #: repetitions within a second
RECENT = 10.0  #: how long after it was handed out a telling is a repetition [s]
CALM = 3.0  #: how long there must have been no such second [s]
QUIET = 30.0  #: how long one record must not have been told of [s]
LONGEST = 900.0  #: how long a record is held back, whatever happens [s]
_SECOND = 1.0  #: between two looks at what is held [s]
_KNOWN = 200_000  #: records of which it is known when they were handed out


T = TypeVar("T", bound=Hashable)


class _Held(NamedTuple):
    since: float  #: when it was first told of [s]
    last: float  #: and when last [s]


class Storm(Generic[T]):
    """Which records are to wait. Times in seconds on a clock that never goes back."""

    def __init__(self) -> None:
        self._handed: dict[T, float] = {}  #: in the order of their times
        self._held: dict[T, _Held] = {}
        self._second = 0.0  #: when the second at hand began
        self._count = 0  #: repetitions in it
        self._began = self._until = self._looked = float("-inf")

    def tell(self, records: Iterable[T], waiting: Container[T], now: float) -> None:
        """These are told of, while those wait to be handed out."""
        if now - self._second >= _SECOND:
            self._second, self._count = now, 0
        for one in records:
            self._count += one in waiting or one in self._held or self._handed_at(one) > now - RECENT
        if self._count >= MANY:
            if now >= self._until:
                self._began = now - RECENT
            self._until = now + CALM

    def holds(self, record: T, now: float) -> bool:
        """Is this one, told of now, to be held back until `release` lets it go?"""
        held = self._held.pop(record, None)
        if now < self._until and self._handed_at(record) >= self._began:
            self._held[record] = _Held(held.since if held else now, now)
            return True
        return False

    def release(self, now: float) -> list[T]:
        """Those that need not wait any longer."""
        is_over = now >= self._until
        if not self._held or (not is_over and now - self._looked < _SECOND):
            return []
        self._looked = now
        free = [
            record
            for record, held in self._held.items()
            if is_over or now - held.last >= QUIET or now - held.since >= LONGEST
        ]
        for record in free:
            del self._held[record]
        return free

    def hand_out(self, records: Iterable[T], now: float) -> None:
        """These are looked at now."""
        for one in records:
            self._handed.pop(one, None)
            self._handed[one] = now
        if len(self._handed) > _KNOWN:
            for one in list(islice(self._handed, len(self._handed) - _KNOWN)):
                del self._handed[one]

    def _handed_at(self, record: T) -> float:
        return self._handed.get(record, float("-inf"))
