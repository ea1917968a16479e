"""What the CRM accepts in its fields: the same kinds of values in all its records."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from syncline.sandbox.state import Fields, Table
from syncline.sandbox.wording import Cleaner, decimal, fixed, invalid, iso, milliseconds, number, one_of, text

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_ITEMS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a resource of the CRM looks like."""

    table: Table
    cleaners: Mapping[str, Cleaner]
    defaults: Callable[[], Fields]
    required: str  #: the field that a new record must have
    references: Mapping[str, str] = field(default_factory=dict)  #: field -> resource in which it must exist
    lines: str = ""  #: the field whose rows name products
    numbered: str = ""  #: how a number that the CRM gives begins; "": it gives none
    total: str = ""  #: the field that sums the lines
    mirrors: Mapping[str, tuple[str, str]] = field(default_factory=dict)  #: field -> (reference, its field)


def optional(check: Cleaner) -> Cleaner:
    """Accept null beside what another cleaner accepts."""

    def clean(name: str, value: object) -> object:
        return None if value is None else check(name, value)

    return clean


def email(name: str, value: object) -> object:
    """Accept what looks like an e-mail; kept trimmed and in lower case."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _EMAIL.fullmatch(value.strip()):
        raise invalid(name, "Invalid e-mail")
    return value.strip().lower()


def money(name: str, value: object) -> object:
    """Accept an amount with its currency, or null."""
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("currency"), str):
        raise invalid(name, f"{name} needs amount and currency")
    amount = decimal(2)(name, value.get("amount"))
    return {"amount": amount, "currency": value["currency"].upper()[:3]}


def tags(name: str, value: object) -> object:
    """Accept a list of texts."""
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise invalid(name, f"{name} must be a list of texts")
    return value[:_ITEMS_MAX]


def day(name: str, value: object) -> object:
    """Accept a calendar day."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise invalid(name, f"{name} must be a day such as 2026-03-01") from None


def currency(name: str, value: object) -> object:
    """Accept a code of three letters."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{3}", value):
        raise invalid(name, f"{name} must be a code of three letters")
    return value


def plain(name: str, value: object) -> object:
    """Accept a number; kept without zeros that say nothing."""
    found = number(name, value)
    return f"{found.normalize():f}"


_ADDRESS: Mapping[str, Cleaner] = {
    "kind": one_of("billing", "shipping"),
    "street": text(200),
    "postcode": text(20),
    "city": text(100),
    "country": text(60),
}

_PLACE: Mapping[str, Cleaner] = {"name": text(255), **{part: _ADDRESS[part] for part in list(_ADDRESS)[1:]}}

_LINE: Mapping[str, Cleaner] = {
    "product_id": text(12, required=True),
    "quantity": plain,
    "unit_price": decimal(2),
    "discount_percent": decimal(2),
}


def _rows(name: str, value: object) -> list[Fields]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise invalid(name, f"{name} must be a list of objects")
    if len(value) > _ITEMS_MAX:
        raise invalid(name, f"{name} has more than {_ITEMS_MAX} entries")
    return value


def addresses(name: str, value: object) -> object:
    """Accept the whole list of addresses."""
    return [_address(row) for row in _rows(name, value)]


def _address(row: Fields) -> Fields:
    empty = {"kind": "billing", **dict.fromkeys(list(_ADDRESS)[1:])}
    known = row.get("id")
    found: Fields = {"id": known if isinstance(known, str) and known else ""}
    for part, before in empty.items():
        found[part] = _ADDRESS[part](f"addresses.{part}", row.get(part, before))
    return found


def place(name: str, value: object) -> object:
    """Accept where something goes to, or null."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid(name, f"{name} must be an object")
    return {part: check(f"{name}.{part}", value.get(part)) for part, check in _PLACE.items()}


def place_of(customer: Fields) -> Fields:
    """Where a customer's goods go to, unless an order says otherwise."""
    known = {row["kind"]: row for row in customer["addresses"]}
    to = known.get("shipping") or known.get("billing") or {}
    return {"name": customer["name"], **{part: to.get(part) for part in list(_PLACE)[1:]}}


def sold_lines(name: str, value: object) -> object:
    """Accept the whole list of lines that name a product, a quantity and a price."""
    found: list[Fields] = []
    for place, row in enumerate(_rows(name, value), start=1):
        line: Fields = {"line_no": row.get("line_no") or place}
        if not isinstance(line["line_no"], int):
            raise invalid(name, "line_no must be a whole number")
        for part, default in zip(_LINE, (None, "1", "0", "0"), strict=True):
            line[part] = _LINE[part](f"lines.{part}", row.get(part, default))
        found.append(line)
    if len({line["line_no"] for line in found}) < len(found):
        raise invalid(name, "line_no is given twice")
    return found


def lines_total(record: Fields) -> str:
    """Sum the lines of an order or opportunity, each rounded to cents."""
    cents = Decimal("0.00")
    for line in record["lines"]:
        share = 1 - Decimal(line["discount_percent"]) / 100
        gross = Decimal(line["quantity"]) * Decimal(line["unit_price"])
        cents += Decimal(fixed(gross * share, 2))
    return str(cents)


def moment(name: str, value: object) -> object:
    """Accept a time with an offset; kept in UTC."""
    try:
        return iso(milliseconds(str(value)))
    except ValueError:
        raise invalid(name, f"{name} must be a time such as 2026-03-01T12:00:00Z") from None


def whole(least: int, most: int) -> Cleaner:
    """Accept a whole number between bounds."""

    def clean(name: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise invalid(name, f"{name} must be a whole number from {least} to {most}")
        return value

    return clean


def rows_of(parts: Mapping[str, tuple[object, Cleaner]]) -> Cleaner:
    """Accept a list of objects with these parts, each with what it is when it is not given."""

    def clean(name: str, value: object) -> object:
        return [
            {part: check(f"{name}.{part}", row.get(part, usual)) for part, (usual, check) in parts.items()}
            for row in _rows(name, value)
        ]

    return clean
