"""Deletes, merges and re-keys: confirmed, carried on by policy, giving way to edits, never invented, never undone."""

import dataclasses
from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from syncline.app import operations
from syncline.engine.absorb import absorb
from syncline.engine.event import hint
from syncline.engine.hub import Pass, Run
from syncline.engine.reading import Reading
from syncline.model.contract import Deletes
from syncline.model.ledger import Ledger
from syncline.model.page import Op, Page
from syncline.model.state import ConflictState
from tests.integration.world import CUSTOMERS, SECOND, Application, World, customer

DETACHING = CUSTOMERS.replace("crm: propagate, erp: propagate", "crm: propagate, erp: detach")
ARCHIVING = CUSTOMERS.replace("crm: propagate, erp: propagate", "crm: propagate, erp: archive")


@pytest.fixture
def world() -> Iterator[World]:
    made = World(CUSTOMERS)
    yield made
    made.close()


def give_again(app: Application, resource: str, key: str, **fields: object) -> None:
    """Another record gets the key of one that was deleted."""
    app.restore(resource, key)
    kept = app.tables[resource][key]
    kept.marker = ""
    kept.versions[-1] = kept.versions[-1]._replace(fields=fields)


def agree(world: World, count: int = 1, **fields: object) -> list[tuple[str, str]]:
    """Customers that both systems hold: (key in the CRM, key in the ERP)."""
    crm = [world.crm.add("customers", **customer(number, **fields)) for number in range(1, count + 1)]
    world.rest()
    erp = {row["vat"]: key for key, row in world.erp.live("partners").items()}
    return [(key, erp[f"T{number}"]) for number, key in enumerate(crm, 1)]


def test_a_record_that_is_missing_twice_is_deleted_elsewhere_too(world):
    (crm, _), (other, _) = agree(world, 2)
    world.crm.remove("customers", crm)
    world.rest()

    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T2"]
    assert list(world.crm.live("customers")) == [other]


def test_a_record_that_a_listing_forgot_is_not_deleted(world):
    ((crm, erp),) = agree(world)
    hidden = world.crm.tables["customers"][crm].versions
    world.crm.tables["customers"][crm].versions = [one._replace(listed=1 << 60) for one in hidden]
    for _ in range(3):
        world.sync(full=True)

    assert list(world.erp.live("partners")) == [erp]


def test_a_record_that_one_get_misses_is_not_deleted(world):
    ((crm, erp),) = agree(world)
    world.crm.contract = replace(world.crm.contract, lag=5.0)
    kept = world.crm.tables["customers"].pop(crm)
    world.crm.read_fault = lambda what: _put_back(world, crm, kept) if what == "get" else ""
    world.sync(full=True)
    world.rest()

    assert list(world.erp.live("partners")) == [erp]


def _put_back(world: World, key: str, kept: object) -> str:
    """The record is shown again right after the first get."""
    if world.clock.points.count("get.before") % 2 == 0:
        world.crm.tables["customers"][key] = kept  # type: ignore[assignment]
    return ""


def test_a_tombstone_is_enough(world):
    ((crm, _),) = agree(world)
    world.crm.contract = replace(world.crm.contract, deletes=Deletes.TOMBSTONES, incremental=True)
    world.die()
    world.crm.remove("customers", crm)
    world.sync()

    assert not world.erp.live("partners")


def test_a_policy_may_archive_instead():
    world = World(ARCHIVING)
    ((crm, _),) = agree(world)
    world.crm.remove("customers", crm)
    world.rest()

    assert [item.op for _, item in world.erp.writes] == [Op.CREATE, Op.ARCHIVE]


def test_an_edit_made_elsewhere_wins_over_a_delete(world):
    ((crm, erp),) = agree(world)
    world.crm.remove("customers", crm)
    world.erp.edit("partners", erp, tel="999")
    world.rest()

    assert [row["phone"] for row in world.crm.live("customers").values()] == ["999"]
    assert [row["tel"] for row in world.erp.live("partners").values()] == ["999"]
    assert [one.rule for one in world.store.conflicts(state=ConflictState.AUTO)] == ["delete against edit"]


def test_an_edit_that_had_reached_everybody_does_not_undo_a_delete(world):
    ((crm, erp),) = agree(world)
    world.erp.edit("partners", erp, tel="999")
    world.rest()
    world.crm.remove("customers", crm)
    world.rest()

    assert not world.erp.live("partners")


def test_both_of_two_records_that_a_person_was_to_make_one_may_be_deleted(world):
    keys = [world.crm.add("customers", **customer(number)) for number in (1, 2)]
    world.rest()
    world.crm.merge("customers", *keys)
    world.rest()
    for key in list(world.erp.live("partners")):
        world.erp.remove("partners", key)
    world.rest()

    assert not world.erp.live("partners")
    assert not world.crm.live("customers")


