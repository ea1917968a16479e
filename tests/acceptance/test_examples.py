"""The three example companies, run as their people run them: before the first write, at work, and in agreement."""

from __future__ import annotations

import csv
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.example_world import Company, Row, company, free_port
from tests.acceptance.webhook_world import until

pytestmark = pytest.mark.slow


def agrees(company: Company) -> None:
    """Nothing is left to send, everything agrees, nothing waits: also in the words of `syncline status`."""
    found = company.rest()
    assert [found[name] for name in ("conflicts", "parked", "questions", "waiting")] == [0, 0, 0, 0], found
    assert found["agreed"] == found["records"] > 0, found
    told = company.fine("status")
    standing = [line for line in told.split("\n\n")[0].splitlines() if "linked" in line]
    assert standing
    assert all(line.endswith("nothing waits") for line in standing), told


def once(rows: list[Row], name: str) -> dict[str, Row]:
    """Records by a field, of which none is there twice."""
    assert [key for key, count in Counter(row[name] for row in rows).items() if count > 1] == []
    return {row[name]: row for row in rows}


def sell(firm: Company, products: list[Row], customer: Row, quantity: str = "2") -> Row:
    """Somebody takes an order."""
    lines = [
        {"line_no": place, "product_id": one["id"], "quantity": quantity, "unit_price": "9.50"}
        for place, one in enumerate(products, start=1)
    ]
    made = {"customer_id": customer["id"], "currency": "EUR", "requested_on": "2031-03-09", "lines": lines}
    return dict(firm.ask("crm", "POST", "/api/orders", made))


# --- the online shop


def test_an_online_shop_sends_what_was_ordered_and_tells_its_customers(tmp_path: Path):
    port = free_port()
    with company("online-shop", tmp_path, kinds=["crm", "products", "warehouse"],
                 changed=lambda text: text.replace("port: 8750", f"port: {port}")) as shop:  # fmt: skip
        told = shop.ask("crm", "POST", "/api/webhooks", {"url": f"http://127.0.0.1:{port}/webhooks/crm"})
        shop.environ.update(PORT=str(port), SYNCLINE_SECRET_CRM_WEBHOOK=told["secret"])
        shop.begin()
        shop.sync()

        order = ordered_while_it_listens(shop)
        good = at_work_in_the_shop(shop)
        agrees(shop)
        assert_delivered(shop, order)
        assert_told(shop, good)
        shop_recount(shop)


def ordered_while_it_listens(shop: Company) -> Row:
    """A customer orders; the CRM calls, and the warehouse has the order although no pass is due."""
    goods = shop.table("SELECT * FROM stock JOIN articles USING (article_no) WHERE site_code = 'WH-1' "
                       "ORDER BY on_hand - reserved DESC LIMIT 2")  # fmt: skip
    skus = once(shop.every("crm", "products"), "sku")
    with shop.listening() as caller:
        order = sell(shop, [skus[one["ext_item_no"]] for one in goods], shop.every("crm", "customers")[0])
        until(lambda: fulfilment(shop, order) is not None)
        shop.ask("crm", "PATCH", f"/api/orders/{order['id']}", {"status": "confirmed", "note": "A gift"})
        until(lambda: (fulfilment(shop, order) or {}).get("sales_state") == "confirmed")
        assert caller.metric('syncline_webhooks_total{outcome="taken",system="crm"}') >= 2
    return order


def fulfilment(shop: Company, order: Row) -> Row | None:
    found = shop.table("SELECT * FROM fulfilment_orders WHERE ext_order_no = ?", order["number"])
    assert len(found) <= 1, found
    return found[0] if found else None


