"""Virtual time and seeded chance: the world's one door, as a simulation opens it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = 1_000_000  #: [µs]
EPOCH = int(START.timestamp()) * SECOND  #: [µs since 1970] of instant 0
NEVER = 1 << 62  #: later than anything [µs]
INSTANT = 7  #: what passing a point takes [µs]

T = TypeVar("T")


class Crash(BaseException):
    """The hub's process is gone. No error of the engine's: nothing may catch it."""


class VirtualEnv:
    """The `Env` of a simulated hub. Whatever passes a point may end there."""

    def __init__(self, seed: int) -> None:
        self.at = 0  #: [µs] since the start
        self.next_event: Callable[[], int] = lambda: NEVER  #: when something of its own accord happens next [µs]
        self.happen: Callable[[], None] = lambda: None  #: let what is due happen
        self.pass_point: Callable[[str], None] = lambda _name: None
        self._random = random.Random(seed)  # noqa: S311  a seed repeats
        self._ids = count(1)

    def now(self) -> datetime:
        """Virtual wall clock, UTC; no two calls give the same instant."""
        self.at += 1
        return START + timedelta(microseconds=self.at)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.at / SECOND

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; what falls due meanwhile happens at its time."""
        until = self.at + max(0, int(seconds * SECOND)) + 1
        while (due := self.next_event()) < until:
            self.at = max(self.at, due)
            self.happen()
        self.at = max(self.at, until)

    def random(self) -> random.Random:
        """The hub's own chance; the world around it has another."""
        return self._random

    def new_id(self) -> str:
        """A new identifier: 32 hexadecimal digits."""
        return f"{next(self._ids):032x}"

    def point(self, name: str) -> None:
        """A boundary: time passes, somebody may act, the process may die."""
        self.at += INSTANT
        self.pass_point(name)


class Inline:
    """An executor without threads: in a simulation one thing happens after the other."""

    def ahead(self, source: Iterator[T]) -> Iterator[T]:
        """The source itself."""
        return source
