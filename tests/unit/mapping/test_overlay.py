"""A write inside nested data leaves alone what the mapping does not carry."""

import msgspec

from syncline.mapping import compile_lens

CURRENT = msgspec.json.encode(
    {
        "name": "Jade River",
        "credit_limit": {"amount": "10.00", "currency": "EUR", "insured": True},
        "addresses": [
            {"id": 1, "kind": "billing", "street": "Old 1", "city": "Lyon", "floor": "3"},
            {"id": 2, "kind": "shipping", "street": "Dock 9"},
            {"id": 3, "kind": "summer house", "street": "Lake 2"},
        ],
        "lines": [{"no": "1", "qty": "2", "note": "handle with care"}, {"no": "2", "qty": "5"}],
    }
)


def written(spec, entity, wanted):
    lens = compile_lens(spec)
    change = lens.put([[entity[name] for name in lens.fields]], frozenset(wanted))[0]
    return lens, lens.overlay(CURRENT, change)


def test_members_of_a_nested_object_that_are_not_mapped_stay():
    _, fields = written({"limit": "credit_limit.amount"}, {"limit": "20.00"}, {"limit"})

    assert fields == {"credit_limit": {"amount": "20.00", "currency": "EUR", "insured": True}}


def test_elements_that_no_path_picks_stay_and_so_do_other_members_of_the_picked_one():
    spec = {"street": "addresses[kind=billing].street", "city": "addresses[kind=billing].city"}
    _, fields = written(spec, {"street": "New 7", "city": "Metz"}, {"street"})

    assert fields["addresses"] == [
        {"id": 1, "kind": "billing", "street": "New 7", "city": "Metz", "floor": "3"},
        {"id": 2, "kind": "shipping", "street": "Dock 9"},
        {"id": 3, "kind": "summer house", "street": "Lake 2"},
    ]


def test_a_picked_element_that_became_blank_goes_alone():
    _, fields = written({"street": "addresses[kind=billing].street"}, {"street": None}, {"street"})

    assert [element["id"] for element in fields["addresses"]] == [2, 3]


def test_lines_keep_what_is_not_mapped_and_a_removed_line_goes():
    spec = {"lines": {"each": "lines", "key": "no", "map": {"no": "no", "qty": "qty"}}}
    _, fields = written(spec, {"lines": {"1": {"no": "1", "qty": "9"}, "3": {"no": "3", "qty": "1"}}}, {"lines"})

    assert fields["lines"] == [{"no": "1", "qty": "9", "note": "handle with care"}, {"no": "3", "qty": "1"}]


def test_a_flat_field_is_not_laid_over_anything():
    lens, fields = written({"name": "name"}, {"name": "New"}, {"name"})

    assert fields == {"name": "New"}
    assert lens.overlaid == frozenset()


def test_a_record_without_the_nested_data_gets_what_is_sent():
    lens = compile_lens({"street": "places[kind=billing].street"})

    change = lens.put([["New 7"]])[0]

    assert lens.overlay(CURRENT, change) == {"places": [{"kind": "billing", "street": "New 7"}]}