def at_work_in_the_shop(shop: Company) -> str:
    """The warehouse picks and ships, the carrier confirms in a file; sales and the team work on words and prices.

    Sales types a price, too, which is the team's: the good that it does so with.
    """
    for deed in ("pick", "ship", "deliver"):
        shop.people("warehouse", edits=60, actions=[deed])
    product = next(one for one in shop.every("crm", "products") if one["price"])
    shop.people("products", edits=8, seed=3, resource="products", actions=["edit", "edit_several"])
    shop.people("crm", edits=8, seed=3, resource="orders", actions=["edit", "change_line"])
    shop.ask("crm", "PATCH", f"/api/products/{product['id']}", {"description": "For the sea", "price": "1.00"})
    return str(product["sku"])


def assert_delivered(shop: Company, order: Row) -> None:
    """The customer can be told what has left, and when it arrived."""
    shown = [one for one in shop.every("crm", "shipments") if one["order_id"] == order["id"]]
    sent = shop.table("SELECT * FROM shipments WHERE ext_order_no = ?", order["number"])
    assert [one["number"] for one in shown] == [one["shipment_no"] for one in sent] != []
    assert shown[0]["tracking_number"] == sent[0]["tracking_no"]
    assert order["ordered_on"] <= shown[0]["shipped_at"][:10] <= shown[0]["delivered_at"][:10]
    assert shop.ask("crm", "GET", f"/api/orders/{order['id']}")["delivery_state"] == "complete"


def assert_told(shop: Company, sku: str) -> None:
    """The words are those of sales, the price is the team's."""
    good = once(shop.every("products", "products"), "itemNumber")[sku]
    shown = once(shop.every("crm", "products"), "sku")[sku]
    assert (good["description"], shown["description"]) == ("For the sea", "For the sea")
    assert Decimal(shown["price"]) * 100 == good["price"]["amountMinor"] != 100


def shop_recount(shop: Company) -> None:
    """Counted once more over the applications' own data, without the hub."""
    products = shop.every("crm", "products")
    skus, named = {one["id"]: one["sku"] for one in products}, once(products, "sku")
    articles = {one["article_no"]: one["ext_item_no"] for one in shop.table("SELECT * FROM articles")}
    for good in shop.every("products", "products"):
        shown = named[good["itemNumber"]]
        assert (shown["name"], shown["description"]) == (good["name"], good["description"])
        assert {one["sku"]: one["available"] for one in shown["variants"]} == {
            one["sku"]: str(one["stockOnHand"]) for one in good["variants"]
        }
    here = {
        (skus[one["product_id"]], one["site"]): (Decimal(one["on_hand"]), Decimal(one["reserved"]))
        for one in shop.every("crm", "stock")
    }
    assert here == {
        (articles[one["article_no"]], one["site_code"]): (Decimal(str(one["on_hand"])), Decimal(str(one["reserved"])))
        for one in shop.table("SELECT * FROM stock")
    }
    there = once(shop.table("SELECT * FROM fulfilment_orders"), "ext_order_no")
    orders = once(shop.every("crm", "orders"), "number")
    assert there.keys() == orders.keys()
    for number, order in orders.items():
        lines = shop.table("SELECT * FROM fulfilment_lines WHERE fo_id = ?", there[number]["fo_id"])
        assert {one["line_no"]: (articles[one["article_no"]], Decimal(str(one["qty"]))) for one in lines} == {
            one["line_no"]: (skus[one["product_id"]], Decimal(one["quantity"])) for one in order["lines"]
        }
        assert (there[number]["sales_state"], there[number]["note"] or None) == (order["status"], order["note"] or None)


# --- the manufacturer


def test_a_manufacturer_makes_what_was_promised_and_sales_sees_how_it_goes_on(tmp_path: Path):
    with company("manufacturer", tmp_path, kinds=["crm", "erp", "mes", "scm"]) as firm:
        firm.begin()
        firm.sync()
        assert firm.answer("customers") == 1

        order, work = confirmed(firm)
        day = at_work_in_the_plant(firm, order, work)
        for system, resource in (("crm", "opportunities"), ("crm", "orders"), ("erp", "partners"), ("erp", "items")):
            firm.people(system, edits=6, seed=5, resource=resource, actions=["edit", "edit_several"])
        firm.people("mes", edits=6, seed=5, resource="workOrders", actions=["plan", "postpone"])
        agrees(firm)
        assert_seen_by_sales(firm, order, work, day)
        manufacturer_recount(firm)


