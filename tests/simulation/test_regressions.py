"""What once broke a promise, cut down and kept. What was mended never breaks again; what is open is known to be."""

from pathlib import Path

import pytest

from syncline.simulation.keeping import kept_in
from syncline.simulation.shape import reference
from syncline.simulation.shrinking import Regression, breaks, decode_regression, encode_regression
from syncline.simulation.temper import HELD_BACK

KEPT = kept_in(Path(__file__).parent / "regressions")


@pytest.mark.parametrize("one", KEPT.values(), ids=list(KEPT))
def test_what_was_mended_stays_so_and_what_is_open_is_known(one: Regression):
    assert breaks(one.invariant, reference())(one.script) == bool(one.open)


@pytest.mark.parametrize("one", KEPT.values(), ids=list(KEPT))
def test_a_kept_history_says_all_there_is_to_say(one: Regression):
    assert one.what
    assert decode_regression(encode_regression(one)) == one


def test_what_is_not_drawn_is_kept_as_an_open_history():
    assert {name for one in KEPT.values() for name in HELD_BACK if one.open.startswith(f"{name}: ")} == HELD_BACK
