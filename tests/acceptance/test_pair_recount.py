"""The recount finds every difference: one field flipped, one record twice, one record missing, in either system."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncline.app import operations
from tests.acceptance.sandbox_world import DEMO, HERE, World, copied, recount, world

SIZE = 24
RESOURCES = {
    "customers": ("customers", "partners"), "products": ("products", "items"), "orders": ("orders", "salesdocs"),
}  # fmt: skip
KEYS = {"customers": ("id", "PartnerNo"), "products": ("id", "ItemNo"), "orders": ("id", "DocNo")}


@dataclass(frozen=True, slots=True)
class Flip:
    """One field of the table, and what somebody writes into it in each system. None: nobody can."""

    kind: str
    field: str
    crm: tuple[str, object] | None
    erp: tuple[str, object] | None


_BILLING, _BILLING_THERE = "addresses[kind=billing]", "Addresses[Type=B]"
_SHIPPING, _SHIPPING_THERE = "addresses[kind=shipping]", "Addresses[Type=S]"
FLIPS = (
    Flip("customers", "name", ("name", "Quite Another"), ("Name1", "Quite Another")),
    Flip("customers", "email", ("email", "other@another.example"), ("Mail", "other@another.example")),
    Flip("customers", "phone", ("phone", "+49 30 1234567"), ("Phone", "+49301234567")),
    Flip("customers", "tax_id", ("tax_id", "XX12345"), ("VatNo", "XX12345")),
    Flip("customers", "segment", ("segment", None), ("PriceGroup", "Z")),
    Flip("customers", "country", ("country", "Poland"), ("CountryCode", "US")),
    Flip("customers", "credit_limit", ("credit_limit.amount", "77.77"), ("CreditLimit", "77.77")),
    Flip("customers", "credit_currency", ("credit_limit.currency", "XXX"), ("CreditCurrency", "XXX")),
    *(
        Flip("customers", f"{kind} {name}", (f"{here}.{name}", value), (f"{there}.{other}", other_value))
        for kind, here, there in (("billing", _BILLING, _BILLING_THERE), ("shipping", _SHIPPING, _SHIPPING_THERE))
        for name, value, other, other_value in (
            ("street", "Nowhere 1", "Street", "Nowhere 1"), ("postcode", "00000", "Zip", "00000"),
            ("city", "Nowhere", "City", "Nowhere"), ("country", "Nowhere", "CountryCode", "US"),
        )
    ),
    Flip("products", "sku", ("sku", "XX-1"), None),  # the ERP's key
    Flip("products", "name", ("name", "Quite another"), ("Descr", "Quite another")),
    Flip("products", "price", ("price", "0.01"), ("ListPrice", 1)),
    Flip("products", "currency", ("currency", "XXX"), ("Cur", "XXX")),
    Flip("products", "unit", ("unit", "m"), ("Unit", "XX")),
    Flip("products", "active", ("active", False), ("Active", False)),
    Flip("orders", "ordered_on", ("ordered_on", "2001-02-03"), ("DocDate", "03.02.2001")),
    Flip("orders", "currency", ("currency", "XXX"), ("Cur", "XXX")),
    Flip("orders", "erp_number", ("erp_number", "XX"), None),  # the ERP gives it itself
    Flip("orders", "erp_state", ("erp_state", "delivered"), None),
    Flip("orders", "invoice_number", ("invoice_number", "XX"), None),
    Flip("orders", "invoice_total", ("invoice_total", "0.01"), None),
    Flip("orders", "line 1 quantity", ("lines[line_no=1].quantity", "999"), ("Positions[PosNo=1].Qty", "999")),
    Flip("orders", "line 1 price", ("lines[line_no=1].unit_price", "0.01"), ("Positions[PosNo=1].Price", "0.01")),
    Flip("orders", "line 1 discount", ("lines[line_no=1].discount_percent", "99"), ("Positions[PosNo=1].Disc", "99")),
)  # fmt: skip
CASES = [
    pytest.param(flip.kind, flip.field, side, at, id=f"{flip.kind} {flip.field} in {('crm', 'erp')[side]}")
    for flip in FLIPS
    for side, at in enumerate((flip.crm, flip.erp))
    if at is not None
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in agreement; some orders are further than others."""
    folder = tmp_path_factory.mktemp("recount") / "agreed"
    with world(folder, size=SIZE) as made, made.hub() as hub:
        operations.sync(hub, approved=True)
        for question in operations.questions(hub):
            operations.answer(hub, question.flow, question.system, question.key, "new")
        operations.sync(hub, approved=True)
        for steps, document in enumerate(made.erp.every("salesdocs")[:4]):
            for _ in range(steps):
                made.erp.advance(document["DocNo"])
        operations.sync(hub, approved=True)
    return folder


