"""Row 13: the figures of agreement under injected faults, against a recount that believes nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.accuracy.rows import Row
from tests.integration.test_figures_recount import STEPS, Story

_SEEDS = range(2_001, 2_041)  #: none of those that the tests play


def recounted(_data: Path) -> Row:
    """Stories of edits, faults and crashes; after each step drift, exchange and score are counted anew."""
    wrong = 0
    for seed in _SEEDS:
        story = Story(seed, "sqlite:///:memory:")
        try:
            for _ in range(STEPS):
                story.step()
                story.check()
        except AssertionError:
            wrong += 1
        finally:
            story.world.close()
    note = f"{len(_SEEDS)} stories of {STEPS} steps"
    return Row(13, "figures", "injected faults", "stories with a difference", float(wrong), "-", "0", wrong == 0, note)


ROWS: tuple[Callable[[Path], Row | list[Row]], ...] = (recounted,)
