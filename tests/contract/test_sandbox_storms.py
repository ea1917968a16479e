"""Through every fault at once, what is written to the SCM and to the product management is there once and as sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from syncline.connectors.protocols.graphql import SPEC as GRAPHQL
from syncline.connectors.protocols.odata import SPEC as ODATA
from syncline.env import RealEnv
from syncline.sandbox.process import Process, start
from tests.contract.rest_systems import at_the_door
from tests.contract.sandbox_storm import WEATHER, Writer
from tests.contract.sandbox_systems import products_options, scm_options

SIZE = 40


@pytest.fixture(scope="module")
def scm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("scm")
    with start("scm", data=data, size=60) as process:
        yield process


@pytest.mark.parametrize(
    ("way", "batch"),
    [
        ("alone", None),
        ("json", {"format": "json", "size": 10}),
        ("group", {"format": "json", "size": 10, "atomic": True}),
        ("multipart", {"size": 10}),
        ("changeset", {"size": 10, "atomic": True}),
    ],
)
def test_the_scm_holds_every_demand_once_and_every_change(scm: Process, way: str, batch: dict[str, object] | None):
    options = {name: one for name, one in scm_options(scm.url).items() if name != "batch"}
    connector = ODATA.open("scm", {**options, **({"batch": batch} if batch else {})}, RealEnv())
    connector.schema("demands")
    writer = Writer(connector, "demands")
    fields = [
        {
            "SourceNumber": f"{way} {number}",
            "Items": [{"ItemNumber": 10, "Material": "BE-00013", "Quantity": number + 1}],
        }
        for number in range(SIZE)
    ]  # fmt: skip
    at_the_door(scm.url, "faults", WEATHER)

    made = writer.create(fields, way)
    writer.change({key: {"Note": f"seen {marker}"} for marker, key in made.items()})
    listed = writer.everything()

    struck = at_the_door(scm.url, "stats")["faults"]
    at_the_door(scm.url, "faults", {})
    kept = [one for one in at_the_door(scm.url, "dump/Demands")["data"] if one["SourceNumber"].startswith(f"{way} ")]
    marks = [f"{way}-{number}" for number in range(SIZE)]
    assert Counter(one["ExternalReference"] for one in kept) == Counter(marks)
    assert {one["DemandNumber"]: one["Note"] for one in kept} == {key: f"seen {one}" for one, key in made.items()}
    quantities = {one["ExternalReference"]: one["Items"][0]["Quantity"] for one in kept}
    assert quantities == {mark: f"{number}.000" for number, mark in enumerate(marks, start=1)}
    assert {msgspec.json.decode(listed[key])["ExternalReference"] for key in made.values()} == made.keys()
    assert len(struck) >= 3
    connector.close()


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("products")
    with start("products", data=data, size=60) as process:
        yield process


@pytest.mark.parametrize("size", [1, 10])
def test_the_product_management_holds_every_need_once_and_every_change(products: Process, size: int):
    options = products_options(products.url)
    needs = {**options["resources"]["needs"], "batch": {"size": size}}  # type: ignore[index]
    connector = GRAPHQL.open("products", {**options, "resources": {"needs": needs}}, RealEnv())
    writer = Writer(connector, "needs")
    marks = [f"by {size}-{number}" for number in range(SIZE)]
    at_the_door(products.url, "faults", WEATHER)

    made = writer.create([{"title": f"Wish {number}", "votes": number} for number in range(SIZE)], f"by {size}")
    writer.change({key: {"body": f"seen {marker}"} for marker, key in made.items()})
    listed = writer.everything()

    struck = at_the_door(products.url, "stats")["faults"]
    at_the_door(products.url, "faults", {})
    kept = [one for one in at_the_door(products.url, "dump/feedback_items")["data"] if one["externalRef"] in marks]
    assert Counter(one["externalRef"] for one in kept) == Counter(marks)
    assert {one["id"]: one["body"] for one in kept} == {key: f"seen {one}" for one, key in made.items()}
    assert {one["externalRef"]: one["votes"] for one in kept} == {mark: number for number, mark in enumerate(marks)}
    assert {msgspec.json.decode(listed[key])["externalRef"] for key in made.values()} == made.keys()
    assert len(struck) >= 3
    connector.close()
