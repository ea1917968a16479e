"""Two records turn out to be one: people merge them in one system, then in the other, this way or that way round."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from syncline.app import operations
from syncline.model.contract import Deletes
from syncline.model.state import ConflictState
from syncline.model.values import decode_row
from tests.integration.world import CUSTOMERS, World, customer


@pytest.fixture
def world() -> Iterator[World]:
    made = World(CUSTOMERS)
    yield made
    made.close()


def merged_in_crm(world: World) -> tuple[str, list[str]]:
    """Two customers of both systems become one in the CRM: its key, and the ERP's keys, the one to stay first."""
    loser, winner = (world.crm.add("customers", **customer(name=name)) for name in ("Twice", "Once"))
    world.rest()
    partners = {str(fields["label"]): key for key, fields in world.erp.live("partners").items()}
    world.crm.merge("customers", loser, winner)
    world.rest()
    return winner, [partners["Once"], partners["Twice"]]


def waiting(world: World) -> list[str]:
    return [one.rule for one in world.store.conflicts(state=ConflictState.OPEN)]


def test_a_merge_in_one_system_asks_for_the_same_in_the_other(world):
    _, (stays, goes) = merged_in_crm(world)

    assert waiting(world) == [f"merged in crm: erp still has two records, {stays} and {goes}"]


def test_the_same_merge_in_the_other_system_settles_it(world):
    crm, (stays, goes) = merged_in_crm(world)
    world.erp.merge("partners", goes, stays)
    world.rest()
    world.erp.edit("partners", stays, tel="555")
    world.rest()

    assert waiting(world) == []
    assert world.crm.show("customers", crm)["phone"] == "555"


@pytest.mark.parametrize("deletes", list(Deletes))
def test_the_merge_made_the_other_way_round_settles_it_too(world, deletes):
    world.erp.contract = replace(world.erp.contract, deletes=deletes)
    world.die()
    crm, (stays, goes) = merged_in_crm(world)
    world.erp.merge("partners", stays, goes)
    world.rest()
    world.erp.edit("partners", goes, tel="555")
    world.rest()

    assert waiting(world) == []
    assert list(world.erp.live("partners")) == [goes]
    assert world.erp.show("partners", goes)["label"] == world.crm.show("customers", crm)["name"]
    assert world.crm.show("customers", crm)["phone"] == "555"


def test_deleting_the_second_record_settles_it_too(world):
    crm, (stays, goes) = merged_in_crm(world)
    world.erp.remove("partners", goes)
    world.rest()

    assert waiting(world) == []
    assert list(world.crm.live("customers")) == [crm]
    assert list(world.erp.live("partners")) == [stays]


def create_in_doubt(world: World, fault: str, *, marker: bool, of: str) -> tuple[str, str]:
    """Two customers; what became of the partner of the one with this tax number, nobody knows: loser, winner."""
    searchable = frozenset({"vat"})
    world.erp.contract = replace(world.erp.contract, marker=marker, searchable=searchable, effect=100.0, lag=1.0)
    faults = [fault]
    world.erp.write_fault = lambda item: faults.pop() if faults and item.fields.get("vat") == of else ""
    loser, winner = (world.crm.add("customers", **customer(number)) for number in (1, 2))
    world.sync()
    return loser, winner


@pytest.mark.parametrize("marker", [True, False])
@pytest.mark.parametrize("fault", ["lost-before", "late:70", "late:95"])
def test_a_create_of_the_loser_that_is_in_doubt_leaves_no_second_record(world, fault, marker):
    loser, winner = create_in_doubt(world, fault, marker=marker, of="T1")
    world.crm.merge("customers", loser, winner)
    for _ in range(4):
        world.sync(full=True)
    world.rest()

    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T2"]
    assert list(world.crm.live("customers")) == [winner]
    assert not world.store.unsettled()


@pytest.mark.parametrize("marker", [True, False])
@pytest.mark.parametrize("fault", ["lost-before", "late:70", "late:95"])
def test_a_create_of_the_loser_that_is_in_doubt_becomes_the_winner_s_where_it_has_none(world, fault, marker):
    world.erp.refuses = lambda fields: "not now" if fields.get("vat") == "T2" else ""
    loser, winner = create_in_doubt(world, fault, marker=marker, of="T1")
    world.crm.merge("customers", loser, winner)
    for _ in range(4):
        world.sync(full=True)
    before = [row["vat"] for row in world.erp.live("partners").values()]
    world.erp.refuses = lambda _fields: ""
    operations.retry(world.open())
    world.rest()

    assert before == ([] if fault == "lost-before" else ["T1"])
    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T2"]
    assert list(world.crm.live("customers")) == [winner]


@pytest.mark.parametrize("fault", ["lost-before", "lost-after", "late:95"])
def test_a_write_in_doubt_to_a_record_that_the_winner_takes_over_is_known_as_ours(fault):
    alone = World(CUSTOMERS.replace("deletes: {", "creates: {erp: false}\n    deletes: {"))
    loser, winner = (alone.crm.add("customers", **customer(number)) for number in (1, 2))
    partner = alone.erp.add("partners", label="Company 1", tel="+49 1", mail="1@example.com", vat="T1")
    alone.rest()
    alone.erp.contract = replace(alone.erp.contract, effect=100.0)
    alone.die()
    faults = [fault]
    alone.erp.write_fault = lambda _item: faults.pop() if faults else ""
    alone.crm.edit("customers", loser, phone="111")
    alone.sync()
    alone.crm.merge("customers", loser, winner)
    alone.rest()

    phone = alone.crm.show("customers", winner)["phone"]
    assert phone == alone.erp.show("partners", partner)["tel"] != "111"
    assert not [one for one in alone.store.conflicts() if one.system == "erp" and "111" in decode_row(one.theirs)]
    alone.close()


def test_what_a_system_makes_of_a_value_is_no_news_in_the_record_that_the_winner_takes_over():
    alone = World(CUSTOMERS.replace("deletes: {", "creates: {erp: false}\n    deletes: {"))
    alone.erp.stores = {"memo": lambda value: str(value).lower() if value else value}
    loser = alone.crm.add("customers", **customer(1), note="Mixed Case")
    winner = alone.crm.add("customers", **customer(2))
    partner = alone.erp.add("partners", label="Company 1", tel="+49 1", mail="1@example.com", vat="T1")
    alone.rest()
    alone.crm.merge("customers", loser, winner)
    alone.rest()

    assert alone.erp.show("partners", partner)["memo"] == "mixed case"
    assert alone.crm.show("customers", winner)["note"] == "Mixed Case"
    assert alone.erp.show("partners", partner)["vat"] == "T2"
    alone.close()
