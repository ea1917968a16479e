"""Answers what may be asked of the state, in SQL that every database understands.

Rows are fetched whole, a page at a time, so no query is open while its caller writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import TypeVar

from syncline.errors import SetupError
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
from syncline.ports.store import Batch
from syncline.store import rows as stored
from syncline.store.session import ENDED, NOWHERE, Session

_Item = TypeVar("_Item")

_NEVER = 2**63 - 1  # [µs]
_MARK = b"\1"


class StoredReads:
    """The reads of the store port over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def end(self) -> None:
        """Whoever kept a transaction or a snapshot beyond its block must not go on outside of it."""
        self._session = ENDED

    # --- entities and links

    def fingerprints(self, stream: Stream, keys: Sequence[str]) -> dict[str, tuple[int, bytes | None]]:
        """Key -> (eid, fingerprint)."""
        if not keys:
            return {}
        found = self._session.rows("fingerprints", (self._session.texts(keys),), stream)
        return {key: (eid, fingerprint) for key, eid, fingerprint in found}

    def links(self, stream: Stream, keys: Sequence[str]) -> dict[str, Link]:
        """Links by key."""
        if not keys:
            return {}
        found = self._session.rows("links", (self._session.texts(keys),), stream)
        return {link.key: link for link in stored.links(found)}

    def links_of(self, stream: Stream, eids: Sequence[int]) -> dict[int, Link]:
        """Links by eid."""
        if not eids:
            return {}
        found = self._session.rows("links_of", (self._session.integers(eids),), stream)
        return {link.eid: link for link in stored.links(found)}

    def entities(self, entity: str, eids: Sequence[int]) -> dict[int, Entity]:
        """Entities by eid."""
        if not eids:
            return {}
        found = self._session.rows("entities", (self._session.integers(eids),), Stream("", entity))
        return {row.eid: row for row in stored.entities(found)}

    def merged_into(self, entity: str, eid: int) -> int:
        """The end of the chain of mergers; a chain that bites its tail ends where it began to repeat."""
        seen = {eid}
        while found := self._session.rows("merged_into", (entity, eid)):
            eid = found[0][0]
            if eid in seen:
                break
            seen.add(eid)
        return eid

    def absorbed(self, entity: str, eid: int) -> list[int]:
        """The entities that were merged into this one, those that were merged into them too, ascending."""
        found: set[int] = set()
        open_ones = [eid]
        while open_ones:
            losers = {row[0] for row in self._session.rows("absorbed", (entity, open_ones.pop()))} - found - {eid}
            found |= losers
            open_ones += losers
        return sorted(found)

    def each_entity(self, entity: str, *, after: int = 0, size: int = 500) -> Iterator[Sequence[Entity]]:
        """Entities in pages."""
        of = Stream("", entity)
        return _pages(
            lambda last: stored.entities(self._session.rows("each_entity", (last, size), of)),
            lambda row: row.eid,
            after,
        )

    def tables(self, entity: str, *, since: int = 0) -> Iterator[Batch]:
        """Entities as columns."""
        if find_spec("pyarrow") is None:
            msg = "To read agreed data as tables, pyarrow is needed."
            raise SetupError(msg, cure="Install it with: pip install 'syncline[planning]'")
        from syncline.store.tables import batches  # noqa: PLC0415  a pass needs no tables

        return batches(self, entity, since=since)

    def each_link(self, stream: Stream, *, after: int = 0, size: int = 500) -> Iterator[Sequence[Link]]:
        """Links in pages."""
        return self._link_pages("each_link", stream, after, size)

    def links_with_delta(self, stream: Stream, *, after: int = 0, size: int = 500) -> Iterator[Sequence[Link]]:
        """Links that differ from canon, in pages."""
        return self._link_pages("links_with_delta", stream, after, size)

    def unseen(self, stream: Stream, seen: bytes, *, size: int = 500) -> Iterator[Sequence[Link]]:
        """Links that are not GONE and not marked, in pages."""
        return self._link_pages("unseen", stream, 0, size, seen, _MARK)

    def _link_pages(
        self, query: str, stream: Stream, after: int, size: int, *values: object
    ) -> Iterator[Sequence[Link]]:
        return _pages(
            lambda last: stored.links(self._session.rows(query, (*values, last, size), stream)),
            lambda link: link.eid,
            after,
        )

    def unlinked(self, stream: Stream, *, after: int = 0, size: int = 500) -> Iterator[Sequence[int]]:
        """Eids without a link, in pages."""
        return _pages(
            lambda last: [eid for (eid,) in self._session.rows("unlinked", (last, size), stream)],
            lambda eid: eid,
            after,
        )

    def counts(self, stream: Stream) -> tuple[int, int]:
        """(live entities, links in state OK)."""
        ((live, linked),) = self._session.rows("counts", (), stream)
        return live, linked

    def matching(self, entity: str, rule: int, hashes: Sequence[int]) -> dict[int, list[int]]:
        """Hash -> eids, ascending."""
        if not hashes:
            return {}
        wanted = self._session.integers(sorted(set(hashes)))
        found: dict[int, list[int]] = {}
        for match_hash, eid in self._session.rows("matching", (wanted, rule), Stream("", entity)):
            found.setdefault(match_hash, []).append(eid)
        return found

    # --- work

    def cursor(self, stream: Stream) -> tuple[Cursor | None, int]:
        """The cursor and its epoch."""
        for stamp, token, epoch in self._session.rows("cursor", stream):
            return (None if stamp is None else Cursor(stamp=stamp, token=token)), epoch
        return None, 0

    def hints(self, stream: Stream, *, due: int, limit: int = 500) -> Sequence[Hint]:
        """Hints that are due."""
        return stored.hints(self._session.rows("hints", (*stream, due, limit)))

    def next_due(self, streams: Sequence[Stream] | None = None) -> int | None:
        """The earliest due time."""
        if streams is None:
            found = self._session.rows("next_due")
        else:
            found = [row for stream in streams for row in self._session.rows("next_due_of", (*stream, *stream))]
        return min((int(due) for (due,) in found if due is not None), default=None)

    def intents(self, state: IntentState, stream: Stream | None = None) -> Sequence[Intent]:
        """Intents in a state."""
        query = "settled_intents" if state is IntentState.SETTLED else "open_intents"
        if stream is None:
            return stored.intents(self._session.rows(query, (state,)))
        return stored.intents(self._session.rows(f"{query}_of", (state, *stream)))

    def unsettled(
        self,
        *,
        stream: Stream | None = None,
        state: UnsettledState | None = None,
        due: int | None = None,
        limit: int = 1000,
    ) -> Sequence[Unsettled]:
        """Unsettled rows that meet every given condition."""
        system, entity = stream or NOWHERE
        conditions = (system, system, entity, _NEVER if due is None else due, limit)
        if state is None:
            return stored.unsettled(self._session.rows("unsettled", conditions))
        return stored.unsettled(self._session.rows("unsettled_in", (state, *conditions)))

    def unsettled_of(self, stream: Stream, eids: Sequence[int]) -> dict[int, Unsettled]:
        """Unsettled rows by eid."""
        if not eids:
            return {}
        found = self._session.rows("unsettled_of", (self._session.integers(eids), *stream, *stream))
        return {row.eid: row for row in stored.unsettled(found)}

    def unsettled_counts(self) -> dict[tuple[Stream, UnsettledState], int]:
        """Rows by stream and state."""
        found = self._session.rows("unsettled_counts")
        return {(Stream(system, entity), UnsettledState(state)): count for system, entity, state, count in found}

    # --- history

    def conflicts(
        self, *, entity: str | None = None, state: ConflictState | None = None, limit: int = 1000
    ) -> Sequence[Conflict]:
        """Conflicts, newest first."""
        conditions = (entity or "", entity or "", limit)
        if state is None:
            return stored.conflicts(self._session.rows("conflicts", conditions))
        return stored.conflicts(self._session.rows("conflicts_in", (state, *conditions)))

    def conflict(self, cid: int) -> Conflict | None:
        """One conflict."""
        found = stored.conflicts(self._session.rows("conflict", (cid,)))
        return found[0] if found else None

    def frozen(self, entity: str, eids: Sequence[int]) -> dict[int, frozenset[str]]:
        """Frozen fields by eid."""
        if not eids:
            return {}
        found: dict[int, set[str]] = {}
        for eid, field in self._session.rows("frozen", (self._session.integers(eids), entity, entity)):
            found.setdefault(eid, set()).add(field)
        return {eid: frozenset(fields) for eid, fields in found.items()}

    def audit_head(self) -> tuple[int, bytes]:
        """(last sequence number, its hash)."""
        for seq, digest in self._session.rows("audit_head"):
            return seq, digest
        return 0, b""

    def audit_pages(self, seqs: Sequence[int]) -> dict[int, AuditPage]:
        """Pages by number."""
        if not seqs:
            return {}
        found = self._session.rows("audit_pages", (self._session.integers(seqs),))
        return {page.seq: page for page in stored.audit_pages(found)}

    def audit_log(self, *, after: int = 0, cause: int | None = None, size: int = 100) -> Iterator[AuditPage]:
        """Pages, ascending."""
        query, of_run = ("audit_log", ()) if cause is None else ("audit_log_of", (cause,))
        for pages in _pages(
            lambda last: stored.audit_pages(self._session.rows(query, (*of_run, last, size))),
            lambda page: page.seq,
            after,
        ):
            yield from pages

    def aliases(self, stream: Stream, keys: Sequence[str]) -> dict[str, str]:
        """Old key -> new key."""
        if not keys:
            return {}
        found = self._session.rows("aliases", (self._session.texts(keys), *stream, *stream))
        return dict(found)

    def tombs(self, stream: Stream, keys: Sequence[str]) -> dict[str, Tomb]:
        """Tombs by key."""
        if not keys:
            return {}
        found = self._session.rows("tombs", (self._session.texts(keys), *stream, *stream))
        return {tomb.key: tomb for tomb in stored.tombs(found)}

    def document(self, kind: str, name: str) -> bytes | None:
        """One document."""
        return self.documents(kind, [name]).get(name)

    def documents(self, kind: str, names: Sequence[str] | None = None) -> Documents:
        """Documents by ascending name."""
        if names is None:
            return dict(self._session.rows("all_documents", (kind,)))
        if not names:
            return {}
        return dict(self._session.rows("documents", (self._session.texts(names), kind)))


def _pages(
    fetch: Callable[[int], Sequence[_Item]], place: Callable[[_Item], int], after: int
) -> Iterator[Sequence[_Item]]:
    """Fetch page after page, each from the place where the last one ended, so that writes in between do no harm."""
    while page := fetch(after):
        yield page
        after = place(page[-1])
