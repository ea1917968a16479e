"""The hub is killed at every point of a story, one after the other; the end is the same as without."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from syncline.engine.event import follow, hint
from syncline.model.contract import Deletes, Locking, ReadBack
from syncline.model.page import Item, Op
from syncline.model.state import IntentState, Stream
from syncline.store import open_store
from tests.integration.world import CUSTOMERS, Crash, World, customer

CRM = Stream("crm", "client")
Story = Callable[[World], None]


def prepare(world: World) -> None:
    """Two customers that both systems hold."""
    for number in (1, 2):
        world.crm.add("customers", **customer(number, lines=[{"no": "1", "qty": 1}], credit="5"))
    world.settle()


def new_records(world: World) -> None:
    world.crm.add("customers", **customer(3))
    world.erp.add("partners", label="Company 4", vat="T4")


def new_records_without_marker(world: World) -> None:
    world.erp.contract = replace(world.erp.contract, marker=False, searchable=frozenset({"vat"}))
    world.die()
    world.crm.add("customers", **customer(3))


def an_edit(world: World) -> None:
    world.crm.edit("customers", "C1", phone="999")


def an_edit_without_locking(world: World) -> None:
    world.erp.contract = replace(world.erp.contract, locking=Locking.NONE, read_back=ReadBack.GET)
    world.die()
    world.crm.edit("customers", "C1", phone="999")


def a_clash(world: World) -> None:
    world.crm.edit("customers", "C1", phone="111")
    world.clock.sleep(5)
    world.erp.edit("partners", "E1", tel="222", limit="7")


def a_put_back(world: World) -> None:
    world.crm.edit("customers", "C1", credit="999")


def a_normaliser(world: World) -> None:
    world.erp.stores["label"] = lambda value: str(value).upper()
    world.crm.edit("customers", "C1", name="Another")


def edited_lines(world: World) -> None:
    world.crm.edit("customers", "C1", lines=[{"no": "1", "qty": 5}, {"no": "2", "qty": 2}])
    world.erp.edit("partners", "E1", rows=[{"no": "1", "qty": 1, "text": "nut"}])


def a_delete(world: World) -> None:
    world.crm.remove("customers", "C1")


def a_tombstone(world: World) -> None:
    world.crm.contract = replace(world.crm.contract, deletes=Deletes.TOMBSTONES)
    world.die()
    world.crm.remove("customers", "C1")


def a_merge(world: World) -> None:
    world.crm.edit("customers", "C1", note="kept")
    world.crm.merge("customers", "C1", "C2")


def a_refusal(world: World) -> None:
    world.erp.refuses = lambda fields: "no" if fields.get("tel") == "0" else ""
    world.crm.edit("customers", "C1", phone="0")
    world.crm.edit("customers", "C2", phone="1")


STORIES = (
    new_records, new_records_without_marker, an_edit, an_edit_without_locking, a_clash, a_put_back, a_normaliser,
    edited_lines, a_delete, a_tombstone, a_merge, a_refusal,
)  # fmt: skip


def told(story: Story, *, crash_at: int = 0, store: str = "sqlite:///:memory:") -> World:
    """A story with a crash at the n-th point after it was told; then passes until all is quiet."""
    world = World(CUSTOMERS, store=store)
    prepare(world)
    story(world)
    world.clock.points.clear()
    world.clock.crash_at = crash_at
    for _ in range(6):
        try:
            world.sync(full=True)
        except Crash:
            world.die()
            world.clock.crash_at = 0
    if not crash_at:
        world.points = len(world.clock.points)  # type: ignore[attr-defined]
    world.clock.crash_at = 0
    world.rest()
    return world


def ending(world: World) -> tuple[object, ...]:
    """What everybody shows in the end."""
    shown = [
        sorted(
            (str(row.get("tax", row.get("vat"))), sorted((k, str(v)) for k, v in row.items())) for row in rows.values()
        )
        for rows in (world.crm.live("customers"), world.erp.live("partners"))
    ]
    conflicts = sorted((one.field, one.state) for one in world.store.conflicts())
    return (*shown, conflicts)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_crash_anywhere_changes_nothing_in_the_end(story: Story):
    plain = told(story)
    points = plain.points  # type: ignore[attr-defined]
    expected = ending(plain)

    assert points > 10
    different = []
    for number in range(1, points + 1):
        world = told(story, crash_at=number)
        assert world.crashes == plain.crashes + 1
        if ending(world) != expected:
            different.append((number, ending(world)))
        world.close()
    assert different == []
    creates = [item for app in plain.apps.values() for _, item in app.writes if item.op is Op.CREATE]
    assert len(creates) == len({(item.ref, item.marker) for item in creates})


def followed(story: Story, *, crash_at: int = 0) -> World:
    """A story of one record whose change is hinted and followed, with a crash at the n-th point after the hint."""
    world = World(CUSTOMERS)
    prepare(world)
    story(world)
    hub = world.open()
    hint(hub, hub.flows["customers"], "crm", ["C1"])
    world.clock.points.clear()
    world.clock.crash_at = crash_at
    try:
        follow(hub, hub.flows["customers"], "crm")
    except Crash:
        world.die()
    world.clock.crash_at = 0
    world.points = len(world.clock.points)  # type: ignore[attr-defined]
    if not crash_at:
        return world
    if world.store.hints(CRM, due=1 << 62):
        follow(world.open(), world.open().flows["customers"], "crm")
    world.rest()
    return world


@pytest.mark.parametrize(
    "story", [an_edit, an_edit_without_locking, a_clash, a_put_back, a_refusal], ids=lambda story: story.__name__
)
def test_a_crash_while_one_change_is_followed_changes_nothing_in_the_end(story: Story):
    plain = followed(story)
    points, commits = plain.points, sum(".before_commit" in name for name in plain.clock.points)  # type: ignore[attr-defined]
    plain.rest()

    assert points > 5
    assert commits >= 2
    for number in range(1, points + 1):
        world = followed(story, crash_at=number)
        assert world.crashes == plain.crashes + 1
        assert ending(world) == ending(plain), f"killed at point {number}"
        world.close()


def test_a_write_leaves_only_when_others_can_see_its_intent(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/state.db"
    world = World(CUSTOMERS, store=url)
    prepare(world)
    an_edit_without_locking(world)
    hub = world.open()
    hint(hub, hub.flows["customers"], "crm", ["C1"])
    seen = []

    def look(_: Item) -> None:
        reader = open_store(url, lock=False)
        seen.extend((one.op, reader.hints(CRM, due=1 << 62)) for one in reader.intents(IntentState.SENT))
        reader.close()

    world.erp.before_write = look
    follow(hub, hub.flows["customers"], "crm")

    assert seen == [(Op.UPDATE, [])]
    world.close()


def test_a_store_that_is_a_file_is_opened_anew_after_each_crash(tmp_path: Path):
    plain = told(new_records)
    points = plain.points  # type: ignore[attr-defined]

    for number in range(1, points + 1, 3):
        world = told(new_records, crash_at=number, store=f"sqlite:///{tmp_path}/{number}.db")
        assert ending(world) == ending(plain)
        world.close()
