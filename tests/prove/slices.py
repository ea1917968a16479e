"""What a part of the programme consists of, and what came of a slice of it: sums, that add up in any order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

MOST_TOLD = 20  #: what was broken, word for word


class Slice(msgspec.Struct, kw_only=True):
    """What came of some units of a part."""

    figures: dict[str, int] = {}
    counts: dict[str, int] = {}  #: what was met, for the tables of coverage
    broken: list[str] = []  #: empty when all was well
    cpu: float = 0.0  #: of the process that played it [s]
    wall: float = 0.0  #: [s]

    def add(self, other: Slice) -> None:
        """One more."""
        self.figures = dict(Counter(self.figures) + Counter(other.figures))
        self.counts = dict(Counter(self.counts) + Counter(other.counts))
        self.broken = (self.broken + other.broken)[:MOST_TOLD]
        self.cpu += other.cpu
        self.wall += other.wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: `wanted` units, played in slices of `size`."""

    name: str
    what: str  #: in plain words
    units: Callable[[], int]  #: how many there are
    size: int
    play: Callable[[range], Slice]  #: the units of one slice
    basis: tuple[str, ...] = ()  #: files and folders of the repository whose change makes its units other ones
    lacks: Callable[[Slice], Sequence[str]] = lambda _sum: ()  #: what the sum of all still lacks, once all is played

    def slices(self) -> Iterator[range]:
        """All of them, in order."""
        last = self.units()
        for first in range(0, last, self.size):
            yield range(first, min(first + self.size, last))


@contextmanager
def measured(made: Slice) -> Iterator[None]:
    """Note what the block costs."""
    cpu, wall = time.process_time(), time.monotonic()
    try:
        yield
    finally:
        made.cpu += time.process_time() - cpu
        made.wall += time.monotonic() - wall
