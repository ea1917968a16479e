"""Webhooks: they wake a read and are nothing more, so that none of them is needed and no forged one does harm."""

import msgspec
import pytest

from syncline.simulation.campaign import judge
from syncline.simulation.drawing import draw
from syncline.simulation.history import History, play
from syncline.simulation.invariants import violations
from syncline.simulation.script import Deed, Habits, Passing
from syncline.simulation.shape import reference
from syncline.simulation.webhooks import FORGED, Kept
from syncline.simulation.world import World
from tests.simulation.test_oracle import CALM, SCRIPT, hub_writes, kept, text


def phoned(number: int) -> Deed:
    return Deed(op="edit", system="crm", flow="customers", who=1, fields={"phone": text(number)})


EDIT = phoned(41)
LATE = Habits(webhooks=True, lag=300.0)  # a listing shows the edit long after the next pass


def played(crm: Habits, *passes: Passing) -> History:
    systems = {**SCRIPT.systems, "crm": crm}
    history = History(
        script=msgspec.structs.replace(SCRIPT, calm=False, systems=systems, passes=list(passes)), shape=reference()
    )  # fmt: skip
    history.begin()
    for passing in (*CALM, *passes):
        history.let_pass(passing)
    assert history.failed == ""
    return history


def phone(history: History, system: str = "erp") -> object:
    record = kept(history.world, system)
    return history.world.apps[system].values(record, record.last)["phone"]


def at_rest(history: History) -> set[str]:
    history.end()
    found = {one.invariant for one in violations(history)[0]}
    history.world.close()
    return found


def moment(world: World, name: str, after: str = "") -> int:
    """The number of a moment of the last pass, the first of this name after one of the other."""
    moments = [one for at, one in world.trace if world.told[-1].begun <= at]
    return moments.index(name, moments.index(after) if after else 0) + 1


AFTER, SOON = Passing(deeds=[(10_000, EDIT)]), Passing(wait=1.0)


def test_a_webhook_tells_what_a_listing_does_not_show_yet():
    told = played(LATE, AFTER, SOON)
    silent = played(msgspec.structs.replace(LATE, webhooks_lost=1.0), AFTER, SOON)

    assert phone(told) == text(41)
    assert phone(silent) != text(41)
    assert at_rest(told) == at_rest(silent) == set()
    assert phone(silent) == text(41)


@pytest.mark.parametrize("wait", [0.1, 1.0, 5.0])
def test_what_a_webhook_tells_is_read_when_a_read_can_show_it(wait: float):
    told = played(msgspec.structs.replace(LATE, get_lag=2.0), AFTER, Passing(wait=wait))

    assert phone(told) == text(41)
    assert at_rest(told) == set()


def test_of_two_changes_soon_after_each_other_the_second_is_read_too():
    crm = msgspec.structs.replace(LATE, get_lag=0.7)
    told = played(crm, Passing(deeds=[(10_000, EDIT), (10_000, phoned(42))]), Passing(wait=0.3))

    reads = [at for at, _, key in told.world.doors["crm"].got if key == kept(told.world, "crm").key]
    assert len([at for at in reads if at > told.world.told[-1].begun]) > 1
    assert phone(told) == text(42)
    assert at_rest(told) == set()


def test_a_webhook_that_comes_while_its_record_is_read_is_not_forgotten_with_the_former():
    crm = msgspec.structs.replace(LATE, get_lag=0.3)
    plain = played(crm, AFTER, SOON).world
    reads, merges = moment(plain, "crm get"), moment(plain, "merge.before_commit", after="crm get")
    assert merges == reads + 1

    told = played(crm, AFTER, msgspec.structs.replace(SOON, deeds=[(reads, phoned(42))]))

    assert phone(told) == text(42)
    assert at_rest(told) == set()


def test_what_is_not_signed_is_refused_and_what_is_forged_costs_one_read():
    deeds = [(10_000, phoned(number)) for number in range(51, 61)]
    history = played(Habits(webhooks=True, webhooks_forged=1.0, webhooks_late=30.0), Passing(deeds=deeds), *CALM)

    told = [one.key for one in history.world.receiver.kept if one.key.startswith(FORGED)]
    asked = [key for _, _, key in history.world.doors["crm"].got if key.startswith(FORGED)]
    assert history.world.counts["webhook refused"]
    assert told
    assert sorted(asked) == sorted(told)
    assert at_rest(history) == set()


@pytest.mark.parametrize(("boundary", "survives"), [("webhook.before", False), ("webhook.after", True)])
def test_a_hub_that_dies_at_a_webhook_has_kept_it_or_has_not(boundary: str, survives: bool):
    passing = Passing(wait=1.0, deeds=[(3, EDIT)])
    plain = played(LATE, passing).world
    moments = [name for at, name in plain.trace if plain.told[-1].begun <= at]
    assert boundary in moments

    crashed = played(LATE, msgspec.structs.replace(passing, crash=moments.index(boundary) + 1), SOON)

    assert crashed.world.crashes[-1][1] == boundary
    assert crashed.world.counts["webhook kept"] == plain.counts["webhook kept"] - (not survives)
    assert (phone(crashed) == text(41)) == survives
    assert at_rest(crashed) == set()


def test_nobody_hears_a_webhook_while_the_hub_is_down():
    history = played(LATE, Passing(crash=1, deeds=[(10_000, EDIT)]))

    assert history.world.counts["webhook unheard"]
    assert not [one for one in history.world.receiver.kept if one.at > history.world.crashes[-1][0]]
    assert at_rest(history) == set()


def read_unsigned(history: History) -> None:
    history.world.doors["crm"].got.append((history.world.env.at, "customers", f"{FORGED} 7"))


def read_again_and_again(history: History) -> None:
    history.world.receiver.kept.append(Kept(history.world.env.at, "crm", "customers", f"{FORGED} 7"))
    read_unsigned(history)
    read_unsigned(history)


def content_believed(history: History) -> None:
    hub_writes(history.world, "erp", phone=text(99))


def hint_dropped(history: History) -> None:
    told = history.world.told[-1]
    history.world.receiver.kept.append(Kept(told.begun, "crm", "customers", "C99"))


@pytest.mark.parametrize(
    ("seeded", "promise"),
    [(read_unsigned, "I7 causes"), (read_again_and_again, "I7 causes"), (hint_dropped, "I8 staleness"),
     (content_believed, "I11 no leak of normalisation")],
)  # fmt: skip
def test_a_hub_that_takes_webhooks_for_more_or_less_than_hints_is_reported(seeded, promise):
    history = play(SCRIPT, reference())
    seeded(history)

    assert promise in {one.invariant for one in violations(history)[0]}
    history.world.close()


def test_every_fate_of_a_webhook_is_met():
    fates = ["lost", "twice", "overtaking", "forged", "unsigned", "refused", "kept", "unheard"]
    missing = {f"webhook {one}" for one in fates} | {f"crash webhook.{one}" for one in ("before", "after")}

    for seed in range(400):
        missing -= judge(draw(reference(), seed), reference()).counts.keys()
        if not missing:
            break

    assert missing == set()
