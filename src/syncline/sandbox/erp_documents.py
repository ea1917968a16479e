"""The ERP's documents in XML: their types, as the WSDL tells them, and a record from and to an element. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from syncline.sandbox.erp_words import wrong
from syncline.sandbox.soap_xml import Element, element, plain
from syncline.sandbox.state import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one type of XML Schema is written and read."""

    xsd: str
    write: Callable[[object], str | None]  #: None: nil
    read: Callable[[str, str | None], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """One complex type; a list of another type stands inside an element of its own."""

    name: str
    fields: Mapping[str, Kind | Type]


def _day_out(value: object) -> str | None:
    """31.12.2026 as 2026-12-31; no day is nil."""
    return "-".join(reversed(str(value).split("."))) if value else None


def _day_in(name: str, text: str | None) -> object:
    if text is None:
        return None
    try:
        return datetime.strptime(f"{text} +0000", "%Y-%m-%d %z").strftime("%d.%m.%Y")
    except ValueError:
        raise wrong("E106", f"{name}: xsd:date without a zone expected") from None


def _whole_in(name: str, text: str | None) -> object:
    if text is None or not text.removeprefix("-").isdecimal() or len(text) > 15:  # noqa: PLR2004 - within 64 bits
        raise wrong("E102", f"{name}: whole number expected")
    return int(text)


def _number_in(name: str, text: str | None) -> object:
    try:
        return str(Decimal(text or ""))
    except InvalidOperation:
        raise wrong("E102", f"{name}: number expected") from None


def _text_out(value: object) -> str | None:
    return plain(value)


TEXT = Kind(xsd="string", write=_text_out, read=lambda _, text: text)
WHOLE = Kind(xsd="long", write=str, read=_whole_in)
NUMBER = Kind(xsd="decimal", write=str, read=_number_in)
DAY = Kind(xsd="date", write=_day_out, read=_day_in)
MOMENT = Kind(
    xsd="dateTime",
    write=lambda value: f"{datetime.fromtimestamp(int(str(value)), UTC):%Y-%m-%dT%H:%M:%SZ}",
    read=lambda _, text: text,
)

POSITION = Type(
    name="Position",
    fields={"PosNo": WHOLE, "ItemNo": TEXT, "Qty": NUMBER, "Price": NUMBER, "Disc": NUMBER},
)
PAYMENT = Type(name="Payment", fields={"PayNo": WHOLE, "PaidOn": DAY, "Amount": NUMBER})
SALES_DOCUMENT = Type(
    name="SalesDocument",
    fields={
        "DocNo": WHOLE, "DocType": TEXT, "PartnerNo": WHOLE, "ForeignKey": TEXT, "DocDate": DAY, "Cur": TEXT,
        "State": WHOLE, "Positions": POSITION, "NetTotal": NUMBER, "TaxTotal": NUMBER, "GrossTotal": NUMBER,
        "OrderNo": TEXT, "InvoiceNo": TEXT, "InvoiceDate": DAY, "InvoiceTotal": NUMBER, "Rev": WHOLE,
        "ChangedAt": MOMENT,
    },
)  # fmt: skip
INVOICE = Type(
    name="Invoice",
    fields={
        "InvoiceNo": TEXT, "DocNo": WHOLE, "OrderNo": TEXT, "DocForeignKey": TEXT, "PartnerNo": WHOLE,
        "InvoiceDate": DAY, "DueDate": DAY, "Cur": TEXT, "NetTotal": NUMBER, "TaxTotal": NUMBER, "GrossTotal": NUMBER,
        "PaidTotal": NUMBER, "Status": TEXT, "Remark": TEXT, "Positions": POSITION, "Payments": PAYMENT, "Rev": WHOLE,
        "ChangedAt": MOMENT,
    },
)  # fmt: skip
TYPES = (POSITION, PAYMENT, SALES_DOCUMENT, INVOICE)


def written(described: Type, record: Fields) -> str:
    """A record as an element of its type's name."""
    parts = []
    for name, kind in described.fields.items():
        if isinstance(kind, Type):
            rows = "".join(written(kind, row) for row in record[name])
            parts.append(element(name, rows))
        else:
            parts.append(element(name, kind.write(record[name])))
    return element(described.name, "".join(parts))


def read(described: Type, given: Element) -> Fields:
    """The fields that an element names, in the ERP's own form; others of its type are left as they are."""
    found: Fields = {}
    for name, kind in described.fields.items():
        part = given.child(name)
        if part is None:
            continue
        if isinstance(kind, Type):
            found[name] = [read(kind, row) for row in part.each(kind.name)]
        else:
            found[name] = kind.read(name, None if part.nil else part.text)
    return found