@pytest.fixture(scope="module")
def agreed(saved: Path) -> Iterator[World]:
    """That world, running; every test leaves it as it was."""
    with copied(saved, saved.with_name("shared"), size=SIZE) as made:
        assert counted(made) == 0
        yield made


def counted(this: World, *more: str) -> int:
    return recount.main(["--crm", this.crm_url, "--erp", this.erp_url, *more])


def application(this: World, side: int):
    return this.erp if side else this.crm


def pair_of(this: World, kind: str) -> tuple[dict[str, object], dict[str, object]]:
    """A record that both have, as open and as full as they come."""
    here, there = (application(this, side).every(RESOURCES[kind][side]) for side in (0, 1))
    match kind:
        case "products":
            ways = (lambda row: row["sku"], lambda row: row["ItemNo"])
        case "customers":
            here = [row for row in here if len(row["addresses"]) > 1 and row["phone"]]
            ways = (lambda row: row["tax_id"], lambda row: row["VatNo"])
        case _:
            there = [row for row in there if row["State"] == 10]
            here = [row for row in here if row["erp_state"] == "open"]
            ways = (goods_of(this), lambda row: (row["DocDate"], *(one["ItemNo"] for one in row["Positions"])))
    return recount.pair(here, there, ways)[0]


def goods_of(this: World):
    skus = {row["id"]: row["sku"] for row in this.crm.every("products")}
    return lambda row: (
        ".".join(reversed(row["ordered_on"].split("-"))), *(skus[one["product_id"]] for one in row["lines"])
    )  # fmt: skip


def patched(record: Mapping[str, object], path: str, value: object) -> dict[str, object]:
    """The top-level field that holds the path, with the value there."""
    top = path.partition(".")[0].partition("[")[0]
    holder = {top: deepcopy(record[top])}
    *steps, last = path.split(".")
    place = holder
    for step in steps:
        name, _, choice = step.partition("[")
        place = place[name]
        if choice:
            key, _, wanted = choice.rstrip("]").partition("=")
            place = next(row for row in place if str(row[key]) == wanted)
    place[last] = value
    return holder


@pytest.mark.parametrize(("kind", "name", "side", "at"), CASES)
def test_one_flipped_field_is_found(agreed: World, capsys, kind: str, name: str, side: int, at) -> None:
    system, resource, key = application(agreed, side), RESOURCES[kind][side], KEYS[kind][side]
    record = pair_of(agreed, kind)[side]
    change = patched(record, *at)
    system.change(resource, record[key], change)
    capsys.readouterr()
    found = counted(agreed)
    said = capsys.readouterr().out
    system.change(resource, record[key], {top: record[top] for top in change})

    assert found == 1
    assert name in said or "only in" in said
    assert "UNEXPLAINED" in said
    assert counted(agreed) == 0


@pytest.mark.parametrize("side", [0, 1], ids=["crm", "erp"])
@pytest.mark.parametrize("kind", ["customers", "orders"])
def test_a_record_that_is_there_twice_is_found(agreed: World, kind: str, side: int) -> None:
    system, resource, key = application(agreed, side), RESOURCES[kind][side], KEYS[kind][side]
    record = pair_of(agreed, kind)[side]
    given = {name: value for name, value in record.items() if name not in {key, "number", "ForeignKey", "external_ref"}}
    twin = system.create(resource, given)
    found = counted(agreed)
    system.delete(resource, twin[key])

    assert found == 1
    assert counted(agreed) == 0


