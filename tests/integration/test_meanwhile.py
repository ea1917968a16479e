"""Between two pages the hub turns to what was just told of; what a page shows may then be older than what it knows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from syncline.engine.event import follow_told, tend
from syncline.engine.hub import Hub
from syncline.engine.run import run
from syncline.engine.runs import close_run, open_run
from tests.integration.world import CUSTOMERS, World, customer

COUNT = 60  #: several pages


class Between:
    """People work, and their systems tell of it, between two pages of a pass."""

    def __init__(self, hub: Hub, acts: Iterator[Callable[[], tuple[str, str] | None]]) -> None:
        self.hub, self.acts, self.turns = hub, acts, 0
        self.run = open_run(hub, full=False, approved=False, send=True)
        self.next = next(acts, None)
        self.turning = False

    def waits(self) -> bool:
        return self.next is not None and not self.turning

    def turn(self) -> None:
        assert self.next
        self.turning, self.turns = True, self.turns + 1
        told = self.next()
        self.next = next(self.acts, None)
        if told:
            follow_told(self.hub, self.hub.flows["customers"], told[0], [told[1]], self.run)
        self.turning = False


@pytest.fixture
def world() -> Iterator[World]:
    made = World(CUSTOMERS)
    for app in made.apps.values():  # everything shows at once: no time hides what is stale
        app.contract = replace(app.contract, lag=0.0, settle=0.0, effect=0.0, skew=0.0)
    yield made
    made.close()


def agreed(world: World) -> list[tuple[str, str]]:
    keys = [world.crm.add("customers", **customer(number)) for number in range(1, COUNT + 1)]
    world.rest()
    there = {fields["vat"]: key for key, fields in world.erp.live("partners").items()}
    return [(key, there[f"T{number}"]) for number, key in enumerate(keys, 1)]


def passing(world: World, *acts: Callable[[], tuple[str, str] | None]) -> Between:
    """One pass that reads everything, with these acts between its pages."""
    hub = world.open()
    between = Between(hub, iter(acts))
    hub.meanwhile = between
    this = run(hub, list(hub.flows.values()), full=True, approved=True)
    hub.meanwhile = None
    close_run(hub, between.run)
    assert not between.run.ledger.problems()
    assert not this.ledger.problems()
    assert between.next is None, "the pass had fewer pages"
    return between


def test_a_later_page_does_not_bring_back_what_is_older(world):
    pairs = agreed(world)
    crm, erp = pairs[-1]
    for key, _ in pairs:
        world.crm.edit("customers", key, phone="first")

    def again() -> tuple[str, str]:
        world.clock.sleep(1)
        world.crm.edit("customers", crm, phone="second")
        return "crm", crm

    def seen() -> None:
        assert world.erp.show("partners", erp)["tel"] == "second", "what was told of had its effect between two pages"

    passing(world, again, seen)
    phones = [item.fields["tel"] for _, item in world.erp.writes if item.key == erp and "tel" in item.fields]
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("partners", erp)["tel"] == "second"
    assert phones == ["second"]
    assert not [item for _, item in world.crm.writes if item.key == crm]


def test_our_own_write_to_the_system_that_is_listed_is_no_news_when_its_page_is_older(world):
    pairs = agreed(world)
    crm, erp = pairs[-1]

    def in_the_other() -> tuple[str, str]:
        world.erp.edit("partners", erp, tel="theirs")
        return "erp", erp

    passing(world, in_the_other)
    world.rest()

    assert world.crm.show("customers", crm)["phone"] == world.erp.show("partners", erp)["tel"] == "theirs"
    assert [item.fields for _, item in world.erp.writes if item.key == erp] == []


def test_a_record_that_was_deleted_meanwhile_does_not_come_back(world):
    pairs = agreed(world)
    crm, erp = pairs[-1]
    for key, _ in pairs:
        world.crm.edit("customers", key, phone="first")

    def gone() -> tuple[str, str]:
        world.crm.remove("customers", crm)
        return "crm", crm

    passing(world, gone)
    world.rest()

    assert crm not in world.crm.live("customers")
    assert len(world.crm.live("customers")) == COUNT - 1
    assert erp not in world.erp.live("partners") or len(world.erp.live("partners")) == COUNT - 1


def test_a_record_that_was_made_meanwhile_is_made_once(world):
    agreed(world)

    def made() -> tuple[str, str]:
        return "crm", world.crm.add("customers", **customer(COUNT + 1))

    passing(world, made)
    world.rest()

    assert len(world.crm.live("customers")) == len(world.erp.live("partners")) == COUNT + 1


def test_what_a_turn_has_sent_is_not_sent_again_by_the_pass(world):
    pairs = agreed(world)
    world.erp.contract = replace(world.erp.contract, batch=replace(world.erp.contract.batch, size=5))
    world.die()
    for number, (key, _) in enumerate(pairs):
        world.crm.edit("customers", key, phone=f"9{number}")
    acts = []
    for number in range(12):  # some meet the listing, some the deliveries after it

        def act(number: int = number) -> tuple[str, str]:
            world.crm.edit("customers", pairs[-1 - number][0], email=f"{number}@later.example")
            return "crm", pairs[-1 - number][0]

        acts.append(act)
    before = len(world.erp.writes)
    between = passing(world, *acts)
    sent = [item.key for _, item in world.erp.writes[before:]]
    world.rest()

    assert between.turns == 12
    assert set(sent) == {erp for _, erp in pairs}
    assert len(sent) <= COUNT + 12
    assert [world.erp.show("partners", erp)["tel"] for _, erp in pairs] == [f"9{n}" for n in range(COUNT)]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens_between_the_pages_the_systems_agree_in_the_end(world, seed):
    draw = random.Random(seed)  # noqa: S311
    pairs = agreed(world)
    last: dict[str, tuple[int, str]] = {}

    def edit(number: int) -> tuple[str, str] | None:
        crm, erp = draw.choice(pairs[-15:])
        world.clock.sleep(draw.choice([0.001, 1.0]))
        side, phone = draw.choice(["crm", "erp"]), f"{seed}-{number}"
        if side == "crm":
            world.crm.edit("customers", crm, phone=phone)
        else:
            world.erp.edit("partners", erp, tel=phone)
        if crm not in last or last[crm][1] == side:
            last[crm] = (number, side)
        else:
            last[crm] = (-1, "")  # both edited it: the rule decides
        return draw.choice([(side, crm if side == "crm" else erp), None])

    for number in range(20):
        edit(number)
    passing(world, *(lambda number=number: edit(number) for number in range(20, 26)))
    hub = world.open()
    with_run = open_run(hub, full=False, approved=False, send=True)
    tend(hub, list(hub.flows.values()), with_run)
    close_run(hub, with_run)
    world.rest()

    for crm, erp in pairs:
        shown = world.crm.show("customers", crm)["phone"]
        assert shown == world.erp.show("partners", erp)["tel"]
        if last.get(crm, (-1, ""))[0] >= 0:
            assert shown == f"{seed}-{last[crm][0]}"
