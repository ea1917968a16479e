"""What the hub is told when the way to an application is wrong, or its budget is used up."""

from collections.abc import Callable

import pytest

from syncline.errors import BusyError, SetupError
from syncline.model.page import Batch, Item, Op, Outcome
from syncline.simulation.door import SETUP, Door
from syncline.simulation.script import Fault, Habits, Script
from syncline.simulation.shape import reference
from syncline.simulation.world import World
from tests.simulation.test_oracle import BEFORE, SCRIPT, text

Make = Callable[..., Door]


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Make:
    def make(kind: str = "", call: int = 0, **habits: object) -> Door:
        script = Script(
            seed=1, flows=SCRIPT.flows, systems={**SCRIPT.systems, "crm": Habits(**habits)},  # type: ignore[arg-type]
            before=BEFORE, passes=[],
        )  # fmt: skip
        world = World(script, reference())
        request.addfinalizer(world.close)
        world.live_on(script.before)
        world._faults = {("", call): Fault(call=call, kind=kind)}
        return world.doors["crm"]

    return make


def creating(*numbers: int) -> Batch:
    items = [Item(ref=number, op=Op.CREATE, fields={"tax": text(number)}) for number in numbers]
    return Batch(resource="customers", items=items, send_by=1e9)


@pytest.mark.parametrize("kind", SETUP)
def test_a_wrong_way_is_for_a_person(door: Make, kind: str):
    with pytest.raises(SetupError):
        door(kind, 1).get("customers", ["C1"])


@pytest.mark.parametrize("kind", SETUP)
def test_a_write_the_wrong_way_has_no_effect(door: Make, kind: str):
    wrong = door(kind, 1)

    with pytest.raises(SetupError):
        wrong.write(creating(8, 9))

    assert wrong.app.writes == []


def test_what_was_sent_before_the_way_was_wrong_is_told_of(door: Make):
    wrong = door("untrusted", 2, batch="single")

    receipts = wrong.write(creating(8, 9))

    assert [one.outcome for one in receipts] == [Outcome.DONE, Outcome.BUSY]
    assert len(wrong.app.writes) == 1


def test_see_other_may_follow_an_effect(door: Make):
    wrong = door("see-other", 1)

    receipts = wrong.write(creating(8))

    assert [one.outcome for one in receipts] == [Outcome.DOUBT]
    assert len(wrong.app.writes) == 1


def test_a_budget_is_used_up_and_comes_back(door: Make):
    strict = door(burst=2, per_second=0.5, counts=True)
    strict.app.env.sleep(100.0)
    for _ in range(2):
        strict.get("customers", ["C1"])

    with pytest.raises(BusyError) as busy:
        strict.get("customers", ["C1"])
    assert [one.outcome for one in strict.write(creating(8))] == [Outcome.BUSY]
    strict.app.env.sleep(busy.value.wait)

    assert strict.get("customers", ["C1"])
    assert strict.refused == 2


def test_who_does_not_count_never_refuses(door: Make):
    patient = door(burst=2, per_second=0.5)

    assert all(patient.get("customers", ["C1"]) for _ in range(20))
