"""From agreed data to decisions: a day is promised, a supplier becomes slower, and the CRM shows another day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from applications import Fields
from stage import Stage, expect

SLOWER = 90  #: days by which the supplier becomes slower: more than what is on its way takes
MUCH = 5_000  #: pieces: more than there is and than comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order for more of a good than there is."""

    crm: str  #: its key
    number: str
    good: str
    supplier: str  #: the SCM's number of whoever supplies it


def order_much(stage: Stage, buyer: Fields) -> Wish:
    """Sales takes an order for a good that is bought, of which there is not enough."""
    bought, supplier = _last_bought(stage)
    made = stage.crm.create("orders", {
        "customer_id": buyer["id"], "ordered_on": "2026-11-02", "requested_on": "2026-11-30", "currency": "EUR",
        "lines": [{"line_no": 1, "product_id": bought["id"], "quantity": str(MUCH), "unit_price": bought["price"]}],
    })  # fmt: skip
    return Wish(crm=made["id"], number=made["number"], good=bought["name"], supplier=supplier["number"])


def _last_bought(stage: Stage) -> tuple[Fields, Fields]:
    """A good whose last purchase order went to a supplier that the SCM knows, and that supplier, as the CRM says."""
    goods = {row["id"]: row for row in stage.crm.every("products") if row["active"]}
    suppliers = {row["id"]: row for row in stage.crm.every("suppliers")}
    known = {row["SupplierNumber"] for row in stage.systems.scm.every("Suppliers")}
    for row in sorted(
        stage.crm.every("purchase_orders"), key=lambda one: (one["ordered_on"], one["number"]), reverse=True
    ):
        supplier, lines = suppliers.get(row["supplier_id"]), row["lines"]
        if supplier and supplier["number"] in known and lines and lines[0]["product_id"] in goods:
            return goods[lines[0]["product_id"]], supplier
    raise SystemExit("The demo failed: nothing was bought from a supplier that the SCM knows.")


def promised(stage: Stage, wish: Wish) -> date:
    """What the CRM shows as promised, asked over its own interface."""
    shown = stage.crm.get("orders", wish.crm)["promised_on"]
    expect(shown, f"the CRM shows no day for {wish.number}")
    return date.fromisoformat(shown)


def slow_down(stage: Stage, wish: Wish) -> int:
    """Purchasing writes down in the SCM that the supplier takes longer now; days that it takes."""
    row = next(one for one in stage.systems.scm.every("Suppliers") if one["SupplierNumber"] == wish.supplier)
    days = int(row["LeadTimeDays"]) + SLOWER
    stage.systems.scm.change("Suppliers", wish.supplier, {"LeadTimeDays": days})
    return days


def moved(before: date, after: date, wish: Wish) -> Iterator[str]:
    """The day is later; the story ends here if it did not come true."""
    expect(after > before, f"{wish.number} was promised for {before}, and now for {after}")
    yield f"CRM: {wish.number} was promised for {before}, and shows {after} now."
