"""Each rule finds the rows that break it and no others, says why, and tells no secret."""

from decimal import Decimal

import pytest
from msgspec import UNSET

from syncline.model.quality import Quality, QualityRule, RuleSort
from syncline.quality.rules import Known, failures

NOW = 1_772_000_000_000_000


def broken(sort: str, columns: dict, known: Known | None = None, **changes) -> list[tuple[int, str]]:
    rule = QualityRule(name="R", sort=RuleSort(sort), fields=changes.pop("fields", tuple(columns)), **changes)
    return [(one.row, one.field) for one in failures(Quality(), rule, columns, known or Known())]


def test_a_required_field_is_broken_by_everything_blank():
    assert broken("required", {"a": ["x", "", None, UNSET, [], 0, False]}) == [(1, "a"), (2, "a"), (3, "a"), (4, "a")]


@pytest.mark.parametrize("sort", ["unique", "pattern", "range", "one_of", "reference", "freshness"])
def test_every_other_rule_passes_what_is_blank(sort: str):
    everything = Known(taken={"a": {0: "K", 1: "K", 2: "K"}}, lost={"a": frozenset({0, 1, 2})}, now=NOW)

    assert broken(sort, {"a": ["", None, UNSET]}, everything, pattern="x", least="1", values=("x",), age=1.0) == []


def test_a_unique_value_is_held_by_one_record_alone():
    assert broken("unique", {"a": ["x", "y"]}, Known(taken={"a": {1: "K7"}})) == [(1, "a")]


def test_a_pattern_must_fit_the_whole_text():
    assert broken("pattern", {"a": ["AB-123", "ab-123", "AB-1234", 12]}, pattern="[A-Z]{2}-[0-9]{3}") == [
        (1, "a"), (2, "a"), (3, "a"),
    ]  # fmt: skip


def test_a_range_holds_its_bounds_and_refuses_what_is_no_number():
    assert broken("range", {"a": ["0", 100, "100.01", -1, "x", True]}, least="0", most="100") == [
        (2, "a"), (3, "a"), (4, "a"), (5, "a"),
    ]  # fmt: skip


def test_a_range_of_days_compares_days():
    assert broken("range", {"a": ["2026-01-01", "2025-12-31", "2099-01-01"]}, least="2026-01-01") == [(1, "a")]


def test_one_of_tells_true_from_one():
    assert broken("one_of", {"a": ["x", 1, True, "y"]}, values=("x", 1)) == [(2, "a"), (3, "a")]


def test_a_reference_must_lead_somewhere():
    assert broken("reference", {"a": [4, 5]}, Known(lost={"a": frozenset({1})})) == [(1, "a")]


def test_freshness_of_a_field_and_of_the_record():
    old, young = "2026-02-20T00:00:00Z", "2026-02-25T00:00:00Z"
    known = Known(now=NOW, stamps=[NOW - 100, NOW - 3 * 86_400_000_000, 0])

    assert broken("freshness", {"a": [old, young, "soon"]}, known, age=86_400.0 * 2) == [(0, "a"), (2, "a")]
    assert broken("freshness", {"a": [old, young, ""]}, known, fields=(), age=86_400.0 * 2) == [(1, "")]


@pytest.mark.parametrize(
    ("left", "order", "right", "holds"),
    [("2026-02-01", ">=", "2026-01-01", True), ("9", "<", "10", True), ("b", ">", "a", True), ("9.0", "=", 9, True),
     ("10", "<=", "9", False), (True, "=", True, False), ("x", "<", 9, False)],
)  # fmt: skip
def test_two_fields_are_compared_as_what_they_are(left: object, order: str, right: object, holds: bool):
    assert (broken("compare", {"a": [left], "b": [right]}, order=order) == []) is holds


def test_systems_may_differ_by_the_tolerance():
    known = Known(others={"a": {0: ["10.01"], 1: ["10.02"], 2: [""]}})

    assert broken("equal", {"a": ["10", "10", None]}, known, tolerance=Decimal("0.01")) == [(1, "a")]


def test_a_rule_over_a_field_that_the_system_does_not_carry_breaks_nowhere():
    assert broken("required", {"b": [""]}, fields=("a",)) == []


def test_a_failure_names_rule_field_value_and_cure_but_no_secret():
    rule = QualityRule(name="iban looks right", sort=RuleSort.PATTERN, fields=("iban",), pattern="DE.*")
    columns = {"iban": ["FR7630006000011234567890189"]}

    (open_one,) = failures(Quality(), rule, columns, Known())
    (hidden,) = failures(Quality(secret=frozenset({"iban"})), rule, columns, Known())

    assert "iban looks right" in open_one.sentence
    assert "FR7630006000011234567890189" in open_one.sentence
    assert open_one.cure
    assert "FR76" not in f"{hidden.sentence} {hidden.cure} {hidden!r}"
