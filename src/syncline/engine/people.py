"""What a person decides about canon: an edit like any other, with a generation, an audit page and a run of its own.

The rule of such a change reads `person: NAME`, its verdict says what the person did. So `why` names the person, and the
run that it has can be undone like any run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from syncline.engine.audit import EntryKind, entry
from syncline.engine.codec import Delta, canon_of, decode_delta, encode_delta, encode_gens, gens_of
from syncline.engine.creating import admits, creates
from syncline.engine.hub import BoundFlow, BoundSide, Hub, Run
from syncline.engine.identify import is_indexed, keys_of, values_of
from syncline.engine.plan import wanted
from syncline.engine.runs import close_run, open_run
from syncline.engine.step import Step
from syncline.errors import SetupError
from syncline.merging import Shadow
from syncline.model.flow import Direction
from syncline.model.page import Op
from syncline.model.state import Entity, EntityState, Link, LinkState
from syncline.model.values import Value, encode_row

PERSON = "person"  #: kind of a step, and begin of the rule, of what a person decided
FIRST = 0  #: priority of what a person waits for

T = TypeVar("T")


def rule_of(who: str, kind: str = PERSON) -> str:
    """How the audit names a person's change, or that of a rule."""
    return f"{kind}: {who}" if who else kind


def who_of(rule: str) -> str | None:
    """The person that a rule of the audit names; "" for one without a name, None when it is no person's."""
    kind, _, who = rule.partition(": ")
    return who if kind == PERSON else None


def as_run(hub: Hub, act: Callable[[Run], T]) -> T:
    """Give what a person does a run of its own, which nothing is read or sent in."""
    this = open_run(hub, full=False, approved=False, send=False)
    try:
        return act(this)
    finally:
        close_run(hub, this)


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What a person does to one entity."""

    who: str
    verdict: str  #: in words: "resolved conflict 3"
    values: Mapping[int, Value]  #: position -> the new canonical value
    kind: str = PERSON  #: who it is that does it: a person, or a rule


def edit(hub: Hub, bound: BoundFlow, entity: Entity, deed: Deed, step: Step) -> list[str]:
    """Make the values canon, keep what every system still carries, and plan the writes; the systems to be written."""
    width = bound.width
    former, former_gens = canon_of(entity, width), gens_of(entity, width)
    flat: list[object] = [rule_of(deed.who, deed.kind), deed.verdict]
    for position, value in sorted(deed.values.items()):
        flat += [position, former[position], former_gens[position], value]
    step.entries.append(entry(EntryKind.CHANGED, entity.eid, *flat, stamp=hub.now()))
    canon, gens = list(former), list(former_gens)
    for position, value in deed.values.items():
        canon[position], gens[position] = value, step.gen
    row = Entity(entity.eid, EntityState.LIVE, step.gen, encode_row(canon), encode_gens(gens, step.gen))
    step.entities[entity.eid] = row
    if is_indexed(hub, bound) and any({bound.layout[p] for p in deed.values} & set(r.fields) for r in bound.flow.match):
        step.unmatched.append(entity.eid)
        step.matching += keys_of(bound, entity.eid, values_of(bound, canon))
    was = {p: Shadow(former[p], former[p], former_gens[p]) for p in deed.values}
    return [side.system for side in bound.sides.values() if _carry(hub, bound, side, (row, was), step)]


def _carry(
    hub: Hub, bound: BoundFlow, side: BoundSide, change: tuple[Entity, Mapping[int, Shadow]], step: Step
) -> bool:
    """Write the new shadow of one link into the step; True when the system must be written."""
    entity, agreed = change
    canon, eid = canon_of(entity, bound.width), entity.eid
    link = step.links.get((side.stream, eid)) or hub.store.links_of(side.stream, [eid]).get(eid)
    if link is None:
        if due := creates(side) and admits(side, canon):
            step.plan_work(side.stream, Op.CREATE, eid)
        return due
    if link.state is not LinkState.OK:
        return False
    delta = decode_delta(link.delta)
    for position in agreed.keys() & set(side.positions):
        was = delta.pop(position, agreed[position])._replace(rounds=0)
        if was.seen != canon[position]:
            shows = was.base == canon[position] or was.seen == side.shows(position, canon[position])
            delta[position] = Shadow(canon[position], was.seen, step.gen) if shows else was
    step.links[side.stream, eid] = with_delta(link, delta)
    if side.side.direction is Direction.FROM or not wanted(bound.units, canon, delta, writable=side.writable):
        return False
    step.plan_work(side.stream, Op.UPDATE, eid)
    return True


def with_delta(link: Link, delta: Delta) -> Link:
    """The link with another delta."""
    return Link(
        link.eid, link.key, link.state, link.fingerprint, link.version, encode_delta(delta), link.born, link.stamp
    )


def entity_of(hub: Hub, bound: BoundFlow, eid: int) -> Entity:
    """A live entity. SetupError when it was deleted, or was never there."""
    entity = hub.store.entities(bound.entity, [hub.store.merged_into(bound.entity, eid)]).get(
        hub.store.merged_into(bound.entity, eid)
    )
    if entity is None or entity.state is not EntityState.LIVE:
        msg = f"{bound.entity} #{eid} is deleted."
        raise SetupError(msg, cure="Restore its record in a system first.")
    return entity


def canonical(bound: BoundFlow, name: str, value: object) -> Value:
    """A value that a person gave for a field; SetupError when no canonical value looks like that."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return sorted(value)
    if isinstance(value, Mapping) and name in bound.flow.lines:
        return {str(key): {str(n): canonical(bound, "", v) for n, v in line.items()} for key, line in value.items()}
    msg = f"`{value}` cannot be the value of {name}."
    raise SetupError(msg, cure="Give text, a whole number, true, false, null or a list of texts.")
