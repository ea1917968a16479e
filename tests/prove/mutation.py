"""The part that asks whether the programme sees anything: 40 mutants, each without one rule, and each has to die."""

from __future__ import annotations

from tests.simulation.mutants.every import MUTANTS
from tests.simulation.mutants.killing import Killed, kill

from tests.prove.slices import Slice, measured

FIRST, HISTORIES = 1, 5_000  #: seeds that may kill one


def play(numbers: range) -> Slice:
    """Hunt some mutants."""
    made = Slice()
    with measured(made):
        for name in list(MUTANTS)[numbers.start : numbers.stop]:
            came = kill(MUTANTS[name], range(FIRST, FIRST + HISTORIES))
            made.figures["histories"] = made.figures.get("histories", 0) + came.histories
            if isinstance(came, Killed):
                made.figures["killed"] = made.figures.get("killed", 0) + 1
                made.counts[f"mutant {name} ({came.invariant})"] = came.histories
            else:
                made.broken.append(f"{name} survived {came.histories} histories: {MUTANTS[name].what}")
    return made
