"""The connector kit against the small SOAP application: what every such suite shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

import pytest

from syncline.connectors.protocols.soap import SPEC, open_soap
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.model.page import Batch, Item, Op, Receipt
from syncline.ports.connector import Connector
from syncline.testing import ConnectorSuite, Tried
from tests.contract.canned_server import Canned
from tests.contract.soap_system import PASSWORD, ROOT, USER, Erp, serving
from tests.contract.throttling import throttling

CANARY = "canary-8d40"
TIMES = {"precision": 0.001, "lag": 0.5, "settle": 0.0, "effect": 3.0, "skew": 1.5}
_ENV = RealEnv()
BAD = {"name": "without its number"}
BY_OFFSET = {
    "list": {"operation": "ListOrders", "rows": "ListOrdersResult.items"},
    "paging": {
        "type": "offset", "size": 7, "size_to": "limit", "to": "offset", "total": "ListOrdersResult.total",
    },
}  # fmt: skip
BY_KEY = {
    "list": {"operation": "WalkOrders", "rows": "WalkOrdersResult.items"},
    "paging": {"type": "keyset", "size": 7, "size_to": "limit", "to": "after", "more": "WalkOrdersResult.more"},
}
BY_CURSOR = {
    "list": {"operation": "WalkOrders", "rows": "WalkOrdersResult.items"},
    "paging": {"type": "cursor", "size": 7, "size_to": "limit", "to": "after", "next": "WalkOrdersResult.next"},
}
WRITES = {
    "create": {"operation": "CreateOrder", "fields": "order", "record": "CreateOrderResult"},
    "update": {
        "operation": "UpdateOrder", "fields": "order", "key": "id", "version": "version", "record": "UpdateOrderResult",
    },
    "delete": {"operation": "DeleteOrder", "key": "id"},
}  # fmt: skip
ORDERS = {
    "since": {"field": "changedAt", "to": "since"},
    "version": {"field": "version"},
    "get": {"operation": "GetOrder", "key": "id", "record": "GetOrderResult"},
    "write": WRITES,
    "marker": {
        "field": "hubRef",
        "unique": True,
        "search": {"operation": "FindOrders", "value": "hubRef", "rows": "FindOrdersResult"},
    },
    "search": {"number": {"operation": "FindOrders", "value": "number", "rows": "FindOrdersResult"}},
}
FAULTS = {
    "codes": {"NotFound": "gone", "Conflict": "stale", "Duplicate": "duplicate", "Busy": "busy"},
}


def options_for(url: str, password: str = PASSWORD, **more: object) -> dict[str, object]:
    """Options that fit the application."""
    wsse = more.pop("wsse", None)
    auth = {"auth": {"type": "basic", "user": USER, "password": password}}
    if wsse is not None:
        auth = {"username_token": {"user": USER, "password": password, "digest": wsse == "digest"}}
    resources = more.pop("resources", {"orders": {**BY_OFFSET, **ORDERS}})
    usual = {"wsdl": f"{url}{ROOT}?wsdl", "timeout": 30, "contract": TIMES, "faults": FAULTS}
    return {**usual, **auth, "resources": resources, **more}


@contextmanager
def connected(url: str, **more: object) -> Iterator[Connector]:
    """A connector for as long as a test needs it."""
    connector = open_soap("erp", options_for(url, **more), RealEnv())
    try:
        yield connector
    finally:
        connector.close()


def order(number: int) -> dict[str, object]:
    return {"number": f"K{number}", "name": f"Bolt {number}", "total": f"{number}.50"}


def creates(*fields: dict[str, object]) -> list[Item]:
    return [Item(ref=place, op=Op.CREATE, fields=one, marker=f"m{place}") for place, one in enumerate(fields)]


def written(connector: Connector, items: list[Item]) -> dict[int, Receipt]:
    batch = Batch(resource="orders", items=items, send_by=_ENV.monotonic() + 30)
    return {receipt.ref: receipt for receipt in connector.write(batch)}


def everything(connector: Connector) -> list[str]:
    return [key for page in connector.list("orders", None) for key in page.keys]


class SoapSuite(ConnectorSuite):
    server = "spyne 2.14"
    says: ClassVar[Mapping[str, object]] = {}  #: options beside the usual ones
    manner: ClassVar[Mapping[str, object]] = {}  #: of the application
    tried = Tried(
        resource="orders",
        text_field="name",
        fields_of=lambda number: {
            "number": f"K{number}", "name": f"Bolt {number}", "total": f"{number}.50", "stock": number,
            "lines": [{"sku": f"S{number}", "quantity": number}],
        },
        bad_fields={"name": "no number of its own", "number": None},
        unknown_key="O999999",
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def system(cls) -> Iterator[tuple[Erp, Canned]]:
        with serving(**cls.manner) as both:
            yield both

    @pytest.fixture
    def options(self, system: tuple[Erp, Canned]) -> Mapping[str, object]:
        return options_for(system[1].url, **self.says)

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, system: tuple[Erp, Canned]) -> Iterator[Connector]:
        with connected(system[1].url, **self.says) as connector:
            yield connector

    @pytest.fixture
    def impostor(self, system: tuple[Erp, Canned]) -> Iterator[Connector]:
        with connected(system[1].url, password=CANARY, **self.says) as connector:
            yield connector

    @pytest.fixture
    def stranded(self) -> Iterator[Connector]:
        with connected("http://127.0.0.1:9", **self.says) as connector:
            yield connector

    @pytest.fixture
    def hasty(self, system: tuple[Erp, Canned], connector: Connector) -> Connector:
        system[0].late = 0.3
        return connector

    @pytest.fixture
    def throttled(self, system: tuple[Erp, Canned]) -> Callable[[float], AbstractContextManager[None]]:
        return throttling(system[0])

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [PASSWORD, CANARY]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "total": "decimal", "due": "date", "placedAt": "time"}
