"""Edits that look like something else, mappings that change, clocks that differ: nothing is lost, nothing is silent."""

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from syncline.app import operations
from syncline.model.contract import ReadBack
from syncline.model.page import Item, Op, Outcome, Receipt
from syncline.model.report import ConflictRow
from syncline.model.state import ConflictState, UnsettledState
from tests.integration.world import CUSTOMERS, HUB, SECOND, Application, Crash, World, customer, project_of

TO_THE_ERP = CUSTOMERS.replace("resource: partners", "resource: partners\n        direction: to").replace(
    ", credit: {owner: erp}", ""
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
    return make(CUSTOMERS)


def agree(world: World, **fields: object) -> tuple[str, str]:
    """One customer that both systems hold."""
    crm = world.crm.add("customers", **customer(**fields))
    world.rest()
    (erp,) = world.erp.live("partners")
    return crm, erp


def habit(world: World, app: Application, **facts: object) -> None:
    """The application is found to be otherwise than it was declared."""
    app.contract = replace(app.contract, **facts)
    world.die()
    world.rest()


def without_notes(text: str, *, of: str) -> str:
    """The project before it knew of notes, in one system or in both."""
    changed = text.replace("note: note, ", "").replace("  note: note,", "  ") if "crm" in of else text
    changed = changed.replace("note: memo, ", "") if "erp" in of else changed
    return changed.replace("empty: {note: keep, since", "empty: {since")


def remap(world: World, text: str) -> None:
    """The mapping is corrected, and the hub started anew."""
    world.project = project_of(text)
    world.die()


def open_conflict(world: World) -> ConflictRow:
    (found,) = operations.conflicts(world.open())
    return found


# --- mappings that change ---------------------------------------------------------------------------------------------


def test_a_field_that_is_added_to_both_mappings_reaches_records_that_nobody_edits(make):
    world = make(without_notes(CUSTOMERS, of="crm erp"))
    _, erp = agree(world, note="hello")
    remap(world, CUSTOMERS)
    world.sync()

    assert world.erp.show("partners", erp)["memo"] == "hello"


def test_a_field_that_a_mapping_gains_is_filled_there_and_empties_nothing_elsewhere(make):
    text = CUSTOMERS.replace("empty: {note: keep, since", "empty: {since")
    world = make(without_notes(text, of="erp"))
    crm, erp = agree(world, note="hello")
    world.erp.edit("partners", erp, memo=None)
    world.clock.sleep(60)
    world.rest()
    remap(world, text)
    world.rest()

    assert world.crm.show("customers", crm)["note"] == world.erp.show("partners", erp)["memo"] == "hello"
    assert not world.store.conflicts()


def test_a_corrected_converter_reaches_records_that_nobody_edits(make):
    world = make(CUSTOMERS)
    _, erp = agree(world, name="  Spaced  ")
    remap(world, CUSTOMERS.replace("name: name", 'name: "name | trim"'))
    world.rest()

    assert world.erp.show("partners", erp)["label"] == "Spaced"


IN_CRM = "lines: {each: lines, key: no, map: {no: no, qty: qty, text: text}}"
IN_ERP = "lines: {each: rows, key: no, map: {no: no, qty: qty, text: text}}"
HELLO = [{"no": 1, "qty": 2, "text": "hello"}, {"no": 2, "qty": 3, "text": "two"}]


def without_text(*places: str) -> str:
    """The project before it knew of the text of lines, in one system or in both."""
    text = CUSTOMERS
    for place in places:
        text = text.replace(place, place.replace(", text: text", ""))
    return text


def test_a_field_of_lines_that_is_added_to_both_mappings_reaches_records_that_nobody_edits(make):
    world = make(without_text(IN_CRM, IN_ERP))
    _, erp = agree(world, lines=HELLO)
    remap(world, CUSTOMERS)
    world.rest()

    assert world.erp.show("partners", erp)["rows"] == HELLO
    assert not world.store.conflicts()


@pytest.mark.parametrize("blank", [{}, {"text": None}, {"text": ""}])
def test_a_field_of_lines_that_a_mapping_gains_is_filled_there_and_empties_nothing_elsewhere(make, blank):
    world = make(without_text(IN_ERP))
    crm, erp = agree(world, lines=HELLO)
    world.erp.edit("partners", erp, rows=[{"no": 1, "qty": 2, **blank}, {"no": 2, "qty": 3}])
    world.rest()
    remap(world, CUSTOMERS)
    world.rest()

    assert world.crm.show("customers", crm)["lines"] == world.erp.show("partners", erp)["rows"] == HELLO


def test_a_field_of_lines_that_is_read_from_elsewhere_is_filled_there(make):
    world = make(CUSTOMERS)
    crm, erp = agree(world, lines=HELLO)
    remap(world, CUSTOMERS.replace(IN_ERP, IN_ERP.replace("text: text", "text: memo")))
    world.rest()

    assert world.crm.show("customers", crm)["lines"] == HELLO
    assert [line["memo"] for line in world.erp.show("partners", erp)["rows"]] == ["hello", "two"]


def test_another_value_in_a_field_of_lines_that_a_mapping_gains_is_a_rival_and_is_logged(make):
    world = make(without_text(IN_ERP))
    crm, erp = agree(world, lines=HELLO)
    world.erp.edit("partners", erp, rows=[{"no": 1, "qty": 2, "text": "else"}, {"no": 2, "qty": 3}])
    world.rest()
    remap(world, CUSTOMERS)
    world.rest()

    ours, theirs = world.crm.show("customers", crm)["lines"], world.erp.show("partners", erp)["rows"]
    assert ours == theirs
    assert [one.field for one in world.store.conflicts()] == ["lines"]


def test_an_edit_of_another_field_of_a_line_made_meanwhile_stands(make):
    world = make(without_text(IN_ERP))
    crm, erp = agree(world, lines=HELLO)
    world.erp.edit("partners", erp, rows=[{"no": 1, "qty": 9}, {"no": 2, "qty": 3}])
    remap(world, CUSTOMERS)
    world.rest()

    wanted = [{"no": 1, "qty": 9, "text": "hello"}, {"no": 2, "qty": 3, "text": "two"}]
    assert world.crm.show("customers", crm)["lines"] == world.erp.show("partners", erp)["rows"] == wanted


OTHER_RESOURCE = CUSTOMERS.replace("resource: partners", "resource: companies")


def test_records_of_another_resource_are_looked_at_anew_and_rivals_are_logged(make):
    world = make(CUSTOMERS)
    crm, erp = agree(world)
    world.erp.tables["companies"] = world.erp.tables.pop("partners")
    versions = world.erp.tables["companies"][erp].versions
    versions[-1] = versions[-1]._replace(fields={**versions[-1].fields, "tel": "+49 7"})
    world.erp.contract = replace(world.erp.contract, incremental=True)
    remap(world, OTHER_RESOURCE)
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("companies", erp)["tel"]
    assert "phone" in [one.field for one in world.store.conflicts()]


def test_what_another_resource_does_not_show_waits_for_a_person_and_is_made_there(make):
    world = make(CUSTOMERS)
    crm, _ = agree(world)
    world.erp.tables["companies"] = {}
    remap(world, OTHER_RESOURCE)
    runs = [world.sync(full=True, approved=False) for _ in range(3)]
    kept = list(world.crm.live("customers"))
    world.settle()

    assert kept == [crm]
    assert all("another resource than before" in run.held[0] for run in runs)
    assert [row["vat"] for row in world.erp.live("companies").values()] == ["T1"]  # once a person has agreed
    assert list(world.crm.live("customers")) == [crm]


def test_a_field_that_a_system_gains_which_is_only_written_to_is_sent(make):
    world = make(without_notes(TO_THE_ERP, of="erp"))
    _, erp = agree(world, note="hello")
    remap(world, TO_THE_ERP)
    world.sync()

    assert world.erp.show("partners", erp)["memo"] == "hello"


def test_a_crash_while_records_are_marked_for_another_look_loses_nothing(make):
    world = make(without_notes(CUSTOMERS, of="crm erp"))
    _, erp = agree(world, note="hello")
    remap(world, CUSTOMERS)
    world.clock.points.clear()
    world.clock.crash_at = 1
    with pytest.raises(Crash, match=r"remap\.before_commit"):
        world.open()
    world.clock.crash_at = 0
    world.die()
    world.sync()

    assert world.erp.show("partners", erp)["memo"] == "hello"


def test_a_mapping_that_did_not_change_costs_no_reading_and_no_writing(world):
    agree(world)
    before = world.written
    world.die()
    stream = world.open().flows["customers"].sides["erp"].stream
    links = [link.fingerprint for page in world.store.each_link(stream) for link in page]

    assert all(links)
    assert world.written == before


# --- what looks like our own write ------------------------------------------------------------------------------------


def shorten_in_doubt(world: World) -> tuple[str, str]:
    """The answer to our write is lost, and before it is read again a person shortens what we wrote."""
    crm, erp = agree(world)
    habit(world, world.erp, effect=100.0)
    faults = ["lost-after"]
    world.erp.write_fault = lambda _item: faults.pop() if faults else ""
    world.crm.edit("customers", crm, name="Acme GmbH and Company")
    world.sync(wait=1)
    world.erp.edit("partners", erp, label="Acme GmbH")
    world.rest()
    return crm, erp


def test_an_edit_that_looks_like_a_normaliser_which_nobody_knows_is_kept_in_the_log(world):
    crm, _ = shorten_in_doubt(world)
    (row,) = operations.conflicts(world.open(), every=True)

    assert (row.field, row.state, row.kept, row.rule) == ("name", "auto", "ours", "NORMALISER_UNKNOWN")
    assert (row.ours, row.theirs) == (("Acme GmbH and Company",), ("Acme GmbH",))
    assert world.crm.show("customers", crm)["name"] == "Acme GmbH and Company"


def test_a_normaliser_that_was_seen_before_in_this_field_is_no_conflict(world):
    world.erp.stores["label"] = lambda value: str(value).upper()
    keys = [world.crm.add("customers", **customer(number)) for number in range(1, 4)]
    world.rest()
    first = [one.field for one in world.store.conflicts()]
    habit(world, world.erp, effect=100.0)
    faults = ["lost-after"]
    world.erp.write_fault = lambda _item: faults.pop() if faults else ""
    world.crm.edit("customers", keys[0], name="New name")
    world.rest()

    assert first == ["name"]  # the first sample alone
    assert [one.field for one in world.store.conflicts()] == first
    assert world.crm.show("customers", keys[0])["name"] == "New name"


# --- conflicts that are decided ---------------------------------------------------------------------------------------


def test_an_open_conflict_shows_the_canon_of_now_and_keeps_what_was_shown(world):
    crm, erp = agree(world)
    world.crm.edit("customers", crm, email="a@x")
    world.erp.edit("partners", erp, mail="b@x")
    world.sync()
    world.crm.edit("customers", crm, email="c@x")
    world.sync()
    shown = open_conflict(world)
    after = operations.resolve(world.open(), shown.cid, "theirs", agreed=shown.agreed)
    world.rest()

    assert (shown.ours, shown.theirs) == (("c@x",), ("b@x",))
    assert after.ours == ("c@x",)
    assert world.crm.show("customers", crm)["email"] == world.erp.show("partners", erp)["mail"] == "b@x"


# --- clocks -----------------------------------------------------------------------------------------------------------


def test_within_the_skew_of_the_clocks_latest_asks_the_rank(make):
    world = make(CUSTOMERS.replace("resource: customers", "resource: customers\n        rank: 1"))
    crm, erp = agree(world)
    habit(world, world.erp, skew=300.0)
    world.erp.edit("partners", erp, tel="erp first")
    versions = world.erp.tables["partners"][erp].versions
    versions[-1] = versions[-1]._replace(at=versions[-1].at + 120 * SECOND)  # its clock is two minutes ahead
    world.clock.sleep(30)
    world.crm.edit("customers", crm, phone="crm later")
    world.clock.sleep(200)
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("partners", erp)["tel"] == "crm later"


def archive_ahead(app: Application, ahead: int) -> None:
    """An archived record stays in the list, stamped by a clock that is ahead."""
    perform = app.perform

    def performed(resource: str, item: Item) -> Receipt:
        if item.op is not Op.ARCHIVE:
            return perform(resource, item)
        app.writes.append((app.clock.at, item))
        app._change(resource, item.key, {"active": False}, HUB)
        versions = app.tables[resource][item.key].versions
        versions[-1] = versions[-1]._replace(at=versions[-1].at + ahead)
        return Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)

    app.perform = performed


