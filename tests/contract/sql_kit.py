"""The connector kit against databases: what every such suite shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from syncline.connectors.protocols.sql import SPEC, open_sql
from syncline.connectors.protocols.sql_connector import SqlConnector
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.testing import ConnectorSuite, Tried
from tests.contract.sql_databases import PASSWORD, Business

GUESS = "guess-a81c"
TIMES = {"precision": 0.001, "lag": 1.0, "effect": 5.0, "skew": 0.1}

CUSTOMERS: Mapping[str, Any] = {
    "table": "customers",
    "since": {"column": "updated_at"},
    "marker": {"column": "hub_marker", "unique": True},
    "tombstones": {"table": "buried", "key": "customer_id", "at": "at"},
    "search": ["email", "name"],
    "writes": {"create": True, "update": True, "delete": "hard", "archive": {"active": False}},
    "contract": TIMES,
}
ORDERS: Mapping[str, Any] = {
    "table": "orders",
    "since": {"column": "changed"},
    "marker": {"column": "hub_marker", "unique": True},
    "writes": {"create": True, "update": True, "delete": "hard", "archive": {"status": "done"}},
    "lines": {"lines": {"table": "order_lines", "parent": "order_id", "since": "changed"}},
    "search": ["note"],
    "contract": TIMES,
}


@contextmanager
def opened(business: Business, resources: Mapping[str, object], **options: object) -> Iterator[SqlConnector]:
    """A connector to a database for the length of a block."""
    given = {"url": business.url, **business.options, "page": 50, "resources": resources, **options}
    connector = open_sql("business", given, RealEnv())
    assert isinstance(connector, SqlConnector)
    try:
        yield connector
    finally:
        connector.close()


class SqlSuite(ConnectorSuite):
    resources: ClassVar[Mapping[str, Any]] = {"customers": CUSTOMERS, "orders": ORDERS}
    zone: ClassVar[str] = "UTC"
    tried = Tried(
        resource="customers",
        text_field="name",
        fields_of=lambda number: {
            "name": f"Maple {number}", "credit": f"{number}.5", "due": f"2026-03-{number % 28 + 1:02}",
            "met_at": f"2026-03-{number % 28 + 1:02}T12:00:00Z", "active": True,
        },
        bad_fields={"name": "Bad", "credit": "200000000"},
        unknown_key="999999",
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def business(cls) -> Business:
        raise NotImplementedError

    @pytest.fixture
    def connector(self, business: Business) -> Iterator[SqlConnector]:
        with opened(business, self.resources, zone=self.zone) as connector:
            yield connector

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def options(self, business: Business) -> Mapping[str, object]:
        return {"url": business.url, **business.options, "resources": self.resources}

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [PASSWORD, GUESS]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "credit": "decimal", "due": "date", "met_at": "time"}


class ServerSuite(SqlSuite):
    """What only a server has: passwords, and a place where none listens."""

    @pytest.fixture
    def impostor(self, business: Business) -> Iterator[SqlConnector]:
        with opened(business, self.resources, password=GUESS) as connector:
            yield connector
