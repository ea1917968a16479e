"""The brokers connector on a real RabbitMQ, from Debian's package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncline.connectors.protocols.brokers_connector import BrokersConnector
from tests.contract.brokers_kit import ORDERS, BrokersSuite, opened
from tests.contract.rabbit_server import PASSWORD, USER, RabbitServer, rabbit_server

pytestmark = pytest.mark.live
GUESS = "guess-91ce"
QUEUE = "crm.orders"


@pytest.fixture(scope="module")
def rabbit() -> Iterator[RabbitServer]:
    with rabbit_server() as server:
        server.make(QUEUE, "orders")
        yield server


class TestRabbit(BrokersSuite):
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
