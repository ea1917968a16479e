"""A record made anew has another key than its former one: what refers to it in that system is told of the new one."""

from collections.abc import Callable, Iterator

import pytest

from syncline.model.page import Op
from syncline.model.state import UnsettledState
from tests.integration.test_agreement_reads import ORDERS, TREE
from tests.integration.world import World, customer

LINES = ORDERS.replace(
    "total: total}}", "total: total, items: {each: items, key: no, map: {no: no, payer: 'payer | ref(client)'}}}}"
).replace(
    "total: amount}}", "total: amount, items: {each: rows, key: no, map: {no: no, payer: 'debtor | ref(client)'}}}}"
)


@pytest.fixture
def make() -> Iterator[Callable[[str], World]]:
    made: list[World] = []

    def world(text: str) -> World:
        made.append(World(text))
        return made[-1]

    yield world
    for one in made:
        one.close()


def remade(world: World, crm: str) -> None:
    """The customer is deleted, so its partner goes; then it is restored, and gets a new partner."""
    world.rest()
    world.crm.remove("customers", crm)
    world.rest()
    world.clock.sleep(60)
    world.crm.restore("customers", crm)


def sale(world: World) -> dict[str, object]:
    (fields,) = world.erp.live("sales").values()
    return fields


def test_orders_of_a_customer_that_was_made_anew_point_at_its_new_record(make):
    world = make(ORDERS)
    first, second = (world.crm.add("customers", **customer(number)) for number in (1, 2))
    world.crm.add("deals", no="D1", buyer=first, total="10")
    remade(world, first)
    world.crm.add("deals", no="D2", buyer=second, total="20")
    world.rest()
    before = world.written
    world.rest()

    partners = {row["vat"]: key for key, row in world.erp.live("partners").items()}
    assert {row["number"]: row["party"] for row in world.erp.live("sales").values()} == {
        "D1": partners["T1"], "D2": partners["T2"],
    }  # fmt: skip
    assert world.written == before


def test_lines_that_refer_to_a_record_that_was_made_anew_point_at_the_new_one(make):
    world = make(LINES)
    first, second = (world.crm.add("customers", **customer(number)) for number in (1, 2))
    world.crm.add("deals", no="D1", buyer=second, items=[{"no": 1, "payer": first}, {"no": 2, "payer": second}])
    remade(world, first)
    world.rest()

    partners = {row["vat"]: key for key, row in world.erp.live("partners").items()}
    assert [line["debtor"] for line in sale(world)["rows"]] == [partners["T1"], partners["T2"]]


def test_a_child_of_the_same_type_points_at_the_new_record_of_its_parent(make):
    world = make(TREE)
    parent = world.crm.add("customers", **customer(1))
    world.crm.add("customers", **customer(2), parent=parent)
    remade(world, parent)
    world.rest()

    partners = {row["vat"]: key for key, row in world.erp.live("partners").items()}
    assert {row["vat"]: row.get("head") for row in world.erp.live("partners").values()} == {
        "T1": None, "T2": partners["T1"],
    }  # fmt: skip


def test_an_order_that_still_shows_the_former_record_is_read_and_not_deferred(make):
    world = make(ORDERS.replace("resource: sales,", "resource: sales, direction: from,"))
    first = world.crm.add("customers", **customer(1))
    world.rest()
    (partner,) = world.erp.live("partners")
    key = world.erp.add("sales", number="D1", party=partner, amount="10")
    remade(world, first)
    world.rest()
    world.erp.edit("sales", key, amount="11")
    world.rest()

    assert [(row["total"], row["buyer"]) for row in world.crm.live("deals").values()] == [("11", first)]
    assert not [item for item in world.erp.asked if item.op is Op.UPDATE]


def test_an_edit_of_the_reference_made_meanwhile_stands(make):
    world = make(ORDERS)
    first, second = (world.crm.add("customers", **customer(number)) for number in (1, 2))
    deal = world.crm.add("deals", no="D1", buyer=first, total="10")
    remade(world, first)
    world.crm.edit("deals", deal, buyer=second)
    world.rest()

    partners = {row["vat"]: key for key, row in world.erp.live("partners").items()}
    assert sale(world)["party"] == partners["T2"]


