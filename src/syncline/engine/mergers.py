"""Merges made in a system: one record absorbed another. So does its entity; the keys of the loser become aliases."""

from __future__ import annotations

from collections.abc import Set

import msgspec

from syncline.engine.audit import EntryKind, entry
from syncline.engine.codec import Delta, canon_of, decode_delta, encode_delta, encode_gens, gens_of
from syncline.engine.creating import creates_for
from syncline.engine.hub import Pass
from syncline.engine.step import Step, tell_children
from syncline.merging import Shadow
from syncline.model.ledger import ReadOutcome
from syncline.model.page import Op
from syncline.model.state import (
    Conflict,
    ConflictState,
    Entity,
    EntityState,
    Hint,
    Link,
    LinkState,
    Stream,
    UnsettledState,
)
from syncline.model.values import UNSET, Value, decode_row, encode_row, is_empty

LOOK_AGAIN = 5_000_000  #: the record that stays is told apart by then [µs]


def record_merged(at: Pass, step: Step, loser: str, winner: str) -> ReadOutcome:
    """Record `loser` was absorbed by record `winner` in this system."""
    hub, stream, bound = at.hub, at.side.stream, at.bound
    links = hub.store.links(stream, [loser, winner])
    lost, kept = links[loser], links.get(winner)
    now = hub.now()
    if kept is None and _creates_in_doubt(at, lost.eid):
        step.hints.append(Hint(stream=stream, key=winner, reason="changed", due=now, at=now))
        step.moved_hints.append(Hint(stream=stream, key=loser, reason="changed", due=now + LOOK_AGAIN, at=now))
        return ReadOutcome.DEFERRED
    close_merge(at, step, {loser, winner})
    step.aliases.setdefault(stream, []).append((loser, winner))
    step.hints.append(Hint(stream=stream, key=winner, reason="changed", due=now, at=now))
    if lost.state is LinkState.DETACHED:
        step.dropped_links.setdefault(stream, []).append(lost.eid)
        return ReadOutcome.LINKED
    tell_children(hub, step, stream, lost.eid)  # the system has redirected those that it knew, not what came after
    if kept is None:
        step.links[stream, lost.eid] = Link(lost.eid, winner, LinkState.OK, None, None, lost.delta, lost.born, 0)
        step.entries.append(entry(EntryKind.LINKED, lost.eid, winner, f"re-keyed from {loser}"))
        return ReadOutcome.LINKED
    if kept.state is LinkState.DETACHED:
        return _other_way_round(at, step, lost, kept)
    step.dropped_links.setdefault(stream, []).append(lost.eid)
    entities = hub.store.entities(bound.entity, [lost.eid, kept.eid])
    _absorb_entity(at, step, entities[lost.eid], entities[kept.eid])
    return ReadOutcome.LINKED


def _creates_in_doubt(at: Pass, lost: int) -> bool:
    """May the record that stays be what a lost answer hides of another entity? Then it is read, and told, first."""
    doubts = at.hub.store.unsettled(stream=at.side.stream, state=UnsettledState.DOUBT)
    return any(row.op is Op.CREATE and row.eid != lost for row in doubts)


def _other_way_round(at: Pass, step: Step, lost: Link, kept: Link) -> ReadOutcome:
    """Merged elsewhere before, and here the other way round: the entity that lives takes the record that stays."""
    stream = at.side.stream
    step.dropped_links.setdefault(stream, []).extend([kept.eid, lost.eid])
    unknown = {p: Shadow(UNSET, UNSET, 0) for p in at.side.positions}
    link = Link(lost.eid, kept.key, LinkState.OK, None, None, encode_delta(unknown), lost.born, 0)
    step.new_links.setdefault(stream, []).append(link)
    step.entries.append(entry(EntryKind.LINKED, lost.eid, kept.key, f"re-keyed from {lost.key}"))
    return ReadOutcome.LINKED


def merges_to_look_at(at: Pass) -> list[Hint]:
    """Records that wait for a person to merge or delete them here, too: such a deed may leave no other trace."""
    now = at.hub.now()
    return [Hint(stream=at.side.stream, key=key, reason="changed", due=now, at=now) for key in sorted(to_merge(at))]


