"""A service of OData and an API of GraphQL come into agreement through the command line, with edits on both sides."""

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

from tests.contract import graphql_kit, graphql_system, odata_kit, odata_system
from tests.contract.graphql_system import Shop
from tests.contract.odata_system import Application, Manner

SOURCE = Path(__file__).resolve().parents[2] / "src"
SIZE = 60
_QUICK = {"precision": 0.001, "lag": 0.2, "settle": 0.0, "effect": 1.0, "skew": 1.0}
_PACE = {"per_second": 1_000, "burst": 1_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both systems, and the project that keeps them in agreement."""

    erp: Application
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
        return json.loads(done.stdout)

    def in_erp(self) -> dict[str, tuple[object, object]]:
        """What the OData system holds: sku -> name and price."""
        rows = self.erp.sets["Products"].values()
        return {str(row["sku"]): (row.get("name"), _amount(row.get("price"))) for row in rows}

    def in_shop(self) -> dict[str, tuple[object, object]]:
        """What the GraphQL system holds."""
        return {str(row["sku"]): (row["name"], _amount(row["price"])) for row in self.shop.rows.values()}

    def edit_erp(self, sku: str, **fields: object) -> None:
        """Somebody edits a product in the OData system."""
        key, row = next((key, row) for key, row in self.erp.sets["Products"].items() if row["sku"] == sku)
        headers = {"if-match": f'W/"{row["version"]}"'}
        self.erp.one(("PATCH", f"Products({key})", headers, json.dumps(fields).encode()))

    def edit_shop(self, sku: str, **fields: object) -> None:
        """Somebody edits a product in the GraphQL system."""
        key = next(key for key, row in self.shop.rows.items() if row["sku"] == sku)
        self.shop.keep(key, fields)


@pytest.fixture(params=["v4", "v2"])
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    manner = Manner(version=request.param, csrf=True, tracks=request.param == "v4", stops=True, unique=True)
    with odata_system.serving(manner) as (erp, first), graphql_system.serving() as (shop, second):
        for number in range(SIZE):
            fields = {"sku": f"A{number:03}", "name": f"Schraube {number} Größe M{number}", "price": number / 2}
            erp.one(("POST", "Products", {}, json.dumps(fields).encode()))
        for number in range(SIZE // 3):  # a third is in both systems already
            name, price = f"Schraube {number} Größe M{number}", f"{number / 2:.2f}"
            shop.add({"sku": f"A{number:03}", "name": name, "price": price})
        shop.add({"sku": "B900", "name": "Only in the shop", "price": "9.90"})
        _write_project(tmp_path, request.param, first.url, second.url)
        yield Pair(erp=erp, shop=shop, folder=tmp_path)


def _write_project(folder: Path, version: str, erp: str, shop: str) -> None:
    marked = {"marker": {"field": "hubRef", "unique": True}}
    products = {**odata_kit.PRODUCTS, **marked, "expand": {}, "delta": version == "v4"}
    one = odata_kit.options_for(
        erp, version=version, csrf=True, batch={"size": 25}, limits=_PACE, contract=_QUICK,
        resources={"products": products},
    )  # fmt: skip
    two = graphql_kit.options_for(shop, limits=_PACE, contract=_QUICK)
    maps = {"sku": "sku", "name": "name", "price": "price | decimal(2)"}
    document = {
        "project": "pair",
        "store": "sqlite:///.syncline/state.db",
        "systems": {"erp": {"connector": "odata", **one}, "shop": {"connector": "graphql", **two}},
        "flows": {
            "products": {
                "entity": "product",
                "own": {"*": "latest"},
                "match": [["sku"]],
                "deletes": {"erp": "propagate", "shop": "propagate"},
                "systems": {
                    "erp": {"resource": "products", "map": maps},
                    "shop": {"resource": "products", "map": maps},
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
    pair.edit_erp("A002", price=17)
    pair.edit_shop("A002", name="From the shop, of the same product")
    pair.edit_shop("B900", price="11.10")
    pair.erp.one(("POST", "Products", {}, b'{"sku": "A999", "name": "Late", "price": 1}'))
    key = next(key for key, row in pair.erp.sets["Products"].items() if row["sku"] == "A003")
    pair.erp.one(("DELETE", f"Products({key})", {"if-match": "*"}, b""))
    for _ in range(3):
        pair.sync("--full")  # version 2 does not tell what was deleted

    assert pair.in_erp() == pair.in_shop()
    held = pair.in_shop()
    assert held["A001"][0] == "From the ERP"
    assert held["A002"] == ("From the shop, of the same product", Decimal(17))
    assert held["B900"][1] == Decimal("11.1")
    assert held["A999"] == ("Late", Decimal(1))
    assert "A003" not in held

    before = pair.erp.writes, {key: row["rev"] for key, row in pair.shop.rows.items()}
    pair.sync()
    assert (pair.erp.writes, {key: row["rev"] for key, row in pair.shop.rows.items()}) == before
