"""The blueprint crm-mes on the sandbox: confirmed orders become work orders, and sales sees how they go on."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.blueprint_pair import Application, Pair, Row, differences, number, pair, rows_of

SIZE = 40
BASIC = "Basic " + base64.b64encode(b"hub:mes-token").decode()
PLANT = ZoneInfo("Europe/Berlin")
#: the recount's own table: what each side calls the same
STATES = {
    "PLANNED": "planned", "RELEASED": "released", "RUNNING": "started", "FINISHED": "completed", "CLOSED": "closed",
    "CANCELLED": "cancelled",
}  # fmt: skip
UNITS = {"ST": "pcs", "KG": "kg", "M": "m", "KAR": "box"}
KINDS = {"MADE": "make", "BOUGHT": "buy"}


@pytest.fixture
def agreed(tmp_path: Path) -> Iterator[Pair]:
    """A project whose first pass is done."""
    with pair("crm-mes", "mes", BASIC, tmp_path, size=SIZE) as made:
        assert "cases hold" in made.fine("test")
        assert "No problem." in made.fine("check")
        assert "linked by sku" in made.fine("match")
        made.fine("sync", "--approve")
        yield made


def test_orders_are_made_and_sales_sees_it_through_edits_on_both_sides_and_every_fault(agreed: Pair):
    order = sell(agreed.crm, SIZE // 4)
    dropped = sell(agreed.crm, 3)
    early = ask_early(agreed)
    agreed.rest()
    assert order_of(agreed.other, early) == []
    agreed.crm.ask("PATCH", f"/api/orders/{early['id']}", {"status": "confirmed"})
    agreed.rest()
    assert [row["salesOrderLine"] for row in order_of(agreed.other, early)] == ["1"]
    asked = order_of(agreed.other, order)
    assert_planned(order, asked)
    change_the_plan(agreed, order, dropped, asked)
    for seed in (1, 2):
        people(agreed, seed)
        agreed.through_storms([100 * seed, 100 * seed + 10])
    agreement = agreed.rest()

    crm = {name: rows_of(agreed.crm, name) for name in ("products", "work_centres", "work_orders")}
    mes = {name: plant_rows(agreed.other, name) for name in ("materials", "workCentres", "workOrders")}
    assert (agreement["conflicts"], agreement["parked"]) == (0, 0)
    known = {row["externalNo"]: KINDS[row["kind"]] for row in mes["materials"] if row["externalNo"]}
    assert {row["sku"]: row["procurement"] for row in crm["products"]} == known
    assert differences(map(centre_shown, crm["work_centres"]), map(centre, mes["workCentres"])) == []
    gone = [row for row in mes["workOrders"] if row["status"] == "CANCELLED"]
    assert {row["orderNo"] for row in gone} == {row["number"] for row in crm["work_orders"] if row["withdrawn"]}
    assert [row["salesOrder"] for row in gone] == [None] + [dropped["number"]] * len(dropped["wanted"])
    assert differences(work_shown(crm), work(mes)) == []
    assert_moved(order, asked, crm["work_orders"])
    assert_nothing_doubled(mes["workOrders"])
    next(row for row in crm["work_orders"] if not row["withdrawn"])["planned_end"] = "2026-03-01T00:00:00.000Z"
    assert len(differences(work_shown(crm), work(mes))) == 2  # the recount sees one field of one record


def sell(crm: Application, lines: int) -> Row:
    """A customer orders some goods, made here or not, and sales confirms it."""
    products = sorted((row for row in rows_of(crm, "products") if row["procurement"]), key=lambda row: str(row["sku"]))
    chosen = products[-lines:]
    assert {row["procurement"] for row in products} == {"make", "buy"}
    customer = rows_of(crm, "customers")[0]
    given = [
        {"line_no": place, "product_id": row["id"], "quantity": str(3 + place), "unit_price": "12.50"}
        for place, row in enumerate(chosen, start=1)
    ]
    made = crm.ask("POST", "/api/orders", {"customer_id": customer["id"], "lines": given})
    crm.ask("PATCH", f"/api/orders/{made['id']}", {"status": "confirmed"})
    wanted = {row["id"] for row in chosen if row["procurement"] == "make"}
    return {**made, "customer": customer["name"], "wanted": [one for one in given if one["product_id"] in wanted]}


def ask_early(agreed: Pair) -> Row:
    """Sales asks for production by hand, before the customer has confirmed his order."""
    made = next(row for row in rows_of(agreed.crm, "products") if row["procurement"] == "make")
    customer = rows_of(agreed.crm, "customers")[0]
    line = {"line_no": 1, "product_id": made["id"], "quantity": "9", "unit_price": "4.00"}
    order = agreed.crm.ask("POST", "/api/orders", {"customer_id": customer["id"], "lines": [line]})
    asked = {
        "number": f"{order['number']}/1", "order_id": order["id"], "order_number": order["number"], "order_line": "1",
        "customer_name": customer["name"], "product_id": made["id"], "quantity": "9",
    }  # fmt: skip
    agreed.crm.ask("POST", "/api/work_orders", asked)
    return order


def order_of(mes: Application, order: Row) -> list[Row]:
    """The work orders of an order, by its lines."""
    found = mes.ask("GET", f"/mes/v2/workOrders?salesOrder={order['number']}")["items"]
    return sorted(found, key=lambda row: int(row["salesOrderLine"]))


def assert_planned(order: Row, asked: list[Row]) -> None:
    """Each line that is made here has one work order, which the plant has filled in."""
    assert 0 < len(order["wanted"]) < len(order["lines"])
    wanted = [(str(one["line_no"]), number(one["quantity"])) for one in order["wanted"]]
    assert [(row["salesOrderLine"], number(row["quantity"])) for row in asked] == wanted
    assert {row["customer"] for row in asked} == {order["customer"]}
    assert all(row["bill"] and row["routing"] and row["components"] and row["operations"] for row in asked)


def change_the_plan(agreed: Pair, order: Row, dropped: Row, asked: list[Row]) -> None:
    """The plant works on the first and postpones the second; sales wants more of the third, and drops an order.

    The plant drops something, too: what it wanted to make for stock.
    """
    first, second, third = (row["orderNo"] for row in asked[:3])
    for body in ({}, {}, {"good": "1", "scrap": "2"}):
        agreed.other.ask("POST", f"/mes/v2/workOrders/{first}/advance", body)
    agreed.other.people(edits=1, seed=1, resource="workOrders", actions=["postpone"], ids=[second])
    line = int(asked[2]["salesOrderLine"])
    lines = [{**one, "quantity": "44"} if one["line_no"] == line else one for one in order["lines"]]
    agreed.crm.ask("PATCH", f"/api/orders/{order['id']}", {"lines": lines})
    agreed.crm.ask("PATCH", f"/api/orders/{dropped['id']}", {"status": "cancelled"})
    stock = next(row for row in plant_rows(agreed.other, "workOrders") if row["status"] in {"PLANNED", "RELEASED"})
    agreed.other.ask("PATCH", f"/mes/v2/workOrders/{stock['orderNo']}", {"status": "CANCELLED"})
    agreed.rest()
    shown = {row["number"]: row for row in rows_of(agreed.crm, "work_orders")}
    done = [shown[first][name] for name in ("status", "good_quantity", "scrap_quantity")]
    assert done == ["started", "1", "2"]
    assert (shown[stock["orderNo"]]["withdrawn"], shown[stock["orderNo"]]["status"]) == (True, "cancelled")
    assert shown[second]["planned_end"] > utc(asked[1]["plannedEnd"])
    assert number(order_of(agreed.other, order)[2]["quantity"]) == number("44") == number(shown[third]["quantity"])


def people(agreed: Pair, seed: int) -> None:
    """The plant plans, works, postpones and edits; sales wants some work earlier or later, and sells more."""
    agreed.other.people(edits=12, seed=seed, resource="workOrders", actions=["plan", "progress", "postpone", "edit"])
    agreed.other.people(edits=2, seed=seed, resource="workCentres", actions=["edit"])
    living = [row for row in rows_of(agreed.crm, "work_orders") if not row["withdrawn"]]
    for row in living[seed::4]:
        agreed.crm.ask("PATCH", f"/api/work_orders/{row['id']}", {"due_on": f"2027-0{seed}-15", "status": "closed"})
    for row in rows_of(agreed.crm, "work_centres")[:2]:
        agreed.crm.ask("PATCH", f"/api/work_centres/{row['id']}", {"hours_per_day": "1", "load": []})
    sell(agreed.crm, 3)


def plant_rows(mes: Application, resource: str) -> list[Row]:
    """Every record of the MES, over its API."""
    found: list[Row] = []
    total = 1
    while len(found) < total:
        page = mes.ask("GET", f"/mes/v2/{resource}?limit=200&offset={len(found)}")
        found, total = found + page["items"], page["total"]
    return found


def utc(local: str | None) -> str | None:
    """A time of the plant's clock as the CRM writes it."""
    if local is None:
        return None
    return f"{datetime.fromisoformat(local).replace(tzinfo=PLANT).astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def centre_shown(row: Row) -> tuple[object, ...]:
    """A work centre as sales sees it."""
    load = sorted((one["week"], number(one["hours"]), number(one["capacity"])) for one in row["load"])
    return row["number"], row["name"], plain(row["hours_per_day"]), row["free_from"], repr(plains(load))


