"""Writes in doubt, once their quarantine is over: what the system shows then is what became of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine.absorb import Reading, absorb
from syncline.engine.codec import Pending, canon_of, decode_delta, decode_pending, fingerprint
from syncline.engine.deliver import get_records, page_of
from syncline.engine.hub import Pass
from syncline.engine.limits import Priority
from syncline.engine.plan import wanted
from syncline.engine.ready import asked_there
from syncline.engine.retry import backoff
from syncline.engine.step import begin, commit
from syncline.engine.wake import plan_anew
from syncline.errors import RejectedError, SetupError
from syncline.model.page import Gone, Op, Record
from syncline.model.state import Hint, Unsettled
from syncline.model.values import is_empty


def decide_doubts(at: Pass, doubts: Sequence[Unsettled]) -> None:
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
    after = at.hub.store.links_of(at.side.stream, [row.eid for row in doubts])
    prints = {record.key: fingerprint(record.raw) for record in records}
    absent = {answer.key for answer in answers if isinstance(answer, Gone)}
    unread = [
        row
        for row in doubts
        if row.eid in after
        and after[row.eid].key not in absent
        and prints.get(after[row.eid].key) != after[row.eid].fingerprint
    ]
    doubts = [row for row in doubts if row not in unread]
    for row in unread:
        due = now + int(backoff(row.tries, at.hub.env.random(), base=30.0, asked=30.0) * 1e6)
        step.unsettled.append(msgspec.structs.replace(row, due=due, tries=row.tries + 1))
    open_still = _still_wanted(at, [row.eid for row in doubts])
    plan_anew(at, doubts, step)
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
    try:
        found = search_created(at, row)
    except (RejectedError, SetupError) as error:  # a value that cannot be searched for keeps this doubt, and no other
        _doubt_longer(at, msgspec.structs.replace(row, message=f"the search for it is refused: {error}"))
        return
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
    asked = asked_there(at, Op.CREATE).values()
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
