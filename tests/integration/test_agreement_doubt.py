"""Updates whose fate is unknown, stale versions, batches, budgets and breakers: the right end, and no echo."""

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from syncline.app import operations
from syncline.engine.event import hint
from syncline.engine.limits import OPEN_AFTER
from syncline.model.contract import BatchShape, Limits, Locking, ReadBack
from syncline.model.ledger import SentOutcome
from syncline.model.page import Item
from syncline.model.state import ConflictState, UnsettledState
from tests.integration.world import CUSTOMERS, FAR, World, customer


@pytest.fixture
def world() -> Iterator[World]:
    made = World(CUSTOMERS)
    yield made
    made.close()


def agree(world: World, count: int = 1, **fields: object) -> list[tuple[str, str]]:
    """Customers that both systems hold: (key in the CRM, key in the ERP)."""
    crm = [world.crm.add("customers", **customer(number, **fields)) for number in range(1, count + 1)]
    world.rest()
    erp = {row["vat"]: key for key, row in world.erp.live("partners").items()}
    return [(key, erp[f"T{number}"]) for number, key in enumerate(crm, 1)]


def first(*faults: str) -> Callable[[Item], str]:
    """Faults of the next writes."""
    left = list(faults)
    return lambda _item: left.pop(0) if left else ""


def slow(world: World, *, effect: float = 100.0, settle: float = 0.0, locking: Locking = Locking.NONE) -> None:
    """The ERP has no locking, and requests to it may take effect long after."""
    world.erp.contract = replace(world.erp.contract, effect=effect, settle=settle, locking=locking)
    world.erp.get_lag = int(settle * 1e6)
    world.die()


@pytest.mark.parametrize("locking", list(Locking))
@pytest.mark.parametrize("fault", ["lost-before", "lost-after", "late:90", "missing"])
def test_an_update_in_doubt_comes_to_the_right_end(world, fault, locking):
    ((crm, erp),) = agree(world)
    slow(world, locking=locking)
    world.erp.write_fault = first(fault)
    world.crm.edit("customers", crm, phone="111")
    world.rest()

    assert world.erp.show("partners", erp)["tel"] == world.crm.show("customers", crm)["phone"] == "111"
    assert not world.crm.writes


@pytest.mark.parametrize("locking", list(Locking))
@pytest.mark.parametrize("fault", ["lost-after", "late:90"])
def test_our_own_write_that_lands_late_brings_no_old_value_back(world, fault, locking):
    ((crm, erp),) = agree(world)
    slow(world, locking=locking)
    world.erp.write_fault = first(fault)
    world.crm.edit("customers", crm, phone="111")
    world.sync(wait=1)
    world.crm.edit("customers", crm, phone="222")
    world.sync(wait=50)
    world.sync(wait=45)
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("partners", erp)["tel"] == "222"
    assert not world.store.conflicts()
    assert not world.crm.writes


@pytest.mark.parametrize("locking", list(Locking))
def test_a_person_s_edit_while_our_update_is_in_doubt_is_not_lost(world, locking):
    ((crm, erp),) = agree(world)
    slow(world, locking=locking)
    world.erp.write_fault = first("lost-after")
    world.crm.edit("customers", crm, phone="111")
    world.sync(wait=1)
    world.erp.edit("partners", erp, tel="333", label="Renamed")
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("partners", erp)["tel"] == "333"
    assert world.crm.show("customers", crm)["name"] == "Renamed"


@pytest.mark.parametrize("fault", ["lost-before", "lost-after"])
def test_what_is_added_while_our_amount_is_in_doubt_is_asked_about(world, fault):
    ((crm, erp),) = agree(world, visits=19)
    slow(world)
    world.erp.write_fault = first(fault)
    world.crm.edit("customers", crm, visits=54)
    world.sync(wait=1)
    world.erp.edit("partners", erp, visits=113)
    world.rest()
    (asked,) = world.store.conflicts(state=ConflictState.OPEN)
    operations.resolve(world.open(), asked.cid, "value", value=113)
    world.rest()

    assert asked.field == "visits"
    assert str(world.crm.show("customers", crm)["visits"]) == str(world.erp.show("partners", erp)["visits"]) == "113"


def test_a_delete_while_an_update_is_in_doubt_is_carried_on(world):
    ((crm, _),) = agree(world)
    slow(world)
    world.erp.write_fault = first("lost-after")
    world.crm.edit("customers", crm, phone="111")
    world.sync(wait=1)
    world.crm.remove("customers", crm)
    world.rest()

    assert not world.erp.live("partners")
    assert not world.crm.live("customers")


