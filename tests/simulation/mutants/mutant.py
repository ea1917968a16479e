"""One rule of the algorithm that can be switched off."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import NamedTuple

from tests.simulation.mutants.patching import Patch, patched


class Mutant(NamedTuple):
    """The product without one rule."""

    name: str  #: as in the tables and of its killer's file
    what: str  #: what it does instead, in plain words
    patches: tuple[Patch, ...]

    def at_work(self) -> AbstractContextManager[None]:
        """The rule is off until the end of the block."""
        return patched(self.patches)


def mutant(name: str, what: str, *patches: Patch) -> Mutant:
    """One entry of the list."""
    return Mutant(name, what, patches)
