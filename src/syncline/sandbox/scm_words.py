"""The SCM's entities: which properties they have, of which types of OData, and what it accepts in them.

It refuses rather than cuts. Texts lose the spaces around them; times of change are told in the zone of the company.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from syncline.sandbox.state import Fields, Key, Table
from syncline.sandbox.wording import Cleaner, decimal, flag, invalid, one_of

SITES = ("WH-1", "WH-2")
UNITS = ("PC", "KG", "M", "BOX")
#: what becomes of a demand when its source has come to its end; one that is won comes again, as an order
ENDED: Mapping[object, str] = {
    **dict.fromkeys(("won", "lost", "cancelled"), "CANCELLED"),
    **dict.fromkeys(("shipped", "delivered", "invoiced", "paid"), "COVERED"),
}
_ROWS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of an entity. One without a cleaner is filled in by the SCM, and what is sent for it ignored."""

    type: str  #: Edm.String
    clean: Cleaner | None = None
    default: object = None
    required: bool = False
    length: int = 0  #: of a text; 0: not told
    scale: int = 0  #: places of a decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A navigation property: rows that live and die with their entity, replaced whole."""

    type: str
    number: str  #: the property that counts the rows
    properties: Mapping[str, Property]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySet:
    """One collection of the service."""

    table: Table
    type: str
    keys: Sequence[str]
    properties: Mapping[str, Property]
    lines: Mapping[str, Lines] = field(default_factory=dict)
    first: int = 0  #: the number before the first that the SCM gives; 0: who creates brings the key
    prefix: str = ""  #: of such a number
    digits: int = 0  #: of such a number

    @property
    def name(self) -> str:
        """The set's name in an address."""
        return self.table.name

    def key_of(self, fields: Fields) -> Key:
        """The key under which the record lies on the disk."""
        return key_of([fields[name] for name in self.keys])


def key_of(values: Sequence[object]) -> str:
    """The key on the disk of these values. A slash parts them, so that none may have one."""
    return "/".join(map(str, values))


# --- cleaners -----------------------------------------------------------------


def _stripped(length: int, *, required: bool = False) -> Cleaner:
    def clean(name: str, value: object) -> object:
        if value is None and not required:
            return None
        if not isinstance(value, str):
            raise invalid(name, f"{name} must be a text")
        if required and not value.strip():
            raise invalid(name, f"{name} must not be empty")
        if len(value) > length:
            raise invalid(name, f"{name} is longer than {length} characters")
        return value.strip() or None

    return clean


