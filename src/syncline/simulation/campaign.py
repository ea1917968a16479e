"""Many histories, one after the other: drawn, played, judged, counted."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from syncline.simulation.drawing import draw
from syncline.simulation.history import play
from syncline.simulation.invariants import Violation, violations
from syncline.simulation.script import Script
from syncline.simulation.shape import Shape

TWICE = 100  #: each hundredth history is played twice, and must be the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One history, played and judged."""

    seed: int
    violations: tuple[Violation, ...]
    crashes: int
    deeds: int  #: what people did
    edits: int  #: values that people entered
    passes: int
    windows: int  #: edits that fell into the window of a system without locking: no hub could have saved them
    trace: str
    counts: Counter[str]  #: faults by call, crashes by boundary


@dataclass(slots=True, kw_only=True)
class Campaign:
    """What many histories come to."""

    histories: int = 0
    crashes: int = 0
    deeds: int = 0
    edits: int = 0
    windows: int = 0
    broken: list[Judged] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, one: Judged) -> None:
        """One more."""
        self.histories += 1
        self.crashes += one.crashes
        self.deeds += one.deeds
        self.edits += one.edits
        self.windows += one.windows
        self.counts.update(one.counts)
        if one.violations:
            self.broken.append(one)

    @property
    def violations(self) -> int:
        """Invariants broken, each once per history."""
        return sum(len({violation.invariant for violation in one.violations}) for one in self.broken)

    def __str__(self) -> str:
        """The last line of a campaign."""
        return (
            f"histories: {self.histories}, violations: {self.violations}, crashes: {self.crashes}, edits: {self.edits}"
        )


def judge(script: Script, shape: Shape) -> Judged:
    """Play a script and ask every invariant."""
    history = play(script, shape)
    world = history.world
    trace = history.trace()
    found, facts = violations(history)
    made = Judged(
        seed=script.seed, violations=tuple(found), crashes=len(world.crashes), deeds=world.people.deeds,
        edits=history.edits, passes=len(world.told), windows=facts.window_hits, trace=trace, counts=world.counts,
    )  # fmt: skip
    world.close()
    return made


def run_campaign(shape: Shape, first: int, count: int, told: Callable[[Judged], None]) -> Campaign:
    """Judge the histories of `count` seeds; each is told as it comes. Ctrl-C ends it with what there is."""
    made = Campaign()
    with _rare_collections():
        try:
            for seed in range(first, first + count):
                one = judge(draw(shape, seed), shape)
                if seed % TWICE == 0:
                    one = _repeated(shape, one)
                made.add(one)
                told(one)
        except KeyboardInterrupt:
            return made
    return made


def _repeated(shape: Shape, one: Judged) -> Judged:
    again = judge(draw(shape, one.seed), shape)
    if again.trace == one.trace:
        return one
    broken = Violation("repeatability", f"played again, it was another history: {one.trace}, {again.trace}")
    return Judged(
        seed=one.seed, violations=(*one.violations, broken), crashes=one.crashes, deeds=one.deeds, edits=one.edits,
        passes=one.passes, windows=one.windows, trace=one.trace, counts=one.counts,
    )  # fmt: skip


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Histories make many short-lived objects, and few cycles."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
