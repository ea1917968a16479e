"""The rest connector keeps the port's promises against the sandbox's ERP."""

from __future__ import annotations

import base64
import itertools
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from syncline.sandbox.process import Process, start
from syncline.testing import FieldsFactory
from tests.contract.rest_systems import ERP_SECRET, erp_options, without_batches
from tests.contract.sandbox_kit import SandboxSuite, blueprint_options

_NUMBERS = itertools.count(1)
Options = Callable[[str, str], Mapping[str, object]]


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("erp")
    with start("erp", data=data, size=120) as process:
        yield process


class ErpSuite(SandboxSuite):
    @pytest.fixture
    def process(self, erp: Process) -> Process:
        return erp

    @pytest.fixture
    def secret(self) -> str:
        return ERP_SECRET

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, "sandbox", "erp")

    @pytest.fixture
    def unknown_key(self) -> str:
        return "999999999"


class TestPartners(ErpSuite):
    title = "sandbox.erp.partners"

    @pytest.fixture
    def resource(self) -> str:
        return "partners"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {
            "Name1": f"Maple {number} Ltd", "Remark": f"no {number}", "PriceGroup": f"G{number}",
            "VatNo": f"DE{number:09}",
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "Name1"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"Name1": "text", "VatNo": "text", "Phone": "phone", "Remark": "text", "CreditLimit": "decimal"}

    @pytest.fixture
    def canonical(self) -> Mapping[str, str]:
        return {"Name1": "name", "VatNo": "tax_id", "Phone": "phone", "CreditLimit": "credit_limit"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"Name1": "Bad", "CountryCode": "Germany"}


class TestPartnersOneByOne(TestPartners):
    @pytest.fixture
    def open_options(self) -> Options:
        return lambda url, secret: without_batches(blueprint_options("sandbox", "erp", url, secret), "partners")


class TestPartnersInSmallPages(TestPartners):
    @pytest.fixture
    def open_options(self) -> Options:
        return lambda url, secret: erp_options(url, password=secret)


class TestItems(ErpSuite):
    """Goods are made by people of the ERP; the hub changes them."""

    title = "sandbox.erp.items"

    @pytest.fixture
    def resource(self) -> str:
        return "items"

    @pytest.fixture
    def made(self, erp: Process) -> Callable[[int], str]:
        def make(number: int) -> str:
            key = f"KIT-{number}-{next(_NUMBERS)}"
            body = msgspec.json.encode({"ItemNo": key, "Descr": f"Bolt {number}", "Unit": "PCE", "Cur": "EUR"})
            who = base64.b64encode(f"hub:{ERP_SECRET}".encode()).decode()
            headers = {"Authorization": f"Basic {who}", "Content-Type": "application/json"}
            urllib.request.urlopen(urllib.request.Request(f"{erp.url}/rest/items", body, headers)).close()  # noqa: S310  loopback
            return key

        return make

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {"Descr": f"Bolt {number}", "ListPrice": number, "Cur": "EUR", "Unit": "PCE"}

    @pytest.fixture
    def text_field(self) -> str:
        return "Descr"

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"Descr": "Bad", "Unit": "barrel"}


class TestSalesDocuments(ErpSuite):
    title = "sandbox.erp.salesdocs"

    @pytest.fixture
    def resource(self) -> str:
        return "salesdocs"

    @pytest.fixture
    def fields_of(self, connector) -> FieldsFactory:
        partner = int(next(iter(connector.list("partners", None))).keys[0])
        return lambda number: {
            "DocType": "SO", "PartnerNo": partner, "DocDate": f"{number % 28 + 1:02}.03.2026", "Cur": "EUR",
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "Cur"

    @pytest.fixture
    def wording(self) -> Callable[[str], object]:
        return lambda word: "".join(chr(65 + byte % 26) for byte in sha256(word.encode()).digest()[:3])

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"DocType": "SO", "PartnerNo": 99, "Cur": "EUR"}
