"""The programme: its parts in the order in which they are played."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import cast

from tests.prove import crashes, histories
from tests.prove.slices import Part, Slice
from tests.simulation.scenarios.every import SCENARIOS

KILLS, WIRE, MUTANTS = 500, 1000, 40
KILLERS = Path(__file__).parents[1] / "simulation" / "mutants" / "killers"  #: a history for each mutant
SCRIPTS = ("tests/simulation/scenarios", "tests/simulation/crash_points.py")


def parts(kept: Path) -> Mapping[str, Part]:
    """Every part by its name; what breaks a promise is cut down into the folder `kept`."""
    every = (
        Part(
            name="points", what="a crash at every boundary of every scenario", units=lambda: len(SCENARIOS), size=1,
            play=crashes.play_points, basis=SCRIPTS,
        ),
        Part(
            name="pairs", what="a crash at every pair of boundaries of ten scenarios",
            units=lambda: len(crashes.first_boundaries()), size=4, play=crashes.play_pairs, basis=SCRIPTS,
        ),
        Part(
            name="mutants", what="every rule of the algorithm switched off, one at a time",
            units=_mutants, size=1, play=partial(_elsewhere, "mutation:play"), lacks=_survivors,
            basis=("tests/simulation/mutants",),
        ),
        Part(
            name="wire", what="exchanges with systems, disturbed on the wire", units=lambda: WIRE, size=100,
            play=partial(_elsewhere, "processes:play_wire"),
        ),
        Part(
            name="kills-sqlite", what="kill -9 of a hub on SQLite", units=lambda: KILLS, size=25,
            play=partial(_elsewhere, "processes:play_kills", store="sqlite"),
        ),
        Part(
            name="kills-postgresql", what="kill -9 of a hub on PostgreSQL", units=lambda: KILLS, size=25,
            play=partial(_elsewhere, "processes:play_kills", store="postgresql"),
        ),
        Part(
            name="histories", what="histories drawn by chance", units=lambda: histories.WANTED, size=250,
            play=partial(histories.play, kept=kept), lacks=histories.lacks,
        ),
    )  # fmt: skip
    return {one.name: one for one in every}


def _elsewhere(name: str, units: range, **given: str) -> Slice:
    """What only the process that plays it loads: real servers, patched rules."""
    return cast("Slice", resolve_name(f"tests.prove.{name}")(units, **given))


def _mutants() -> int:
    return max(MUTANTS, len(list(KILLERS.glob("*.json"))))


def _survivors(total: Slice) -> list[str]:
    killed = total.figures.get("killed", 0)
    return [f"{killed} mutants were killed, {MUTANTS} are wanted"] if killed < MUTANTS else []
