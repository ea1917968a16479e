"""First load, the match stage, and creates whose answer was lost: one record per entity, whatever happens."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from msgspec.structs import replace

from syncline.app import operations
from syncline.model.page import Item, Op, Receipt
from syncline.model.state import Stream
from tests.integration.world import CUSTOMERS, World, customer

ERP = Stream("erp", "client")


@pytest.fixture
def world() -> Iterator[World]:
    made = World(CUSTOMERS)
    yield made
    made.close()


def partner(number: int = 1, **fields: object) -> dict[str, object]:
    """A customer in the ERP's words."""
    return {
        "label": f"Company {number}",
        "tel": f"+49 {number}",
        "mail": f"{number}@example.com",
        "vat": f"T{number}",
    } | fields


def once(fault: str, op: Op) -> Callable[[Item], str]:
    """A fault of the first write of a kind."""
    left = [fault]
    return lambda item: left.pop() if item.op is op and left else ""


def in_doubt(world: World, fault: str, *, marker: bool = True, effect: float = 2.0) -> None:
    """The answer of the next create in the ERP is lost."""
    contract = replace(world.erp.contract, marker=marker, searchable=frozenset({"vat"}), effect=effect, lag=1.0)
    world.erp.contract, world.erp.lag = contract, 1_000_000
    world.erp.write_fault = once(fault, Op.CREATE)


def test_equal_records_are_linked_at_first_sight_and_none_is_created_twice(world):
    for number in range(1, 8):
        world.crm.add("customers", **customer(number))
        world.erp.add("partners", **partner(number, rating="x"))
    world.rest()

    assert len(world.crm.live("customers")) == len(world.erp.live("partners")) == 7
    assert not [item for app in world.apps.values() for item in app.asked if item.op is Op.CREATE]


def test_nothing_is_created_before_every_record_there_was_seen(world):
    world.crm.add("customers", **customer(1))
    world.erp.add("partners", **partner(1))
    world.erp.read_fault = lambda what: "broken" if what == "list" else ""
    world.sync()
    created = list(world.erp.asked)
    world.erp.read_fault = lambda _what: ""
    world.rest()

    assert not created
    assert (len(world.crm.live("customers")), len(world.erp.live("partners"))) == (1, 1)


def test_nothing_is_created_beside_a_record_that_cannot_be_understood_yet():
    world = World(CUSTOMERS.replace("credit: limit", 'credit: "limit | number"'))
    parked = world.erp.add("partners", **partner(1, limit="much"))
    for number in (1, 2):
        world.crm.add("customers", **customer(number))
    world.sync()
    before = [row["vat"] for row in world.erp.live("partners").values()]
    world.erp.edit("partners", parked, limit="5")
    world.rest()

    assert before == [row["vat"] for row in world.erp.live("partners").values()] == ["T1", "T2"]
    assert len(world.crm.live("customers")) == 2
    world.close()


def test_nothing_is_created_beside_what_is_like_a_record_that_cannot_be_understood_yet():
    world = World(CUSTOMERS.replace("credit: limit", 'credit: "limit | number"'))
    world.erp.add("partners", label="Quite A Long Name", road="Elm 1", town="Lyon", limit="much")
    for name in ("Quite A Long Name", "Other Ltd"):
        world.crm.add("customers", name=name, street="Elm 1", city="Lyon")
    world.sync()

    assert [row["label"] for row in world.erp.live("partners").values()] == ["Quite A Long Name", "Other Ltd"]
    world.close()


def test_a_likeness_links_and_a_doubtful_one_waits_for_a_person(world):
    world.crm.add("customers", name="Lavande & Fils", city="Grasse", tax=None)
    world.crm.add("customers", name="Jade River Trading", city="Wuhan", tax=None)
    world.crm.add("customers", name="Somebody Else", city="Turin", tax=None)
    world.erp.add("partners", label="Lavande & Fils", town="Grasse", vat=None)
    asked = world.erp.add("partners", label="Jade River Trading Limited Hubei", town="Wuhan", vat=None)
    world.sync()
    world.sync()
    (question,) = operations.questions(world.open())

    assert question.key == asked
    assert len(world.erp.live("partners")) == 3  # Somebody Else went over, Jade River waits
    assert len(world.crm.live("customers")) == 3


def test_an_answer_ends_the_waiting(world):
    ours = world.crm.add("customers", name="Jade River Trading", city="Wuhan", phone="1")
    asked = world.erp.add("partners", label="Jade River Trading Limited Hubei", town="Wuhan")
    world.sync()
    (question,) = operations.questions(world.open())
    operations.answer(world.open(), "customers", "erp", asked, f"#{question.candidates[0].eid}")
    world.rest()

    assert (len(world.erp.live("partners")), len(world.crm.live("customers"))) == (1, 1)
    assert world.erp.show("partners", asked)["tel"] == world.crm.show("customers", ours)["phone"] == "1"


