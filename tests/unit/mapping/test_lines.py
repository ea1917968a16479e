"""Nested lists of records, keyed by their own fields."""

import msgspec
import pytest
from msgspec import UNSET

from syncline.mapping import Problem, compile_lens

SPEC = {
    "lines": {
        "each": "order_lines",
        "key": "no",
        "map": {"no": "line_no", "qty": "quantity | number", "note": "note"},
    }
}
LENS = compile_lens(SPEC)


def get(*lists):
    return LENS.get([msgspec.json.encode({"order_lines": lines}) for lines in lists])


def test_lines_are_keyed_and_sorted_by_number():
    mapped = get([{"line_no": 10, "quantity": 1.5}, {"line_no": 9, "quantity": 2, "note": None}])

    assert mapped.problems == []
    assert mapped.columns == [[{"9": {"no": 9, "qty": "2", "note": None}, "10": {"no": 10, "qty": "1.5"}}]]
    assert list(mapped.columns[0][0]) == ["9", "10"]


def test_lines_are_written_in_the_order_of_their_keys_with_their_keys_in_place():
    lines = {"b": {"qty": "1"}, "10": {"no": 10, "qty": "2", "note": None}, "9": {"no": 9}}

    assert LENS.put([[lines]]) == [
        {
            "order_lines": [
                {"line_no": 9},
                {"line_no": 10, "quantity": 2, "note": None},
                {"line_no": "b", "quantity": 1},
            ]
        }
    ]


def test_null_absent_and_no_lines_are_three_things():
    mapped = LENS.get([b'{"order_lines":null}', b"{}", b'{"order_lines":[]}'])

    assert mapped.columns == [[None, UNSET, {}]]
    assert LENS.put([[None], [UNSET], [{}]]) == [{"order_lines": None}, {}, {"order_lines": []}]


def test_one_bad_line_makes_the_lines_of_its_record_absent():
    mapped = get([{"line_no": 1, "quantity": "many"}, {"line_no": 2}], [{"line_no": 1, "quantity": 3}])

    assert mapped.columns == [[UNSET, {"1": {"no": 1, "qty": "3"}}]]
    assert mapped.problems == [
        Problem(row=0, field="lines.qty", value="many", reason="this text is not a number"),
    ]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([{"line_no": 1}, {"line_no": 1}], "two lines have this key"),
        ([{"quantity": 1}], "a line has no key"),
        ("x", "this is text where a list of objects was expected"),
        ([1], "this is a list where a list of objects was expected"),
    ],
)
def test_lines_without_a_key_of_their_own_are_a_problem(lines, reason):
    mapped = get(lines, [])

    assert mapped.columns == [[UNSET, {}]]
    assert [(problem.row, problem.field, problem.reason) for problem in mapped.problems] == [(0, "lines", reason)]


def test_keys_of_several_fields_are_joined():
    spec = {"stock": {"each": "s", "key": ["place", "product"], "map": {"place": "w", "product": "p", "n": "n"}}}
    lens = compile_lens(spec)
    mapped = lens.get([msgspec.json.encode({"s": [{"w": "A", "p": "x", "n": 1}]})])
    bad = lens.get([msgspec.json.encode({"s": [{"w": "A/B", "p": "x"}]})])

    assert mapped.columns == [[{"A/x": {"place": "A", "product": "x", "n": 1}}]]
    assert lens.put([[{"A/x": {"n": 1}}]]) == [{"s": [{"w": "A", "p": "x", "n": 1}]}]
    assert bad.problems[0].reason == "a part of a composed key contains `/`"


def test_a_line_that_cannot_be_written_keeps_the_list_back():
    problems: list[Problem] = []
    records = LENS.put([[{"1": {"no": 1, "qty": "many"}}], [{"1": {"no": 1}}]], problems=problems)

    assert records == [{}, {"order_lines": [{"line_no": 1}]}]
    assert [(problem.row, problem.field) for problem in problems] == [(0, "lines.qty")]


@pytest.mark.parametrize("value", ["text", {"1": "text"}, ["a"]])
def test_what_is_not_lines_is_not_written(value):
    problems: list[Problem] = []

    assert LENS.put([[value]], problems=problems) == [{}]
    assert "where lines by key were expected" in problems[0].reason


def test_lines_within_lines_are_told_by_their_full_name():
    lens = compile_lens(
        {"a": {"each": "x", "key": "k", "map": {"k": "k", "b": {"each": "y", "key": "k", "map": {"k": "k | integer"}}}}}
    )
    good = {"x": [{"k": "1", "y": [{"k": 5}]}]}
    bad = {"x": [{"k": "1", "y": [{"k": "five"}]}, {"k": "2", "y": "z"}]}
    mapped = lens.get([msgspec.json.encode(good), msgspec.json.encode(bad)])

    assert mapped.columns == [[{"1": {"k": "1", "b": {"5": {"k": 5}}}}, UNSET]]
    assert {problem.field for problem in mapped.problems} == {"a.b", "a.b.k"}
    assert lens.put([[mapped.columns[0][0]]]) == [good]


def test_lines_can_be_read_only():
    assert compile_lens({"lines": SPEC["lines"] | {"one-way": True}}).writable == frozenset()
