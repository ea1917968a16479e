"""A record is made in a system only once what it tells of meets a condition; then it is followed like any other."""

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from syncline.app import operations
from syncline.model.page import Item, Op
from tests.integration.world import CUSTOMERS, World, customer, project_of

WHEN_CONFIRMED = CUSTOMERS.replace(
    "    deletes:", "    creates: {erp: {when: {rating: [confirmed, released]}}}\n    deletes:"
)


@pytest.fixture
def make() -> Iterator[Callable[[str], World]]:
    made: list[World] = []

    def opened(text: str) -> World:
        made.append(World(text))
        return made[-1]

    yield opened
    for one in made:
        one.close()


@pytest.fixture
def world(make: Callable[[str], World]) -> World:
    return make(WHEN_CONFIRMED)


def labels(world: World) -> list[object]:
    """What the ERP holds."""
    return [row["label"] for row in world.erp.live("partners").values()]


def open_writes(world: World) -> int:
    """Owed to the ERP, as the counters say; they agree with a recount."""
    (one,) = [row for row in operations.figures(world.open()).exchange if row.system == "erp"]
    assert one.missing == 0
    return one.backlog + one.parked


def test_a_record_is_created_once_its_condition_holds_and_not_before(world):
    crm = world.crm.add("customers", **customer(1, rating="open"))
    world.crm.add("customers", **customer(2, rating="released"))
    world.rest()
    before, owed = labels(world), open_writes(world)
    world.crm.edit("customers", crm, phone="5")
    world.rest()
    edited = labels(world)
    world.crm.edit("customers", crm, rating="confirmed")
    world.rest()

    assert before == edited == ["Company 2"]
    assert owed == open_writes(world) == 0
    assert sorted(map(str, labels(world))) == ["Company 1", "Company 2"]
    assert world.erp.show("partners", next(reversed(world.erp.live("partners"))))["tel"] == "5"


def test_after_its_creation_a_record_is_followed_whatever_becomes_of_the_condition(world):
    crm = world.crm.add("customers", **customer(1, rating="confirmed"))
    world.rest()
    world.crm.edit("customers", crm, rating="open", phone="7")
    world.rest()
    (erp,) = world.erp.live("partners").values()

    assert (erp["class"], erp["tel"]) == ("open", "7")


def test_what_exists_there_already_is_linked_whatever_the_condition(world):
    crm = world.crm.add("customers", **customer(1, rating="open", phone="3"))
    erp = world.erp.add("partners", label="Company 1", vat="T1")
    world.rest()
    world.crm.edit("customers", crm, phone="4")
    world.rest()

    assert world.erp.show("partners", erp)["tel"] == "4"
    assert len(world.crm.live("customers")) == len(world.erp.live("partners")) == 1


def test_the_other_way_nothing_is_held_back(world):
    world.erp.add("partners", label="Their own", vat="T8")
    world.rest()

    assert [row["name"] for row in world.crm.live("customers").values()] == ["Their own"]


def test_one_that_meets_the_condition_no_longer_before_it_is_sent_is_not_created(world):
    world.rest()
    world.crm.add("customers", **customer(1, rating="confirmed"))
    world.erp.write_fault = lambda item: "busy:600" if item.op is Op.CREATE else ""
    world.sync()
    waited = open_writes(world)
    world.erp.write_fault = lambda _item: ""
    (crm,) = world.crm.live("customers")
    world.crm.edit("customers", crm, rating="open")
    world.clock.sleep(700)
    world.rest()

    assert waited == 1
    assert labels(world) == []
    assert not world.store.unsettled()
    assert open_writes(world) == 0


def test_a_create_in_doubt_whose_condition_is_over_is_still_looked_for(world):
    world.erp.contract = replace(world.erp.contract, effect=2.0)
    world.rest()
    crm = world.crm.add("customers", **customer(1, rating="confirmed"))
    left = ["lost-after"]
    world.erp.write_fault = lambda _item: left.pop() if left else ""
    world.sync()
    world.crm.edit("customers", crm, rating="open")
    world.rest()

    assert labels(world) == ["Company 1"]
    assert len(world.crm.live("customers")) == 1
    (erp,) = world.erp.live("partners").values()
    assert erp["class"] == "open"


