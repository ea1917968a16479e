"""What was told is looked at, whatever comes between: a pass, a system that is left out, settings that have changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from syncline.app.following import Following
from syncline.app.intake import Intake
from syncline.errors import SetupError
from syncline.model.state import Stream
from syncline.ports.inbox import Place, Telling
from syncline.store import open_inbox
from tests.integration.world import CUSTOMERS, World, customer

CRM, ERP = Stream("crm", "client"), Stream("erp", "client")
TO_THE_ERP = CUSTOMERS.replace("resource: partners", "resource: partners\n        direction: to").replace(
    ", credit: {owner: erp}", ""
)


@pytest.fixture
def world() -> Iterator[World]:
    made = World(CUSTOMERS)
    made.crm.contract = replace(made.crm.contract, lag=3.0)
    yield made
    made.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def intake(world: World, url: str) -> Iterator[Intake]:
    made = Intake(open_inbox(url), world.open().env)
    yield made
    made.close()


def tell(intake: Intake, *records: Place) -> bool:
    """Tell, and wait; is it durable?"""
    durable = threading.Event()
    intake.take(Telling(records=records, messages=(), done=lambda _error: durable.set()))
    return durable.wait(5)


def following(world: World, intake: Intake) -> Following:
    return Following(world.open(), intake, lambda _stream, _seconds: None)


def test_what_nobody_named_is_listed_again_when_the_listing_may_not_have_shown_it(world, intake, url):
    hub = world.open()
    this = following(world, intake)
    before = hub.env.monotonic()
    world.clock.sleep(1)
    assert tell(intake, (CRM, ""))
    this.turn()
    assert this.to_list() == ["customers"]

    this.listed(["customers"], before, {})  # a pass that had begun before it was told
    assert this.to_list() == []
    world.clock.sleep(3)
    assert this.to_list() == ["customers"]
    this.listed(["customers"], hub.env.monotonic(), {"crm": "it cannot be reached"})
    world.clock.sleep(6)
    assert this.to_list() == ["customers"]
    this.listed(["customers"], hub.env.monotonic(), {})
    world.clock.sleep(100)

    assert this.to_list() == []
    intake.close()
    assert open_inbox(url).kept() == []


def test_where_nobody_named_what_changed_a_system_that_is_only_written_to_is_listed_too(url):
    world = World(TO_THE_ERP)
    world.crm.add("customers", **customer())
    world.sync()
    (erp,) = world.erp.live("partners")
    intake = Intake(open_inbox(url), world.open().env)
    this = following(world, intake)
    world.erp.edit("partners", erp, tel="999")
    assert tell(intake, (ERP, ""))
    this.turn()
    began = world.open().env.monotonic()
    world.sync()

    assert world.erp.show("partners", erp)["tel"] == "+49 1"
    this.listed(["customers"], began, {})
    assert not world.open().told
    intake.close()
    world.close()


def test_what_could_not_be_read_when_it_was_told_is_read_soon_after_without_a_pass(world, intake):
    world.crm.contract = replace(world.crm.contract, lag=0.0)
    crm = world.crm.add("customers", **customer())
    world.sync()
    world.crm.edit("customers", crm, phone="999")
    this = following(world, intake)
    world.crm.read_fault = lambda what: "busy" if what == "get" else ""
    assert tell(intake, (CRM, crm))
    this.turn()
    first = this.tend()
    world.crm.read_fault = lambda _what: ""
    for _ in range(5):
        world.clock.sleep(1)
        this.tend()

    assert 0 < first < 2
    assert [row["tel"] for row in world.erp.live("partners").values()] == ["999"]


def test_where_a_person_must_act_nothing_is_tried_with_each_telling(world, intake):
    world.crm.contract = replace(world.crm.contract, lag=0.0)
    crm = world.crm.add("customers", **customer())
    world.sync()
    this = following(world, intake)
    tried: list[str] = []

    def refuse(what: str) -> str:
        tried.append(what)
        raise SetupError("The password is wrong.")

    world.crm.read_fault = refuse
    for _ in range(3):
        world.clock.sleep(60)
        assert tell(intake, (CRM, crm))
        this.turn()
        this.tend()

    assert tried == ["get"]


def test_what_was_to_be_listed_is_told_again_after_the_store_failed(world, intake):
    this = following(world, intake)
    assert tell(intake, (CRM, ""))
    this.turn()

    this.let_go()

    again = following(world, intake)
    again.turn()
    assert again.to_list() == ["customers"]


@pytest.mark.parametrize("stream", [Stream("crm", "spaceship"), Stream("mes", "client")])
def test_what_was_told_of_something_that_the_settings_no_longer_have_is_let_go(world, intake, url, stream):
    this = following(world, intake)
    assert tell(intake, (stream, "1"), (stream, ""))

    this.turn()

    assert this.to_list() == []
    intake.close()
    assert open_inbox(url).kept() == []


def test_one_who_cannot_be_answered_keeps_nobody_else_from_being_answered(intake):
    def gone(_error: object) -> None:
        raise RuntimeError("whoever asked is gone")

    intake.take(Telling(records=[(CRM, "1")], messages=(), done=gone))

    assert tell(intake, (CRM, "2"))
