"""An old copy of the hub's state is put back: what people entered since is not lost, and what was made is made once."""

import msgspec

from syncline.simulation.history import play
from syncline.simulation.invariants import violations
from syncline.simulation.script import Deed, Passing, Script
from syncline.simulation.shape import reference
from tests.simulation.test_oracle import CALM, SCRIPT, edits, hub_writes, kept, text

LATER = [
    Deed(op="edit", system="crm", flow="customers", who=1, fields={"phone": text(41)}),
    Deed(op="add", system="erp", flow="customers", who=4, fields={"note": text(42)}),
]
PUT_BACK = msgspec.structs.replace(
    SCRIPT, calm=False, store="file",
    passes=[*CALM, Passing(wait=100.0, deeds=[(10_000, one) for one in LATER]), *CALM,
            Passing(wait=5000.0, full=True, put_back=5), *CALM],
)  # fmt: skip


def test_a_hub_with_an_old_copy_of_its_state_learns_what_has_happened_since():
    history = play(PUT_BACK, reference())

    [(since, back)] = history.world.put_back
    assert 0 < since < back
    assert {app.name for app, one in records(history) if one.versions[0].at > since} == {"crm", "erp", "shop"}
    assert violations(history)[0] == []
    for system in ("crm", "erp", "shop"):
        record = kept(history.world, system)
        assert history.world.apps[system].values(record, record.last)["phone"] == text(41)
    history.world.close()


def test_an_edit_that_is_lost_after_that_is_reported():
    history = play(PUT_BACK, reference())
    edits(history.world, "crm", phone=text(50))
    hub_writes(history.world, "crm", phone=text(12))

    assert "I1 no edit lost" in {one.invariant for one in violations(history)[0]}
    history.world.close()


def test_of_two_edits_since_then_the_older_does_not_follow_the_newer():
    history = play(PUT_BACK, reference())
    for number in (51, 52):
        edits(history.world, "crm", phone=text(number))
    for number in (52, 51):
        hub_writes(history.world, "erp", phone=text(number))

    assert "I13 order" in {one.invariant for one in violations(history)[0]}
    history.world.close()


def test_an_edit_of_before_may_follow_one_of_after():
    history = play(PUT_BACK, reference())
    edits(history.world, "crm", phone=text(51))
    for number in (51, 41):
        hub_writes(history.world, "erp", phone=text(number))

    assert "I13 order" not in {one.invariant for one in violations(history)[0]}
    history.world.close()


def test_without_a_copy_there_is_nothing_to_put_back():
    first = Script(
        seed=1, store="file", flows=SCRIPT.flows, systems=SCRIPT.systems, before=SCRIPT.before,
        passes=[Passing(full=True, put_back=3)],
    )  # fmt: skip

    history = play(first, reference())

    assert history.world.put_back == []
    history.world.close()


def records(history):
    return [(app, one) for app in history.world.apps.values() for _, one in app.records()]