def centre(row: Row) -> tuple[object, ...]:
    """A work centre as the plant keeps it."""
    load = sorted((one["week"], number(one["hours"]), number(one["capacity"])) for one in row["load"])
    return row["code"], row["text"], plain(row["hoursPerDay"]), utc(row["freeFrom"]), repr(plains(load))


def plain(value: object) -> str | None:
    """A number without the zeros that say nothing."""
    found = number(value)
    return None if found is None else f"{found.normalize():f}"


def plains(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [(row[0], *map(plain, row[1:])) for row in rows]


def work_shown(crm: Mapping[str, list[Row]]) -> Iterator[tuple[object, ...]]:
    """Work orders as sales sees them."""
    skus = {row["id"]: row["sku"] for row in crm["products"]}
    codes = {row["id"]: row["number"] for row in crm["work_centres"]}
    for row in crm["work_orders"]:
        if not row["withdrawn"]:
            yield (
                row["number"], row["order_number"], row["order_line"], row["customer_name"], skus[row["product_id"]],
                plain(row["quantity"]), row["unit"], plain(row["good_quantity"]), plain(row["scrap_quantity"]),
                row["status"], codes[row["work_centre_id"]], row["due_on"], row["planned_start"], row["planned_end"],
                row["started_at"], row["finished_at"], row["bill"], row["routing"],
                [(one["line_no"], one["material"], plain(one["quantity"]), one["unit"]) for one in row["materials"]],
                [
                    (one["step"], one["name"], codes[one["work_centre_id"]], plain(one["minutes"]))
                    for one in row["operations"]
                ],
            )  # fmt: skip


def work(mes: Mapping[str, list[Row]]) -> Iterator[tuple[object, ...]]:
    """Work orders as the plant keeps them."""
    skus = {row["materialNo"]: row["externalNo"] for row in mes["materials"]}
    for row in mes["workOrders"]:
        if row["status"] != "CANCELLED":
            yield (
                row["orderNo"], row["salesOrder"], row["salesOrderLine"], row["customer"], skus[row["material"]],
                plain(row["quantity"]), UNITS[row["unit"]], plain(row["goodQuantity"]), plain(row["scrapQuantity"]),
                STATES[row["status"]], row["workCentre"], row["dueDate"], utc(row["plannedStart"]),
                utc(row["plannedEnd"]), utc(row["actualStart"]), utc(row["actualEnd"]), row["bill"], row["routing"],
                [
                    (one["pos"], one["material"], plain(one["quantity"]), UNITS[one["unit"]])
                    for one in row["components"]
                ],
                [(one["step"], one["text"], one["workCentre"], plain(one["minutes"])) for one in row["operations"]],
            )  # fmt: skip


def assert_moved(order: Row, asked: list[Row], shown: list[Row]) -> None:
    """The order of the story still has its work orders, and no work ends before it begins."""
    of_order = [row["number"] for row in shown if row["order_id"] == order["id"]]
    assert sorted(of_order) == sorted(row["orderNo"] for row in asked)
    for row in shown:
        assert row["planned_start"] <= row["planned_end"]
        assert row["finished_at"] is None or row["started_at"] <= row["finished_at"]


def assert_nothing_doubled(orders: list[Row]) -> None:
    """One work order for each line, and one external number for each."""
    lines = [(row["salesOrder"], row["salesOrderLine"]) for row in orders if row["salesOrder"]]
    marks = [row["externalId"] for row in orders if row["externalId"]]
    assert len(lines) == len(set(lines)) == len(marks) == len(set(marks))
