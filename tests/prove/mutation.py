"""The part that asks whether the programme sees anything: the product without one of its rules has to be found out.

Each mutant meets the short history that is kept for it, and then histories drawn by chance until one kills it, too.
"""

from __future__ import annotations

from tests.prove.slices import Slice, measured
from tests.simulation.mutants.every import MUTANTS
from tests.simulation.mutants.killing import Killed, kill, kill_by, killers

FIRST, HISTORIES = 1, 1_000  #: seeds that chance has


def play(numbers: range) -> Slice:
    """Hunt some mutants."""
    made = Slice()
    with measured(made):
        for name in list(MUTANTS)[numbers.start : numbers.stop]:
            _hunt(name, made)
    return made


def _hunt(name: str, made: Slice) -> None:
    mutant = MUTANTS[name]
    kept = kill_by(mutant, [killers()[name].script])
    drawn = kill(mutant, range(FIRST, FIRST + HISTORIES))
    made.figures["histories"] = made.figures.get("histories", 0) + drawn.histories
    if not isinstance(kept, Killed) and not isinstance(drawn, Killed):
        made.broken.append(f"{name} survived: {mutant.what}")
        return
    made.figures["killed"] = made.figures.get("killed", 0) + 1
    if isinstance(drawn, Killed):
        made.figures["by chance"] = made.figures.get("by chance", 0) + 1
        made.counts[f"{mutant.what}: {drawn.invariant}"] = drawn.histories
    elif isinstance(kept, Killed):
        made.counts[f"{mutant.what}: {kept.invariant}, by its own history alone"] = 0