@pytest.mark.parametrize("side", [0, 1], ids=["crm", "erp"])
@pytest.mark.parametrize("kind", ["customers", "orders"])
def test_a_record_that_is_missing_is_found(saved: Path, tmp_path: Path, kind: str, side: int) -> None:
    with copied(saved, tmp_path / "world", size=SIZE) as this:
        record = pair_of(this, kind)[side]
        application(this, side).delete(RESOURCES[kind][side], record[KEYS[kind][side]])

        assert counted(this) == 1


def test_an_order_of_another_customer_or_another_product_is_found(agreed: World) -> None:
    order = pair_of(agreed, "orders")[0]
    stranger = next(row["id"] for row in agreed.crm.every("customers") if row["id"] != order["customer_id"])
    product = next(row["id"] for row in agreed.crm.every("products") if row["id"] != order["lines"][0]["product_id"])
    another = patched(order, "lines[line_no=1].product_id", product)
    for change in ({"customer_id": stranger}, another, {"lines": order["lines"][1:]}):
        agreed.crm.change("orders", order["id"], change)
        found = counted(agreed)
        agreed.crm.change("orders", order["id"], {name: order[name] for name in change})

        assert found == 1
        assert counted(agreed) == 0


def test_what_the_erp_decided_and_sales_does_not_see_yet_is_found(saved: Path, tmp_path: Path, capsys) -> None:
    with copied(saved, tmp_path / "world", size=SIZE) as this:
        document = pair_of(this, "orders")[1]
        for names in (["erp_number", "erp_state"], ["erp_state"], ["invoice_number", "invoice_total"]):
            this.erp.advance(document["DocNo"])
            capsys.readouterr()

            assert counted(this) == 1
            said = capsys.readouterr().out
            assert all(f"  {name}  " in said for name in names)


def test_a_recount_that_pairs_too_little_fails(agreed: World, capsys) -> None:
    assert counted(agreed, "--least", "customers=1000") == 1
    assert "1000 were expected" in capsys.readouterr().out


def test_what_the_hub_says_that_it_waits_for_is_explained_and_nothing_else(
    agreed: World, tmp_path: Path, capsys
) -> None:
    here, there = pair_of(agreed, "customers")
    keys = {"crm": here["id"], "erp": str(there["PartnerNo"])}
    conflict = {"cid": 7, "entity": "customer", "state": "open", "keys": keys, "field": "phone", "names": ["phone"]}
    waiting = tmp_path / "waiting.json"
    waiting.write_text(json.dumps({"conflicts": [conflict]}))
    agreed.crm.change("customers", here["id"], {"phone": "+49 30 1234567"})
    phone = counted(agreed, "--waiting", str(waiting))
    agreed.crm.change("customers", here["id"], {"segment": None})
    segment = counted(agreed, "--waiting", str(waiting))
    agreed.crm.change("customers", here["id"], {"phone": here["phone"], "segment": here["segment"]})

    assert (phone, segment) == (0, 1)
    assert "explained: conflict 7" in capsys.readouterr().out
    assert counted(agreed) == 0


def test_every_field_of_the_table_is_flipped_above() -> None:
    table = recount.CUSTOMERS, recount.PRODUCTS, recount.ORDERS
    names = {kind: {line.name for line in lines} for kind, lines in zip(RESOURCES, table, strict=True)}
    names["orders"] |= {f"line 1 {line.name}" for line in recount.LINES}

    assert {kind: {flip.field for flip in FLIPS if flip.kind == kind} for kind in RESOURCES} == names


def test_the_recount_imports_nothing_of_ours() -> None:
    own = {"pair_recount": HERE, "pair_fields": HERE, "applications": DEMO}
    imported: set[str] = set()
    for name, folder in own.items():
        tree = ast.parse((folder / f"{name}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])

    assert imported - own.keys() <= sys.stdlib_module_names
