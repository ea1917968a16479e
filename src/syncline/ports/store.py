"""The store port: where the hub keeps its state. Rows cross it in pages; a transaction is all or nothing.

Single writer: one hub process per store, one thread. Reads see what the open transaction has written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from syncline.model.page import Cursor
from syncline.model.state import (
    AuditPage,
    Conflict,
    ConflictState,
    Documents,
    Entity,
    Hint,
    Intent,
    IntentState,
    Link,
    Stream,
    Tomb,
    Unsettled,
    UnsettledState,
)


class Batch(Protocol):
    """Rows as columns, for whatever library speaks Arrow (its PyCapsule interface)."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The schema and the columns."""
        ...


class Reads(Protocol):
    """What may be asked, inside a transaction or outside."""

    def fingerprints(self, stream: Stream, keys: Sequence[str]) -> dict[str, tuple[int, bytes | None]]:
        """Key -> (eid, fingerprint) of the links that exist, whatever their state. The hot path of a full re-read."""
        ...

    def links(self, stream: Stream, keys: Sequence[str]) -> dict[str, Link]:
        """Links by the system's key."""
        ...

    def links_of(self, stream: Stream, eids: Sequence[int]) -> dict[int, Link]:
        """Links by eid."""
        ...

    def entities(self, entity: str, eids: Sequence[int]) -> dict[int, Entity]:
        """Entities by eid."""
        ...

    def merged_into(self, entity: str, eid: int) -> int:
        """The surviving entity (followed to the end of the chain); `eid` itself when it was not merged."""
        ...

    def absorbed(self, entity: str, eid: int) -> Sequence[int]:
        """The entities that were merged into this one, those that were merged into them too, ascending."""
        ...

    def each_entity(self, entity: str, *, after: int = 0, size: int = 500) -> Iterator[Sequence[Entity]]:
        """All entities in pages by ascending eid. Safe against writes between pages."""
        ...

    def tables(self, entity: str, *, since: int = 0) -> Iterator[Batch]:
        """The entities of a type as columns: those with a field of a generation above `since`, and all that are gone.

        Columns are `eid`, `live`, `merged_into` (eid, of one that was absorbed), `gen` (the newest generation of a
        field), `known_at` (when that was agreed on), then the fields of the layout, typed by the definition of the
        entity: numbers as float64, dates, instants, references as eids, lines as lists of structs; text for what has
        no definition. All but `eid` and `live` may be null. Nothing comes of a type that nobody has. SetupError
        without pyarrow.
        """
        ...

    def each_link(self, stream: Stream, *, after: int = 0, size: int = 500) -> Iterator[Sequence[Link]]:
        """All links in pages by ascending eid. Safe against writes between pages."""
        ...

    def unseen(self, stream: Stream, seen: bytes, *, size: int = 500) -> Iterator[Sequence[Link]]:
        """Links that are not GONE, whose byte of `seen`, one per eid from 0 on, is not 1, in pages by ascending eid."""
        ...

    def links_with_delta(self, stream: Stream, *, after: int = 0, size: int = 500) -> Iterator[Sequence[Link]]:
        """Links in state OK whose delta is not null, in pages by ascending eid."""
        ...

    def unlinked(self, stream: Stream, *, after: int = 0, size: int = 500) -> Iterator[Sequence[int]]:
        """Eids of live entities of the stream's type that have no link row there, in pages, ascending."""
        ...

    def counts(self, stream: Stream) -> tuple[int, int]:
        """(live entities of the type, links in state OK)."""
        ...

    def cursor(self, stream: Stream) -> tuple[Cursor | None, int]:
        """The cursor, None at the start, and its epoch."""
        ...

    def hints(self, stream: Stream, *, due: int, limit: int = 500) -> Sequence[Hint]:
        """Hints due at or before `due` [µs], earliest first."""
        ...

    def next_due(self, streams: Sequence[Stream] | None = None) -> int | None:
        """The earliest due time [µs] of a hint or of an unsettled row in RETRY, DOUBT; None when nothing waits.

        Of these streams, or of all. A hint to read what could not be read before is none that anybody waits for.
        """
        ...

    def intents(self, state: IntentState, stream: Stream | None = None) -> Sequence[Intent]:
        """Intents in `state`, oldest first, of one stream or of all."""
        ...

    def unsettled(
        self,
        *,
        stream: Stream | None = None,
        state: UnsettledState | None = None,
        due: int | None = None,
        limit: int = 1000,
    ) -> Sequence[Unsettled]:
        """Unsettled rows that meet every given condition, earliest due first."""
        ...

    def unsettled_of(self, stream: Stream, eids: Sequence[int]) -> dict[int, Unsettled]:
        """Unsettled rows by eid."""
        ...

    def unsettled_counts(self) -> dict[tuple[Stream, UnsettledState], int]:
        """How many rows stand in each state."""
        ...

    def conflicts(
        self, *, entity: str | None = None, state: ConflictState | None = None, limit: int = 1000
    ) -> Sequence[Conflict]:
        """Conflicts, newest first."""
        ...

    def conflict(self, cid: int) -> Conflict | None:
        """One conflict."""
        ...

    def frozen(self, entity: str, eids: Sequence[int]) -> dict[int, frozenset[str]]:
        """Fields with an open conflict, by eid."""
        ...

    def audit_head(self) -> tuple[int, bytes]:
        """(last sequence number, its hash); (0, b"") at the start."""
        ...

    def audit_pages(self, seqs: Sequence[int]) -> dict[int, AuditPage]:
        """Pages by sequence number."""
        ...

    def audit_log(self, *, after: int = 0, cause: int | None = None, size: int = 100) -> Iterator[AuditPage]:
        """Pages by ascending sequence number, of one run or of all."""
        ...

    def matching(self, entity: str, rule: int, hashes: Sequence[int]) -> dict[int, list[int]]:
        """Match key hash (signed 64 bit) -> eids that have it under match rule number `rule`."""
        ...

    def aliases(self, stream: Stream, keys: Sequence[str]) -> dict[str, str]:
        """Old key -> new key."""
        ...

    def tombs(self, stream: Stream, keys: Sequence[str]) -> dict[str, Tomb]:
        """Tombs by key. Cheap when the stream has none."""
        ...

    def document(self, kind: str, name: str) -> bytes | None:
        """One small document of the hub (a layout, a run's ledger, a plan, a learned normaliser)."""
        ...

    def documents(self, kind: str, names: Sequence[str] | None = None) -> Documents:
        """Name -> body, of the given names or of all, by ascending name. Cheap when the kind has none."""
        ...


