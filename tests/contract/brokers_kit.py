"""The connector kit against brokers: what every such suite shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncline.connectors.protocols.brokers import SPEC, open_brokers
from syncline.connectors.protocols.brokers_connector import BrokersConnector
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.testing import ConnectorSuite, Tried

LIMIT = 20_000  #: longest message [bytes]
ORDERS: Mapping[str, Any] = {
    "topic": "crm.orders", "key": "data.number", "body": "data", "marker": "hub", "search": ["customer", "note"],
    "write": {"source": "/hub", "type": "io.syncline.order"},
}  # fmt: skip


@contextmanager
def opened(url: str, folder: Path, resources: Mapping[str, Any], **options: object) -> Iterator[BrokersConnector]:
    """A connector for the length of a block."""
    given = {"inbox": str(folder / "bus.sqlite"), "timeout": 5, "message_limit": LIMIT, **options}
    connector = open_brokers("bus", {"url": url, "resources": resources, **given}, RealEnv())
    assert isinstance(connector, BrokersConnector)
    try:
        yield connector
    finally:
        connector.close()


class BrokersSuite(ConnectorSuite):
    resources: ClassVar[Mapping[str, Any]] = {"orders": ORDERS}
    tried = Tried(
        resource="orders",
        text_field="note",
        fields_of=lambda number: {"customer": f"Maple {number}", "note": f"Order {number}", "amount": number},
        bad_fields={"note": "x" * LIMIT},
        unknown_key="none such",
    )

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> str:
        raise NotImplementedError

    @pytest.fixture
    def options(self, url: str, tmp_path: Path) -> Mapping[str, object]:
        return {"url": url, "resources": self.resources, "inbox": str(tmp_path / "other.sqlite")}

    @pytest.fixture(scope="class")
    @classmethod
    def connector(cls, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokersConnector]:
        with opened(url, tmp_path_factory.mktemp("bus"), cls.resources, page=20) as connector:
            yield connector

    @pytest.fixture
    def stranded(self, url: str, tmp_path: Path) -> Iterator[BrokersConnector]:
        nowhere = f"{url.partition(':')[0]}://127.0.0.1:9"
        with opened(nowhere, tmp_path, self.resources, inbox=str(tmp_path / "stranded.sqlite")) as connector:
            yield connector

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return ["canary-51b7"]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"note": "text", "amount": "decimal"}
