"""The rest connector keeps the port's promises on what the CRM shows of production and asks of the product team."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from syncline.sandbox.process import Process, start
from syncline.testing import FieldsFactory
from tests.contract.rest_systems import CRM_SECRET
from tests.contract.sandbox_kit import SandboxSuite, blueprint_options

Options = Callable[[str, str], Mapping[str, object]]


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("crm")
    with start("crm", data=data, size=120) as process:
        yield process


class ProductionSuite(SandboxSuite):
    @pytest.fixture
    def process(self, crm: Process) -> Process:
        return crm

    @pytest.fixture
    def secret(self) -> str:
        return CRM_SECRET

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, "crm-mes", "crm")

    @pytest.fixture
    def unknown_key(self) -> str:
        return "ffffffffffff"


class TestWorkOrders(ProductionSuite):
    """Withdrawn, they are gone for good."""

    title = "crm-mes.crm.work_orders"

    @pytest.fixture
    def resource(self) -> str:
        return "work_orders"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {
            "number": f"O-2026-{number:06}/1", "customer_name": f"Maple {number} Ltd", "quantity": f"{number}.5",
            "due_on": f"2026-03-{number % 28 + 1:02}",
            "operations": [{"step": 10, "name": "Milling", "minutes": "12.5"}],
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "customer_name"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"customer_name": "text", "due_on": "date", "planned_end": "time"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"number": "WO-1", "work_centre_id": "ffffffffffff"}


class TestWorkCentres(ProductionSuite):
    """With their load by week."""

    title = "crm-mes.crm.work_centres"

    @pytest.fixture
    def resource(self) -> str:
        return "work_centres"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {
            "number": f"CUT-{number}", "name": f"Cutting {number}", "hours_per_day": "16",
            "load": [{"week": "2026-W12", "hours": f"{number}", "capacity": "80"}],
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "name"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "free_from": "time"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"number": "CUT-1", "hours_per_day": "many"}


class TestNeeds(ProductionSuite):
    """With the customer's name, which the system shows by itself."""

    title = "crm-products.crm.needs"

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, "crm-products", "crm")

    @pytest.fixture
    def resource(self) -> str:
        return "needs"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {"title": f"A longer one, {number} mm", "votes": number % 40, "importance": "must"}

    @pytest.fixture
    def text_field(self) -> str:
        return "title"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"title": "text", "description": "text", "planned_on": "date"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"title": "Bad", "votes": -1}
