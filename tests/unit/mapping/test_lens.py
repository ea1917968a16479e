"""Pages of records to pages of entities, and back."""

import msgspec
import pytest
from msgspec import UNSET

from syncline.errors import RejectedError
from syncline.mapping import Problem, compile_lens


def raw(**record):
    return msgspec.json.encode(record)


def get_one(spec, **record):
    lens = compile_lens(spec)
    mapped = lens.get([raw(**record)])
    return {name: column[0] for name, column in zip(lens.fields, mapped.columns, strict=True)}, mapped.problems


def put_one(spec, **entity):
    lens = compile_lens(spec)
    return lens.put([[entity.get(name, UNSET) for name in lens.fields]])[0]


def test_fields_come_in_the_order_of_their_declaration():
    lens = compile_lens({"z": "a", "a": "z", "m": "const(x)"})

    assert lens.fields == ("z", "a", "m")
    assert lens.paths == {"a", "z"}
    assert lens.writable == {"z", "a"}
    assert repr(lens) == "Lens(z, a, m)"


def test_an_empty_page_has_empty_columns():
    lens = compile_lens({"a": "a", "b": "const(x)"})

    assert lens.get([]).columns == [[], []]
    assert lens.put([]) == []


def test_null_empty_and_absent_stay_three_things():
    lens = compile_lens({"a": "a | phone(CN)"})
    values = lens.get([b'{"a":null}', b'{"a":""}', b"{}"]).columns[0]

    assert values == [None, "", UNSET]
    assert lens.put([[value] for value in values]) == [{"a": None}, {"a": ""}, {}]


def test_a_bad_value_is_a_problem_of_its_own_row():
    lens = compile_lens({"a": "a | integer", "b": "b"})
    mapped = lens.get([b'{"a":1,"b":"x"}', b'{"a":"one","b":"y"}', b'{"a":"3","b":"z"}'])

    assert mapped.columns == [[1, UNSET, 3], ["x", "y", "z"]]
    assert mapped.problems == [Problem(row=1, field="a", value="one", reason="this text is not a number")]


@pytest.mark.parametrize("bad", [b"{", b"[]", b'{"a":"\xff"}', b"", b'{"a":1}{"a":2}', b'{"a":' + b"[" * 100_000])
def test_an_unreadable_record_is_absent_as_a_whole(bad):
    lens = compile_lens({"a": "a", "kind": "const(customer)"})
    mapped = lens.get([b'{"a":"x"}', bad])

    assert mapped.columns == [["x", UNSET], ["customer", UNSET]]
    assert [(problem.row, problem.field) for problem in mapped.problems] == [(1, "")]


def test_long_values_are_shortened_in_problems():
    _, problems = get_one({"a": "a | integer"}, a="x" * 500)

    assert len(problems[0].value) == 60


def test_json_numbers_are_exact():
    lens = compile_lens({"a": "a"})
    mapped = lens.get([b'{"a":12.10}', b'{"a":0.1000000000000000055}', b'{"a":7}', b'{"a":-0.0}', b'{"a":1e3}'])

    assert mapped.columns == [["12.1", "0.1000000000000000055", 7, "0", "1000"]]


def test_whole_numbers_that_no_store_holds_are_problems():
    lens = compile_lens({"a": "a"})

    assert lens.get([b'{"a":18446744073709551615}', b'{"a":null}', b'{"a":1}']).problems == []
    assert lens.get([b'{"a":18446744073709551616}', b'{"a":1}']).columns == [[UNSET, 1]]


@pytest.mark.parametrize(
    ("value", "words"),
    [({"x": 1}, "this is an object: name a member"), ([1], "this is a list: use"), (["b", "a"], "this is a list: use")],
)
def test_nested_values_need_a_word_on_how_to_carry_them(value, words):
    _, problems = get_one({"a": "a"}, a=value)

    assert problems[0].reason.startswith(words)


def test_a_sorted_set_needs_no_converter():
    assert get_one({"a": "a"}, a=["a", "b"]) == ({"a": ["a", "b"]}, [])


def test_only_wanted_fields_are_written():
    lens = compile_lens({"a": "x", "b": "y"})

    assert lens.put([["1", "2"]], frozenset({"b"})) == [{"y": "2"}]
    assert lens.put([["1", "2"]], frozenset({"b"})) == [{"y": "2"}]
    assert lens.put([["1", "2"]], frozenset()) == [{}]


