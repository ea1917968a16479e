"""Conflicts: those that wait for a person, those that a rule has settled, and a person's decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import msgspec

from syncline.engine.audit import EntryKind, entry
from syncline.engine.codec import canon_of, decode_delta, gens_of
from syncline.engine.hub import BoundFlow, Hub, Run
from syncline.engine.labels import Label, labels, shown_apart
from syncline.engine.people import FIRST, PERSON, Deed, as_run, canonical, edit, entity_of, rule_of
from syncline.engine.statistics import ALL
from syncline.engine.step import Step, begin, commit
from syncline.errors import SetupError
from syncline.merging import Unit
from syncline.model.report import ConflictRow, plain
from syncline.model.state import Conflict, ConflictState, Entity, EntityState, LinkState
from syncline.model.values import UNSET, Row, Value, decode_row, encode_row

WHOLE = "*"  #: the conflict is about the record, not about a field


def conflicts(hub: Hub, *, every: bool = False) -> list[ConflictRow]:
    """Open conflicts, newest first; with `every` also those that are settled."""
    state = None if every else ConflictState.OPEN
    rows: list[ConflictRow] = []
    for bound in hub.flows.values():
        found = hub.store.conflicts(entity=bound.entity, state=state, limit=ALL)
        called = labels(hub, bound, [one.eid for one in found])
        rows += [_row(hub, bound, one, called[one.eid]) for one in _current(hub, bound, found)]
    return sorted(rows, key=lambda row: -row.cid)


def _row(hub: Hub, bound: BoundFlow, one: Conflict, label: Label) -> ConflictRow:
    unit = _unit(bound, one)
    positions = unit.positions if unit else ()
    theirs, ours, base = _told(hub, bound, positions, [decode_row(data) for data in (one.theirs, one.ours, one.base)])
    return ConflictRow(
        cid=one.cid, flow=bound.flow.name, entity=one.entity, eid=one.eid, label=label.text, keys=label.keys,
        field=one.field, names=tuple(bound.layout[p] for p in positions), state=one.state.name.lower(), rule=one.rule,
        system=one.system, theirs=theirs, ours=ours, base=base, kept=one.kept, at=one.at,
        run=one.run, who=one.who, agreed=_moved_to(hub, bound, one),
    )  # fmt: skip


def _told(hub: Hub, bound: BoundFlow, positions: Sequence[int], sides: Sequence[Row]) -> list[tuple[object, ...]]:
    """What each side holds, as a person reads it; what the sides hold of one field is told apart."""
    told = [list(map(plain, values)) for values in sides]
    whole = [number for number, values in enumerate(sides) if len(values) == len(positions)]
    for column, place in enumerate(positions):
        apart = shown_apart(hub, bound, place, [sides[number][column] for number in whole])
        for number, value in zip(whole, apart, strict=True):
            told[number][column] = value
    return [tuple(values) for values in told]


def _current(hub: Hub, bound: BoundFlow, found: Sequence[Conflict]) -> list[Conflict]:
    """Canon moves on while a person is asked: `ours` of an open conflict is what deciding would keep or replace."""
    entities = hub.store.entities(bound.entity, [one.eid for one in found if one.state is ConflictState.OPEN])
    return [
        _met(bound, one, entities[one.eid]) if one.state is ConflictState.OPEN and one.eid in entities else one
        for one in found
    ]


def _met(bound: BoundFlow, one: Conflict, entity: Entity) -> Conflict:
    """The conflict with the canon of now."""
    unit = _unit(bound, one)
    if unit is None or entity.state is not EntityState.LIVE:
        return one
    canon = canon_of(entity, bound.width)
    return msgspec.structs.replace(one, ours=encode_row([canon[p] for p in unit.positions]))


def _unit(bound: BoundFlow, one: Conflict) -> Unit | None:
    """The merge unit that the conflict is about, as far as the news touched it; None for the record as a whole."""
    return next((unit for unit in bound.units if unit.name == one.field), None)


def _moved_to(hub: Hub, bound: BoundFlow, one: Conflict) -> int:
    """The generation of the agreed value, where it is another than the one that the conflict was opened with; else 0.

    A frozen field is not written, but what one system alone edits still becomes canon.
    """
    unit = _unit(bound, one)
    entity = hub.store.entities(bound.entity, [one.eid]).get(one.eid)
    if unit is None or entity is None or one.state is not ConflictState.OPEN:
        return 0
    gens = gens_of(entity, bound.width)
    newest = max(gens[p] for p in unit.positions)
    page = hub.store.audit_pages([newest]).get(newest)
    return newest if page is not None and page.at > one.at else 0


def resolve(hub: Hub, cid: int, choice: str, *, value: object = None, who: str = "", agreed: int = 0) -> ConflictRow:
    """Decide an open conflict. The decision is canon, the other value stays in the history.

    `agreed` is that of the row which the person has seen: SetupError when the agreed value is another one by now, or
    when the entity is no more, which ends the conflict.
    """
    found = hub.store.conflict(cid)
    if found is None:
        msg = f"There is no conflict {cid}."
        raise SetupError(msg, cure="`syncline conflicts` lists those that wait.")
    if found.state is not ConflictState.OPEN:
        settled = found.kept or found.state.name.lower()
        msg = f"Conflict {cid} is settled already: {settled} stands."
        raise SetupError(msg, cure="To change the value, edit it in a system.")
    bound = hub.of_entity(found.entity)
    _refuse_over(hub, bound, found, who)
    entity = entity_of(hub, bound, found.eid)
    if agreed != _moved_to(hub, bound, found):
        _refuse_moved(hub, bound, found)
    values = _choice(hub, bound, found, entity, choice, value)
    as_run(hub, lambda run: _decide(hub, run, found, values, (choice, who)))
    after = hub.store.conflict(cid) or found
    return _row(hub, bound, after, labels(hub, bound, [found.eid])[found.eid])


def _refuse_over(hub: Hub, bound: BoundFlow, one: Conflict, who: str) -> None:
    """With its entity a conflict ends: close it, and say so."""
    entity = hub.store.entities(bound.entity, [one.eid]).get(one.eid)
    if entity is not None and entity.state is EntityState.LIVE:
        return
    step = begin(hub, PERSON, entity=bound.entity)
    step.entries.append(entry(EntryKind.CONFLICT, one.eid, one.field, rule_of(who), "ours", stamp=hub.now()))
    settled = msgspec.structs.replace(one, state=ConflictState.RESOLVED, kept="ours", who=who)
    as_run(hub, lambda run: _commit(hub, run, step, settled))
    merged = entity is not None and entity.state is EntityState.MERGED
    what = f"merged into #{hub.store.merged_into(bound.entity, one.eid)}" if merged else "deleted"
    msg = f"Conflict {one.cid} is over: {bound.entity} #{one.eid} was {what}."
    raise SetupError(msg, cure="There is nothing left to decide. `syncline conflicts` lists those that wait.")


def _refuse_moved(hub: Hub, bound: BoundFlow, one: Conflict) -> NoReturn:
    row = _row(hub, bound, _current(hub, bound, [one])[0], labels(hub, bound, [one.eid])[one.eid])
    now = ", ".join(map(str, row.ours))
    msg = f"The agreed value of {row.label}, {one.field} is another one than you were shown: {now}."
    mark = f" --agreed {row.agreed}" if row.agreed else ""
    cure = f"Look at it with `syncline conflicts`, then: syncline conflicts {one.cid} --keep ours|theirs|SYSTEM{mark}"
    raise SetupError(msg, cure=cure)


def _choice(hub: Hub, bound: BoundFlow, one: Conflict, entity: Entity, choice: str, value: object) -> dict[int, Value]:
    """The canonical values that the decision asks for, by position."""
    unit = _unit(bound, one)
    if unit is None:
        if choice not in ("ours", "theirs"):
            msg = f"Conflict {one.cid} is about the record as a whole."
            raise SetupError(msg, cure="Choose `ours` or `theirs`.")
        return {}
    canon = canon_of(entity, bound.width)
    if choice == "ours":
        return {p: canon[p] for p in unit.positions}
    if choice == "value":
        return _given(bound, unit, value)
    system = one.system if choice == "theirs" else choice
    if system not in bound.sides:
        names = ", ".join(bound.sides)
        msg = f"`{choice}` is no choice."
        raise SetupError(msg, cure=f"Choose `ours`, `theirs`, `value` or a system: {names}.")
    if choice == "theirs":
        return _logged(unit, one, canon)
    return _seen_in(hub, bound, unit, entity, system)


def _given(bound: BoundFlow, unit: Unit, value: object) -> dict[int, Value]:
    names = [bound.layout[p] for p in unit.positions]
    if len(names) == 1:
        return {unit.positions[0]: canonical(bound, names[0], value)}
    if not isinstance(value, Mapping) or set(value) != set(names):
        msg = f"{unit.name} is decided as one."
        raise SetupError(msg, cure=f"Give a value for each of: {', '.join(names)}.")
    return {p: canonical(bound, name, value[name]) for p, name in zip(unit.positions, names, strict=True)}


def _logged(unit: Unit, one: Conflict, canon: list[Value]) -> dict[int, Value]:
    """What came in, as the conflict keeps it; fields of a group that it did not carry stay."""
    values = decode_row(one.theirs)
    if len(values) == len(unit.positions):
        return dict(zip(unit.positions, values, strict=True))
    msg = f"Conflict {one.cid} does not carry every field of {unit.name}."
    raise SetupError(msg, cure="Choose a system's name instead: what it shows is taken.")


def _seen_in(hub: Hub, bound: BoundFlow, unit: Unit, entity: Entity, system: str) -> dict[int, Value]:
    side = bound.sides[system]
    link = hub.store.links_of(side.stream, [entity.eid]).get(entity.eid)
    if link is None or link.state is not LinkState.OK:
        msg = f"{system} has no record of {bound.entity} #{entity.eid}."
        raise SetupError(msg, cure="Choose another system.")
    canon, delta = canon_of(entity, bound.width), decode_delta(link.delta)
    shows = {p: delta[p].seen if p in delta else canon[p] for p in unit.positions if p in side.positions}
    return {p: value for p, value in shows.items() if value is not UNSET}


def _decide(hub: Hub, run: Run, one: Conflict, values: dict[int, Value], decision: tuple[str, str]) -> None:
    """One transaction: canon, the shadows that lag, the conflict and the writes to come."""
    choice, who = decision
    bound = hub.of_entity(one.entity)
    step = begin(hub, PERSON, entity=bound.entity)
    entity = entity_of(hub, bound, one.eid)
    canon = canon_of(entity, bound.width)
    if values:
        # also when canon stays: its new generation tells that it was chosen knowing the other value
        edit(hub, bound, entity, Deed(who=who, verdict=f"resolved conflict {one.cid}", values=values), step)
    lost = decode_row(one.theirs) if choice == "ours" else [canon[p] for p in sorted(values)]
    step.entries.append(entry(EntryKind.CONFLICT, one.eid, one.field, rule_of(who), choice, *lost, stamp=hub.now()))
    settled = msgspec.structs.replace(_met(bound, one, entity), state=ConflictState.RESOLVED, kept=choice, who=who)
    _commit(hub, run, step, settled)


def _commit(hub: Hub, run: Run, step: Step, settled: Conflict) -> None:
    step.resolved.append(settled)
    commit(hub, run, step, priority=FIRST)
