"""Merge records into the entities that they are linked to, and plan what follows for every system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from syncline.engine.audit import Entry, EntryKind, entries_of, entry
from syncline.engine.codec import Delta, canon_of, decode_delta, encode_delta, encode_gens, gens_of
from syncline.engine.creating import admits, creates
from syncline.engine.hub import BoundSide, Hub, Pass
from syncline.engine.identify import OUR_CREATE, is_indexed, keys_of, values_of
from syncline.engine.known import Known
from syncline.engine.learn import UNKNOWN, believed
from syncline.engine.plan import wanted
from syncline.engine.restored import comes_back, goes_to_its_twin, is_another, reopen
from syncline.engine.step import Step
from syncline.merging import Decision, Merge, Observation, Shadow, Unit, Verdict, merge
from syncline.merging.merge import CHANGES_CANON, IS_CONFLICT
from syncline.model.flow import DeletePolicy, Direction
from syncline.model.ledger import ReadOutcome
from syncline.model.page import Op
from syncline.model.state import (
    Conflict,
    ConflictState,
    Entity,
    EntityState,
    Link,
    LinkState,
    UnsettledState,
)
from syncline.model.values import UNSET, Row, encode_row


def combine(at: Pass, known: Sequence[Known], step: Step, outcomes: Counter[ReadOutcome]) -> None:
    """Merge each record; entities, links, conflicts, audit entries and work go into `step`."""
    eids = [one.eid for one in known]
    entities = at.hub.store.entities(at.bound.entity, eids)
    others = {
        side.system: at.hub.store.links_of(side.stream, eids)
        for side in at.bound.sides.values()
        if side.system != at.side.system
    }
    for one in known:
        entity = step.entities.get(one.eid) or entities.get(one.eid)
        if entity is None or entity.state is EntityState.MERGED:
            outcomes[_nobodys(at, one, step)] += 1
            continue
        links = {system: found[one.eid] for system, found in others.items() if one.eid in found}
        outcomes[_combine_one(at, one, entity, links, step)] += 1
    _let_go(at, [one.eid for one in known if one.link is not None], step)


def _combine_one(at: Pass, one: Known, entity: Entity, others: Mapping[str, Link], step: Step) -> ReadOutcome:
    if one.link is not None and one.link.state is not LinkState.OK:
        if not comes_back(at, one, entity, step):
            return ReadOutcome.FILTERED
        if entity.state is EntityState.DEAD and (
            is_another(at, one, entity, step) or goes_to_its_twin(at, one, entity, step)
        ):
            return ReadOutcome.DEFERRED
        reopen(at, one, entity, step)
    gens = gens_of(entity, at.bound.width)
    seen = _observation(at, one, entity, others, step)
    result = merge(at.bound.units, seen, gen=step.gen)
    revived = entity.state is EntityState.DEAD and _lives_again(one, result)
    if revived and not _is_restored(one) and goes_to_its_twin(at, one, entity, step):
        return ReadOutcome.DEFERRED
    if revived:
        _revive(at, one, step, others)
    _write_anew(at, one, result, gens)
    _record(at, one, seen, result, step)
    if entity.state is EntityState.DEAD and not revived:
        return _stays_dead(at, one, result, step)
    lagging = _lag_others(at, result, gens, others, step)
    if result.changed or revived:
        _store_entity(at, entity, result, gens, step, revived=revived)
    _store_link(at, one, result, step)
    _plan(at, one.eid, result, lagging, others, step)
    return _outcome(one, result)


def _write_anew(at: Pass, one: Known, result: Merge, gens: Sequence[int]) -> None:
    """A reference that shows a former key of its parent means the right entity, but is to be written anew."""
    for p in one.stale & at.side.writable:
        result.delta[p] = result.delta.get(p, Shadow(UNSET, result.canon[p], gens[p]))._replace(base=UNSET)


def _observation(at: Pass, one: Known, entity: Entity, others: Mapping[str, Link], step: Step) -> Observation:
    first = one.link is None
    canon, gens = canon_of(entity, at.bound.width), gens_of(entity, at.bound.width)
    delta = decode_delta(one.link.delta) if one.link else _first_shadows(at, one)
    linked = {system for system, link in others.items() if link.state is LinkState.OK} | {at.side.system}
    return Observation(
        system=at.side.system, values=one.values, canon=canon, gens=gens, delta=delta,
        direction=at.side.side.direction, first_sight=first, pending=one.pending, owners_linked=frozenset(linked),
        normalise=at.side.shows, believes=lambda position, names: believed(at, position, names, step),
        wins=lambda unit, positions: _is_later(at, one, unit, [gens[p] for p in positions]),
    )  # fmt: skip


def _first_shadows(at: Pass, one: Known) -> Delta:
    """Of a record at first sight nothing is known; but one that carries our marker held first what our create sent."""
    shadows = {p: Shadow(UNSET, UNSET, 0) for p in at.side.positions}
    if at.side.contract.marker and one.how == OUR_CREATE:
        ours = {p: Shadow(sent, at.side.shows(p, sent), gen) for p, (sent, gen) in one.pending.items()}
        shadows.update((p, shadow) for p, shadow in ours.items() if p in shadows)
    return shadows


def _is_later(at: Pass, one: Known, unit: Unit, gens: Sequence[int]) -> bool:
    """Rule latest: is this record's change later than the canon's? Within the clocks' uncertainty, rank decides."""
    gen = max(gens)
    page = at.hub.store.audit_pages([gen]).get(gen)
    if page is None:
        return True
    stamp = next((e.stamp for e in entries_of(page) if e.eid == one.eid and e.stamp), 0) or page.at
    rival = at.bound.sides.get(page.system)
    clocks = [at.side.contract, *([rival.contract] if rival else [])]
    unsure = int(sum(one.precision + one.skew for one in clocks) * 1e6)
    mine = one.stamp or at.hub.now()
    if abs(mine - stamp) > unsure:
        return mine > stamp
    rank = (rival.side.rank, rival.system) if rival else (0, "")
    return (at.side.side.rank, at.side.system) > rank


