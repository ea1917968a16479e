"""What a system can promise about one resource; what the engine promises follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Locking(StrEnum):
    """What the system offers against lost updates."""

    ETAG = "etag"  #: a version that a write can be made conditional on
    NONE = "none"  #: the hub reads before it writes; a narrow window stays, and is counted


class Deletes(StrEnum):
    """How a delete can be seen."""

    TOMBSTONES = "tombstones"  #: a feed or flag names deleted records
    SWEEP = "sweep"  #: only absence from a complete scan, confirmed by two reads


class ReadBack(StrEnum):
    """How the hub learns what a write stored."""

    BODY = "body"  #: the answer shows the stored record
    GET = "get"  #: one batched get after the write
    VERBATIM = "verbatim"  #: the system stores what it is sent (declared, checked by the probe)


class BatchShape(msgspec.Struct, frozen=True, kw_only=True):
    """How many records one write call carries, and what happens when one is refused."""

    size: int = 1
    atomic: bool = False


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The request budget of a system."""

    per_second: float = 50.0
    burst: int = 50
    reserve: float = 0.2  #: share of the burst that only people may use


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about one resource of one system. Times in seconds; defaults are the cautious ones."""

    precision: float = 1.0  #: g: granularity of the change stamp
    lag: float = 60.0  #: L: how late a list or search may show a change
    settle: float = 1.0  #: r: how late a get may show our own write
    effect: float = 60.0  #: T: how long after we gave up a request may still take effect
    skew: float = 5.0  #: how far the system's clock may be off
    incremental: bool = False  #: `list` honours a cursor
    stamped: bool = False  #: records carry the time of their last change
    locking: Locking = Locking.NONE
    deletes: Deletes = Deletes.SWEEP
    read_back: ReadBack = ReadBack.GET
    batch: BatchShape = BatchShape()
    marker: bool = False  #: a record can carry the hub's own marker, and be searched by it
    marker_unique: bool = False
    idempotency: bool = False  #: a repeated create with the same key is answered, not repeated
    creatable: bool = True
    deletable: bool = True
    archivable: bool = False
    searchable: frozenset[str] = frozenset()  #: system fields that `search` accepts
    normalisers: Mapping[str, str] = {}  #: canonical field -> normaliser of the closed list
    limits: Limits = Limits()

    @property
    def certain(self) -> float:
        """How long after a change a read by key shows what is, whatever was under way then [s]: L + r + T."""
        return self.lag + self.settle + self.effect