def confirmed(firm: Company) -> tuple[Row, Row]:
    """Sales confirms an order of one good that is made here and one that is bought: the plant has one work order."""
    products = firm.every("crm", "products")
    make = next(one for one in products if one["procurement"] == "make")
    buy = next(one for one in products if one["procurement"] == "buy")
    order = sell(firm, [make, buy], firm.every("crm", "customers")[0], "40")
    firm.ask("crm", "PATCH", f"/api/orders/{order['id']}", {"status": "confirmed"})
    firm.sync()
    (work,) = works_of(firm, order)
    assert (Decimal(work["quantity"]), work["salesOrderLine"]) == (40, "1")
    assert work["routing"]
    return order, work


def works_of(firm: Company, order: Row) -> list[Row]:
    return list(firm.ask("mes", "GET", f"/mes/v2/workOrders?salesOrder={order['number']}")["items"])


def at_work_in_the_plant(firm: Company, order: Row, work: Row) -> str:
    """The plant may not make fewer than were promised; it starts. Finance confirms, the planners name a day: which."""
    path = f"/mes/v2/workOrders/{work['orderNo']}"
    firm.ask("mes", "PATCH", path, {"quantity": "7.000"})
    firm.sync()
    (after,) = works_of(firm, order)
    assert Decimal(after["quantity"]) == 40
    for body in ({}, {}, {"good": "12", "scrap": "3"}):
        firm.ask("mes", "POST", f"{path}/advance", body)
    (document,) = documents_of(firm, order)
    firm.ask("erp", "POST", f"/rest/salesdocs/{document['DocNo']}/advance", {})
    (demand,) = [one for one in firm.every("scm", "Demands") if one["SourceNumber"] == order["number"]]
    said = firm.people("scm", edits=1, seed=1, resource="Demands", actions=["edit"], fields=["ConfirmedOn"],
                       ids=[demand["DemandNumber"]])  # fmt: skip
    return str(said[0]["new"]["ConfirmedOn"])


def assert_seen_by_sales(firm: Company, order: Row, work: Row, day: str) -> None:
    """Good pieces and scrap, the day that the planners named, and the ERP's number."""
    (shown,) = [one for one in firm.every("crm", "work_orders") if one["order_id"] == order["id"]]
    told = [shown[name] for name in ("number", "status", "good_quantity", "scrap_quantity")]
    assert told == [work["orderNo"], "started", "12", "3"]
    seen = firm.ask("crm", "GET", f"/api/orders/{order['id']}")
    (document,) = documents_of(firm, order)
    assert (seen["promised_on"], seen["erp_state"]) == (day, "confirmed")
    assert seen["erp_number"] == document["OrderNo"] != ""


def documents_of(firm: Company, order: Row) -> list[Row]:
    """The ERP's documents for goods and quantities like those of an order that are like no other's."""
    skus = {one["id"]: one["sku"] for one in firm.every("crm", "products")}
    goods = {(skus[one["product_id"]], Decimal(one["quantity"])) for one in order["lines"]}
    return [
        one for one in firm.every("erp", "salesdocs")
        if {(row["ItemNo"], Decimal(str(row["Qty"]))) for row in one["Positions"]} == goods
    ]  # fmt: skip


