"""Ids that an application gives again: two things, unless the hub could not know that the first one had gone."""

from typing import Literal

import msgspec
import pytest

from syncline.simulation.history import History, play
from syncline.simulation.invariants import violations
from syncline.simulation.invariants.reused import Reuse, is_unseen, reuses
from syncline.simulation.past import HUB
from syncline.simulation.script import Deed, Fault, Habits, Passing
from syncline.simulation.shape import reference
from tests.simulation.test_oracle import CALM, SCRIPT, hub_writes, kept, text

GONE = Deed(op="remove", system="crm", flow="customers", who=2)
GONE_ELSEWHERE = Deed(op="remove", system="erp", flow="customers", who=2)
NEW = Deed(op="add", system="crm", flow="customers", who=8, fields={"name": text(81), "phone": text(82)})
ALL = ("crm", "erp", "shop")


def after(*deeds: Deed) -> Passing:
    return Passing(wait=100.0, full=True, deeds=[(10_000, one) for one in deeds])


def played(*passes: Passing, crm: Habits = Habits(reuses="people")) -> History:  # noqa: B008  frozen
    return play(
        msgspec.structs.replace(
            SCRIPT, calm=False, systems={**SCRIPT.systems, "crm": crm}, passes=[*CALM, *passes, *CALM]
        ),
        reference(),
    )


def reuse(history: History) -> Reuse:
    [one] = reuses(history.world)
    return one


def broken(history: History) -> set[str]:
    found = {one.invariant for one in violations(history)[0]}
    history.world.close()
    return found


def test_the_next_record_has_the_key_of_the_one_that_was_deleted_last():
    history = played(after(GONE), after(NEW))
    one = reuse(history)

    assert one.former.key == one.kept.key == "C2"
    assert one.former.last.fields is None
    assert len([record for _, record in history.world.apps["crm"].records() if record.key == "C2"]) == 2
    history.world.close()


def test_until_a_get_shows_the_new_record_it_shows_what_became_of_the_former():
    history = played(after(GONE, NEW), crm=Habits(reuses="people", get_lag=2.0))
    one = reuse(history)

    assert one.kept.seen(one.at) == (one.kept, one.kept.versions[0])
    assert one.kept.seen(one.at - 1) == (one.former, one.former.last)
    assert one.kept.seen(one.former.last.at - 1) == (one.former, one.former.versions[-2])
    assert one.kept.seen(0) is None
    history.world.close()


def test_a_version_never_names_two_states_of_one_key():
    history = played(after(GONE, NEW), crm=Habits(reuses="people", locking="version"))
    one, app = reuse(history), history.world.apps["crm"]
    names = [app.shown(record, version).version for record in (one.former, one.kept) for version in record.versions]

    assert len(set(names)) == len(names)
    history.world.close()


def test_what_gets_an_id_before_anybody_could_see_it_free_is_one_thing_with_the_former():
    history = played(after(GONE, NEW))

    assert is_unseen(history.world, reuse(history))
    for system in ALL:
        record = kept(history.world, system, who=8 if system == "crm" else 2)
        shown = history.world.apps[system].values(record, record.last)
        assert (shown["tax"], shown["phone"]) == (text(8), text(82))
    assert broken(history) == set()


@pytest.mark.parametrize("first", [GONE, GONE_ELSEWHERE], ids=["by people there", "by the hub"])
def test_where_the_hub_knew_it_free_the_values_of_the_former_must_not_get_into_the_new(first: Deed):
    history = played(after(first), *CALM, after(NEW))
    assert not is_unseen(history.world, reuse(history))

    record = kept(history.world, "crm", who=8)
    hub_writes(history.world, "crm", who=8, name=text(21))

    assert record.last.who == HUB
    assert "I11 no leak of normalisation" in broken(history)


def test_an_edit_of_the_new_record_that_is_lost_is_reported_however_early_it_got_its_id():
    history = played(after(GONE, NEW))
    edited = Deed(op="edit", system="crm", flow="customers", who=8, fields={"phone": text(91)})
    assert history.world.people.do(edited)
    hub_writes(history.world, "crm", who=8, phone=text(12))

    assert "I1 no edit lost" in broken(history)


def test_a_hub_that_did_not_see_a_pass_through_does_not_know():
    history = played(after(GONE), msgspec.structs.replace(after(NEW), wait=1.0, crash=1))

    assert is_unseen(history.world, reuse(history))
    history.world.close()


MADE = Deed(op="add", system="erp", flow="customers", who=8, fields={"name": text(81), "phone": text(82)})


def test_what_the_hub_makes_under_a_key_that_was_free_unseen_is_another_thing():
    history = played(after(GONE, MADE), crm=Habits(reuses="all"))
    one = reuse(history)
    assert one.kept.by_hub
    assert not is_unseen(history.world, one)

    made = kept(history.world, "crm", who=8)
    assert made.key == "C2"
    assert history.world.apps["crm"].values(made, made.last)["phone"] == text(82)
    for system in ALL[1:]:
        assert history.world.people.find(system, "customers", 2) is None
    assert broken(history) == set()


def test_a_hub_that_writes_the_former_s_values_into_what_it_made_is_reported():
    history = played(after(GONE, MADE), crm=Habits(reuses="all"))
    hub_writes(history.world, "crm", who=8, name=text(21))

    assert "I11 no leak of normalisation" in broken(history)


@pytest.mark.parametrize("marker", ["plain", "none"])
def test_what_a_lost_answer_has_made_under_such_a_key_is_known_again(marker: Literal["plain", "none"]):
    crm = Habits(reuses="all", marker=marker)
    losing = msgspec.structs.replace(
        after(), faults=[Fault(call=number, of="crm create", kind="timeout-after") for number in (1,)]
    )
    history = played(after(GONE, MADE), losing, crm=crm)

    records = [kept for _, kept in history.world.apps["crm"].records() if kept.who == 8 or kept.by_hub]
    assert [one.key for one in records if one.last.fields is not None and one.by_hub] == ["C2"]
    assert broken(history) == set()
