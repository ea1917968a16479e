"""Two records turn out to be one: people merge them in one system, then in the other, this way or that way round."""

from collections.abc import Iterator

import pytest

from syncline.model.state import ConflictState
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


def test_the_merge_made_the_other_way_round_settles_it_too(world):
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