def test_nested_paths_make_nested_objects():
    spec = {"amount": "limit.amount | number", "unit": "limit.currency"}

    assert get_one(spec, limit={"amount": 5, "currency": "EUR"})[0] == {"amount": "5", "unit": "EUR"}
    assert get_one(spec, limit=None)[0] == {"amount": None, "unit": None}
    assert get_one(spec)[0] == {"amount": UNSET, "unit": UNSET}
    assert put_one(spec, amount="5", unit="EUR") == {"limit": {"amount": 5, "currency": "EUR"}}
    assert put_one(spec, amount="5") == {"limit": {"amount": 5}}


def test_a_value_in_the_way_of_a_path_is_a_problem():
    _, problems = get_one({"a": "x.y"}, x="text")

    assert problems[0].reason == "this is text where an object with `y` was expected"


ADDRESSES = {
    "billing_street": "addresses[kind=billing].street",
    "billing_city": "addresses[kind=billing].city",
    "shipping_city": "addresses[kind=shipping].city",
    "name": "name",
}


def test_an_element_of_a_list_is_picked_by_its_key():
    entity, problems = get_one(
        ADDRESSES, addresses=[{"kind": "shipping", "city": "Bonn"}, {"kind": "billing", "street": "A 1", "city": None}]
    )

    assert problems == []
    assert entity == {"billing_street": "A 1", "billing_city": None, "shipping_city": "Bonn", "name": UNSET}


def test_an_element_that_is_not_there_is_null_and_is_not_invented():
    entity, _ = get_one(ADDRESSES, addresses=[])

    assert entity["billing_street"] is None
    assert put_one(ADDRESSES, **entity) == {"addresses": []}


def test_a_list_is_written_whole_even_if_one_member_is_wanted():
    lens = compile_lens(ADDRESSES)
    rows = [["A 1", "Ulm", "Bonn", "Anna"]]

    assert lens.put(rows, frozenset({"billing_city"})) == [
        {"addresses": [{"kind": "billing", "street": "A 1", "city": "Ulm"}, {"kind": "shipping", "city": "Bonn"}]}
    ]


def test_a_list_below_an_object_can_be_picked_from():
    spec = {"city": "party.addresses[main=true].place.city"}

    assert get_one(spec, party={"addresses": [{"main": True, "place": {"city": "Ulm"}}]})[0] == {"city": "Ulm"}
    assert put_one(spec, city="Ulm") == {"party": {"addresses": [{"main": True, "place": {"city": "Ulm"}}]}}
    assert put_one(spec, city=UNSET) == {}


def test_a_list_of_which_one_row_says_nothing_is_left_out_of_that_row():
    lens = compile_lens({"city": "party.addresses[main=true].city"})

    assert lens.put([["Ulm"], [UNSET]]) == [{"party": {"addresses": [{"main": True, "city": "Ulm"}]}}, {}]


@pytest.mark.parametrize(
    ("addresses", "words"), [("x", "where a list was expected"), (["x"], "where an object was expected")]
)
def test_a_list_of_another_shape_is_a_problem(addresses, words):
    _, problems = get_one({"a": "addresses[kind=billing].street"}, addresses=addresses)

    assert words in problems[0].reason


def test_one_and_true_are_different_keys():
    entity, _ = get_one({"a": "x[k=1].v", "b": "x[k='1'].v"}, x=[{"k": True, "v": "t"}, {"k": "1", "v": "s"}])

    assert entity == {"a": None, "b": "s"}


def test_two_values_become_one_and_are_taken_apart_again():
    spec = {"full_name": "concat(first, last)"}

    assert get_one(spec, first="Anna", last="Lee Wong")[0] == {"full_name": "Anna Lee Wong"}
    assert get_one(spec, first="", last="Wong")[0] == {"full_name": "Wong"}
    assert put_one(spec, full_name="Anna Lee Wong") == {"first": "Anna", "last": "Lee Wong"}
    assert put_one(spec, full_name="Anna") == {"first": "Anna", "last": ""}


@pytest.mark.parametrize(
    ("record", "value"),
    [
        ({}, UNSET),
        ({"first": None, "last": None}, None),
        ({"first": None}, None),
        ({"first": "", "last": None}, ""),
    ],
)
def test_blank_parts_make_a_blank_whole(record, value):
    assert get_one({"full_name": "concat(first, last)"}, **record)[0] == {"full_name": value}


def test_the_parts_of_a_blank_whole_are_blank():
    spec = {"full_name": "concat(first, last)"}

    assert put_one(spec, full_name=None) == {"first": None, "last": None}
    assert put_one(spec, full_name="") == {"first": "", "last": ""}
    assert put_one(spec) == {}


def test_separators_stand_between_the_paths():
    spec = {"full_name": 'concat(last, ", ", first, middle) | upper'}

    assert get_one(spec, last="Lee", first="Anna", middle="M")[0] == {"full_name": "LEE, ANNA M"}
    assert put_one(spec, full_name="Lee, Anna M") == {"last": "LEE", "first": "ANNA", "middle": "M"}


