"""The ERP's records: which fields they have and what it makes of what it is given.

It seldom refuses: it cuts, upper-cases, strips and rounds in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from syncline.sandbox.state import Fields, Table
from syncline.sandbox.wording import Cleaner, Refusal, decimal, fixed, flag, number

OPEN, CONFIRMED, DELIVERED, INVOICED, CANCELLED = 10, 20, 30, 40, 90
STATES = (OPEN, CONFIRMED, DELIVERED, INVOICED, CANCELLED)
_TAX = Decimal("0.19")
_ROWS_MAX = 500


def wrong(code: str, message: str) -> Refusal:
    """Refuse a value the way this application does: with HTTP 200."""
    return Refusal(200, code, message)


def _text(length: int, change: Callable[[str], str] = str) -> Cleaner:
    """Accept a text, null as "", cut to a length."""

    def clean(name: str, value: object) -> object:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise wrong("E101", f"{name}: text expected")
        return change(value)[:length]

    return clean


def _worded(cleaner: Cleaner, code: str) -> Cleaner:
    """Refuse in this application's words."""

    def clean(name: str, value: object) -> object:
        try:
            return cleaner(name, value)
        except Refusal as refusal:
            raise wrong(code, f"{name}: {refusal.message}") from None

    return clean


def _without_spaces(value: str) -> str:
    return "".join(value.split())


def _country(name: str, value: object) -> object:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2}", value):
        raise wrong("E103", f"{name}: ISO code of two letters expected")
    return value.upper()


def _currency(name: str, value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{3}", value):
        raise wrong("E104", f"{name}: currency of three letters expected")
    return value.upper()


def _whole(name: str, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong("E102", f"{name}: whole number expected")
    return value


def _state(name: str, value: object) -> object:
    if value not in STATES:
        raise wrong("E102", f"{name}: one of {', '.join(map(str, STATES))} expected")
    return value


def _day(name: str, value: object) -> object:
    try:
        return datetime.strptime(f"{value} +0000", "%d.%m.%Y %z").strftime("%d.%m.%Y")
    except ValueError:
        raise wrong("E106", f"{name}: day as 31.12.2026 expected") from None


def _rows(name: str, value: object) -> list[Fields]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise wrong("E107", f"{name}: list of objects expected")
    if len(value) > _ROWS_MAX:
        raise wrong("E107", f"{name}: more than {_ROWS_MAX} rows")
    return value


def _amount(places: int) -> Cleaner:
    return _worded(decimal(places, least=None), "E102")


def _list_of(number_name: str, parts: Mapping[str, tuple[object, Cleaner]]) -> Cleaner:
    """Accept a whole list of rows, numbered anew in the order given."""

    def clean(name: str, value: object) -> object:
        found: list[Fields] = []
        for place, row in enumerate(_rows(name, value), start=1):
            kept: Fields = {number_name: place}
            for part, (default, cleaner) in parts.items():
                kept[part] = cleaner(f"{name}.{part}", row.get(part, default))
            found.append(kept)
        return found

    return clean


def _address_type(name: str, value: object) -> object:
    if value not in {"B", "S"}:
        raise wrong("E108", f"{name}: B or S expected")
    return value


ADDRESSES = _list_of(
    "No",
    {
        "Type": ("B", _address_type),
        "Street": ("", _text(60)),
        "Zip": ("", _text(10)),
        "City": ("", _text(40)),
        "CountryCode": ("", _country),
    },
)
POSITIONS = _list_of(
    "PosNo",
    {
        "ItemNo": ("", _text(40)),
        "Qty": ("1", _amount(3)),
        "Price": ("0", _amount(4)),
        "Disc": ("0", _amount(2)),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a resource of the ERP looks like."""

    table: Table
    number: str  #: the key field
    cleaners: Mapping[str, Cleaner]
    defaults: Mapping[str, object]
    computed: Mapping[str, object]  #: what only the application sets
    required: str


PARTNERS = Resource(
    table=Table(name="partners", lookups=("ForeignKey", "Mail", "VatNo")),
    number="PartnerNo",
    required="Name1",
    cleaners={
        "Name1": _text(40),
        "Name2": _text(40),
        "Mail": _text(100),
        "Phone": _text(30, _without_spaces),
        "VatNo": _text(20, str.upper),
        "CountryCode": _country,
        "CreditLimit": _amount(2),
        "CreditCurrency": _currency,
        "Blocked": _worded(flag, "E105"),
        "Active": _worded(flag, "E105"),
        "PriceGroup": _text(10),
        "PaymentTerms": _text(20),
        "Remark": _text(2000),
        "ForeignKey": _text(60),
        "Addresses": ADDRESSES,
    },
    defaults={
        **dict.fromkeys(("Name1", "Name2", "Mail", "Phone", "VatNo"), ""),
        "CountryCode": "",
        "CreditLimit": "0.00",
        "CreditCurrency": "EUR",
        "Blocked": False,
        "Active": True,
        "PriceGroup": "",
        "PaymentTerms": "NET30",
        "Remark": "",
        "ForeignKey": "",
        "Addresses": (),
    },
    computed={},
)

ITEMS = Resource(
    table=Table(name="items", lookups=()),
    number="ItemNo",
    required="Descr",
    cleaners={
        "Descr": _text(60),
        "ListPrice": _whole,
        "Cur": _currency,
        "Unit": _text(3, str.upper),
        "Active": _worded(flag, "E105"),
        "StockQty": _amount(3),
    },
    defaults={
        "Descr": "",
        "ListPrice": 0,
        "Cur": "EUR",
        "Unit": "PCE",
        "Active": True,
        "StockQty": "0.000",
    },
    computed={},
)

SALES_DOCS = Resource(
    table=Table(name="salesdocs", lookups=("ForeignKey", "PartnerNo")),
    number="DocNo",
    required="PartnerNo",
    cleaners={
        "PartnerNo": _whole,
        "ForeignKey": _text(60),
        "DocDate": _day,
        "Cur": _currency,
        "State": _state,
        "Positions": POSITIONS,
    },
    defaults={
        "DocType": "SO",
        "PartnerNo": 0,
        "ForeignKey": "",
        "DocDate": "",
        "Cur": "EUR",
        "State": OPEN,
        "Positions": (),
    },
    computed={
        "NetTotal": "0.00",
        "TaxTotal": "0.00",
        "GrossTotal": "0.00",
        "OrderNo": "",
        "InvoiceNo": "",
        "InvoiceDate": "",
        "InvoiceTotal": "0.00",
    },
)

INVOICES = Resource(
    table=Table(name="invoices", lookups=("DocNo", "PartnerNo")),
    number="InvoiceNo",
    required="InvoiceNo",
    cleaners={"Remark": _text(500)},
    defaults={},
    computed={},
)

RESOURCES: Mapping[str, Resource] = {
    resource.table.name: resource for resource in (PARTNERS, ITEMS, SALES_DOCS, INVOICES)
}


def totals(document: Fields) -> Fields:
    """Sum the positions, each rounded to cents, and the tax on the sum."""
    net = Decimal("0.00")
    for position in document["Positions"]:
        share = 1 - Decimal(position["Disc"]) / 100
        gross = Decimal(position["Qty"]) * Decimal(position["Price"]) * share
        net += Decimal(fixed(gross, 2))
    tax = number("TaxTotal", fixed(net * _TAX, 2))
    return {"NetTotal": str(net), "TaxTotal": str(tax), "GrossTotal": str(net + tax)}
