"""Writes whose answer was lost, of a flow or a system that the settings no longer have: told, kept, found out later."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.app import operations
from syncline.app.following import Following
from syncline.app.intake import Intake
from syncline.model.page import Op
from syncline.model.state import IntentState
from syncline.store import open_inbox
from tests.integration.world import CUSTOMERS, Crash, World, customer, project_of

PROJECT = CUSTOMERS.replace("flows:\n", '  shop: {connector: rest, url: "http://shop.example"}\nflows:\n')
OTHERS = PROJECT.replace("  customers:\n    entity: client", "  others:\n    entity: other")
SHOP = (
    PROJECT.replace("      erp:\n        resource", "      shop:\n        resource")
    .replace("credit: {owner: erp}, ", "credit: {owner: shop}, ")
    .replace(", erp: propagate", "")
)


@pytest.fixture
def world() -> Iterator[World]:
    made = World(PROJECT)
    made.sync()
    made.crm.add("customers", **customer(1))
    made.clock.points.clear()
    made.erp.before_write = dies
    with pytest.raises(Crash):
        made.sync()
    made.erp.before_write = lambda _item: None
    yield made
    made.close()


def dies(_item: object) -> None:
    raise Crash("while it is written")


def restart(world: World, text: str) -> None:
    """The settings are changed, and the hub started anew."""
    world.project = project_of(text)
    world.die()


@pytest.mark.parametrize("text", [OTHERS, SHOP], ids=["no flow", "no system"])
def test_a_write_in_doubt_that_no_flow_has_any_more_is_told_and_waits_for_its_flow(world, text):
    restart(world, text)
    run = world.sync()
    again = world.sync()
    kept = world.store.intents(IntentState.SENT)
    told = operations.status(world.open())
    restart(world, PROJECT)
    world.rest()

    assert run.held == again.held
    assert "erp: the hub was stopped before 1 write of client was answered" in run.held[0]
    assert told.held == tuple(run.held)
    assert [(one.op, len(one.eids)) for one in kept] == [(Op.CREATE, 1)]
    assert [row["label"] for row in world.erp.live("partners").values()] == ["Company 1"]
    assert not world.store.intents(IntentState.SENT)
    assert operations.sync(world.open()).held == ()


def test_who_follows_webhooks_begins_all_the_same(world, tmp_path: Path):
    restart(world, OTHERS)
    intake = Intake(open_inbox(f"sqlite:///{tmp_path}/state.db"), world.open().env)

    assert not Following(world.open(), intake, lambda _stream, _seconds: None).waits()
    assert len(world.store.intents(IntentState.SENT)) == 1
    intake.close()
