"""The brokers connector on a real RabbitMQ, from Debian's package."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from syncline.connectors.protocols.brokers_connector import BrokersConnector
from syncline.env import RealEnv
from syncline.errors import TransientError
from syncline.model.page import Outcome
from syncline.testing.connector_steps import last_cursor, new_item, written
from tests.contract.brokers_kit import ORDERS, BrokersSuite, opened
from tests.contract.rabbit_server import PASSWORD, USER, RabbitServer, rabbit_server

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]
_ENV = RealEnv()
GUESS = "guess-91ce"
QUEUE = "crm.orders"


@pytest.fixture(scope="module")
def rabbit() -> Iterator[RabbitServer]:
    with rabbit_server() as server:
        server.make(QUEUE, "orders")
        yield server


class TestRabbit(BrokersSuite):
    title = "brokers.rabbitmq"
    server = "RabbitMQ"
    resources: ClassVar[Mapping[str, Any]] = {
        "orders": {
            **ORDERS, "deleted": {"type": "io.syncline.order.deleted"},
            "write": {**ORDERS["write"], "exchange": "orders"},
        }
    }  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, rabbit: RabbitServer) -> str:
        return rabbit.url

    @pytest.fixture
    def impostor(self, rabbit: RabbitServer, tmp_path: Path) -> Iterator[BrokersConnector]:
        url = f"amqp://{USER}@127.0.0.1:{rabbit.port}/"
        with opened(url, tmp_path, self.resources, password=GUESS) as connector:
            yield connector

    @pytest.fixture
    def secrets(self) -> list[str]:
        return [GUESS, f"{USER}:{PASSWORD}"]


# --- what a queue says ------------------------------------------------------------------------------------------------


def body(key: str, total: int) -> bytes:
    return msgspec.json.encode({"id": key, "total": total})


def totals(connector: BrokersConnector) -> dict[str, int]:
    return {
        key: msgspec.json.decode(raw)["total"]
        for page in connector.list("orders", None)
        for key, raw in zip(page.keys, page.raws, strict=True)
    }


def queue_of(rabbit: RabbitServer) -> tuple[str, Mapping[str, Any]]:
    name = f"erp.{_ENV.new_id()[:8]}"
    rabbit.make(name)
    return name, {"topic": name, "key": "id"}


def test_messages_are_taken_in_their_order_and_poison_is_set_aside(rabbit: RabbitServer, tmp_path: Path) -> None:
    name, orders = queue_of(rabbit)
    rabbit.say(name, *(body(f"A{n % 5}", n) for n in range(1_000)), b"{", b"[]", b"\xff", body("A9", 9))
    with opened(rabbit.url, tmp_path, {"orders": orders}) as bus:
        assert totals(bus) == {**{f"A{n}": 995 + n for n in range(5)}, "A9": 9}
        assert len([one for page in bus.list("orders", None) for one in page.broken]) == 3
        assert "3 messages could not be read" in bus.check()
    assert rabbit.heard(name) == []


def test_messages_that_come_again_after_a_kill_do_not_bring_back_what_was(rabbit: RabbitServer, tmp_path: Path) -> None:
    """Killed when all was kept and nothing acknowledged: the broker delivers everything again."""
    name, orders = queue_of(rabbit)
    rabbit.say(name, *(body("A", n) for n in range(40)))
    program = (
        "import sys, msgspec; from pathlib import Path; from tests.contract.brokers_kit import opened\n"
        "url, folder, orders = sys.argv[1], Path(sys.argv[2]), msgspec.json.decode(sys.argv[3])\n"
        "with opened(url, folder, {'orders': orders}) as bus: list(bus.list('orders', None))"
    )
    command = [sys.executable, "-c", program, rabbit.url, str(tmp_path), msgspec.json.encode(orders).decode()]
    environment = os.environ | {"SYNCLINE_FAILPOINT": "brokers.acknowledge", "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    assert subprocess.run(command, env=environment, timeout=60, check=False).returncode == -signal.SIGKILL

    with opened(rabbit.url, tmp_path, {"orders": orders}) as bus:
        cursor = last_cursor(bus, "orders", None)
        assert totals(bus) == {"A": 39}
        assert last_cursor(bus, "orders", cursor) == cursor
    assert rabbit.heard(name) == []


def test_a_broker_that_was_away_loses_nothing_and_is_told_in_one_sentence(rabbit: RabbitServer, tmp_path: Path) -> None:
    name, orders = queue_of(rabbit)
    rabbit.make(f"{name}.out")
    writing = {**orders, "write": {"topic": f"{name}.out"}, "marker": "hub"}
    with opened(rabbit.url, tmp_path, {"orders": writing}) as bus:
        rabbit.say(name, body("A", 1))
        assert totals(bus) == {"A": 1}
        rabbit.stop()
        with pytest.raises(TransientError) as caught:
            totals(bus)
        assert f"at amqp://127.0.0.1:{rabbit.port}" in str(caught.value)
        assert PASSWORD not in str(caught.value)
        item = new_item({"total": 2}, marker="m1")
        assert written(bus, "orders", [item])[0].outcome is Outcome.BUSY
        rabbit.start()
        rabbit.say(name, body("A", 3), body("B", 1))

        begun = _ENV.monotonic()
        found: dict[str, int] = {}
        while found != {"A": 3, "B": 1} and _ENV.monotonic() - begun < 60:
            with suppress(TransientError):
                found = totals(bus)
        assert found == {"A": 3, "B": 1}
        assert written(bus, "orders", [item])[0].outcome is Outcome.DONE
    assert len(rabbit.heard(f"{name}.out")) == 1
