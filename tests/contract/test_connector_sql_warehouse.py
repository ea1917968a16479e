"""The sql connector keeps the port's promises on the tables of the sandbox's warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncline.connectors.protocols.sql import SPEC, open_sql
from syncline.connectors.protocols.sql_connector import SqlConnector
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.sandbox.process import Process, start
from syncline.testing import ConnectorSuite, Tried
from tests.contract.all_systems import WAREHOUSE, system_options


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="module")
def warehouse(data: Path) -> Iterator[Process]:
    """Its program works all the while, and writes to the same tables."""
    with start("warehouse", data=data, size=120, options=["--every", "0.2"]) as process:
        yield process


@contextmanager
def opened(options: Mapping[str, object]) -> Iterator[SqlConnector]:
    connector = open_sql("warehouse", options, RealEnv())
    assert isinstance(connector, SqlConnector)
    try:
        yield connector
    finally:
        connector.close()


class TestFulfilmentOrders(ConnectorSuite):
    tried = Tried(
        resource="fulfilment_orders",
        text_field="note",
        fields_of=lambda number: {
            "ext_order_no": f"O-2026-{number:06}", "ship_name": f"Maple {number} Ltd", "ship_city": "Lübeck",
            "ship_country": "DE", "wanted_on": f"2027-03-{number % 28 + 1:02}", "note": f"Order {number}", "prio": 9,
            # more than there is: the program leaves it alone
            "lines": [{"line_no": 1, "article_no": "A100001", "qty": "100000"}],
        },
        bad_fields={"ext_order_no": "O-0", "ship_name": "Bad", "site_code": "WH-9"},
        unknown_key="999999999",
    )  # fmt: skip

    @pytest.fixture
    def options(self, warehouse: Process, data: Path) -> Mapping[str, object]:
        return system_options("warehouse", WAREHOUSE, str(data / "warehouse.sqlite"))

    @pytest.fixture
    def connector(self, options: Mapping[str, object]) -> Iterator[SqlConnector]:
        with opened({**options, "page": 20}) as connector:
            yield connector

    @pytest.fixture
    def stranded(self, options: Mapping[str, object], tmp_path: Path) -> Iterator[SqlConnector]:
        with opened({**options, "url": f"sqlite:///{tmp_path}/none.sqlite"}) as connector:
            yield connector

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return []

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"note": "text", "wanted_on": "date"}