def test_an_archived_record_of_a_fast_clock_is_no_new_record_when_its_entity_lives_again(make):
    world = make(CUSTOMERS.replace("erp: propagate}", "erp: archive}"))
    crm, _ = agree(world)
    habit(world, world.erp, skew=5.0, read_back=ReadBack.GET)
    archive_ahead(world.erp, 2 * SECOND)
    world.crm.remove("customers", crm)
    for _ in range(3):
        world.sync(full=True)
    world.crm.restore("customers", crm)
    for _ in range(4):
        world.sync(full=True)

    assert list(world.crm.live("customers")) == [crm]
    assert len(world.erp.live("partners")) == 2  # the archived one, and the new one


def test_a_record_that_is_restored_in_a_system_without_stamps_lives_again(world):
    crm, _ = agree(world)
    habit(world, world.crm, stamped=False)
    world.crm.remove("customers", crm)
    world.rest()
    world.clock.sleep(100)
    world.crm.restore("customers", crm)
    world.crm.edit("customers", crm, phone="back")
    world.rest()

    assert [row["tel"] for row in world.erp.live("partners").values()] == ["back"]


def test_a_record_that_was_archived_in_a_system_without_stamps_stays_dead_although_it_is_listed(make):
    world = make(CUSTOMERS.replace("erp: propagate}", "erp: archive}"))
    crm, _ = agree(world)
    habit(world, world.erp, stamped=False, read_back=ReadBack.GET)
    archive_ahead(world.erp, 0)
    world.crm.remove("customers", crm)
    world.rest()

    assert not world.crm.live("customers")


