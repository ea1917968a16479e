"""The CRM's service cases, and the needs of customers on their way to a release."""

from __future__ import annotations

from syncline.sandbox.crm_fields import Resource, day, moment, optional, whole
from syncline.sandbox.state import Table
from syncline.sandbox.wording import one_of, text

CASE_STATUSES = ("new", "open", "waiting", "resolved", "closed")
NEED_STATUSES = ("new", "reviewed", "accepted", "planned", "in_development", "released", "declined")

CASES = Resource(
    table=Table(name="cases", lookups=("external_ref", "number", "customer_id")),
    required="subject",
    references={"customer_id": "customers", "order_id": "orders", "product_id": "products"},
    numbered="C",
    cleaners={
        "number": text(40, required=True),
        "subject": text(255, required=True),
        "description": text(10_000),
        "customer_id": text(12),
        "order_id": text(12),
        "product_id": text(12),
        "status": one_of(*CASE_STATUSES),
        "priority": one_of("low", "normal", "high"),
        "reported_at": optional(moment),
        "resolved_at": optional(moment),
        "resolution": text(10_000),
        "owner": text(60),
        "external_ref": text(100),
    },
    defaults=lambda: {
        **dict.fromkeys(("number", "subject", "description", "customer_id", "order_id", "product_id")),
        "status": "new",
        "priority": "normal",
        **dict.fromkeys(("reported_at", "resolved_at", "resolution", "owner", "external_ref")),
    },
)

NEEDS = Resource(
    table=Table(name="needs", lookups=("external_ref", "number", "customer_id")),
    required="title",
    references={"customer_id": "customers", "product_id": "products"},
    mirrors={"customer_name": ("customer_id", "name"), "customer_email": ("customer_id", "email")},
    numbered="N",
    cleaners={
        "number": text(40, required=True),
        "title": text(255, required=True),
        "description": text(10_000),
        "customer_id": text(12),
        "product_id": text(12),
        "importance": one_of("must", "should", "could"),
        "votes": whole(0, 1_000_000),
        "status": one_of(*NEED_STATUSES),
        "feature": text(255),
        "planned_release": text(60),
        "planned_on": optional(day),
        "external_ref": text(100),
    },
    defaults=lambda: {
        **dict.fromkeys(("number", "title", "description", "customer_id", "product_id")),
        "importance": "should",
        "votes": 0,
        "status": "new",
        **dict.fromkeys(("feature", "planned_release", "planned_on", "external_ref")),
        **dict.fromkeys(("customer_name", "customer_email")),
    },
)