def test_an_edit_while_a_delete_is_in_doubt_wins(world):
    ((crm, erp),) = agree(world)
    slow(world)
    world.erp.write_fault = first("lost-before")
    world.crm.remove("customers", crm)
    world.sync(wait=1)
    world.sync(wait=1)
    world.erp.edit("partners", erp, tel="444")
    world.rest()

    assert world.erp.show("partners", erp)["tel"] == "444"
    assert [row["phone"] for row in world.crm.live("customers").values()] == ["444"]


def test_a_stale_version_is_read_again_and_both_edits_stand(world):
    ((crm, erp),) = agree(world)
    edits = iter([lambda: world.erp.edit("partners", erp, label="In between")])

    def in_between(_item: Item) -> None:
        next(edits, lambda: None)()

    world.erp.before_write = in_between
    world.crm.edit("customers", crm, phone="111")
    world.rest()

    assert world.erp.show("partners", erp) | {"label": "In between", "tel": "111"} == world.erp.show("partners", erp)
    assert world.crm.show("customers", crm)["name"] == "In between"


def test_without_locking_the_record_is_read_first_and_an_edit_of_the_same_field_is_seen(world):
    ((crm, erp),) = agree(world)
    slow(world, effect=0.0)
    world.crm.edit("customers", crm, phone="111")
    world.clock.sleep(5)
    world.apps["erp"].read_fault = lambda what: _edit_once(world, erp) if what == "list" else ""
    run = world.sync()
    world.apps["erp"].read_fault = lambda _what: ""
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("partners", erp)["tel"] == "999"
    assert run.ledger.accounts["customers", "erp"].window > 0


def _edit_once(world: World, erp: str) -> str:
    """Somebody edits right after the listing was taken."""
    if world.erp.show("partners", erp)["tel"] != "999":
        world.erp.edit("partners", erp, tel="999")
    return ""


@pytest.mark.parametrize("back", [ReadBack.GET, ReadBack.BODY])
def test_a_get_that_lags_behind_our_write_is_no_edit(world, back):
    ((crm, erp),) = agree(world)
    world.erp.contract = replace(world.erp.contract, settle=2.0, locking=Locking.NONE, read_back=back)
    world.erp.get_lag = 2_000_000
    world.die()
    for number in range(4):
        world.crm.edit("customers", crm, phone=str(number))
        world.sync(wait=1)
        _hint(world, erp)
        world.sync(wait=0)
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("partners", erp)["tel"] == "3"
    assert not world.crm.writes


def _hint(world: World, key: str) -> None:
    """A webhook tells of our own write."""
    hub = world.open()
    hint(hub, hub.flows["customers"], "erp", [key])


def test_an_item_without_a_receipt_is_in_doubt_and_the_rest_of_the_batch_is_done(world):
    pairs = agree(world, 3)
    slow(world, effect=10.0)
    world.erp.write_fault = lambda item: "missing" if item.key == pairs[1][1] and world.clock.at < 125_000_000 else ""
    for number, (crm, _) in enumerate(pairs):
        world.crm.edit("customers", crm, phone=f"9{number}")
    run = world.sync(wait=0)
    account = run.ledger.accounts["customers", "erp"]
    world.erp.write_fault = lambda _item: ""
    world.rest()

    assert account.sent[SentOutcome.ACKNOWLEDGED] >= 2
    assert [world.erp.show("partners", erp)["tel"] for _, erp in pairs] == ["90", "91", "92"]


def test_of_an_atomic_batch_only_the_refused_record_is_parked(world):
    pairs = agree(world, 6)
    world.erp.contract = replace(world.erp.contract, batch=BatchShape(size=20, atomic=True))
    world.die()
    world.erp.refuses = lambda fields: "no" if fields.get("tel") == "92" else ""
    for number, (crm, _) in enumerate(pairs):
        world.crm.edit("customers", crm, phone=f"9{number}")
    world.rest()

    assert [world.erp.show("partners", erp)["tel"] for _, erp in pairs] == ["90", "91", "+49 3", "93", "94", "95"]
    assert len(world.store.unsettled(state=UnsettledState.PARKED)) == 1


