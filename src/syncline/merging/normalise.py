"""The closed list of write normalisers: how a system may change a value that it stores.

A normaliser is a name, with a parameter where it has one (`truncate:40`, `round:2`). Each is idempotent, so that a
system that shows `normalise(name, value)` is in agreement with `value`. `explain` finds the names that turn what was
sent into what came back; the engine learns one only after three agreeing samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

from syncline.model.values import Value


def _phone(value: str) -> str:
    return re.sub(r"[^\d+]", "", value)


_TEXT: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "trim": str.strip,
    "spaces": lambda value: " ".join(value.split()),
    "phone": _phone,
    "email": str.lower,
}
_MEASURED = ("truncate", "round", "round-half-even")  #: with a number behind a colon
LEARNABLE = (*_TEXT, *_MEASURED, "null-empty", "date")
NAMES = (*_TEXT, *(f"{name}:N" for name in _MEASURED), "null-empty", "date")  #: as a person writes them


def is_normaliser(name: str) -> bool:
    """Is this a name of the closed list, with its parameter where it takes one?

    >>> [is_normaliser(name) for name in ("upper", "truncate:40", "truncate", "upper:3", "shout")]
    [True, True, False, False, False]
    """
    kind, _, parameter = name.partition(":")
    return parameter.isdecimal() and parameter.isascii() if kind in _MEASURED else name in LEARNABLE


def _round(value: str, places: int, mode: str) -> Value:
    try:
        rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=mode)
    except InvalidOperation:
        return value
    text = f"{rounded:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def normalise(name: str, value: Value) -> Value:
    """What a system with normaliser `name` shows for `value`; unknown names and foreign types leave it alone."""
    kind, _, parameter = name.partition(":")
    if kind == "null-empty":
        return None if value == "" else value
    if not isinstance(value, str):
        return value
    if kind in _TEXT:
        return _TEXT[kind](value)
    if kind == "truncate":
        return value[: int(parameter)]
    if kind == "round":
        return _round(value, int(parameter), ROUND_HALF_UP)
    if kind == "round-half-even":
        return _round(value, int(parameter), ROUND_HALF_EVEN)
    return value[:10] if kind == "date" else value


def _places(value: str) -> int:
    return len(value.partition(".")[2])


def explain(sent: Value, shown: Value) -> tuple[str, ...]:
    """Names of the closed list that turn `sent` into `shown`; empty when none does or both are equal."""
    if sent == shown:
        return ()
    if sent in (None, "") and shown in (None, ""):
        return ("null-empty",)
    if not isinstance(sent, str) or not isinstance(shown, str):
        return ()
    names = [name for name, change in _TEXT.items() if change(sent) == shown]
    if shown and len(shown) < len(sent) and sent.startswith(shown):
        names.append(f"truncate:{len(shown)}")
        if len(shown) == len("2026-01-01") and shown[4:5] == "-" and sent[10:11] == "T":
            names.append("date")
    names += [
        name
        for name in (f"round:{_places(shown)}", f"round-half-even:{_places(shown)}")
        if re.fullmatch(r"-?\d+(\.\d+)?", sent) and normalise(name, sent) == shown
    ]
    return tuple(names)
