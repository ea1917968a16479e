"""One step's changes, gathered and then committed as one transaction with its audit page.

Everything that a step decides is first data in a `Step`. `commit` writes it: entities, links, intents, cursor and audit
become durable together, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine import exchange
from syncline.engine.audit import Entry
from syncline.engine.hub import Hub, Run
from syncline.engine.kinds import UNPLACED, former, mistaken, moved, remade
from syncline.model.page import Cursor, Op
from syncline.model.state import (
    Conflict,
    ConflictState,
    Entity,
    EntityState,
    Hint,
    Intent,
    IntentState,
    Link,
    Stream,
    Tomb,
    Unsettled,
)
from syncline.ports.store import Transaction

ASK = "ask "  #: begins the kind of the documents that hold the questions of a stream
DEFAULT_BATCH = 50  #: items of an intent where the system takes single writes


class Step(msgspec.Struct, kw_only=True):
    """What one commit will change."""

    kind: str
    system: str
    entity: str
    gen: int  #: generation, and audit sequence number, of this commit
    new_entities: list[Entity] = []
    entities: dict[int, Entity] = {}
    new_links: dict[Stream, list[Link]] = {}
    links: dict[tuple[Stream, int], Link] = {}
    created: dict[Stream, int] = {}  #: so many of the first new links answer creates of live entities, as sent
    touched: dict[Stream, list[tuple[int, bytes | None, str | None, int]]] = {}
    dropped_links: dict[Stream, list[int]] = {}
    merged: list[tuple[int, int]] = []
    entries: list[Entry] = []
    conflicts: list[Conflict] = []
    resolved: list[Conflict] = []
    hints: list[Hint] = []
    moved_hints: list[Hint] = []
    done_hints: list[Hint] = []
    work: dict[tuple[Stream, Op], list[int]] = {}
    intents: list[Intent] = []
    unsettled: list[Unsettled] = []
    settled: dict[Stream, list[int]] = {}
    matching: list[tuple[int, int, int]] = []
    unmatched: list[int] = []
    aliases: dict[Stream, list[tuple[str, str]]] = {}
    tombs: list[Tomb] = []
    raised: dict[Stream, list[str]] = {}
    documents: dict[str, dict[str, bytes]] = {}
    dropped_documents: dict[str, list[str]] = {}
    cursor: tuple[Stream, Cursor | None, int | None] | None = None

    def plan_work(self, stream: Stream, op: Op, eid: int) -> None:
        """This entity's write to `stream` is to be planned."""
        self.work.setdefault((stream, op), []).append(eid)

    def put_document(self, kind: str, name: str, body: bytes) -> None:
        """Keep a document with this commit."""
        self.documents.setdefault(kind, {})[name] = body

    @property
    def empty(self) -> bool:
        """Nothing to commit."""
        return not any(
            (
                self.new_entities, self.entities, self.new_links, self.links, self.touched, self.dropped_links,
                self.entries, self.conflicts, self.resolved, self.hints, self.moved_hints, self.done_hints,
                self.work, self.intents, self.unsettled, self.settled, self.matching, self.aliases, self.tombs,
                self.documents, self.dropped_documents, self.cursor,
            )
        )  # fmt: skip


def begin(hub: Hub, kind: str, *, system: str = "", entity: str = "") -> Step:
    """A new step with the next generation."""
    return Step(kind=kind, system=system, entity=entity, gen=hub.journal.next_seq)


def commit(hub: Hub, run: Run, step: Step, *, priority: int = 2) -> None:
    """Make the step durable in one transaction. A step that changes nothing costs nothing."""
    if step.empty:
        return
    _end_conflicts(hub, step)
    page = None
    if step.entries:
        page = hub.journal.page(
            kind=f"{step.kind} {step.entity}".rstrip(),
            system=step.system,
            cause=run.number,
            at=hub.now(),
            entries=step.entries,
        )
    for stream in {tomb.stream for tomb in step.tombs} | step.aliases.keys():
        step.put_document(former(stream), "any", b"")
    _note_moved(hub, step)
    counted = exchange.count(hub, _counted(step))
    hub.env.point(f"{step.kind}.before_commit")
    with hub.store.transaction() as tx:
        _write_entities(tx, step)
        _write_links(tx, step)
        _write_work(tx, hub, step, run, priority)
        _write_hints(tx, step)
        _write_rest(tx, step)
        exchange.keep(tx, counted)
        if page:
            tx.append_audit(page)
        if step.cursor:
            stream, cursor, epoch = step.cursor
            tx.put_cursor(stream, cursor, epoch=epoch)
    if page:
        hub.journal.advance(page)
    exchange.remember(hub, counted)
    _forget_documents(hub, step)
    hub.env.point(f"{step.kind}.after_commit")


def _counted(step: Step) -> exchange.Touched:
    return exchange.Touched(
        settles=step.kind == "settle", entity=step.entity, new={one.eid: one for one in step.new_entities},
        entities=step.entities, links=step.links, new_links=step.new_links, dropped=step.dropped_links,
        created=step.created,
    )  # fmt: skip


def _forget_documents(hub: Hub, step: Step) -> None:
    """What this process remembers of documents that have changed is looked up anew."""
    kinds = (*step.documents, *step.dropped_documents)
    if any(kind.startswith(ASK) for kind in kinds):
        hub.index.asked.clear()
    if any(kind.startswith(UNPLACED) for kind in kinds):
        hub.index.unplaced.clear()
    hub.index.documents.update(dict.fromkeys([*step.documents, *map(remade, step.dropped_links)], True))
    hub.index.lacking.update(dict.fromkeys(step.dropped_links, True))


