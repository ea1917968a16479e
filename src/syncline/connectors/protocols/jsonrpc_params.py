"""Params of a call out of what is configured: texts that begin with $ give way to values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_WHOLE = re.compile(r"-?\d{1,18}")
Values = Mapping[str, object]


def filled(params: object, values: Values) -> object:
    """The params with the values in their places; an entry of a mapping without a value is left out.

    >>> filled([["code", "=", "$value"], {"limit": "$size"}, "$$plain"], {"value": "A1", "size": 10})
    [['code', '=', 'A1'], {'limit': 10}, '$plain']
    >>> filled({"id": "$key", "rev": "$version"}, {"key": "7"})
    {'id': '7'}
    """
    if isinstance(params, str):
        if params.startswith("$$"):
            return params[1:]
        return values.get(params[1:]) if params.startswith("$") else params
    if isinstance(params, Mapping):
        return {name: filled(value, values) for name, value in params.items() if not _is_left_out(value, values)}
    if isinstance(params, list | tuple):
        return [filled(value, values) for value in params]
    return params


def named(params: object) -> Iterator[str]:
    """Every value that params ask for, without the $.

    >>> list(named({"ids": ["$key"], "note": "$$5"}))
    ['key']
    """
    if isinstance(params, str) and params.startswith("$") and not params.startswith("$$"):
        yield params[1:]
    inner = params.values() if isinstance(params, Mapping) else params if isinstance(params, list | tuple) else ()
    for one in inner:
        yield from named(one)


def key_as(kind: str, key: str) -> object:
    """A key, which the hub keeps as text, as the service wants it.

    >>> key_as("integer", "7"), key_as("text", "7"), key_as("integer", "none")
    (7, '7', 'none')
    """
    return int(key) if kind == "integer" and _WHOLE.fullmatch(key) else key


def can_be_key(kind: str, key: str) -> bool:
    """Could the service have a record of this key? A service of whole numbers takes a text for a mistake of ours.

    >>> can_be_key("integer", "7"), can_be_key("integer", "none"), can_be_key("text", "none")
    (True, False, True)
    """
    return kind != "integer" or bool(_WHOLE.fullmatch(key))


def _is_left_out(value: object, values: Values) -> bool:
    return isinstance(value, str) and value.startswith("$") and value[1:2] != "$" and value[1:] not in values
