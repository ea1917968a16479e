"""`kill -9` of a job at any moment, then the same command again: it converges, and nothing is lost or there twice."""

from __future__ import annotations

import os

import pytest

from tests.processes.kills import POINTS, RECOVERY, kill_from
from tests.processes.starts import STORES, Starts

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("SYNCLINE_KILL_POINTS", "30"))  #: on both stores together
SEED = int(os.environ.get("SYNCLINE_KILL_SEED", "1"))


def test_a_killed_job_is_finished_by_the_same_command(starts: Starts) -> None:
    outcome = kill_from(starts, KILLS // len(STORES), SEED, tell=print)

    assert outcome.problems == []
    assert (outcome.lost, outcome.doubled) == (0, 0)
    assert outcome.done == KILLS // len(STORES)
    if outcome.done > len(POINTS):
        assert {*POINTS, *RECOVERY} <= outcome.places.keys(), "a named point was never passed"
