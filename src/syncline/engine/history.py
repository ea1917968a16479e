"""Why a field has its value, and everything that happened to one entity: told from the audit log.

The generation of a value is the number of the page that explains it, and that page names the generation before: `why`
walks that chain backwards, whatever the length of the log. What was sent, refused or rejected is looked for in the
pages that follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from syncline.engine.audit import Entry, EntryKind, entries_of
from syncline.engine.changes import Origins, changed_fields
from syncline.engine.codec import canon_of, decode_delta, gens_of
from syncline.engine.hub import BoundFlow, Hub
from syncline.engine.labels import Reference, labels, locate, shown, values_shown
from syncline.engine.people import who_of
from syncline.merging import explain
from syncline.model.page import Op
from syncline.model.report import Happening, History, Why
from syncline.model.state import AuditPage, LinkState
from syncline.model.values import UNSET, Row, Value

_ONE_LOSER = 4  #: length of a CONFLICT entry about a single field
LOOK = 2000  #: pages after a change in which its deliveries are looked for
_DID = {Op.CREATE: "created in", Op.UPDATE: "sent to", Op.DELETE: "deleted in", Op.ARCHIVE: "archived in"}


def entity_of_page(page: AuditPage) -> str:
    """The entity type whose changes a page holds."""
    return page.kind.partition(" ")[2]


def why(hub: Hub, text: str) -> Why:
    """Why a field has its value."""
    found = locate(hub, text, field=True)
    bound, entity = found.bound, found.entity
    position = bound.position(found.field)
    canon, gens = canon_of(entity, bound.width), gens_of(entity, bound.width)
    origins = Origins(hub)
    chain = list(_chain(hub, bound, origins, (entity.eid, position), gens[position]))
    first = chain[-1].seq if chain else 0
    after = _after(hub, found, position, gens[position])
    linked = [one for one in _scan(hub, bound, (entity.eid,), first, LOOK) if one.kind == "linked"]
    label = labels(hub, bound, [entity.eid])[entity.eid]
    told = {(one.seq, one.kind, one.system, one.text, one.field): one for one in [*chain, *after, *linked]}
    return Why(
        entity=bound.entity, eid=entity.eid, label=label.text, keys=label.keys, field=found.field,
        value=shown(hub, bound, position, canon[position]), shown=_shown(hub, found, position, canon[position]),
        happenings=tuple(sorted(told.values(), key=lambda one: -one.seq)),
    )  # fmt: skip


def _chain(hub: Hub, bound: BoundFlow, origins: Origins, place: tuple[int, int], gen: int) -> Iterator[Happening]:
    """The changes of one field, newest first, down to the creation of the entity."""
    eid, position = place
    while gen and (page := origins.page(gen)) is not None:
        entries = origins.entries(gen, eid)
        found = origins.change(gen, eid, position)
        if found is not None:
            yield _changed(hub, bound, page, found[0], (position, found[1], found[3]))
            gen = found[2]
            continue
        for one in entries:
            if one.kind == EntryKind.CREATED:
                yield _created(hub, bound, page, one, position)
        return


def _after(hub: Hub, found: Reference, position: int, gen: int) -> list[Happening]:
    """What became of the current value: deliveries, the first per system, and whatever stood in its way."""
    bound, name = found.bound, found.field
    unit = next(unit.name for unit in bound.units if position in unit.positions)
    sent: set[str] = set()
    told: list[Happening] = []
    for one in _scan(hub, bound, (found.entity.eid,), gen, LOOK):
        if one.kind == "sent" and one.system not in sent:
            sent.add(one.system)
            told.append(one)
        elif one.kind in ("refused", "deleted", "reopened", "merged") or one.field in (name, unit, "*"):
            told.append(one)
    return told


def _shown(hub: Hub, found: Reference, position: int, value: Value) -> dict[str, object]:
    """What each system shows, as a person reads it; with the normaliser that explains a difference."""
    bound, eid = found.bound, found.entity.eid
    told: dict[str, object] = {}
    for side in bound.sides.values():
        link = hub.store.links_of(side.stream, [eid]).get(eid)
        if link is None or link.state is not LinkState.OK or position not in side.positions:
            continue
        delta = decode_delta(link.delta)
        seen = delta[position].seen if position in delta else value
        told[side.system] = shown(hub, bound, position, seen)
        if seen != value and seen is not UNSET and (names := explain(value, seen)):
            told[f"{side.system} normalises"] = ", ".join(names)
    return told


def history(hub: Hub, text: str) -> History:
    """Everything that happened to one entity, and to those that it absorbed. Reads the log from there on."""
    found = locate(hub, text, field=False)
    bound, entity = found.bound, found.entity
    absorbed = hub.store.absorbed(bound.entity, entity.eid)
    born = 0 if absorbed else _born(hub, found)  # of who was absorbed, it is no longer known
    label = labels(hub, bound, [entity.eid])[entity.eid]
    return History(
        entity=bound.entity, eid=entity.eid, label=label.text, keys=label.keys, state=entity.state.name.lower(),
        values=values_shown(hub, bound, canon_of(entity, bound.width)),
        happenings=tuple(_scan(hub, bound, (entity.eid, *absorbed), born, None)),
    )  # fmt: skip


def _born(hub: Hub, found: Reference) -> int:
    """The page that created the entity: the end of the chain of its oldest field."""
    gens = gens_of(found.entity, found.bound.width)
    known = [(gen, position) for position, gen in enumerate(gens) if gen]
    if not known:
        return 0
    gen, position = min(known)
    origins = Origins(hub)
    while (change := origins.change(gen, found.entity.eid, position)) is not None and change[2]:
        gen = change[2]
    return gen


# --- entries told in words --------------------------------------------------------------------------------------------


def _scan(hub: Hub, bound: BoundFlow, eids: Sequence[int], start: int, most: int | None) -> Iterator[Happening]:
    """What the pages from `start` on tell of these entities, oldest first."""
    for number, page in enumerate(hub.store.audit_log(after=max(0, start - 1))):
        if most is not None and number >= most:
            return
        if entity_of_page(page) != bound.entity:
            continue
        for one in entries_of(page):
            for eid in eids:
                if one.eid == eid or (one.kind == EntryKind.SENT and eid in one.row()[2::2]):
                    yield from _told(hub, bound, page, one, eid)


def _told(hub: Hub, bound: BoundFlow, page: AuditPage, one: Entry, eid: int) -> Iterator[Happening]:
    if one.kind == EntryKind.CREATED:
        yield _line(page, one, "created", f"first seen in {page.system}")
    elif one.kind == EntryKind.CHANGED:
        for position, before, _gen, after in changed_fields(one):
            yield _changed(hub, bound, page, one, (position, before, after))
    elif one.kind == EntryKind.REJECTED:
        yield from _rejected(hub, bound, page, one)
    elif one.kind == EntryKind.SENT:
        yield _sent(page, one, eid)
    else:
        yield _other(page, one)


def _line(
    page: AuditPage, one: Entry, kind: str, text: str, *, field: str = "", values: tuple[object, object] = (None, None)
) -> Happening:
    return Happening(
        at=page.at, seq=page.seq, run=page.cause, kind=kind, system=page.system, text=text, field=field,
        before=values[0], after=values[1], stamp=one.stamp, who=_who(one),
    )  # fmt: skip


def _who(one: Entry) -> str:
    """The person who did it; "" for a system's edit and for a person without a name."""
    if one.kind not in (EntryKind.CHANGED, EntryKind.CONFLICT):
        return ""
    row = one.row()
    return who_of(str(row[0 if one.kind == EntryKind.CHANGED else 1])) or ""


