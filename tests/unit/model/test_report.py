from syncline.model.report import DriftCount, VerifyReport, plain
from syncline.model.values import UNSET


def test_what_is_absent_is_null_as_json_knows_it():
    assert plain(UNSET) is None
    assert plain({"1": {"price": "2.5", "note": UNSET}}) == {"1": {"price": "2.5", "note": None}}
    assert plain(["a"]) == ["a"]


def test_nothing_compared_is_no_difference():
    assert DriftCount().share == 1.0
    assert DriftCount(fields=4, equal=3, conflict=1).share == 0.75


def test_a_log_is_good_only_when_neither_chain_nor_canon_fails():
    told = {"pages": 1, "entities": 1, "erased": 0}

    assert VerifyReport(**told, broken=(), differing=()).good
    assert not VerifyReport(**told, broken=(1,), differing=()).good
    assert not VerifyReport(**told, broken=(), differing=("customer #1: name",)).good
