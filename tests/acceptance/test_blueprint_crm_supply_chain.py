"""The blueprint `crm-supply-chain` from `syncline init` to agreement, with people and faults on both sides."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncline.sandbox.words import WHEEL
from tests.acceptance.blueprint_world import Project, Row, blueprint, twice, unlike
from tests.contract.rest_systems import at_the_door

BERLIN = ZoneInfo("Europe/Berlin")
ISO = {country.name: country.iso for country in WHEEL}
ARRIVED = {"new": "none", "picking": "none", "shipped": "complete", "cancelled": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """Everything read once more: the CRM over its API, the warehouse's tables, the carrier's files."""

    project: Project

    def __call__(self) -> list[str]:
        """What differs, and what is there twice."""
        crm = self.project.crm
        products = {one["id"]: one["sku"] for one in crm.every("products")}
        with closing(database(self.project)) as tables:
            articles = {one["article_no"]: one["ext_item_no"] for one in tables.execute("SELECT * FROM articles")}
            found = self._orders(crm.every("orders"), products, tables, articles)
            found += self._shipments(crm, products, tables, articles)
            found += self._stock(crm, products, tables, articles)
            found += self._purchases(crm, products, tables, articles)
        return found

    def _orders(self, orders: list[Row], products: Row, tables: sqlite3.Connection, articles: Row) -> list[str]:
        there = list(tables.execute("SELECT * FROM fulfilment_orders"))
        here = {
            one["number"]: {
                "state": one["status"], "wanted": one["requested_on"], "note": one["note"] or None,
                "to": tuple((one["ship_to"] or {}).get(part) for part in ("name", "street", "postcode", "city")),
                "country": ISO.get(one["ship_to"]["country"]), "arrived": one["delivery_state"],
                "lines": sold(one, products),
            }
            for one in orders
        }  # fmt: skip
        told = {
            one["ext_order_no"]: {
                "state": one["sales_state"], "wanted": one["wanted_on"], "note": one["note"] or None,
                "to": (one["ship_name"], one["ship_street"], one["ship_zip"], one["ship_city"]),
                "country": one["ship_country"], "arrived": ARRIVED[one["status"]],
                "lines": kept(tables, "fulfilment_lines", "fo_id", one["fo_id"], articles),
            }
            for one in there
            # what was deleted in the CRM is cancelled here, and no more
            if one["ext_order_no"] in here or one["sales_state"] != "cancelled"
        }  # fmt: skip
        doubles = twice("order", [one["ext_order_no"] for one in there])
        return unlike("order", here, told) + doubles

    def _shipments(self, crm: Any, products: Row, tables: sqlite3.Connection, articles: Row) -> list[str]:
        shipments = crm.every("shipments")
        numbers = {one["id"]: one["number"] for one in crm.every("orders")}
        delivered = confirmed(self.project.data / "drop")
        here = {
            one["number"]: {
                "order": numbers.get(one["order_id"]), "site": one["site"], "carrier": one["carrier"],
                "tracking": one["tracking_number"], "shipped": moment(one["shipped_at"]), "lines": sold(one, products),
                "delivered": (moment(one["delivered_at"]), one["delivered_to"]) if one["delivered_at"] else None,
            }
            for one in shipments
        }  # fmt: skip
        told = {
            one["shipment_no"]: {
                "order": one["ext_order_no"], "site": one["site_code"], "carrier": one["carrier"],
                "tracking": one["tracking_no"], "shipped": moment(one["shipped_at"]),
                "lines": kept(tables, "shipment_lines", "shipment_no", one["shipment_no"], articles),
                "delivered": delivered.get(one["shipment_no"]),
            }
            for one in tables.execute("SELECT * FROM shipments")
        }  # fmt: skip
        for one in here.values():
            assert one["delivered"] is None or one["delivered"][0] >= one["shipped"].replace(second=0, microsecond=0)
        for key, one in here.items():  # an order that was deleted in the CRM has no number there any more
            one["order"] = one["order"] or told.get(key, one)["order"]
        return unlike("shipment", here, told) + twice("shipment", [one["number"] for one in shipments])

    def _stock(self, crm: Any, products: Row, tables: sqlite3.Connection, articles: Row) -> list[str]:
        stock = crm.every("stock")
        here = {
            f"{products[one['product_id']]} at {one['site']}": (one["on_hand"], one["reserved"], one["number"])
            for one in stock
        }
        told = {
            f"{articles[one['article_no']]} at {one['site_code']}": (one["on_hand"], one["reserved"], one["stock_id"])
            for one in tables.execute("SELECT * FROM stock")
        }
        doubles = twice("stock", [(one["product_id"], one["site"]) for one in stock])
        return unlike("stock", levels(here), levels(told)) + doubles

    def _purchases(self, crm: Any, products: Row, tables: sqlite3.Connection, articles: Row) -> list[str]:
        suppliers, purchases = crm.every("suppliers"), crm.every("purchase_orders")
        names = {one["id"]: one["number"] for one in suppliers}
        here = {
            one["number"]: {
                "name": one["name"], "mail": one["email"], "country": ISO[one["country"]], "days": one["lead_days"],
                "active": one["active"],
            }
            for one in suppliers
        }  # fmt: skip
        told = {
            one["supplier_no"]: {
                "name": one["name"], "mail": one["mail"], "country": one["country"], "days": one["lead_days"],
                "active": bool(one["active"]),
            }
            for one in tables.execute("SELECT * FROM suppliers")
        }  # fmt: skip
        bought = {
            one["number"]: {
                "supplier": names[one["supplier_id"]], "site": one["site"], "status": one["status"],
                "on": (one["ordered_on"], one["expected_on"]), "came": moment(one["received_at"]),
                "lines": sold(one, products),
            }
            for one in purchases
        }  # fmt: skip
        ordered = {
            one["po_no"]: {
                "supplier": one["supplier_no"], "site": one["site_code"], "status": one["status"],
                "on": (one["ordered_on"], one["expected_on"]), "came": moment(one["received_at"]),
                "lines": kept(tables, "purchase_lines", "po_no", one["po_no"], articles),
            }
            for one in tables.execute("SELECT * FROM purchase_orders")
        }  # fmt: skip
        assert all(one["on"][0] <= one["on"][1] for one in bought.values())
        doubles = twice("supplier", [*names.values()]) + twice("purchase", [one["number"] for one in purchases])
        return unlike("supplier", here, told) + unlike("purchase", bought, ordered) + doubles


def levels(found: dict[str, tuple[object, object, object]]) -> dict[str, Row]:
    return {
        key: {"on hand": Decimal(str(one)), "reserved": Decimal(str(other)), "number": number}
        for key, (one, other, number) in found.items()
    }


def sold(record: Row, products: Row) -> Row:
    return {
        one["line_no"]: (products[one["product_id"]], Decimal(one["quantity"]).normalize()) for one in record["lines"]
    }


def kept(tables: sqlite3.Connection, table: str, parent: str, key: object, articles: Row) -> Row:
    lines = tables.execute(f"SELECT * FROM {table} WHERE {parent} = ?", (key,))  # noqa: S608  our own names
    return {one["line_no"]: (articles[one["article_no"]], Decimal(str(one["qty"])).normalize()) for one in lines}


def moment(text: str | None) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def confirmed(folder: Path) -> Row:
    """What the carrier's files say of each shipment, the last word of each; a row with too many cells says nothing."""
    told: Row = {}
    for path in sorted(folder.glob("deliveries-*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                if None not in row:
                    at = datetime.strptime(row["delivered"], "%d.%m.%Y %H:%M").replace(tzinfo=BERLIN)
                    told[row["shipment"]] = (at.astimezone(UTC), row["place"] or None)
    return told


def database(project: Project) -> sqlite3.Connection:
    tables = sqlite3.connect(project.data / "warehouse.sqlite", timeout=10)
    tables.row_factory = sqlite3.Row
    return tables


def shown(project: Project, statement: str, *values: object) -> list[sqlite3.Row]:
    with closing(database(project)) as tables:
        return list(tables.execute(statement, values))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with blueprint("crm-supply-chain", tmp_path, kinds=["crm", "warehouse"], size=40) as project:
        yield project


def test_orders_go_out_and_shipments_come_back_while_people_work_and_everything_fails(project: Project):
    recount = Recount(project=project)
    assert "No problem." in project("check")
    assert "cases hold" in project("test")
    assert "Nothing has been written" in project("match")
    project("sync", "--approve")

    for seed in range(3):
        at_work(project, seed)
        project.weather(seed)
        project("sync", "--approve", codes=())
        project.weather(None)
    project.rest(recount)

    deliveries = confirmed(project.data / "drop")
    assert len(deliveries) >= 3
    assert len(project.crm.every("shipments")) >= 5
    assert {one["status"] for one in shown(project, "SELECT status FROM fulfilment_orders")} >= {"new", "shipped"}
    shipment = project.crm.every("shipments")[0]
    project.crm.change("shipments", shipment["id"], {"tracking_number": "0"})
    assert len(recount()) == 1  # the recount sees one field that is turned


def at_work(project: Project, seed: int) -> None:
    """A busy hour on both sides: sales, the people of the warehouse, and its program."""
    sales = ["edit", "edit_several", "resave", "change_line", "add_line", "delete"]
    project.people("crm", 8, seed=seed, resource="orders", actions=sales)
    crm = project.crm
    for seen in (*crm.every("stock")[seed:][:2], *crm.every("shipments")[seed:][:1]):  # not theirs: it is put back
        resource, field = ("stock", "on_hand") if "on_hand" in seen else ("shipments", "carrier")
        crm.change(resource, seen["id"], {field: "7"})
    for resource in ("stock", "shipments", "suppliers", "purchase_orders"):
        crm.delete(resource, crm.every(resource)[-1]["id"])  # it is made anew
    theirs = ["edit", "edit_several", "resave", "archive"]
    project.people("warehouse", 12, seed=seed, actions=theirs)
    at_the_door(project.running["warehouse"].url, "faults", {"half_file": 0.5, "bad_row": 0.5, "seed": seed})
    for deed in ("pick", "ship", "deliver", "buy", "receive"):
        project.people("warehouse", 3, seed=seed, actions=[deed])


def test_an_order_is_picked_when_sales_confirms_it_and_its_way_is_seen_in_the_crm(project: Project):
    project("sync", "--approve")
    crm = project.crm
    customer = crm.every("customers")[0]
    (good,) = shown(project, "SELECT * FROM stock JOIN articles USING (article_no) WHERE site_code = 'WH-1' "
                    "ORDER BY on_hand - reserved DESC LIMIT 1")  # fmt: skip
    (product,) = [one for one in crm.every("products") if one["sku"] == good["ext_item_no"]]
    line = {"line_no": 1, "product_id": product["id"], "quantity": "2", "unit_price": "9.00"}
    order = crm.create("orders", {"customer_id": customer["id"], "requested_on": "2031-03-09", "lines": [line]})

    assert fulfilment(project, order)["status"] == "new"
    project.people("warehouse", 40, actions=["pick"])
    assert fulfilment(project, order)["status"] == "new"  # it is open: nobody has confirmed it
    crm.change("orders", order["id"], {"status": "confirmed"})
    assert fulfilment(project, order)["sales_state"] == "confirmed"
    hurry(project, order)
    for deed in ("pick", "ship", "deliver"):
        project.people("warehouse", 60, actions=[deed])
    project("sync", "--approve")

    (shipment,) = [one for one in crm.every("shipments") if one["order_id"] == order["id"]]
    (sent,) = shown(project, "SELECT * FROM shipments WHERE ext_order_no = ?", order["number"])
    assert (shipment["number"], shipment["tracking_number"]) == (sent["shipment_no"], sent["tracking_no"])
    assert confirmed(project.data / "drop")[sent["shipment_no"]] == (
        moment(shipment["delivered_at"]), shipment["delivered_to"],
    )  # fmt: skip
    assert order["ordered_on"] <= shipment["shipped_at"][:10] <= shipment["delivered_at"][:10]
    assert crm.get("orders", order["id"])["delivery_state"] == "complete"
    assert fulfilment(project, order)["wanted_on"] == "2031-03-09"
    project.rest(Recount(project=project))


def fulfilment(project: Project, order: Row) -> sqlite3.Row:
    """The order as the warehouse has it after a pass."""
    project("sync", "--approve")
    (found,) = shown(project, "SELECT * FROM fulfilment_orders WHERE ext_order_no = ?", order["number"])
    return found


def hurry(project: Project, order: Row) -> None:
    """Somebody in the warehouse moves it to the front."""
    (found,) = shown(project, "SELECT fo_id FROM fulfilment_orders WHERE ext_order_no = ?", order["number"])
    with closing(database(project)) as tables, tables:
        tables.execute("UPDATE fulfilment_orders SET prio = 1, row_version = row_version + 1 WHERE fo_id = ?",
                       (found["fo_id"],))  # fmt: skip
