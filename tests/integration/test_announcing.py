"""What others hear of agreed changes holds no value that is marked secret."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.engine.announce import Audience, announce
from syncline.ports.outlet import Notice
from tests.integration.world import CUSTOMERS, World, customer


class Heard:
    """Somebody who hears everything at once."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def announce(self, notices: Sequence[Notice]) -> Sequence[str]:
        self.notices += notices
        return [""] * len(notices)


def test_a_secret_value_is_told_to_nobody_and_its_change_is():
    with_secret = CUSTOMERS.replace("entity: client\n", "entity: client\n    secret: [phone]\n", 1)
    world = World(with_secret)
    try:
        key = world.crm.add("customers", **{**customer(1), "phone": "0123-hush-1"})
        world.rest()
        world.crm.edit("customers", key, phone="0123-hush-2")
        world.rest()
        hub, heard = world.open(), Heard()
        hub.connectors = {**hub.connectors, "bus": heard}

        told = announce(hub, Audience(system="bus", topic="told.{entity}", entities=frozenset()))

        bodies = b"\n".join(one.body for one in heard.notices)
        assert told.notices == len(heard.notices) == 2
        assert b"hush" not in bodies
        assert bodies.count(b'"phone":{') == 2
        assert b'"old":"***","new":"***"' in bodies
    finally:
        world.close()
