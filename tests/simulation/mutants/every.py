"""The list: every rule of the algorithm that is switched off, one at a time."""

from __future__ import annotations

from tests.simulation.mutants.deciding import DECIDING
from tests.simulation.mutants.mutant import Mutant
from tests.simulation.mutants.reading import READING
from tests.simulation.mutants.writing import WRITING

MUTANTS: dict[str, Mutant] = {one.name: one for one in (*READING, *DECIDING, *WRITING)}
