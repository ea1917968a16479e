"""The way of one order through all six applications: what their people do, and what everybody else then sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from applications import Fields
from stage import Stage, expect

_SITE = "WH-1"  #: where the warehouse ships from unless told otherwise
_TRIES = 20  #: how often the warehouse's program is asked before we give up


@dataclass(slots=True, kw_only=True)
class Order:
    """What the order is called, in each application, as soon as it is known."""

    buyer: Fields  #: the customer in the CRM
    goods: list[Fields]  #: products of the CRM
    opportunity: Fields
    crm: str = ""  #: key of the order
    number: str = ""  #: the CRM's, which all people say
    document: str = ""  #: the ERP's
    erp_number: str = ""
    fulfilment: str = ""  #: the warehouse's
    work: str = ""  #: the MES's, of the first good that is made
    shipment: str = ""
    invoice: str = ""
    total: str = ""


def begin(stage: Stage, buyer: Fields) -> Order:
    """Sales writes down what the customer may buy: two goods that are there and that the plant makes."""
    there = {row["article_no"]: row["on_hand"] - row["reserved"] for row in _at_site(stage)}
    article = {row["ext_item_no"]: row["article_no"] for row in stage.systems.warehouse.every("articles")}
    goods = [
        row for row in stage.crm.every("products")
        if row["active"] and row["procurement"] == "make" and there.get(article.get(row["sku"], ""), 0) > 20  # noqa: PLR2004
    ][:2]  # fmt: skip
    expect(len(goods) == 2, "no two goods are made here and in stock")  # noqa: PLR2004
    opportunity = stage.crm.create("opportunities", {
        "name": f"Refit at {buyer['name']}", "customer_id": buyer["id"], "stage": "negotiation", "probability": 75,
        "expected_on": "2026-12-01", "currency": "EUR", "lines": _lines(goods),
    })  # fmt: skip
    return Order(buyer=buyer, goods=goods, opportunity=opportunity)


def _at_site(stage: Stage) -> list[Fields]:
    return [row for row in stage.systems.warehouse.every("stock") if row["site_code"] == _SITE]


def _lines(goods: list[Fields]) -> list[Fields]:
    return [
        {"line_no": place, "product_id": row["id"], "quantity": str(place * 4), "unit_price": row["price"]}
        for place, row in enumerate(goods, start=1)
    ]


def demand_of(stage: Stage, number: str) -> Fields:
    """The SCM's demand for what the CRM calls `number`."""
    found = [row for row in stage.systems.scm.every("Demands") if row["SourceNumber"] == number]
    expect(len(found) == 1, f"the SCM has {len(found)} demands for {number}")
    return found[0]


def win(stage: Stage, order: Order) -> None:
    """The customer orders."""
    stage.crm.change("opportunities", order.opportunity["id"], {"stage": "won", "probability": 100})
    made = stage.crm.create("orders", {
        "customer_id": order.buyer["id"], "ordered_on": "2026-03-02", "requested_on": "2026-03-16", "currency": "EUR",
        "lines": _lines(order.goods),
    })  # fmt: skip
    order.crm, order.number = made["id"], made["number"]


def taken(stage: Stage, order: Order) -> Iterator[str]:
    """Where the order has come to."""
    partner = stage.partners[order.buyer["id"]]
    documents = [
        row for row in stage.erp.every("salesdocs") if row["PartnerNo"] == partner and row["DocDate"] == "02.03.2026"
    ]
    expect(len(documents) == 1, f"the ERP has {len(documents)} sales documents of the order")
    order.document = str(documents[0]["DocNo"])
    yield f"ERP: sales document {order.document} for partner {partner}, over {documents[0]['GrossTotal']} EUR."
    demand = demand_of(stage, order.number)
    yield f"SCM: demand {demand['DemandNumber']} for {order.number}, wanted on {demand['RequiredOn']}."
    row = _fulfilment(stage, order)
    order.fulfilment = str(row["fo_id"])
    yield f"Warehouse: fulfilment order {order.fulfilment} to {row['ship_name']}, {row['ship_city']}; not picked yet."


def _fulfilment(stage: Stage, order: Order) -> Fields:
    found = [row for row in stage.systems.warehouse.every("fulfilment_orders") if row["ext_order_no"] == order.number]
    expect(len(found) == 1, f"the warehouse has {len(found)} orders {order.number}")
    return found[0]


def confirm(stage: Stage, order: Order) -> None:
    """The ERP's people confirm; then the hub brings it back, and sales confirms to the customer."""
    document = stage.erp.advance(order.document)
    order.erp_number = document["OrderNo"]


def ask_production(stage: Stage, order: Order) -> Iterator[str]:
    """Sales confirms, and the CRM's own rule asks for what is made here."""
    seen = stage.crm.get("orders", order.crm)
    expect(seen["erp_number"] == order.erp_number, f"sales sees {seen['erp_number']}, the ERP says {order.erp_number}")
    yield f"CRM: {order.number} is {seen['erp_number']} in the ERP, {seen['erp_state']}. Sales confirms it, too."
    stage.crm.change("orders", order.crm, {"status": "confirmed"})
    asked = _work_wanted(stage, order)
    expect(len(asked) == len(order.goods), f"the CRM asks for {len(asked)} pieces of work")
    yield f"CRM: its rule asks the plant for {len(asked)} work orders, {' and '.join(row['number'] for row in asked)}."