def test_a_deleted_record_that_was_edited_elsewhere_is_not_made_anew_where_nothing_is_created():
    world = World(CUSTOMERS.replace("    deletes: {crm", "    creates: {erp: false}\n    deletes: {crm"))
    crm = world.crm.add("customers", **customer(1))
    erp = world.erp.add("partners", label="Company 1", tel="+49 1", mail="1@example.com", vat="T1")
    world.rest()
    world.erp.refuses = lambda _fields: "not now"
    world.crm.edit("customers", crm, phone="5")
    world.rest()
    world.erp.refuses = lambda _fields: ""
    world.erp.remove("partners", erp)
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == "5"
    assert not world.erp.live("partners")
    world.close()


def test_a_record_that_a_person_restores_lives_again_everywhere(world):
    ((crm, _),) = agree(world)
    world.crm.remove("customers", crm)
    world.rest()
    world.clock.sleep(60)
    world.crm.restore("customers", crm)
    world.rest()

    assert list(world.crm.live("customers")) == [crm]
    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T1"]


COARSE = {"precision": 86_400.0}
SLOW = {"skew": 3600.0}


@pytest.mark.parametrize(("promised", "ahead"), [(COARSE, 0), (SLOW, -3500), (SLOW, 0)])
def test_a_record_that_is_restored_where_stamps_do_not_tell_so_lives_again(world, promised, ahead):
    world.crm.contract = replace(world.crm.contract, effect=30.0, lag=5.0, **promised)
    world.crm.precision = int(world.crm.contract.precision * SECOND)
    world.crm.ahead = ahead * SECOND
    ((crm, _),) = agree(world)
    world.crm.remove("customers", crm)
    world.rest()
    before = len(world.erp.live("partners"))
    world.crm.restore("customers", crm)
    world.rest()

    assert before == 0
    assert list(world.crm.live("customers")) == [crm]
    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T1"]


def died_before_its_twin_was_read(world: World, twins: int = 1) -> str:
    """A customer of the CRM was deleted there; only then the ERP shows who it was all the time. Its key."""
    crm = world.crm.add("customers", **customer(1))
    for _ in range(twins):
        world.erp.add("partners", label="Company 1", tel="+49 1", mail="1@example.com", vat="T1")
    world.erp.read_fault = lambda what: "broken" if what == "list" else ""
    world.sync()
    world.crm.remove("customers", crm)
    for _ in range(3):
        world.sync(full=True)
    world.erp.read_fault = lambda _what: ""
    world.crm.refuses = lambda _fields: "not now"
    world.sync(full=True)
    world.crm.refuses = lambda _fields: ""
    world.crm.restore("customers", crm)
    world.crm.edit("customers", crm, phone="5")
    return crm


@pytest.mark.parametrize("marked", [True, False])
def test_a_record_whose_twin_has_become_an_entity_of_its_own_is_that_one_when_it_is_restored(world, marked):
    world.crm.contract = replace(world.crm.contract, marker=marked)
    crm = died_before_its_twin_was_read(world)
    world.rest()
    (partner,) = world.erp.live("partners")
    world.erp.edit("partners", partner, tel="6")
    world.rest()

    assert {key: row["phone"] for key, row in world.crm.live("customers").items()} == {crm: "6"}
    assert len(world.erp.live("partners")) == 1


def test_which_of_two_twins_a_restored_record_is_says_a_person(world):
    crm = died_before_its_twin_was_read(world, twins=2)
    for _ in range(4):
        world.sync(full=True)
    (question,) = operations.questions(world.open())
    operations.answer(world.open(), "customers", "crm", crm, f"#{question.candidates[0].eid}")
    for _ in range(4):
        world.sync(full=True)

    assert question.key == crm
    assert len(world.erp.live("partners")) == 2
    assert world.crm.show("customers", crm)["phone"] == "5"
    assert [row["tel"] for row in world.erp.live("partners").values()].count("5") == 1


def test_a_record_made_anew_and_its_restored_former_one_are_both_kept(world):
    world.crm.contract = replace(world.crm.contract, **COARSE)
    world.crm.precision = int(world.crm.contract.precision * SECOND)
    ((crm, erp),) = agree(world)
    world.crm.remove("customers", crm)
    world.erp.edit("partners", erp, tel="999")
    world.rest()
    world.crm.restore("customers", crm)
    world.rest()

    assert sorted(row["phone"] for row in world.crm.live("customers").values()) == ["+49 1", "999"]
    assert sorted(row["tel"] for row in world.erp.live("partners").values()) == ["+49 1", "999"]


