"""What every open write would change, field by field, with the reason that the audit log gives. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from syncline.engine.audit import Entry, EntryKind, entries_of
from syncline.engine.codec import Delta, canon_of, decode_delta, encode_pending, gens_of
from syncline.engine.creating import admits
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.engine.labels import labels, shown
from syncline.engine.people import who_of
from syncline.engine.plan import wanted, whole
from syncline.engine.ready import maybe_there
from syncline.engine.statistics import looking
from syncline.merging import Unit
from syncline.model.flow import Direction, Empties, RuleKind
from syncline.model.page import Op
from syncline.model.report import FieldDiff, PlanItem
from syncline.model.state import (
    AuditPage,
    Entity,
    EntityState,
    IntentState,
    Link,
    LinkState,
    Unsettled,
    UnsettledState,
)
from syncline.model.values import UNSET, Row, Value, encode_row

CHUNK = 500  #: entities looked up at once
_CODES = 3  #: rule, verdict, then four values per field


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWrite:
    """One record's write as it stands now."""

    bound: BoundFlow
    side: BoundSide
    eid: int
    op: Op
    change: Mapping[int, Value]
    canon: Row
    gens: Sequence[int]
    delta: Delta
    link: Link | None
    waits: str = ""

    @property
    def name(self) -> str:
        """The write's own name within a plan."""
        return f"{self.side.system} {self.bound.entity} {self.eid}"

    @property
    def digest(self) -> bytes:
        """Equal for as long as the same values would be written over the same shown ones."""
        now = [self.delta[p].seen if p in self.delta else (self.canon[p] if self.link else UNSET) for p in self.change]
        body = encode_pending({p: (value, 0) for p, value in self.change.items()}) + encode_row(now)
        key = self.link.key if self.link else ""
        return blake2b(f"{int(self.op)} {key} {self.waits}\0".encode() + body, digest_size=8).digest()


def open_writes(
    hub: Hub, bound: BoundFlow, side: BoundSide, ops: Mapping[int, Op] | None = None
) -> Iterator[OpenWrite]:
    """Every record of one side that the next run would write, or would like to, by ascending eid; or those of `ops`."""
    if side.side.direction is Direction.FROM:
        return
    ops = _asked(hub, side) if ops is None else ops
    eids = sorted(ops)
    there = maybe_there(looking(hub, bound, side), Op.CREATE, [eid for eid in eids if ops[eid] is Op.CREATE])
    for start in range(0, len(eids), CHUNK):
        for one in _chunk(hub, bound, side, {eid: ops[eid] for eid in eids[start : start + CHUNK]}):
            record = there.get(one.eid) if one.op is Op.CREATE else None
            yield one if record is None else replace(one, waits=f"may be {record}")


def _asked(hub: Hub, side: BoundSide) -> dict[int, Op]:
    ops: dict[int, Op] = {}
    for intent in hub.store.intents(IntentState.PLANNED, side.stream):
        ops.update(dict.fromkeys(intent.eids, intent.op))
    for state in (UnsettledState.RETRY, UnsettledState.BLOCKED):
        for row in hub.store.unsettled(stream=side.stream, state=state, limit=2**31 - 1):
            ops.setdefault(row.eid, row.op)
    return ops


def _chunk(hub: Hub, bound: BoundFlow, side: BoundSide, ops: Mapping[int, Op]) -> Iterator[OpenWrite]:
    eids = list(ops)
    entities = hub.store.entities(bound.entity, eids)
    links = hub.store.links_of(side.stream, eids)
    frozen = hub.store.frozen(bound.entity, eids)
    waiting = hub.store.unsettled_of(side.stream, eids)
    for eid, op in ops.items():
        entity, link = entities.get(eid), links.get(eid)
        if entity is None:
            continue
        canon = canon_of(entity, bound.width)
        delta = decode_delta(link.delta) if link else {}
        found = _change(side, bound.units, (entity, canon), (link, delta), op, frozen.get(eid, frozenset()))
        if found is None:
            continue
        gens = gens_of(entity, bound.width)
        yield OpenWrite(
            bound=bound, side=side, eid=eid, op=found[0], change=found[1], canon=canon, gens=gens, delta=delta,
            link=link, waits=_waits(waiting.get(eid), found[1], gens),
        )  # fmt: skip


def _change(
    side: BoundSide,
    units: Sequence[Unit],
    entity: tuple[Entity, Row],
    link: tuple[Link | None, Delta],
    op: Op,
    frozen: frozenset[str],
) -> tuple[Op, dict[int, Value]] | None:
    """What a planned write comes to now; None when nothing is left to be written."""
    (row, canon), (known, delta) = entity, link
    linked = known is not None and known.state is LinkState.OK
    removes = op in (Op.DELETE, Op.ARCHIVE)
    if row.state is not EntityState.LIVE or removes:
        return (op, {}) if linked and removes and row.state is EntityState.DEAD else None
    if known is None:
        return (Op.CREATE, whole(canon, writable=side.writable)) if admits(side, canon) else None
    change = wanted(units, canon, delta, writable=side.writable, frozen=frozen) if linked else {}
    return (Op.UPDATE, change) if change else None


