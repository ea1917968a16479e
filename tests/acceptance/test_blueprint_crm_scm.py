"""The blueprint `crm-scm` from `syncline init` to agreement, with people and faults on both sides."""

from __future__ import annotations

import base64
import http.cookiejar
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncline.sandbox.words import WHEEL
from tests.acceptance.blueprint_world import Project, Row, blueprint, twice, unlike

ISO = {country.name: country.iso for country in WHEEL}
UNITS = {"pcs": "PC", "kg": "KG", "m": "M", "box": "BOX"}
SOURCE = dict.fromkeys(("lead", "qualified", "proposal", "negotiation"), "open") | {"won": "won", "lost": "lost"}
ENDED = {"won", "lost", "cancelled"}


class Scm:
    """The SCM as its own people reach it: OData, with the token that writers need."""

    def __init__(self, url: str) -> None:
        self._root = f"{url}/odata/v4/scm/"
        self._sign = "Basic " + base64.b64encode(b"hub:scm-token").decode()
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())).open

    def every(self, entity_set: str, *, expand: str = "") -> list[Row]:
        """All entities of a set, by its links."""
        rows: list[Row] = []
        address = f"{entity_set}?$expand={expand}" if expand else entity_set
        while address:
            page = self._ask("GET", address)
            rows += page["value"]
            address = page.get("@odata.nextLink", "")
        return rows

    def change(self, address: str, fields: Row) -> None:
        """Edit one entity, whatever it is now."""
        self._ask("PATCH", address, fields)

    def _ask(self, method: str, address: str, fields: Row | None = None) -> Any:
        headers = {"Authorization": self._sign, "Content-Type": "application/json"}
        if fields is not None:
            fetching = {**headers, "X-CSRF-Token": "Fetch"}
            fetch = urllib.request.Request(f"{self._root}Suppliers?$top=1", headers=fetching)  # noqa: S310  our own
            with self._open(fetch, timeout=30) as answer:
                headers |= {"X-CSRF-Token": answer.headers["X-CSRF-Token"], "If-Match": "*"}
        body = None if fields is None else json.dumps(fields).encode()
        asked = urllib.request.Request(self._root + address, body, headers, method=method)  # noqa: S310  our own
        with self._open(asked, timeout=30) as answer:
            return json.loads(answer.read(), parse_float=Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """Everything read once more, over the CRM's API and the SCM's service."""

    project: Project

    def __call__(self) -> list[str]:
        """What differs, and what is there twice."""
        crm, scm = self.project.crm, scm_of(self.project)
        goods = crm.every("products")
        skus = {one["id"]: one["sku"] for one in goods}
        demands = scm.every("Demands", expand="Items")
        found = opportunities(crm.every("opportunities"), skus, of_kind(demands, "OPPORTUNITY"))
        found += orders(crm.every("orders"), skus, of_kind(demands, "ORDER"))
        found += twice("reference", [one["ExternalReference"] for one in demands])
        found += stock(crm.every("stock"), skus, scm.every("StockLevels"))
        return found + materials(goods, scm.every("Materials")) + suppliers(crm, scm.every("Suppliers"))


def of_kind(demands: list[Row], kind: str) -> list[Row]:
    found = [one for one in demands if one["Kind"] == kind]
    # what its source says is its end is its end for the planners, too
    assert all(one["Status"] == "CANCELLED" for one in found if one["SourceStatus"] in ENDED)
    return found


def opportunities(rows: list[Row], skus: Row, demands: list[Row]) -> list[str]:
    here = {
        one["number"]: {
            "state": SOURCE[one["stage"]], "chance": one["probability"], "wanted": one["expected_on"],
            "confirmed": one["promised_on"], "lines": sold(one, skus),
        }
        for one in rows
    }  # fmt: skip
    told = {
        one["SourceNumber"]: {
            "state": one["SourceStatus"], "chance": one["Probability"], "wanted": one["RequiredOn"],
            "confirmed": one["ConfirmedOn"], "lines": needed(one),
        }
        for one in demands
        if one["SourceNumber"] in here or one["SourceStatus"] != "lost"  # as those that were deleted are
    }  # fmt: skip
    return unlike("opportunity", here, told) + twice("opportunity", [one["SourceNumber"] for one in demands])


def orders(rows: list[Row], skus: Row, demands: list[Row]) -> list[str]:
    here = {
        one["number"]: {
            "state": one["status"], "for": one["ship_to"]["name"], "wanted": one["requested_on"],
            "confirmed": one["promised_on"], "lines": sold(one, skus),
        }
        for one in rows
    }  # fmt: skip
    told = {
        one["SourceNumber"]: {
            "state": one["SourceStatus"], "for": one["CustomerName"], "wanted": one["RequiredOn"],
            "confirmed": one["ConfirmedOn"], "lines": needed(one),
        }
        for one in demands
        if one["SourceNumber"] in here or one["SourceStatus"] != "cancelled"
    }  # fmt: skip
    wanted = {one["SourceNumber"]: one["RequiredOn"] for one in demands}
    assert all(one["ordered_on"] <= (wanted.get(one["number"]) or one["ordered_on"]) for one in rows)
    return unlike("order", here, told) + twice("order", [one["SourceNumber"] for one in demands])


def stock(rows: list[Row], skus: Row, levels: list[Row]) -> list[str]:
    here = {
        f"{skus[one['product_id']]} at {one['site']}": {
            "on hand": Decimal(one["on_hand"]), "reserved": Decimal(one["reserved"]),
            "available": Decimal(one["available"]), "next": one["available_on"],
        }
        for one in rows
    }  # fmt: skip
    told = {
        f"{one['Material']} at {one['Site']}": {
            "on hand": Decimal(one["OnHand"]), "reserved": Decimal(one["Reserved"]),
            "available": Decimal(one["Available"]), "next": one["NextReceiptOn"],
        }
        for one in levels
    }  # fmt: skip
    return unlike("stock", here, told) + twice("stock", [(one["product_id"], one["site"]) for one in rows])


def materials(goods: list[Row], found: list[Row]) -> list[str]:
    here = {
        one["sku"]: {"name": one["name"], "unit": UNITS[one["unit"]], "active": one["active"]} for one in goods
    }  # fmt: skip
    told = {
        one["MaterialNumber"]: {
            "name": one["Description"], "unit": one["BaseUnit"], "active": not one["Blocked"],
        }
        for one in found
        if one["MaterialNumber"] in here or not one["Blocked"]
    }  # fmt: skip
    return unlike("product", here, told) + twice("product", [one["sku"] for one in goods])


def suppliers(crm: Any, found: list[Row]) -> list[str]:
    rows = crm.every("suppliers")
    here = {
        one["number"]: {
            "name": one["name"], "mail": one["email"], "country": ISO[one["country"]], "days": one["lead_days"],
            "active": one["active"],
        }
        for one in rows
    }  # fmt: skip
    told = {
        one["SupplierNumber"]: {
            "name": one["Name"], "mail": one["Email"], "country": one["Country"], "days": one["LeadTimeDays"],
            "active": not one["Blocked"],
        }
        for one in found
    }  # fmt: skip
    return unlike("supplier", here, told) + twice("supplier", [one["number"] for one in rows])


def sold(record: Row, skus: Row) -> Row:
    return {one["line_no"]: (skus[one["product_id"]], Decimal(one["quantity"]).normalize()) for one in record["lines"]}


def needed(demand: Row) -> Row:
    return {one["ItemNumber"]: (one["Material"], Decimal(one["Quantity"]).normalize()) for one in demand["Items"]}


def scm_of(project: Project) -> Scm:
    return Scm(project.running["scm"].url)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with blueprint("crm-scm", tmp_path, kinds=["crm", "scm"], size=40) as project:
        yield project


def test_demand_goes_out_and_stock_comes_back_while_people_work_and_everything_fails(project: Project):
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

    demands = scm_of(project).every("Demands")
    assert {one["Kind"] for one in demands} == {"OPPORTUNITY", "ORDER"}
    assert len(demands) >= 60
    assert any(one["promised_on"] for one in project.crm.every("orders"))
    level = project.crm.every("stock")[0]
    project.crm.change("stock", level["id"], {"available": "0.125"})
    assert len(recount()) == 1  # the recount sees one field that is turned


def at_work(project: Project, seed: int) -> None:
    """A busy hour on both sides: sales, planners and buyers."""
    crm = project.crm
    sales = ["edit", "edit_several", "resave", "change_line", "add_line", "delete"]
    for resource, edits in (("orders", 6), ("opportunities", 6), ("products", 3)):
        actions = [one for one in sales if resource == "orders" or one.startswith(("edit", "resave"))]
        project.people("crm", edits, seed=seed, resource=resource, actions=actions)
    crm.delete("opportunities", crm.every("opportunities")[seed]["id"])
    crm.change("stock", crm.every("stock")[seed]["id"], {"available": "7"})  # not theirs: it is put back
    crm.delete("stock", crm.every("stock")[-1]["id"])
    plan = ["edit", "edit_several", "resave"]
    for entity_set, edits in (("Demands", 8), ("StockLevels", 5), ("Materials", 2)):
        project.people("scm", edits, seed=seed, resource=entity_set, actions=plan)
    project.people("scm", 4, seed=seed, resource="Suppliers", actions=[*plan, "create", "archive"])


def test_an_opportunity_that_is_won_becomes_an_order_and_is_planned_once(project: Project):
    project("sync", "--approve")
    crm, scm = project.crm, scm_of(project)
    customer, product = crm.every("customers")[0], crm.every("products")[0]
    line = {"line_no": 1, "product_id": product["id"], "quantity": "12.5", "unit_price": "9.00"}
    chance = crm.create("opportunities", {
        "name": "Framework", "customer_id": customer["id"], "stage": "proposal", "probability": 60,
        "expected_on": "2031-03-01", "lines": [line],
    })  # fmt: skip
    project("sync", "--approve")
    (demand,) = demands_of(scm, chance)
    scm.change(f"Demands('{demand['DemandNumber']}')", {"ConfirmedOn": "2031-03-20", "Status": "PLANNED"})
    project("sync", "--approve")
    seen = crm.get("opportunities", chance["id"])["promised_on"]
    crm.change("opportunities", chance["id"], {"stage": "won", "probability": 100})
    order = crm.create("orders", {
        "customer_id": customer["id"], "status": "confirmed", "requested_on": "2031-03-09", "lines": [line],
    })  # fmt: skip
    project("sync", "--approve")

    (before,), (after,) = demands_of(scm, chance), demands_of(scm, order)
    assert (demand["Kind"], demand["Probability"], demand["RequiredOn"]) == ("OPPORTUNITY", 60, "2031-03-01")
    assert seen == "2031-03-20"
    assert (before["SourceStatus"], before["Status"], before["ConfirmedOn"]) == ("won", "CANCELLED", "2031-03-20")
    assert (after["Kind"], after["Status"], after["Probability"]) == ("ORDER", "OPEN", 100)
    assert (after["CustomerName"], after["RequiredOn"]) == (customer["name"], "2031-03-09")
    assert [(one["Material"], one["Quantity"], one["BaseUnit"]) for one in after["Items"]] == [
        (product["sku"], Decimal("12.5"), UNITS[product["unit"]])
    ]
    project.rest(Recount(project=project))


def demands_of(scm: Scm, record: Row) -> list[Row]:
    return [one for one in scm.every("Demands", expand="Items") if one["SourceNumber"] == record["number"]]
