"""Take back what a run changed: compensating changes, as a person's edit, never over an edit made since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from syncline.engine.audit import Entry, EntryKind, entries_of, entry
from syncline.engine.changes import Origins, changed_fields
from syncline.engine.codec import canon_of, gens_of
from syncline.engine.combine import POLICY_OP
from syncline.engine.creating import creates, creates_for
from syncline.engine.history import entity_of_page
from syncline.engine.hub import BoundFlow, BoundSide, Hub, Run
from syncline.engine.labels import label_of, shown
from syncline.engine.people import FIRST, PERSON, Deed, as_run, edit, rule_of
from syncline.engine.run import run
from syncline.engine.statistics import finished, run_row
from syncline.engine.step import Step, begin, commit
from syncline.merging import Unit
from syncline.model.flow import Direction
from syncline.model.page import Op
from syncline.model.report import UndoReport, UndoRow
from syncline.model.state import AuditPage, Entity, EntityState, LinkState
from syncline.model.values import UNSET, Value

SHOWN = 500  #: entities changed by one commit

_STAYS = "a new record stays, unless creations are undone as well (--creations)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one run made of one field: the value before its first change, the page and value of its last."""

    position: int
    before: Value
    last: int
    after: Value
    system: str


@dataclass(slots=True, kw_only=True)
class Deeds:
    """What one run did to one entity."""

    fields: dict[int, Done]
    created: int = 0  #: page
    origin: str = ""  #: the system where the new record was seen
    deleted: int = 0  #: page


def undo(hub: Hub, number: int, *, send: bool = False, creations: bool = False, who: str = "") -> UndoReport:
    """Set back what run `number` changed, wherever its value still stands.

    With `creations`, records that the hub made for new ones are deleted again, by each flow's policy; the record that
    somebody entered stays where it was entered, and is no longer kept in agreement.
    """
    run_row(hub, number)
    deeds = _deeds(hub, number)
    rows: list[UndoRow] = []
    left: list[UndoRow] = []

    told = _Told(rows=rows, left=left, number=number, who=who, creations=creations)

    def act(this: Run) -> int:
        for bound in hub.flows.values():
            mine = deeds.get(bound.entity, {})
            eids = sorted(mine)
            for start in range(0, len(eids), SHOWN):
                page = {eid: mine[eid] for eid in eids[start : start + SHOWN]}
                _undo_page(hub, this, bound, page, told)
        return this.number

    made = as_run(hub, act) if deeds else 0
    flows = [bound for bound in hub.flows.values() if bound.entity in deeds]
    sent = finished(hub, run(hub, flows), flows) if send and rows else None
    return UndoReport(
        undone=number,
        run=made if rows else 0,
        rows=tuple(rows),
        left=tuple(left),
        sent=sent,
        note="" if deeds else _only_sent(hub, number),
    )


def _only_sent(hub: Hub, number: int) -> str:
    """A run that decided nothing: what it sent had been decided before."""
    body = hub.store.document("applied", str(number))
    if body is not None:
        return f"Run {number} applied a plan; what it sent was decided by run {int(body)} or before. Undo that one."
    return f"Run {number} changed no value. What it sent, if anything, had been decided by earlier runs."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    rows: list[UndoRow]
    left: list[UndoRow]
    number: int
    who: str
    creations: bool

    @property
    def verdict(self) -> str:
        """What the audit says of the compensation."""
        return f"undo of run {self.number}"


def _deeds(hub: Hub, number: int) -> dict[str, dict[int, Deeds]]:
    """Entity type -> eid -> what the run did."""
    found: dict[str, dict[int, Deeds]] = {}
    for page in hub.store.audit_log(cause=number):
        for one in entries_of(page):
            if one.kind in (EntryKind.CREATED, EntryKind.CHANGED, EntryKind.DELETED, EntryKind.REOPENED):
                deeds = found.setdefault(entity_of_page(page), {}).setdefault(one.eid, Deeds(fields={}))
                _add(deeds, page, one)
    return found