def _waits(row: Unsettled | None, change: Mapping[int, Value], gens: Sequence[int]) -> str:
    """Why the next run would not send this; "" when it would."""
    if row is None or row.state is UnsettledState.RETRY:
        return ""
    if row.state is UnsettledState.PARKED:
        same = row.pending == encode_pending({p: (value, gens[p]) for p, value in change.items()})
        return f"refused before: {row.message}" if same else ""
    return "an earlier write may still take effect" if row.state is UnsettledState.DOUBT else ""


# --- told in words ----------------------------------------------------------------------------------------------------


def items_of(hub: Hub, writes: Sequence[OpenWrite]) -> list[PlanItem]:
    """Writes as a person reads them, each field with its reason."""
    origins = Origins(hub)
    origins.fetch({one.gens[p] for one in writes for p in one.change})
    items: list[PlanItem] = []
    for one in writes:
        label = labels(hub, one.bound, [one.eid])[one.eid]
        items.append(
            PlanItem(
                flow=one.bound.flow.name, entity=one.bound.entity, system=one.side.system, op=one.op.name.lower(),
                eid=one.eid, label=label.text, key=one.link.key if one.link else "", waits=one.waits,
                fields=tuple(_diffs(hub, one, origins)),
            )
        )  # fmt: skip
    return items


def _diffs(hub: Hub, one: OpenWrite, origins: Origins) -> Iterator[FieldDiff]:
    for position, value in sorted(one.change.items()):
        seen = one.delta[position].seen if position in one.delta else (one.canon[position] if one.link else UNSET)
        if one.link and seen == value:
            continue  # written along with the other fields of its group
        if one.op is Op.CREATE and value is None:
            continue
        reason, at = _reason(one, position, origins)
        yield FieldDiff(
            field=one.bound.layout[position], before=shown(hub, one.bound, position, seen),
            after=shown(hub, one.bound, position, value), reason=reason, at=at,
        )  # fmt: skip


def _reason(one: OpenWrite, position: int, origins: Origins) -> tuple[str, int]:
    shadow = one.delta.get(position)
    if shadow is not None and shadow.gen >= one.gens[position]:
        return _put_back(one, position), 0
    return origins.told(one.gens[position], one.eid, position)


def _put_back(one: OpenWrite, position: int) -> str:
    unit = next(unit for unit in one.bound.units if position in unit.positions)
    owner = unit.rule.owner
    if one.side.side.direction is Direction.TO:
        return f"{one.side.system} is only written to, put back"
    if owner and owner != one.side.system and unit.rule.kind in (RuleKind.OWNER, RuleKind.OWNER_UNLESS_EMPTY):
        return f"owned by {owner}, put back"
    if unit.empties is not Empties.CLEAR:
        return "an empty value is not taken over, put back" if unit.empties is Empties.KEEP else "filled once, put back"
    return "put back"


class Origins:
    """Where canonical values came from: audit pages, each read and decoded once."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._pages: dict[int, AuditPage] = {}
        self._entries: dict[int, dict[int, list[Entry]]] = {}

    def fetch(self, gens: Iterable[int]) -> None:
        """Read these pages, if they are not known yet."""
        new = sorted({gen for gen in gens if gen and gen not in self._pages})
        self._pages.update(self._hub.store.audit_pages(new) if new else {})

    def page(self, gen: int) -> AuditPage | None:
        """One page; None when it was pruned."""
        self.fetch([gen])
        return self._pages.get(gen)

    def entries(self, gen: int, eid: int) -> list[Entry]:
        """What page `gen` tells of entity `eid`; the page is one that the entity's own type wrote."""
        if gen not in self._entries:
            page = self.page(gen)
            by_eid: dict[int, list[Entry]] = {}
            for one in entries_of(page) if page else ():
                by_eid.setdefault(one.eid, []).append(one)
            self._entries[gen] = by_eid
        return self._entries[gen].get(eid, [])

    def change(self, gen: int, eid: int, position: int) -> tuple[Entry, Value, int, Value] | None:
        """(entry, before, generation before, after) of the change of one field that page `gen` tells; None if none."""
        for one in reversed(self.entries(gen, eid)):
            if one.kind == EntryKind.CHANGED:
                for place, before, former, after in changed_fields(one):
                    if place == position:
                        return one, before, former, after
        return None

    def told(self, gen: int, eid: int, position: int) -> tuple[str, int]:
        """In a few words where a value came from, and when [µs]."""
        page = self.page(gen)
        if page is None:
            return "", 0
        found = self.change(gen, eid, position)
        if found is None:
            return f"new in {page.system}", page.at
        entry = found[0]
        rule, verdict = (str(value) for value in entry.row()[:2])
        who = who_of(rule)
        at = entry.stamp or page.at
        if who is not None:
            return f"{verdict} by {who or 'a person'}", at
        if verdict == "cleaned":
            return f"cleaned by {rule}", at
        if verdict == "filled":
            return f"filled from a record that was merged in {page.system}", at
        if verdict == "merged":
            return f"merged with an edit in {page.system}", at
        return f"edited in {page.system}", at


def changed_fields(entry: Entry) -> Iterator[tuple[int, Value, int, Value]]:
    """(position, before, generation before, after) of each field of a CHANGED entry."""
    row = entry.row()
    for start in range(2, len(row) - _CODES, 4):
        position, before, former, after = row[start : start + 4]
        if isinstance(position, int) and isinstance(former, int):
            yield position, before, former, after
