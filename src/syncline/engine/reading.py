"""How a page came to be read, and the rows of it that must be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import msgspec

from syncline.engine.codec import Pending
from syncline.engine.hints import Hinted
from syncline.engine.keepable import KEYLESS
from syncline.model.values import Value, decode_row

NOT_HINTED = Hinted()


class Row(msgspec.Struct):
    """One record that has survived the fingerprints."""

    key: str
    raw: bytes
    print: bytes
    version: str | None
    stamp: int
    eid: int = 0
    positions: tuple[int, ...] = ()
    carried: Sequence[Value] = ()  #: in the order of `positions`
    encoded: bytes = b""  #: the same as bytes, in its stead
    by_position: dict[int, Value] | None = None
    stale: Set[int] = frozenset()  #: positions that show a former key of their parent

    @property
    def values(self) -> dict[int, Value]:
        """Position -> value. Made when it is first asked for: a new record's row goes straight into canon."""
        if self.by_position is None:
            carried = decode_row(self.encoded) if self.encoded else self.carried
            self.by_position = dict(zip(self.positions, carried, strict=True))
        return self.by_position


class Reading(msgspec.Struct, kw_only=True):
    """How a page came to be read."""

    exact: bool  #: read by key after every barrier: what it shows is the truth
    scanned: bytearray | None = None  #: one byte per eid seen, for the sweep for deletes
    pending: Mapping[int, Pending] = {}  #: our own doubtful writes, by eid
    owner_of: Mapping[str, int] = {}  #: key -> eid, where it is known whose create this is
    keyless: set[str] = set()  #: names of parked records of which not even the key is known
    circling: frozenset[str] = frozenset()  #: keys of records that are taken without parents that are not known yet
    gather: bool = False  #: pages in which little has changed share one commit
    buried: set[str] = set()  #: keys that the listing says are deleted
    overtaken: set[str] = set()  #: keys of records that are known by now as they were after this listing began
    gathered: dict[str, Row] = {}
    hinted: Hinted = NOT_HINTED
    since: int = 0  #: when the oldest of those was listed, or of this page [µs]

    def name(self, key: str) -> str:
        """The name to park a record by: its key, or for one without a key a name that no other of this reading has."""
        if not key.startswith(KEYLESS):
            return key
        name, number = key, 1
        while name in self.keyless:
            number += 1
            name = f"{key}/{number}"
        self.keyless.add(name)
        return name
