"""Common forms in which two applications' values are compared, written by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from comparing import Form

COUNTRIES = {
    "Austria": "AT", "China": "CN", "France": "FR", "Germany": "DE", "Greece": "GR", "Italy": "IT", "Japan": "JP",
    "Poland": "PL", "Ukraine": "UA",
}  # fmt: skip
_BERLIN = ZoneInfo("Europe/Berlin")


def text(value: object) -> str:
    """As it stands; nothing is nothing."""
    return "" if value is None else str(value).strip()


def cut(length: int) -> Form:
    """Its beginning."""
    return lambda value: text(text(value)[:length])


def lower(value: object) -> str:
    """In small letters."""
    return text(value).lower()


def upper(value: object) -> str:
    """In capitals."""
    return text(value).upper()


def digits(value: object) -> str:
    """A phone without what people write between its digits."""
    return re.sub(r"[^+0-9]", "", text(value))


def number(value: object) -> object:
    """A number, however it is written; nothing is 0."""
    try:
        return Decimal(text(value) or "0")
    except InvalidOperation:
        return f"no number: {value}"


def maybe_number(value: object) -> object:
    """A number, or nothing."""
    return None if value is None else number(value)


def cents(value: object) -> object:
    """Whole cents as an amount."""
    return Decimal(str(value)) / 100 if isinstance(value, int) else f"no cents: {value}"


def maybe_cents(value: object) -> object:
    """Whole cents as an amount, or nothing."""
    return None if value is None else cents(value)


def iso(value: object) -> str:
    """A country by its code."""
    return COUNTRIES.get(text(value), text(value))


def plain(value: object) -> object:
    """As it is."""
    return value


def truth(value: object) -> object:
    """Yes or no, also where it is kept as 1 and 0."""
    return bool(value)


def opposite(value: object) -> object:
    """Yes where it says no."""
    return not value


def words(**meanings: str) -> Form:
    """One word for each of theirs; an unknown one as it stands."""
    return lambda value: meanings.get(text(value), text(value))


def day(value: object) -> str:
    """31.12.2026 as 2026-12-31; what is written so already, too."""
    return "-".join(reversed(text(value).split(".")))


def moment(value: object) -> object:
    """A point in time, in UTC unless it says otherwise; to the minute."""
    if not text(value):
        return None
    found = datetime.fromisoformat(text(value))
    return (found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)).replace(
        second=0, microsecond=0
    )


def in_berlin(value: object) -> object:
    """A point in time by the clock of Berlin, as 2026-12-31T14:05 or 31.12.2026 14:05."""
    if not text(value):
        return None
    date, _, time = text(value).replace("T", " ").partition(" ")
    return datetime.fromisoformat(f"{day(date)} {time}").replace(tzinfo=_BERLIN).astimezone(UTC)
