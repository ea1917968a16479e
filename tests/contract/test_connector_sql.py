"""The sql connector keeps the port's promises on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from syncline.connectors.protocols.sql_connector import SqlConnector
from syncline.testing import Tried
from tests.contract.mariadb_server import MariaServer, mariadb_server
from tests.contract.sql_databases import Business, in_mariadb, in_postgres, in_sqlite
from tests.contract.sql_kit import ServerSuite, SqlSuite, opened
from tests.processes.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaServer]:
    with mariadb_server() as server:
        yield server


class Orders:
    """The same for records with lines, times without a zone, and keys that are no numbers."""

    tried = Tried(
        resource="orders",
        text_field="note",
        fields_of=lambda number: {
            "note": f"Order {number}", "status": "open",
            "lines": [{"product": "Bolt", "quantity": "2.500"}, {"product": "Nut", "quantity": "1.000"}],
        },
        bad_fields={"note": "Bad", "status": "lost"},
        unknown_key="5f0c1a38-0000-4000-8000-000000000000",
    )  # fmt: skip

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"note": "text"}


class TestPostgres(ServerSuite):
    title = "sql.postgresql"
    server = "PostgreSQL"

    @pytest.fixture(scope="class")
    @classmethod
    def business(cls, postgres: PostgresServer) -> Iterator[Business]:
        with in_postgres(postgres) as business:
            yield business

    @pytest.fixture
    def stranded(self, business: Business) -> Iterator[SqlConnector]:
        nowhere = replace(business, url="postgresql://127.0.0.1:9/none", options={"tls": {"mode": "off"}})
        with opened(nowhere, self.resources) as connector:
            yield connector


class TestMaria(ServerSuite):
    title = "sql.mariadb"
    server = "MariaDB"

    @pytest.fixture(scope="class")
    @classmethod
    def business(cls, mariadb: MariaServer) -> Iterator[Business]:
        with in_mariadb(mariadb) as business:
            yield business

    @pytest.fixture
    def stranded(self, business: Business) -> Iterator[SqlConnector]:
        with opened(replace(business, url="mariadb://127.0.0.1:9/none"), self.resources) as connector:
            yield connector


class TestSqlite(SqlSuite):
    title = "sql.sqlite"
    server = "SQLite"
    open = True

    @pytest.fixture(scope="class")
    @classmethod
    def business(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
        with in_sqlite(tmp_path_factory.mktemp("sqlite")) as business:
            yield business

    @pytest.fixture
    def stranded(self, business: Business, tmp_path: Path) -> Iterator[SqlConnector]:
        with opened(replace(business, url=f"sqlite:///{tmp_path}/none.db"), self.resources) as connector:
            yield connector


class TestPostgresOrders(Orders, TestPostgres):
    zone = "Europe/Berlin"


class TestMariaOrders(Orders, TestMaria):
    pass


class TestSqliteOrders(Orders, TestSqlite):
    pass
