"""The graphql connector keeps the port's promises against the sandbox's product management, as the blueprint has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest

from syncline.connectors.protocols.graphql import SPEC
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.model.page import Record
from syncline.sandbox.process import Process, start
from syncline.testing import Tried
from tests.contract.sandbox_kit import SandboxSuite, blueprint_options
from tests.contract.sandbox_systems import PRODUCTS_SECRET, products_options

Options = Callable[[str, str], Mapping[str, object]]


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("products")
    with start("products", data=data, size=240) as process:
        yield process


class ProductsSuite(SandboxSuite):
    spec: ClassVar[Spec] = SPEC

    @pytest.fixture
    def process(self, products: Process) -> Process:
        return products

    @pytest.fixture
    def secret(self) -> str:
        return PRODUCTS_SECRET

    @pytest.fixture
    def open_options(self) -> Options:
        return products_options


class TestProducts(ProductsSuite):
    title = "crm-products.products.products"

    tried = Tried(
        resource="products",
        text_field="name",
        fields_of=lambda number: {
            "itemNumber": f"K{number}", "name": f"Bolt {number}", "description": f"No {number}", "stage": "CONCEPT",
            "price": {"amountMinor": 1250, "currencyCode": "EUR"},
            "variants": [{"sku": "K-1", "name": "Long", "price": None, "stockOnHand": 3}],
        },
        bad_fields={"name": "Bad", "price": {"amountMinor": -1, "currencyCode": "EUR"}},
        unknown_key="UHJvZHVjdDo5OTk5OTk5",
    )  # fmt: skip

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, "crm-products", "products")

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "description": "text"}


class TestProductsOneByOne(TestProducts):
    """A mutation a request, small pages, and the answer as the read-back."""

    @pytest.fixture
    def open_options(self) -> Options:
        def options(url: str, secret: str) -> Mapping[str, object]:
            whole = products_options(url, secret)
            one = {name: value for name, value in whole["resources"]["products"].items() if name != "batch"}
            small = {"paging": {"type": "relay", "size": 7}, "contract": {"read_back": "body"}}
            return {**whole, "resources": {"products": {**one, **small}}}

        return options


class TestNeeds(ProductsSuite):
    title = "crm-products.products.needs"

    tried = Tried(
        resource="needs",
        text_field="body",
        fields_of=lambda number: {
            "title": f"Wish {number}", "body": f"Please {number}", "customerName": f"Maple {number}", "votes": number,
        },
        bad_fields={"title": "Bad", "productId": "nothing"},
        unknown_key="RmVlZGJhY2tJdGVtOjk5OTk5OTk",
    )  # fmt: skip

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, "crm-products", "products")

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"title": "text", "body": "text"}


class TestReleases(ProductsSuite):
    tried = Tried(
        resource="releases",
        text_field="notes",
        fields_of=lambda number: {
            "name": f"R {number}", "plannedOn": f"2026-05-{number % 28 + 1:02}", "notes": f"Notes {number}",
        },
        bad_fields={"name": "Bad", "plannedOn": "soon"},
        unknown_key="UmVsZWFzZTo5OTk5OTk5",
    )  # fmt: skip

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"notes": "text", "plannedOn": "date"}


def test_every_resource_of_the_blueprint_is_listed_and_read_back_alike(products: Process):
    connector = SPEC.open("products", products_options(products.url), RealEnv())
    for resource in products_options(products.url)["resources"]:  # type: ignore[attr-defined]  a document
        pages = list(connector.list(resource, None))
        listed = {key: raw for page in pages for key, raw in zip(page.keys, page.raws, strict=True)}
        some = list(listed)[:25]

        found = connector.get(resource, some)

        assert some, resource
        assert [one.key for one in found] == some
        assert [one.raw for one in found if isinstance(one, Record)] == [listed[key] for key in some]
    connector.close()
