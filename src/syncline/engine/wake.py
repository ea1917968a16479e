"""What waited can go on: for a parent that has come, for a pause that is over, for a person's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from syncline.engine.absorb import CIRCLE, DEFER_FOR
from syncline.engine.hub import Pass
from syncline.engine.ready import maybe_there, needed
from syncline.engine.references import parents_in
from syncline.engine.step import Step, begin, commit
from syncline.model.page import Op
from syncline.model.state import Hint, LinkState, Stream, Unsettled, UnsettledState
from syncline.model.values import decode_row

FAR = 2**62  #: later than anything [µs]
MOST_DEFERRED = 10_000  #: records waiting for a parent that are looked at in one go
DEFERRED = "deferred "  #: begins the reason of a hint that waits for a parent


def wake_deferred(at: Pass) -> bool:
    """Records that waited for a parent are due as soon as it is known; True when there was any."""
    if not (at.bound.references or at.bound.line_references):
        return False
    waiting = [
        hint
        for hint in at.hub.store.hints(at.side.stream, due=at.hub.now() + DEFER_FOR, limit=MOST_DEFERRED)
        if hint.reason.startswith(DEFERRED) and hint.due > at.hub.now()
    ]
    if not waiting:
        return False
    parents: dict[str, set[str]] = {}
    for hint in waiting:
        _, entity, key = hint.reason.split(" ", 2)
        parents.setdefault(entity, set()).add(key)
    known = {
        f"{DEFERRED}{entity} {key}"
        for entity, keys in parents.items()
        for key in parents_in(at.hub, at.side.system, entity, sorted(keys)).eids
    }
    now = at.hub.now()
    ready = [msgspec.structs.replace(hint, due=now) for hint in waiting if hint.reason in known]
    if at.bound.nullable:
        left = [hint for hint in waiting if hint.reason not in known and not hint.tries]
        ready += [
            msgspec.structs.replace(hint, due=now, reason=CIRCLE + hint.reason.removeprefix(DEFERRED))
            for hint in _in_circles(at, left)
        ]
    if ready:
        step = begin(at.hub, "merge", system=at.side.system, entity=at.bound.entity)
        step.moved_hints += ready
        commit(at.hub, at.run, step)
    return bool(ready)


def _in_circles(at: Pass, waiting: Sequence[Hint]) -> list[Hint]:
    """Those of `waiting` whose parents, followed from one to the next, wait for the record itself."""
    if not waiting:
        return []
    awaited = {
        f"{bound.entity} {hint.key}": hint.reason.removeprefix(DEFERRED)
        for bound in at.hub.flows.values()
        if at.side.system in bound.sides and (bound.references or bound.line_references)
        for hint in at.hub.store.hints(Stream(at.side.system, bound.entity), due=FAR, limit=MOST_DEFERRED)
        if hint.reason.startswith(DEFERRED)
    }
    circles = _circles(awaited)
    return [hint for hint in waiting if f"{at.bound.entity} {hint.key}" in circles]


def _circles(awaited: Mapping[str, str]) -> set[str]:
    """Those that come back to themselves when one follows what each waits for."""
    passed: set[str] = set()
    circles: set[str] = set()
    for start in awaited:
        path: list[str] = []
        at = start
        while at in awaited and at not in passed:
            passed.add(at)
            path.append(at)
            at = awaited[at]
        if at in path:
            circles.update(path[path.index(at) :])
    return circles


def wake(at: Pass) -> bool:
    """Plan anew what waited for a retry that is due, or for a parent that may have come; True when there was any."""
    now, store, stream = at.hub.now(), at.hub.store, at.side.stream
    due = [
        *store.unsettled(stream=stream, state=UnsettledState.RETRY, due=now),
        *store.unsettled(stream=stream, state=UnsettledState.BLOCKED, due=now, limit=2**31 - 1),
    ]
    there = maybe_there(at, Op.CREATE, [row.eid for row in due if row.pending is None])
    fresh = [row for row in due if row.state is UnsettledState.RETRY or _moved(at, row, there)]
    if not fresh:
        return False
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    plan_anew(at, fresh, step)
    for row in fresh:
        if row.run == at.run.number:
            at.account.recall_pending()
        if row.state is UnsettledState.BLOCKED:
            step.settled.setdefault(stream, []).append(row.eid)
    commit(at.hub, at.run, step, priority=1)
    return True


def plan_anew(at: Pass, rows: Sequence[Unsettled], step: Step) -> None:
    """Plan what each entity asks for by now: it may have died or come back while its write waited."""
    eids = [row.eid for row in rows]
    entities, links = at.hub.store.entities(at.bound.entity, eids), at.hub.store.links_of(at.side.stream, eids)
    for row in rows:
        op = needed(at, row.op, entities[row.eid], links.get(row.eid)) if row.eid in entities else row.op
        step.plan_work(at.side.stream, op, row.eid)


def _moved(at: Pass, row: Unsettled, there: Mapping[int, str]) -> bool:
    """Has the parent that a blocked row waits for got a record here meanwhile, or is it known what was unclear?"""
    if row.pending is None:
        return row.eid not in there
    entity, eid = cast("tuple[str, int]", decode_row(row.pending))
    survivor = at.hub.store.merged_into(entity, eid)
    link = at.hub.store.links_of(Stream(at.side.system, entity), [survivor]).get(survivor)
    return link is not None and link.state is LinkState.OK
