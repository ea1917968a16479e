"""Read records by key when they are due: hints, records that went missing, and writes that are in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from syncline.engine.absorb import DEFER_FOR, Reading, absorb
from syncline.engine.codec import Pending, canon_of, decode_delta, decode_pending
from syncline.engine.deletes import confirmed, record_deleted
from syncline.engine.deliver import await_settled, get_records, page_of
from syncline.engine.hub import Pass
from syncline.engine.identify import asked_about
from syncline.engine.limits import Priority
from syncline.engine.mergers import record_merged
from syncline.engine.plan import wanted
from syncline.engine.ready import needed
from syncline.engine.references import parents_in
from syncline.engine.retry import backoff
from syncline.engine.step import Step, begin, commit
from syncline.model.ledger import ReadOutcome
from syncline.model.page import Gone, Op, Page, Record, Unreadable
from syncline.model.state import Hint, LinkState, Stream, Unsettled, UnsettledState
from syncline.model.values import decode_row, is_empty

PAGE = 100
DEFERRED = "deferred "


def refresh(at: Pass) -> bool:
    """Read what is due now; True when there was anything."""
    hints = at.hub.store.hints(at.side.stream, due=at.hub.now(), limit=PAGE)
    if hints:
        _read_hinted(at, hints)
    doubts = at.hub.store.unsettled(stream=at.side.stream, state=UnsettledState.DOUBT, due=at.hub.now(), limit=PAGE)
    if doubts:
        _decide_doubts(at, doubts)
    return bool(hints or doubts)


def _read_hinted(at: Pass, hints: Sequence[Hint]) -> None:
    by_key = {hint.key: hint for hint in hints}
    if at.side.contract.settle:
        await_settled(at, [link.eid for link in at.hub.store.links(at.side.stream, list(by_key)).values()])
    answers = get_records(at, list(by_key), Priority.LIVE)
    records = [answer for answer in answers if isinstance(answer, Record)]
    gone = [answer for answer in answers if isinstance(answer, Gone)]
    unreadable = [(answer.key, answer.reason) for answer in answers if isinstance(answer, Unreadable)]
    if unreadable:
        _look_later(at, by_key, unreadable)
    if records:
        links = at.hub.store.links(at.side.stream, [record.key for record in records])
        doubts = at.hub.store.unsettled_of(at.side.stream, [link.eid for link in links.values()])
        pending = {eid: decode_pending(row.pending) for eid, row in doubts.items() if row.state is UnsettledState.DOUBT}
        absorb(at, page_of(records), Reading(exact=True, pending=pending))
    if gone:
        _missing(at, by_key, gone)


def _look_later(at: Pass, hints: Mapping[str, Hint], unreadable: Sequence[tuple[str, str]]) -> None:
    """Park what could not be read, and keep its hint: it is tried again, ever more rarely."""
    absorb(at, Page(keys=[], raws=[], broken=unreadable), Reading(exact=True))
    step = begin(at.hub, "merge", system=at.side.system, entity=at.bound.entity)
    for key, _ in unreadable:
        tries = hints[key].tries + 1
        due = at.hub.now() + int(backoff(tries, at.hub.env.random(), base=30.0, asked=30.0) * 1e6)
        step.moved_hints.append(msgspec.structs.replace(hints[key], due=due, tries=tries))
    commit(at.hub, at.run, step)


def _missing(at: Pass, hints: Mapping[str, Hint], gone: Sequence[Gone]) -> None:
    step = begin(at.hub, "merge", system=at.side.system, entity=at.bound.entity)
    at.account.read += len(gone)
    links = at.hub.store.links(at.side.stream, [answer.key for answer in gone])
    unknown = [answer.key for answer in gone if answer.key not in links]
    step.done_hints.setdefault(at.side.stream, []).extend(unknown)
    at.account.reads[ReadOutcome.FILTERED] += len(unknown)
    absorbed = [answer for answer in gone if answer.key in links and answer.merged_into]
    for answer in absorbed:
        at.account.reads[record_merged(at, step, answer.key, answer.merged_into)] += 1
    rest = [answer.key for answer in gone if answer.key in links and not answer.merged_into]
    sure = confirmed(at, hints, rest, step)
    at.account.reads[ReadOutcome.DEFERRED] += len(rest) - len(sure)
    for key in sure:
        at.account.reads[record_deleted(at, step, key, "it is no longer there")] += 1
    commit(at.hub, at.run, step, priority=1)


def _decide_doubts(at: Pass, doubts: Sequence[Unsettled]) -> None:
    """Every quarantine here is over: what the system shows now is what became of our write."""
    creates = [row for row in doubts if row.op is Op.CREATE]
    others = [row for row in doubts if row.op is not Op.CREATE]
    for row in creates:
        _decide_create(at, row)
    if others:
        _decide_writes(at, others)


def _decide_writes(at: Pass, doubts: Sequence[Unsettled]) -> None:
    links = at.hub.store.links_of(at.side.stream, [row.eid for row in doubts])
    keys = {link.key: link.eid for link in links.values()}
    answers = get_records(at, list(keys), Priority.LIVE) if keys else []
    records = [answer for answer in answers if isinstance(answer, Record)]
    pending: dict[int, Pending] = {row.eid: decode_pending(row.pending) for row in doubts if row.pending}
    if records:
        absorb(at, page_of(records), Reading(exact=True, pending=pending))
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    now = at.hub.now()
    step.hints += [
        Hint(stream=at.side.stream, key=answer.key, reason="missing", due=now, at=now)
        for answer in answers
        if isinstance(answer, Gone)
    ]
    open_still = _still_wanted(at, [row.eid for row in doubts])
    _plan_anew(at, doubts, step)
    for row in doubts:
        step.settled.setdefault(at.side.stream, []).append(row.eid)
        landed = row.op is Op.UPDATE and row.eid not in open_still
        at.account.doubt_ended(landed=landed, this_run=row.run == at.run.number)
    commit(at.hub, at.run, step, priority=1)


def _still_wanted(at: Pass, eids: Sequence[int]) -> set[int]:
    entities = at.hub.store.entities(at.bound.entity, eids)
    return {
        eid
        for eid, link in at.hub.store.links_of(at.side.stream, eids).items()
        if wanted(
            at.bound.units, canon_of(entities[eid], at.bound.width), decode_delta(link.delta), writable=at.side.writable
        )
    }


def _decide_create(at: Pass, row: Unsettled) -> None:
    """Search for what an unanswered create may have made: link it, or create again."""
    found = search_created(at, row)
    if found:
        absorb(at, page_of(found), Reading(exact=True, owner_of={found[0].key: row.eid}))
        if row.eid in at.hub.store.unsettled_of(at.side.stream, [row.eid]):
            _doubt_longer(at, row)
            return
    at.account.doubt_ended(landed=bool(found), this_run=row.run == at.run.number)
    if found:
        return
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.settled.setdefault(at.side.stream, []).append(row.eid)
    step.plan_work(at.side.stream, Op.CREATE, row.eid)
    commit(at.hub, at.run, step, priority=1)


def _doubt_longer(at: Pass, row: Unsettled) -> None:
    """What was found cannot be understood yet (parked, or its parent unknown): look again, ever more rarely."""
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    due = at.hub.now() + int(backoff(row.tries, at.hub.env.random(), base=30.0, asked=30.0) * 1e6)
    step.unsettled.append(msgspec.structs.replace(row, due=due, tries=row.tries + 1))
    commit(at.hub, at.run, step)


def search_created(at: Pass, row: Unsettled) -> list[Record]:
    """Records that our create may have made and that no link knows, by marker, else by a searchable field."""
    side, hub = at.side, at.hub
    side.gate.enter(Priority.LIVE)
    hub.env.point("search.before")
    if side.contract.marker:
        found = side.connector.search(side.side.resource, "", hub.marker(side.stream, row.eid))
    else:
        found = _by_natural_key(at, row.eid)
    side.gate.passed()
    linked = hub.store.links(side.stream, [record.key for record in found])
    tombs = hub.store.tombs(side.stream, [record.key for record in found])
    asked = asked_about(at).values()
    return sorted(
        (one for one in found if one.key not in linked and one.key not in tombs and one.key not in asked),
        key=lambda record: (record.stamp, record.key),
    )


def _by_natural_key(at: Pass, eid: int) -> Sequence[Record]:
    side = at.side
    entity = at.hub.store.entities(at.bound.entity, [eid])[eid]
    canon = canon_of(entity, at.bound.width)
    body = side.lens.put([[canon[p] for p in side.positions]], problems=[])[0]
    for name in sorted(side.contract.searchable):
        value = body.get(name)
        if isinstance(value, str) and not is_empty(value):
            return side.connector.search(side.side.resource, name, value)
    return []


def wake_deferred(at: Pass) -> bool:
    """Records that waited for a parent are due as soon as it is known; True when there was any."""
    if not (at.bound.references or at.bound.line_references):
        return False
    waiting = [
        hint
        for hint in at.hub.store.hints(at.side.stream, due=at.hub.now() + DEFER_FOR, limit=10_000)
        if hint.reason.startswith(DEFERRED) and hint.due > at.hub.now()
    ]
    parents: dict[str, set[str]] = {}
    for hint in waiting:
        _, entity, key = hint.reason.split(" ", 2)
        parents.setdefault(entity, set()).add(key)
    known = {
        f"{DEFERRED}{entity} {key}"
        for entity, keys in parents.items()
        for key in parents_in(at.hub, at.side.system, entity, sorted(keys))
    }
    ready = [msgspec.structs.replace(hint, due=at.hub.now()) for hint in waiting if hint.reason in known]
    if ready:
        step = begin(at.hub, "merge", system=at.side.system, entity=at.bound.entity)
        step.moved_hints += ready
        commit(at.hub, at.run, step)
    return bool(ready)


def wake(at: Pass) -> bool:
    """Plan anew what waited for a retry that is due, or for a parent that may have come; True when there was any."""
    now, store, stream = at.hub.now(), at.hub.store, at.side.stream
    due = [
        *store.unsettled(stream=stream, state=UnsettledState.RETRY, due=now),
        *store.unsettled(stream=stream, state=UnsettledState.BLOCKED, due=now),
    ]
    fresh = [row for row in due if row.state is UnsettledState.RETRY or _moved(at, row)]
    if not fresh:
        return False
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    _plan_anew(at, fresh, step)
    for row in fresh:
        if row.run == at.run.number:
            at.account.recall_pending()
        if row.state is UnsettledState.BLOCKED:
            step.settled.setdefault(stream, []).append(row.eid)
    commit(at.hub, at.run, step, priority=1)
    return True


def _plan_anew(at: Pass, rows: Sequence[Unsettled], step: Step) -> None:
    """Plan what each entity asks for by now: it may have died or come back while its write waited."""
    eids = [row.eid for row in rows]
    entities, links = at.hub.store.entities(at.bound.entity, eids), at.hub.store.links_of(at.side.stream, eids)
    for row in rows:
        op = needed(at, row.op, entities[row.eid], links.get(row.eid)) if row.eid in entities else row.op
        step.plan_work(at.side.stream, op, row.eid)


def _moved(at: Pass, row: Unsettled) -> bool:
    """Has the parent that a blocked row waits for got a record here meanwhile, or a person answered?"""
    if row.pending is None:
        return row.eid not in asked_about(at)
    entity, eid = cast("tuple[str, int]", decode_row(row.pending))
    survivor = at.hub.store.merged_into(entity, eid)
    link = at.hub.store.links_of(Stream(at.side.system, entity), [survivor]).get(survivor)
    return link is not None and link.state is LinkState.OK
