"""What the CRM must show of production and of product management, and the other way round. Written by hand."""

from __future__ import annotations

from comparing import Comparison, Key, Lines, Reference
from forms import cut, in_berlin, lower, maybe_cents, maybe_number, moment, number, text, words
from lines_of_tables import by, other, same

# --- the MES ----------------------------------------------------------------------------------------------------------

MADE_GOODS = Comparison(
    kind="products", resource="products", system="mes", there="materials", key="materialNo",
    ways=((by("sku"), by("externalNo")),),
    fields=(
        same("sku", "sku", "externalNo"),
        other("procurement", "procurement", "kind", (text, words(MADE="make", BOUGHT="buy")), hub="replenishment"),
    ),
    of_both=lambda row: row["procurement"] == "make", of_both_there=lambda row: bool(row["externalNo"]),
    once=("externalNo",),
)  # fmt: skip

WORK_CENTRES = Comparison(
    kind="work centres", resource="work_centres", system="mes", there="workCentres", key="code",
    ways=((by("number"), by("code")),),
    fields=(
        same("number", "number", "code"),
        same("name", "name", "text"),
        same("hours_per_day", "hours_per_day", "hoursPerDay", number, hub="capacity"),
        other("free_from", "free_from", "freeFrom", (moment, in_berlin), hub="x_free_from"),
    ),
    lines=(Lines(
        name="load", crm="load", there="load", crm_number="week", there_number="week",
        fields=(
            same("hours", "hours", "hours", number), same("capacity", "capacity", "capacity", number),
        ),
    ),),
    once_here=("number",),
)  # fmt: skip

_UNIT = words(ST="pcs", KG="kg", M="m", KAR="box")
_WORK_STATES = words(
    PLANNED="planned", RELEASED="released", RUNNING="started", FINISHED="completed", CLOSED="closed",
    CANCELLED="cancelled",
)  # fmt: skip


def _requested(order: str, line: str) -> Key:
    return lambda row, _: (row[order], str(row[line])) if row[order] else ""


WORK_ORDERS = Comparison(
    kind="work orders", resource="work_orders", system="mes", there="workOrders", key="orderNo",
    ways=(
        (by("number"), by("orderNo")),
        (_requested("order_number", "order_line"), _requested("salesOrder", "salesOrderLine")),
    ),
    fields=(
        same("number", "number", "orderNo"),
        same("order_number", "order_number", "salesOrder", hub="x_order_number"),
        same("order_line", "order_line", "salesOrderLine"),
        same("customer", "customer_name", "customer", cut(120), hub="x_customer"),
        same("quantity", "quantity", "quantity", number),
        same("due_on", "due_on", "dueDate"),
        other("unit", "unit", "unit", (text, _UNIT), why="other words"),
        same("good_quantity", "good_quantity", "goodQuantity", number, hub="completed_quantity"),
        same("scrap_quantity", "scrap_quantity", "scrapQuantity", number),
        other("status", "status", "status", (text, _WORK_STATES), hub="state", why="other words"),
        other("planned_start", "planned_start", "plannedStart", (moment, in_berlin), why="the plant's clock"),
        other("planned_end", "planned_end", "plannedEnd", (moment, in_berlin), why="the plant's clock"),
        other("started_at", "started_at", "actualStart", (moment, in_berlin), why="the plant's clock"),
        other("finished_at", "finished_at", "actualEnd", (moment, in_berlin), hub="ended_at", why="the plant's clock"),
        same("bill", "bill", "bill", hub="x_bill"),
        same("routing", "routing", "routing", hub="x_routing"),
    ),
    references=(
        Reference(name="product", of="products", crm="product_id", there="material"),
        Reference(name="work_centre", of="work centres", crm="work_centre_id", there="workCentre"),
    ),
    lines=(
        Lines(
            name="materials", crm="materials", there="components", crm_number="line_no", there_number="pos",
            fields=(
                same("material", "material", "material"), same("quantity", "quantity", "quantity", number),
                other("unit", "unit", "unit", (text, _UNIT)),
            ),
        ),
        Lines(
            name="operations", crm="operations", there="operations", crm_number="step", there_number="step",
            fields=(same("name", "name", "text"), same("minutes", "minutes", "minutes", number)),
            references=(Reference(name="work_centre", of="work centres", crm="work_centre_id", there="workCentre"),),
        ),
    ),
    of_both=lambda row: not row["withdrawn"], of_both_there=lambda row: row["status"] != "CANCELLED",
    once=("externalId",), once_here=("number",),
)  # fmt: skip

# --- product management -----------------------------------------------------------------------------------------------

_STAGES = words(
    IDEA="idea", CONCEPT="concept", DEVELOPMENT="development", LAUNCHED="active", MATURE="active",
    PHASE_OUT="phase_out", RETIRED="retired",
)  # fmt: skip

CATALOGUE = Comparison(
    kind="products", resource="products", system="products", there="products", key="id",
    ways=((by("sku"), by("itemNumber")), (by("name"), by("name"))),
    fields=(
        same("sku", "sku", "itemNumber"),
        same("name", "name", "name"),
        same("description", "description", "description"),
        other("stage", "stage", "stage", (text, _STAGES), why="other words"),
        other("price", "price", "price.amountMinor", (maybe_number, maybe_cents), hub="pricing", why="cents there"),
        same("currency", "currency", "price.currencyCode", hub="pricing"),
    ),
    lines=(Lines(
        name="variants", crm="variants", there="variants", crm_number="sku", there_number="sku",
        fields=(
            same("name", "name", "name"),
            other("price", "price", "price.amountMinor", (maybe_number, maybe_cents), why="cents there"),
            same("available", "available", "stockOnHand", number),
        ),
    ),),
    of_both=lambda row: bool(row["active"]),
)  # fmt: skip

_IMPORTANCE = words(must="HIGH", should="MEDIUM", could="LOW")
_NEED_STATES = words(
    NEW="new", UNDER_REVIEW="accepted", PLANNED="planned", IN_PROGRESS="in_development", SHIPPED="released",
    DECLINED="declined",
)  # fmt: skip

NEEDS = Comparison(
    kind="needs", resource="needs", system="products", there="feedbackItems", key="id",
    ways=((by("title"), by("title")),),
    fields=(
        same("title", "title", "title", cut(200)),
        same("description", "description", "body"),
        same("customer", "customer_name", "customerName", hub="x_customer_name"),
        same("customer's mail", "customer_email", "customerEmail", lower, hub="x_customer_email"),
        other("importance", "importance", "importance", (_IMPORTANCE, words(CRITICAL="HIGH")), hub="priority"),
        same("votes", "votes", "votes", number),
        other("status", "status", "state", (words(reviewed="accepted"), _NEED_STATES), hub="state", why="other words"),
        same("feature", "feature", "featureTitle"),
        same("planned_release", "planned_release", "plannedRelease", hub="plan"),
        same("planned_on", "planned_on", "plannedOn", hub="plan"),
    ),
    references=(Reference(name="product", of="products", crm="product_id", there="productId"),),
    # what the product team hears elsewhere stays there
    of_both_there=lambda row: bool(row["externalRef"]),
)  # fmt: skip
