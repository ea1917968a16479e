"""The CRM's customers, products and orders: which fields they have and what it accepts in them."""

from __future__ import annotations

from syncline.sandbox.crm_fields import (
    Resource,
    addresses,
    currency,
    day,
    email,
    money,
    optional,
    place,
    plain,
    rows_of,
    sold_lines,
    tags,
)
from syncline.sandbox.state import Table
from syncline.sandbox.wording import decimal, flag, one_of, text

STATUSES = ("open", "confirmed", "shipped", "invoiced", "cancelled")
STAGES = ("idea", "concept", "development", "pilot", "active", "phase_out", "retired")
MAKE, BUY = "make", "buy"

CUSTOMERS = Resource(
    table=Table(name="customers", lookups=("external_ref", "email", "tax_id")),
    required="name",
    cleaners={
        "name": text(255, required=True),
        "email": email,
        "phone": text(40),
        "tax_id": text(40),
        "website": text(255),
        "credit_limit": money,
        "segment": one_of("a", "b", "c", required=False),
        "tags": tags,
        "notes": text(10_000),
        "country": text(60),
        "owner": text(60),
        "addresses": addresses,
        "archived": flag,
        "external_ref": text(100),
    },
    defaults=lambda: {
        **dict.fromkeys(("name", "email", "phone", "tax_id", "website", "credit_limit", "segment")),
        "tags": [],
        "notes": None,
        "country": None,
        "owner": None,
        "addresses": [],
        "archived": False,
        "external_ref": None,
    },
)

PRODUCTS = Resource(
    table=Table(name="products", lookups=("external_ref", "sku")),
    required="name",
    cleaners={
        "sku": text(40),
        "name": text(255, required=True),
        "description": text(10_000),
        "price": decimal(2, null=True),
        "currency": currency,
        "unit": one_of("pcs", "kg", "m", "box"),
        "active": flag,
        "stage": one_of(*STAGES, required=False),
        "procurement": one_of(MAKE, BUY, required=False),
        "variants": rows_of({
            "sku": (None, text(40, required=True)), "name": (None, text(255)),
            "price": (None, decimal(2, null=True)), "available": (None, optional(plain)),
        }),
        "external_ref": text(100),
    },
    defaults=lambda: {
        "sku": None,
        "name": None,
        "description": None,
        "price": None,
        "currency": "EUR",
        "unit": "pcs",
        "active": True,
        "stage": None,
        "procurement": None,
        "variants": [],
        "external_ref": None,
    },
)  # fmt: skip

ORDERS = Resource(
    table=Table(name="orders", lookups=("external_ref", "number", "customer_id")),
    required="customer_id",
    references={"customer_id": "customers"},
    lines="lines",
    numbered="O",
    total="total",
    cleaners={
        "number": text(40, required=True),
        "customer_id": text(12, required=True),
        "status": one_of(*STATUSES),
        "ordered_on": day,
        "requested_on": optional(day),
        "promised_on": optional(day),
        "ship_to": place,
        "delivery_state": text(20),
        "currency": currency,
        "note": text(10_000),
        "lines": sold_lines,
        "external_ref": text(100),
        "erp_number": text(40),
        "erp_state": text(40),
        "invoice_number": text(40),
        "invoice_total": decimal(2, null=True),
    },
    defaults=lambda: {
        "number": None,
        "customer_id": None,
        "status": "open",
        "ordered_on": None,
        **dict.fromkeys(("requested_on", "promised_on", "ship_to", "delivery_state")),
        "currency": "EUR",
        "note": None,
        "lines": [],
        "external_ref": None,
        "erp_number": None,
        "erp_state": None,
        "invoice_number": None,
        "invoice_total": None,
        "total": "0.00",
    },
)
