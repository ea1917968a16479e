"""What a person decides about canon: an edit like any other, with a generation, an audit page and a run of its own.

The rule of such a change reads `person: NAME`, its verdict says what the person did. So `why` names the person, and the
run that it has can be undone like any run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from syncline.engine.audit import EntryKind, entry
from syncline.engine.codec import Delta, canon_of, decode_delta, encode_delta, encode_gens, gens_of
from syncline.engine.combine import creates
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
from syncline.model.values import Row, Value, encode_row

PERSON = "person"  #: kind of a step, and begin of the rule, of what a person decided
FIRST = 0  #: priority of what a person waits for

T = TypeVar("T")


def rule_of(who: str) -> str:
    """How the audit names a person's change."""
    return f"{PERSON}: {who}" if who else PERSON


def who_of(rule: str) -> str | None:
    """The person that a rule of the audit names; "" for one without a name, None when it is no person's."""
    kind, _, who = rule.partition(": ")
    return who if kind == PERSON else None


def as_run(hub: Hub, act: Callable[[Run], T]) -> T:
    """Give what a person does a run of its own, which nothing is read or sent in."""
    this = open_run(hub, full=False, approved=False, send=False)
    done = act(this)
    close_run(hub, this)
    return done


def edit(
    hub: Hub, bound: BoundFlow, entity: Entity, values: Mapping[int, Value], step: Step, *, who: str, verdict: str
) -> list[str]:
    """Make `values` canon, remember what every system still carries, and plan the writes; the systems to be written."""
    width = bound.width
    canon, gens = canon_of(entity, width), gens_of(entity, width)
    flat: list[object] = [rule_of(who), verdict]
    for position, value in sorted(values.items()):
        flat += [position, canon[position], gens[position], value]
    step.entries.append(entry(EntryKind.CHANGED, entity.eid, *flat, stamp=hub.now()))
    former, former_gens = list(canon), list(gens)
    for position, value in values.items():
        canon[position], gens[position] = value, step.gen
    row = Entity(entity.eid, EntityState.LIVE, step.gen, encode_row(canon), encode_gens(gens))
    step.entities[entity.eid] = row
    _index(hub, bound, entity.eid, canon, values, step)
    return [
        side.system
        for side in bound.sides.values()
        if _carry(hub, bound, side, entity.eid, (former, former_gens, canon), values, step)
    ]


def _index(hub: Hub, bound: BoundFlow, eid: int, canon: Row, values: Mapping[int, Value], step: Step) -> None:
    names = {bound.layout[position] for position in values}
    if is_indexed(hub, bound) and any(names & set(rule.fields) for rule in bound.flow.match):
        step.unmatched.append(eid)
        step.matching += keys_of(bound, eid, values_of(bound, canon))


def _carry(
    hub: Hub,
    bound: BoundFlow,
    side: BoundSide,
    eid: int,
    canons: tuple[Row, Sequence[int], Row],
    values: Mapping[int, Value],
    step: Step,
) -> bool:
    """Write the new shadow of one link into the step; True when the system must be written."""
    former, former_gens, canon = canons
    link = step.links.get((side.stream, eid)) or hub.store.links_of(side.stream, [eid]).get(eid)
    if link is None:
        if creates(side):
            step.plan_work(side.stream, Op.CREATE, eid)
        return creates(side)
    if link.state is not LinkState.OK:
        return False
    delta = decode_delta(link.delta)
    for position in values:
        if position in side.positions:
            was = delta.get(position, Shadow(former[position], former[position], former_gens[position]))
            _cast(side, position, was, canon[position], step.gen, delta)
    step.links[side.stream, eid] = with_delta(link, delta)
    if side.side.direction is Direction.FROM or not wanted(bound.units, canon, delta, writable=side.writable):
        return False
    step.plan_work(side.stream, Op.UPDATE, eid)
    return True


def _cast(side: BoundSide, position: int, was: Shadow, value: Value, gen: int, delta: Delta) -> None:
    """A system that shows the new value already agrees; any other one carries what it carried."""
    if was.seen == value:
        delta.pop(position, None)
    elif was.seen == side.shows(position, value):
        delta[position] = Shadow(value, was.seen, gen)
    else:
        # what was meant before may be the new value, while something else is shown: it must be written all the same
        delta[position] = Shadow(was.seen if was.base == value else was.base, was.seen, was.gen)


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


def unfreeze(hub: Hub, bound: BoundFlow, eid: int, step: Step, *, settled: str) -> None:
    """After a conflict was decided, every other field's writes are planned too: they may have waited with it."""
    canon = canon_of(step.entities.get(eid) or entity_of(hub, bound, eid), bound.width)
    frozen = hub.store.frozen(bound.entity, [eid]).get(eid, frozenset()) - {settled}
    for side in bound.sides.values():
        link = step.links.get((side.stream, eid)) or hub.store.links_of(side.stream, [eid]).get(eid)
        if link is None or link.state is not LinkState.OK or side.side.direction is Direction.FROM:
            continue
        if wanted(bound.units, canon, decode_delta(link.delta), writable=side.writable, frozen=frozen):
            step.plan_work(side.stream, Op.UPDATE, eid)
