"""What the CRM must show of warehouse and SCM, and the other way round. Written by hand."""

from __future__ import annotations

from comparing import Comparison, Fields, Known, Lines, Reference
from forms import cut, in_berlin, iso, lower, moment, number, opposite, text, truth, words
from lines_of_tables import by, other, same

ARTICLES = Comparison(
    kind="products", resource="products", system="warehouse", there="articles", key="article_no",
    ways=((by("sku"), by("ext_item_no")),),
    fields=(same("sku", "sku", "ext_item_no"),),
    of_both=lambda row: bool(row["active"]), of_both_there=lambda row: bool(row["ext_item_no"]),
    once=("ext_item_no",),
)  # fmt: skip

#: lines of goods, as the warehouse's tables have them
_PARTS = Lines(
    name="lines", crm="lines", there="lines", crm_number="line_no", there_number="line_no",
    fields=(same("quantity", "quantity", "qty", number),),
    references=(Reference(name="product", of="products", crm="product_id", there="article_no"),),
)  # fmt: skip

FULFILMENT = Comparison(
    kind="orders", resource="orders", system="warehouse", there="fulfilment_orders", key="fo_id",
    ways=((by("number"), by("ext_order_no")),),
    fields=(
        same("number", "number", "ext_order_no"),
        same("requested_on", "requested_on", "wanted_on", hub="requested_date"),
        same("ship to", "ship_to.name", "ship_name", hub="x_shipping_name"),
        same("ship to street", "ship_to.street", "ship_street", hub="shipping_street"),
        same("ship to postcode", "ship_to.postcode", "ship_zip", hub="shipping_postcode"),
        same("ship to city", "ship_to.city", "ship_city", hub="shipping_city"),
        other("ship to country", "ship_to.country", "ship_country", (iso, text), hub="shipping_country", why="a code"),
        same("state", "erp_state", "sales_state", why="what the ERP says"),
        same("note", "note", "note", hub="notes"),
        other(
            "delivery_state", "delivery_state", "status",
            (text, words(new="none", picking="none", shipped="complete", cancelled="none")), why="its own words",
        ),
    ),
    lines=(_PARTS,),
    once=("hub_ref", "ext_order_no"),
)  # fmt: skip

STOCK = Comparison(
    kind="stock", resource="stock", system="warehouse", there="stock", key="stock_id",
    ways=((by("number"), by("stock_id")),),
    fields=(
        same("number", "number", "stock_id"),
        same("site", "site", "site_code"),
        same("on_hand", "on_hand", "on_hand", number),
        same("reserved", "reserved", "reserved", number),
    ),
    references=(Reference(name="product", of="products", crm="product_id", there="article_no"),),
    once_here=("number",),
)  # fmt: skip

SHIPMENTS = Comparison(
    kind="shipments", resource="shipments", system="warehouse", there="shipments", key="shipment_no",
    ways=((by("number"), by("shipment_no")),),
    fields=(
        same("number", "number", "shipment_no"),
        same("site", "site", "site_code"),
        same("carrier", "carrier", "carrier"),
        same("tracking_number", "tracking_number", "tracking_no"),
        same("shipped_at", "shipped_at", "shipped_at", moment),
    ),
    references=(Reference(name="sales_order", of="orders", crm="order_id", there="fo_id"),),
    lines=(_PARTS,),
    once_here=("number",),
)  # fmt: skip

DELIVERIES = Comparison(
    kind="deliveries", resource="shipments", system="warehouse", there="deliveries", key="shipment",
    ways=((by("number"), by("shipment")),),
    fields=(
        other("delivered_at", "delivered_at", "delivered", (moment, in_berlin), why="the clock of Berlin"),
        same("delivered_to", "delivered_to", "place", hub="received_by"),
    ),
    of_both=lambda row: bool(row["delivered_at"]),
)  # fmt: skip

SUPPLIER_NUMBERS = Comparison(
    kind="suppliers", resource="suppliers", system="warehouse", there="suppliers", key="supplier_no",
    ways=((by("email", lower), by("mail", lower)),),
    fields=(same("email", "email", "mail", lower),),
)  # fmt: skip

PURCHASES = Comparison(
    kind="purchase orders", resource="purchase_orders", system="warehouse", there="purchase_orders", key="po_no",
    ways=((by("number"), by("po_no")),),
    fields=(
        same("number", "number", "po_no"),
        same("site", "site", "site_code"),
        same("status", "status", "status", hub="state"),
        same("ordered_on", "ordered_on", "ordered_on"),
        same("expected_on", "expected_on", "expected_on", hub="promise_date"),
        same("received_at", "received_at", "received_at", moment, hub="x_received_at"),
    ),
    references=(Reference(name="supplier", of="suppliers", crm="supplier_id", there="supplier_no"),),
    lines=(_PARTS,),
    once_here=("number",),
)  # fmt: skip

