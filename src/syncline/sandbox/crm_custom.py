"""The CRM's custom objects: what its people want to see of other applications, and ask of them.

They are read and written as everything else. Numbers are those of the application that they come from.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from syncline.sandbox.crm_fields import Resource, currency, day, moment, optional, plain, rows_of, whole
from syncline.sandbox.state import Fields, Table
from syncline.sandbox.wording import Cleaner, decimal, flag, text

_ID = text(12)
_GOODS: Mapping[str, tuple[object, Cleaner]] = {
    "line_no": (1, whole(1, 1_000_000)),
    "product_id": (None, _ID),
    "quantity": ("1", plain),
}


def _object(
    name: str,
    cleaners: Mapping[str, Cleaner],
    references: Mapping[str, str] | None = None,
    usual: Mapping[str, object] | None = None,
    mirrors: Mapping[str, tuple[str, str]] | None = None,
) -> Resource:
    """A custom object: it has a number, and whatever is not said is null."""

    def defaults() -> Fields:
        return {"number": None, **dict.fromkeys(cleaners), **copy.deepcopy(usual or {}), "external_ref": None}

    return Resource(
        table=Table(name=name, lookups=("external_ref", "number", *(references or ()))),
        required="number",
        references=references or {},
        mirrors=mirrors or {},
        cleaners={"number": text(60, required=True), **cleaners, "external_ref": text(100)},
        defaults=defaults,
    )


SHIPMENTS = _object(
    "shipments",
    {
        "order_id": _ID,
        "site": text(20),
        "carrier": text(60),
        "tracking_number": text(60),
        "shipped_at": optional(moment),
        "delivered_at": optional(moment),
        "delivered_to": text(100),
        "lines": rows_of(_GOODS),
    },
    {"order_id": "orders"},
    {"lines": []},
)

WORK_ORDERS = _object(
    "work_orders",
    {
        "order_id": _ID,
        "order_number": text(40),
        "order_line": text(20),
        "customer_name": text(255),
        "product_id": _ID,
        "quantity": optional(plain),
        "good_quantity": optional(plain),
        "scrap_quantity": optional(plain),
        "unit": text(20),
        "status": text(20),
        "work_centre_id": _ID,
        "bill": text(40),
        "routing": text(40),
        "operations": rows_of({
            "step": (None, whole(1, 1_000_000)), "name": (None, text(120)), "work_centre_id": (None, _ID),
            "minutes": ("0", plain),
        }),
        "materials": rows_of({
            "line_no": (None, whole(1, 1_000_000)), "material": (None, text(40)), "quantity": ("0", plain),
            "unit": (None, text(20)),
        }),
        "due_on": optional(day),
        "planned_start": optional(moment),
        "planned_end": optional(moment),
        "started_at": optional(moment),
        "finished_at": optional(moment),
        "withdrawn": flag,
    },
    {"order_id": "orders", "product_id": "products", "work_centre_id": "work_centres"},
    {"operations": [], "materials": [], "withdrawn": False},
    {"order_status": ("order_id", "status")},
)  # fmt: skip

WORK_CENTRES = _object(
    "work_centres",
    {
        "name": text(120),
        "hours_per_day": optional(plain),
        "free_from": optional(moment),
        "load": rows_of({"week": (None, text(8)), "hours": ("0", plain), "capacity": ("0", plain)}),
    },
    usual={"load": []},
)

INVOICES = _object(
    "invoices",
    {
        "order_id": _ID,
        "customer_id": _ID,
        "issued_on": optional(day),
        "due_on": optional(day),
        "currency": currency,
        "total": decimal(2, null=True),
        "paid": decimal(2, null=True),
        "open": decimal(2, null=True, least=None),
        "status": text(20),
        "payments": rows_of(
            {"number": (None, text(40)), "paid_on": (None, optional(day)), "amount": ("0", decimal(2))}
        ),
    },
    {"order_id": "orders", "customer_id": "customers"},
    {"currency": "EUR", "payments": []},
)

STOCK = _object(
    "stock",
    {
        "product_id": _ID,
        "site": text(20),
        "on_hand": optional(plain),
        "reserved": optional(plain),
        "available": optional(plain),
        "available_on": optional(day),
    },
    {"product_id": "products"},
)

SUPPLIERS = _object(
    "suppliers",
    {
        "name": text(255),
        "email": text(255),
        "country": text(60),
        "lead_days": optional(whole(0, 3_650)),
        "active": flag,
    },
    usual={"active": True},
)

PURCHASE_ORDERS = _object(
    "purchase_orders",
    {
        "supplier_id": _ID,
        "site": text(20),
        "status": text(20),
        "ordered_on": optional(day),
        "expected_on": optional(day),
        "received_at": optional(moment),
        "lines": rows_of(_GOODS),
    },
    {"supplier_id": "suppliers"},
    {"lines": []},
)
