"""Beginnings that every test of this suite copies; a process of pytest makes them once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes.postgres_server import PostgresServer, postgres_server
from tests.processes.starts import PostgresPlace, SqlitePlace, Starts


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, to be disturbed as well."""
    with postgres_server() as made:
        yield made


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Starts:
    """Beginnings with a store on SQLite."""
    return Starts(tmp_path_factory.mktemp("sqlite"), SqlitePlace())


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory, server: PostgresServer) -> Starts:
    """Beginnings with a store on PostgreSQL."""
    return Starts(tmp_path_factory.mktemp("postgresql"), PostgresPlace(server))


@pytest.fixture(params=["sqlite", "postgresql"])
def starts(request: pytest.FixtureRequest) -> Starts:
    """The same test on both stores."""
    made: Starts = request.getfixturevalue(request.param)
    return made
