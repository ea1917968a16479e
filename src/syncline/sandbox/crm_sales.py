"""The CRM's contacts, opportunities, interactions and campaigns: how sales and marketing keep them."""

from __future__ import annotations

from syncline.sandbox.crm_fields import (
    Resource,
    currency,
    day,
    email,
    moment,
    money,
    optional,
    rows_of,
    sold_lines,
    whole,
)
from syncline.sandbox.state import Table
from syncline.sandbox.wording import decimal, flag, one_of, text

STAGES = ("lead", "qualified", "proposal", "negotiation", "won", "lost")
KINDS = ("call", "mail", "visit", "task")
RESPONSES = ("none", "opened", "answered", "bought")

CONTACTS = Resource(
    table=Table(name="contacts", lookups=("external_ref", "email", "customer_id")),
    required="last_name",
    references={"customer_id": "customers"},
    cleaners={
        "customer_id": text(12),
        "first_name": text(100),
        "last_name": text(100, required=True),
        "email": email,
        "phone": text(40),
        "role": text(60),
        "opted_in": flag,
        "archived": flag,
        "external_ref": text(100),
    },
    defaults=lambda: {
        **dict.fromkeys(("customer_id", "first_name", "last_name", "email", "phone", "role")),
        "opted_in": False,
        "archived": False,
        "external_ref": None,
    },
)

OPPORTUNITIES = Resource(
    table=Table(name="opportunities", lookups=("external_ref", "number", "customer_id")),
    required="name",
    references={"customer_id": "customers"},
    lines="lines",
    numbered="OP",
    total="amount",
    cleaners={
        "number": text(40, required=True),
        "name": text(255, required=True),
        "customer_id": text(12),
        "stage": one_of(*STAGES),
        "probability": whole(0, 100),
        "expected_on": optional(day),
        "promised_on": optional(day),
        "currency": currency,
        "owner": text(60),
        "lines": sold_lines,
        "note": text(10_000),
        "external_ref": text(100),
    },
    defaults=lambda: {
        **dict.fromkeys(("number", "name", "customer_id")),
        "stage": "lead",
        "probability": 10,
        "expected_on": None,
        "promised_on": None,
        "currency": "EUR",
        "owner": None,
        "lines": [],
        "note": None,
        "external_ref": None,
        "amount": "0.00",
    },
)

INTERACTIONS = Resource(
    table=Table(name="interactions", lookups=("external_ref", "customer_id")),
    required="subject",
    references={"customer_id": "customers", "contact_id": "contacts"},
    cleaners={
        "kind": one_of(*KINDS),
        "subject": text(255, required=True),
        "customer_id": text(12),
        "contact_id": text(12),
        "happens_at": optional(moment),
        "minutes": whole(0, 100_000),
        "done": flag,
        "owner": text(60),
        "note": text(10_000),
        "external_ref": text(100),
    },
    defaults=lambda: {
        "kind": "task",
        **dict.fromkeys(("subject", "customer_id", "contact_id", "happens_at")),
        "minutes": 0,
        "done": False,
        "owner": None,
        "note": None,
        "external_ref": None,
    },
)

CAMPAIGNS = Resource(
    table=Table(name="campaigns", lookups=("external_ref",)),
    required="name",
    cleaners={
        "name": text(255, required=True),
        "channel": one_of("mail", "post", "fair", "phone"),
        "starts_on": optional(day),
        "ends_on": optional(day),
        "budget": money,
        "cost": decimal(2, null=True),
        "status": one_of("planned", "running", "ended"),
        "members": rows_of({
            "customer_id": (None, text(12, required=True)), "response": ("none", one_of(*RESPONSES)),
            "answered_on": (None, optional(day)),
        }),
        "external_ref": text(100),
    },
    defaults=lambda: {
        "name": None,
        "channel": "mail",
        **dict.fromkeys(("starts_on", "ends_on", "budget", "cost")),
        "status": "planned",
        "members": [],
        "external_ref": None,
    },
)  # fmt: skip
