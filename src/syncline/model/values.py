"""Canonical values: what a field of an entity can hold, and how a row of them is kept as bytes.

A field is four-valued: `UNSET` (the system does not carry it here), `None` (null), "" (empty), or a value. Values are
plain data: bool, int, str, a sorted list of str (a set), or a dict of lines `{line key: {field: value}}`. Decimals are
canonical text ("12.5": no exponent, no trailing zeros), dates "YYYY-MM-DD", instants ISO 8601 in UTC, references the
integer `eid` of the entity that they point at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Union

import msgspec
from msgspec import UNSET, UnsetType

__all__ = [
    "UNSET",
    "Lines",
    "Row",
    "Value",
    "decode_row",
    "decode_rows",
    "encode_row",
    "encode_rows",
    "is_empty",
    "may_hold_unset",
]

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


def _encode_unset(value: object) -> msgspec.msgpack.Ext:
    if value is UNSET:
        return _EXT_UNSET
    msg = f"a canon cannot hold {type(value).__name__}"
    raise TypeError(msg)


_UNSET_BYTES = b"\xc7\x00\x01"  #: how `UNSET` stands in a stored row: an extension of no length
_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_unset)
_decode: Callable[[bytes], Row] = msgspec.msgpack.Decoder(
    ext_hook=_decode_extension
).decode  # nothing but rows is encoded here


def encode_row(row: Sequence[Value]) -> bytes:
    """A row as bytes; `UNSET` survives."""
    return _encoder.encode(row)


def encode_rows(rows: Iterable[Sequence[Value]]) -> list[bytes]:
    """Each row as bytes."""
    return list(map(_encoder.encode, rows))


def decode_row(data: bytes) -> Row:
    """The row that `encode_row` made."""
    return _decode(data)


def decode_rows(data: Iterable[bytes]) -> list[Row]:
    """Each row that `encode_row` made."""
    return list(map(_decode, data))


def may_hold_unset(data: bytes) -> bool:
    """Is `UNSET` among the values of a stored row, or a text that looks like it? Far quicker than to compare each."""
    return _UNSET_BYTES in data


def is_empty(value: Value) -> bool:
    """Null, empty text, or a collection without members; `UNSET` is not empty but absent."""
    return value is None or value == "" or value == [] or value == {}
