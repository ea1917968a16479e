"""The rest connector keeps the port's promises on what the sandbox's CRM has besides customers, products and orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from syncline.connectors.protocols.rest import SPEC, RestConnector
from syncline.env import RealEnv
from syncline.model.page import Item, Op, Outcome
from syncline.sandbox.crm_resources import RESOURCES
from syncline.sandbox.process import Process, start
from syncline.testing import FieldsFactory
from syncline.testing.connector_steps import create, decoded, written
from tests.contract.all_systems import CRM, system_options
from tests.contract.rest_systems import CRM_SECRET
from tests.contract.sandbox_kit import SandboxSuite, blueprint_options, opened

Options = Callable[[str, str], Mapping[str, object]]
OPEN = partial(system_options, "crm", CRM)


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("crm")
    with start("crm", data=data, size=120) as process:
        yield process


@pytest.fixture
def connector(crm: Process) -> Iterator[RestConnector]:
    yield from opened(OPEN(crm.url, CRM_SECRET))


def first(connector: RestConnector, resource: str) -> str:
    return next(iter(connector.list(resource, None))).keys[0]


class FurtherSuite(SandboxSuite):
    @pytest.fixture
    def process(self, crm: Process) -> Process:
        return crm

    @pytest.fixture
    def secret(self) -> str:
        return CRM_SECRET

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, self.title.partition(".")[0], "crm")

    @pytest.fixture
    def unknown_key(self) -> str:
        return "ffffffffffff"


class TestOpportunities(FurtherSuite):
    """Records with lines and a total that the system computes."""

    title = "crm-scm.crm.opportunities"

    @pytest.fixture
    def resource(self) -> str:
        return "opportunities"

    @pytest.fixture
    def fields_of(self, crm: Process, connector: RestConnector) -> FieldsFactory:
        with closing(SPEC.open("crm", OPEN(crm.url, CRM_SECRET), RealEnv())) as whole:  # the blueprint has no customers
            customer = first(whole, "customers")
        product = first(connector, "products")
        return lambda number: {
            "name": f"Framework {number}", "customer_id": customer, "stage": "proposal", "probability": number % 101,
            "expected_on": f"2027-03-{number % 28 + 1:02}", "note": f"Opportunity {number}",
            "lines": [{"line_no": 1, "product_id": product, "quantity": "5", "unit_price": "12.50"}],
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "note"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"note": "text", "name": "text", "expected_on": "date"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"name": "Bad", "probability": 101}


class TestInteractions(FurtherSuite):
    """Calls, mails, visits and tasks, which point to a customer."""

    title = "all.crm.interactions"

    @pytest.fixture
    def resource(self) -> str:
        return "interactions"

    @pytest.fixture
    def fields_of(self, connector) -> FieldsFactory:
        customer = first(connector, "customers")
        return lambda number: {
            "kind": "call", "subject": f"Call {number}", "customer_id": customer, "note": f"Note {number}",
            "happens_at": f"2026-03-{number % 28 + 1:02}T12:00:00.000Z", "minutes": number,
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "note"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"note": "text", "happens_at": "time"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"subject": "Bad", "kind": "dream"}


class TestShipments(FurtherSuite):
    """A custom object with lines, which points to an order."""

    title = "crm-supply-chain.crm.shipments"

    @pytest.fixture
    def resource(self) -> str:
        return "shipments"

    @pytest.fixture
    def fields_of(self, connector) -> FieldsFactory:
        order, product = first(connector, "orders"), first(connector, "products")
        return lambda number: {
            "number": f"SH-{number}", "order_id": order, "carrier": f"Carrier {number}", "site": "WH-1",
            "shipped_at": f"2026-03-{number % 28 + 1:02}T12:00:00.000Z",
            "lines": [{"line_no": 1, "product_id": product, "quantity": "5"}],
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "carrier"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"delivered_to": "text", "shipped_at": "time"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"number": "SH-1", "order_id": "ffffffffffff"}


class TestStock(FurtherSuite):
    """A custom object of numbers."""

    title = "crm-supply-chain.crm.stock"

    @pytest.fixture
    def resource(self) -> str:
        return "stock"

    @pytest.fixture
    def fields_of(self, connector) -> FieldsFactory:
        product = first(connector, "products")
        return lambda number: {
            "number": f"WH-1:{number}", "product_id": product, "site": f"WH-{number}", "on_hand": f"{number}.5",
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "site"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"number": "text", "available_on": "date"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"number": "WH-1:1", "on_hand": "many"}


class TestSuppliers(FurtherSuite):
    """A custom object that can be taken out of use."""

    title = "crm-supply-chain.crm.suppliers"

    @pytest.fixture
    def resource(self) -> str:
        return "suppliers"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {"number": f"7{number:04}", "name": f"Maple {number} Ltd", "lead_days": number % 60}

    @pytest.fixture
    def text_field(self) -> str:
        return "name"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "email": "text"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"number": "70000", "lead_days": -1}


class TestPurchaseOrders(FurtherSuite):
    """A custom object that points to another one."""

    title = "crm-supply-chain.crm.purchase_orders"

    @pytest.fixture
    def resource(self) -> str:
        return "purchase_orders"

    @pytest.fixture
    def fields_of(self, connector) -> FieldsFactory:
        supplier = create(connector, "suppliers", {"number": "70001", "name": "Maple"}).key
        return lambda number: {
            "number": f"PO-{number}", "supplier_id": supplier, "status": "ordered", "site": f"WH-{number}",
            "expected_on": f"2026-03-{number % 28 + 1:02}",
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "site"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"site": "text", "expected_on": "date", "received_at": "time"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"number": "PO-1", "supplier_id": "ffffffffffff"}


class TestInvoices(FurtherSuite):
    """A custom object with payments, which points to an order and a customer."""

    title = "all.crm.invoices"

    @pytest.fixture
    def resource(self) -> str:
        return "invoices"

    @pytest.fixture
    def fields_of(self, connector) -> FieldsFactory:
        order = first(connector, "orders")
        return lambda number: {
            "number": f"RE-{number}", "order_id": order, "issued_on": f"2026-03-{number % 28 + 1:02}",
            "total": f"{number}.50", "paid": "0.00", "currency": "EUR", "status": f"open {number}",
            "payments": [{"number": "1", "paid_on": "2026-04-01", "amount": "1.00"}],
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "number"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"issued_on": "date", "total": "decimal"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"number": "RE-1", "order_id": "ffffffffffff"}


MADE: Mapping[str, Mapping[str, object]] = {
    "contacts": {"last_name": "Purchasing", "email": "Buying@Maple.example", "opted_in": True},
    "interactions": {"subject": "Visit", "kind": "visit", "happens_at": "2026-03-01T12:00:00+01:00"},
    "campaigns": {"name": "Fair", "budget": {"amount": "5", "currency": "eur"}, "starts_on": "2026-03-01"},
    "cases": {"subject": "Late", "priority": "high", "reported_at": "2026-03-01T12:00:00Z"},
    "needs": {"title": "A longer one", "votes": 3},
    "work_orders": {"number": "WO-1", "quantity": "40.000", "planned_start": "2026-03-01T05:00:00Z"},
    "work_centres": {"number": "CUT-1", "load": [{"week": "2026-W12", "hours": "34.5", "capacity": "80.0"}]},
    "invoices": {"number": "RE-1", "total": "119", "payments": [{"number": "1", "amount": "19"}]},
    "stock": {"number": "WH-1:A1", "site": "WH-1", "on_hand": "12.000", "available": "-3"},
    "suppliers": {"number": "70001", "name": "Maple", "lead_days": 10},
    "purchase_orders": {"number": "PO-1", "expected_on": "2026-03-01", "lines": []},
}
SHOWN: Mapping[str, Mapping[str, object]] = {
    "contacts": {"email": "buying@maple.example"},
    "interactions": {"happens_at": "2026-03-01T11:00:00.000Z"},
    "campaigns": {"budget": {"amount": "5.00", "currency": "EUR"}},
    "work_orders": {"quantity": "40"},
    "invoices": {"total": "119.00"},
    "stock": {"on_hand": "12", "available": "-3"},
}


@pytest.mark.parametrize("resource", MADE)
def test_each_further_resource_takes_what_it_is_for(connector: RestConnector, resource: str) -> None:
    key = create(connector, resource, MADE[resource]).key
    found = decoded(connector, resource, key)

    assert found["version"] == 1
    for name, value in SHOWN.get(resource, {}).items():
        assert found[name] == value


def test_every_resource_of_the_crm_is_configured_and_none_besides() -> None:
    assert set(OPEN("http://127.0.0.1:9", CRM_SECRET)["resources"]) == set(RESOURCES)  # type: ignore[call-overload]


def test_what_points_to_a_deleted_customer_points_to_none(connector: RestConnector) -> None:
    customer = create(connector, "customers", {"name": "Gone Ltd"}).key
    made = {
        name: create(connector, name, {**fields, "customer_id": customer}).key
        for name, fields in ((name, MADE[name]) for name in ("contacts", "cases", "needs", "invoices"))
    }
    delete(connector, customer)

    assert {name: decoded(connector, name, key)["customer_id"] for name, key in made.items()} == dict.fromkeys(made)


def delete(connector: RestConnector, customer: str) -> None:
    (receipt,) = written(connector, "customers", [Item(ref=1, op=Op.DELETE, key=customer)])
    assert receipt.outcome is Outcome.DONE


def test_the_seed_of_the_further_resources_points_to_what_is_there(connector: RestConnector) -> None:
    for name, described in RESOURCES.items():
        keys = {other: set(keys_of(connector, other)) for other in {*described.references.values(), "products"}}
        for key in keys_of(connector, name)[:50]:
            found = decoded(connector, name, key)
            for field, other in described.references.items():
                assert found[field] is None or found[field] in keys[other]
            for line in found[described.lines] if described.lines else ():
                assert line["product_id"] in keys["products"]


def keys_of(connector: RestConnector, resource: str) -> list[str]:
    return [key for page in connector.list(resource, None) for key in page.keys]