def test_a_crash_after_the_new_record_was_made_does_not_leave_the_orders_behind(make):
    world = make(ORDERS)
    first = world.crm.add("customers", **customer(1))
    world.crm.add("deals", no="D1", buyer=first, total="10")
    remade(world, first)
    world.clock.on_point, tick = lambda: dies(world), world.clock.on_point
    with pytest.raises(KeyboardInterrupt):
        world.sync(full=True)
    world.clock.on_point = tick
    world.die()
    world.rest()

    (partner,) = world.erp.live("partners")
    assert sale(world)["party"] == partner


def dies(world: World) -> None:
    """The hub dies right after it has written down that the new record was made."""
    world.tick()
    made = [item for _, item in world.erp.writes if item.op is Op.CREATE]
    if len(made) > 2 and world.clock.points[-1] == "settle.after_commit":
        raise KeyboardInterrupt


def refused_for_its_party(world: World, buyer: str) -> str:
    """An order that the ERP does not take, because of its customer's partner; the key of that."""
    (partner,) = [key for key, row in world.erp.live("partners").items() if row["vat"] == "T1"]
    world.erp.refuses = lambda fields: "this party is closed" if fields.get("party") == partner else ""
    world.crm.add("deals", no="D1", buyer=buyer, total="10")
    world.rest()
    assert [row.state for row in world.store.unsettled()] == [UnsettledState.PARKED]
    return partner


def test_an_order_that_was_refused_for_its_customer_s_key_is_tried_again_under_the_new_one(make):
    world = make(ORDERS)
    first = world.crm.add("customers", **customer(1))
    world.rest()
    former = refused_for_its_party(world, first)
    remade(world, first)
    world.rest()

    (partner,) = world.erp.live("partners")
    assert (sale(world)["party"], sale(world)["amount"]) == (partner, "10")
    assert partner != former
    assert not world.store.unsettled()


def test_an_order_that_was_refused_for_a_record_that_was_merged_away_is_tried_again(make):
    world = make(ORDERS)
    first, _ = (world.crm.add("customers", **customer(number)) for number in (1, 2))
    world.rest()
    former = refused_for_its_party(world, first)
    (other,) = world.erp.live("partners").keys() - {former}
    world.erp.merge("partners", former, other)
    world.rest()

    assert sale(world)["party"] == other
    assert not world.store.unsettled()


def test_an_edit_that_was_refused_for_its_customer_s_key_is_tried_again_under_the_new_one(make):
    world = make(ORDERS)
    first, second = (world.crm.add("customers", **customer(number)) for number in (1, 2))
    deal = world.crm.add("deals", no="D1", buyer=second, total="10")
    world.rest()
    (partner,) = [key for key, row in world.erp.live("partners").items() if row["vat"] == "T1"]
    world.erp.refuses = lambda fields: "this party is closed" if fields.get("party") == partner else ""
    world.crm.edit("deals", deal, buyer=first)
    world.rest()
    before = sale(world)["party"]
    remade(world, first)
    world.rest()

    partners = {row["vat"]: key for key, row in world.erp.live("partners").items()}
    assert before == partners["T2"]
    assert sale(world)["party"] == partners["T1"]


def test_an_order_that_is_refused_for_something_else_is_refused_once_more_and_waits_on(make):
    world = make(ORDERS)
    first = world.crm.add("customers", **customer(1))
    world.rest()
    world.erp.refuses = lambda fields: "orders are closed" if "party" in fields else ""
    world.crm.add("deals", no="D1", buyer=first, total="10")
    world.rest()
    remade(world, first)
    world.rest()
    asked = [item for item in world.erp.asked if item.op is Op.CREATE and "party" in item.fields]

    assert len(asked) == 2
    assert [row.state for row in world.store.unsettled()] == [UnsettledState.PARKED]