class Writes(Protocol):
    """What a transaction may change."""

    def new_eids(self, entity: str, n: int) -> int:
        """Take `n` consecutive eids; the first of them."""
        ...

    def insert_entities(self, entity: str, rows: Sequence[Entity]) -> None:
        """New entities."""
        ...

    def update_entities(self, entity: str, rows: Sequence[Entity]) -> None:
        """Replace state, gen, canon and gens by eid."""
        ...

    def merge_entity(self, entity: str, eid: int, into: int) -> None:
        """Remember that `eid` was absorbed by `into` (its state is changed with `update_entities`)."""
        ...

    def insert_links(self, stream: Stream, rows: Sequence[Link]) -> None:
        """New links; a key or eid that is linked already is an error (the last line against doubling)."""
        ...

    def update_links(self, stream: Stream, rows: Sequence[Link]) -> None:
        """Replace every column by eid."""
        ...

    def drop_links(self, stream: Stream, eids: Sequence[int]) -> None:
        """Remove link rows (a re-key or merge has an alias for each)."""
        ...

    def touch_links(self, stream: Stream, rows: Sequence[tuple[int, bytes | None, str | None, int]]) -> None:
        """Set (eid, fingerprint, version, stamp) alone."""
        ...

    def put_cursor(self, stream: Stream, cursor: Cursor | None, *, epoch: int | None = None) -> None:
        """Set the cursor; within an epoch its stamp never goes back (a smaller one is ignored)."""
        ...

    def put_hints(self, rows: Sequence[Hint]) -> None:
        """Add hints; where one exists, the earlier due time and the first reason stay.

        `tries` is the greater, `last` the new one.
        """
        ...

    def replace_hints(self, rows: Sequence[Hint]) -> None:
        """Set hints as given, whatever stood there; one whose `last` is another keeps it, and is due no later."""
        ...

    def drop_hints(self, rows: Sequence[Hint]) -> None:
        """Forget hints as they were read; one that has been given again since stays."""
        ...

    def add_intent(self, intent: Intent) -> int:
        """Store a new intent (its iid is ignored); the iid it got."""
        ...

    def update_intent(self, intent: Intent) -> None:
        """Replace every column by iid."""
        ...

    def drop_settled(self, *, before: int, limit: int) -> None:
        """Of the `limit` oldest intents, remove those that are settled and whose run is `before` this one."""
        ...

    def put_unsettled(self, rows: Sequence[Unsettled]) -> None:
        """Insert or replace by (stream, eid)."""
        ...

    def drop_unsettled(self, stream: Stream, eids: Sequence[int]) -> None:
        """Remove rows."""
        ...

    def add_conflicts(self, rows: Sequence[Conflict]) -> None:
        """Store new conflicts (cid is ignored). An OPEN one replaces the open one of the same entity and field."""
        ...

    def update_conflict(self, row: Conflict) -> None:
        """Replace by cid."""
        ...

    def append_audit(self, page: AuditPage) -> None:
        """Append; `seq` must follow the head."""
        ...

    def put_matching(self, entity: str, rows: Sequence[tuple[int, int, int]]) -> None:
        """Add (match rule number, key hash, eid); one that exists is left alone."""
        ...

    def drop_matching(self, entity: str, eids: Sequence[int]) -> None:
        """Remove every match key of these entities."""
        ...

    def put_aliases(self, stream: Stream, rows: Sequence[tuple[str, str]]) -> None:
        """Old key -> new key; replaces."""
        ...

    def put_tombs(self, rows: Sequence[Tomb]) -> None:
        """Add or replace tombs."""
        ...

    def drop_tombs(self, stream: Stream, keys: Sequence[str]) -> None:
        """Remove tombs (an un-delete)."""
        ...

    def put_documents(self, kind: str, rows: Documents) -> None:
        """Insert or replace documents by name."""
        ...

    def drop_documents(self, kind: str, names: Sequence[str]) -> None:
        """Remove documents."""
        ...


class Transaction(Reads, Writes, Protocol):
    """Reads and writes that become durable together, or not at all."""


class Store(Reads, Protocol):
    """The hub's state. Opening takes the store for this process; StoreBusyError when another hub has it.

    Any call raises StoreLostError when the store is out of reach, StoreFailedError when a person must act first. After
    the former nobody knows whether a commit under way happened: the store, and the hub on it, are to be opened anew.
    """

    def prepare(self, streams: Sequence[Stream]) -> None:
        """Make the tables that these streams need. Idempotent."""
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Commit at the end of the block, roll back when it raises. Not nested."""
        ...

    def snapshot(self) -> AbstractContextManager[Reads]:
        """Reads as of one moment, whatever another process commits meanwhile. Not nested, and not in a transaction."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """Let the transactions of this block become durable as one: at `flush`, and at its end. Not nested.

        A transaction that raises takes back its own changes alone. A block that an Exception ends keeps what its
        transactions completed; one that is stopped (any other BaseException) loses what was not flushed, like a crash.
        """
        ...

    def flush(self) -> None:
        """Make durable what `together` holds back, before anybody outside may learn of it."""
        ...

    def close(self) -> None:
        """Let the store go."""
        ...
