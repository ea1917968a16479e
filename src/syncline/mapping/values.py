"""What a mapping reads and shows: JSON on the wire, canonical values, and the problems between the two."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Union

import msgspec
from msgspec import UNSET

from syncline.model import values

Value = values.Value
Json = Union[None, bool, int, float, Decimal, str, list["Json"], dict[str, "Json"]]  # noqa: UP007  it names itself

Step = Callable[[object], object]  #: one value to one value; raises ValueError with a reason for people
Column = list[object]
ColumnStep = Callable[[Column], Column]  #: a page's column to a page's column
ShortWay = Callable[[Column], Column | None]  #: the same where all values are plain; None where it is not sure

_SHOWN = 60
HALF_UP = Context(prec=200, rounding=ROUND_HALF_UP)  #: as invoices are
_LARGEST_EXPONENT = 60
_LOWEST_INTEGER, _HIGHEST_INTEGER = -(2**63), 2**64 - 1

#: the one spelling already, but for minus zero; and most other numbers: what needs no arithmetic
_CANONICAL_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{0,38}[1-9])?", re.ASCII)
SIMPLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,39})?", re.ASCII)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One value of one record that the mapping could not carry; the other records of the page are not touched."""

    row: int  #: position in the page
    field: str  #: canonical field; empty when the whole record is unreadable
    value: str  #: what was found, shortened
    reason: str


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """A page of entities: one column per field of the lens."""

    columns: list[list[Value]]  #: aligned with `Lens.fields`; a value with a problem is UNSET
    problems: list[Problem]


def is_blank(value: object) -> bool:
    """Null, empty or absent: what every converter hands on untouched."""
    return value is None or value is UNSET or value == ""


def shown(value: object) -> str:
    """A value as people read it, cut to a line."""
    text = value if isinstance(value, str) else "absent" if value is UNSET else plain_words(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def plain_words(value: object) -> str:
    """Numbers, yes and no, and collections in the notation of JSON."""
    names = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return names[value]
    return f"{value:f}" if isinstance(value, Decimal) and abs(value.adjusted()) <= _LARGEST_EXPONENT else str(value)


def kind(value: object) -> str:
    """What sort of JSON this is, for a message."""
    if isinstance(value, bool):
        return "a yes or no"
    names = {str: "text", int: "a number", Decimal: "a number", float: "a number", dict: "an object", list: "a list"}
    return "null" if value is None else names.get(type(value), "absent")


def as_text(value: object) -> str:
    """Text, or a number as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return canonical_decimal(value)
    msg = f"this is {kind(value)}, not text"
    raise ValueError(msg)


def as_decimal(value: object) -> Decimal:
    """An exact number, from a JSON number or from text such as "12.50"."""
    number = _parse(value)
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        msg = "this number is out of range"
        raise ValueError(msg)
    return number


def canonical_decimal(value: object) -> str:
    """The one spelling of a number: no exponent, no trailing zeros, no sign on zero."""
    if isinstance(value, str) and _CANONICAL_NUMBER.fullmatch(value) and value != "-0":
        return value
    text = value if isinstance(value, str) and SIMPLE_NUMBER.fullmatch(value) else f"{as_decimal(value):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rounded(number: Decimal, places: int) -> Decimal:
    """Half-up, as invoices are."""
    return number.quantize(Decimal(1).scaleb(-places), context=HALF_UP)


def as_integer(value: object) -> int:
    """A whole number that fits into 64 bits."""
    number = as_decimal(value)
    whole = int(number)
    if whole != number:
        msg = "this is not a whole number"
        raise ValueError(msg)
    return within_64_bits(whole)


def within_64_bits(number: int) -> int:
    """The same number, refused where no store could hold it."""
    if not _LOWEST_INTEGER <= number <= _HIGHEST_INTEGER:
        msg = "this whole number does not fit into 64 bits"
        raise ValueError(msg)
    return number


def are_within_64_bits(numbers: list[int]) -> bool:
    """Do all of them fit? There must be one."""
    return min(numbers) >= _LOWEST_INTEGER and max(numbers) <= _HIGHEST_INTEGER


def _parse(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        msg = f"this is {kind(value)}, not a number"
        raise ValueError(msg)
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        msg = "this text is not a number"
        raise ValueError(msg)
    try:
        return Decimal(value)
    except InvalidOperation:
        msg = "this text is not a number"
        raise ValueError(msg) from None
