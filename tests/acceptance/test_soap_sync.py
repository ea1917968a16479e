"""A SOAP service and an API of GraphQL come into agreement through the command line, with edits on both sides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from tests.contract import graphql_kit, graphql_system, soap_kit, soap_system
from tests.contract.graphql_system import Shop
from tests.contract.soap_system import Erp

SOURCE = Path(__file__).resolve().parents[2] / "src"
SIZE = 60
_QUICK = {"precision": 0.001, "lag": 0.2, "settle": 0.0, "effect": 1.0, "skew": 1.0}
_PACE = {"per_second": 1_000, "burst": 1_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both systems, and the project that keeps them in agreement."""

    erp: Erp
    shop: Shop
    folder: Path

    def sync(self, *words: str) -> dict[str, object]:
        """One pass, as a person would make it."""
        command = [sys.executable, "-m", "syncline", "sync", "--approve", "--json", *words]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False,
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == 0, done.stdout + done.stderr
        assert soap_system.PASSWORD not in done.stdout + done.stderr
        return json.loads(done.stdout)

    def in_erp(self) -> dict[str, tuple[object, object]]:
        """What the SOAP system holds: number -> name and total."""
        return {row["number"]: (row["name"], _amount(row["total"])) for row in self.erp.rows.values()}

    def in_shop(self) -> dict[str, tuple[object, object]]:
        """What the GraphQL system holds."""
        return {row["sku"]: (row["name"], _amount(row["price"])) for row in self.shop.rows.values()}

    def edit_erp(self, number: str, **fields: object) -> None:
        """Somebody edits a record in the SOAP system."""
        key = next(key for key, row in self.erp.rows.items() if row["number"] == number)
        self.erp.keep(key, fields)

    def edit_shop(self, sku: str, **fields: object) -> None:
        """Somebody edits a record in the GraphQL system."""
        key = next(key for key, row in self.shop.rows.items() if row["sku"] == sku)
        self.shop.keep(key, fields)


@pytest.fixture(params=["1.1", "1.2"])
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    security = "wsse" if request.param == "1.2" else "http"
    with (
        soap_system.serving(version=request.param, security=security) as (erp, first),
        graphql_system.serving() as (shop, second),
    ):
        for number in range(SIZE):
            erp.add({"number": f"A{number:03}", "name": f"Schraube {number} Größe M{number}", "total": Decimal(number)})
        for number in range(SIZE // 3):  # a third is in both systems already
            shop.add({"sku": f"A{number:03}", "name": f"Schraube {number} Größe M{number}", "price": f"{number}.00"})
        shop.add({"sku": "B900", "name": "Only in the shop", "price": "9.90"})
        _write_project(tmp_path, security, first.url, second.url)
        yield Pair(erp=erp, shop=shop, folder=tmp_path)


def _write_project(folder: Path, security: str, erp: str, shop: str) -> None:
    said = {"wsse": "digest"} if security == "wsse" else {}
    one = soap_kit.options_for(erp, limits=_PACE, contract=_QUICK, **said)
    two = graphql_kit.options_for(shop, limits=_PACE, contract=_QUICK)
    document = {
        "project": "pair",
        "store": "sqlite:///.syncline/state.db",
        "systems": {"erp": {"connector": "soap", **one}, "shop": {"connector": "graphql", **two}},
        "flows": {
            "products": {
                "entity": "product",
                "own": {"*": "latest"},
                "match": [["sku"]],
                "deletes": {"erp": "propagate", "shop": "propagate"},
                "systems": {
                    "erp": {
                        "resource": "orders",
                        "map": {"sku": "number", "name": "name", "price": "total | decimal(2)"},
                    },
                    "shop": {
                        "resource": "products",
                        "map": {"sku": "sku", "name": "name", "price": "price | decimal(2)"},
                    },
                },
            }
        },
    }
    (folder / "syncline.yaml").write_text(json.dumps(document, indent=1))


def _amount(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value)).normalize()


def test_two_systems_agree_and_go_on_agreeing_while_people_edit_both(pair: Pair) -> None:
    pair.sync()
    pair.sync()

    assert pair.in_erp() == pair.in_shop()
    assert len(pair.in_erp()) == SIZE + 1

    pair.edit_erp("A001", name="From the ERP")
    pair.edit_erp("A002", total=Decimal(17))
    pair.edit_shop("A002", name="From the shop & of the same product")
    pair.edit_shop("B900", price="11.10")
    pair.edit_shop("A004", name=None)
    pair.erp.add({"number": "A999", "name": "Late", "total": Decimal(1)})
    del pair.erp.rows[next(key for key, row in pair.erp.rows.items() if row["number"] == "A003")]
    for _ in range(3):
        pair.sync("--full")  # no list of this service tells what was deleted

    assert pair.in_erp() == pair.in_shop()
    held = pair.in_erp()
    assert held["A001"][0] == "From the ERP"
    assert held["A002"] == ("From the shop & of the same product", Decimal(17))
    assert held["A004"][0] is None
    assert held["B900"][1] == Decimal("11.1")
    assert held["A999"] == ("Late", Decimal(1))
    assert "A003" not in held

    before = pair.erp.writes, {key: row["rev"] for key, row in pair.shop.rows.items()}
    pair.sync()
    assert (pair.erp.writes, {key: row["rev"] for key, row in pair.shop.rows.items()}) == before
