"""What both applications do to the values they are given: check, trim, refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeAlias

from syncline.sandbox.state import Fields

Cleaner: TypeAlias = Callable[[str, object], object]


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the program
    """The application says no to a request."""

    def __init__(self, status: int, code: str, message: str, **more: str | int | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.more = more


def invalid(name: str, message: str) -> Refusal:
    """Refuse the value of a field."""
    return Refusal(422, "invalid", message, field=name)


def iso(milliseconds: int) -> str:
    """Write a time as 2026-03-01T12:00:00.000Z."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def milliseconds(text: str) -> int:
    """Read an ISO 8601 time with an offset; raise ValueError for another text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1000 + moment.microsecond // 1000


def cleaned(given: Mapping[str, object], cleaners: Mapping[str, Cleaner], before: Fields) -> Fields:
    """Lay the given fields over what was before; unknown fields are ignored."""
    after = dict(before)
    for name, value in given.items():
        if cleaner := cleaners.get(name):
            after[name] = cleaner(name, value)
    return after


# --- cleaners -----------------------------------------------------------------


def text(length: int, *, required: bool = False) -> Cleaner:
    """Accept a text up to a length, or null where it is not required."""

    def clean(name: str, value: object) -> object:
        if value is None and not required:
            return None
        if not isinstance(value, str):
            raise invalid(name, f"{name} must be a text")
        if required and not value.strip():
            raise invalid(name, f"{name} is required")
        if len(value) > length:
            raise invalid(name, f"{name} is longer than {length} characters")
        return value

    return clean


def one_of(*allowed: str, required: bool = True) -> Cleaner:
    """Accept one of some words."""

    def clean(name: str, value: object) -> object:
        if value is None and not required:
            return None
        if value not in allowed:
            raise invalid(name, f"{name} must be one of {', '.join(allowed)}")
        return value

    return clean


def flag(name: str, value: object) -> object:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise invalid(name, f"{name} must be true or false")
    return value


def number(name: str, value: object) -> Decimal:
    """Read a decimal number from a text or a JSON number."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= Decimal(10) ** 12:
        raise invalid(name, f"{name} must be a decimal number")
    return found


def fixed(value: Decimal, places: int) -> str:
    """Write a number with exactly these decimal places, half away from zero."""
    return str(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def decimal(places: int, *, least: int | None = 0, null: bool = False) -> Cleaner:
    """Accept a decimal number and keep it with fixed decimal places."""

    def clean(name: str, value: object) -> object:
        if value is None and null:
            return None
        found = number(name, value)
        if least is not None and found < least:
            raise invalid(name, f"{name} must not be below {least}")
        return fixed(found, places)

    return clean
