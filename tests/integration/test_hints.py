"""Hints that cannot be followed yet: what is too new to be missed by a listing, and what cannot be read just now."""

from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from syncline.engine.event import hint
from syncline.errors import TransientError
from syncline.model.page import Gone, Record
from syncline.model.state import Hint, Stream
from tests.integration.world import CUSTOMERS, SECOND, Door, World, customer

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


# --- what cannot be read just now -------------------------------------------------------------------------------------


def agreed(world: World, count: int = 1) -> list[str]:
    """Customers that both systems hold; the keys of the ERP."""
    for number in range(count):
        world.crm.add("customers", **customer(number))
    world.sync()
    world.sync()
    return list(world.erp.live("partners"))


def unreachable(world: World, *keys: str) -> None:
    """From now on a get of one of these keys, or of any where none is named, fails; a listing does not."""
    door = world.open().connectors["erp"]
    get = Door(world.erp).get

    def failing(resource: str, asked: Sequence[str]) -> Sequence[Record | Gone]:
        if not keys or set(keys) & set(asked):
            raise TransientError("busy")
        return get(resource, asked)

    door.get = failing  # type: ignore[method-assign]


def reachable(world: World) -> None:
    world.open().connectors["erp"].get = Door(world.erp).get  # type: ignore[method-assign]


def tell(world: World, *keys: str) -> None:
    hint(world.open(), world.open().flows["customers"], "erp", keys)


def test_a_hint_that_cannot_be_followed_is_tried_again_after_ever_longer_pauses(world):
    (key,) = agreed(world)
    unreachable(world)
    tell(world, key)
    tries, pauses = [], []
    for _ in range(12):
        now, run = world.open().now(), world.sync(wait=0)
        (waiting,) = hints(world)
        tries.append(waiting.tries)
        pauses.append((waiting.due - now) / SECOND)
        assert "erp" in run.paused
        world.clock.sleep(max(0.0, (waiting.due - world.open().now()) / SECOND))
    reachable(world)
    world.sync(wait=0)

    assert tries == list(range(1, 13))
    assert max(pauses[-4:]) > 30 > max(pauses[:3])
    assert not hints(world)


def test_a_record_that_went_missing_is_not_taken_for_deleted_because_it_could_not_be_read(world):
    (key,) = agreed(world)
    stream = world.open().flows["customers"].sides["erp"].stream
    with world.store.transaction() as tx:
        now = world.open().now()
        tx.put_hints([Hint(stream=stream, key=key, reason="missing", due=now, at=now)])
    unreachable(world)
    for _ in range(3):
        world.sync()
    (waiting,) = hints(world)
    world.erp.remove("partners", key)
    reachable(world)
    world.erp.contract = replace(world.erp.contract, lag=30.0, incremental=True)
    world.die()
    world.sync(wait=0)
    after_one_look = len(world.crm.live("customers"))
    world.sync()

    assert (waiting.reason, waiting.tries) == ("missing", 0)
    assert (after_one_look, len(world.crm.live("customers"))) == (1, 0)


def test_one_record_that_cannot_be_read_does_not_keep_the_others_from_being_read(world):
    keys = agreed(world, 130)
    unreachable(world, keys[0])
    tell(world, *keys)
    for _ in range(40):
        world.sync()

    assert [waiting.key for waiting in hints(world)] == [keys[0]]
