"""What once broke a promise, cut down and kept: what was mended never breaks again."""

from pathlib import Path

import pytest

from syncline.simulation.keeping import kept_in
from syncline.simulation.shape import reference
from syncline.simulation.shrinking import Regression, breaks, decode_regression, encode_regression

KEPT = kept_in(Path(__file__).parent / "regressions")


@pytest.mark.parametrize("one", KEPT.values(), ids=list(KEPT))
def test_what_was_mended_stays_so(one: Regression):
    assert not breaks(one.invariant, reference())(one.script)


@pytest.mark.parametrize("one", KEPT.values(), ids=list(KEPT))
def test_a_kept_history_says_all_there_is_to_say(one: Regression):
    assert one.what
    assert decode_regression(encode_regression(one)) == one
