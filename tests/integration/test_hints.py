"""Hints that cannot be followed yet: what is too new to be missed by a listing, and what cannot be read just now."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from syncline.model.state import Hint, Stream
from tests.integration.world import CUSTOMERS, SECOND, World, customer

ERP = Stream("erp", "client")
FAR = 2**62  #: later than anything [µs]


@pytest.fixture
def world() -> Iterator[World]:
    made = World(CUSTOMERS)
    yield made
    made.close()


def hints(world: World) -> list[Hint]:
    return list(world.store.hints(ERP, due=FAR, limit=100))


# --- too new to be missed by a listing --------------------------------------------------------------------------------


def young(world: World) -> str:
    """A record of the ERP that was made just now, where a listing may show it late; its key."""
    world.erp.contract = replace(world.erp.contract, lag=20.0, effect=10.0, incremental=True)
    world.crm.contract = replace(world.crm.contract, incremental=True)
    world.sync()
    world.crm.add("customers", **customer(1))
    world.sync()
    (key,) = world.erp.live("partners")
    return key


def test_a_new_record_that_goes_missing_is_looked_at_as_soon_as_it_can_be(world):
    key = young(world)
    born = world.store.links(ERP, [key])[key].born
    world.erp.remove("partners", key)
    world.sync(full=True, wait=5.0)
    (waiting,) = hints(world)
    for _ in range(4):  # none of these lists everything
        world.sync(wait=30.0)

    assert (waiting.key, waiting.reason, waiting.due) == (key, "missing", born + 30 * SECOND)
    assert not world.crm.live("customers")
    assert not hints(world)


def test_a_new_record_that_a_listing_shows_late_is_read_once_and_stays(world):
    key = young(world)
    versions = world.erp.tables["partners"][key].versions
    versions[-1] = versions[-1]._replace(listed=versions[-1].at + 15 * SECOND)
    world.sync(full=True, wait=5.0)
    waiting = hints(world)
    for _ in range(4):
        world.sync(wait=30.0)

    assert [hint.key for hint in waiting] == [key]
    assert list(world.erp.live("partners")) == [key]
    assert len(world.crm.live("customers")) == 1
    assert not hints(world)


def test_new_records_that_a_listing_shows_are_no_hints(world):
    young(world)
    world.erp.contract = replace(world.erp.contract, incremental=False)
    world.sync(full=True, wait=5.0)

    assert not [hint for hint in hints(world) if hint.reason == "missing"]