def test_a_refused_record_is_parked_alone_and_tried_again_when_it_was_edited(world):
    pairs = agree(world, 3)
    world.erp.refuses = lambda fields: "no letters" if fields.get("tel") == "abc" else ""
    for (crm, _), phone in zip(pairs, ["1", "abc", "3"], strict=True):
        world.crm.edit("customers", crm, phone=phone)
    world.rest()
    parked = len(world.store.unsettled(state=UnsettledState.PARKED))
    tried = len(world.erp.asked)
    world.rest()
    again = len(world.erp.asked) - tried
    world.crm.edit("customers", pairs[1][0], phone="2")
    world.rest()

    assert (parked, again) == (1, 0)
    assert [world.erp.show("partners", erp)["tel"] for _, erp in pairs] == ["1", "2", "3"]
    assert not world.store.unsettled()


def test_nothing_is_sent_before_the_time_that_a_system_asked_for(world):
    ((crm, erp),) = agree(world)
    times: list[float] = []
    world.erp.before_write = lambda _item: times.append(world.clock.monotonic())
    world.erp.write_fault = first("busy:40")
    world.crm.edit("customers", crm, phone="111")
    for _ in range(10):
        world.sync(wait=5)
    world.rest()

    assert world.erp.show("partners", erp)["tel"] == "111"
    assert times[1] - times[0] >= 40


def test_a_breaker_opens_after_failures_and_lets_one_through_later(world):
    ((crm, erp),) = agree(world)
    tries: list[float] = []

    def down(_what: str) -> str:
        tries.append(world.clock.monotonic())
        return "down"

    world.erp.read_fault = down
    for _ in range(2):
        run = world.sync(wait=0)
    opened = len(tries)
    paused = dict(run.paused)
    world.sync(wait=0)
    world.erp.read_fault = lambda _what: ""
    world.crm.edit("customers", crm, phone="111")
    world.rest()

    assert opened >= OPEN_AFTER
    assert "erp" in paused
    assert world.erp.show("partners", erp)["tel"] == "111"


@pytest.mark.parametrize("burst", [1, 2, 10])
def test_a_small_budget_slows_down_and_never_stops(world, burst):
    world.erp.contract = replace(world.erp.contract, limits=Limits(per_second=5.0, burst=burst))
    for number in range(1, 4):
        world.crm.add("customers", **customer(number))
    world.rest()

    assert len(world.erp.live("partners")) == 3


@pytest.mark.parametrize("what", ["creates", "deletes", "blanks"])
def test_a_plan_that_is_too_large_waits_for_approval(world, what):
    pairs = agree(world, 30)
    if what == "creates":
        for number in range(100, 130):
            world.crm.add("customers", **customer(number))
    for crm, _ in pairs[:25]:
        if what == "blanks":
            world.crm.edit("customers", crm, phone="")
    if what == "deletes":
        for crm, _ in pairs[:25]:
            world.crm.remove("customers", crm)
    before = world.written
    runs = [world.sync(full=True, approved=False) for _ in range(3)]
    held = world.written - before
    world.rest()

    assert any(run.held for run in runs)
    assert held == 0
    assert world.written - before == (30 if what == "creates" else 25)


def test_what_a_late_write_left_is_known_as_ours_by_the_decision_alone(world):
    world.erp.contract = replace(world.erp.contract, incremental=True)
    (crm, erp), (_, other) = agree(world, 2)
    world.erp.edit("partners", other, label="Moves the cursor on")
    world.sync()
    slow(world)
    world.erp.write_fault = first("late:90")
    world.erp.lag = 1
    world.clock.chance.randint = lambda _low, _high: FAR  # type: ignore[method-assign]  no listing shows it
    world.crm.edit("customers", crm, phone="111")
    world.sync(wait=1)
    world.crm.edit("customers", crm, phone="222")
    world.sync(wait=50)
    world.sync(wait=60)
    world.sync(wait=60)

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("partners", erp)["tel"] == "222"
    assert not [item for _, item in world.crm.writes if "phone" in item.fields]


def test_a_doubt_lasts_from_when_the_answer_was_given_up(world):
    agree(world)
    slow(world)
    waits = iter([60.0])  # an exchange may last much longer than it takes to send
    world.erp.before_write = lambda _item: world.clock.sleep(next(waits, 0.0))
    world.erp.write_fault = first("late:90")
    world.crm.add("customers", **customer(2))
    for _ in range(15):
        world.sync(wait=15.0)
    world.rest()

    assert [row["vat"] for row in world.erp.live("partners").values()].count("T2") == 1
