"""Play histories against a mutant until one breaks a promise that the product keeps in the very same history."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from syncline.simulation.campaign import judge
from syncline.simulation.drawing import draw
from syncline.simulation.invariants import Violation
from syncline.simulation.keeping import kept_in
from syncline.simulation.script import Script
from syncline.simulation.shape import reference
from syncline.simulation.shrinking import Regression
from tests.simulation.mutants.mutant import Mutant

FOLDER = Path(__file__).parent / "killers"


class Killed(NamedTuple):
    """A promise was broken."""

    histories: int  #: played until then, this one included
    seed: int
    invariant: str
    what: str


class Survived(NamedTuple):
    """None was."""

    histories: int


def killers() -> dict[str, Regression]:
    """By mutant, a history cut down to what it does not survive: the fastest way to see that its rule is missed."""
    return kept_in(FOLDER)


def broken_by(mutant: Mutant, script: Script) -> list[Violation]:
    """Every promise that the mutant breaks in a history and the product keeps there."""
    with mutant.at_work():
        found = judge(script, reference()).violations
    kept_not = {one.invariant for one in judge(script, reference()).violations} if found else set()
    return [one for one in found if one.invariant not in kept_not]


def kill(mutant: Mutant, seeds: Iterable[int]) -> Killed | Survived:
    """Play the random histories of these seeds until the mutant dies."""
    return kill_by(mutant, (draw(reference(), seed) for seed in seeds))


def kill_by(mutant: Mutant, scripts: Iterable[Script]) -> Killed | Survived:
    """Play these scripts until the mutant dies."""
    number = 0
    for number, script in enumerate(scripts, 1):
        found = broken_by(mutant, script)
        if found:
            return Killed(number, script.seed, *found[0])
    return Survived(number)
