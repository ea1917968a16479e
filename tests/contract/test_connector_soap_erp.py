"""The soap connector keeps the port's promises against the documents of the sandbox's ERP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.ports.connector import Connector
from syncline.sandbox.process import Process, start
from syncline.testing import FieldsFactory
from syncline.testing.connector_steps import create, decoded
from tests.contract.all_systems import DOCUMENTS, system_options
from tests.contract.rest_systems import ERP_SECRET, at_the_door
from tests.contract.sandbox_kit import CANARY, SandboxSuite

soap = pytest.importorskip("syncline.connectors.protocols.soap")
Options = Callable[[str, str], Mapping[str, object]]
OPEN = partial(system_options, "documents", DOCUMENTS)


def opened(options: Mapping[str, object]) -> Iterator[Connector]:
    with closing(soap.open_soap("erp", options, RealEnv())) as connector:
        yield connector


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("erp")
    with start("erp", data=data, size=120) as process:
        yield process


def position(process: Process) -> dict[str, object]:
    item = at_the_door(process.url, "dump/items")["data"][0]["ItemNo"]  # type: ignore[index,call-overload]
    return {"ItemNo": item, "Qty": "3", "Price": "12.5"}


class TestSalesDocuments(SandboxSuite):
    @pytest.fixture
    def process(self, erp: Process) -> Process:
        return erp

    @pytest.fixture
    def secret(self) -> str:
        return ERP_SECRET

    @pytest.fixture
    def open_options(self) -> Options:
        return OPEN

    @pytest.fixture
    def published(self) -> Spec:
        return soap.SPEC

    @pytest.fixture
    def connector(self, options: Mapping[str, object], process: Process) -> Iterator[Any]:
        yield from opened(options)

    @pytest.fixture
    def impostor(self, process: Process, open_options: Options) -> Iterator[Any]:
        yield from opened(open_options(process.url, CANARY))

    @pytest.fixture
    def stranded(self, options: Mapping[str, object]) -> Iterator[Any]:
        yield from opened({**options, "wsdl": "http://127.0.0.1:9/soap/documents?wsdl"})

    @pytest.fixture
    def hasty(self, process: Process, options: Mapping[str, object]) -> Iterator[Any]:
        """Its connection is lost, and the effect comes later."""
        connector = opened(options)
        found = next(connector)
        found.schema("salesdocs")  # the description is read in good weather
        late = {"late_effect": 1.0, "late_s": 0.3, "methods": ["POST"], "times": 1}
        at_the_door(process.url, "faults", late)
        yield found
        at_the_door(process.url, "faults", {})
        next(connector, None)

    @pytest.fixture
    def resource(self) -> str:
        return "salesdocs"

    @pytest.fixture
    def unknown_key(self) -> str:
        return "999999999"

    @pytest.fixture
    def fields_of(self, process: Process) -> FieldsFactory:
        sold = position(process)
        return lambda number: {
            "PartnerNo": 10_001, "DocDate": f"2026-03-{number % 28 + 1:02}", "Cur": "EUR",
            "Positions": [sold],
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "Cur"

    @pytest.fixture
    def wording(self) -> Callable[[str], object]:
        return lambda word: "".join(chr(65 + byte % 26) for byte in sha256(word.encode()).digest()[:3])

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"DocDate": "date"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"PartnerNo": 99, "Cur": "EUR"}


def test_an_invoice_with_its_payments_is_read(erp: Process) -> None:
    for connector in opened(OPEN(erp.url, ERP_SECRET)):
        fields = {"PartnerNo": 10_002, "Positions": [position(erp)]}
        key = create(connector, "salesdocs", fields).key
        for _ in range(3):
            asked = {"edits": 1, "resource": "salesdocs", "actions": ["advance"], "ids": [int(key)]}
            at_the_door(erp.url, "people", asked)
        number = str(decoded(connector, "salesdocs", key)["InvoiceNo"])
        asked = {"edits": 1, "resource": "invoices", "actions": ["pay"], "ids": [number]}
        at_the_door(erp.url, "people", asked)
        listed = {
            key: msgspec.json.decode(raw)
            for page in connector.list("invoices", None)
            for key, raw in zip(page.keys, page.raws, strict=True)
        }

        assert listed[number] == decoded(connector, "invoices", number)
        assert len(listed[number]["Payments"]) == 1
        assert listed[number]["DocNo"] == int(key)