@pytest.mark.parametrize(("precision", "ahead"), [(0.001, 0), (86_400.0, 0), (0.001, 7200)])
def test_a_listing_that_lags_brings_nothing_back(world, precision, ahead):
    world.crm.contract, world.crm.lag = replace(world.crm.contract, lag=60.0, precision=precision), 0
    world.crm.precision, world.crm.ahead = int(precision * SECOND), ahead * SECOND
    ((crm, _),) = agree(world)
    world.crm.remove("customers", crm)
    versions = world.crm.tables["customers"][crm].versions
    versions[-1] = versions[-1]._replace(listed=versions[-1].at + 400_000_000)
    hint(world.open(), world.open().flows["customers"], "crm", [crm])
    for _ in range(4):
        world.sync(full=True)
    world.rest()

    assert not world.erp.live("partners")


def test_half_of_the_records_missing_is_not_believed(world):
    pairs = agree(world, 30)
    for crm, _ in pairs[:15]:
        world.crm.tables["customers"].pop(crm)
    runs = [world.sync(full=True, approved=False) for _ in range(3)]

    assert len(world.erp.live("partners")) == 30
    assert any("too many to be believed" in held for run in runs for held in run.held)


def test_a_merge_in_one_system_keeps_what_the_loser_alone_knew(world):
    (loser, _), (winner, _) = agree(world, 2)
    world.crm.edit("customers", loser, note="pays late")
    world.rest()
    world.crm.merge("customers", loser, winner)
    world.rest()

    assert list(world.crm.live("customers")) == [winner]
    assert world.crm.show("customers", winner)["note"] == "pays late"
    assert len(world.erp.live("partners")) == 2
    assert any("merged in crm" in one.rule for one in world.store.conflicts(state=ConflictState.OPEN))


def test_a_merge_whose_loser_has_no_record_elsewhere_leaves_one(world):
    text = CUSTOMERS.replace("deletes: {", "creates: {erp: false}\n    deletes: {")
    alone = World(text)
    keys = [alone.crm.add("customers", **customer(number)) for number in (1, 2)]
    partner = alone.erp.add("partners", label="Company 1", tel="+49 1", mail="1@example.com", vat="T1")
    alone.rest()
    alone.crm.merge("customers", keys[0], keys[1])
    alone.rest()
    alone.crm.edit("customers", keys[1], phone="777")
    alone.rest()

    assert alone.erp.show("partners", partner)["tel"] == "777"
    assert not [one for one in alone.store.conflicts(state=ConflictState.OPEN) if one.field == "*"]


def test_a_record_that_got_another_key_stays_the_same(world):
    ((crm, erp),) = agree(world)
    kept = world.crm.tables["customers"][crm]
    world.crm.tables["customers"]["C99"] = dataclasses.replace(kept)
    world.crm.tables["customers"][crm] = dataclasses.replace(kept, versions=list(kept.versions))
    world.crm.merge("customers", crm, "C99")
    world.crm.edit("customers", "C99", phone="777")
    world.rest()

    assert list(world.erp.live("partners")) == [erp]
    assert world.erp.show("partners", erp)["tel"] == "777"


def test_the_record_of_a_delete_that_an_edit_has_beaten_is_not_taken_for_a_new_one(world):
    world.crm.contract = replace(world.crm.contract, lag=60.0)
    ((crm, erp),) = agree(world)
    world.crm.remove("customers", crm)
    versions = world.crm.tables["customers"][crm].versions
    versions[-1] = versions[-1]._replace(listed=versions[-1].at + 900_000_000)
    world.erp.edit("partners", erp, tel="999", vat="T7")
    hint(world.open(), world.open().flows["customers"], "crm", [crm])
    for _ in range(6):
        world.sync(full=True)
    world.rest()

    assert [row["tax"] for row in world.crm.live("customers").values()] == ["T7"]
    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T7"]


def listed(world: World, pages: Sequence[Page]) -> None:
    """The CRM has listed these pages, whatever it holds."""
    hub = world.open()
    bound, ledger = hub.flows["customers"], Ledger(run=1)
    at = Pass(hub=hub, run=Run(number=1, ledger=ledger), bound=bound, side=bound.sides["crm"])
    reading = Reading(exact=False, gather=True)
    for page in pages:
        absorb(at, page, reading)
    reading.gather = False
    absorb(at, Page(keys=[], raws=[]), reading)
    assert not ledger.problems()