def _whole(least: int, most: int) -> Cleaner:
    def clean(name: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise invalid(name, f"{name} must be a whole number from {least} to {most}")
        return value

    return clean


def _day(name: str, value: object) -> object:
    if value is None:
        return None
    try:
        return date.fromisoformat(value if isinstance(value, str) else "").isoformat()
    except ValueError:
        raise invalid(name, f"{name} must be a day such as 2026-03-01") from None


def _matching(pattern: str, what: str) -> Cleaner:
    def clean(name: str, value: object) -> object:
        if value is None:
            return None
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise invalid(name, f"{name} must be {what}")
        return value

    return clean


# --- kinds of properties ------------------------------------------------------


def _text(length: int, *, required: bool = False, default: object = None) -> Property:
    clean = _stripped(length, required=required)
    return Property(type="Edm.String", clean=clean, default=default, required=required, length=length)


def _word(*allowed: str, default: str) -> Property:
    return Property(type="Edm.String", clean=one_of(*allowed), default=default, length=max(map(len, allowed)))


def _amount(scale: int, default: str | None = "0") -> Property:
    shown = None if default is None else f"{int(default)}.{'0' * scale}"
    return Property(type="Edm.Decimal", clean=decimal(scale, null=default is None), default=shown, scale=scale)


def _number(least: int, most: int, default: int) -> Property:
    return Property(type="Edm.Int32", clean=_whole(least, most), default=default)


def _date() -> Property:
    return Property(type="Edm.Date", clean=_day)


def _flag() -> Property:
    return Property(type="Edm.Boolean", clean=flag, default=False)


def _reference() -> Property:
    clean = _matching(r"[^/']{1,40}", "a number of at most 40 characters without / and '")
    return Property(type="Edm.String", clean=clean, length=40)


_KEY = Property(type="Edm.String", required=True, length=40)
_COMPUTED = Property(type="Edm.Decimal", default="0.000", scale=3)
_STAMP = {"LastChanged": Property(type="Edm.DateTimeOffset")}
_TRACKED = {"ExternalReference": _text(64), **_STAMP}
_COUNTRY = Property(type="Edm.String", clean=_matching("[A-Z]{2}", "an ISO code of two letters"), length=2)
_CURRENCY = Property(type="Edm.String", clean=_matching("[A-Z]{3}", "a code of three letters"), default="EUR", length=3)
_LINE_NUMBER = Property(type="Edm.Int32", clean=_whole(1, 99_999), required=True)

# --- the sets -----------------------------------------------------------------

MATERIALS = EntitySet(
    table=Table(name="Materials", lookups=("ExternalReference", "Supplier")),
    type="Material",
    keys=("MaterialNumber",),
    properties={
        "MaterialNumber": _KEY,
        "Description": _text(80, required=True),
        "BaseUnit": _word(*UNITS, default="PC"),
        "MaterialGroup": _text(20),
        "Procurement": _word("BUY", "MAKE", default="BUY"),
        "Supplier": _reference(),
        "LeadTimeDays": _number(0, 999, 7),
        "SafetyStock": _amount(3),
        "Blocked": _flag(),
        **_TRACKED,
    },
)

SUPPLIERS = EntitySet(
    table=Table(name="Suppliers", lookups=("ExternalReference", "TaxNumber", "Email")),
    type="Supplier",
    keys=("SupplierNumber",),
    first=100_000,
    prefix="S",
    digits=6,
    properties={
        "SupplierNumber": _KEY,
        "Name": _text(80, required=True),
        "TaxNumber": _text(20),
        "Email": _text(100),
        "Phone": _text(40),
        "Street": _text(80),
        "PostalCode": _text(10),
        "City": _text(40),
        "Country": _COUNTRY,
        "LeadTimeDays": _number(0, 999, 14),
        "Rating": _word("A", "B", "C", default="B"),
        "Blocked": _flag(),
        **_TRACKED,
    },
)

STOCK_LEVELS = EntitySet(
    table=Table(name="StockLevels", lookups=("Material",)),
    type="StockLevel",
    keys=("Material", "Site"),
    properties={
        "Material": _KEY,
        "Site": Property(type="Edm.String", required=True, length=10),
        "OnHand": _amount(3),
        "Reserved": _amount(3),
        "Available": _COMPUTED,
        "BaseUnit": Property(type="Edm.String", length=3),
        "NextReceiptOn": _date(),
        **_STAMP,
    },
)

DEMANDS = EntitySet(
    table=Table(name="Demands", lookups=("ExternalReference", "SourceNumber")),
    type="Demand",
    keys=("DemandNumber",),
    first=0,
    prefix="D",
    digits=7,
    properties={
        "DemandNumber": _KEY,
        "Kind": _word("OPPORTUNITY", "ORDER", default="ORDER"),
        "SourceNumber": _text(40, required=True),
        "SourceStatus": _text(20),
        "CustomerName": _text(120),
        "Probability": _number(0, 100, 100),
        "RequiredOn": _date(),
        "Status": _word("OPEN", "PLANNED", "COVERED", "CANCELLED", default="OPEN"),
        "ConfirmedOn": _date(),
        "Note": _text(500),
        **_TRACKED,
    },
    lines={
        "Items": Lines(
            type="DemandItem",
            number="ItemNumber",
            properties={
                "ItemNumber": _LINE_NUMBER,
                "Material": _reference(),
                "Quantity": _amount(3, "1"),
                "BaseUnit": Property(type="Edm.String", clean=one_of(*UNITS, required=False), length=3),
                "Site": _word(*SITES, default="WH-1"),
            },
        )
    },
)

PURCHASE_ORDERS = EntitySet(
    table=Table(name="PurchaseOrders", lookups=("ExternalReference", "Supplier")),
    type="PurchaseOrder",
    keys=("OrderNumber",),
    first=4_500_000_000,
    digits=10,
    properties={
        "OrderNumber": _KEY,
        "Supplier": Property(
            type="Edm.String", clean=_matching(r"S\d{6}", "a supplier's number"), required=True, length=7
        ),
        "OrderedOn": _date(),
        "PromisedOn": _date(),
        "Status": _word("CREATED", "CONFIRMED", "RECEIVED", "CANCELLED", default="CREATED"),
        "Currency": _CURRENCY,
        "NetTotal": Property(type="Edm.Decimal", default="0.00", scale=2),
        "Note": _text(500),
        **_TRACKED,
    },
    lines={
        "Items": Lines(
            type="PurchaseOrderItem",
            number="ItemNumber",
            properties={
                "ItemNumber": _LINE_NUMBER,
                "Material": _reference(),
                "Quantity": _amount(3, "1"),
                "BaseUnit": _word(*UNITS, default="PC"),
                "NetPrice": _amount(4),
                "Site": _word(*SITES, default="WH-1"),
                "ReceivedQuantity": _amount(3),
            },
        )
    },
)

SETS: Mapping[str, EntitySet] = {
    one.name: one for one in (MATERIALS, SUPPLIERS, STOCK_LEVELS, DEMANDS, PURCHASE_ORDERS)
}


def empty(described: EntitySet) -> Fields:
    """A new entity before anything is given."""
    return {
        **{name: one.default for name, one in described.properties.items()},
        **{name: [] for name in described.lines},
    }


def laid(given: Mapping[str, object], described: EntitySet, before: Fields) -> Fields:
    """Lay what is given over what was before; refuse a property that the type does not have."""
    after = dict(before)
    for name, value in given.items():
        if lines := described.lines.get(name):
            after[name] = _rows(name, value, lines)
        elif one := described.properties.get(name):
            after[name] = one.clean(name, value) if one.clean else before.get(name)
        else:
            raise invalid(name, f"Property {name} does not exist in type scm.{described.type}")
    for name, one in described.properties.items():
        if one.required and after[name] is None:
            raise invalid(name, f"Provide the missing value of {name}")
    return after


def _rows(name: str, value: object, lines: Lines) -> list[Fields]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise invalid(name, f"{name} must be a list of objects")
    if len(value) > _ROWS_MAX:
        raise invalid(name, f"{name} has more than {_ROWS_MAX} entries")
    rows = [_row(name, row, place, lines) for place, row in enumerate(value, start=1)]
    if len({row[lines.number] for row in rows}) < len(rows):
        raise invalid(name, f"{lines.number} is given twice")
    return rows


def _row(name: str, given: Fields, place: int, lines: Lines) -> Fields:
    if strange := [one for one in given if one not in lines.properties]:
        raise invalid(f"{name}/{strange[0]}", f"Property {strange[0]} does not exist in type scm.{lines.type}")
    row: Fields = {}
    for field_name, one in lines.properties.items():
        default = 10 * place if field_name == lines.number else one.default
        value = given.get(field_name, default)
        row[field_name] = one.clean(f"{name}/{field_name}", value) if one.clean else value
    return row
