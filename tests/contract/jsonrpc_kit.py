"""The connector kit against the small JSON-RPC application: what every such suite shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

import pytest

from syncline.connectors.protocols.jsonrpc import SPEC, JsonRpcConnector, open_jsonrpc
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.testing import ConnectorSuite, Tried
from tests.contract.canned_server import Canned
from tests.contract.jsonrpc_system import TOKEN, Stock, serving
from tests.contract.throttling import throttling

CANARY = "canary-51b7"
TIMES = {"precision": 0.001, "lag": 0.5, "settle": 0.0, "effect": 3.0, "skew": 1.5}
CODES = {"404": "gone", "409": "stale", "410": "duplicate", "422": "refused"}
_LIST = {"offset": "$offset", "limit": "$size"}
PRODUCTS: Mapping[str, object] = {
    "list": {"method": "product.list", "params": _LIST, "rows": "records"},
    "paging": {"type": "offset", "size": 7, "total": "total"},
    "since": {
        "field": "changed",
        "list": {"method": "product.list", "params": {**_LIST, "since": "$since"}, "rows": "records"},
    },
    "key_type": "integer",
    "get": {"method": "product.read", "params": ["$keys"], "size": 5},
    "version": {"field": "rev"},
    "marker": {
        "field": "hub_ref", "unique": True, "search": {"method": "product.find", "params": ["hub_ref", "$value"]},
    },
    "search": {"sku": {"method": "product.find", "params": {"name": "sku", "value": "$value"}}},
    "write": {
        "create": {"method": "product.create", "params": [["$fields"]], "key": "0"},
        "update": {
            "method": "product.write", "params": {"id": "$key", "values": "$fields", "rev": "$version"}, "record": "",
        },
        "delete": {"method": "product.unlink", "params": ["$key"]},
    },
}  # fmt: skip


def options_for(url: str, token: str = TOKEN, **more: object) -> dict[str, object]:
    """Options that fit the application."""
    return {
        "url": f"{url}/rpc", "timeout": 5, "contract": TIMES, "errors": {"codes": CODES},
        "auth": {"type": "bearer", "token": token}, "resources": {"products": PRODUCTS}, **more,
    }  # fmt: skip


@contextmanager
def connected(url: str, token: str = TOKEN, **more: object) -> Iterator[JsonRpcConnector]:
    """A connector for as long as a test needs it."""
    connector = open_jsonrpc("erp", options_for(url, token, **more), RealEnv())
    try:
        yield connector
    finally:
        connector.close()


class JsonRpcSuite(ConnectorSuite):
    server = "json-rpc 1.15"
    says: ClassVar[Mapping[str, object]] = {}  #: options beside the usual ones
    tried = Tried(
        resource="products",
        text_field="name",
        fields_of=lambda number: {
            "sku": f"K{number}", "name": f"Bolt {number}", "price": f"{number}.50", "stock": number,
        },
        bad_fields={"name": "Bad", "colour": "red"},
        unknown_key="999999",
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def system(cls) -> Iterator[tuple[Stock, Canned]]:
        with serving() as both:
            yield both

    @pytest.fixture
    def options(self, system: tuple[Stock, Canned]) -> Mapping[str, object]:
        return options_for(system[1].url, **self.says)

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, system: tuple[Stock, Canned]) -> Iterator[JsonRpcConnector]:
        with connected(system[1].url, **self.says) as connector:
            yield connector

    @pytest.fixture
    def impostor(self, system: tuple[Stock, Canned]) -> Iterator[JsonRpcConnector]:
        with connected(system[1].url, CANARY, **self.says) as connector:
            yield connector

    @pytest.fixture
    def stranded(self) -> Iterator[JsonRpcConnector]:
        with connected("http://127.0.0.1:9", **self.says) as connector:
            yield connector

    @pytest.fixture
    def hasty(self, system: tuple[Stock, Canned], connector: JsonRpcConnector) -> JsonRpcConnector:
        system[0].late = 0.3
        return connector

    @pytest.fixture
    def throttled(self, system: tuple[Stock, Canned]) -> Callable[[float], AbstractContextManager[None]]:
        return throttling(system[0])

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [TOKEN, CANARY]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "price": "decimal"}