def _add(deeds: Deeds, page: AuditPage, one: Entry) -> None:
    if one.kind == EntryKind.CREATED:
        deeds.created, deeds.origin = page.seq, page.system
    elif one.kind == EntryKind.DELETED:
        deeds.deleted = page.seq
    elif one.kind == EntryKind.REOPENED:
        deeds.deleted = 0
    for position, before, _gen, after in changed_fields(one) if one.kind == EntryKind.CHANGED else ():
        first = deeds.fields.get(position)
        deeds.fields[position] = Done(
            position=position, before=first.before if first else before, last=page.seq, after=after, system=page.system
        )


def _undo_page(hub: Hub, this: Run, bound: BoundFlow, deeds: Mapping[int, Deeds], told: _Told) -> None:
    step = begin(hub, PERSON, entity=bound.entity)
    entities = hub.store.entities(bound.entity, list(deeds))
    frozen = hub.store.frozen(bound.entity, list(deeds))
    for eid, mine in deeds.items():
        entity = entities.get(eid)
        if entity is None:
            continue
        if mine.created:
            _uncreate(hub, bound, entity, mine, (step, told))
        elif mine.deleted:
            _undelete(hub, bound, entity, step, told)
        elif entity.state is not EntityState.LIVE:
            told.left.append(_row(bound, entity, "changed", reason="the record was deleted since"))
        else:
            _undo_fields(hub, bound, entity, mine, frozen.get(eid, frozenset()), (step, told))
    commit(hub, this, step, priority=FIRST)


def _row(bound: BoundFlow, entity: Entity, what: str, *, reason: str = "") -> UndoRow:
    label = label_of(bound, canon_of(entity, bound.width), entity.eid)
    return UndoRow(entity=bound.entity, eid=entity.eid, label=label, what=what, reason=reason)


def _undo_fields(
    hub: Hub, bound: BoundFlow, entity: Entity, mine: Deeds, frozen: frozenset[str], into: tuple[Step, _Told]
) -> None:
    """Set fields back, an atomic group whole or not at all."""
    step, told = into
    values: dict[int, Value] = {}
    for unit in bound.units:
        done = [mine.fields[p] for p in unit.positions if p in mine.fields]
        if not done or all(one.before == one.after for one in done):
            continue
        reason = _hindrance(hub, bound, entity, unit, done, frozen)
        rows = told.left if reason else told.rows
        rows += [_field_row(hub, bound, entity, one, reason) for one in done]
        if not reason:
            values.update({one.position: one.before for one in done})
    if values:
        edit(hub, bound, entity, Deed(who=told.who, verdict=told.verdict, values=values), step)


def _field_row(hub: Hub, bound: BoundFlow, entity: Entity, one: Done, reason: str) -> UndoRow:
    label = label_of(bound, canon_of(entity, bound.width), entity.eid)
    return UndoRow(
        entity=bound.entity, eid=entity.eid, label=label, what="changed", field=bound.layout[one.position],
        before=shown(hub, bound, one.position, one.before), after=shown(hub, bound, one.position, one.after),
        reason=reason,
    )  # fmt: skip


def _hindrance(
    hub: Hub, bound: BoundFlow, entity: Entity, unit: Unit, done: Sequence[Done], frozen: frozenset[str]
) -> str:
    """Why a unit is not set back; "" when it is."""
    gens = gens_of(entity, bound.width)
    since = [gens[p] for p in unit.positions if gens[p] > max(one.last for one in done)]
    if since:
        return f"edited since: {_who_since(hub, bound, entity, unit, max(since))}"
    if unit.name in frozen:
        return "a conflict about it waits for a person: syncline conflicts"
    if any(one.before is UNSET for one in done):
        return "nothing was known of it before, so there is nothing to set back"
    for one in done:
        side = bound.sides.get(one.system)
        if side is not None and not _may_write(hub, bound, one, entity.eid):
            return f"the hub may not write it in {one.system}; edit it there"
    return ""


def _may_write(hub: Hub, bound: BoundFlow, one: Done, eid: int) -> bool:
    """Can the value be put back in the system that it was edited in? A system without the record is no hindrance."""
    side = bound.sides[one.system]
    link = hub.store.links_of(side.stream, [eid]).get(eid)
    if link is None or link.state is not LinkState.OK:
        return True
    return side.side.direction is not Direction.FROM and one.position in side.writable