def manufacturer_recount(firm: Company) -> None:
    """Counted once more over the applications' own data, without the hub."""
    products = firm.every("crm", "products")
    skus, named = {one["id"]: one["sku"] for one in products}, once(products, "sku")
    for item in firm.every("erp", "items"):
        assert Decimal(named[item["ItemNo"]]["price"]) * 100 == item["ListPrice"]
    orders = once(firm.every("crm", "orders"), "number")
    opportunities = once(firm.every("crm", "opportunities"), "number")
    demands = once(firm.every("scm", "Demands"), "SourceNumber")
    assert demands.keys() == orders.keys() | opportunities.keys()
    for number, one in {**orders, **opportunities}.items():
        assert {
            row["ItemNumber"]: (row["Material"], Decimal(str(row["Quantity"]))) for row in demands[number]["Items"]
        } == {row["line_no"]: (skus[row["product_id"]], Decimal(row["quantity"])) for row in one["lines"]}
    assert len(firm.every("erp", "salesdocs")) == len(orders)
    partners = [one for one in firm.every("erp", "partners") if one["Active"]]
    assert len(partners) == sum(not one["archived"] for one in firm.every("crm", "customers"))
    asked = [one for one in firm.every("mes", "workOrders") if one["salesOrder"]]
    shown = once(firm.every("crm", "work_orders"), "number")
    assert shown.keys() == {one["orderNo"] for one in asked} != set()
    assert len(firm.every("mes", "workOrders")) > len(asked)  # what is made for stock is not for sales to see


# --- the service firm


CREDENTIALS = {
    "SYNCLINE_SECRET_CRM_TOKEN": "crm-token", "SYNCLINE_SECRET_ERP_PASSWORD": "erp-token",
    "SYNCLINE_SECRET_PRODUCTS_TOKEN": "products-token",
}  # fmt: skip
OFFICE_WORK = (
    ("crm", "customers", ["notes", "phone"]), ("erp", "partners", ["Phone", "CreditLimit"]),
    ("crm", "needs", ["description", "votes"]), ("crm", "contacts", ["role"]),
)  # fmt: skip
NIGHT = '{days: [sun], start: "01:00", end: "05:00", zone: Europe/Zurich}'


def closed(first: timedelta, last: timedelta) -> str:
    """A window about now, on every day."""
    now = datetime.fromtimestamp(time.time(), UTC)
    return f'{{start: "{now + first:%H:%M}", end: "{now + last:%H:%M}", zone: UTC}}'


def test_a_service_firm_knows_who_calls_what_was_paid_and_what_waits(tmp_path: Path):
    opened = closed(timedelta(hours=10), timedelta(hours=11))
    with company("service-firm", tmp_path, kinds=["crm", "erp", "products"],
                 changed=lambda text: text.replace(NIGHT, opened)) as firm:  # fmt: skip
        told = firm.run("check")
        assert (told.returncode, "The secret CRM_TOKEN is not set" in told.stdout + told.stderr) == (1, True)
        firm.environ.update(CREDENTIALS)
        firm.begin()
        firm.sync()
        assert firm.answer("customers") == 1
        contacts = correct_numbers(firm)
        written_in_haste(firm)

        bill = billed(firm)
        waits_while_the_erp_is_closed(firm, opened)
        for system, resource, fields in OFFICE_WORK:
            firm.people(system, edits=6, seed=5, resource=resource, actions=["edit"], fields=fields)
        agrees(firm)
        assert_paid(firm, bill)
        assert "Quay Nine Chandlers" in {one["name"] for one in firm.every("crm", "customers")}
        assert len(dialled(firm)) == contacts
        service_recount(firm)


def correct_numbers(firm: Company) -> int:
    """Contacts whose numbers nobody can dial wait, and show none; somebody corrects them. How many there are in all."""
    waiting = firm.parked()
    assert {one["message"].split(": ")[0] for one in waiting} == {"rule `pattern phone`"}
    numbers = {one["id"]: one["phone"] for one in firm.every("crm", "contacts")}
    assert len(dialled(firm)) == len(numbers) - len(waiting)
    for one in waiting:
        assert numbers[one["key"]] not in str(one)
        firm.ask("crm", "PATCH", f"/api/contacts/{one['key']}", {"phone": "+41 44 555 01 34"})
    return len(numbers)


def written_in_haste(firm: Company) -> None:
    """Somebody types a name with too many blanks."""
    customer = firm.every("crm", "customers")[1]
    firm.ask("crm", "PATCH", f"/api/customers/{customer['id']}", {"name": "  Quay   Nine  Chandlers "})