def _work_wanted(stage: Stage, order: Order) -> list[Fields]:
    rows = [row for row in stage.crm.every("work_orders") if row["order_number"] == order.number]
    return sorted(rows, key=lambda row: str(row["order_line"]))


def planned(stage: Stage, order: Order) -> Iterator[str]:
    """What the plant has made of it."""
    made = [row for row in stage.systems.mes.every("workOrders") if row["salesOrder"] == order.number]
    expect(len(made) == len(order.goods), f"the MES has {len(made)} work orders for {order.number}")
    made.sort(key=lambda row: str(row["salesOrderLine"]))
    order.work = made[0]["orderNo"]
    for row in made:
        yield (
            f"MES: {row['orderNo']} makes {row['quantity']} {row['unit']} on {row['workCentre']}, planned until "
            f"{row['plannedEnd']}, by bill {row['bill']} and routing {row['routing']}."
        )


def work(stage: Stage, order: Order) -> str:
    """The shop floor makes the first good; a part of it is scrap."""
    for made in ({}, {}, {"scrap": "1"}):
        row = stage.systems.mes.advance(order.work, **made)
    return f"The plant makes {row['goodQuantity']}, with {row['scrapQuantity']} scrap: {order.work} is {row['status']}."


def ship(stage: Stage, order: Order) -> str:
    """The warehouse's program picks and ships, what is more urgent first, until the order has left."""
    for _ in range(_TRIES):
        stage.do("warehouse", "fulfilment_orders", "pick")
        stage.do("warehouse", "shipments", "ship")
        found = [row for row in stage.systems.warehouse.every("shipments") if row["ext_order_no"] == order.number]
        if found:
            order.shipment = found[0]["shipment_no"]
            return (
                f"The warehouse picks and ships {order.number} as {order.shipment}: {found[0]['carrier']}, tracking "
                f"number {found[0]['tracking_no']}."
            )
    raise SystemExit(f"The demo failed: the warehouse did not ship {order.number}.")


def deliver(stage: Stage, order: Order) -> str:
    """The carrier confirms in a file."""
    for _ in range(_TRIES):
        stage.do("warehouse", "shipments", "deliver")
        found = [row for row in stage.systems.warehouse.every("deliveries") if row["shipment"] == order.shipment]
        if found:
            row = found[0]
            return f"The carrier drops a file: {order.shipment} arrived {row['delivered']}, {row['place']}."
    raise SystemExit(f"The demo failed: nobody delivered {order.shipment}.")


def invoice(stage: Stage, order: Order) -> str:
    """The ERP's people book the delivery and write the invoice."""
    for _ in range(2):
        document = stage.erp.advance(order.document)
    order.invoice, order.total = document["InvoiceNo"], document["InvoiceTotal"]
    return f"The ERP's people book the delivery, and write invoice {order.invoice} over {order.total} EUR."


def pay(stage: Stage, order: Order) -> str:
    """The customer pays."""
    stage.systems.documents.pay(order.invoice, order.total, "2026-11-20")
    return f"The customer pays {order.total} EUR for {order.invoice}."


def seen(stage: Stage, order: Order) -> Iterator[str]:
    """What everybody in the CRM sees at the end; the story ends here if it did not come true."""
    shown = stage.crm.get("orders", order.crm)
    yield (
        f"Sales: {order.number} is {shown['erp_number']}, {shown['erp_state']}; delivery {shown['delivery_state']}, "
        f"invoice {shown['invoice_number']} over {shown['invoice_total']}."
    )
    expect(shown["delivery_state"] == "complete" and shown["erp_state"] == "invoiced", f"the order shows {shown}")
    made = next((row for row in _work_wanted(stage, order) if row["number"] == order.work), None)
    expect(made is not None and made["status"] == "completed", f"the work order shows {made}")
    if made is not None:
        good, scrap = made["good_quantity"], made["scrap_quantity"]
        yield f"Production: {made['number']} is {made['status']}, {good} good, {scrap} scrap."
    parcel = next((row for row in stage.crm.every("shipments") if row["number"] == order.shipment), None)
    expect(parcel is not None and parcel["delivered_at"], f"the shipment shows {parcel}")
    if parcel is not None:
        yield (
            f"Service: {parcel['number']} left {parcel['shipped_at'][:16]}, tracking {parcel['tracking_number']}, "
            f"arrived {parcel['delivered_at'][:16]} UTC at {parcel['delivered_to']}."
        )
    bill = next((row for row in stage.crm.every("invoices") if row["number"] == order.invoice), None)
    expect(bill is not None and bill["status"] == "paid", f"the invoice shows {bill}")
    if bill is not None:
        yield f"Finance: {bill['number']} is {bill['status']}, {bill['paid']} of {bill['total']} {bill['currency']}."
    demands = demand_of(stage, order.opportunity["number"]), demand_of(stage, order.number)
    told = " and ".join(f"demand {row['DemandNumber']} is {row['Status']}" for row in demands)
    yield f"Planning: {told}."
