"""Delays, resets, half-closes, cuts, doubles and drips on the way to the systems: nothing is lost or there twice."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.processes.outcome import Outcome
from tests.processes.wire import KINDS
from tests.processes.wire_faults import wire_faults

pytestmark = pytest.mark.slow

FAULTS = int(os.environ.get("SYNCLINE_WIRE_FAULTS", "100"))
SEEDS = (1, 2, 3)  #: worlds at the same time: most of their time is waiting


def test_passes_over_a_wire_that_lies_converge_and_lose_nothing() -> None:
    total = Outcome()
    with ThreadPoolExecutor(len(SEEDS)) as pool:
        shares = [pool.submit(wire_faults, -(-FAULTS // len(SEEDS)), seed, tell=print) for seed in SEEDS]
    for share in shares:
        total.add(share.result())

    assert total.problems == []
    assert (total.lost, total.doubled) == (0, 0)
    assert total.done >= FAULTS
    assert set(total.places) == set(KINDS)