# --- merges and refusals ----------------------------------------------------------------------------------------------


def test_what_the_loser_of_a_merge_held_otherwise_is_kept_in_the_log(world):
    crm, _ = agree(world, street="Mill Lane", city="Bonn")
    other = world.crm.add("customers", **customer(2, street="High Street", city="Metz"))
    world.rest()
    world.crm.merge("customers", crm, other)
    world.rest()
    found = world.store.conflicts(state=ConflictState.AUTO)
    rows = {one.field: one for one in operations.conflicts(world.open(), every=True) if one.state == "auto"}

    assert sorted(one.field for one in found) == ["address", "email", "name", "phone", "tax"]
    assert (rows["phone"].ours, rows["phone"].theirs, rows["phone"].kept) == (("+49 2",), ("+49 1",), "ours")
    assert rows["address"].theirs == ("Mill Lane", "Bonn")


def test_a_parked_write_whose_reason_went_away_waits_for_nobody(world):
    crm, _ = agree(world)
    world.erp.refuses = lambda fields: "no" if fields.get("tel") == "bad" else ""
    world.crm.edit("customers", crm, phone="bad")
    world.sync()
    before = len(world.store.unsettled(state=UnsettledState.PARKED))
    world.crm.edit("customers", crm, phone="+49 1")
    world.sync()

    assert before == 1
    assert not world.store.unsettled()
