"""The rows of the hub's own state, as they cross the store port.

Canon is stored once per entity. A link agrees with canon in every field except those in its `delta`; so a link whose
delta is empty needs no more than a key and a fingerprint. `gen`, the generation of a value, is the sequence number of
the audit page that explains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

import msgspec

from syncline.model.page import Op


class Stream(NamedTuple):
    """One entity type in one system."""

    system: str
    entity: str


class EntityState(IntEnum):
    """Is the entity alive?"""

    LIVE = 1
    DEAD = 2
    MERGED = 3  #: absorbed by another entity


class Entity(msgspec.Struct, frozen=True):
    """One entity's canon, in the positions of its type's layout; missing positions are UNSET."""

    eid: int
    state: EntityState
    gen: int  #: generation of every field, unless `gens` differs
    canon: bytes  #: `values.encode_row`
    gens: bytes | None = None  #: msgpack array of int, one per position; None: all are `gen`


class LinkState(IntEnum):
    """What became of a link."""

    OK = 1
    GONE = 2  #: the record was deleted there
    DETACHED = 3  #: no longer kept in agreement


class Link(msgspec.Struct, frozen=True):
    """This record is that entity."""

    eid: int
    key: str
    state: LinkState = LinkState.OK
    fingerprint: bytes | None = None  #: of the raw record last merged; None: look at it anew
    version: str | None = None
    delta: bytes | None = None  #: msgpack {position: [base, seen, generation, rounds]} where they differ from canon
    born: int = 0  #: when first linked [µs]
    stamp: int = 0  #: the system's own time of the change last merged [µs]


class IntentState(IntEnum):
    """How far a batch of writes has come."""

    PLANNED = 1  #: what to send is computed when it is sent
    SENT = 2  #: after a crash: in doubt
    SETTLED = 3


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A batch of changes for one stream, written down before it is sent."""

    iid: int
    stream: Stream
    op: Op
    state: IntentState
    eids: tuple[int, ...]
    cause: int  #: run
    priority: int = 2  #: 0 person, 1 live, 2 reconcile, 3 backfill
    body: bytes | None = None  #: what was sent: msgpack [[eid, {position: [value, generation]}]]; dropped when settled
    sent_at: int = 0  #: [µs]
    doubt_until: int = 0  #: [µs]; before that instant nobody may decide what became of it
    result: bytes | None = None  #: JSON counts of outcomes


class UnsettledState(IntEnum):
    """Why one entity's write to one system has not been acknowledged."""

    BLOCKED = 1  #: waits for the link of a parent
    RETRY = 2  #: will be sent again
    DOUBT = 3  #: may have taken effect
    PARKED = 4  #: refused; a person must look


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """One item that left its batch; at most one per stream and entity."""

    stream: Stream
    eid: int
    state: UnsettledState
    op: Op
    pending: bytes | None = None  #: what was sent: msgpack {position: [value, generation]}
    due: int = 0  #: not before [µs]
    since: int = 0  #: [µs]
    tries: int = 0
    message: str = ""
    run: int = 0


UNREADABLE = "unreadable"  #: reason of a hint that tries a parked record again; no run waits for it


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """This record may have changed. One per record; the earliest due time stands."""

    stream: Stream
    key: str
    reason: str  #: "changed", "missing", "deferred", "reconcile", "webhook"
    due: int  #: not before [µs]
    at: int = 0  #: first given [µs]
    tries: int = 0
    last: int = 0  #: given last [µs]; 0: that was the first time


class ConflictState(IntEnum):
    """How a conflict stands."""

    OPEN = 1  #: the field is frozen until a person decides
    AUTO = 2  #: settled by rule; kept so that the loser is never lost
    RESOLVED = 3


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Two concurrent edits of one field."""

    cid: int  #: 0 until stored
    entity: str
    eid: int
    field: str
    state: ConflictState
    rule: str
    system: str  #: whose edit met the canon
    theirs: bytes  #: `values.encode_row([value])`: the value that came in
    ours: bytes  #: the canonical value that it met
    base: bytes  #: what that system last agreed to
    kept: str = ""  #: "theirs", "ours", "merged", "" while open
    at: int = 0
    run: int = 0
    who: str = ""  #: who resolved it


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of one commit."""

    seq: int
    at: int  #: [µs]
    kind: str  #: "merge", "sent", "settled", "person", "link"
    system: str
    cause: int  #: run
    n: int
    hash: bytes  #: chained: see engine.audit
    body: bytes  #: zstd-compressed msgpack


class Tomb(msgspec.Struct, frozen=True, kw_only=True):
    """A key that must not come back as a new record."""

    stream: Stream
    key: str
    eid: int
    reason: str
    at: int


Documents = Mapping[str, bytes]
