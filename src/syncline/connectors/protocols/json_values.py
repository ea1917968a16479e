"""JSON of strangers, with each number as exact as it stands there: binary floats would shorten it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

_any = msgspec.json.Decoder(float_hook=Decimal)
_object = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)
_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode
_encode_as_it_is = msgspec.json.Encoder(decimal_format="number").encode


def exact_object(text: str | bytes) -> dict[str, object]:
    """The fields of an object; ValueError where it is none.

    >>> exact_object('{"amount": 12345678901234567.25}')
    {'amount': Decimal('12345678901234567.25')}
    """
    return _object.decode(text)


def exact_value(text: str | bytes) -> object:
    """Any value; ValueError where it is no JSON."""
    return _any.decode(text)


def as_record(fields: Mapping[str, object]) -> bytes:
    """An object with its fields in the order of their names.

    >>> as_record({"b": Decimal("0.10"), "a": 1})
    b'{"a":1,"b":0.10}'
    """
    return _encode(fields)


def as_json(value: object) -> bytes:
    """A value as it is."""
    return _encode_as_it_is(value)
