"""What is known to break a promise and not mended yet. What is mended moves to the regressions, and stays so there."""

from pathlib import Path

import pytest

from syncline.simulation.keeping import kept_in
from syncline.simulation.shape import reference
from syncline.simulation.shrinking import Regression, breaks

OPEN = kept_in(Path(__file__).parent / "open")


@pytest.mark.parametrize("one", OPEN.values(), ids=list(OPEN))
def test_what_is_not_mended_is_known(one: Regression):
    assert one.what
    assert breaks(one.invariant, reference())(one.script)
