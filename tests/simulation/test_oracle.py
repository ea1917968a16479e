"""The oracle is believed because it sees: each promise, broken on purpose in a good history, is reported."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from syncline.model.event import Event
from syncline.model.page import Cursor, Item, Op
from syncline.simulation.application import CANARY
from syncline.simulation.history import History, play
from syncline.simulation.invariants import violations
from syncline.simulation.past import HUB, Kept
from syncline.simulation.script import Deed, Habits, Passing, Script
from syncline.simulation.shape import TOKENS, Kind, reference
from syncline.simulation.world import World


def text(number: int) -> str:
    return str(TOKENS[Kind.TEXT](number))


CUSTOMER = {
    "name": text(11), "phone": text(12), "email": text(13), "credit": "9.5", "rating": text(14), "visits": 3,
    "tags": {"put": "g1"}, "note": text(15), "since": text(16), "street": text(17), "city": text(18),
}  # fmt: skip
BEFORE = [
    Deed(op="add", system="crm", flow="customers", who=1, fields=CUSTOMER),
    Deed(op="add", system="crm", flow="customers", who=2, fields={"name": text(21)}),
    Deed(op="add", system="crm", flow="orders", who=3, fields={"customer": 1, "status": text(31), "comment": text(32)}),
]
CALM = [Passing(wait=100.0, full=True) for _ in range(4)]
LATER = [
    Deed(
        op="edit",
        system="crm",
        flow="customers",
        who=1,
        fields={"phone": text(41), "street": text(42), "city": text(43)},
    ),
    Deed(op="edit", system="erp", flow="customers", who=1, fields={"note": text(44)}),
]
SCRIPT = Script(
    seed=1, calm=True, flows=["customers", "orders"], systems={name: Habits() for name in ("crm", "erp", "shop")},
    before=BEFORE, passes=[*CALM, Passing(wait=100.0, full=True, deeds=[(10_000, deed) for deed in LATER]), *CALM],
)  # fmt: skip


@pytest.fixture
def history() -> History:
    return play(SCRIPT, reference())


def kept(world: World, system: str, flow: str = "customers", who: int = 1) -> Kept:
    found = world.people.find(system, flow, who)
    assert found is not None
    return found


def hub_writes(world: World, system: str, flow: str = "customers", who: int = 1, **values: object) -> None:
    """As if the hub had written canonical values."""
    record = kept(world, system, flow, who)
    fields = record.side.words(values, record.last.fields)
    world.apps[system].perform(record.side.resource, Item(ref=1, op=Op.UPDATE, key=record.key, fields=fields))


def edits(world: World, system: str, who: int = 1, **values: object) -> None:
    assert world.people.do(Deed(op="edit", system=system, flow="customers", who=who, fields=values))


def lost_edit(history: History) -> None:
    edits(history.world, "crm", phone=text(50))
    hub_writes(history.world, "crm", phone=text(12))


def lost_amount(history: History) -> None:
    edits(history.world, "erp", visits=5)
    hub_writes(history.world, "erp", visits="3")


def lost_member(history: History) -> None:
    edits(history.world, "erp", tags={"put": "g9"})
    hub_writes(history.world, "erp", tags=["g1"])


def doubled(history: History) -> None:
    record = kept(history.world, "erp")
    item = Item(ref=1, op=Op.CREATE, fields={"vat": (record.last.fields or {})["vat"]})
    history.world.apps["erp"].perform("partners", item)


def apart(history: History) -> None:
    hub_writes(history.world, "erp", phone=text(12))


def echoed(history: History) -> None:
    history.echoes = 2


def leaked_from_a_stranger(history: History) -> None:
    edits(history.world, "erp", name=text(51))
    hub_writes(history.world, "shop", name=text(51))


def cursor_back(history: History) -> None:
    history.world.doors["crm"].asked += [("customers", Cursor(stamp=9)), ("customers", Cursor(stamp=8))]


def out_of_nothing(history: History) -> None:
    history.world.apps["erp"].perform("partners", Item(ref=9, op=Op.CREATE, fields={"vat": text(99)}))


def never_settled(history: History) -> None:
    history.settled = 0


def slow(history: History) -> None:
    history.last_settled = 9


def invented_delete(history: History) -> None:
    record = kept(history.world, "shop", who=2)
    history.world.apps["shop"].perform("accounts", Item(ref=2, op=Op.DELETE, key=record.key))


def gone_everywhere(history: History) -> None:
    for app in history.world.apps.values():
        record = kept(history.world, app.name, who=2)
        app.keep(record, None, HUB, frozenset())


def lost_delete(history: History) -> None:
    assert history.world.people.do(Deed(op="remove", system="erp", flow="customers", who=2))


def silent_clash(history: History) -> None:
    edits(history.world, "crm", phone=text(52))
    edits(history.world, "erp", phone=text(53))


def leaked_normalisation(history: History) -> None:
    hub_writes(history.world, "erp", phone=text(41).upper())


def out_of_bounds(history: History) -> None:
    record = kept(history.world, "erp")
    item = Item(ref=1, op=Op.UPDATE, key=record.key, fields={"internal": "mine"})
    history.world.apps["erp"].perform("partners", item)


def out_of_order(history: History) -> None:
    hub_writes(history.world, "erp", phone=text(12))


def wrong_parent(history: History) -> None:
    hub_writes(history.world, "erp", "orders", 3, customer=kept(history.world, "erp", who=2).key)


def torn_group(history: History) -> None:
    hub_writes(history.world, "erp", street=text(17), city=text(43))


def other_ending(history: History) -> None:
    for app in history.world.apps.values():
        record = kept(history.world, app.name, who=2)
        app.keep(record, {**(record.last.fields or {}), **record.side.words({"name": text(54)})}, HUB, frozenset())


def told_a_value(history: History) -> None:
    history.world.heard.append(Event(kind="paused", flow="customers", system="crm", message=f"no {text(12)}"))


def told_the_unmapped(history: History) -> None:
    history.world.heard.append(Event(kind="paused", flow="customers", system="crm", message=CANARY))


def emptied_what_is_kept(history: History) -> None:
    hub_writes(history.world, "erp", note="")


def emptied_by_nobody(history: History) -> None:
    hub_writes(history.world, "erp", phone=None)


def written_during_a_pause(history: History) -> None:
    now = history.world.env.at
    history.world.doors["erp"].pauses.append((now, now + 5))
    history.world.doors["erp"].sent.append(now + 2)


def left_out(history: History) -> None:
    told = history.world.told[-1]
    history.world.told[-1] = told._replace(report=replace(told.report, paused={"crm": "no reason"}))


def created_again(history: History) -> None:
    assert history.world.people.do(Deed(op="remove", system="erp", flow="customers", who=2))
    history.world.apps["shop"].perform("accounts", Item(ref=9, op=Op.CREATE, fields={"vat_id": text(2)}))


def hub_failed(history: History) -> None:
    history.failed = "IndexError"


SEEDED: dict[Callable[[History], None], str] = {
    lost_edit: "I1", lost_amount: "I1", lost_member: "I1", doubled: "I2", apart: "I3", wrong_parent: "I14",
    echoed: "I4", leaked_from_a_stranger: "I5", cursor_back: "I6", out_of_nothing: "I7", hub_failed: "I7",
    never_settled: "I8", slow: "I8", invented_delete: "I9", gone_everywhere: "I9", lost_delete: "I9",
    silent_clash: "I10", leaked_normalisation: "I11", out_of_bounds: "I12", out_of_order: "I13",
    created_again: "I9", emptied_what_is_kept: "I5", emptied_by_nobody: "I11", written_during_a_pause: "I15",
    left_out: "I8", torn_group: "I16", other_ending: "I17", told_a_value: "I18", told_the_unmapped: "I18",
}  # fmt: skip


def reported(history: History) -> set[str]:
    found = {one.invariant.split(" ")[0] for one in violations(history)[0]}
    history.world.close()
    return found


def test_a_history_that_keeps_every_promise_breaks_none(history: History):
    assert reported(history) == set()


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: seeded.__name__)
def test_a_broken_promise_is_reported(seeded: Callable[[History], None], history: History):
    seeded(history)

    assert SEEDED[seeded] in reported(history)


def test_every_promise_is_broken_once():
    assert set(SEEDED.values()) == {f"I{number}" for number in range(1, 19)}