def _who_since(hub: Hub, bound: BoundFlow, entity: Entity, unit: Unit, gen: int) -> str:
    origins = Origins(hub)
    page = origins.page(gen)
    told = next(
        (origins.told(gen, entity.eid, p)[0] for p in unit.positions if origins.change(gen, entity.eid, p)), "changed"
    )
    return f"{told}, run {page.cause}" if page else told


# --- creations --------------------------------------------------------------------------------------------------------


def _uncreate(hub: Hub, bound: BoundFlow, entity: Entity, mine: Deeds, into: tuple[Step, _Told]) -> None:
    """Delete what the hub made of a new record in the other systems, if nobody has worked with it since."""
    step, told = into
    newest = max(gens_of(entity, bound.width), default=0)
    last = max([mine.created, *(one.last for one in mine.fields.values())])
    reason = ""
    if not told.creations:
        reason = _STAYS
    elif entity.state is not EntityState.LIVE:
        reason = "the record was deleted since"
    elif newest > last:
        reason = "edited since"
    if reason:
        told.left.append(_row(bound, entity, "created", reason=reason))
        return
    gens = msgspec.msgpack.encode(gens_of(entity, bound.width))
    step.entities[entity.eid] = Entity(entity.eid, EntityState.DEAD, step.gen, entity.canon, gens)
    step.unmatched.append(entity.eid)
    step.entries.append(entry(EntryKind.DELETED, entity.eid, f"{told.verdict}, {rule_of(told.who)}", stamp=hub.now()))
    for side in bound.sides.values():
        _end_link(hub, side, entity.eid, mine.origin, step)
    told.rows.append(_row(bound, entity, "created"))


def _end_link(hub: Hub, side: BoundSide, eid: int, origin: str, step: Step) -> None:
    link = hub.store.links_of(side.stream, [eid]).get(eid)
    if link is None or link.state is not LinkState.OK:
        return
    op = POLICY_OP.get(side.side.deletes)
    if side.system == origin or op is None or side.side.direction is Direction.FROM:
        step.links[side.stream, eid] = msgspec.structs.replace(
            link, state=LinkState.DETACHED, fingerprint=None, delta=None
        )
        return
    archive = op is Op.ARCHIVE and (side.contract.archivable or not side.contract.deletable)
    step.plan_work(side.stream, Op.ARCHIVE if archive else Op.DELETE, eid)


# --- deletes ----------------------------------------------------------------------------------------------------------


def _undelete(hub: Hub, bound: BoundFlow, entity: Entity, step: Step, told: _Told) -> None:
    """Let a deleted entity live again, with new records where they were deleted; not where they were archived."""
    if entity.state is not EntityState.DEAD:
        told.left.append(_row(bound, entity, "deleted", reason="it lives again already"))
        return
    reason = next((why for why in _hindrances(hub, bound, entity)), "")
    if reason:
        told.left.append(_row(bound, entity, "deleted", reason=reason))
        return
    gens = msgspec.msgpack.encode(gens_of(entity, bound.width))  # its own `gen` moves, those of its fields do not
    step.entities[entity.eid] = Entity(entity.eid, EntityState.LIVE, step.gen, entity.canon, gens)
    step.entries.append(entry(EntryKind.REOPENED, entity.eid, f"{told.verdict}, {rule_of(told.who)}", stamp=hub.now()))
    for side in bound.sides.values():
        link = hub.store.links_of(side.stream, [entity.eid]).get(entity.eid)
        if link is not None and link.state is LinkState.GONE:
            step.dropped_links.setdefault(side.stream, []).append(entity.eid)
        if (link is None or link.state is LinkState.GONE) and creates_for(bound, side, entity):
            step.plan_work(side.stream, Op.CREATE, entity.eid)
    told.rows.append(_row(bound, entity, "deleted"))


def _hindrances(hub: Hub, bound: BoundFlow, entity: Entity) -> Iterator[str]:
    for side in bound.sides.values():
        link = hub.store.links_of(side.stream, [entity.eid]).get(entity.eid)
        if link is None or link.state is not LinkState.GONE:
            continue
        tomb = hub.store.tombs(side.stream, [link.key]).get(link.key)
        if tomb is not None and tomb.reason.startswith("archive"):
            yield f"{side.system} {link.key} was archived: restore it there, and the rest follows"
        elif not creates(side):
            yield f"the hub may not create records in {side.system}: restore {link.key} there, and the rest follows"
