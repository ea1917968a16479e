"""Pages, cursors, schemas, references, books: what is read is read whole, and all of it is accounted for."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from syncline.engine import absorb
from syncline.engine.event import hint
from syncline.errors import BrokenLedgerError
from syncline.model.contract import Deletes
from syncline.model.page import Op
from syncline.model.state import Stream, UnsettledState
from tests.integration.world import CUSTOMERS, SECOND, World, customer

ORDERS = (
    CUSTOMERS.replace("groups:", "groups:")
    + """\
  orders:
    entity: order
    own: {"*": latest}
    match: [[number]]
    systems:
      crm: {resource: deals, map: {number: no, customer: "buyer | ref(client)", total: total}}
      erp: {resource: sales, map: {number: number, customer: "party | ref(client)", total: amount}}
"""
)
TREE = CUSTOMERS.replace(
    "since: since, street: street", 'since: since, parent: "parent | ref(client)", street: street'
).replace("since: since, street: road", 'since: since, parent: "head | ref(client)", street: road')


@pytest.fixture
def world() -> Iterator[World]:
    made = World(ORDERS)
    yield made
    made.close()


def balanced(world: World) -> None:
    """A pass whose books do not balance would have raised; this one has read something."""
    assert any(account.read for account in world.sync(full=True).ledger.accounts.values())


def test_an_order_waits_for_its_customer_and_points_at_it_in_each_system(world):
    world.erp.refuses = lambda fields: "not now" if fields.get("vat") == "T1" else ""
    crm = world.crm.add("customers", **customer(1))
    world.crm.add("deals", no="D1", buyer=crm, total="10")
    world.settle()
    waiting = [row.state for row in world.store.unsettled(stream=Stream("erp", "order"))]
    world.erp.refuses = lambda _fields: ""
    world.crm.edit("customers", crm, phone="2")
    world.rest()

    (partner,) = world.erp.live("partners")
    assert waiting == [UnsettledState.BLOCKED]
    assert [row["party"] for row in world.erp.live("sales").values()] == [partner]


def numbers(world: World) -> tuple[list[object], list[object]]:
    """The orders of the CRM and of the ERP."""
    deals, sales = world.crm.live("deals"), world.erp.live("sales")
    return sorted(str(row["no"]) for row in deals.values()), sorted(str(row["number"]) for row in sales.values())


def beside_one_that_waits(world: World) -> list[str]:
    """One order of both systems, in the ERP of a partner that nobody knows; another of the CRM alone."""
    world.erp.add("sales", number="D1", party="E3", amount="10")
    for number in ("D1", "D2"):
        world.crm.add("deals", no=number, total="10")
    for _ in range(3):
        world.sync(full=True)
    return [row.message for row in world.store.unsettled(stream=Stream("erp", "order"))]


def test_nothing_is_created_beside_a_record_that_waits_for_its_parent_and_everything_else_is(world):
    told = beside_one_that_waits(world)
    before = numbers(world)
    partner = world.erp.add("partners", label="Company 1", vat="T1")
    world.rest()

    assert partner == "E3"
    assert told == ["may be record E1 of erp, which cannot be told yet"]
    assert before == numbers(world) == (["D1", "D2"], ["D1", "D2"])
    assert {row["no"]: bool(row.get("buyer")) for row in world.crm.live("deals").values()} == {"D1": True, "D2": False}


@pytest.mark.parametrize("deletes", [Deletes.SWEEP, Deletes.TOMBSTONES])
def test_it_is_created_once_the_record_that_waited_is_gone(world, deletes):
    world.erp.contract = replace(world.erp.contract, deletes=deletes)
    beside_one_that_waits(world)
    world.erp.remove("sales", "E1")
    world.sync(full=True, wait=4000.0)
    world.rest()

    assert numbers(world) == (["D1", "D2"], ["D1", "D2"])
    assert "E1" not in world.erp.live("sales")


def test_a_record_whose_parent_is_not_known_yet_is_looked_at_again(world):
    world.crm.add("deals", no="D1", buyer="C7", total="10")
    world.sync()
    while (key := world.crm.add("customers", **customer(int(world.clock.at) % 97))) != "C7":
        world.crm.tables["customers"].pop(key)
    world.rest()

    (partner,) = world.erp.live("partners")
    assert [row["party"] for row in world.erp.live("sales").values()] == [partner]


def test_a_reference_that_changes_is_translated(world):
    first, second = (world.crm.add("customers", **customer(number)) for number in (1, 2))
    deal = world.crm.add("deals", no="D1", buyer=first, total="10")
    world.rest()
    world.crm.edit("deals", deal, buyer=second)
    world.rest()

    partners = {row["vat"]: key for key, row in world.erp.live("partners").items()}
    assert [row["party"] for row in world.erp.live("sales").values()] == [partners["T2"]]


def test_a_tree_of_customers_is_created_first_and_joined_after():
    tree = World(TREE)
    tree.crm.add("customers", **customer(1), parent="C2")
    tree.crm.add("customers", **customer(2), parent="C3")
    tree.crm.add("customers", **customer(3))
    tree.rest()

    partners = {row["vat"]: key for key, row in tree.erp.live("partners").items()}
    assert {row["vat"]: row.get("head") for row in tree.erp.live("partners").values()} == {
        "T1": partners["T2"], "T2": partners["T3"], "T3": None,
    }  # fmt: skip


def test_a_page_that_fails_is_asked_for_again(world):
    failures = iter(["no answer", "", "no answer", "no answer"])
    for number in range(1, 9):
        world.crm.add("customers", **customer(number))
    world.crm.read_fault = lambda what: next(failures, "") if what == "list" else ""
    run = world.sync()

    assert not run.paused
    assert len(world.erp.live("partners")) == 8


def test_a_listing_that_breaks_is_not_complete_and_moves_no_cursor(world):
    world.crm.contract = replace(world.crm.contract, incremental=True)
    keys = [world.crm.add("customers", **customer(number)) for number in range(1, 9)]
    world.rest()
    before = world.store.cursor(Stream("crm", "client"))
    world.crm.edit("customers", keys[7], phone="999")
    answers = iter(["", "broken"])
    world.crm.read_fault = lambda what: next(answers, "broken") if what == "list" else ""
    run = world.sync(full=True)
    after = world.store.cursor(Stream("crm", "client"))
    world.crm.read_fault = lambda _what: ""
    world.rest()

    assert "crm" in run.paused
    assert after == before
    assert len(world.erp.live("partners")) == 8
    assert "999" in {row["tel"] for row in world.erp.live("partners").values()}


@pytest.mark.parametrize("precision", [1000, SECOND])
def test_a_change_with_the_stamp_of_the_cursor_is_seen(world, precision):
    world.crm.precision = precision
    world.crm.contract = replace(world.crm.contract, incremental=True, precision=precision / SECOND)
    crm = world.crm.add("customers", **customer(1))
    world.sync(wait=0)
    world.clock.at -= world.clock.at % SECOND
    for number in range(3):
        world.crm.edit("customers", crm, phone=str(number))
        world.sync(wait=0.1)

    assert [row["tel"] for row in world.erp.live("partners").values()] == ["2"]


def test_a_stamp_from_the_future_hides_nothing(world):
    world.crm.contract = replace(world.crm.contract, incremental=True)
    first, second = (world.crm.add("customers", **customer(number)) for number in (1, 2))
    world.rest()
    versions = world.crm.tables["customers"][first].versions
    versions.append(
        versions[-1]._replace(at=world.clock.at + 86_400 * SECOND, fields={**(versions[-1].fields or {}), "phone": "5"})
    )
    world.sync()
    world.crm.edit("customers", second, phone="6")
    world.sync()

    assert {row["tel"] for row in world.erp.live("partners").values()} == {"5", "6"}


def test_a_changed_schema_pauses_that_mapping_alone(world):
    world.crm.types = {"name": "text", "tax": "text", "no": "text", "total": "number"}
    crm = world.crm.add("customers", **customer(1))
    world.rest()
    world.crm.types = {"name": "number", "tax": "text", "no": "text", "total": "number", "new": "text"}
    world.crm.edit("customers", crm, phone="2")
    world.crm.add("deals", no="D1", buyer=crm, total="10")
    run = world.sync()

    assert list(run.paused) == ["customers crm"]
    assert [row["tel"] for row in world.erp.live("partners").values()] == ["+49 1"]
    assert len(world.erp.live("sales")) == 1


def test_a_record_that_cannot_be_read_is_parked_alone(world):
    crm = world.crm.add("customers", **customer(1), lines="not a list")
    world.crm.add("customers", **customer(2))
    world.rest()
    without = {row["vat"] for row in world.erp.live("partners").values()}
    world.crm.edit("customers", crm, lines=[])
    world.rest()

    assert without == {"T2"}
    assert {row["vat"] for row in world.erp.live("partners").values()} == {"T1", "T2"}


def test_books_that_do_not_balance_stop_the_run(world, monkeypatch):
    world.crm.add("customers", **customer(1))
    monkeypatch.setattr(absorb, "_merge_rows", lambda *_args: absorb.Outcomes())

    with pytest.raises(BrokenLedgerError, match="does not balance"):
        world.sync()


def test_a_person_goes_before_what_is_loaded_in_bulk(world):
    world.erp.contract = replace(world.erp.contract, batch=replace(world.erp.contract.batch, size=1))
    keys = [world.crm.add("customers", **customer(number)) for number in range(1, 6)]
    world.rest()
    hub = world.open()
    for number in range(10, 16):
        world.crm.add("customers", **customer(number))
    world.crm.edit("customers", keys[0], phone="1000")
    hint(hub, hub.flows["customers"], "crm", [keys[0]])
    before = len(world.erp.writes)
    world.sync()
    balanced(world)

    assert {item.op for _, item in world.erp.writes[before:]} == {Op.CREATE, Op.UPDATE}
