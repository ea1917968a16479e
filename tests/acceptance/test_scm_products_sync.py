"""The sandbox's SCM and product management agree on their goods, while people edit both and everything fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncline.sandbox.process import Process, start
from tests.contract.rest_systems import at_the_door
from tests.contract.sandbox_storm import WEATHER
from tests.contract.sandbox_systems import PRODUCTS_SECRET, products_options, scm_options

SOURCE = Path(__file__).resolve().parents[2] / "src"
SIZE = 60
_QUICK = {"precision": 0.001, "lag": 0.2, "settle": 0.0, "effect": 1.0, "skew": 0.1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both applications, and the project that keeps them in agreement."""

    scm: Process
    products: Process
    folder: Path

    def sync(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One pass, as a person would make it."""
        command = [sys.executable, "-m", "syncline", "sync", "--approve", "--json", *words]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False,
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def goods(self) -> tuple[dict[str, str], dict[str, str]]:
        """Number -> name, of what each application still has."""
        materials = [one for one in _dump(self.scm, "Materials") if "_removed" not in one]
        products = [one for one in _dump(self.products, "products") if one["deletedAt"] is None]
        return (
            {one["MaterialNumber"]: one["Description"] for one in materials},
            {one["itemNumber"]: one["name"] for one in products},
        )

    def faults(self, weather: object) -> None:
        """The same weather for both."""
        for process in (self.scm, self.products):
            at_the_door(process.url, "faults", weather)

    def people(self, seed: int) -> None:
        """Edits of names on both sides, some of them on the same good."""
        work = {"edits": 6, "seed": seed, "actions": ["edit", "resave"]}
        at_the_door(self.scm.url, "people", {**work, "resource": "Materials", "fields": ["Description"]})
        at_the_door(self.products.url, "people", {**work, "resource": "products", "fields": ["name"]})

    def ask(self, query: str, **variables: object) -> Any:
        """What the product management says to somebody who works in it."""
        request = urllib.request.Request(  # noqa: S310  our own
            f"{self.products.url}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Authorization": f"Bearer {PRODUCTS_SECRET}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  our own
            return json.loads(answer.read())["data"]


def _dump(process: Process, resource: str) -> list[dict[str, Any]]:
    return at_the_door(process.url, f"dump/{resource}")["data"]  # type: ignore[index]  the side door's shape


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    data = tmp_path / "data"
    with start("scm", data=data, size=SIZE) as scm, start("products", data=data, size=SIZE) as products:
        pair = Pair(scm=scm, products=products, folder=tmp_path)
        _write_project(pair)
        yield pair


def _write_project(pair: Pair) -> None:
    systems = {
        "scm": scm_options(pair.scm.url, contract=_QUICK),
        "pm": products_options(pair.products.url, contract=_QUICK),
    }
    document = {
        "project": "goods",
        "store": "sqlite:///.syncline/state.db",
        "systems": {name: {"connector": kind, **systems[name]} for name, kind in (("scm", "odata"), ("pm", "graphql"))},
        "flows": {
            "goods": {
                "entity": "product",
                "own": {"*": "latest"},
                "match": [["sku"]],
                "deletes": {"scm": "propagate", "pm": "propagate"},
                "systems": {
                    "scm": {"resource": "materials", "map": {"sku": "MaterialNumber", "name": "Description"}},
                    "pm": {"resource": "products", "map": {"sku": "itemNumber", "name": "name"}},
                },
            }
        },
    }
    (pair.folder / "syncline.yaml").write_text(json.dumps(document, indent=1))


def test_goods_agree_through_edits_creates_deletes_and_every_fault(pair: Pair):
    pair.sync()
    made = pair.ask(
        'mutation { createProduct(input: {itemNumber: "NEW-1", name: "Größe M8"}) { ... on Product { id } } }'
    )
    gone = next(one["id"] for one in _dump(pair.products, "products") if one["itemNumber"] != "NEW-1")
    pair.ask("mutation($id: ID!) { deleteProduct(id: $id) { __typename } }", id=gone)
    pair.sync()  # before anybody edits it: a delete that meets an edit is none
    for seed in range(2):
        pair.people(seed)
        pair.faults({**WEATHER, "seed": seed})
        pair.sync()
    pair.faults({})
    pair.sync("--full")
    last = pair.sync("--full")

    materials, products = pair.goods()
    assert last.returncode == 0, last.stdout + last.stderr
    assert made["createProduct"]["id"]
    assert materials == products
    assert materials["NEW-1"].startswith("Größe M8")
    assert len(materials) == SIZE // 2