def test_two_records_that_claim_one_entity_are_a_question(world):
    world.crm.add("customers", **customer(1))
    for _ in range(2):
        world.erp.add("partners", **partner(1))
    world.sync()

    assert len(operations.questions(world.open())) == 2
    assert not world.written


def test_links_are_sticky(world):
    crm = world.crm.add("customers", **customer(1))
    world.rest()
    (erp,) = world.erp.live("partners")
    world.crm.add("customers", **customer(2))
    world.rest()
    world.erp.edit("partners", erp, vat="T9", label="Another name")
    world.rest()

    assert world.crm.show("customers", crm)["tax"] == "T9"
    assert len(world.crm.live("customers")) == 2


@pytest.mark.parametrize("marker", [True, False])
@pytest.mark.parametrize("fault", ["lost-before", "lost-after", "late:1.5", "missing"])
def test_a_create_whose_answer_was_lost_makes_one_record(world, fault, marker):
    in_doubt(world, fault, marker=marker)
    crm = world.crm.add("customers", **customer(1))
    world.rest()
    world.crm.edit("customers", crm, phone="777")
    world.rest()

    assert [row["tel"] for row in world.erp.live("partners").values()] == ["777"]
    assert len(world.crm.live("customers")) == 1


@pytest.mark.parametrize("marker", [True, False])
def test_a_create_is_not_tried_again_before_its_doubt_is_over(world, marker):
    in_doubt(world, "late:59", marker=marker, effect=60.0)
    world.crm.add("customers", **customer(1))
    world.sync()
    tried = [item for item in world.erp.asked if item.op is Op.CREATE]
    world.sync(wait=30)

    assert [item for item in world.erp.asked if item.op is Op.CREATE] == tried
    assert len(tried) == 1
    world.rest()
    assert len(world.erp.live("partners")) == 1


@pytest.mark.parametrize("marker", [True, False])
@pytest.mark.parametrize("fault", ["lost-after", "late:50", "late:95"])
def test_what_was_deleted_while_its_create_was_in_doubt_does_not_come_back(world, fault, marker):
    in_doubt(world, fault, marker=marker, effect=100.0)
    crm = world.crm.add("customers", **customer(1))
    world.sync()
    world.crm.remove("customers", crm)
    for _ in range(4):
        world.sync(full=True)
    world.rest()

    assert not world.erp.live("partners")
    assert not world.crm.live("customers")


@pytest.mark.parametrize("marker", [True, False])
def test_a_record_that_appears_while_its_create_is_in_doubt_is_known_as_ours(world, marker):
    in_doubt(world, "lost-after", marker=marker, effect=1000.0)
    world.crm.add("customers", **customer(1))
    for _ in range(3):
        world.sync(full=True)

    assert (len(world.crm.live("customers")), len(world.erp.live("partners"))) == (1, 1)
    assert world.written == 1


@pytest.mark.parametrize("marker", [True, False])
def test_an_edit_of_a_record_whose_create_is_in_doubt_is_not_lost(world, marker):
    in_doubt(world, "lost-after", marker=marker, effect=20.0)
    crm = world.crm.add("customers", **customer(1))
    world.sync()
    (erp,) = world.erp.live("partners")
    world.erp.edit("partners", erp, tel="321")
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == "321"
    assert len(world.erp.live("partners")) == 1


def test_what_is_added_to_an_amount_of_a_record_whose_create_is_in_doubt_is_added(world):
    in_doubt(world, "lost-after", marker=True, effect=20.0)
    crm = world.crm.add("customers", **customer(1, visits=25))
    world.sync()
    (erp,) = world.erp.live("partners")
    world.erp.edit("partners", erp, visits=25 + 47)
    world.rest()

    assert world.crm.show("customers", crm)["visits"] == 25 + 47
    assert world.erp.show("partners", erp)["visits"] == 25 + 47
    assert not world.store.conflicts()


def test_two_equal_records_found_for_a_lost_create_do_not_stop_the_system(world):
    in_doubt(world, "lost-after", marker=False, effect=20.0)
    world.crm.add("customers", **customer(1))
    world.sync()
    world.erp.add("partners", **partner(1))
    world.crm.add("customers", **customer(2))
    for _ in range(3):
        this = world.sync(full=True)

    assert not this.paused
    assert {"T2"} < {row["vat"] for row in world.erp.live("partners").values()}


def test_of_two_records_that_a_lost_create_may_have_made_it_is_the_one_that_shows_what_was_sent(world):
    in_doubt(world, "late:15", marker=False, effect=20.0)
    crm = world.crm.add("customers", **customer(1))
    world.sync()
    other = world.erp.add("partners", **partner(1, label="Somebody", tel="9"))
    world.sync(full=True)
    (made,) = [key for key, kept in world.erp.tables["partners"].items() if kept.origin and key != other]
    world.erp.edit("partners", made, tel="555")
    world.sync(full=True)

    assert world.crm.show("customers", crm)["phone"] == "555"


