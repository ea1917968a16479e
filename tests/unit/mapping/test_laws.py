"""A mapping is told where it does not work both ways, and whether something is lost."""

import datetime as dt

import msgspec
import pytest

from syncline.errors import SetupError
from syncline.mapping import check_laws, compile_lens, is_lossy, run_case


def laws(spec, *records):
    return check_laws(compile_lens(spec), [msgspec.json.encode(record) for record in records])


def test_a_mapping_that_works_both_ways_breaks_no_law():
    spec = {
        "name": "name",
        "amount": "limit.amount | number",
        "kind": "const(x)",
        "city": "addresses[kind=billing].city",
        "seen": "name | upper | one-way",
    }

    assert (
        laws(spec, {"name": "A", "limit": {"amount": 1.5}, "addresses": [{"kind": "billing", "city": "U"}]}, {}) == []
    )


def test_a_spelling_that_changes_is_told_and_is_no_loss():
    breaks = laws({"phone": "phone | phone(CN)"}, {"phone": "138 1234 5678"}, {"phone": "138-1234-5678"})

    assert [(one.law, one.field, one.value, one.back, one.count) for one in breaks] == [
        ("GetPut", "phone", "138 1234 5678", "+8613812345678", 2)
    ]
    assert not is_lossy(breaks)


def test_a_loss_is_told_with_what_its_converter_cannot_keep():
    breaks = laws({"amount": "amount | decimal(2)"}, {"amount": "1.005"}, {"amount": "1.25"}, {"amount": "7.009"})

    assert [(one.law, one.value, one.back, one.count) for one in breaks] == [("PutGet", "1.005", "1.01", 2)]
    assert breaks[0].reason.endswith("digits after place 2 are rounded")
    assert is_lossy(breaks)


def test_a_loss_that_no_converter_announces_is_told_too():
    breaks = laws({"name": "concat(first, last)"}, {"first": "", "last": "Lee"}, {"first": "A", "last": "B"})

    assert [(one.law, one.value, one.back) for one in breaks] == [("GetPut", "", "Lee")]


def test_what_cannot_be_written_at_all_is_a_break():
    breaks = laws({"a": "a | number"}, {"a": "0.12345678901234567890123"})

    assert [(one.law, one.back, one.lossy) for one in breaks] == [("PutGet", "nothing", True)]


def test_records_with_problems_are_left_to_get():
    lens = compile_lens({"a": "a | integer"})

    assert check_laws(lens, [b"{", b'{"a":"x"}', b'{"a":1}']) == []


def test_lines_obey_the_laws():
    spec = {"lines": {"each": "l", "key": "no", "map": {"no": "no", "price": "price | decimal(2)"}}}

    assert laws(spec, {"l": [{"no": 1, "price": "1.50", "other": 5}]}) == []
    breaks = laws(spec, {"l": [{"no": 1, "price": "1.505"}]})
    assert breaks[0].reason.endswith("price: digits after place 2 are rounded")


SPEC = {"name": "name | text", "limit": "limit | number", "since": "since | date"}


def case(**parts):
    return run_case(compile_lens(SPEC), parts)


def test_a_case_that_holds_says_nothing():
    record = {"name": " Anna ", "limit": 5, "since": "2024-01-01"}
    entity = {"name": "Anna", "limit": "5"}
    back = {"name": "Anna", "limit": 5, "since": "2024-01-01"}

    assert case(record=record, entity=entity) == []
    assert case(record=record, entity=entity, back=back) == []
    assert case(entity=entity, back={"name": "Anna", "limit": 5}) == []


def test_differences_are_said_in_words():
    found = case(record={"name": "Anna", "limit": 5}, entity={"name": "Bert", "limit": 5, "since": None, "nam": "x"})

    assert found == [
        "field name: expected text `Bert`, got text `Anna`",
        "field limit: expected a number `5`, got text `5`; numbers of entities stand between quotes",
        "field since: expected `null`, got `absent`",
        "field nam is not in the mapping. Did you mean `name`?",
    ]


def test_the_way_back_is_compared_too():
    found = case(entity={"name": "Anna", "limit": "x"}, back={"name": "Bert", "since": "2024-01-01"})

    assert found == [
        "limit: this text is not a number",
        "back name: expected text `Bert`, got text `Anna`",
        "back since: expected text `2024-01-01`, got `absent`",
    ]
    assert case(entity={"name": "Anna", "limit": "1"}, back={"name": "Anna"}) == [
        "back: limit is written as a number `1`, not expected"
    ]


def test_problems_of_the_record_are_told():
    assert case(record={"limit": "many"}, entity={}) == ["limit: this text is not a number"]


def test_dates_of_yaml_are_what_they_look_like():

    day = dt.date(2024, 1, 1)
    moment = dt.datetime(2024, 1, 1, 8, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    lens = compile_lens({"since": "since | date", "at": "x.at | instant", "tags": "tags | list"})
    record = {"since": day, "x": {"at": moment.replace(tzinfo=None)}, "tags": ["b", "a"]}

    assert run_case(lens, {"record": record, "entity": {"since": day, "at": "2024-01-01T08:30:00Z"}}) == []
    assert run_case(lens, {"entity": {"at": moment}, "back": {"x": {"at": "2024-01-01T00:30:00Z"}}}) == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "needs `entity`"),
        ({"entity": {}}, "needs `entity`"),
        ({"record": "x", "entity": {}}, "`record` of a mapping case must hold fields."),
        ({"recrd": {}, "entity": {}, "back": {}}, "has no `recrd`"),
    ],
)
def test_a_case_that_is_no_case_is_refused(parts, words):
    with pytest.raises(SetupError) as caught:
        case(**parts)

    assert words in caught.value.what
    assert caught.value.cure
