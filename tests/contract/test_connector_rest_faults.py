"""What the rest connector makes of a system that fails: each failure has the fate that the engine relies on."""

from __future__ import annotations

import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from syncline.connectors.protocols.rest import RestConnector, open_rest
from syncline.env import RealEnv
from syncline.errors import BusyError, DoubtError, TransientError
from syncline.model.page import Gone, Item, Op, Outcome, Receipt
from syncline.sandbox.process import Process, start
from syncline.testing.connector_steps import create, everything, new_item, raw_of, written
from tests.contract.all_systems import MES, system_options
from tests.contract.rest_systems import CRM_SECRET, at_the_door, crm_options, erp_options, without_batches

SYSTEMS = ["crm", "erp", "mes"]
BATCHING = ["crm", "erp"]
RESOURCES = {"crm": "customers", "erp": "partners", "mes": "workOrders"}
NAMES = {"crm": "name", "erp": "Name1", "mes": "remark"}
BESIDES = {"crm": {}, "erp": {}, "mes": {"material": "700001"}}  #: what a new record needs
BAD = {
    "crm": {"name": "Bad", "email": "no e-mail"}, "erp": {"Name1": "Bad", "CountryCode": "Germany"},
    "mes": {"material": "700001", "quantity": "a dozen"},
}  # fmt: skip


class World:
    """A simulated application, the connector to it, and its side door."""

    def __init__(self, process: Process, connector: RestConnector) -> None:
        self.kind = process.kind
        self.url = process.url
        self.connector = connector
        self.resource = RESOURCES[process.kind]

    def strike(self, **faults: object) -> None:
        at_the_door(self.url, "faults", faults)

    def calm(self) -> None:
        at_the_door(self.url, "faults", {})

    def read(self) -> dict[str, bytes]:
        return everything(self.connector, self.resource)

    def item(self, name: str, marker: str = "") -> Item:
        return new_item({**BESIDES[self.kind], NAMES[self.kind]: name}, marker=marker)

    def write(self, *items: Item) -> list[Receipt]:
        return list(written(self.connector, self.resource, items))

    def found(self, marker: str) -> int:
        return len(self.connector.search(self.resource, "", marker))


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Process]]:
    data: Path = tmp_path_factory.mktemp("sandbox")
    with ExitStack() as running:
        yield {kind: running.enter_context(start(kind, data=data, size=120)) for kind in SYSTEMS}


@pytest.fixture(params=SYSTEMS)
def world(request: pytest.FixtureRequest, processes: dict[str, Process]) -> Iterator[World]:
    yield from _world(processes[request.param], batches=True)


@pytest.fixture(params=BATCHING)
def world_of_batches(request: pytest.FixtureRequest, processes: dict[str, Process]) -> Iterator[World]:
    yield from _world(processes[request.param], batches=True)


@pytest.fixture(params=SYSTEMS)
def world_of_singles(request: pytest.FixtureRequest, processes: dict[str, Process]) -> Iterator[World]:
    yield from _world(processes[request.param], batches=False)


def mes_options(url: str) -> dict[str, object]:
    options = system_options("mes", MES, url, "mes-token")
    options["resources"]["workOrders"]["paging"]["size"] = 10  # type: ignore[index]
    return options


def _world(process: Process, *, batches: bool) -> Iterator[World]:
    options = {"crm": crm_options, "erp": erp_options, "mes": mes_options}[process.kind](process.url)
    options["timeout"] = 0.4
    if not batches and process.kind in BATCHING:
        options = without_batches(options, RESOURCES[process.kind])
    connector = open_rest(process.kind, options, RealEnv())
    found = World(process, connector)
    yield found
    found.calm()
    connector.close()


# --- reads -------------------------------------------------------------------------


def test_a_read_that_is_throttled_says_how_long_to_wait(world: World) -> None:
    world.strike(rate_429=1, retry_after=7)

    with pytest.raises(BusyError) as caught:
        world.read()

    assert caught.value.wait == 7


def test_throttling_without_a_header_leaves_the_wait_to_the_caller(world: World) -> None:
    world.strike(rate_429=1, retry_after=None)

    with pytest.raises(BusyError) as caught:
        world.read()

    assert caught.value.wait is None


@pytest.mark.parametrize(
    "fault",
    [
        {"rate_500_before": 1},
        {"truncate": 1, "times": 1},
        {"truncate": 1},
        {"timeout_before_effect": 1, "hold_s": 0.1},
        {"slow_ms": 700},
        {"html": 1},
        {"error_200": 1},
    ],
    ids=str,
)
def test_a_read_that_fails_can_be_tried_again(world: World, fault: dict[str, object]) -> None:
    world.strike(**fault)

    with pytest.raises(TransientError) as caught:
        world.read()

    assert not isinstance(caught.value, DoubtError)
    assert world.kind in str(caught.value)


def test_a_sign_in_page_is_named_as_what_it_is(world: World) -> None:
    world.strike(html=1)

    with pytest.raises(TransientError, match="HTML instead of JSON at GET"):
        world.read()


@pytest.mark.parametrize("fault", ["rate_429", "html", "truncate", "error_200", "rate_500_before"])
def test_a_scan_that_breaks_off_raises_in_the_middle(world: World, fault: str) -> None:
    pages = world.connector.list(world.resource, None)
    assert next(pages).keys
    world.strike(**{fault: 1})

    with pytest.raises(TransientError):
        list(pages)


def test_no_read_takes_a_fault_for_a_missing_record(world: World) -> None:
    key = create(world.connector, world.resource, world.item("Kept").fields).key
    for fault in ("rate_429", "rate_500_before", "html", "error_200", "truncate"):
        world.strike(**{fault: 1})

        with pytest.raises(TransientError):
            world.connector.get(world.resource, [key, "123"])


