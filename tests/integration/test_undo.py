"""Undo takes back what a run changed, and never an edit made since."""

from pathlib import Path

import pytest

from syncline.app import operations
from syncline.errors import SetupError
from tests.integration.fakes import CUSTOMERS, World, agreed, customer, world


def phones(acme: World, keys: tuple[str, str]) -> tuple[object, object]:
    return acme.crm.show("customers", keys[0])["phone"], acme.erp.show("partners", keys[1])["tel"]


def test_undo_sets_a_field_back_everywhere(acme: World):
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], phone="+49 99")
    run = operations.sync(acme.hub).run

    report = operations.undo(acme.hub, run, send=True, who="m.li")

    assert phones(acme, keys) == ("+49 1", "+49 1")
    assert [(row.field, row.before, row.after) for row in report.rows] == [("phone", "+49 1", "+49 99")]
    assert report.left == ()


def test_undo_never_overwrites_an_edit_made_since(acme: World):
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], phone="+49 99", city="Rome")
    run = operations.sync(acme.hub).run
    acme.env.sleep(60)
    acme.erp.edit("partners", keys[1], tel="+49 55")
    later = operations.sync(acme.hub).run

    report = operations.undo(acme.hub, run, send=True)

    assert phones(acme, keys) == ("+49 55", "+49 55")
    assert acme.erp.show("partners", keys[1])["town"] == "Bonn"
    (left,) = report.left
    assert left.field == "phone"
    assert left.reason == f"edited since: edited in erp, run {later}"


def test_undo_never_overwrites_an_edit_that_was_not_read_yet(acme: World):
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], phone="+49 99")
    run = operations.sync(acme.hub).run
    acme.env.sleep(60)
    acme.erp.edit("partners", keys[1], tel="+49 55")

    operations.undo(acme.hub, run, send=True)
    operations.sync(acme.hub)

    logged = {value for row in operations.conflicts(acme.hub, every=True) for value in (*row.theirs, *row.ours)}
    assert phones(acme, keys)[0] == phones(acme, keys)[1]
    assert "+49 55" in {*logged, *phones(acme, keys)}


def test_an_undo_can_be_undone(acme: World):
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], phone="+49 99")
    run = operations.sync(acme.hub).run
    undone = operations.undo(acme.hub, run, send=True)

    operations.undo(acme.hub, undone.run, send=True)

    assert phones(acme, keys) == ("+49 99", "+49 99")


def test_undo_of_a_run_twice_finds_nothing_left(acme: World):
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], phone="+49 99")
    run = operations.sync(acme.hub).run
    operations.undo(acme.hub, run, send=True, who="m.li")

    again = operations.undo(acme.hub, run)

    assert again.rows == ()
    assert "undo of run" in again.left[0].reason
    assert "by m.li" in again.left[0].reason


def test_without_sending_the_compensation_waits_for_the_next_run(acme: World):
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], phone="+49 99")
    run = operations.sync(acme.hub).run

    operations.undo(acme.hub, run)

    assert phones(acme, keys) == ("+49 99", "+49 99")
    operations.sync(acme.hub)
    assert phones(acme, keys) == ("+49 1", "+49 1")


def test_a_created_record_stays_and_undo_says_so(acme: World):
    acme.crm.create("customers", customer(1))
    run = operations.sync(acme.hub).run

    report = operations.undo(acme.hub, run, send=True)

    assert report.rows == ()
    assert report.left[0].what == "created"
    assert len(acme.erp.table("partners")) == 1


def delete_in_crm(acme: World, key: str) -> int:
    """The run that carried the delete on."""
    acme.crm.delete("customers", key)
    first = operations.sync(acme.hub, full=True).run
    acme.env.sleep(1)
    return max(first, operations.sync(acme.hub, full=True).run)


def test_an_archived_record_is_restored_by_people_and_undo_says_where(acme: World):
    (keys,) = agreed(acme)
    delete_in_crm(acme, keys[0])
    runs = {one.run for one in operations.history(acme.hub, "client:#1").happenings if one.kind == "deleted"}
    assert ("partners", keys[1]) in acme.erp.archived

    report = operations.undo(acme.hub, runs.pop())

    assert report.rows == ()
    assert f"erp {keys[1]} was archived" in report.left[0].reason


def test_a_delete_that_was_not_carried_on_yet_is_taken_back(acme: World):
    (keys,) = agreed(acme)
    acme.erp.reachable = False
    delete_in_crm(acme, keys[0])
    (run,) = {one.run for one in operations.history(acme.hub, "client:#1").happenings if one.kind == "deleted"}

    report = operations.undo(acme.hub, run)
    acme.erp.reachable = True
    acme.env.sleep(600)
    operations.sync(acme.hub)

    assert [row.what for row in report.rows] == ["deleted"]
    assert acme.erp.archived == set()
    assert [row.fields["name"] for row in acme.crm.table("customers").values()] == ["Company 1"]


