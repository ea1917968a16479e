"""A record that had been deleted is there again: its entity lives on, unless a twin has taken its place."""

from __future__ import annotations

import msgspec

from syncline.engine.audit import EntryKind, entry
from syncline.engine.codec import canon_of
from syncline.engine.hub import Pass
from syncline.engine.identify import How, Sighting, by_values_alone, put_question, values_of
from syncline.engine.known import Known
from syncline.engine.step import Step, ask_children
from syncline.engine.unplaced import remember
from syncline.matching import match_key
from syncline.model.state import Entity, EntityState, Hint, LinkState, Tomb
from syncline.model.values import UNSET, Value


def comes_back(at: Pass, one: Known, entity: Entity, step: Step) -> bool:
    """A record that had been deleted shows up again: a person restored it, if it is newer than its tomb."""
    link = one.link
    if link is None or link.state is LinkState.DETACHED:
        return False
    tomb = at.hub.store.tombs(at.side.stream, [one.key]).get(one.key)
    return tomb is None or _is_restored(at, one, entity, tomb, step)


def reopen(at: Pass, one: Known, entity: Entity, step: Step) -> None:
    """It is a record of its entity again, which lives on."""
    step.raised.setdefault(at.side.stream, []).append(one.key)
    step.entries.append(entry(EntryKind.REOPENED, one.eid, f"{at.side.system} shows the record again", stamp=one.stamp))
    if entity.state is EntityState.DEAD:
        _drop_dead_links(at, one.eid, step)


def is_another(at: Pass, one: Known, dead: Entity, step: Step) -> bool:
    """Has the system given the key of a deleted record to another one? Then that one is met anew, as a stranger."""
    if not _is_called_otherwise(at, one, dead):
        return False
    now = at.hub.now()
    step.raised.setdefault(at.side.stream, []).append(one.key)
    step.dropped_links.setdefault(at.side.stream, []).append(one.eid)
    step.hints.append(Hint(stream=at.side.stream, key=one.key, reason="changed", due=now, at=now))
    ask_children(at.hub, step, at.side.stream, dead)
    return True


def _is_called_otherwise(at: Pass, one: Known, dead: Entity) -> bool:
    """Has the record another name than what was deleted, by every rule that both can be matched by?"""
    canon = canon_of(dead, at.bound.width)
    shown = [UNSET if value is UNSET else at.side.shows(p, value) for p, value in enumerate(canon)]
    was, shows = values_of(at.bound, canon), values_of(at.bound, shown)
    exact = [rule for rule in at.bound.flow.match if rule.at_least is None]
    keys = [[match_key(rule, values) for values in (_named(at, one), was, shows)] for rule in exact]
    known = [(key, former) for key, *former in keys if key is not None and former[0] is not None]
    return bool(known) and not any(key in former for key, former in known)


def _named(at: Pass, one: Known) -> dict[str, Value]:
    return {at.bound.layout[p]: value for p, value in one.values.items() if value is not UNSET}


def goes_to_its_twin(at: Pass, one: Known, dead: Entity, step: Step) -> bool:
    """Is there another entity by now that it would be linked to? Then it is met anew, as a record of that one.

    A twin elsewhere that was read after the entity had died has become an entity of its own: two would stand beside
    each other everywhere. Where it cannot be told which one it is, a person is asked.
    """
    values = _named(at, one)
    found = by_values_alone(at, Sighting(key=one.key, marker="", values=values, stamp=one.stamp, exact=one.exact))
    if found is None:
        return False
    step.raised.setdefault(at.side.stream, []).append(one.key)
    step.dropped_links.setdefault(at.side.stream, []).append(one.eid)
    if found.how is How.LINK:
        step.entities[one.eid] = msgspec.structs.replace(dead, state=EntityState.MERGED)
        step.merged.append((one.eid, found.eid))
        step.entries.append(entry(EntryKind.MERGED, one.eid, found.eid))
        now = at.hub.now()
        step.hints.append(Hint(stream=at.side.stream, key=one.key, reason="changed", due=now, at=now))
    else:
        put_question(at, one.key, values, one.print, found, step)
    return True


def _is_restored(at: Pass, one: Known, entity: Entity, tomb: Tomb, step: Step) -> bool:
    """Is the record there again? A read by key says so, at once where its stamp is later than the tomb beyond doubt."""
    contract, now = at.side.contract, at.hub.now()
    if contract.stamped and tomb.at + int((contract.skew + contract.precision) * 1e6) < one.stamp:
        if one.exact:
            return True
        due = now + int(contract.settle * 1e6)
    else:
        due = max(now, tomb.at + int(contract.certain * 1e6))
    if not one.exact or now < due:
        step.hints.append(Hint(stream=at.side.stream, key=one.key, reason="changed", due=due, at=now))
        if _is_called_otherwise(at, one, entity):  # nothing of that name is created beside it meanwhile
            remember(at, step, one.key, one.values, frozenset())
        return False
    former = one.link.fingerprint if one.link else None
    if former is None and tomb.reason.startswith("archive"):  # it is still there, as we left it
        step.touched.setdefault(at.side.stream, []).append((one.eid, one.print, one.version, one.stamp))
        return False
    return former != one.print


def _drop_dead_links(at: Pass, eid: int, step: Step) -> None:
    """Links to records that were deleted with the entity make room for new records."""
    for side in at.bound.sides.values():
        link = at.hub.store.links_of(side.stream, [eid]).get(eid)
        if side.system != at.side.system and link and link.state is LinkState.GONE:
            step.dropped_links.setdefault(side.stream, []).append(eid)
