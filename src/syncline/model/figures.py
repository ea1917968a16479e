"""The sync's own figures, as they are told. Times in seconds unless said otherwise, instants in µs since 1970, UTC.

The colours are `green`, `amber` and `red`; docs/explanation/figures.md says what each figure means and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class ExchangeFigure(msgspec.Struct, frozen=True, kw_only=True):
    """What one system was owed and was given, since the counters began; and how late it is."""

    flow: str
    system: str
    began: int
    captured: int
    applied: int
    rejected: int
    parked: int
    backlog: int
    missing: int  #: captured - applied - rejected - parked - backlog: 0, or the books are wrong
    lag_p50: float  #: age of the oldest change that a record lacks, over all records [s]
    lag_p95: float
    lag_p99: float
    open_24h: float  #: integral of what is open [record-hours], since `window_24h`
    open_30d: float
    window_24h: int  #: when the window begins: a full hour, or when the counters began
    window_30d: int
    burn_1h: float  #: how many times faster than allowed the error budget is used up [-]
    burn_6h: float
    heartbeat: float  #: since it was last read to the end [s]; -1: never, or it is only written
    lights: Mapping[str, str]  #: "identity", "lag", "budget", "heartbeat" -> colour


class FieldGap(msgspec.Struct, frozen=True, kw_only=True):
    """One field of which systems show different values."""

    field: str
    comparable: int
    settled: int
    in_flight: int
    net: str = ""  #: sum of (follower - owner) over what is settled, in `unit`; "" where it cannot be reckoned
    gross: str = ""  #: sum of the amounts of the differences
    ledger: str = ""  #: sum of the amounts of the owner's values, of a field that may be summed up
    unit: str = ""


class DriftFigure(msgspec.Struct, frozen=True, kw_only=True):
    """eps: where a follower shows something that its owner did not hold within the time that a change may take."""

    flow: str
    comparable: int  #: pairs of owner and follower, by record and field
    settled: int
    in_flight: int
    missing: int  #: records that a system should have and lacks
    orphans: int  #: records of entities that are deleted
    rate: float  #: settled / comparable [0..1]
    fields: tuple[FieldGap, ...]
    lights: Mapping[str, str]  #: "rate", and "money NAME" -> colour


class CheckFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, tried on the agreed values."""

    rule: str
    sort: str
    tried: int
    passed: int


class ValidationFigure(msgspec.Struct, frozen=True, kw_only=True):
    """w: the mean of the validation score over the last 24 hours, one sample in five minutes at most."""

    flow: str
    score: float  #: of the last sample [0..1]
    w: float
    low: float  #: the same of the lower bounds, where records are sampled; else w
    samples: int  #: 288 in a whole day
    sampled: bool  #: was only a part of the records looked at?
    checks: tuple[CheckFigure, ...]  #: of the last sample
    light: str


class VolumeFigure(msgspec.Struct, frozen=True, kw_only=True):
    """dS: what one run has changed of the agreed values."""

    run: int
    inserts: int
    updates: int
    deletes: int
    fields: int
    bytes: int  #: as the log keeps it, compressed
    records: int
    ratio: float
    light: str


class MappingFigure(msgspec.Struct, frozen=True, kw_only=True):
    """How well the mapping of one system keeps what it carries."""

    flow: str
    system: str
    mapped: int
    offered: int  #: fields that the system has; 0 where it does not say
    coverage: float  #: mapped / offered; 0 where the system does not say
    compared: int  #: values that were written and read back, in memory
    kept: int  #: of those, the ones that came back as they were
    lossy: tuple[str, ...]  #: fields of those that did not
    ambiguous: tuple[str, ...]  #: fields in which different values are written alike
    changed: tuple[str, ...]  #: dM: fields whose mapping was last changed
    changed_at: int
    light: str

    @property
    def round_trip(self) -> float:
        """Share of values that come back [0..1]."""
        return self.kept / self.compared if self.compared else 1.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    at: int
    light: str  #: the worst of all
    exchange: tuple[ExchangeFigure, ...]
    validation: tuple[ValidationFigure, ...] = ()
    volume: VolumeFigure | None = None
    drift: tuple[DriftFigure, ...] = ()  #: only when it was asked for: every record is looked at
    mappings: tuple[MappingFigure, ...] = ()
    findings: Mapping[str, int] = {}  #: "flow system" -> findings that only warn


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record that flows although it breaks a rule."""

    flow: str
    system: str
    key: str
    rule: str
    field: str
    value: str
    reason: str
    cure: str
    since: int