def to_merge(at: Pass) -> set[str]:
    """Live records of which a person is asked to make one: a tombstone may tell of that, in either direction."""
    asked = {str(key) for one in _open_merges(at) for key in (*decode_row(one.theirs), *decode_row(one.ours))}
    return asked - at.hub.store.tombs(at.side.stream, sorted(asked)).keys()


def left_of_two(at: Pass, step: Step, key: str, gone: Set[str]) -> str:
    """The record that a person left, who was asked to make one of two and deleted the one that was to stay; else ""."""
    answered = {one.cid for one in step.resolved}
    still = [one for one in _open_merges(at) if one.cid not in answered]
    pairs = [(decode_row(one.theirs)[0], decode_row(one.ours)[0]) for one in still]
    asked = [str(loser) for loser, winner in pairs if winner == key and str(loser) not in gone]
    links = at.hub.store.links(at.side.stream, asked)
    return min((loser for loser in asked if loser in links and links[loser].state is LinkState.DETACHED), default="")


def close_merge(at: Pass, step: Step, keys: set[str]) -> None:
    """A person has made two records one here, too, or deleted one of them: nobody is asked any more."""
    for one in _open_merges(at):
        [loser], [winner] = decode_row(one.theirs), decode_row(one.ours)
        if keys & {loser} or keys >= {loser, winner}:
            settled = msgspec.structs.replace(one, state=ConflictState.RESOLVED, kept="ours", who=at.side.system)
            step.resolved.append(settled)
            rule = f"merged in {at.side.system}"
            step.entries.append(entry(EntryKind.CONFLICT, one.eid, one.field, rule, "ours", loser))


def _open_merges(at: Pass) -> list[Conflict]:
    found = at.hub.store.conflicts(entity=at.bound.entity, state=ConflictState.OPEN, limit=2**31 - 1)
    mine = [one for one in found if one.field == "*" and one.system == at.side.system]
    return [one for one in mine if len(decode_row(one.theirs)) == 1 and len(decode_row(one.ours)) == 1]


def _absorb_entity(at: Pass, step: Step, loser: Entity, winner: Entity) -> None:
    step.entities[loser.eid] = msgspec.structs.replace(loser, state=EntityState.MERGED)
    step.merged.append((loser.eid, winner.eid))
    step.unmatched.append(loser.eid)
    step.entries.append(entry(EntryKind.MERGED, loser.eid, winner.eid))
    lagging = _fill(at, step, loser, winner)
    _log_differences(at, step, loser, winner)
    for side in at.bound.sides.values():
        links = at.hub.store.links_of(side.stream, [loser.eid, winner.eid])
        kept, lost = links.get(winner.eid), links.get(loser.eid)
        if kept is not None:
            delta = {p: shadow for p, shadow in lagging.items() if p in side.positions} | decode_delta(kept.delta)
            link = msgspec.structs.replace(kept, delta=encode_delta(delta), fingerprint=None)
            step.links[side.stream, winner.eid] = link
            if lagging:
                step.plan_work(side.stream, Op.UPDATE, winner.eid)
        elif lagging and lost is None and side.conditions and creates_for(at.bound, side, step.entities[winner.eid]):
            step.plan_work(side.stream, Op.CREATE, winner.eid)
        if side.system != at.side.system and lost is not None:
            _other_system(at, step, side.system, lost, kept, (loser, winner))
        _keep_doubts(at, step, side.stream, loser.eid, winner.eid)


def _keep_doubts(at: Pass, step: Step, stream: Stream, loser: int, winner: int) -> None:
    """What may still take effect: a create of the loser, or a write to a record that the winner has taken over."""
    rows = at.hub.store.unsettled_of(stream, [loser, winner])
    row = rows.get(loser)
    if row is None or (row.state is UnsettledState.DOUBT and row.op is Op.CREATE):
        return
    step.settled.setdefault(stream, []).append(loser)
    taken = any(link.eid == winner for link in step.new_links.get(stream, ()))
    if row.state is UnsettledState.DOUBT and taken and winner not in rows:
        step.unsettled.append(msgspec.structs.replace(row, eid=winner))


