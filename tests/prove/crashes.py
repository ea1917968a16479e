"""The parts without chance: reference scenarios, with a crash at every boundary, and at every pair of boundaries."""

from __future__ import annotations

from functools import lru_cache

from tests.prove.slices import Slice, measured
from tests.simulation.crash_points import Crash, Tried, pairs, plain, singles
from tests.simulation.scenarios.every import SCENARIOS, TWICE


def play_points(scenarios: range, names: tuple[str, ...] = tuple(SCENARIOS)) -> Slice:
    """Every boundary of some scenarios."""
    made = Slice()
    with measured(made):
        for number in scenarios:
            _note(made, plain(SCENARIOS[names[number]]).broken, list(singles(SCENARIOS[names[number]])))
            made.figures["scenarios"] = made.figures.get("scenarios", 0) + 1
    return made


def play_pairs(firsts: range) -> Slice:
    """For some first boundaries every second one."""
    made = Slice()
    with measured(made):
        for name, first in first_boundaries()[firsts.start : firsts.stop]:
            _note(made, [], list(pairs(SCENARIOS[name], first)))
    return made


@lru_cache
def first_boundaries() -> list[tuple[str, Crash]]:
    """(scenario, boundary) of every first crash."""
    return [(name, first) for name in TWICE for first in plain(SCENARIOS[name]).boundaries]


def _note(made: Slice, broken: list[str], played: list[Tried]) -> None:
    made.broken += broken + [line for one in played for line in one.broken]
    made.figures["plays"] = made.figures.get("plays", 0) + len(played)
    for one in played:
        for name in one.names:
            boundary = f"crash {name.split(' ')[-1]}"
            made.counts[boundary] = made.counts.get(boundary, 0) + 1