def _lives_again(one: Known, result: Merge) -> bool:
    """Is the record of a deleted entity restored, or was it edited?"""
    clashed = one.link is not None and any(decision.verdict in IS_CONFLICT for decision in result.decisions)
    return _is_restored(one) or bool(result.changed) or clashed


def _is_restored(one: Known) -> bool:
    return one.link is not None and one.link.state is LinkState.GONE


def _revive(at: Pass, one: Known, step: Step, others: Mapping[str, Link]) -> None:
    """An edit met a delete made elsewhere: the edit wins, the entity lives on. Also when the record was restored.

    It may have died before it was created everywhere.
    """
    if not _is_restored(one):
        step.conflicts.append(_conflict(at, one, "*", "delete against edit", "theirs", [UNSET], [UNSET]))
        for system, link in others.items():
            if link.state is LinkState.GONE:
                step.dropped_links.setdefault(at.bound.sides[system].stream, []).append(one.eid)
    step.entries.append(entry(EntryKind.REOPENED, one.eid, f"edited in {at.side.system}", stamp=one.stamp))
    for side in at.bound.sides.values():
        if side.system not in (at.side.system, *others) and creates_now(at.hub, side):
            step.plan_work(side.stream, Op.CREATE, one.eid)


def _conflict(  # noqa: PLR0913  a row of many facts
    at: Pass, one: Known, name: str, rule: str, kept: str, theirs: Row, ours: Row, base: Row | None = None
) -> Conflict:
    return Conflict(
        cid=0, entity=at.bound.entity, eid=one.eid, field=name, rule=rule, system=at.side.system,
        state=ConflictState.AUTO if kept else ConflictState.OPEN, theirs=encode_row(theirs), ours=encode_row(ours),
        base=encode_row(base or []), kept=kept, at=at.hub.now(), run=at.run.number,
    )  # fmt: skip


_KEPT = {
    Verdict.WON: "theirs",
    Verdict.LOST: "ours",
    Verdict.PRESUMED: "ours",
    Verdict.MERGED: "merged",
    Verdict.CONFLICT: "",
}