# --- writes ------------------------------------------------------------------------


def test_a_throttled_write_is_not_done_and_says_how_long_to_wait(world: World) -> None:
    marker = uuid.uuid4().hex
    world.strike(rate_429=1, retry_after=3)

    receipts = world.write(world.item("Slow Ltd", marker), world.item("Slower Ltd"))

    world.calm()
    assert {(receipt.outcome, receipt.wait) for receipt in receipts} == {(Outcome.BUSY, 3.0)}
    assert world.found(marker) == 0


@pytest.mark.parametrize(
    "fault",
    [{"rate_500_after": 1}, {"truncate": 1}, {"timeout_after_effect": 1, "hold_s": 0.1}],
    ids=str,
)
@pytest.mark.parametrize("batches", [True, False], ids=["batches", "singles"])
@pytest.mark.parametrize("kind", SYSTEMS)
def test_a_write_whose_answer_is_lost_is_in_doubt_and_done_once(
    kind: str, batches: bool, fault: dict[str, object], processes: dict[str, Process]
) -> None:
    for world in _world(processes[kind], batches=batches):
        check_doubt(world, fault)


def check_doubt(world: World, fault: dict[str, object]) -> None:
    marker = uuid.uuid4().hex
    world.strike(**fault)

    receipts = world.write(world.item("Lost Ltd", marker))

    world.calm()
    assert [receipt.outcome for receipt in receipts] == [Outcome.DOUBT]
    assert world.found(marker) == 1


@pytest.mark.parametrize(
    "fault",
    [{"html": 1}, {"rate_500_before": 1}, {"timeout_before_effect": 1, "hold_s": 0.1}, {"slow_ms": 700}],
    ids=str,
)
def test_a_write_that_may_have_been_done_is_in_doubt_even_if_it_was_not(world: World, fault: dict[str, object]) -> None:
    world.strike(**fault)

    receipts = world.write(world.item("Maybe Ltd"), world.item("Maybe Too Ltd"))

    assert {receipt.outcome for receipt in receipts} == {Outcome.DOUBT}


def test_an_update_whose_connection_breaks_is_not_sent_a_second_time(world_of_singles: World) -> None:
    world = world_of_singles
    key = create(world.connector, world.resource, world.item("Once Ltd").fields).key
    before = _write_requests(world)
    world.strike(timeout_after_effect=1, hold_s=0.05)

    receipts = world.write(Item(ref=1, op=Op.UPDATE, key=key, fields={NAMES[world.kind]: "Twice Ltd"}))

    world.calm()
    assert [receipt.outcome for receipt in receipts] == [Outcome.DOUBT]
    assert _write_requests(world) - before == 1


def test_an_error_behind_http_200_is_no_success(world: World) -> None:
    world.strike(error_200=1)

    receipts = world.write(world.item("Liar Ltd"))

    world.calm()
    assert [receipt.outcome for receipt in receipts] == [Outcome.BUSY]
    assert "busy" in receipts[0].message


def test_a_batch_cut_off_after_its_effect_is_in_doubt_as_a_whole(world_of_batches: World) -> None:
    world = world_of_batches
    markers = [uuid.uuid4().hex for _ in range(5)]
    items = [msgspec.structs.replace(world.item(f"Cut {n}", marker), ref=n) for n, marker in enumerate(markers)]
    world.strike(truncate=1, times=1)

    receipts = world.write(*items)

    world.calm()
    assert [receipt.outcome for receipt in receipts] == [Outcome.DOUBT] * 5
    assert [world.found(marker) for marker in markers] == [1] * 5


def test_bad_records_of_a_batch_are_refused_one_by_one(world: World) -> None:
    items = [msgspec.structs.replace(world.item(f"Row {n}"), ref=n) for n in range(20)]
    for place in (0, 7, 19):
        items[place] = msgspec.structs.replace(items[place], fields=BAD[world.kind])

    receipts = {receipt.ref: receipt for receipt in world.write(*items)}

    refused = {ref for ref, receipt in receipts.items() if receipt.outcome is Outcome.REFUSED}
    assert refused == {0, 7, 19}
    assert {receipts[ref].outcome for ref in set(receipts) - refused} == {Outcome.DONE}
    assert raw_of(world.connector, world.resource, receipts[1].key) == receipts[1].raw


def test_merged_records_name_the_winner(processes: dict[str, Process]) -> None:
    for world in _world(processes["crm"], batches=True):
        winner, loser = (create(world.connector, "customers", {"name": name}).key for name in ("Winner", "Loser"))
        merge(world.url, winner, loser)

        gone = world.connector.get("customers", [loser])[0]

        assert gone == Gone(key=loser, merged_into=winner)


def merge(url: str, winner: str, loser: str) -> None:
    headers = {"Authorization": f"Bearer {CRM_SECRET}"}
    body = msgspec.json.encode({"loser": loser})
    urllib.request.urlopen(  # noqa: S310
        urllib.request.Request(f"{url}/api/customers/{winner}/merge", data=body, headers=headers)  # noqa: S310
    ).close()


def _write_requests(world: World) -> int:
    stats = at_the_door(world.url, "stats")
    assert isinstance(stats, dict)
    return int(stats["write_requests"])


@pytest.mark.parametrize("fault", [{"rate_500_before": 1}, {"truncate": 1}, {"html": 1}])
def test_a_page_that_fails_is_asked_for_again_and_none_is_skipped(world: World, fault: dict[str, object]):
    whole = world.read()
    pages = world.connector.list(world.resource, None)
    keys = list(next(pages).keys)

    world.strike(**fault, methods=["GET"])
    with pytest.raises(TransientError):
        next(pages)
    world.calm()
    for page in pages:
        keys += page.keys

    assert sorted(keys) == sorted(whole)
