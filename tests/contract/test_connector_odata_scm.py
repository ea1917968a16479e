"""The odata connector keeps the port's promises against the sandbox's SCM, as the blueprint configures it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from syncline.connectors.protocols.odata import SPEC
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.model.page import Item, Op, Outcome, Record
from syncline.sandbox.process import Process, start
from syncline.testing import Tried
from syncline.testing.connector_steps import written
from tests.contract.sandbox_kit import SandboxSuite
from tests.contract.sandbox_systems import SCM_SECRET, scm_options

_NUMBERS = itertools.count(1)
Options = Callable[[str, str], Mapping[str, object]]


@pytest.fixture(scope="module")
def scm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("scm")
    with start("scm", data=data, size=260) as process:
        yield process


class ScmSuite(SandboxSuite):
    spec: ClassVar[Spec] = SPEC
    says: ClassVar[Mapping[str, object]] = {}  #: options beside the usual ones

    @pytest.fixture
    def process(self, scm: Process) -> Process:
        return scm

    @pytest.fixture
    def secret(self) -> str:
        return SCM_SECRET

    @pytest.fixture
    def open_options(self) -> Options:
        return lambda url, secret: scm_options(url, secret, **self.says)


class TestSuppliers(ScmSuite):
    tried = Tried(
        resource="suppliers",
        text_field="Name",
        fields_of=lambda number: {
            "Name": f"Maple {number}", "City": f"Köln {number}", "LeadTimeDays": number % 90, "Rating": "A",
        },
        bad_fields={"Name": "Bad", "Rating": "Z"},
        unknown_key="S999999",
    )  # fmt: skip

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"Name": "text", "City": "text"}

    @pytest.fixture
    def canonical(self) -> Mapping[str, str]:
        return {"Name": "name", "City": "city"}


class TestSuppliersOneByOne(TestSuppliers):
    """Writes alone, read in the order of the keys and by times of change, as a service without delta links is."""

    @pytest.fixture
    def open_options(self) -> Options:
        def options(url: str, secret: str) -> Mapping[str, object]:
            plain = {name: one for name, one in scm_options(url, secret).items() if name != "batch"}
            suppliers = {**plain["resources"]["suppliers"], "delta": False}
            return {**plain, "paging": "keyset", "page": 7, "resources": {"suppliers": suppliers}}

        return options


class TestSuppliersTogether(TestSuppliers):
    """All in one changeset, of a service that says 201 where it has rolled back."""

    says: ClassVar[Mapping[str, object]] = {"batch": {"format": "json", "size": 20, "atomic": True}}


class TestMaterials(ScmSuite):
    """Who creates brings the key."""

    tried = Tried(
        resource="materials",
        text_field="Description",
        fields_of=lambda number: {
            "MaterialNumber": f"XY-{next(_NUMBERS):05}", "Description": f"Bolt {number}",
            "SafetyStock": f"{number}.500",
        },
        bad_fields={"MaterialNumber": "XY-BAD", "Description": "Bad", "Supplier": "S999999"},
        unknown_key="ZZ-99999",
    )  # fmt: skip

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"Description": "text", "SafetyStock": "decimal"}

    @pytest.fixture
    def canonical(self) -> Mapping[str, str]:
        return {"Description": "name", "SafetyStock": "safety_stock"}


class TestDemands(ScmSuite):
    """With their items."""

    says: ClassVar[Mapping[str, object]] = {"batch": {"size": 50}}
    tried = Tried(
        resource="demands",
        text_field="Note",
        fields_of=lambda number: {
            "SourceNumber": f"O-{number}", "Kind": "ORDER", "RequiredOn": f"2026-03-{number % 28 + 1:02}",
            "Note": f"Demand {number}",
            "Items": [{"ItemNumber": 10, "Material": "BE-00013", "Quantity": "3.000", "BaseUnit": "PC",
                       "Site": "WH-2"}],
        },
        bad_fields={"SourceNumber": "O", "Items": [{"Material": "ZZ-99999", "Quantity": "1"}]},
        unknown_key="D9999999",
    )  # fmt: skip

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"Note": "text", "RequiredOn": "date"}

    @pytest.fixture
    def canonical(self) -> Mapping[str, str]:
        return {"Note": "note", "RequiredOn": "required_on"}


class TestPurchaseOrders(ScmSuite):
    """All of a batch in one changeset, as multipart."""

    says: ClassVar[Mapping[str, object]] = {"batch": {"size": 20, "atomic": True}}
    tried = Tried(
        resource="purchase_orders",
        text_field="Note",
        fields_of=lambda number: {
            "Supplier": "S100001", "OrderedOn": f"2026-03-{number % 28 + 1:02}", "Note": f"Order {number}",
            "Items": [{"ItemNumber": 1, "Material": "BE-00013", "Quantity": "5.000", "NetPrice": "1.2500"}],
        },
        bad_fields={"Supplier": "S999999"},
        unknown_key="4599999999",
    )  # fmt: skip

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"Note": "text", "OrderedOn": "date"}

    @pytest.fixture
    def canonical(self) -> Mapping[str, str]:
        return {"Note": "note", "OrderedOn": "ordered_on"}


def test_every_resource_of_the_blueprint_is_listed_and_read_back_alike(scm: Process):
    connector = SPEC.open("scm", scm_options(scm.url), RealEnv())
    for resource, said in scm_options(scm.url)["resources"].items():  # type: ignore[attr-defined]  a document
        pages = list(connector.list(resource, None))
        listed = {key: raw for page in pages for key, raw in zip(page.keys, page.raws, strict=True)}
        some = list(listed)[:25]

        found = connector.get(resource, some)

        assert [one.key for one in found] == some, said["set"]
        assert [one.raw for one in found if isinstance(one, Record)] == [listed[key] for key in some]
    connector.close()


def test_stock_is_changed_by_material_and_site_and_the_next_read_brings_that_alone(scm: Process):
    connector = SPEC.open("scm", scm_options(scm.url), RealEnv())
    pages = list(connector.list("stock", None))
    key = "Material=BE-00013,Site=WH-2"
    seen = connector.get("stock", [key])[0]
    assert isinstance(seen, Record)
    fields = {"OnHand": "80.500", "Reserved": "0.500"}

    receipt = written(connector, "stock", [Item(ref=0, op=Op.UPDATE, key=key, fields=fields, version=seen.version)])[0]
    stale = written(connector, "stock", [Item(ref=0, op=Op.UPDATE, key=key, fields=fields, version=seen.version)])[0]
    later = list(connector.list("stock", pages[-1].cursor))

    assert (receipt.outcome, stale.outcome) == (Outcome.DONE, Outcome.STALE)
    assert [one for page in later for one in page.keys] == [key]
    assert msgspec.json.decode(later[0].raws[0])["Available"] == 80
    connector.close()
