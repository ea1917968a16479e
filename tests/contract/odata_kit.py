"""The connector kit against the small OData application: what every such suite shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

import pytest

from syncline.connectors.protocols.odata import SPEC, ODataConnector, open_odata
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.model.page import Batch, Item, Op, Receipt
from syncline.testing import ConnectorSuite, Tried
from tests.contract.canned_server import Canned
from tests.contract.odata_system import PASSWORD, ROOT, USER, Application, Manner, serving
from tests.contract.throttling import throttling

CANARY = "canary-51b7"
TIMES = {"precision": 0.001, "lag": 0.5, "settle": 0.0, "effect": 3.0, "skew": 1.5}
_ENV = RealEnv()
BAD = {"name": "without its number"}
PRODUCTS = {
    "set": "Products",
    "since": "modifiedAt",
    "etag": True,
    "marker": {"field": "hubRef"},
    "search": ["sku"],
    "expand": {"lines": []},
    "write": ["create", "update", "delete"],
}


def options_for(url: str, password: str = PASSWORD, **more: object) -> dict[str, object]:
    """Options that fit the application."""
    resources = more.pop("resources", {"products": PRODUCTS})
    auth = {"type": "basic", "user": USER, "password": password}
    return {"url": url + ROOT, "auth": auth, "timeout": 5, "contract": TIMES, "resources": resources, **more}


@contextmanager
def connected(url: str, **more: object) -> Iterator[ODataConnector]:
    """A connector for as long as a test needs it."""
    connector = open_odata("erp", options_for(url, **more), RealEnv())
    try:
        yield connector
    finally:
        connector.close()


def product(number: int) -> dict[str, object]:
    return {"sku": f"K{number}", "name": f"Bolt {number}", "price": f"{number}.50"}


def creates(*fields: dict[str, object]) -> list[Item]:
    return [Item(ref=place, op=Op.CREATE, fields=one, marker=f"m{place}") for place, one in enumerate(fields)]


def written(connector: ODataConnector, items: list[Item], resource: str = "products") -> dict[int, Receipt]:
    batch = Batch(resource=resource, items=items, send_by=_ENV.monotonic() + 30)
    return {receipt.ref: receipt for receipt in connector.write(batch)}


class ODataSuite(ConnectorSuite):
    manner: ClassVar[Manner]
    says: ClassVar[Mapping[str, object]] = {}  #: options beside the usual ones
    tried = Tried(
        resource="products",
        text_field="name",
        fields_of=lambda number: {
            "sku": f"K{number}", "name": f"Bolt {number}", "price": f"{number}.50", "stock": number,
        },
        bad_fields={"name": "no number of its own"},
        unknown_key="00000000-0000-4000-8000-000000000000",
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def system(cls, request: pytest.FixtureRequest) -> Iterator[tuple[Application, Canned]]:
        with serving(request.cls.manner) as both:
            yield both

    @pytest.fixture
    def options(self, system: tuple[Application, Canned]) -> Mapping[str, object]:
        return options_for(system[1].url, **self.says)

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, system: tuple[Application, Canned]) -> Iterator[ODataConnector]:
        with connected(system[1].url, **self.says) as connector:
            yield connector

    @pytest.fixture
    def impostor(self, system: tuple[Application, Canned]) -> Iterator[ODataConnector]:
        with connected(system[1].url, password=CANARY, **self.says) as connector:
            yield connector

    @pytest.fixture
    def stranded(self) -> Iterator[ODataConnector]:
        with connected("http://127.0.0.1:9", **self.says) as connector:
            yield connector

    @pytest.fixture
    def hasty(self, system: tuple[Application, Canned], connector: ODataConnector, resource: str) -> ODataConnector:
        connector.schema(resource)  # read before the next write is lost
        system[0].late = 0.3
        return connector

    @pytest.fixture
    def throttled(self, system: tuple[Application, Canned]) -> Callable[[float], AbstractContextManager[None]]:
        return throttling(system[0])

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [PASSWORD, CANARY]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "price": "decimal"}