def _record(at: Pass, one: Known, seen: Observation, result: Merge, step: Step) -> None:
    for decision in result.decisions:
        if decision.verdict in CHANGES_CANON:
            step.entries.append(_changed(decision, one, seen))
        if decision.verdict is Verdict.REJECTED:
            flat: list[object] = [decision.reason]
            for position, value in zip(decision.positions, decision.theirs, strict=True):
                flat += [position, value]
            step.entries.append(entry(EntryKind.REJECTED, one.eid, *flat, stamp=one.stamp))
        if decision.verdict in _KEPT:
            kept, rule = _KEPT[decision.verdict], decision.unit.rule.kind.value
            rule = UNKNOWN if decision.verdict is Verdict.PRESUMED else rule
            name = decision.unit.name
            step.conflicts.append(
                _conflict(at, one, name, rule, kept, list(decision.theirs), list(decision.before), list(decision.base))
            )
            step.entries.append(entry(EntryKind.CONFLICT, one.eid, name, rule, kept, *decision.theirs, stamp=one.stamp))


def _changed(decision: Decision, one: Known, seen: Observation) -> Entry:
    flat: list[object] = [decision.unit.rule.kind.value, decision.verdict.value]
    for position, before, after in zip(decision.positions, decision.before, decision.after, strict=True):
        flat += [position, before, seen.gens[position], after]
    return entry(EntryKind.CHANGED, one.eid, *flat, stamp=one.stamp)


def _store_entity(at: Pass, entity: Entity, result: Merge, gens: list[int], step: Step, *, revived: bool) -> None:
    for position in result.changed:
        gens[position] = step.gen
    step.entities[entity.eid] = Entity(
        entity.eid, EntityState.LIVE, step.gen, encode_row(result.canon), encode_gens(gens, step.gen)
    )
    if (revived or _matches_on(at, result.changed)) and is_indexed(at.hub, at.bound):
        step.unmatched.append(entity.eid)
        step.matching += keys_of(at.bound, entity.eid, values_of(at.bound, result.canon))


def _matches_on(at: Pass, changed: Sequence[int]) -> bool:
    names = {at.bound.layout[position] for position in changed}
    return any(name in rule.fields for rule in at.bound.flow.match for name in names)


def _stays_dead(at: Pass, one: Known, result: Merge, step: Step) -> ReadOutcome:
    """The entity was deleted. A record that turns up for it late (a create that was in doubt) is deleted as well."""
    delta = encode_delta(result.delta)
    if one.link is not None:
        step.links[at.side.stream, one.eid] = Link(
            one.eid, one.key, one.link.state, one.print, one.version, delta, one.link.born, one.stamp
        )
        return ReadOutcome.FILTERED
    return _orphan(at, one, delta, "an orphan of a deleted entity", step)


def _orphan(at: Pass, one: Known, delta: bytes | None, why: str, step: Step) -> ReadOutcome:
    link = Link(one.eid, one.key, LinkState.OK, one.print, one.version, delta, at.hub.now(), one.stamp)
    step.new_links.setdefault(at.side.stream, []).append(link)
    step.entries.append(entry(EntryKind.LINKED, one.eid, one.key, why, stamp=one.stamp))
    step.plan_work(at.side.stream, Op.DELETE, one.eid)
    return ReadOutcome.LINKED


def _nobodys(at: Pass, one: Known, step: Step) -> ReadOutcome:
    """A record of an entity that was absorbed by another, which has one itself: a late create of ours is deleted."""
    if one.link is None:
        return _orphan(at, one, None, "an orphan of a merged entity", step)
    if one.link.state is LinkState.OK:
        step.touched.setdefault(at.side.stream, []).append((one.eid, one.print, one.version, one.stamp))
    return ReadOutcome.FILTERED


