"""The CRM's records: which fields they have and what it accepts in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from syncline.sandbox.state import Fields, Table
from syncline.sandbox.wording import (
    Cleaner,
    decimal,
    fixed,
    flag,
    invalid,
    number,
    one_of,
    text,
)

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
STATUSES = ("open", "confirmed", "shipped", "invoiced", "cancelled")
_ITEMS_MAX = 500


def _email(name: str, value: object) -> object:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _EMAIL.fullmatch(value.strip()):
        raise invalid(name, "Invalid e-mail")
    return value.strip().lower()


def _money(name: str, value: object) -> object:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("currency"), str):
        raise invalid(name, f"{name} needs amount and currency")
    amount = decimal(2)(name, value.get("amount"))
    return {"amount": amount, "currency": value["currency"].upper()[:3]}


def _tags(name: str, value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise invalid(name, f"{name} must be a list of texts")
    return value[:_ITEMS_MAX]


def _day(name: str, value: object) -> object:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise invalid(name, f"{name} must be a day such as 2026-03-01") from None


def _currency(name: str, value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{3}", value):
        raise invalid(name, f"{name} must be a code of three letters")
    return value


def _plain(name: str, value: object) -> object:
    found = number(name, value)
    return f"{found.normalize():f}"


_ADDRESS: Mapping[str, Cleaner] = {
    "kind": one_of("billing", "shipping"),
    "street": text(200),
    "postcode": text(20),
    "city": text(100),
    "country": text(60),
}

_LINE: Mapping[str, Cleaner] = {
    "product_id": text(12, required=True),
    "quantity": _plain,
    "unit_price": decimal(2),
    "discount_percent": decimal(2),
}


def _rows(name: str, value: object) -> list[Fields]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise invalid(name, f"{name} must be a list of objects")
    if len(value) > _ITEMS_MAX:
        raise invalid(name, f"{name} has more than {_ITEMS_MAX} entries")
    return value


def _addresses(name: str, value: object) -> object:
    return [_address(row) for row in _rows(name, value)]


def _address(row: Fields) -> Fields:
    empty = {"kind": "billing", **dict.fromkeys(list(_ADDRESS)[1:])}
    known = row.get("id")
    found: Fields = {"id": known if isinstance(known, str) and known else ""}
    for field, before in empty.items():
        found[field] = _ADDRESS[field](f"addresses.{field}", row.get(field, before))
    return found


def _lines(name: str, value: object) -> object:
    found: list[Fields] = []
    for place, row in enumerate(_rows(name, value), start=1):
        line: Fields = {"line_no": row.get("line_no") or place}
        if not isinstance(line["line_no"], int):
            raise invalid(name, "line_no must be a whole number")
        for field, default in zip(_LINE, (None, "1", "0", "0"), strict=True):
            line[field] = _LINE[field](f"lines.{field}", row.get(field, default))
        found.append(line)
    if len({line["line_no"] for line in found}) < len(found):
        raise invalid(name, "line_no is given twice")
    return found


def order_total(order: Fields) -> str:
    """Sum the lines of an order, each rounded to cents."""
    cents = Decimal("0.00")
    for line in order["lines"]:
        share = 1 - Decimal(line["discount_percent"]) / 100
        gross = Decimal(line["quantity"]) * Decimal(line["unit_price"])
        cents += Decimal(fixed(gross * share, 2))
    return str(cents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a resource of the CRM looks like."""

    table: Table
    cleaners: Mapping[str, Cleaner]
    defaults: Callable[[], Fields]
    required: str  #: the field that a new record must have


CUSTOMERS = Resource(
    table=Table(name="customers", lookups=("external_ref", "email", "tax_id")),
    required="name",
    cleaners={
        "name": text(255, required=True),
        "email": _email,
        "phone": text(40),
        "tax_id": text(40),
        "website": text(255),
        "credit_limit": _money,
        "segment": one_of("a", "b", "c", required=False),
        "tags": _tags,
        "notes": text(10_000),
        "country": text(60),
        "owner": text(60),
        "addresses": _addresses,
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
        "currency": _currency,
        "unit": one_of("pcs", "kg", "m", "box"),
        "active": flag,
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
        "external_ref": None,
    },
)

ORDERS = Resource(
    table=Table(name="orders", lookups=("external_ref", "number", "customer_id")),
    required="customer_id",
    cleaners={
        "number": text(40, required=True),
        "customer_id": text(12, required=True),
        "status": one_of(*STATUSES),
        "ordered_on": _day,
        "currency": _currency,
        "note": text(10_000),
        "lines": _lines,
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

RESOURCES: Mapping[str, Resource] = {resource.table.name: resource for resource in (CUSTOMERS, PRODUCTS, ORDERS)}