def test_an_application_that_is_away_gets_its_records_when_it_is_back(world):
    def away(_what: str) -> str:
        return "away"

    world.sync()
    world.erp.read_fault = away
    world.erp.write_fault = lambda _item: "busy:5"
    world.crm.add("customers", **customer(1))
    world.sync()
    world.sync()
    world.erp.read_fault, world.erp.write_fault = (lambda _what: ""), (lambda _item: "")
    world.rest()

    assert len(world.erp.live("partners")) == 1


def test_a_second_hub_on_the_same_store_goes_on_counting(world):
    world.crm.add("customers", **customer(1))
    world.rest()
    world.die()
    world.crm.add("customers", **customer(2))
    this = world.sync()
    world.rest()

    assert not this.paused
    assert len(world.erp.live("partners")) == 2


def unsearchable(world: World, fault: str, *, effect: float = 20.0, incremental: bool = True) -> None:
    """The answer of the next create is lost, and the ERP cannot be asked for the record by anything it holds."""
    in_doubt(world, fault, marker=False, effect=effect)
    world.erp.contract = replace(world.erp.contract, searchable=frozenset({"road"}), incremental=incremental)
    world.die()


def later(world: World, passes: int = 4, wait: float = 60.0) -> None:
    """Ordinary passes."""
    for _ in range(passes):
        world.sync(wait=wait)


@pytest.mark.parametrize("tax", ["T1", None])
@pytest.mark.parametrize("fault", ["lost-before", "lost-after", "late:15"])
@pytest.mark.parametrize("incremental", [False, True])
def test_a_create_in_doubt_that_cannot_be_searched_for_waits_for_a_whole_listing(world, fault, tax, incremental):
    world.crm.add("customers", **customer(8))
    world.rest()
    unsearchable(world, fault, incremental=incremental)
    crm = world.crm.add("customers", **customer(1, tax=tax))
    world.sync()
    world.sync(wait=10)  # begins before a late record is there, and lasts until the doubt is over
    later(world)

    assert [row["label"] for row in world.erp.live("partners").values()] == ["Company 8", "Company 1"]
    world.crm.edit("customers", crm, phone="777")
    later(world)
    assert [row["tel"] for row in world.erp.live("partners").values()] == ["+49 8", "777"]
    assert len(world.crm.live("customers")) == 2
    assert not world.store.unsettled()


def test_a_create_in_doubt_where_the_hub_only_writes_is_listed_too(world):
    text = (
        CUSTOMERS.replace("resource: partners", "resource: partners\n        direction: to")
        .replace("own: {", "own: {credit: {owner: crm}, ")
        .replace("credit: {owner: erp}, ", "")
    )
    made = World(text)
    made.sync()
    unsearchable(made, "lost-after")
    made.crm.add("customers", **customer(1, tax=None))
    later(made)

    assert len(made.erp.live("partners")) == 1
    assert not made.store.unsettled()
    made.close()


def test_an_unsearchable_orphan_of_a_deleted_entity_is_found_by_the_listing_and_deleted(world):
    world.crm.add("customers", **customer(8))
    world.rest()
    unsearchable(world, "lost-after", effect=200.0)
    crm = world.crm.add("customers", **customer(1, tax=None))
    world.sync()
    world.crm.remove("customers", crm)
    for _ in range(6):
        world.sync(full=True)

    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T8"]


def test_a_create_in_doubt_is_searched_for_by_what_was_sent(world):
    in_doubt(world, "late:15", marker=False, effect=20.0)
    world.erp.contract = replace(world.erp.contract, incremental=True)
    world.sync()
    crm = world.crm.add("customers", **customer(1))
    world.sync()
    world.crm.edit("customers", crm, tax="T9")
    world.sync(wait=10)  # begins before the record is there, and lasts until the doubt is over
    world.rest()

    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T9"]


def test_two_creates_that_are_answered_with_one_key_are_both_in_doubt(world):
    world.sync()
    perform, keys = world.erp.perform, []

    def with_the_first_key(resource: str, item: Item) -> Receipt:
        receipt = perform(resource, item)
        keys.append(receipt.key)
        return msgspec.structs.replace(receipt, key=keys[0]) if item.op is Op.CREATE else receipt

    world.erp.perform = with_the_first_key
    for number in (1, 2):
        world.crm.add("customers", **customer(number))
    world.rest()

    made = world.erp.live("partners")
    assert len(keys) == 2
    assert sorted(str(row["vat"]) for row in made.values()) == ["T1", "T2"]
    assert {link.key for page in world.store.each_link(ERP) for link in page} == set(made)
