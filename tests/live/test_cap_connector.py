"""The odata connector keeps the port's promises against SAP's own implementation of the protocol, in both versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec
import pytest

from syncline.connectors.protocols.odata import SPEC, ODataConnector, open_odata
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.model.page import Batch, Item, Op, Outcome, Receipt
from syncline.testing import ConnectorSuite, Tried
from tests.live import cap_server
from tests.live.node_server import NotToBeHadError

pytestmark = pytest.mark.live

_ENV = RealEnv()
_CANARY = "canary-51b7"
_TIMES = {"precision": 0.001, "lag": 0.5, "settle": 0.0, "effect": 3.0, "skew": 1.5}
_PRODUCTS = {
    "set": "Products", "since": "modifiedAt", "etag": True, "marker": {"field": "hubRef", "unique": True},
    "search": ["sku"], "write": ["create", "update", "delete"],
}  # fmt: skip
_ORDERS = {
    "set": "Orders", "since": "modifiedAt", "etag": True, "expand": {"items": ["ID", "position", "quantity"]},
    "write": ["create", "update", "archive"], "marker": {"field": "hubRef"}, "archive": {"action": "live.Shop.close"},
}  # fmt: skip
#: CAP on SQLite answers 500 to an entity that is not unique, and the code alone tells what that is.
_CODES = {"SQLITE_CONSTRAINT_UNIQUE": "duplicate"}


@pytest.fixture(scope="session")
def cap() -> Iterator[str]:
    try:
        with cap_server.serving() as url:
            yield url
    except NotToBeHadError as reason:
        pytest.skip(f"no CAP: {reason}")


def opened(url: str, version: str = "v4", password: str = cap_server.PASSWORD, **more: object) -> ODataConnector:
    auth = {"type": "basic", "user": cap_server.USER, "password": password}
    options = {
        "url": f"{url}/odata/{version}/shop", "version": version, "auth": auth, "timeout": 10, "contract": _TIMES,
        "codes": _CODES, "resources": {"products": _PRODUCTS, "orders": _ORDERS}, **more,
    }  # fmt: skip
    return open_odata("erp", options, _ENV)


class CapSuite(ConnectorSuite):
    server = "SAP CAP 9"
    version: ClassVar[str] = "v4"
    says: ClassVar[Mapping[str, object]] = {}
    tried = Tried(
        resource="products",
        text_field="name",
        fields_of=lambda number: {
            "sku": f"K{number}", "name": f"Bolt {number}", "price": f"{number}.50", "stock": number,
        },
        bad_fields={"name": "no number of its own"},
        unknown_key="00000000-0000-4000-8000-000000000000",
    )  # fmt: skip

    @pytest.fixture
    def options(self, cap: str) -> Mapping[str, object]:
        resources = {"products": _PRODUCTS}
        return {"url": f"{cap}/odata/{self.version}/shop", "version": self.version, "resources": resources, **self.says}

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, cap: str) -> Iterator[ODataConnector]:
        yield from _closing(opened(cap, self.version, **self.says))

    @pytest.fixture
    def impostor(self, cap: str) -> Iterator[ODataConnector]:
        yield from _closing(opened(cap, self.version, _CANARY, **self.says))

    @pytest.fixture
    def stranded(self) -> Iterator[ODataConnector]:
        yield from _closing(opened("http://127.0.0.1:9", self.version, **self.says))

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [cap_server.PASSWORD, _CANARY]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "price": "decimal"}


def _closing(connector: ODataConnector) -> Iterator[ODataConnector]:
    yield connector
    connector.close()


class TestCapV4(CapSuite):
    title = "odata.cap.v4"
    says: ClassVar = {"batch": {"format": "json"}, "paging": "keyset"}


class TestCapV4Singly(CapSuite):
    says: ClassVar = {"page": 10}


class TestCapV4Changesets(CapSuite):
    """CAP answers 201 to parts of a changeset that it rolls back."""

    says: ClassVar = {"batch": {"format": "json", "atomic": True}}


class TestCapV4Multipart(CapSuite):
    says: ClassVar = {"batch": {"format": "multipart"}}


class TestCapV2(CapSuite):
    title = "odata.cap.v2"
    version = "v2"
    says: ClassVar = {"batch": {}}


class TestCapV2Changesets(CapSuite):
    version = "v2"
    says: ClassVar = {"batch": {"atomic": True}}


def written(connector: ODataConnector, *items: Item) -> Sequence[Receipt]:
    batch = Batch(resource="orders", items=items, send_by=_ENV.monotonic() + 30)
    found = {receipt.ref: receipt for receipt in connector.write(batch)}
    return [found[item.ref] for item in items]


def shown(connector: ODataConnector, key: str) -> dict[str, object]:
    return msgspec.json.decode(connector.get("orders", [key])[0].raw)


@pytest.mark.parametrize("version", ["v4", "v2"])
def test_an_order_is_made_with_its_lines_and_shows_them(cap, version):
    connector = opened(cap, version)
    lines = [{"position": 1, "quantity": "2.500"}, {"position": 2, "quantity": "1"}]
    fields = {"number": f"N-{version}", "note": "with lines", "items": lines}

    receipt = written(connector, Item(ref=1, op=Op.CREATE, fields=fields, marker=f"deep-{version}"))[0]

    assert receipt.outcome is Outcome.DONE, receipt.message
    found = sorted(shown(connector, receipt.key)["items"], key=lambda line: line["position"])
    assert [(line["position"], float(line["quantity"])) for line in found] == [(1, 2.5), (2, 1.0)]
    listed = {
        key: raw for page in connector.list("orders", None) for key, raw in zip(page.keys, page.raws, strict=True)
    }
    assert listed[receipt.key] == connector.get("orders", [receipt.key])[0].raw
    connector.close()


def test_lines_are_replaced_with_their_order(cap):
    connector = opened(cap)
    key = written(connector, Item(ref=1, op=Op.CREATE, fields={"number": "R", "items": [{"position": 1}]}))[0].key
    version = connector.get("orders", [key])[0].version

    changed = {"items": [{"position": 7, "quantity": "3"}]}
    receipt = written(connector, Item(ref=2, op=Op.UPDATE, key=key, version=version, fields=changed))[0]

    assert receipt.outcome is Outcome.DONE, receipt.message
    assert [line["position"] for line in shown(connector, key)["items"]] == [7]
    connector.close()


@pytest.mark.parametrize(
    "batch", [None, {"format": "json"}, {"format": "multipart"}], ids=["alone", "json", "multipart"]
)
def test_a_bound_action_archives_once_and_is_refused_a_second_time(cap, batch):
    connector = opened(cap, **({"batch": batch} if batch else {}))
    key = written(connector, Item(ref=1, op=Op.CREATE, fields={"number": "Z"}))[0].key

    first = written(connector, Item(ref=2, op=Op.ARCHIVE, key=key))[0]
    second = written(connector, Item(ref=3, op=Op.ARCHIVE, key=key))[0]

    assert first.outcome is Outcome.DONE, first.message
    assert shown(connector, key)["status"] == "closed"
    assert second.outcome is Outcome.REFUSED
    connector.close()


def test_server_paging_brings_every_record(cap):
    connector = opened(cap, page=500, batch={"format": "json"})
    items = [Item(ref=number, op=Op.CREATE, fields={"number": f"P{number}"}) for number in range(120)]
    keys = {receipt.key for receipt in written(connector, *items)}

    pages = list(connector.list("orders", None))

    assert keys <= {key for page in pages for key in page.keys}
    connector.close()