def dialled(firm: Company) -> dict[str, Row]:
    """Whom the telephone system knows, by the files it was given, in their order."""
    known: dict[str, Row] = {}
    for path in sorted((firm.data / "phones").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if row["op"] == "delete":
                    known.pop(row["id"], None)
                else:
                    known[row["id"]] = row
    return known


def billed(firm: Company) -> Row:
    """An order is delivered and billed in the ERP: service sees the invoice. Then its customer pays."""
    order = sell(firm, firm.every("crm", "products")[:2], firm.every("crm", "customers")[0], "11")
    before = {one["DocNo"] for one in firm.every("erp", "salesdocs")}
    firm.sync()
    (number,) = {
        one["DocNo"] for one in firm.every("erp", "salesdocs")
        if one["DocNo"] not in before and {row["Qty"] for row in one["Positions"]} == {"11.000"}
    }  # fmt: skip
    for _ in range(3):
        firm.ask("erp", "POST", f"/rest/salesdocs/{number}/advance", {})
    firm.sync()
    (bill,) = firm.every("crm", "invoices")
    assert (bill["order_id"], bill["status"], bill["payments"]) == (order["id"], "open", [])
    assert bill["issued_on"] <= bill["due_on"]
    for seed in range(20):
        firm.people("erp", edits=1, seed=seed, resource="invoices", actions=["pay"])
    return bill


def assert_paid(firm: Company, bill: Row) -> None:
    """Service sees each payment, and that nothing is left."""
    paid = firm.ask("crm", "GET", f"/api/invoices/{bill['id']}")
    assert paid["status"] == "paid"
    assert sum(Decimal(one["amount"]) for one in paid["payments"]) == Decimal(paid["total"]) == Decimal(paid["paid"])
    assert firm.ask("crm", "GET", f"/api/orders/{bill['order_id']}")["erp_state"] == "invoiced"


def waits_while_the_erp_is_closed(firm: Company, opened: str) -> None:
    """While the ERP is backed up nothing reaches it, and the rest goes on. What waited is recounted at the end."""
    main = firm.folder / "syncline.yaml"
    text = main.read_text()
    main.write_text(text.replace(opened, closed(timedelta(hours=-2), timedelta(hours=2))))
    customer = firm.every("crm", "customers")[2]
    firm.ask("crm", "PATCH", f"/api/customers/{customer['id']}", {"name": "Written at Night"})
    need = firm.ask("crm", "POST", "/api/needs", {"title": "Calls at night", "customer_id": customer["id"]})
    firm.run("sync", "--approve")
    assert "Written at Night" not in {one["Name1"] for one in firm.every("erp", "partners")}
    assert need["title"] in {one["title"] for one in firm.every("products", "feedback_items")}
    assert "closed" in firm.fine("status")
    main.write_text(text)


def service_recount(firm: Company) -> None:
    """Counted once more over the applications' own data, without the hub."""
    customers = [one for one in firm.every("crm", "customers") if not one["archived"]]
    partners = [one for one in firm.every("erp", "partners") if one["Active"]]
    assert sorted(one["name"][:40] for one in customers) == sorted(one["Name1"] for one in partners)
    shown = once(firm.every("crm", "invoices"), "number")
    told = once(firm.every("erp", "invoices"), "InvoiceNo")
    assert {key: (Decimal(one["total"]), Decimal(one["paid"])) for key, one in shown.items()} == {
        key: (Decimal(str(one["GrossTotal"])), Decimal(str(one["PaidTotal"]))) for key, one in told.items()
    }
    known = sorted((one["first_name"], one["last_name"]) for one in dialled(firm).values())
    assert known == sorted((one["first_name"] or "", one["last_name"]) for one in firm.every("crm", "contacts"))
    wished = [one["title"] for one in firm.every("products", "feedback_items")]
    assert Counter(one["title"] for one in firm.every("crm", "needs")) <= Counter(wished)