def _store_link(at: Pass, one: Known, result: Merge, step: Step) -> None:
    delta = encode_delta(result.delta)
    if one.link is None:
        link = Link(one.eid, one.key, LinkState.OK, one.print, one.version, delta, at.hub.now(), one.stamp)
        step.new_links.setdefault(at.side.stream, []).append(link)
        step.entries.append(entry(EntryKind.LINKED, one.eid, one.key, one.how, stamp=one.stamp))
    elif (
        delta == one.link.delta and not result.decisions and one.link.state is LinkState.OK and one.link.key == one.key
    ):
        step.touched.setdefault(at.side.stream, []).append((one.eid, one.print, one.version, one.stamp))
    else:
        step.links[at.side.stream, one.eid] = Link(
            one.eid, one.key, LinkState.OK, one.print, one.version, delta, one.link.born, one.stamp
        )


def _lag_others(
    at: Pass, result: Merge, gens: Sequence[int], others: Mapping[str, Link], step: Step
) -> dict[str, Delta]:
    """Every other link still carries the former canon of what changed: write that into its delta."""
    deltas: dict[str, Delta] = {}
    for system, link in others.items():
        side = at.bound.sides[system]
        current = step.links.get((side.stream, link.eid), link)
        delta = decode_delta(current.delta)
        deltas[system] = delta
        if not result.lagging or link.state is not LinkState.OK:
            continue
        for position, former in result.lagging.items():
            if position in side.positions and position not in delta:
                delta[position] = Shadow(former, former, gens[position])
        step.links[side.stream, link.eid] = _with_delta(current, delta)
    return deltas


def _with_delta(link: Link, delta: Delta) -> Link:
    return Link(
        link.eid, link.key, link.state, link.fingerprint, link.version, encode_delta(delta), link.born, link.stamp
    )


def _plan(
    at: Pass, eid: int, result: Merge, lagging: Mapping[str, Delta], others: Mapping[str, Link], step: Step
) -> None:
    """Which systems must now be written: those whose shadow differs from canon, and those that lack the record."""
    for side in at.bound.sides.values():
        own = side.system == at.side.system
        if side.side.direction is Direction.FROM or (own and eid in at.delivering):
            continue
        delta = result.delta if own else lagging.get(side.system)
        if delta is None or eid in step.dropped_links.get(side.stream, ()):
            news = result.changed or eid in step.dropped_links.get(side.stream, ())
            if news and creates_now(at.hub, side) and admits(side, result.canon):
                step.plan_work(side.stream, Op.CREATE, eid)
        elif wanted(at.bound.units, result.canon, delta, writable=side.writable):
            link = others.get(side.system)
            if link is None or link.state is LinkState.OK:
                step.plan_work(side.stream, Op.UPDATE, eid)


def _let_go(at: Pass, eids: Sequence[int], step: Step) -> None:
    """A refused change whose reason went away, as canon or the system went back, waits for nobody any more."""
    for side in at.bound.sides.values():
        rows = at.hub.store.unsettled_of(side.stream, eids)
        parked = [eid for eid, row in rows.items() if row.state is UnsettledState.PARKED and row.op is Op.UPDATE]
        links = at.hub.store.links_of(side.stream, parked)
        entities = at.hub.store.entities(at.bound.entity, parked)
        for eid in parked:
            entity = step.entities.get(eid) or entities.get(eid)
            link = step.links.get((side.stream, eid)) or links.get(eid)
            if entity is None or link is None or link.state is not LinkState.OK:
                continue
            canon, delta = canon_of(entity, at.bound.width), decode_delta(link.delta)
            if not wanted(at.bound.units, canon, delta, writable=side.writable):
                step.settled.setdefault(side.stream, []).append(eid)


def creates_now(hub: Hub, side: BoundSide) -> bool:
    """May the hub plan to create records in this system? Not before all that exists there has been seen."""
    return creates(side) and hub.matched(side.stream)


def _outcome(one: Known, result: Merge) -> ReadOutcome:
    verdicts = {decision.verdict for decision in result.decisions}
    if verdicts & (IS_CONFLICT - {Verdict.MERGED}):
        return ReadOutcome.CONFLICTED
    if one.link is None:
        return ReadOutcome.LINKED
    if verdicts & (CHANGES_CANON | {Verdict.REJECTED}):
        return ReadOutcome.UPDATED
    return ReadOutcome.UNCHANGED


POLICY_OP = {DeletePolicy.PROPAGATE: Op.DELETE, DeletePolicy.ARCHIVE: Op.ARCHIVE}