def test_a_record_that_was_deleted_there_is_not_made_anew_while_the_condition_does_not_hold(make):
    world = make(WHEN_CONFIRMED.replace("deletes: {crm: propagate,", "deletes: {crm: recreate,"))
    crm = world.crm.add("customers", **customer(1, rating="confirmed"))
    world.rest()
    (erp,) = world.erp.live("partners")
    world.crm.edit("customers", crm, rating="open")
    world.rest()
    world.erp.remove("partners", erp)
    world.rest()
    while_open = labels(world)
    world.crm.edit("customers", crm, rating="confirmed")
    world.rest()

    assert while_open == []
    assert labels(world) == ["Company 1"]


def test_what_a_merger_fills_in_can_meet_the_condition(make):
    world = make(WHEN_CONFIRMED.replace("rating: [confirmed, released]", "note: go, since: s1"))
    winner = world.crm.add("customers", **customer(1, since="s1"))
    loser = world.crm.add("customers", **customer(2, note="go"))
    world.rest()
    before = labels(world)
    world.crm.merge("customers", loser, winner)
    world.rest()

    assert before == []
    assert labels(world) == ["Company 1"]


def test_creations_that_wait_for_their_condition_need_no_approval(world):
    for number in range(1, 40):
        world.crm.add("customers", **customer(number, rating="open"))
    world.crm.add("customers", **customer(90, rating="confirmed"))
    world.sync(approved=False)
    run = world.sync(approved=False)

    assert run.held == []
    assert labels(world) == ["Company 90"]


def test_a_plan_shows_no_create_that_its_condition_keeps_back(world):
    world.rest()
    world.crm.add("customers", **customer(1, rating="open"))
    world.crm.add("customers", **customer(2, rating="confirmed"))
    world.clock.sleep(60)
    plan = operations.plan(world.open())

    (item,) = plan.items
    assert (item.op, item.system, item.label) == ("create", "erp", "Company 2")


def test_the_match_stage_says_where_a_condition_decides(world):
    world.crm.add("customers", **customer(1, rating="open"))
    (report,) = operations.match(world.open())
    told = {side.system: (side.only_here, side.created_in, side.created_when) for side in report.sides}

    assert told == {"crm": (1, (), ("erp",)), "erp": (0, ("crm",), ())}


def test_nothing_that_waits_for_its_condition_counts_as_drift_or_as_waiting(world):
    world.crm.add("customers", **customer(1, rating="open"))
    world.sync()
    world.sync()
    report = operations.sync(world.open())

    assert report.agreement is not None
    assert (report.agreement.records, report.agreement.agreed, report.agreement.waiting) == (1, 1, 0)
    assert [row.unexplained for row in operations.drift(world.open())] == [()]


def test_a_condition_that_is_widened_reaches_what_waited(world):
    world.crm.add("customers", **customer(1, rating="open"))
    world.rest()
    world.project = project_of(WHEN_CONFIRMED.replace("[confirmed, released]", "[open, confirmed]"))
    world.die()
    world.rest()

    assert labels(world) == ["Company 1"]
    assert open_writes(world) == 0


def test_an_item_that_goes_nowhere_leaves_no_intent_behind(world):
    world.rest()
    world.crm.add("customers", **customer(1, rating="open"))
    world.rest()
    asked: list[Item] = world.erp.asked

    assert [item for item in asked if item.op is Op.CREATE] == []
    assert world.store.next_due() is None


# --- how many creations ask for approval ------------------------------------------------------------------------------


THREE = """\
project: acme
store: "sqlite:///:memory:"
systems:
  crm: {connector: rest, url: "http://crm.example"}
  erp: {connector: rest, url: "http://erp.example"}
  shop: {connector: rest, url: "http://shop.example"}
flows:
  customers:
    entity: client
    own: {"*": latest}
    match: [[tax]]
    systems:
      crm: {resource: rows, map: {name: name, phone: phone, tax: tax}}
      erp: {resource: rows, map: {name: name, phone: phone, tax: tax}}
      shop: {resource: rows, map: {name: name, phone: phone, tax: tax}}
"""


@pytest.mark.parametrize(("many", "asks"), [(15, 0), (30, 30)])
def test_a_creation_that_two_systems_ask_for_is_counted_once(make, many, asks):
    world = make(THREE)
    world.sync()
    for number in range(many):
        world.crm.add("rows", name=f"n{number}", phone="1", tax=f"T{number}")
        world.erp.add("rows", name=f"n{number}", phone="2", tax=f"T{number}")
    run = world.sync(approved=False)

    assert [held.split(" are ")[0] for held in run.held] == [f"customers: {asks} creations in shop"] * bool(asks)
    assert len(world.shop.live("rows")) == many - asks
