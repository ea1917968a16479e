"""A system that is only written to: what people do there is put back, and found without reading it at each pass."""

from collections.abc import Iterator

import pytest

from syncline.engine.event import follow_told
from syncline.engine.runs import open_run
from tests.integration.world import CUSTOMERS, World, customer

TO_THE_ERP = CUSTOMERS.replace("resource: partners", "resource: partners\n        direction: to").replace(
    ", credit: {owner: erp}", ""
)
DAY = 24 * 3600.0


@pytest.fixture
def world() -> Iterator[World]:
    made = World(TO_THE_ERP)
    yield made
    made.close()


def agree(world: World, **fields: object) -> tuple[str, str]:
    """One customer that both systems hold."""
    crm = world.crm.add("customers", **customer(**fields))
    world.sync()
    world.sync()
    (erp,) = world.erp.live("partners")
    return crm, erp


def counted(world: World) -> list[str]:
    """From now on, what the hub lists in the ERP."""
    listed: list[str] = []

    def count(what: str) -> str:
        listed.append(what)
        return ""

    world.erp.read_fault = count
    return listed


def test_what_people_change_there_is_put_back_within_a_day(world):
    crm, erp = agree(world)
    world.erp.edit("partners", erp, tel="999")
    world.sync(wait=DAY)
    world.sync()

    assert world.erp.show("partners", erp)["tel"] == world.crm.show("customers", crm)["phone"] == "+49 1"


def test_a_record_that_people_delete_there_is_made_anew_within_a_day(world):
    crm, erp = agree(world)
    world.erp.remove("partners", erp)
    world.sync(wait=DAY)
    world.sync()
    world.sync()

    assert [row["label"] for row in world.erp.live("partners").values()] == ["Company 1"]
    assert world.crm.live("customers").keys() == {crm}


def test_a_pass_does_not_read_it_but_once_a_day_and_whenever_all_is_read(world):
    agree(world)
    listed = counted(world)
    for _ in range(5):
        world.sync(wait=3600)
    in_five_hours = len(listed)
    world.sync(full=True)
    with_all = len(listed)
    world.sync(wait=DAY)

    assert in_five_hours == 0
    assert 0 < with_all < len(listed)


def test_a_record_that_people_add_there_reaches_nobody(world):
    crm, _ = agree(world)
    world.erp.add("partners", label="Their own", vat="T9")
    world.sync(wait=DAY)
    world.rest()

    assert world.crm.live("customers").keys() == {crm}
    assert len(world.erp.live("partners")) == 2


def test_what_a_webhook_names_there_is_put_back_at_once(world):
    _, erp = agree(world)
    world.erp.edit("partners", erp, tel="999")
    hub = world.open()
    follow_told(hub, hub.flows["customers"], "erp", [erp], open_run(hub, full=False, approved=False, send=True))

    assert world.erp.show("partners", erp)["tel"] == "+49 1"


def test_where_something_is_said_to_have_changed_there_the_next_pass_lists_it(world):
    _, erp = agree(world)
    world.erp.edit("partners", erp, tel="999")
    hub = world.open()
    hub.told = frozenset({hub.flows["customers"].sides["erp"].stream})
    world.sync()

    assert world.erp.show("partners", erp)["tel"] == "+49 1"
