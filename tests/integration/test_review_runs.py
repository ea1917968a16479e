"""What a run does with what it cannot do: one record, one search or one system stops nothing else, and is told of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pytest
from msgspec.structs import replace

from syncline.app import operations
from syncline.engine.absorb import absorb
from syncline.engine.approval import held_back
from syncline.engine.event import follow, hint
from syncline.engine.hub import Pass, Run
from syncline.engine.limits import Priority
from syncline.engine.reading import Reading
from syncline.engine.ready import asked_there
from syncline.engine.run import run
from syncline.engine.statistics import agreement, run_rows
from syncline.engine.step import begin, commit
from syncline.errors import RejectedError, SetupError
from syncline.model.ledger import Ledger, ReadOutcome, SentOutcome
from syncline.model.page import Batch, Cursor, Item, Op, Page, Receipt, Record
from syncline.model.report import Agreement
from syncline.model.state import ConflictState, Intent, IntentState, Stream, UnsettledState
from tests.integration.world import CUSTOMERS, World, customer

CRM, ERP = Stream("crm", "client"), Stream("erp", "client")
DAY = 86_400.0  #: [s]
ORDERS = """\
  orders:
    entity: order
    own: {"*": latest}
    match: [[number]]
    systems:
      crm: {resource: orders, map: {number: number}}
      erp: {resource: sales, map: {number: no}}