def test_a_bad_part_makes_the_whole_absent():
    entity, problems = get_one({"full_name": "concat(a.b, c)"}, a="x", c="y")
    assert entity == {"full_name": UNSET}
    assert len(problems) == 1

    entity, problems = get_one({"full_name": "concat(b, c)"}, b=True, c="y")
    assert entity == {"full_name": UNSET}
    assert problems[0].reason == "this is a yes or no, not text"


NAMES = {"first": "split(full_name, 0)", "last": "split(full_name, 1)"}


def test_one_value_becomes_two_and_is_put_together_again():
    assert get_one(NAMES, full_name="Anna Lee Wong")[0] == {"first": "Anna", "last": "Lee Wong"}
    assert get_one(NAMES, full_name="Anna")[0] == {"first": "Anna", "last": ""}
    assert put_one(NAMES, first="Anna", last="Lee Wong") == {"full_name": "Anna Lee Wong"}
    assert put_one(NAMES, first="Anna", last=None) == {"full_name": "Anna"}
    assert put_one(NAMES, first=None, last=None) == {"full_name": None}
    assert put_one(NAMES) == {}


def test_a_part_alone_brings_the_other_parts_with_it():
    lens = compile_lens(NAMES)

    assert lens.put([["Anna", "Wong"]], frozenset({"last"})) == [{"full_name": "Anna Wong"}]


@pytest.mark.parametrize(
    "spec",
    [
        {"first": "split(n, 0)"},
        {"first": "split(n, 0)", "last": "split(n, 2)"},
        {"first": "split(n, 0)", "last": 'split(n, 1, ",")'},
        {"first": "split(n, 0)", "last": "split(n, 1) | one-way"},
    ],
)
def test_parts_that_do_not_make_a_whole_are_only_read(spec):
    assert compile_lens(spec).writable == frozenset()


def test_a_part_that_cannot_be_written_keeps_the_whole_back():
    lens = compile_lens({"a": "split(x, 0) | enum(j: yes)", "b": "split(x, 1)"})
    problems: list[Problem] = []

    assert lens.put([["yes", "b"], ["no", "b"]], problems=problems) == [{"x": "j b"}, {}]
    assert [(problem.row, problem.field) for problem in problems] == [(1, "a")]


def test_a_value_that_cannot_be_written_is_rejected_by_name():
    lens = compile_lens({"a": "a | enum(g: gold)"})

    with pytest.raises(RejectedError, match="The value `tin` of field a cannot be written") as caught:
        lens.put([["gold"], ["tin"]])
    assert caught.value.cure


def test_a_value_that_cannot_be_taken_apart_is_left_out():
    lens = compile_lens({"a": "concat(x, y)"})
    problems: list[Problem] = []

    assert lens.put([[True], ["p q"]], problems=problems) == [{}, {"x": "p", "y": "q"}]
    assert problems[0].field == "a"


def test_constants_are_read_and_never_written():
    lens = compile_lens({"kind": 'const("a, b")', "level": "const(3)", "name": "name"})

    assert [column[0] for column in lens.get([b'{"name":"x"}']).columns] == ["a, b", 3, "x"]
    assert lens.put([["other", 4, "x"]]) == [{"name": "x"}]


def test_references_are_told_by_field():
    lens = compile_lens(
        {
            "customer": "customer_id | ref(customer)",
            "lines": {"each": "l", "key": "no", "map": {"no": "no", "product": "p | ref(product, number)"}},
        }
    )

    assert lens.references == {"customer": "customer", "lines.product": "product"}
    assert lens.get([raw(customer_id=7, l=[{"no": 1, "p": 5}])]).columns == [["7"], [{"1": {"no": 1, "product": "5"}}]]


def test_odd_names_stand_between_backticks():
    spec = {"a": "`account name`", "b": "`x.y`.`p q`"}
    record = {"account name": "A", "x.y": {"p q": "B"}}

    assert get_one(spec, **record)[0] == {"a": "A", "b": "B"}
    assert put_one(spec, a="A", b="B") == record


def test_the_plans_of_many_different_wishes_do_not_pile_up(monkeypatch):
    monkeypatch.setattr("syncline.mapping.lens._MOST_PLANS", 2)
    lens = compile_lens({"a": "a", "b": "b", "c": "c"})

    for name in "abc":
        assert lens.put([["1", "2", "3"]], frozenset(name)) == [{name: {"a": "1", "b": "2", "c": "3"}[name]}]
    assert len(lens._plans) <= 2
