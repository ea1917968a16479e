"""The rest connector keeps the port's promises against the sandbox's CRM."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from syncline.sandbox.process import Process, start
from syncline.testing import FieldsFactory
from tests.contract.rest_systems import CRM_SECRET, crm_options, without_batches
from tests.contract.sandbox_kit import SandboxSuite, blueprint_options

Options = Callable[[str, str], Mapping[str, object]]


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("crm")
    with start("crm", data=data, size=120) as process:
        yield process


class CrmSuite(SandboxSuite):
    @pytest.fixture
    def process(self, crm: Process) -> Process:
        return crm

    @pytest.fixture
    def secret(self) -> str:
        return CRM_SECRET

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, "sandbox", "crm")

    @pytest.fixture
    def unknown_key(self) -> str:
        return "ffffffffffff"


class TestCustomers(CrmSuite):
    title = "sandbox.crm.customers"

    @pytest.fixture
    def resource(self) -> str:
        return "customers"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {
            "name": f"Maple {number} Ltd", "phone": f"+49 30 {number}", "email": f"maple{number}@example.com",
            "tags": ["new"],
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "name"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "notes": "text"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"name": "Bad", "email": "no e-mail"}


class TestCustomersOneByOne(TestCustomers):
    @pytest.fixture
    def open_options(self) -> Options:
        return lambda url, secret: without_batches(blueprint_options("sandbox", "crm", url, secret), "customers")


class TestCustomersInSmallPages(TestCustomers):
    """Many pages, and deletes in batches too."""

    @pytest.fixture
    def open_options(self) -> Options:
        return lambda url, secret: crm_options(url, token=secret)


class TestProducts(CrmSuite):
    title = "sandbox.crm.products"

    @pytest.fixture
    def resource(self) -> str:
        return "products"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {"name": f"Bolt {number}", "price": f"{number}.50", "currency": "EUR", "unit": "pcs"}

    @pytest.fixture
    def text_field(self) -> str:
        return "description"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"description": "text", "price": "decimal"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"name": "Bad", "unit": "barrel"}


class TestOrders(CrmSuite):
    title = "sandbox.crm.orders"

    @pytest.fixture
    def resource(self) -> str:
        return "orders"

    @pytest.fixture
    def fields_of(self, connector) -> FieldsFactory:
        customer = next(iter(connector.list("customers", None))).keys[0]
        return lambda number: {
            "customer_id": customer, "status": "open", "ordered_on": f"2026-03-{number % 28 + 1:02}",
            "currency": "EUR", "note": f"Order {number}",
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "note"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"note": "text", "ordered_on": "date"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"customer_id": "ffffffffffff", "status": "open"}


class PatternSuite(CrmSuite):
    """The pattern for a CRM of one's own, which the sandbox's CRM fits, with the cautious times of a stranger."""

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, "crm-erp", "crm")


class TestPatternCustomers(PatternSuite, TestCustomers):
    title = "crm-erp.crm.customers"


class TestPatternProducts(PatternSuite, TestProducts):
    title = "crm-erp.crm.products"


class TestPatternOrders(PatternSuite, TestOrders):
    title = "crm-erp.crm.orders"
