"""The vendure connector keeps the port's promises against Vendure, given an address and a user alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from syncline.connectors.spec import Spec
from syncline.connectors.systems.vendure import SPEC
from syncline.env import RealEnv
from syncline.ports.connector import Connector
from syncline.testing import ConnectorSuite, Tried
from tests.live import vendure_server

pytestmark = pytest.mark.live

_ENV = RealEnv()
_CANARY = "canary-51b7"
_MARKED = ("customers", "products", "productVariants")
#: Both are on this machine, and share its clock.
_NEAR = {"overlap": 0.5, "effect": 3.0, "skew": 1.5, "timeout": 15}


def options_for(url: str, **more: object) -> dict[str, object]:
    return {"url": url, "user": vendure_server.USER, "password": vendure_server.PASSWORD, **_NEAR, **more}


def _some(number: int) -> str:
    return f"{number}-{_ENV.new_id()[:8]}"


class VendureSuite(ConnectorSuite):
    server = "Vendure 3"
    says: Mapping[str, object] = {}

    @pytest.fixture
    def options(self, vendure: str) -> Mapping[str, object]:
        return options_for(vendure, **self.says)

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, vendure: str) -> Iterator[Connector]:
        yield from _closing(options_for(vendure, **self.says))

    @pytest.fixture
    def impostor(self, vendure: str) -> Iterator[Connector]:
        yield from _closing(options_for(vendure, **{**self.says, "password": _CANARY}))

    @pytest.fixture
    def stranded(self) -> Iterator[Connector]:
        yield from _closing(options_for("http://127.0.0.1:9", **self.says))

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [vendure_server.PASSWORD, _CANARY]


def _closing(options: Mapping[str, object]) -> Iterator[Connector]:
    connector = SPEC.open("shop", options, _ENV)
    yield connector
    connector.close()


class TestVendureCustomers(VendureSuite):
    title = "vendure.customers"
    says: Mapping[str, object] = {"marker": dict.fromkeys(_MARKED, "externalId"), "page": 10}
    tried = Tried(
        resource="customers",
        text_field="lastName",
        fields_of=lambda number: {
            "firstName": f"First {number}", "lastName": f"Last {number}", "title": "Dr",
            "phoneNumber": f"+49 30 {number}", "emailAddress": f"shop-{_some(number)}@example.com",
        },
        bad_fields={"firstName": "nobody"},
        unknown_key="999999",
    )  # fmt: skip


class TestVendureProducts(VendureSuite):
    title = "vendure.products"
    says: Mapping[str, object] = {"marker": dict.fromkeys(_MARKED, "externalId"), "page": 10}
    tried = Tried(
        resource="products",
        text_field="name",
        fields_of=lambda number: {"name": f"Bolt {number}", "slug": f"bolt-{_some(number)}", "description": "Steel"},
        bad_fields={"name": "nothing", "enabled": "perhaps"},
        unknown_key="999999",
    )


class TestVendureVariants(VendureSuite):
    title = "vendure.productVariants"
    says: Mapping[str, object] = {"marker": dict.fromkeys(_MARKED, "externalId"), "page": 10}
    tried = Tried(
        resource="productVariants",
        text_field="name",
        fields_of=lambda number: {
            "sku": f"V{_some(number)}", "name": f"Bolt {number}", "price": f"{number}.50", "stockOnHand": number,
        },
        bad_fields={"name": "nothing", "sku": "no-price", "price": "12.345"},
        unknown_key="999999",
    )  # fmt: skip


class TestVendureVariantsWithoutStock(VendureSuite):
    """Read by the time of the last change."""

    says: Mapping[str, object] = {"page": 10, "stock": False}
    tried = replace(
        TestVendureVariants.tried,
        fields_of=lambda number: {"sku": f"W{_some(number)}", "name": f"Nut {number}", "price": f"{number}.50"},
    )
