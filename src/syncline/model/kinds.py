"""Does a value fit the kind of a field? What the mapping cases of a project are held to."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

from syncline.model.definitions import FieldDefinition, Kind

_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?"
_COUNTRY = r"[A-Z]{2}"
_LANGUAGE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
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
    if field.kind in _PLAIN:
        fits, reason = _PLAIN[field.kind]
        return "" if fits(value) else reason
    return _misfit_of_text(field, value) if isinstance(value, str) else "it is no text"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(_NUMBER, value) is not None and value != "-0"


def _is_set(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and value == sorted(set(value))


def _is_name(value: object) -> bool:
    """Text, or a number that something is called by."""
    return isinstance(value, str) or _is_whole(value)


def _misfit_of_text(field: FieldDefinition, value: str) -> str:
    if field.kind is Kind.CHOICE:
        return "" if value in field.choices else f"it is none of {', '.join(field.choices)}"
    if field.kind in _SPELT:
        return "" if re.fullmatch(_SPELT[field.kind], value) else f"it is no {field.kind.value} as it is kept"
    if field.kind not in _MADE:
        return ""
    module, name = _MADE[field.kind]
    make = getattr(import_module(f"syncline.model.{module}"), name)
    try:
        made = str(make(value))
    except ValueError as error:
        return str(error)
    return "" if made == value else f"it is kept as {made}"


#: what is seen at once, and what is said where it is not so
_PLAIN: dict[Kind, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(_NUMBERS, (_is_number, "it is not written as a number such as 12.5")),
    Kind.BOOLEAN: (lambda value: isinstance(value, bool), "it is neither true nor false"),
    Kind.INTEGER: (_is_whole, "it is no whole number"),
    Kind.SET: (_is_set, "it is no sorted list of texts"),
    Kind.REFERENCE: (_is_name, "it is no key of a record"),
    Kind.TEXT: (_is_name, "it is no text"),
}
#: how a code is spelt
_SPELT = {Kind.COUNTRY: _COUNTRY, Kind.LANGUAGE: _LANGUAGE}
#: module and function that make the canonical spelling; a module is loaded when it is first needed
_MADE = {
    Kind.DATE: ("dates", "local_date"), Kind.INSTANT: ("dates", "instant"), Kind.CURRENCY: ("money", "currency"),
    Kind.UNIT: ("quantity", "code"), Kind.GTIN: ("identifiers", "gtin"), Kind.GLN: ("identifiers", "gln"),
    Kind.SSCC: ("identifiers", "sscc"), Kind.IBAN: ("identifiers", "iban"), Kind.VAT: ("vat", "vat"),
}  # fmt: skip
