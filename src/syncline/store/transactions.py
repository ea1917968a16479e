"""Changes the state, all or nothing, in SQL that every database understands."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import astuple

from syncline.errors import StoreFailedError
from syncline.model.page import Cursor
from syncline.model.state import (
    AuditPage,
    Conflict,
    ConflictState,
    Documents,
    Entity,
    Hint,
    Intent,
    Link,
    Stream,
    Tomb,
    Unsettled,
)
from syncline.store import rows as stored
from syncline.store.reads import StoredReads


class StoredTransaction(StoredReads):
    """The reads and writes of the store port, until the transaction ends."""

    # --- entities and links

    def new_eids(self, entity: str, n: int) -> int:
        """The first of `n` consecutive eids."""
        ((last,),) = self._session.rows("take_numbers", (f"eid of {entity}", n))
        return int(last) - n + 1

    def insert_entities(self, entity: str, rows: Sequence[Entity]) -> None:
        """New entities."""
        self._session.page("insert_entities", map(astuple, rows), Stream("", entity))

    def update_entities(self, entity: str, rows: Sequence[Entity]) -> None:
        """Replace by eid."""
        values = [(*astuple(row)[1:], row.eid) for row in rows]
        self._session.page("update_entities", values, Stream("", entity))

    def merge_entity(self, entity: str, eid: int, into: int) -> None:
        """Remember the merger."""
        self._session.page("merge_entity", [(entity, eid, into)])

    def insert_links(self, stream: Stream, rows: Sequence[Link]) -> None:
        """New links."""
        self._session.page("insert_links", map(astuple, rows), stream)

    def update_links(self, stream: Stream, rows: Sequence[Link]) -> None:
        """Replace by eid."""
        values = [(row.state, row.fingerprint, row.version, row.delta, row.born, row.stamp, row.eid) for row in rows]
        self._session.page("update_links", values, stream)
        known = self.fingerprints(stream, [row.key for row in rows])
        moved = [(row.key, row.eid) for row in rows if row.key not in known or known[row.key][0] != row.eid]
        if moved:
            self._session.page("rekey_links", moved, stream)

    def touch_links(self, stream: Stream, rows: Sequence[tuple[int, bytes | None, str | None, int]]) -> None:
        """Set fingerprint, version and stamp by eid."""
        self._session.page("touch_links", [(mark, version, stamp, eid) for eid, mark, version, stamp in rows], stream)

    def drop_links(self, stream: Stream, eids: Sequence[int]) -> None:
        """Remove link rows."""
        if eids:
            self._session.rows("drop_links", (self._session.integers(eids),), stream)

    def put_matching(self, entity: str, rows: Sequence[tuple[int, int, int]]) -> None:
        """Add match keys."""
        self._session.page("put_matching", rows, Stream("", entity))

    def drop_matching(self, entity: str, eids: Sequence[int]) -> None:
        """Remove match keys."""
        if eids:
            self._session.rows("drop_matching", (self._session.integers(eids),), Stream("", entity))

    # --- work

    def put_cursor(self, stream: Stream, cursor: Cursor | None, *, epoch: int | None = None) -> None:
        """Set the cursor; to go back, even to the start, takes a new epoch."""
        standing, current = self.cursor(stream)
        epoch = current if epoch is None else epoch
        if epoch == current and standing is not None and (cursor is None or cursor.stamp < standing.stamp):
            return
        stamp, token = (None, "") if cursor is None else (cursor.stamp, cursor.token)
        self._session.page("put_cursor", [(*stream, stamp, token, epoch)])

    def put_hints(self, rows: Sequence[Hint]) -> None:
        """Add hints."""
        self._session.page("put_hints", map(stored.hint_values, rows))

    def replace_hints(self, rows: Sequence[Hint]) -> None:
        """Set hints."""
        self._session.page("replace_hints", map(stored.hint_values, rows))

    def drop_hints(self, rows: Sequence[Hint]) -> None:
        """Forget hints that are still as they were read."""
        values = [(*row.stream, row.key, row.due, row.tries, row.last) for row in rows]
        self._session.page("drop_hints", values)

    def add_intent(self, intent: Intent) -> int:
        """The number of the new intent."""
        ((iid,),) = self._session.rows("add_intent", stored.intent_values(intent))
        return int(iid)

    def update_intent(self, intent: Intent) -> None:
        """Replace by number."""
        self._session.page("update_intent", [(*stored.intent_values(intent), intent.iid)])

    def drop_settled(self, *, before: int, limit: int) -> None:
        """Remove old settled intents."""
        self._session.rows("drop_settled", (limit, before))

    def put_unsettled(self, rows: Sequence[Unsettled]) -> None:
        """Insert or replace."""
        self._session.page("put_unsettled", map(stored.unsettled_values, rows))

    def drop_unsettled(self, stream: Stream, eids: Sequence[int]) -> None:
        """Remove rows."""
        if eids:
            self._session.rows("drop_unsettled", (self._session.integers(eids), *stream))

    # --- history

    def add_conflicts(self, rows: Sequence[Conflict]) -> None:
        """Store conflicts, each in its turn: a later open one replaces an earlier of the same field."""
        for row in rows:
            if row.state is ConflictState.OPEN:
                self._session.page("replace_open_conflict", [(row.entity, row.eid, row.field)])
            self._session.page("add_conflicts", [astuple(row)[1:]])

    def update_conflict(self, row: Conflict) -> None:
        """Replace by number."""
        self._session.page("update_conflict", [(*astuple(row)[1:], row.cid)])

    def append_audit(self, page: AuditPage) -> None:
        """Append after the head."""
        head, _hash = self.audit_head()
        if page.seq != head + 1:
            msg = f"The audit log stands at page {head}; page {page.seq} cannot follow it."
            raise StoreFailedError(
                msg,
                cure="Run the command again; if it persists, restore the store from a backup.",
            )
        self._session.page("append_audit", [astuple(page)])

    def put_aliases(self, stream: Stream, rows: Sequence[tuple[str, str]]) -> None:
        """Old key -> new key."""
        self._session.page("put_aliases", [(*stream, old, new) for old, new in rows])

    def put_tombs(self, rows: Sequence[Tomb]) -> None:
        """Add or replace tombs."""
        values = [(*row.stream, row.key, row.eid, row.reason, row.at) for row in rows]
        self._session.page("put_tombs", values)

    def drop_tombs(self, stream: Stream, keys: Sequence[str]) -> None:
        """Remove tombs."""
        if keys:
            self._session.rows("drop_tombs", (self._session.texts(keys), *stream))

    def put_documents(self, kind: str, rows: Documents) -> None:
        """Insert or replace."""
        self._session.page("put_documents", [(kind, name, body) for name, body in rows.items()])

    def drop_documents(self, kind: str, names: Sequence[str]) -> None:
        """Remove documents."""
        if names:
            self._session.rows("drop_documents", (self._session.texts(names), kind))
