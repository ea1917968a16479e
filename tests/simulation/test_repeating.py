"""A seed is one history, bit for bit: in this process, in another, and after its script went through a file."""

import os
import subprocess
import sys

import pytest

from syncline.simulation.campaign import judge
from syncline.simulation.drawing import draw
from syncline.simulation.script import decode, encode
from syncline.simulation.shape import reference

PROGRAM = """
from syncline.simulation.campaign import judge
from syncline.simulation.drawing import draw
from syncline.simulation.shape import reference
print([judge(draw(reference(), seed), reference()).trace for seed in (1, 2, 3)])
"""


@pytest.mark.parametrize("seed", range(5))
def test_a_script_from_a_file_is_the_same_history(seed: int):
    script = draw(reference(), seed)

    assert decode(encode(script)) == script
    assert judge(decode(encode(script)), reference()).trace == judge(script, reference()).trace


def test_a_seed_repeats_whatever_the_order_of_sets_is():
    traces = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": value},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for value in ("0", "1", "4711")
    }

    assert len(traces) == 1


def test_two_seeds_are_two_histories():
    assert judge(draw(reference(), 1), reference()).trace != judge(draw(reference(), 2), reference()).trace
