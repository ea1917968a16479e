"""A closed system is left alone, told with the hour at which it opens; the others go on, and the work waits."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from syncline.app import operations
from syncline.config.settings import Closed
from syncline.model.state import IntentState
from tests.integration.world import CUSTOMERS, World, customer


def test_nothing_is_asked_of_a_closed_system_and_everything_reaches_it_afterwards():
    world = World(CUSTOMERS)
    key = world.crm.add("customers", **customer(1))
    world.rest()
    now = world.clock.now()
    begin = (now + timedelta(minutes=10)).replace(second=0, microsecond=0)
    closed = Closed(
        zone="UTC", start=begin.hour * 60 + begin.minute, end=(begin + timedelta(hours=2)).hour * 60 + begin.minute
    )
    erp = msgspec.structs.replace(world.project.systems["erp"], closed=(closed,))
    world.project = msgspec.structs.replace(world.project, systems={**world.project.systems, "erp": erp})
    world.die()
    world.clock.sleep((begin - now).total_seconds() + 1)
    asked, written = len(world.erp.asked), len(world.erp.writes)

    world.crm.edit("customers", key, phone="later")
    world.sync(full=True)
    status = operations.status(world.open())

    assert (len(world.erp.asked), len(world.erp.writes)) == (asked, written)
    assert status.paused["erp"].startswith("erp is closed until ")
    assert world.store.intents(IntentState.PLANNED), "what is to be sent waits"
    world.clock.sleep(2 * 3600)
    world.rest()
    (partner,) = world.erp.live("partners").values()
    assert partner["tel"] == "later"
    world.close()
