"""Does a value fit the kind of a field? What the mapping cases of a project are held to."""

from __future__ import annotations

import re
from collections.abc import Callable

from syncline.model.dates import instant, local_date
from syncline.model.definitions import FieldDefinition, Kind
from syncline.model.identifiers import gln, gtin, iban, sscc
from syncline.model.money import is_currency
from syncline.model.quantity import units
from syncline.model.vat import vat

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_NUMBERS = frozenset({Kind.DECIMAL, Kind.MONEY, Kind.QUANTITY})

#: what is kept as text; all others have a form of their own
TEXTS = frozenset(Kind) - _NUMBERS - {Kind.INTEGER, Kind.BOOLEAN, Kind.SET}


def misfit(field: FieldDefinition, value: object) -> str:
    """Why a canonical value cannot be one of this field; "" where it can. Null and empty fit everywhere.

    >>> from syncline.model.definitions import date, money
    >>> misfit(money("total", "of all"), "12.50")
    'it is not written as a number such as 12.5'
    >>> misfit(date("due_on", "a day"), "2026-03-01")
    ''
    """
    if value is None or value == "":
        return ""
    if field.kind in _NUMBERS:
        fits = isinstance(value, str) and _NUMBER.fullmatch(value) and value != "-0"
        return "" if fits else "it is not written as a number such as 12.5"
    if field.kind is Kind.BOOLEAN:
        return "" if isinstance(value, bool) else "it is neither true nor false"
    if field.kind is Kind.INTEGER:
        return "" if isinstance(value, int) and not isinstance(value, bool) else "it is no whole number"
    if field.kind is Kind.SET:
        return "" if isinstance(value, list) and value == sorted(set(value)) else "it is no sorted list of texts"
    if field.kind is Kind.REFERENCE:
        return "" if isinstance(value, (str, int)) and not isinstance(value, bool) else "it is no key of a record"
    if not isinstance(value, str):
        return "it is no text"
    return _misfit_of_text(field, value)


def _misfit_of_text(field: FieldDefinition, value: str) -> str:
    if field.kind is Kind.CHOICE:
        return "" if value in field.choices else f"it is none of {', '.join(field.choices)}"
    if field.kind in _SPELT:
        return "" if _SPELT[field.kind](value) else f"it is no {field.kind.value} as it is kept"
    try:
        made = str(_MADE[field.kind](value)) if field.kind in _MADE else value
    except ValueError as error:
        return str(error)
    return "" if made == value else f"it is kept as {made}"


#: a short test
_SPELT: dict[Kind, Callable[[str], object]] = {
    Kind.COUNTRY: _COUNTRY.fullmatch,
    Kind.LANGUAGE: _LANGUAGE.fullmatch,
    Kind.CURRENCY: is_currency,
    Kind.UNIT: lambda value: value in units(),
}
#: what makes the canonical spelling
_MADE: dict[Kind, Callable[[str], object]] = {
    Kind.DATE: local_date, Kind.INSTANT: instant, Kind.GTIN: gtin, Kind.GLN: gln, Kind.SSCC: sscc, Kind.VAT: vat,
    Kind.IBAN: iban,
}  # fmt: skip
