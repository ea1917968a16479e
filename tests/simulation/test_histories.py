"""Whatever people, systems and crashes do, what Syncline promises holds. A failing seed is named, with its command."""

import os

import pytest

from syncline.simulation.campaign import judge
from syncline.simulation.drawing import draw
from syncline.simulation.shape import reference

GROUPS, HISTORIES = 20, int(os.environ.get("SYNCLINE_HISTORIES", "2000"))
FIRST = 40_001


@pytest.mark.parametrize("group", range(GROUPS))
def test_no_history_breaks_a_promise(group: int):
    shape, size = reference(), HISTORIES // GROUPS
    first = FIRST + group * size

    judged = [judge(draw(shape, seed), shape) for seed in range(first, first + size)]

    assert [
        f"syncline simulate --histories 1 --seed {one.seed}: {one.violations}" for one in judged if one.violations
    ] == []
    assert sum(one.edits for one in judged) >= 30 * size
    assert sum(one.crashes for one in judged) >= 1 * size
