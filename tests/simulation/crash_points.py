"""Kill the hub of a scenario at every boundary that it passes, and at every pair; the same command has to recover.

A boundary is a moment of the simulation: before each call of a system, after each answer, around each commit. Every
play is judged by every invariant, and has to end as the scenario ends when nobody is killed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from syncline.simulation.history import History, play
from syncline.simulation.invariants import violations
from syncline.simulation.invariants.crashes import Ending, ending
from syncline.simulation.script import Passing, Script
from tests.simulation.scenarios.words import Scenario

AGAIN = 1.0  #: until the same command is given again [s]


class Crash(NamedTuple):
    """Where the hub dies; both count from what was played before."""

    passing: int  #: from 0
    moment: int  #: of that pass, from 1


class Tried(NamedTuple):
    """A scenario, played with crashes."""

    crashes: tuple[Crash, ...]
    broken: list[str]  #: empty when all was well
    boundaries: list[Crash]  #: those after the last crash, in the order in which they were passed
    names: list[str]  #: of the boundaries at which it died


class Plain(NamedTuple):
    """A scenario as it goes when nobody is killed."""

    ending: Ending
    boundaries: list[Crash]
    counts: dict[str, int]
    broken: list[str]


def with_crashes(script: Script, crashes: Sequence[Crash]) -> Script:
    """The script with a process that dies there, each time followed by the same command in a new one."""
    passes = list(script.passes)
    for crash in sorted(crashes):
        dying = passes[crash.passing]
        again = Passing(wait=AGAIN, full=dying.full)
        passes[crash.passing : crash.passing + 1] = [msgspec.structs.replace(dying, crash=crash.moment), again]
    return msgspec.structs.replace(script, passes=passes)


def boundaries(history: History, first: int) -> list[Crash]:
    """Every moment of the scripted passes from `first` on that ended well."""
    found: list[Crash] = []
    ended = iter(history.world.told)
    for number, passing in enumerate(history.script.passes):
        if passing.crash:
            continue
        told = next(ended)
        count = sum(1 for at, _ in history.world.trace if told.begun <= at <= told.at)
        if number >= first:
            found += [Crash(number, moment) for moment in range(1, count + 1)]
    return found


@lru_cache(maxsize=4)
def plain(scenario: Scenario) -> Plain:
    """Play it without a crash."""
    history = play(scenario.script, scenario.shape)
    broken = [f"{one.invariant}: {one.what}" for one in violations(history)[0]]
    missing = [met for met in scenario.met if not history.world.counts[met]]
    meant = len(scenario.script.before) + sum(len(passing.deeds) for passing in scenario.script.passes)
    missing += ["all that people meant to do"] * (history.world.people.deeds != meant)
    made = Plain(
        ending(history),
        [] if broken else boundaries(history, scenario.first),
        dict(history.world.counts),
        broken + [f"it never came to: {met}" for met in missing],
    )
    history.world.close()
    return made


def tried(scenario: Scenario, *crashes: Crash) -> Tried:
    """Play it with these crashes, and judge."""
    history = play(with_crashes(scenario.script, crashes), scenario.shape)
    broken = [f"{one.invariant}: {one.what}" for one in violations(history)[0]]
    if len(history.world.crashes) != len(crashes):
        broken.append(f"{len(history.world.crashes)} crashes")
    if not broken and not scenario.differs:
        broken = _different(plain(scenario).ending, ending(history))
    names = [name for _, name in history.world.crashes]
    after = boundaries(history, max(crashes).passing + 1) if not broken else []
    history.world.close()
    return Tried(
        crashes, [f"{scenario.name} {list(map(tuple, crashes))} {names}: {one}" for one in broken], after, names
    )


def _different(expected: Ending, found: Ending) -> list[str]:
    return [
        f"{place} ended as {found.get(place)}, without crashes as {expected.get(place)}"
        for place in sorted(expected.keys() | found.keys())
        if expected.get(place) != found.get(place)
    ]


def singles(scenario: Scenario) -> Iterator[Tried]:
    """One crash at every boundary."""
    for crash in plain(scenario).boundaries:
        yield tried(scenario, crash)


def pairs(scenario: Scenario, first: Crash) -> Iterator[Tried]:
    """A crash at one boundary, and another at every boundary that is passed after it."""
    for second in tried(scenario, first).boundaries:
        yield tried(scenario, first, second)
