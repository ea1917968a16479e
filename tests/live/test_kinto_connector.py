"""The rest connector keeps the port's promises against Kinto: tombstones, versions as times, pages by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from syncline.connectors.protocols.rest import SPEC, RestConnector, open_rest
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.testing import ConnectorSuite, Tried
from tests.live import kinto_server
from tests.live.node_server import NotToBeHadError

pytestmark = pytest.mark.live

_ENV = RealEnv()
_CANARY = "canary-51b7"
_CUSTOMERS = {
    "path": kinto_server.RECORDS,
    "rows": "data",
    "record": "data",
    "query": {"_sort": "id"},
    "get_many": {"param": "in_id", "max": 20},
    "paging": {"type": "keyset", "params": {"gt_id": "id"}, "size_param": "_limit", "size": 7},
    "since": {"field": "last_modified", "param": "_since", "format": "unix-ms"},
    "version": {"field": "last_modified", "match": '"{version}"'},
    "tombstones": {"field": "deleted", "equals": True},
    "marker": {"field": "hub", "param": "hub"},
    "search": {"name": "name", "city": "city"},
    "write": {"create": {}, "update": {}, "delete": {}, "wrap": "data", "record": "data"},
}


@pytest.fixture(scope="session")
def kinto() -> Iterator[str]:
    try:
        with kinto_server.serving() as url:
            yield url
    except NotToBeHadError as reason:
        pytest.skip(f"no Kinto: {reason}")


def options_for(url: str, password: str = kinto_server.PASSWORD) -> dict[str, object]:
    return {
        "url": url, "timeout": 10, "auth": {"type": "basic", "user": kinto_server.USER, "password": password},
        "errors": {"message": "message"}, "resources": {"customers": _CUSTOMERS},
        "contract": {"precision": 0.001, "lag": 0.2, "settle": 0.0, "effect": 3.0, "skew": 0.5, "read_back": "body"},
    }  # fmt: skip


class TestKintoCustomers(ConnectorSuite):
    title = "rest.kinto"
    server = "Kinto 26"
    tried = Tried(
        resource="customers",
        text_field="name",
        fields_of=lambda number: {"name": f"Maple {number}", "city": f"Town {number}", "credit": f"{number}.50"},
        bad_fields={"name": "Bad", "colour": "red"},
        unknown_key="nobody",
    )

    @pytest.fixture
    def options(self, kinto: str) -> Mapping[str, object]:
        return options_for(kinto)

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, kinto: str) -> Iterator[RestConnector]:
        yield from _closing(open_rest("shop", options_for(kinto), _ENV))

    @pytest.fixture
    def impostor(self, kinto: str) -> Iterator[RestConnector]:
        yield from _closing(open_rest("shop", options_for(kinto, _CANARY), _ENV))

    @pytest.fixture
    def stranded(self) -> Iterator[RestConnector]:
        yield from _closing(open_rest("shop", options_for("http://127.0.0.1:9"), _ENV))

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [kinto_server.PASSWORD, _CANARY]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "credit": "decimal"}


def _closing(connector: RestConnector) -> Iterator[RestConnector]:
    yield connector
    connector.close()
