"""What others hear of agreed changes: all of it, each of them, and no value that is marked secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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


def test_each_outlet_is_told_everything_also_under_one_topic():
    world = World(CUSTOMERS)
    first, second = Heard(), Heard()
    world.crm.add("customers", **customer())
    world.sync()
    hub = world.open()
    hub.connectors = {**hub.connectors, "bus": first, "other": second}  # type: ignore[dict-item]
    audience = Audience(system="bus", topic="told", entities=frozenset())
    told = [announce(hub, one).notices for one in (audience, replace(audience, system="other"), audience)]
    elsewhere = announce(hub, replace(audience, exchange="more")).notices

    assert told == [1, 1, 0]
    assert elsewhere == 1
    assert [one.ident for one in second.notices] == [one.ident for one in first.notices[:1]]
    world.close()


def test_a_store_that_knew_the_topic_alone_goes_on_where_it_was_for_one_outlet():
    world = World(CUSTOMERS)
    first, second = Heard(), Heard()
    world.crm.add("customers", **customer(1))
    world.sync()
    hub = world.open()
    hub.connectors = {**hub.connectors, "bus": first, "other": second}  # type: ignore[dict-item]
    with world.store.transaction() as tx:
        tx.put_documents("told", {"topic": str(world.store.audit_head()[0]).encode()})
    world.crm.add("customers", **customer(2))
    world.sync()
    audience = Audience(system="bus", topic="topic", entities=frozenset())
    told = [announce(hub, one).notices for one in (audience, audience, replace(audience, system="other"))]

    assert told == [1, 0, 2]
    assert set(world.store.documents("told")) == {'["bus","","topic"]', '["other","","topic"]'}
    world.close()
