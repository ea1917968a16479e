"""Tryton's values as canonical text and back, so that equal records give equal bytes.

On Tryton's wire a decimal, a date, an instant and bytes are objects with a `__class__`; booleans may be 0 and 1, and
the digits of a decimal depend on the database. A record of the hub shows plain text, flags and lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum

from syncline.errors import RejectedError, TransientError

Row = Mapping[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = Decimal(86400)  #: [s]
_MICROSECOND = timedelta(microseconds=1)


class Kind(Enum):
    """How a field is shown in a record, and how it is sent."""

    TEXT = "text"
    FLAG = "flag"
    INTEGER = "integer"
    DECIMAL = "decimal"  #: exact on the wire
    NUMBER = "number"  #: a float on the wire (quantities)
    DATE = "date"
    REFERENCE = "reference"  #: key of another record
    REFERENCES = "references"  #: keys of other records
    CODE = "code"  #: a row of a small table, by its code
    DAYS = "days"  #: a length of time on the wire


def shown(kind: Kind, value: object) -> object:
    """What a record of the hub shows for a value of Tryton."""
    if kind is Kind.FLAG:
        return bool(value)
    show = _SHOWN.get(kind)
    return value if value is None or show is None else show(value)


def sent(kind: Kind, value: object) -> object:
    """What is sent to Tryton for a value of the hub (codes apart); RejectedError for what is no such value."""
    if value is None or (value == "" and kind is not Kind.TEXT):
        return None
    try:
        return _SENT.get(kind, str)(value)
    except (ValueError, TypeError, InvalidOperation) as error:
        what = f"{value!r} is no {kind.value}."
        raise RejectedError(what, cure="Correct the mapping or the value.") from error


def decimal_text(value: Decimal) -> str:
    """The shortest plain notation.

    >>> decimal_text(Decimal("24.6200")), decimal_text(Decimal("1E+2")), decimal_text(Decimal("-0.0"))
    ('24.62', '100', '0')
    """
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def stamp_of(value: object) -> int:
    """An instant of Tryton (UTC, without a zone) in microseconds since 1970; 0 for none."""
    if not isinstance(value, Mapping):
        return 0
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    parts = [int(str(value.get(name, 0))) for name in names]
    return (datetime(*parts, tzinfo=UTC) - _EPOCH) // _MICROSECOND  # type: ignore[misc,arg-type]  # seven numbers


def instant_of(stamp: int) -> Row:
    """The instant as Tryton wants it in a search."""
    at = _EPOCH + timedelta(microseconds=max(stamp, 0))
    return {
        "__class__": "datetime",
        "year": at.year,
        "month": at.month,
        "day": at.day,
        "hour": at.hour,
        "minute": at.minute,
        "second": at.second,
        "microsecond": at.microsecond,
    }


def rows_of(value: object) -> Sequence[Row]:
    """The rows of an answer."""
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    raise TransientError("Tryton answered something else than a list of records.")


def at_path(row: Row, path: str) -> object:
    """The value under a dotted path: Tryton nests what lies behind a reference under its name and a dot.

    >>> at_path({"currency.": {"id": 1, "code": "EUR"}}, "currency.code")
    'EUR'
    """
    first, dot, rest = path.partition(".")
    if not dot:
        return row.get(first)
    inner = row.get(f"{first}.")
    return at_path(inner, rest) if isinstance(inner, Mapping) else None


def children_at(row: Row, path: str) -> Sequence[Row]:
    """The records behind a reference or a list of references."""
    inner = row.get(f"{path}.")
    if isinstance(inner, Mapping):
        return (inner,)
    return [child for child in inner if isinstance(child, Mapping)] if isinstance(inner, list) else ()


def number_of(value: object) -> Decimal:
    """A quantity of Tryton; 0 for none."""
    return Decimal(0) if value is None else Decimal(str(value))


def _decimal_of(value: object) -> Decimal:
    inner = value.get("decimal") if isinstance(value, Mapping) else value
    return Decimal(str(inner))


def _finite(value: object) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def _date_of(value: object) -> date:
    if not isinstance(value, Mapping):
        raise TransientError("Tryton answered something else than a date.")
    year, month, day = (int(str(value[name])) for name in ("year", "month", "day"))
    return date(year, month, day)


def _tagged_date(value: object) -> Row:
    day = date.fromisoformat(str(value)[:10])
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def _tagged_decimal(value: object) -> Row:
    return {"__class__": "Decimal", "decimal": decimal_text(_finite(value))}


def _number_text(value: object) -> str:
    return decimal_text(_decimal_of(value))


def _days_text(value: object) -> str:
    """A length of time, in days.

    >>> _days_text({"__class__": "timedelta", "seconds": 907200.0})
    '10.5'
    """
    seconds = value.get("seconds") if isinstance(value, Mapping) else None
    if seconds is None:
        raise TransientError("Tryton answered something else than a length of time.")
    return decimal_text(round(Decimal(str(seconds)) / _DAY, 6))


def _tagged_days(value: object) -> Row:
    return {"__class__": "timedelta", "seconds": float(_finite(value) * _DAY)}


def _key_of(value: object) -> int:
    return int(str(value))


def _keys_of(value: object) -> list[int]:
    if not isinstance(value, (list, tuple)):
        raise TypeError(value)
    return [_key_of(key) for key in value]


def _key_texts(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, list) else []


_SHOWN: Mapping[Kind, Callable[[object], object]] = {
    Kind.DECIMAL: _number_text,
    Kind.NUMBER: _number_text,
    Kind.DATE: lambda value: _date_of(value).isoformat(),
    Kind.DAYS: _days_text,
    Kind.REFERENCE: str,
    Kind.REFERENCES: _key_texts,
}
_SENT: Mapping[Kind, Callable[[object], object]] = {
    Kind.FLAG: bool,
    Kind.INTEGER: _key_of,
    Kind.REFERENCE: _key_of,
    Kind.DECIMAL: _tagged_decimal,
    Kind.NUMBER: lambda value: float(_finite(value)),
    Kind.DATE: _tagged_date,
    Kind.DAYS: _tagged_days,
    Kind.REFERENCES: _keys_of,
}
