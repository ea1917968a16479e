"""Values of columns, from what a driver gives to what mappings expect, and back. Pure; a page's column at a time.

Decimals, dates, identifiers and large numbers are text; instants are ISO 8601 in UTC; bytes are base64 where allowed.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from syncline.connectors.protocols.json_values import as_json, exact_value

_INTEGER = 2**63  #: whole numbers of databases end here
_NUMBERS = (int, float, Decimal)


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    PADDED = "padded text"  #: PostgreSQL fills it up with spaces, which mean nothing
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"  #: with a time zone
    UTC = "instant in UTC"  #: shown without a zone, and in UTC
    LOCAL = "local instant"  #: without a time zone: in the zone of the options
    UUID = "uuid"
    JSON = "json"
    BYTES = "bytes"
    OTHER = "other"  #: shown and written as the database's own text


Decode = Callable[[Sequence[object]], Sequence[object]]


def decoder(kind: Kind, zone: ZoneInfo, dialect: str) -> Decode | None:
    """What a column of this kind goes through; None where the driver gives what is wanted."""
    if kind in {Kind.LOCAL, Kind.UTC, Kind.INSTANT}:
        if kind is Kind.INSTANT and dialect == "postgresql":
            return None  # its sessions are in UTC
        lies_in = zone if kind is Kind.LOCAL else ZoneInfo("UTC")
        return lambda values: [None if value is None else _instant(value, lies_in) for value in values]
    one = _SQLITE.get(kind) if dialect == "sqlite" else _ALWAYS.get(kind)
    if one is None:
        return None
    return lambda values: [None if value is None else one(value) for value in values]


def _instant(value: object, zone: ZoneInfo) -> datetime:
    """An instant in UTC from a time without a zone."""
    found = value if isinstance(value, datetime) else _parsed(value)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _parsed(value: object) -> datetime:
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  the caller knows the zone
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError(f"{value!r} is no time")
    return datetime.fromisoformat(value)


def _decimal_text(value: object) -> str:
    """A number of SQLite, which keeps decimals as binary numbers, as the shortest decimal text.

    >>> _decimal_text(12.5), _decimal_text(3), _decimal_text("0.10")
    ('12.5', '3', '0.10')
    """
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"{value!r} is no decimal")
    return f"{number:f}"


def _finite(value: object) -> object:
    """A number, or its name where it is none: JSON has no word for it."""
    return value if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)) else str(value)


def _boolean(value: object) -> bool:
    if value in (0, 1):
        return bool(value)
    raise ValueError(f"{value!r} is neither true nor false")


def _base64(value: object) -> str:
    return base64.b64encode(bytes(value)).decode()  # type: ignore[call-overload]  # bytes or a view


def _json(value: object) -> msgspec.Raw:
    """The value in one way of writing it, with its numbers as the database shows them."""
    return msgspec.Raw(as_json(exact_value(value if isinstance(value, str | bytes) else str(value))))


_ALWAYS: Mapping[Kind, Callable[[object], object]] = {
    Kind.PADDED: lambda value: str(value).rstrip(" "),
    Kind.FLOAT: _finite,
    Kind.BYTES: _base64,
    Kind.BOOLEAN: _boolean,
    Kind.TIME: str,
    Kind.JSON: _json,
}
_SQLITE: Mapping[Kind, Callable[[object], object]] = {
    **_ALWAYS,
    Kind.DECIMAL: _decimal_text,
    Kind.DATE: lambda value: date.fromisoformat(str(value)[:10]).isoformat(),
    Kind.UUID: str,
    Kind.TEXT: lambda value: value if isinstance(value, str) else _text_of(value),
}


def _text_of(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


# --- back -------------------------------------------------------------------------------------------------------------


def encode(kind: Kind, value: object, zone: ZoneInfo) -> object:
    """A value as it is bound; ValueError that says what was expected."""
    if value is None:
        return None
    try:
        return _ENCODE[kind](value, zone)
    except (ValueError, TypeError, InvalidOperation, OverflowError, binascii.Error) as error:
        raise ValueError(f"must be {_EXPECTED.get(kind, kind)}") from error


def _text(value: object, _zone: ZoneInfo) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise TypeError
    return str(value)


def _integer(value: object, _zone: ZoneInfo) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError
    number = int(value)
    if not -_INTEGER <= number < _INTEGER:
        raise ValueError
    return number


def _decimal(value: object, _zone: ZoneInfo) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return f"{number:f}"


def _float(value: object, _zone: ZoneInfo) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError
    return float(value)


def _true_or_false(value: object, _zone: ZoneInfo) -> bool:
    return _boolean(value)


def _day(value: object, _zone: ZoneInfo) -> str:
    return date.fromisoformat(_said(value)).isoformat()


def _clock(value: object, _zone: ZoneInfo) -> str:
    return time.fromisoformat(_said(value)).isoformat()


def _aware(value: object, _zone: ZoneInfo) -> str:
    given = _given(value)
    return str(value) if given.tzinfo is UTC else given.astimezone(UTC).isoformat(" ")


def _local(value: object, zone: ZoneInfo) -> str:
    return _given(value).astimezone(zone).replace(tzinfo=None).isoformat(" ")


def _given(value: object) -> datetime:
    """The instant that the hub writes; UTC where it names no zone."""
    found = datetime.fromisoformat(_said(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _uuid(value: object, _zone: ZoneInfo) -> str:
    return str(UUID(_said(value)))


def _bytes(value: object, _zone: ZoneInfo) -> bytes:
    return base64.b64decode(_said(value), validate=True)


def _said(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_ENCODE: Mapping[Kind, Callable[[object, ZoneInfo], object]] = {
    Kind.TEXT: _text,
    Kind.PADDED: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: _true_or_false,
    Kind.DATE: _day,
    Kind.TIME: _clock,
    Kind.INSTANT: _aware,
    Kind.UTC: lambda value, _zone: _local(value, ZoneInfo("UTC")),
    Kind.LOCAL: _local,
    Kind.UUID: _uuid,
    Kind.JSON: lambda value, _zone: as_json(value).decode(),
    Kind.BYTES: _bytes,
    Kind.OTHER: _text,
}
_EXPECTED = {
    Kind.TEXT: "a text",
    Kind.PADDED: "a text",
    Kind.INTEGER: "a whole number below 2^63",
    Kind.DECIMAL: "a decimal number",
    Kind.FLOAT: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a date as 2026-03-29",
    Kind.TIME: "a time of day as 14:30:00",
    Kind.INSTANT: "a time as 2026-03-29T14:30:00Z",
    Kind.UTC: "a time as 2026-03-29T14:30:00Z",
    Kind.LOCAL: "a time as 2026-03-29T14:30:00Z",
    Kind.UUID: "a UUID",
    Kind.BYTES: "bytes in base64",
    Kind.OTHER: "a text",
}
