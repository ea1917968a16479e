"""What must be equal in both applications, written down a second time, by hand.

The recount must not believe the synchroniser, so it shares no mapping with it: this table is its own. Each line says
where a field is in the CRM, where in the ERP, and in which common form the two are compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Form = Callable[[object], object]

COUNTRIES = {
    "Austria": "AT", "China": "CN", "France": "FR", "Germany": "DE", "Greece": "GR", "Italy": "IT", "Japan": "JP",
    "Poland": "PL", "Ukraine": "UA",
}  # fmt: skip
UNITS = {"pcs": "PCE", "kg": "KGM", "m": "MTR", "box": "BX"}
STATES = {10: "open", 20: "confirmed", 30: "delivered", 40: "invoiced", 90: "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field that both applications hold."""

    name: str
    crm: str  #: path in the CRM's record
    erp: str  #: path in the ERP's record
    crm_form: Form
    erp_form: Form
    why: str = ""  #: how the two may look different and yet be the same


def look(record: object, path: str) -> object:
    """The value at a path; None where there is nothing.

    >>> look({"addresses": [{"kind": "billing", "city": "Lyon"}]}, "addresses[kind=billing].city")
    'Lyon'
    """
    for step in path.split("."):
        name, _, choice = step.partition("[")
        record = record.get(name) if isinstance(record, dict) else None
        if choice:
            key, _, wanted = choice.rstrip("]").partition("=")
            rows = record if isinstance(record, list) else []
            record = next((row for row in rows if str(row.get(key)) == wanted), None)
    return record


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _cut(length: int) -> Form:
    return lambda value: _text(_text(value)[:length])


def _lower(value: object) -> str:
    return _text(value).lower()


def _upper(value: object) -> str:
    return _text(value).upper()


def _digits(value: object) -> str:
    return re.sub(r"[^+0-9]", "", _text(value))


def _number(value: object) -> object:
    try:
        return Decimal(_text(value) or "0")
    except InvalidOperation:
        return f"no number: {value}"


def _cents(value: object) -> object:
    return Decimal(str(value)) / 100 if isinstance(value, int) else f"no cents: {value}"


def _iso(value: object) -> str:
    return COUNTRIES.get(_text(value), _text(value))


def _unit(value: object) -> str:
    return UNITS.get(_text(value), _text(value))


def _state(value: object) -> str:
    return STATES.get(value, _text(value)) if isinstance(value, int) else _text(value)


def _day(value: object) -> str:
    """31.12.2026 as 2026-12-31."""
    return "-".join(reversed(_text(value).split(".")))


def _plain(value: object) -> object:
    return value


def _same(name: str, crm: str, erp: str, form: Form = _text, *, why: str = "") -> Field:
    return Field(name=name, crm=crm, erp=erp, crm_form=form, erp_form=form, why=why)


def _address(kind: str, letter: str) -> tuple[Field, ...]:
    crm, erp = f"addresses[kind={kind}]", f"Addresses[Type={letter}]"
    return (
        _same(f"{kind} street", f"{crm}.street", f"{erp}.Street", _cut(60), why="the ERP cuts at 60"),
        _same(f"{kind} postcode", f"{crm}.postcode", f"{erp}.Zip", _cut(10), why="the ERP cuts at 10"),
        _same(f"{kind} city", f"{crm}.city", f"{erp}.City", _cut(40), why="the ERP cuts at 40"),
        Field(
            name=f"{kind} country", crm=f"{crm}.country", erp=f"{erp}.CountryCode", crm_form=_iso, erp_form=_text,
            why="a name in the CRM, a code in the ERP",
        ),
    )  # fmt: skip


CUSTOMERS: tuple[Field, ...] = (
    _same("name", "name", "Name1", _cut(40), why="the ERP cuts at 40"),
    _same("email", "email", "Mail", _lower, why="the CRM writes it small"),
    _same("phone", "phone", "Phone", _digits, why="phone without spaces"),
    _same("tax_id", "tax_id", "VatNo", _upper, why="the ERP upper-cases it"),
    _same("segment", "segment", "PriceGroup", _upper, why="a, b, c in the CRM; A, B, C in the ERP"),
    Field(
        name="country", crm="country", erp="CountryCode", crm_form=_iso, erp_form=_text,
        why="a name in the CRM, a code in the ERP",
    ),
    _same("credit_limit", "credit_limit.amount", "CreditLimit", _number, why="no limit is 0.00 in the ERP"),
    _same("credit_currency", "credit_limit.currency", "CreditCurrency"),
    *_address("billing", "B"),
    *_address("shipping", "S"),
)  # fmt: skip

PRODUCTS: tuple[Field, ...] = (
    _same("sku", "sku", "ItemNo"),
    _same("name", "name", "Descr", _cut(60), why="the ERP cuts at 60"),
    Field(name="price", crm="price", erp="ListPrice", crm_form=_number, erp_form=_cents, why="cents in the ERP"),
    _same("currency", "currency", "Cur"),
    Field(name="unit", crm="unit", erp="Unit", crm_form=_unit, erp_form=_text, why="other codes"),
    _same("active", "active", "Active", _plain),
)

ORDERS: tuple[Field, ...] = (
    Field(name="ordered_on", crm="ordered_on", erp="DocDate", crm_form=_text, erp_form=_day, why="31.12.2026"),
    _same("currency", "currency", "Cur"),
    _same("erp_number", "erp_number", "OrderNo"),
    Field(name="erp_state", crm="erp_state", erp="State", crm_form=_text, erp_form=_state, why="numbers in the ERP"),
    _same("invoice_number", "invoice_number", "InvoiceNo"),
    _same("invoice_total", "invoice_total", "InvoiceTotal", _number, why="no invoice is 0.00 in the ERP"),
)

#: of one line; `product` and `customer` are compared by the recount itself, through its own pairs
LINES: tuple[Field, ...] = (
    _same("quantity", "quantity", "Qty", _number),
    _same("price", "unit_price", "Price", _number),
    _same("discount", "discount_percent", "Disc", _number),
)
