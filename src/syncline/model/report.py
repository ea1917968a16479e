"""What a person or a script is told: the answers of the operations behind the commands.

Plain data that `msgspec.to_builtins` turns into JSON as it stands. Instants are microseconds since 1970, UTC; 0 means
never. Values are canonical ones, as `plain` gives them: an absent value is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncline.model.figures import Figures
from syncline.model.values import UNSET, Value


def plain(value: Value) -> object:
    """A canonical value as JSON knows it: what is absent is null."""
    if value is UNSET:
        return None
    if isinstance(value, Mapping):
        return {key: {name: plain(one) for name, one in line.items()} for key, line in value.items()}
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAccount:
    """One flow and system of a run: what was read from it and what was sent to it, by outcome, without zeros."""

    flow: str
    system: str
    read: int
    reads: Mapping[str, int]
    intended: int
    sent: Mapping[str, int]
    window: int = 0  #: writes to a system without locking


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far the systems agree, over the flows asked for."""

    records: int  #: live entities
    agreed: int  #: those that nothing stands in the way of: no conflict, nothing parked, pending, or missing
    conflicts: int  #: open ones
    parked: int  #: refused writes and unreadable records
    waiting: int  #: records with a write that is planned, to be retried, blocked or in doubt
    questions: int  #: records that wait for a person to say which entity they are
    verified_through: int  #: the latest instant up to which every one of the systems has been read


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run and where it leaves the systems."""

    run: int
    started: int
    finished: int  #: 0: it was interrupted
    accounts: tuple[RunAccount, ...]
    held: tuple[str, ...]  #: what waits for approval, and why
    paused: Mapping[str, str]  #: "flow system" or system -> why it was left out
    problems: tuple[str, ...] = ()
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDiff:
    """One field that a write would change in one system."""

    field: str
    before: object  #: what the system shows
    after: object
    reason: str  #: "edited in crm", "owned by erp, put back"
    at: int = 0  #: when that happened


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """One record that a run would write."""

    flow: str
    entity: str
    system: str
    op: str  #: "create", "update", "delete", "archive"
    eid: int
    label: str
    key: str  #: the system's key; "" for a create
    fields: tuple[FieldDiff, ...]
    waits: str = ""  #: why it would not be sent although planned: a parent, a pause, an earlier refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes that a run would make, saved under `id`, to be applied exactly or refused."""

    id: str
    made: int
    run: int  #: the run that read for it
    flows: tuple[str, ...]
    items: tuple[PlanItem, ...]  #: the first of them
    more: int  #: items that are part of the plan but not shown
    counts: Mapping[str, int]  #: "create", "update", "delete", "archive" -> records that would be written
    waiting: int = 0  #: records among the items that would not be written: see `PlanItem.waits`
    conflicts: int
    parked: int
    questions: int
    held: tuple[str, ...]
    paused: Mapping[str, str]
    applied: int = 0  #: the run that applied it


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSide:
    """One system in the match stage."""

    system: str
    records: int  #: linked or asked about
    linked: int  #: to a record of another system
    rules: Mapping[str, int]  #: how those were linked -> records; only of links made by the match stage
    asked: int
    only_here: int
    created_in: tuple[str, ...]  #: systems where the records that are only here will be created
    created_when: tuple[str, ...] = ()  #: systems where they will be once they meet a condition
    read: bool  #: has every record there been seen?


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReport:
    """What the match stage of one flow found."""

    flow: str
    entity: str
    run: int
    sides: tuple[MatchSide, ...]
    paused: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entity that a record may be."""

    eid: int
    label: str
    keys: Mapping[str, str]  #: system -> key
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A record that waits for a person: which entity is it, or is it a new one?"""

    flow: str
    system: str
    key: str
    label: str
    reason: str
    candidates: tuple[Candidate, ...]
    settled: str = ""  #: "new" or an eid, once answered; the next run acts on it


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatus:
    """One flow in one system."""

    flow: str
    entity: str
    system: str
    entities: int  #: live ones of the flow
    links: int
    matched: bool  #: every record there has been seen once
    cursor: str  #: how far it has been read: an instant in ISO 8601, a token, or ""
    verified_through: int  #: when the last complete run that read it ended
    planned: int  #: records with a write planned
    retrying: int
    blocked: int
    in_doubt: int
    parked: int
    conflicts: int  #: open ones whose news came from this system
    questions: int
    hints: int  #: records to be read again, those due soonest; at most 1,000 are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where the hub stands."""

    at: int
    store_id: str
    streams: tuple[StreamStatus, ...]
    runs: tuple[RunReport, ...]  #: the last ten, newest first
    interrupted: tuple[int, ...]  #: runs that never finished
    held: tuple[str, ...]  #: of the last run
    paused: Mapping[str, str]  #: of the last run
    waiting_plans: tuple[str, ...] = ()  #: plans that were not applied
    figures: Figures | None = None  #: those that are cheap to tell


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftCount:
    """Fields compared, and by cause those that differ: `fields` is the sum of all the others."""

    fields: int = 0
    equal: int = 0
    in_flight: int = 0  #: planned, sent, in doubt or to be retried
    blocked: int = 0  #: waits for a parent, or for approval, or for longer than five minutes
    conflict: int = 0
    parked: int = 0
    read_only: int = 0  #: differs where the hub may not write
    unexplained: int = 0

    @property
    def share(self) -> float:
        """Share of equal fields [0..1]; 1 when nothing is compared."""
        return self.equal / self.fields if self.fields else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRow:
    """How far two systems of one flow differ, in the fields that both carry."""

    flow: str
    left: str
    right: str
    records: int  #: live entities that both have, or that one has and the other should have
    total: DriftCount
    by_field: Mapping[str, DriftCount]  #: only fields that are not equal throughout
    unexplained: tuple[str, ...]  #: "entity:key.field" of the first unexplained ones
    verified_through: int
    repaired: int = 0  #: records whose write was planned anew


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """Two concurrent edits of one field."""

    cid: int
    flow: str
    entity: str
    eid: int
    label: str
    keys: Mapping[str, str]
    field: str  #: a field, an atomic group, or "*" for the record as a whole
    names: tuple[str, ...]  #: the fields that it is about, in the order of the values
    state: str  #: "open", "auto", "resolved"
    rule: str
    system: str  #: whose edit met the canon
    theirs: tuple[object, ...]
    ours: tuple[object, ...]
    base: tuple[object, ...]
    kept: str  #: "theirs", "ours", "merged", a system, "value"; "" while open
    at: int
    run: int
    who: str = ""
    agreed: int = 0  #: told when deciding: the generation of `ours`; 0 while it is as when the conflict was opened


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRow:
    """A record that was refused and waits for a person, alone."""

    number: int  #: stays with this refusal for as long as it is parked
    kind: str  #: "write": the system refused it; "read": the mapping does not understand it
    flow: str
    entity: str
    system: str
    key: str
    eid: int  #: 0 for a record that was never linked
    label: str
    op: str
    message: str  #: in the system's own words
    fields: Mapping[str, object]  #: what was sent, or the field that could not be read
    tries: int
    since: int
    suggestion: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)  #: system -> key of the same entity, where it is linked


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened to one entity, in one line."""

    at: int
    seq: int  #: of the audit page
    run: int
    kind: str  #: "created", "changed", "linked", "rejected", "deleted", "sent", "refused", "conflict", "reopened", ...
    system: str  #: where it came from or went to; "" for a person
    text: str
    field: str = ""
    before: object = None
    after: object = None
    stamp: int = 0  #: the system's own time of the change
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a field has its value."""

    entity: str
    eid: int
    label: str
    keys: Mapping[str, str]
    field: str
    value: object
    shown: Mapping[str, object]  #: system -> what it shows
    happenings: tuple[Happening, ...]  #: newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything that happened to one entity."""

    entity: str
    eid: int
    label: str
    keys: Mapping[str, str]
    state: str  #: "live", "dead", "merged"
    values: Mapping[str, object]
    happenings: tuple[Happening, ...]  #: oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRow:
    """One change of the run that is undone, or why it cannot be."""

    entity: str
    eid: int
    label: str
    what: str  #: "changed", "created", "deleted", "linked"
    field: str = ""
    before: object = None  #: what is brought back
    after: object = None  #: what the run had made of it
    reason: str = ""  #: why it is not undone; "" when it is


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoReport:
    """The compensation of one run."""

    undone: int  #: the run that was undone
    run: int  #: the run that did it; 0 when there was nothing to undo
    rows: tuple[UndoRow, ...]  #: undone
    left: tuple[UndoRow, ...]  #: not undone, each with its reason
    sent: RunReport | None = None  #: the delivery, where one was asked for
    note: str = ""  #: why there was nothing to undo at all


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """Does the audit log tell the truth?"""

    pages: int
    broken: tuple[int, ...]  #: sequence numbers of pages whose hash does not follow
    entities: int  #: compared with the canon that the log gives
    erased: int  #: entities that cannot be compared, for a person's values were erased from the log
    differing: tuple[str, ...]  #: "entity #eid: field, field"

    @property
    def good(self) -> bool:
        """Nothing is broken and nothing differs."""
        return not self.broken and not self.differing


@dataclass(frozen=True, slots=True, kw_only=True)
class Normaliser:
    """What a system does to the values of one field."""

    system: str
    entity: str
    field: str
    name: str
    origin: str  #: "declared", "learned", "observed" (too few samples yet), "refused"
    samples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A person's edit of canon."""

    run: int
    entity: str
    eid: int
    label: str
    fields: tuple[FieldDiff, ...]
    systems: tuple[str, ...] = field(default=())  #: that will be written