def page_of(world: World, *keys: str, tombstones: Sequence[str] = ()) -> Page:
    """Records as the CRM shows them now, and keys that it says are deleted."""
    kept = [world.crm.tables["customers"][key] for key in keys]
    shown = [world.crm.record(key, one, one.versions[-1]) for key, one in zip(keys, kept, strict=True)]
    return Page(
        keys=list(keys), raws=[one.raw for one in shown], versions=[one.version for one in shown],
        stamps=[one.stamp for one in shown], tombstones=list(tombstones),
    )  # fmt: skip


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("order", ["one page", "record first", "tombstone first"])
def test_a_record_listed_together_with_its_tombstone_is_what_a_read_by_key_shows(world, order, there, known):
    world.crm.contract = replace(world.crm.contract, deletes=Deletes.TOMBSTONES)
    world.sync()
    crm = world.crm.add("customers", **customer(1))
    if known:
        world.rest()
        world.crm.edit("customers", crm, phone="777")
    record, tomb = page_of(world, crm), page_of(world, tombstones=[crm])
    both = page_of(world, crm, tombstones=[crm])
    kept = world.crm.tables["customers"].pop(crm)
    listed(world, {"one page": [both], "record first": [record, tomb], "tombstone first": [tomb, record]}[order])
    if there:
        world.crm.tables["customers"][crm] = kept
        if known and order == "tombstone first":  # then it was deleted indeed, and restored
            world.clock.sleep(1)
            world.crm.edit("customers", crm, phone="777")
    world.rest()

    assert len(world.erp.live("partners")) == len(world.crm.live("customers")) == int(there)
    assert not there or [row["tel"] for row in world.erp.live("partners").values()] == [
        kept.versions[-1].fields["phone"]
    ]


def test_nothing_is_created_beside_a_record_of_which_a_listing_shows_two_things(world):
    world.crm.contract = replace(world.crm.contract, deletes=Deletes.TOMBSTONES, settle=60.0)
    world.sync()
    crm = world.crm.add("customers", **customer(1))
    both = page_of(world, crm, tombstones=[crm])
    kept = world.crm.tables["customers"].pop(crm)
    listed(world, [both])
    world.erp.add("partners", label="Company 1", tel="+49 1", mail="1@example.com", vat="T1")
    world.sync(wait=1)
    created = list(world.crm.writes)
    world.crm.tables["customers"][crm] = kept
    world.rest()

    assert not created
    assert (list(world.crm.live("customers")), len(world.erp.live("partners"))) == ([crm], 1)


# --- detached ---------------------------------------------------------------------------------------------------------


def detached() -> tuple[World, str]:
    """A partner of the ERP that is no longer kept in agreement, for its customer was deleted; its key."""
    world = World(DETACHING)
    (crm, erp), _ = agree(world, 2)
    world.crm.remove("customers", crm)
    world.rest()
    assert world.erp.show("partners", erp)["vat"] == "T1"
    assert [row["tax"] for row in world.crm.live("customers").values()] == ["T2"]
    return world, erp


def test_what_gets_the_key_of_a_detached_record_is_another_one():
    world, erp = detached()
    world.erp.remove("partners", erp)
    world.rest()

    give_again(world.erp, "partners", erp, vat="T9", label="Nine")
    world.rest()

    assert sorted(str(row["tax"]) for row in world.crm.live("customers").values()) == ["T2", "T9"]
    assert world.erp.show("partners", erp)["label"] == "Nine"
    world.close()


def test_a_detached_record_that_is_deleted_there_and_restored_lives_again():
    world, erp = detached()
    world.erp.remove("partners", erp)
    world.rest()
    world.erp.restore("partners", erp)
    world.rest()

    assert sorted(str(row["tax"]) for row in world.crm.live("customers").values()) == ["T1", "T2"]
    world.close()


def test_edits_of_a_detached_record_stay_where_they_are():
    world, erp = detached()
    world.erp.edit("partners", erp, label="Renamed", vat="T7")
    world.rest()

    assert [row["tax"] for row in world.crm.live("customers").values()] == ["T2"]
    assert world.erp.show("partners", erp)["label"] == "Renamed"
    world.close()


def test_what_gets_the_key_of_a_record_that_was_to_be_merged_is_another_one():
    world = World(CUSTOMERS)
    (loser, other), (winner, _) = agree(world, 2)
    world.crm.merge("customers", loser, winner)
    world.settle()
    assert len(world.erp.live("partners")) == 2
    world.erp.remove("partners", other)
    world.rest()

    give_again(world.erp, "partners", other, vat="T9", label="Nine")
    world.rest()

    assert sorted(str(row["tax"]) for row in world.crm.live("customers").values()) == ["T2", "T9"]
    assert sorted(str(row["vat"]) for row in world.erp.live("partners").values()) == ["T2", "T9"]
    world.close()
