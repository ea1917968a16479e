"""A refused record waits alone, in the system's own words, until a person lets it try again."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from syncline.app import operations
from syncline.errors import SetupError
from tests.integration.fakes import CUSTOMERS, World, agreed, customer, world


def dislikes_placeholders(fields: Mapping[str, object]) -> str:
    return "Invalid e-mail" if fields.get("mail") == "n/a" else ""


@pytest.fixture
def keys(acme: World) -> tuple[str, str]:
    """A customer whose new e-mail the ERP refuses."""
    (found,) = agreed(acme)
    acme.erp.refuses = dislikes_placeholders
    acme.crm.edit("customers", found[0], email="n/a")
    operations.sync(acme.hub)
    return found


def test_a_refused_write_tells_what_was_sent_and_what_was_answered(acme: World, keys: tuple[str, str]):
    (row,) = operations.parked(acme.hub)

    assert (row.kind, row.system, row.key, row.op) == ("write", "erp", keys[1], "update")
    assert (row.message, row.fields, row.tries) == ("Invalid e-mail", {"email": "n/a"}, 1)
    assert "empty(n/a)" in row.suggestion


@pytest.mark.usefixtures("keys")
def test_a_parked_write_is_not_sent_again_by_itself(acme: World):
    before = len(acme.erp.writes)

    operations.sync(acme.hub, full=True)

    assert len(acme.erp.writes) == before


def test_a_parked_write_is_tried_again_when_a_person_says_so(acme: World, keys: tuple[str, str]):
    (row,) = operations.parked(acme.hub)
    acme.erp.refuses = lambda _fields: ""

    operations.retry(acme.hub, row.number)
    operations.sync(acme.hub)

    assert acme.erp.show("partners", keys[1])["mail"] == "n/a"
    assert operations.parked(acme.hub) == []


@pytest.mark.usefixtures("keys")
def test_a_second_refusal_is_parked_again_with_its_tries(acme: World):
    (row,) = operations.parked(acme.hub)

    operations.retry(acme.hub)
    operations.sync(acme.hub)

    (again,) = operations.parked(acme.hub)
    assert (again.number, again.tries) == (row.number, 2)


def test_an_edited_value_reaches_every_system(acme: World, keys: tuple[str, str]):
    (row,) = operations.parked(acme.hub)

    edited = operations.edit_and_retry(acme.hub, row.number, {"email": "new@example.com"}, who="m.li")
    operations.sync(acme.hub)

    assert acme.crm.show("customers", keys[0])["email"] == "new@example.com"
    assert acme.erp.show("partners", keys[1])["mail"] == "new@example.com"
    assert operations.parked(acme.hub) == []
    assert edited.systems == ("crm", "erp")
    assert "m.li" in {one.who for one in operations.why(acme.hub, f"client:{keys[0]}.email").happenings}


def test_a_refused_create_is_sent_once_its_value_is_corrected(acme: World):
    acme.erp.refuses = dislikes_placeholders
    acme.crm.create("customers", customer(1, email="n/a"))
    operations.sync(acme.hub)
    (row,) = operations.parked(acme.hub)

    operations.edit_and_retry(acme.hub, row.number, {"email": None})
    operations.sync(acme.hub)

    assert [one.fields["label"] for one in acme.erp.table("partners").values()] == ["Company 1"]
    assert row.op == "create"


def test_a_record_that_cannot_be_understood_is_parked_and_read_again(acme: World):
    key = acme.crm.create("customers", customer(1, limit="a lot"))
    operations.sync(acme.hub)

    (row,) = operations.parked(acme.hub)

    assert (row.kind, row.system, row.key, row.eid) == ("read", "crm", key, 0)
    assert "credit" in row.fields
    acme.crm.edit("customers", key, limit=3)
    operations.retry(acme.hub, row.number)
    operations.sync(acme.hub)
    assert operations.parked(acme.hub) == []
    assert len(acme.erp.table("partners")) == 1


def test_a_record_that_was_never_understood_cannot_be_edited_here(acme: World):
    acme.crm.create("customers", customer(1, limit="a lot"))
    operations.sync(acme.hub)
    (row,) = operations.parked(acme.hub)

    with pytest.raises(SetupError, match="Correct it in crm"):
        operations.edit_and_retry(acme.hub, row.number, {"credit": 3})


@pytest.mark.usefixtures("keys")
def test_the_number_of_a_row_outlives_the_others(acme: World):
    acme.crm.create("customers", customer(2, email="n/a"))
    operations.sync(acme.hub)
    numbers = {row.label: row.number for row in operations.parked(acme.hub)}

    operations.edit_and_retry(acme.hub, numbers["Company 1"], {"email": "new@example.com"})
    operations.sync(acme.hub)

    assert {row.label: row.number for row in operations.parked(acme.hub)} == {"Company 2": numbers["Company 2"]}


@pytest.mark.usefixtures("keys")
def test_unknown_numbers_and_fields_are_refused(acme: World):
    (row,) = operations.parked(acme.hub)

    with pytest.raises(SetupError, match="Nothing is parked under 7"):
        operations.retry(acme.hub, 7)
    with pytest.raises(SetupError, match="no field `mail`"):
        operations.edit_and_retry(acme.hub, row.number, {"mail": "x"})


@pytest.mark.parametrize(
    ("fields", "suggestion"),
    [
        ({"limit": "n/a"}, "add `| empty(n/a)` to `credit` in the mapping of customers"),
        ({"kind": "platinum"}, "add `platinum` to the `enum(...)` of `kind` in the mapping of customers"),
        ({"limit": "a lot"}, ""),
    ],
)
def test_what_may_cure_an_unreadable_record_is_suggested(tmp_path: Path, fields: dict[str, object], suggestion: str):
    kinds = CUSTOMERS.replace("city: city,", 'city: city, kind: "kind | enum(g: gold, s: silver)",')
    with world(tmp_path, kinds) as acme:
        acme.crm.create("customers", customer(1, **{"kind": "g", **fields}))
        operations.sync(acme.hub)

        (row,) = operations.parked(acme.hub)

        assert row.suggestion == suggestion
        assert list(row.fields.values()) == list(fields.values())
