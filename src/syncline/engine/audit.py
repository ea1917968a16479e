"""The audit log: every canonical change with who, from where, by which rule, before and after.

One page per commit. A page's hash chains over its header and over one salted digest per entry, so that an entry can be
erased (its digest stays) and the chain still holds:

    hash(page) = SHA-256(hash(previous page) | header | digest of entry 1 | digest of entry 2 | ...)
    digest(entry) = SHA-256(salt of the entry | entry)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from hashlib import sha256
from typing import cast

import msgspec
import zstandard

from syncline.env import Env
from syncline.model.state import AuditPage
from syncline.model.values import Row, decode_row, encode_row

_SALT = 16
_MAX_PAGE = 256 * 1024 * 1024


class EntryKind(IntEnum):
    """What an entry tells."""

    CREATED = 0  #: *canon: the after-image of a new entity
    CHANGED = 1  #: rule, verdict, then (position, before, generation before, after) per field
    LINKED = 2  #: key, how
    REJECTED = 3  #: reason, then (position, value) per field
    DELETED = 4  #: reason
    SENT = 5  #: op, key, intent, then (position, value, shown) per field
    REFUSED = 6  #: op, message
    CONFLICT = 7  #: field, rule, outcome, theirs...
    REOPENED = 9  #: reason
    MERGED = 10  #: into
    ERASED = 255


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened to one entity."""

    kind: int
    eid: int
    stamp: int  #: the system's own time of the change [µs]; 0 unknown
    data: bytes

    def row(self) -> Row:
        """The entry's own values; see `EntryKind`."""
        return decode_row(self.data)


def entry(kind: EntryKind, eid: int, *values: object, stamp: int = 0) -> Entry:
    """An entry with its values encoded."""
    return Entry(int(kind), eid, stamp, encode_row(cast("Row", list(values))))


class _Body(msgspec.Struct, frozen=True, array_like=True):
    salts: bytes
    entries: list[Entry]


_encode = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder(_Body).decode
_compress = zstandard.ZstdCompressor(level=1).compress
_decompress = zstandard.ZstdDecompressor().decompress


def _digest(previous: bytes, header: bytes, salts: bytes, encoded: Sequence[bytes]) -> bytes:
    each = [salts[at : at + _SALT] for at in range(0, len(salts), _SALT)]
    digests = [sha256(salt + data).digest() for salt, data in zip(each, encoded, strict=True)]
    return sha256(b"".join([previous, header, *digests])).digest()


def _header(seq: int, at: int, kind: str, system: str, cause: int) -> bytes:
    return f"{seq}|{at}|{kind}|{system}|{cause}|".encode()


class Journal:
    """The head of the chain, kept in memory by the single writer."""

    def __init__(self, seq: int, last: bytes, env: Env) -> None:
        self.seq = seq
        self.last = last
        self._env = env

    @property
    def next_seq(self) -> int:
        """The sequence number, and so the generation, of the next page."""
        return self.seq + 1

    def page(self, *, kind: str, system: str, cause: int, at: int, entries: Sequence[Entry]) -> AuditPage:
        """The next page of the chain; call `advance` once it is committed."""
        salts = self._env.random().randbytes(_SALT * len(entries))
        encoded = list(map(_encode, entries))
        digest = _digest(self.last, _header(self.next_seq, at, kind, system, cause), salts, encoded)
        body = _compress(_encode((salts, list(map(msgspec.Raw, encoded)))))  # a `_Body`, its entries encoded once
        return AuditPage(
            seq=self.next_seq, at=at, kind=kind, system=system, cause=cause, n=len(entries), hash=digest, body=body
        )

    def advance(self, page: AuditPage) -> None:
        """`page` was committed."""
        self.seq, self.last = page.seq, page.hash


def entries_of(page: AuditPage) -> list[Entry]:
    """The entries of a page."""
    return _decode_body(_decompress(page.body, max_output_size=_MAX_PAGE)).entries


def broken_links(pages: Iterable[AuditPage], *, previous: bytes = b"") -> Iterable[int]:
    """Sequence numbers of pages whose hash does not follow from their content and their predecessor."""
    expected = 0
    for page in pages:
        body = _decode_body(_decompress(page.body, max_output_size=_MAX_PAGE))
        header = _header(page.seq, page.at, page.kind, page.system, page.cause)
        salted = len(body.salts) == _SALT * len(body.entries)
        digest = _digest(previous, header, body.salts, list(map(_encode, body.entries))) if salted else b""
        if digest != page.hash or (expected and page.seq != expected):
            yield page.seq
        previous, expected = page.hash, page.seq + 1
