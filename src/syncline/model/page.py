"""What crosses the connector port: pages of records, batches of items, receipts. Pages, never single records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

import msgspec


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far a resource has been read: a stamp [µs since 1970, UTC] or an opaque token of the system."""

    stamp: int = 0
    token: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Records as one answer brought them, in columns of equal length.

    `raws` are the records as canonical JSON bytes: equal bytes mean an unchanged record.
    """

    keys: Sequence[str]
    raws: Sequence[bytes]
    versions: Sequence[str | None] | None = None  #: None: the system has no versions
    stamps: Sequence[int] | None = None  #: last change [µs since 1970, UTC], 0 unknown; None: no stamps
    tombstones: Sequence[str] = ()  #: keys that the system says are deleted
    cursor: Cursor | None = None  #: where to go on once this page is kept
    broken: Sequence[tuple[str, str]] = ()  #: (key, or `#` and what tells it from others; reason) of unreadable ones


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One row of one resource, in the system's own words."""

    key: str
    raw: bytes
    version: str | None = None
    stamp: int = 0


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """A get was answered: no such record. `merged_into` names the record that absorbed it, where the system tells."""

    key: str
    merged_into: str = ""


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A get was answered with something that is no record, again and again."""

    key: str
    reason: str


class Op(IntEnum):
    """What an item asks of a system."""

    CREATE = 1
    UPDATE = 2
    DELETE = 3
    ARCHIVE = 4


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One record's part of a batch. `ref` is our key for the answer, never its position."""

    ref: int  #: eid of the entity
    op: Op
    key: str = ""  #: the system's key; empty for a create
    fields: Mapping[str, object] = {}  #: in the system's own words
    version: str | None = None  #: write only if the record still has this version
    marker: str = ""
    idempotency: str = ""
    current: bytes | None = None  #: the record as just read, where it was


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Items for one resource, sent together; nothing of it may leave after `send_by` (monotonic seconds)."""

    resource: str
    items: Sequence[Item]
    send_by: float


class Outcome(IntEnum):
    """What became of one item."""

    DONE = 1
    REFUSED = 2  #: by the system's own rules: park the record
    STALE = 3  #: the version did not hold: refresh and plan anew; nothing was written
    GONE = 4  #: no such record
    BUSY = 5  #: not sent, or not acted on: send again after `wait`
    DOUBT = 6  #: may have taken effect, now or later


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the system answered for one item."""

    ref: int
    outcome: Outcome
    key: str = ""
    raw: bytes | None = None  #: the stored record, where the answer shows it
    version: str | None = None
    stamp: int = 0
    message: str = ""  #: in the system's own words
    wait: float = 0.0  #: pause that the system asked for [s]
