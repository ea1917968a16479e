"""Canonical values as numbers and instants, where they are that: "12.50", "2026-03-02", "2026-03-02T09:00:00Z"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from syncline.model.values import UNSET, Value, is_empty

_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_LONGEST_INSTANT = 40


def is_blank(value: Value) -> bool:
    """Absent, null or empty: there is nothing to judge."""
    return value is UNSET or is_empty(value)


def number(value: object) -> Decimal | None:
    """The value as a number; None where it is none.

    >>> number("12.50"), number(True), number("12 m")
    (Decimal('12.50'), None, None)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def seconds(value: object) -> Decimal | None:
    """A day or an instant as seconds since 1970, UTC [s]; None where the value is neither.

    >>> seconds("1970-01-02"), seconds("1970-01-01T00:00:01.5Z"), seconds("2026-13-01")
    (Decimal('86400'), Decimal('1.5'), None)
    """
    if not isinstance(value, str) or len(value) > _LONGEST_INSTANT:
        return None
    try:
        if _DAY.fullmatch(value):
            return Decimal((date.fromisoformat(value) - date(1970, 1, 1)).days * 86_400)
        if _INSTANT.fullmatch(value):
            told = datetime.fromisoformat(value)
            told = told if told.tzinfo else told.replace(tzinfo=UTC)
            since = told - datetime(1970, 1, 1, tzinfo=UTC)
            return Decimal(since.days * 86_400 + since.seconds) + Decimal(since.microseconds) / 1_000_000
    except ValueError:
        return None
    return None


def measure(value: object) -> Decimal | None:
    """The value on a scale on which two can be compared; None where it has none."""
    found = number(value)
    return seconds(value) if found is None else found


def numbers(values: Sequence[Value]) -> list[Decimal]:
    """The numbers among values."""
    return [found for value in values if (found := number(value)) is not None]


def gap(shown: Value, agreed: Value) -> Decimal | None:
    """How far one value is from another, with its sign [unit of the field, s for days and instants].

    None where that cannot be told by a number.

    >>> gap("7.5", "10"), gap(None, 3)
    (Decimal('-2.5'), None)
    """
    there, here = measure(shown), measure(agreed)
    if there is None or here is None or (number(shown) is None) != (number(agreed) is None):
        return None
    return there - here