# --- the SCM ----------------------------------------------------------------------------------------------------------

MATERIALS = Comparison(
    kind="products", resource="products", system="scm", there="Materials", key="MaterialNumber",
    ways=((by("sku"), by("MaterialNumber")),),
    fields=(
        same("sku", "sku", "MaterialNumber"),
        same("name", "name", "Description", cut(80), why="at most 80 there"),
        other("unit", "unit", "BaseUnit", (text, words(PC="pcs", KG="kg", M="m", BOX="box")), why="other words"),
        other("active", "active", "Blocked", (truth, opposite), why="the other way round"),
    ),
    of_both=lambda row: bool(row["active"]), of_both_there=lambda row: not row["Blocked"],
)  # fmt: skip

_DEMANDED = Lines(
    name="lines", crm="lines", there="Items", crm_number="line_no", there_number="ItemNumber",
    fields=(same("quantity", "quantity", "Quantity", number),),
    references=(Reference(name="product", of="products", crm="product_id", there="Material"),),
)  # fmt: skip


def _source(row: Fields, _: Known) -> object:
    return row["Kind"] == "ORDER" and row["SourceNumber"]


def _chance(row: Fields, _: Known) -> object:
    return row["Kind"] == "OPPORTUNITY" and row["SourceNumber"]


DEMANDS = Comparison(
    kind="orders", resource="orders", system="scm", there="Demands", key="DemandNumber",
    ways=((by("number"), _source),),
    fields=(
        same("number", "number", "SourceNumber"),
        same("state", "erp_state", "SourceStatus", why="what the ERP says"),
        same("requested_on", "requested_on", "RequiredOn", hub="requested_date"),
        same("promised_on", "promised_on", "ConfirmedOn", hub="promise_date"),
        same("customer", "ship_to.name", "CustomerName", cut(120), hub="x_shipping_name"),
    ),
    lines=(_DEMANDED,),
    of_both_there=lambda row: row["Kind"] == "ORDER",
    once=("ExternalReference",),
)  # fmt: skip

CHANCES = Comparison(
    kind="opportunities", resource="opportunities", system="scm", there="Demands", key="DemandNumber",
    ways=((by("number"), _chance),),
    fields=(
        same("number", "number", "SourceNumber"),
        other(
            "stage", "stage", "SourceStatus",
            (words(**dict.fromkeys(("lead", "qualified", "proposal", "negotiation"), "open")), text), hub="state",
        ),
        same("probability", "probability", "Probability", number),
        same("expected_on", "expected_on", "RequiredOn", hub="expected_close_on"),
        same("promised_on", "promised_on", "ConfirmedOn", hub="promise_date"),
    ),
    lines=(_DEMANDED,),
    of_both_there=lambda row: row["Kind"] == "OPPORTUNITY",
    once_here=("number",),
)  # fmt: skip

SUPPLIERS = Comparison(
    kind="suppliers", resource="suppliers", system="scm", there="Suppliers", key="SupplierNumber",
    ways=((by("number"), by("SupplierNumber")),),
    fields=(
        same("number", "number", "SupplierNumber"),
        same("name", "name", "Name"),
        same("email", "email", "Email", lower),
        other("country", "country", "Country", (iso, text), why="a name in the CRM"),
        same("lead_days", "lead_days", "LeadTimeDays", number, hub="lead_time"),
        other("active", "active", "Blocked", (truth, opposite), why="the other way round"),
    ),
    once_here=("number",),
)  # fmt: skip


def _place(row: Fields, known: Known) -> object:
    return (known("products", row["product_id"]), row["site"])


def _place_there(row: Fields, _: Known) -> object:
    return (row["Material"], row["Site"])


AVAILABLE = Comparison(
    kind="stock", resource="stock", system="scm", there="StockLevels", key="Material",
    ways=((_place, _place_there),),
    fields=(
        same("on_hand", "on_hand", "OnHand", number),
        same("reserved", "reserved", "Reserved", number),
        same("available", "available", "Available", number),
        same("available_on", "available_on", "NextReceiptOn", hub="next_receipt_on"),
    ),
    references=(Reference(name="product", of="products", crm="product_id", there="Material"),),
)  # fmt: skip