def _created(hub: Hub, bound: BoundFlow, page: AuditPage, one: Entry, position: int) -> Happening:
    row = one.row()
    value = row[position] if position < len(row) else UNSET
    return _line(
        page, one, "created", f"first seen in {page.system}", field=bound.layout[position],
        values=(None, shown(hub, bound, position, value)),
    )  # fmt: skip


def _changed(hub: Hub, bound: BoundFlow, page: AuditPage, one: Entry, change: tuple[int, Value, Value]) -> Happening:
    position, before, after = change
    rule, verdict = (str(value) for value in one.row()[:2])
    who = who_of(rule)
    if who is not None:
        text = f"{verdict} by {who or 'a person'}"
    elif verdict == "cleaned":
        text = f"cleaned by {rule}"
    else:
        text = f"edited in {page.system}; {_VERDICTS.get(verdict, verdict)} (rule: {rule})"
    values = shown(hub, bound, position, before), shown(hub, bound, position, after)
    return _line(page, one, "changed", text, field=bound.layout[position], values=values)


_VERDICTS = {
    "accepted": "accepted",
    "won": "won over a concurrent edit",
    "merged": "joined with a concurrent edit",
    "filled": "filled from a record that was merged",
}


def _rejected(hub: Hub, bound: BoundFlow, page: AuditPage, one: Entry) -> Iterator[Happening]:
    row = one.row()
    for position, value in zip(row[1::2], row[2::2], strict=False):
        if isinstance(position, int):
            text = f"edited in {page.system}; not taken over: {row[0]}"
            values = (None, shown(hub, bound, position, value))
            yield _line(page, one, "rejected", text, field=bound.layout[position], values=values)


def _sent(page: AuditPage, one: Entry, eid: int) -> Happening:
    row: Row = one.row()
    op, intent = row[:2]
    key = next((str(key) for ref, key in zip(row[2::2], row[3::2], strict=False) if ref == eid), "")
    did = _DID[Op(op)] if isinstance(op, int) else "sent to"
    return _line(page, one, "sent", f"{did} {page.system} {key} (intent {intent})")


def _conflict(row: Row, page: AuditPage) -> str:
    name, rule, kept = (str(value) for value in row[:3])
    if who_of(rule) is not None:
        return f"conflict over {name} resolved by {who_of(rule) or 'a person'}: {kept}"
    if not kept:
        return f"conflict over {name}: an edit in {page.system} met another one; a person decides"
    return f"conflict over {name}: an edit in {page.system} met another one; kept {kept} (rule: {rule})"


_OTHERS: Mapping[int, tuple[str, Callable[[Row, AuditPage], str]]] = {
    EntryKind.LINKED: ("linked", lambda row, page: f"linked to {page.system} {row[0]}, {row[1]}"),
    EntryKind.DELETED: ("deleted", lambda row, _page: f"deleted: {row[0]}"),
    EntryKind.REFUSED: ("refused", lambda row, page: f"{page.system} refused: {row[1]}"),
    EntryKind.CONFLICT: ("conflict", _conflict),
    EntryKind.REOPENED: ("reopened", lambda row, _page: f"lives again: {row[0]}"),
    EntryKind.MERGED: ("merged", lambda row, _page: f"merged into #{row[0]}"),
    EntryKind.ERASED: ("erased", lambda _row, _page: "erased"),
}


def _other(page: AuditPage, one: Entry) -> Happening:
    kind, text = _OTHERS.get(one.kind, ("other", lambda _row, _page: "something that this version does not know"))
    row = one.row() if one.kind != EntryKind.ERASED else []
    field = str(row[0]) if one.kind == EntryKind.CONFLICT else ""
    lost = row[3] if one.kind == EntryKind.CONFLICT and len(row) == _ONE_LOSER else None
    return _line(page, one, kind, text(row, page), field=field, values=(None, None if lost is UNSET else lost))
