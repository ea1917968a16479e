"""Canonical values: what a field of an entity can hold, and how a row of them is kept as bytes.

A field is four-valued: `UNSET` (the system does not carry it here), `None` (null), "" (empty), or a value. Values are
plain data: bool, int, str, a sorted list of str (a set), or a dict of lines `{line key: {field: value}}`. Decimals are
canonical text ("12.5": no exponent, no trailing zeros), dates "YYYY-MM-DD", instants ISO 8601 in UTC, references the
integer `eid` of the entity that they point at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Union, cast

import msgspec
from msgspec import UNSET, UnsetType

__all__ = ["UNSET", "Lines", "Row", "Value", "decode_row", "encode_row", "is_empty"]

Value = Union[None, bool, int, str, list[str], UnsetType, "Lines"]
Lines = Mapping[str, Mapping[str, Value]]
Row = list[Value]

_UNSET_CODE = 1
_EXT_UNSET = msgspec.msgpack.Ext(_UNSET_CODE, b"")


def _decode_extension(code: int, data: memoryview) -> object:
    if code == _UNSET_CODE and not len(data):
        return UNSET
    msg = f"unknown extension {code} in a stored row"
    raise ValueError(msg)


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[object]] = msgspec.msgpack.Decoder(list[object], ext_hook=_decode_extension)


def encode_row(row: Sequence[Value]) -> bytes:
    """A row as bytes; `UNSET` survives."""
    return _encoder.encode([_EXT_UNSET if value is UNSET else value for value in row] if UNSET in row else row)


def decode_row(data: bytes) -> Row:
    """The row that `encode_row` made."""
    return cast("Row", _decoder.decode(data))


def is_empty(value: Value) -> bool:
    """Null, empty text, or a collection without members; `UNSET` is not empty but absent."""
    return value is None or value == "" or value == [] or value == {}
