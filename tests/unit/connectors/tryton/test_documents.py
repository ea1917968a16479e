import copy
import json
from decimal import Decimal

import pytest

from syncline.connectors.systems.tryton.documents import document, own_stamp
from syncline.connectors.systems.tryton.nested import ListDiff, exchanged, picked_commands
from syncline.connectors.systems.tryton.resources import ADDRESSES, MARKER_PREFIX, PARTY, SALE
from syncline.connectors.systems.tryton.values import Kind, instant_of, sent, shown, stamp_of
from syncline.errors import RejectedError


def instant(second):
    return {
        "__class__": "datetime",
        "year": 2026,
        "month": 3,
        "day": 1,
        "hour": 0,
        "minute": 0,
        "second": second,
        "microsecond": 7,
    }


def child(key, second=1, **values):
    return {"id": key, "_timestamp": f"{second}.5", "last_modified_at": instant(second), "active": 1, **values}


def party_row():
    return {
        "id": 3,
        "_timestamp": "100.25",
        "last_modified_at": instant(2),
        "name": "Ahorn GmbH",
        "code": "7",
        "active": 1,
        "lang.": None,
        "addresses.": [
            child(11, street="A 1", city="Köln", invoice=1, delivery=0, **{"country.": {"id": 4, "code": "DE"}}),
            child(12, street="old", active=0),
        ],
        "contact_mechanisms.": [
            child(21, type="email", value="old@a.example", active=0),
            child(22, type="email", value="a@a.example"),
            child(23, type="email", value="b@a.example"),
        ],
        "identifiers.": [child(31, type=None, code="4711"), child(32, type=None, code=MARKER_PREFIX + "m1")],
    }


def test_a_party_is_one_document_with_its_living_children():
    found = json.loads(document(PARTY, party_row()).record.raw)

    assert (found["id"], found["email"], found["phone"], found["marker"]) == ("3", "a@a.example", None, "m1")
    assert [(each["id"], each["country"], each["invoice"]) for each in found["addresses"]] == [("11", "DE", True)]


def test_equal_rows_give_equal_bytes_however_tryton_words_its_values():
    one, two = party_row(), party_row()
    two["active"] = True
    two = dict(reversed(two.items()))

    assert document(PARTY, one).record == document(PARTY, two).record


def test_a_changed_child_changes_the_version_but_not_the_records_own_stamp():
    before, row = document(PARTY, party_row()).record, copy.deepcopy(party_row())
    row["contact_mechanisms."][1]["_timestamp"] = "200.5"
    after = document(PARTY, row).record

    assert before.version != after.version
    assert own_stamp(before.version) == own_stamp(after.version) == "100.25"


def test_the_time_of_the_last_change_is_that_of_the_newest_child():
    row = party_row()
    row["addresses."][1]["last_modified_at"] = instant(30)

    assert document(PARTY, row).record.stamp == stamp_of(instant(30))


def test_only_product_lines_of_a_sale_are_shown():
    row = {"id": 1, "lines.": [child(5, type="title"), child(6, type="line", quantity=2.0)]}

    assert [each["id"] for each in json.loads(document(SALE, row).record.raw)["lines"]] == ["6"]


def test_an_instant_is_the_same_there_and_back():
    assert stamp_of(instant_of(1_795_175_589_955_255)) == 1_795_175_589_955_255


@pytest.mark.parametrize(
    ("kind", "value", "wire"),
    [
        (Kind.DECIMAL, "1E+2", {"__class__": "Decimal", "decimal": "100"}),
        (Kind.DECIMAL, Decimal("9.9900"), {"__class__": "Decimal", "decimal": "9.99"}),
        (Kind.NUMBER, "2.50", 2.5),
        (Kind.DATE, "2026-03-01", {"__class__": "date", "year": 2026, "month": 3, "day": 1}),
        (Kind.REFERENCE, "12", 12),
        (Kind.REFERENCES, ["1", "2"], [1, 2]),
        (Kind.TEXT, "", ""),
        (Kind.DATE, "", None),
    ],
)
def test_a_value_is_put_in_trytons_words(kind, value, wire):
    assert sent(kind, value) == wire


@pytest.mark.parametrize(
    ("kind", "wire", "value"),
    [
        (Kind.DECIMAL, {"__class__": "Decimal", "decimal": "24.6200"}, "24.62"),
        (Kind.NUMBER, 1.0, "1"),
        (Kind.NUMBER, 1e22, "10000000000000000000000"),
        (Kind.DATE, {"__class__": "date", "year": 2026, "month": 3, "day": 1}, "2026-03-01"),
        (Kind.REFERENCE, None, None),
        (Kind.FLAG, None, False),
    ],
)
def test_a_value_of_tryton_is_shown_as_plain_text(kind, wire, value):
    assert shown(kind, wire) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.DECIMAL, "NaN"),
        (Kind.DECIMAL, "a lot"),
        (Kind.DATE, "soon"),
        (Kind.REFERENCE, "x"),
        (Kind.REFERENCES, "1"),
    ],
)
def test_what_is_no_such_value_is_refused_in_words(kind, value):
    with pytest.raises(RejectedError, match=kind.value):
        sent(kind, value)


class Codes:
    """Codes and the ids that stand for them."""

    def id_of(self, model, code):
        return {"DE": 4, "AT": 5}[code]


def test_a_merged_list_becomes_the_fewest_commands():
    wanted = [{"id": "11", "street": "A 1", "country": "AT"}, {"street": "Neu 2", "country": "DE"}]

    commands = ListDiff(ADDRESSES, Codes(), removal="deactivate").commands(wanted, party_row())

    assert commands == [
        ["write", [11], {"country": 5}],
        ["create", [{"street": "Neu 2", "country": 4}]],
    ]


def test_an_unchanged_list_becomes_no_command():
    row = party_row()
    wanted = document(PARTY, row).fields["addresses"]

    assert ListDiff(ADDRESSES, Codes()).commands(wanted, row) == []


@pytest.mark.parametrize(
    ("removal", "command"), [("deactivate", ["write", [11], {"active": False}]), ("delete", ["delete", [11]])]
)
def test_what_is_taken_away_is_deactivated_unless_the_option_says_delete(removal, command):
    assert ListDiff(ADDRESSES, Codes(), removal=removal).commands([], party_row()) == [command]


@pytest.mark.parametrize("wanted", ["a text", [1], [{"colour": "red"}]])
def test_a_list_that_is_none_is_refused_in_words(wanted):
    with pytest.raises(RejectedError, match="addresses"):
        ListDiff(ADDRESSES, Codes()).commands(wanted, party_row())


def test_references_that_stay_are_left_alone():
    assert exchanged([1, 2], [2, 3]) == [["remove", [1]], ["add", [3]]]
    assert exchanged([1], [1]) == []


@pytest.mark.parametrize(
    ("value", "commands"),
    [
        ("a@a.example", []),
        ("c@a.example", [["write", [22], {"value": "c@a.example"}]]),
        (None, [["write", [22], {"active": False}]]),
        ("", [["write", [22], {"active": False}]]),
    ],
)
def test_a_mechanism_is_changed_in_its_own_record(value, commands):
    [email] = [each for each in PARTY.picked if each.name == "email"]

    assert picked_commands(email, value, party_row(), "deactivate") == commands