def _fill(at: Pass, step: Step, loser: Entity, winner: Entity) -> dict[int, Shadow]:
    """Fill what the winner lacks, groups as one, with what the loser had; what its links still carry of that."""
    width = at.bound.width
    canon, gens, theirs = canon_of(winner, width), gens_of(winner, width), canon_of(loser, width)
    blank = [p for unit in at.bound.units if all(_lacks(canon[p]) for p in unit.positions) for p in unit.positions]
    filled = [p for p in sorted(blank) if not _lacks(theirs[p])]
    if not filled:
        return {}
    lagging = {p: Shadow(canon[p], canon[p], gens[p]) for p in filled}
    flat: list[object] = ["merge", "filled"]
    for p in filled:
        flat += [p, canon[p], gens[p], theirs[p]]
        canon[p], gens[p] = theirs[p], step.gen
    step.entries.append(entry(EntryKind.CHANGED, winner.eid, *flat))
    told = encode_gens(gens, step.gen)
    step.entities[winner.eid] = Entity(winner.eid, winner.state, step.gen, encode_row(canon), told)
    return lagging


def _log_differences(at: Pass, step: Step, loser: Entity, winner: Entity) -> None:
    """Where both had a value the winner's stands; what the loser had is kept as a settled conflict."""
    ours, theirs = canon_of(winner, at.bound.width), canon_of(loser, at.bound.width)
    for unit in at.bound.units:
        stands = any(not _lacks(ours[p]) for p in unit.positions)
        if not stands or all(_lacks(theirs[p]) or ours[p] == theirs[p] for p in unit.positions):
            continue
        lost, kept = [theirs[p] for p in unit.positions], [ours[p] for p in unit.positions]
        step.conflicts.append(
            Conflict(
                cid=0, entity=at.bound.entity, eid=winner.eid, field=unit.name, state=ConflictState.AUTO,
                rule=f"merged in {at.side.system}", system=at.side.system, theirs=encode_row(lost),
                ours=encode_row(kept), base=encode_row([]), kept="ours", at=at.hub.now(), run=at.run.number,
            )
        )  # fmt: skip
        step.entries.append(entry(EntryKind.CONFLICT, winner.eid, unit.name, "merge", "ours", *lost))


def _lacks(value: Value) -> bool:
    return value is UNSET or is_empty(value)


def _other_system(
    at: Pass, step: Step, system: str, lost: Link, kept: Link | None, entities: tuple[Entity, Entity]
) -> None:
    """The loser's record elsewhere: the winner takes it over, or two records wait for a person to merge them."""
    stream, (loser, winner) = at.bound.sides[system].stream, entities
    if kept is None or kept.state is not LinkState.OK:
        step.dropped_links.setdefault(stream, []).append(lost.eid)
        if kept is not None:
            step.dropped_links[stream].append(winner.eid)
        delta = encode_delta(_taken_over(at, system, lost, loser, step.entities.get(winner.eid, winner)))
        step.new_links.setdefault(stream, []).append(
            Link(winner.eid, lost.key, LinkState.OK, None, lost.version, delta, lost.born, 0)
        )
        step.hints.append(Hint(stream=stream, key=lost.key, reason="changed", due=at.hub.now(), at=at.hub.now()))
        step.links.pop((stream, winner.eid), None)
        return
    step.links[stream, lost.eid] = msgspec.structs.replace(lost, state=LinkState.DETACHED, fingerprint=None, delta=None)
    step.conflicts.append(
        Conflict(
            cid=0, entity=at.bound.entity, eid=winner.eid, field="*", state=ConflictState.OPEN,
            rule=f"merged in {at.side.system}: {system} still has two records, {kept.key} and {lost.key}",
            system=system, theirs=encode_row([lost.key]), ours=encode_row([kept.key]), base=encode_row([]),
            at=at.hub.now(), run=at.run.number,
        )
    )  # fmt: skip


def _taken_over(at: Pass, system: str, lost: Link, loser: Entity, winner: Entity) -> Delta:
    """What the record that the winner takes over was meant to hold, and what it showed of it: that is no news."""
    width, positions = at.bound.width, at.bound.sides[system].positions
    if lost.state is not LinkState.OK:
        return {p: Shadow(UNSET, UNSET, 0) for p in positions}
    held, delta = canon_of(loser, width), decode_delta(lost.delta)
    canon, gens = canon_of(winner, width), gens_of(winner, width)
    shadows = {p: delta.get(p, Shadow(held[p], held[p], 0)) for p in positions}
    return {p: one._replace(gen=gens[p] if one.base == canon[p] else 0) for p, one in shadows.items()}