def test_an_unknown_run_is_refused(acme: World):
    with pytest.raises(SetupError, match="There is no run 77"):
        operations.undo(acme.hub, 77)


def test_creations_are_undone_when_asked_for_and_the_entered_record_stays(acme: World):
    acme.crm.create("customers", customer(1))
    run = operations.sync(acme.hub).run

    report = operations.undo(acme.hub, run, creations=True, send=True)
    operations.sync(acme.hub, full=True)

    assert [row.what for row in report.rows] == ["created"]
    assert acme.erp.archived == {("partners", "E1")}
    assert list(acme.crm.table("customers")) == ["C1"]
    assert acme.crm.archived == set()
    assert len(acme.erp.table("partners")) == 1


def test_a_creation_that_was_worked_with_since_is_not_undone(acme: World):
    acme.crm.create("customers", customer(1))
    run = operations.sync(acme.hub).run
    acme.env.sleep(60)
    acme.erp.edit("partners", "E1", tel="+49 55")
    operations.sync(acme.hub)

    report = operations.undo(acme.hub, run, creations=True, send=True)

    assert report.left[0].reason == "edited since"
    assert acme.erp.archived == set()


def test_undo_of_the_run_that_applied_a_plan_names_the_run_to_undo(acme: World):
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], phone="+49 99")
    plan = operations.plan(acme.hub)
    run = operations.apply(acme.hub, plan.id).run

    report = operations.undo(acme.hub, run)

    assert report.rows == ()
    assert f"decided by run {plan.run}" in report.note
    assert len(operations.undo(acme.hub, plan.run, send=True).rows) == 1
    assert phones(acme, keys) == ("+49 1", "+49 1")


def test_undo_leaves_a_value_that_nobody_knew_before(acme: World):
    acme.crm.create("customers", {"name": "Company 1", "tax_id": "T1"})
    operations.match(acme.hub)
    acme.erp.create("partners", {"label": "Company 1", "vat": "T1", "credit": 500})
    run = operations.sync(acme.hub).run

    report = operations.undo(acme.hub, run, send=True)

    assert acme.erp.show("partners", "E1")["credit"] == 500
    assert "nothing was known of it before" in {row.field: row.reason for row in report.left}["credit"]


def test_an_atomic_group_is_set_back_whole_or_not_at_all(tmp_path: Path):
    grouped = CUSTOMERS.replace("    empty:", "    groups: {place: [city, phone]}\n    empty:")
    with world(tmp_path, grouped) as acme:
        (keys,) = agreed(acme)
        acme.crm.edit("customers", keys[0], phone="+49 99", city="Rome")
        run = operations.sync(acme.hub).run
        acme.env.sleep(60)
        acme.erp.edit("partners", keys[1], tel="+49 55")
        operations.sync(acme.hub)

        report = operations.undo(acme.hub, run, send=True)

        assert (acme.erp.show("partners", keys[1])["town"], phones(acme, keys)[1]) == ("Rome", "+49 55")
        assert {row.field for row in report.left} == {"city", "phone"}


def test_undo_writes_nothing_where_the_system_shows_the_same_for_both_values(acme: World):
    bound = acme.hub.of_entity("client")
    bound.sides["erp"].normalisers[bound.position("name")] = ["upper"]
    acme.erp.stores = lambda fields: {**fields, "label": str(fields["label"]).upper()} if "label" in fields else fields
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], name="COMPANY 1")
    run = operations.sync(acme.hub).run
    before = len(acme.erp.writes)

    operations.undo(acme.hub, run, send=True)

    assert acme.crm.show("customers", keys[0])["name"] == "Company 1"
    assert len(acme.erp.writes) == before
    acme.erp.edit("partners", keys[1], label="New name")
    operations.sync(acme.hub)
    assert acme.crm.show("customers", keys[0])["name"] == "New name"
    assert not [row for row in operations.conflicts(acme.hub, every=True) if row.field == "name"]


def test_a_field_that_a_person_must_decide_is_not_undone(acme: World):
    (keys,) = agreed(acme)
    acme.crm.edit("customers", keys[0], email="a@example.com")
    acme.erp.reachable = False
    run = operations.sync(acme.hub).run
    acme.erp.reachable = True
    acme.erp.edit("partners", keys[1], mail="b@example.com")
    acme.env.sleep(60)
    operations.sync(acme.hub)

    report = operations.undo(acme.hub, run)

    assert report.rows == ()
    assert "a conflict about it waits" in report.left[0].reason
