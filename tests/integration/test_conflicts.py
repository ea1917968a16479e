"""A conflict waits for a person; the decision holds everywhere, and the loser is never lost."""

import msgspec
import pytest

from syncline.app import operations
from syncline.errors import SetupError
from syncline.model.report import ConflictRow
from syncline.model.state import EntityState
from tests.integration.fakes import World, agreed


@pytest.fixture
def keys(acme: World) -> tuple[str, str]:
    """A customer whose e-mail, which is decided by hand, was edited in both systems."""
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, email="crm@example.com")
    acme.erp.edit("partners", erp, mail="erp@example.com")
    operations.sync(acme.hub)
    return crm, erp


def shown(acme: World, keys: tuple[str, str]) -> tuple[object, object]:
    return acme.crm.show("customers", keys[0])["email"], acme.erp.show("partners", keys[1])["mail"]


def only(acme: World) -> ConflictRow:
    (row,) = operations.conflicts(acme.hub)
    return row


def test_a_conflict_tells_both_values_and_leaves_both_systems_alone(acme: World, keys: tuple[str, str]):
    row = only(acme)

    assert (row.field, row.system, row.rule, row.state) == ("email", "erp", "manual", "open")
    assert (row.ours, row.theirs, row.base) == (("crm@example.com",), ("erp@example.com",), ("1@example.com",))
    assert row.keys == {"crm": keys[0], "erp": keys[1]}
    assert shown(acme, keys) == ("crm@example.com", "erp@example.com")


@pytest.mark.parametrize(
    ("choice", "winner"),
    [
        ("ours", "crm@example.com"),
        ("theirs", "erp@example.com"),
        ("crm", "crm@example.com"),
        ("erp", "erp@example.com"),
    ],
)
def test_a_decision_reaches_both_systems(acme: World, keys: tuple[str, str], choice: str, winner: str):
    operations.resolve(acme.hub, only(acme).cid, choice, who="m.li")

    operations.sync(acme.hub)
    assert shown(acme, keys) == (winner, winner)
    assert operations.conflicts(acme.hub) == []


def test_a_person_may_decide_on_a_third_value(acme: World, keys: tuple[str, str]):
    row = operations.resolve(acme.hub, only(acme).cid, "value", value="both@example.com", who="m.li")

    operations.sync(acme.hub)
    assert shown(acme, keys) == ("both@example.com", "both@example.com")
    assert (row.state, row.kept, row.who) == ("resolved", "value", "m.li")


@pytest.mark.parametrize(("choice", "loser"), [("ours", "erp@example.com"), ("theirs", "crm@example.com")])
def test_the_loser_stays_in_the_history(acme: World, keys: tuple[str, str], choice: str, loser: str):
    operations.resolve(acme.hub, only(acme).cid, choice, who="m.li")

    told = operations.history(acme.hub, f"client:{keys[0]}").happenings
    values = {value for one in told if one.field == "email" for value in (one.before, one.after)}
    assert loser in values
    assert any("resolved by m.li" in one.text for one in told)


@pytest.mark.parametrize("choice", ["ours", "theirs"])
def test_an_edit_after_the_decision_is_no_new_conflict(acme: World, keys: tuple[str, str], choice: str):
    operations.resolve(acme.hub, only(acme).cid, choice)
    operations.sync(acme.hub)
    acme.erp.edit("partners", keys[1], mail="later@example.com")

    operations.sync(acme.hub)

    assert shown(acme, keys) == ("later@example.com", "later@example.com")
    assert operations.conflicts(acme.hub) == []


def test_after_a_decision_nothing_more_is_written(acme: World, keys: tuple[str, str]):
    operations.resolve(acme.hub, only(acme).cid, "theirs")
    operations.sync(acme.hub)
    before = len(acme.crm.writes), len(acme.erp.writes)

    operations.sync(acme.hub, full=True)

    assert (len(acme.crm.writes), len(acme.erp.writes)) == before


@pytest.mark.usefixtures("keys")
def test_a_settled_conflict_is_not_decided_again(acme: World):
    cid = only(acme).cid
    operations.resolve(acme.hub, cid, "ours")

    with pytest.raises(SetupError, match="settled already"):
        operations.resolve(acme.hub, cid, "theirs")


@pytest.mark.usefixtures("keys")
def test_a_choice_that_is_none_is_refused_and_changes_nothing(acme: World):
    cid = only(acme).cid

    with pytest.raises(SetupError, match="a system: crm, erp"):
        operations.resolve(acme.hub, cid, "scm")

    assert only(acme).state == "open"


@pytest.mark.usefixtures("keys")
def test_conflicts_settled_by_rule_are_listed_when_asked_for(acme: World):
    (crm, erp), *_ = [(row.keys["crm"], row.keys["erp"]) for row in operations.conflicts(acme.hub)]
    acme.crm.edit("customers", crm, phone="+49 10")
    acme.erp.edit("partners", erp, tel="+49 11")
    operations.sync(acme.hub)

    states = {(row.field, row.state, row.kept) for row in operations.conflicts(acme.hub, every=True)}

    assert ("phone", "auto", "theirs") in states
    assert ("email", "open", "") in states


@pytest.mark.parametrize("choice", ["ours", "theirs", "crm"])
def test_a_decision_about_a_value_that_was_not_shown_is_refused_with_its_cure(
    acme: World, keys: tuple[str, str], choice: str
):
    listed = only(acme)
    acme.crm.edit("customers", keys[0], email="newer@example.com")
    operations.sync(acme.hub)

    with pytest.raises(SetupError, match=r"newer@example\.com") as refused:
        operations.resolve(acme.hub, listed.cid, choice, agreed=listed.agreed)

    assert f"--agreed {only(acme).agreed}" in refused.value.cure
    operations.resolve(acme.hub, listed.cid, choice, agreed=only(acme).agreed)
    assert operations.conflicts(acme.hub) == []


def test_a_decision_with_the_mark_of_an_older_value_is_refused(acme: World, keys: tuple[str, str]):
    cid = only(acme).cid
    acme.crm.edit("customers", keys[0], email="newer@example.com")
    operations.sync(acme.hub)
    older = only(acme).agreed
    acme.crm.edit("customers", keys[0], email="newest@example.com")
    operations.sync(acme.hub)

    with pytest.raises(SetupError, match=r"newest@example\.com"):
        operations.resolve(acme.hub, cid, "ours", agreed=older)


@pytest.mark.parametrize("state", [EntityState.DEAD, EntityState.MERGED])
@pytest.mark.usefixtures("keys")
def test_a_conflict_about_what_is_no_more_is_closed_and_says_so(acme: World, state: EntityState):
    """As one that was left open by an earlier version: with its entity a conflict ends."""
    row = only(acme)
    entity = acme.hub.store.entities("client", [row.eid])[row.eid]
    with acme.hub.store.transaction() as tx:
        tx.update_entities("client", [msgspec.structs.replace(entity, state=state)])

    with pytest.raises(SetupError, match=f"Conflict {row.cid} is over: client #{row.eid} was"):
        operations.resolve(acme.hub, row.cid, "theirs", who="m.li")

    assert operations.conflicts(acme.hub) == []
    with pytest.raises(SetupError, match="settled already"):
        operations.resolve(acme.hub, row.cid, "theirs")