"""
TREE = CUSTOMERS.replace(
    "since: since, street: street", 'since: since, parent: "parent | ref(client)", street: street'
).replace("since: since, street: road", 'since: since, parent: "head | ref(client)", street: road')


@pytest.fixture
def world() -> Iterator[World]:
    made = World(CUSTOMERS)
    yield made
    made.close()


def agreed(world: World, count: int = 1) -> list[tuple[str, str]]:
    """Customers that both systems have: (key in the CRM, key in the ERP)."""
    keys = [world.crm.add("customers", **customer(number)) for number in range(1, count + 1)]
    world.rest()
    there = {fields["vat"]: key for key, fields in world.erp.live("partners").items()}
    return [(key, there[f"T{number}"]) for number, key in enumerate(keys, 1)]


def stands(world: World) -> Agreement:
    hub = world.open()
    return agreement(hub, list(hub.flows.values()))


def door(world: World, system: str) -> object:
    return world.open().flows["customers"].sides[system].connector


def counted_sleeps(world: World) -> list[float]:
    slept: list[float] = []
    sleep = world.clock.sleep

    def counting(seconds: float) -> None:
        slept.append(seconds)
        sleep(seconds)

    world.clock.sleep = counting
    return slept


def side(world: World, system: str, *, approved: bool = False) -> Pass:
    hub = world.open()
    bound = hub.flows["customers"]
    this = Run(number=0, ledger=Ledger(run=0), approved=approved)
    return Pass(hub=hub, run=this, bound=bound, side=bound.sides[system])


# --- one that cannot be done stops nothing else -----------------------------------------------------------------------


def test_a_listing_that_is_refused_pauses_its_place_and_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch):
    ((crm, erp),) = agreed(world)
    world.crm.edit("customers", crm, phone="+49 99")

    def refuse(resource: str, since: Cursor | None) -> Iterator[Page]:
        raise RejectedError("This table is not for you.")

    monkeypatch.setattr(door(world, "erp"), "list", refuse)

    done = world.sync()

    assert done.paused == {"customers erp": "This table is not for you."}
    assert done.ledger.problems() == []
    assert world.erp.show("partners", erp)["tel"] == "+49 1"
    assert stands(world).waiting == 1


@pytest.mark.parametrize("fate", [RejectedError, SetupError])
def test_a_search_that_is_refused_keeps_that_doubt_and_the_others_flow(
    world: World, monkeypatch: pytest.MonkeyPatch, fate: type[Exception]
):
    agreed(world)
    faults = ["lost-before"]
    world.erp.write_fault = lambda _item: faults.pop(0) if faults else ""

    def refuse(resource: str, field: str, value: str) -> Sequence[Record]:
        raise fate("It cannot be searched.")

    monkeypatch.setattr(door(world, "erp"), "search", refuse)
    world.crm.add("customers", **customer(9))
    world.sync(wait=1)
    world.crm.add("customers", **customer(10))

    done = world.sync(wait=100)

    assert done.paused == {}
    assert {fields["vat"] for fields in world.erp.live("partners").values()} == {"T1", "T10"}
    (doubt,) = world.store.unsettled(state=UnsettledState.DOUBT)
    assert "It cannot be searched." in doubt.message
    monkeypatch.undo()
    world.rest()
    assert sorted(str(fields["vat"]) for fields in world.erp.live("partners").values()) == ["T1", "T10", "T9"]


@pytest.mark.parametrize("key", ["A\0B", "A\ud800B"])
def test_a_key_that_cannot_be_stored_is_parked_and_the_others_flow(world: World, key: str):
    agreed(world)
    table = world.crm.tables["customers"]
    poison = world.crm.add("customers", **customer(5))
    world.crm.add("customers", **customer(6))
    table[key] = table.pop(poison)

    runs = [world.sync(full=True), world.sync(full=True)]

    assert [done.paused for done in runs] == [{}, {}]
    assert [done.ledger.problems() for done in runs] == [[], []]
    assert {fields["vat"] for fields in world.erp.live("partners").values()} == {"T1", "T6"}
    assert stands(world).parked == 1
    table["C99"] = table.pop(key)
    world.rest()
    assert stands(world).parked == 0
    assert stands(world).agreed == len(table)


def test_a_tombstone_whose_key_cannot_be_stored_is_told_of(world: World):
    at = side(world, "crm")
    absorb(at, Page(keys=[], raws=[], tombstones=["A\0B"], broken=[("C\0", "no JSON")]), Reading(exact=False))

    assert at.account.problem() == ""
    assert set(world.store.documents("parked-read crm client")) == {"#A\\x00B", "#C\\x00"}


def test_two_records_without_a_key_at_the_same_place_of_two_pages_are_parked_each(world: World):
    at, kind = side(world, "crm"), "parked-read crm client"
    pages = [Page(keys=[], raws=[], broken=[("#0", reason)]) for reason in ("no key", "a key that is no text")]
    for _ in range(2):  # the second reading finds the same two
        reading = Reading(exact=False)
        for page in pages:
            absorb(at, page, reading)

    parked = [msgspec.json.decode(body)["reason"] for body in world.store.documents(kind).values()]
    assert sorted(parked) == ["a key that is no text", "no key"]
    assert len(operations.parked(world.open())) == 2


def test_a_batch_that_is_refused_as_a_whole_is_in_doubt_and_found_out(world: World, monkeypatch: pytest.MonkeyPatch):
    ((crm, erp),) = agreed(world)
    world.crm.edit("customers", crm, phone="+49 99")

    def refuse(batch: Batch) -> Sequence[Receipt]:
        raise RejectedError("Not like this.")

    monkeypatch.setattr(door(world, "erp"), "write", refuse)
    done = world.sync(wait=1)
    monkeypatch.undo()

    assert done.ledger.problems() == []
    world.rest()
    assert world.erp.show("partners", erp)["tel"] == "+49 99"


# --- what is due elsewhere is not waited for --------------------------------------------------------------------------


def test_what_is_due_in_a_system_that_is_down_is_not_waited_for(world: World):
    ((_crm, erp),) = agreed(world)
    hint(world.open(), world.open().flows["customers"], "erp", [erp])
    world.erp.read_fault = lambda _what: "down"
    slept = counted_sleeps(world)

    done = world.sync(wait=1)

    assert "erp" in done.paused
    assert len(slept) < 20


def test_what_is_due_in_a_flow_that_is_not_part_of_the_run_is_not_waited_for():
    world = World(CUSTOMERS + ORDERS)
    agreed(world)
    hub = world.open()
    hint(hub, hub.flows["orders"], "crm", ["nope"])
    slept = counted_sleeps(world)

    run(hub, [hub.flows["customers"]], approved=True)

    assert slept == []
    world.close()


def test_a_first_load_gives_way_to_what_is_live_and_a_later_whole_read_to_less(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.crm.add("customers", **customer(1))
    asked: list[Priority] = []
    gate = world.open().flows["customers"].sides["crm"].gate
    monkeypatch.setattr(gate, "enter", lambda priority, requests=1: asked.append(priority))

    world.sync()
    first = list(asked)
    world.sync(full=True)

    assert set(first) == {Priority.BACKFILL}
    assert set(asked[len(first) :]) == {Priority.RECONCILE}


# --- counts and states ------------------------------------------------------------------------------------------------


def test_with_a_record_that_both_sides_delete_its_open_conflict_ends(world: World):
    ((crm, erp),) = agreed(world)
    world.crm.edit("customers", crm, email="a@example.com")
    world.erp.edit("partners", erp, mail="b@example.com")
    world.sync()
    assert [one.field for one in world.store.conflicts(state=ConflictState.OPEN)] == ["email"]

    world.crm.remove("customers", crm)
    world.erp.remove("partners", erp)
    for _ in range(4):
        world.sync(full=True)

    assert world.store.conflicts(state=ConflictState.OPEN) == []
    (settled,) = [one for one in world.store.conflicts() if one.field == "email"]
    assert (settled.state, settled.kept, settled.who) == (ConflictState.RESOLVED, "ours", "system")
    assert stands(world).conflicts == 0


def test_a_record_that_cannot_be_read_is_not_counted_as_agreed(world: World):
    agreed(world, 2)
    erp = next(iter(world.erp.live("partners")))
    world.erp.edit("partners", erp, rows="garbage", tel="+49 77")

    world.sync(full=True)

    assert (stands(world).records, stands(world).agreed, stands(world).parked) == (2, 1, 1)


def test_a_record_that_a_system_must_still_be_told_of_is_waiting_even_when_no_write_is_planned(world: World):
    ((crm, _erp),) = agreed(world)
    world.crm.edit("customers", crm, phone="+49 99")
    operations.plan(world.open())
    with world.store.transaction() as tx:
        for intent in world.store.intents(IntentState.PLANNED):
            tx.update_intent(Intent(iid=intent.iid, stream=intent.stream, op=intent.op, state=IntentState.SETTLED,
                                    eids=intent.eids, cause=intent.cause))  # fmt: skip

    assert (stands(world).agreed, stands(world).waiting) == (0, 1)


def test_a_write_that_could_not_leave_is_pending_once(world: World, monkeypatch: pytest.MonkeyPatch):
    ((crm, _erp),) = agreed(world)
    world.crm.edit("customers", crm, phone="+49 99")

    def refuse(batch: Batch) -> Sequence[Receipt]:
        raise SetupError("The password is wrong.")

    monkeypatch.setattr(door(world, "erp"), "write", refuse)

    account = world.sync(wait=1).ledger.account("customers", "erp")

    assert (account.intended, account.sent[SentOutcome.PENDING]) == (1, 1)


# --- plans ------------------------------------------------------------------------------------------------------------


def test_what_was_edited_after_a_plan_is_not_sent_with_the_record_that_the_plan_creates(world: World):
    agreed(world)
    crm = world.crm.add("customers", **customer(2))
    world.clock.sleep(60)
    hub = world.open()
    plan = operations.plan(hub)
    edits = ["+49 99"]

    def edit(_item: Item) -> None:
        if edits:
            world.crm.edit("customers", crm, phone=edits.pop())
            hint(hub, hub.flows["customers"], "crm", [crm])

    world.erp.before_write = edit
    operations.apply(hub, plan.id)
    applied = {str(fields["vat"]): fields["tel"] for fields in world.erp.live("partners").values()}
    world.rest()

    assert edits == []
    assert applied == {"T1": "+49 1", "T2": "+49 2"}
    assert {fields["tel"] for fields in world.erp.live("partners").values()} == {"+49 1", "+49 99"}


def test_applying_a_plan_joins_what_it_created_as_the_plan_showed_it():
    tree = World(TREE)
    tree.sync()
    tree.crm.add("customers", **customer(1), parent="C2")
    tree.crm.add("customers", **customer(2))
    tree.clock.sleep(60)
    hub = tree.open()

    operations.apply(hub, operations.plan(hub).id)

    partners = {row["vat"]: key for key, row in tree.erp.live("partners").items()}
    assert {row["vat"]: row.get("head") for row in tree.erp.live("partners").values()} == {
        "T1": partners["T2"],
        "T2": None,
    }
    tree.close()


def test_applying_a_plan_waits_for_no_system_that_is_down(world: World):
    ((crm, erp),) = agreed(world)
    world.crm.edit("customers", crm, phone="+49 99")
    world.clock.sleep(60)
    hub = world.open()
    plan = operations.plan(hub)
    slept = counted_sleeps(world)

    def go_down(_item: Item) -> None:
        hint(hub, hub.flows["customers"], "crm", [crm])
        world.crm.read_fault = lambda _what: "down"

    world.erp.before_write = go_down
    report = operations.apply(hub, plan.id)

    assert "crm" in report.paused
    assert world.erp.show("partners", erp)["tel"] == "+49 99"
    assert len(slept) < 20


def test_a_plan_that_could_not_read_all_that_is_due_says_so(world: World, monkeypatch: pytest.MonkeyPatch):
    ((crm, _erp),) = agreed(world)
    hint(world.open(), world.open().flows["customers"], "crm", [crm])
    monkeypatch.setattr("syncline.engine.run.MOST_ROUNDS", 1)

    plan = operations.plan(world.open())

    assert any("more records of crm are to be read than one plan reads" in held for held in plan.held)


# --- one event --------------------------------------------------------------------------------------------------------


def test_a_hinted_record_is_read_and_delivered_at_once_without_a_listing(world: World):
    ((crm, erp),) = agreed(world)
    world.clock.sleep(60)
    hub = world.open()
    bound = hub.flows["customers"]
    world.crm.edit("customers", crm, phone="+49 99")
    world.clock.points.clear()

    hint(hub, bound, "crm", [crm])
    ledger = follow(hub, bound, "crm")

    assert world.erp.show("partners", erp)["tel"] == "+49 99"
    assert ledger.problems() == []
    assert ledger.account("customers", "erp").sent[SentOutcome.ACKNOWLEDGED] == 1
    assert "list.before" not in world.clock.points


def test_following_a_system_that_is_down_keeps_the_hint(world: World):
    ((crm, _erp),) = agreed(world)
    hub = world.open()
    world.crm.read_fault = lambda _what: "down"

    hint(hub, hub.flows["customers"], "crm", [crm])
    follow(hub, hub.flows["customers"], "crm")

    assert [one.key for one in world.store.hints(CRM, due=1 << 62)] == [crm]


def test_a_row_that_waits_for_others_is_judged_by_when_it_was_listed(world: World):
    ((_crm, erp),) = agreed(world)
    world.die()
    world.erp.contract = replace(world.erp.contract, effect=30.0)
    at = side(world, "erp")
    shown = at.side.connector.get(at.side.side.resource, [erp])[0]
    assert isinstance(shown, Record)
    former = shown.raw.replace(b"+49 1", b"+49 0")
    at.hub.wrote[ERP] = {at.hub.store.links(ERP, [erp])[erp].eid: at.hub.now()}
    reading = Reading(exact=False, gather=True)

    absorb(at, Page(keys=[erp], raws=[former]), reading)
    world.clock.sleep(DAY)
    reading.gather = False
    absorb(at, Page(keys=[], raws=[]), reading)

    assert former != shown.raw
    assert [one.key for one in world.store.hints(ERP, due=1 << 62)] == [erp]
    assert at.account.reads[ReadOutcome.DEFERRED] == 1


# --- cost and growth --------------------------------------------------------------------------------------------------


def test_open_questions_are_looked_up_once_until_one_changes(world: World, monkeypatch: pytest.MonkeyPatch):
    at = side(world, "erp")
    documents, asked = world.store.documents, []

    def counting(kind: str, names: Sequence[str] | None = None) -> object:
        asked.append(kind)
        return documents(kind, names)

    monkeypatch.setattr(world.store, "documents", counting)
    for _ in range(3):
        asked_there(at)
    step = begin(at.hub, "merge", entity="client")
    step.dropped_documents["ask erp client"] = ["E1"]
    commit(at.hub, at.run, step)
    asked_there(at)

    assert asked.count("ask erp client") == 2


def test_nothing_is_counted_for_a_run_that_is_approved(world: World, monkeypatch: pytest.MonkeyPatch):
    at = side(world, "erp", approved=True)
    intents = [
        Intent(iid=n, stream=ERP, op=Op.UPDATE, state=IntentState.PLANNED, eids=(n,), cause=1) for n in range(30)
    ]
    asked: list[object] = []
    monkeypatch.setattr(world.store, "links_of", lambda *given: asked.append(given) or {})

    held = held_back(at, intents)

    assert (held, asked) == ([], [])


def test_what_is_older_than_four_hundred_days_is_let_go(world: World):
    agreed(world)
    plan = operations.plan(world.open())
    first = len(run_rows(world.open(), range(1, 100)))
    world.clock.sleep(401 * DAY)

    world.sync()
    world.sync()

    assert run_rows(world.open(), range(1, first + 1)) == []
    assert len(run_rows(world.open(), range(1, 100))) == 2
    assert world.store.document("plan", plan.id) is None
    assert all(intent.cause > first for intent in world.store.intents(IntentState.SETTLED))
    world.rest()
