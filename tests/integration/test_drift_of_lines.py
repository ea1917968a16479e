"""A system that keeps lines without some of their fields agrees when those that it has are right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncline.app import operations
from syncline.engine.drift import agrees
from tests.integration.world import CUSTOMERS, World, customer

QUANTITIES = CUSTOMERS.replace(
    "{each: rows, key: no, map: {no: no, qty: qty, text: text}}", "{each: rows, key: no, map: {no: no, qty: qty}}"
)


@pytest.fixture
def world() -> Iterator[World]:
    made = World(QUANTITIES)
    yield made
    made.close()


def test_lines_without_a_field_that_the_other_system_has_are_no_difference(world: World):
    world.crm.add("customers", **customer(1, lines=[{"no": "1", "qty": 2, "text": "nut"}]))
    world.rest()
    (row,) = operations.drift(world.hub)

    assert [line["qty"] for one in world.erp.live("partners").values() for line in one["rows"]] == [2]
    assert row.by_field == {}
    assert row.total.unexplained == 0


def test_a_line_that_is_missing_or_shows_something_else_is_one(world: World):
    world.rest()
    bound = world.hub.of_entity("client")
    canon = {"1": {"no": "1", "qty": 2, "text": "nut"}, "2": {"no": "2", "qty": 3, "text": "bolt"}}
    shown = {"1": {"no": "1", "qty": 2}, "2": {"no": "2", "qty": 3}}
    position, erp, crm = bound.position("lines"), bound.sides["erp"], bound.sides["crm"]

    assert agrees(erp, position, canon, shown)
    assert not agrees(erp, position, canon, {**shown, "2": {"no": "2", "qty": 4}})
    assert not agrees(erp, position, canon, {"1": shown["1"]})
    assert not agrees(crm, position, canon, shown)