def _note_moved(hub: Hub, step: Step) -> None:
    """A record made anew has another key: what refers to it in its system is to be told, see `engine.moved`."""
    for stream, links in step.new_links.items():
        lost = step.dropped_links.get(stream, ())
        if not lost and not hub.may_have(remade(stream)):
            continue
        eids = [str(link.eid) for link in links]
        for name in sorted({*eids}.intersection(map(str, lost)) | hub.store.documents(remade(stream), eids).keys()):
            tell_children(hub, step, stream, int(name))


def tell_children(hub: Hub, step: Step, stream: Stream, eid: int) -> None:
    """What refers to this entity in this system may show a key that is none any more: see `engine.moved`."""
    for child in _children(hub, stream):
        step.put_document(moved(child), f"{stream.entity} {eid}", b"")


def ask_children(hub: Hub, step: Step, stream: Stream, dead: Entity) -> None:
    """What refers to a deleted entity in this system since it died means another one: see `engine.moved`."""
    for child in _children(hub, stream):
        step.put_document(mistaken(child), f"{stream.entity} {dead.eid}", str(dead.gen).encode())


def _children(hub: Hub, stream: Stream) -> list[Stream]:
    return [
        Stream(stream.system, bound.entity)
        for bound in hub.flows.values()
        if stream.system in bound.sides and bound.refers_to(stream.entity)
    ]


def _end_conflicts(hub: Hub, step: Step) -> None:
    """With an entity its open conflicts end: nothing is left that a person could decide."""
    ended = [eid for eid, entity in step.entities.items() if entity.state is not EntityState.LIVE]
    if not ended or not (frozen := hub.store.frozen(step.entity, ended)):
        return
    settled = {one.cid for one in step.resolved}
    step.resolved += [
        msgspec.structs.replace(one, state=ConflictState.RESOLVED, kept="ours", who="system")
        for one in hub.store.conflicts(entity=step.entity, state=ConflictState.OPEN, limit=2**31 - 1)
        if one.eid in frozen and one.cid not in settled
    ]


def _write_entities(tx: Transaction, step: Step) -> None:
    if step.new_entities:
        tx.insert_entities(step.entity, step.new_entities)
    if step.entities:
        tx.update_entities(step.entity, list(step.entities.values()))
    for eid, into in step.merged:
        tx.merge_entity(step.entity, eid, into)
    if step.unmatched:
        tx.drop_matching(step.entity, step.unmatched)
    if step.matching:
        tx.put_matching(step.entity, step.matching)


def _write_links(tx: Transaction, step: Step) -> None:
    for stream, eids in step.dropped_links.items():
        tx.drop_links(stream, eids)
        _count_records(tx, stream, eids)
    for stream, rows in step.new_links.items():
        tx.insert_links(stream, rows)
    changed: dict[Stream, list[Link]] = {}
    for (stream, _eid), link in step.links.items():
        changed.setdefault(stream, []).append(link)
    for stream, rows in changed.items():
        tx.update_links(stream, rows)
    for stream, touches in step.touched.items():
        tx.touch_links(stream, touches)
    for stream, pairs in step.aliases.items():
        tx.put_aliases(stream, pairs)


def _count_records(tx: Transaction, stream: Stream, eids: Sequence[int]) -> None:
    """The next record of these entities is another one than before, and its marker says so."""
    kind = remade(stream)
    names = [str(eid) for eid in eids]
    counts = tx.documents(kind, names)
    tx.put_documents(kind, {name: str(int(counts.get(name, b"0")) + 1).encode() for name in names})


def _write_work(tx: Transaction, hub: Hub, step: Step, run: Run, priority: int) -> None:
    for intent in step.intents:
        tx.update_intent(intent)
    for (stream, op), eids in step.work.items():
        unique = sorted(set(eids))
        size = hub.batch_sizes.get(stream, DEFAULT_BATCH)
        for start in range(0, len(unique), size):
            chunk = tuple(unique[start : start + size])
            tx.add_intent(
                Intent(
                    iid=0, stream=stream, op=op, state=IntentState.PLANNED, eids=chunk, cause=run.number,
                    priority=priority,
                )
            )  # fmt: skip
    for stream, eids in step.settled.items():
        tx.drop_unsettled(stream, eids)
    if step.unsettled:
        tx.put_unsettled(step.unsettled)


def _write_hints(tx: Transaction, step: Step) -> None:
    if step.done_hints:
        tx.drop_hints(step.done_hints)
    if step.hints:
        tx.put_hints(step.hints)
    if step.moved_hints:
        tx.replace_hints(step.moved_hints)


def _write_rest(tx: Transaction, step: Step) -> None:
    if step.conflicts:
        tx.add_conflicts(step.conflicts)
    for conflict in step.resolved:
        tx.update_conflict(conflict)
    if step.tombs:
        tx.put_tombs(step.tombs)
    for stream, keys in step.raised.items():
        tx.drop_tombs(stream, keys)
    for kind, rows in step.documents.items():
        tx.put_documents(kind, rows)
    for kind, names in step.dropped_documents.items():
        tx.drop_documents(kind, names)
