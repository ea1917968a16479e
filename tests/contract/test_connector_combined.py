"""The combined connector keeps the port's promises: the ERP's two interfaces as one system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.combined import SPEC, open_combined
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.ports.connector import Connector
from syncline.sandbox.process import Process, start
from syncline.testing.connector_steps import create, decoded
from tests.contract import test_connector_soap_erp as soap_erp
from tests.contract.all_systems import DOCUMENTS, system_options
from tests.contract.rest_systems import ERP_SECRET, at_the_door
from tests.contract.sandbox_kit import CANARY

pytest.importorskip("zeep")
Options = Callable[[str, str], Mapping[str, object]]

ERP = """
    connector: rest
    url: "{place}"
    auth: {{type: basic, user: hub, password: "{secret}"}}
    limits: {{per_second: 500, burst: 500}}
    timeout: 5
    contract: {{precision: 1, lag: 1, settle: 0, effect: 2, skew: 0.1, read_back: body}}
    errors:
      in_200: {{field: ok, equals: false}}
      message: msg
      code: code
      codes: {{E409: duplicate, E404: gone, E999: busy}}
"""


def both(place: str, secret: str) -> Mapping[str, object]:
    """The two interfaces, as the blueprint has them."""
    return {
        "interfaces": {
            "master": {"connector": "rest", **system_options("erp", ERP, place, secret)},
            "documents": {"connector": "soap", **system_options("documents", DOCUMENTS, place, secret)},
        }
    }


def opened(options: Mapping[str, object]) -> Iterator[Connector]:
    with closing(open_combined("erp", options, RealEnv())) as connector:
        yield connector


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("erp")
    with start("erp", data=data, size=120) as process:
        yield process


class TestSalesDocuments(soap_erp.TestSalesDocuments):
    """Documents over SOAP, whose partners and items are those of the REST side."""

    title = "all.erp.salesdocs"

    @pytest.fixture
    def open_options(self) -> Options:
        return both

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, options: Mapping[str, object], process: Process) -> Iterator[Any]:
        yield from opened(options)

    @pytest.fixture
    def impostor(self, process: Process, open_options: Options) -> Iterator[Any]:
        yield from opened(open_options(process.url, CANARY))

    @pytest.fixture
    def stranded(self) -> Iterator[Any]:
        yield from opened(both("http://127.0.0.1:9", ERP_SECRET))

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


def test_a_document_names_a_partner_by_the_key_of_the_other_interface(erp: Process) -> None:
    for connector in opened(both(erp.url, ERP_SECRET)):
        partner = create(connector, "partners", {"Name1": "Maple", "CountryCode": "DE"}).key
        document = create(
            connector, "salesdocs", {"PartnerNo": int(partner), "Positions": [soap_erp.position(erp)]}
        )  # fmt: skip

        assert str(decoded(connector, "salesdocs", document.key)["PartnerNo"]) == partner
        assert decoded(connector, "partners", partner)["Name1"] == "Maple"
