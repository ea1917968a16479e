"""Writes in doubt, once their quarantine is over: what the system shows then is what became of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine.absorb import DEFER_FOR, absorb
from syncline.engine.codec import Pending, canon_of, decode_delta, decode_pending, fingerprint
from syncline.engine.deliver import SEND_WITHIN, get_records, page_of
from syncline.engine.given_again import may_be_ours
from syncline.engine.hub import Pass
from syncline.engine.identify import asks, natural_fields, unlike
from syncline.engine.limits import Priority
from syncline.engine.plan import wanted
from syncline.engine.reading import Reading
from syncline.engine.ready import asked_there
from syncline.engine.retry import backoff
from syncline.engine.step import Step, begin, commit
from syncline.engine.unplaced import parked_reads
from syncline.engine.wake import DEFERRED, plan_anew
from syncline.errors import RejectedError, SetupError
from syncline.model.page import Gone, Op, Record
from syncline.model.state import Hint, Unsettled, UnsettledState
from syncline.model.values import UNSET, is_empty

LOOK_AGAIN = 24 * 3_600_000_000  #: [µs]


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
    prints = {record.key: fingerprint(record.raw, at.hub.seed) for record in records}
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
    """Search for what an unanswered create may have made: link it, or create again.

    What nothing can be searched by is looked for in a whole listing. Where another record was linked meanwhile, what is
    found beside it is a question for a person.
    """
    term = None if at.side.contract.marker else _natural_key(at, row)
    if term is None and not at.side.contract.marker:
        _await_listing(at, row)
        return
    try:
        found, others = _search_created(at, row, term)
    except (RejectedError, SetupError) as error:  # a value that cannot be searched for keeps this doubt, and no other
        _doubt_longer(at, msgspec.structs.replace(row, message=f"the search for it is refused: {error}"))
        return
    linked = row.eid in at.hub.store.links_of(at.side.stream, [row.eid])
    if not (found or linked) and _is_found_in(at, others, row):
        return
    if found:
        owner = {} if linked else {found[0].key: row.eid}
        absorb(at, page_of(found), Reading(exact=True, owner_of=owner))
        if not linked and row.eid in at.hub.store.unsettled_of(at.side.stream, [row.eid]):
            _doubt_longer(at, row)
            return
    at.account.doubt_ended(landed=bool(found), this_run=row.run == at.run.number)
    if found and not linked:
        return
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.settled.setdefault(at.side.stream, []).append(row.eid)
    if linked:  # a change of that record has waited for this
        step.plan_work(at.side.stream, Op.UPDATE, row.eid)
    else:
        step.plan_work(at.side.stream, Op.CREATE, at.hub.store.merged_into(at.bound.entity, row.eid))
    commit(at.hub, at.run, step, priority=1)


def _is_found_in(at: Pass, others: Sequence[Record], row: Unsettled) -> bool:
    """Is it one of these, whose keys are known for something else? Then it is linked, and no doubt any more."""
    if not others:
        return False
    absorb(at, page_of(others), Reading(exact=True))
    if row.eid not in at.hub.store.links_of(at.side.stream, [row.eid]):
        return False
    at.account.doubt_ended(landed=True, this_run=row.run == at.run.number)
    return True


def _doubt_longer(at: Pass, row: Unsettled) -> None:
    """What was found cannot be understood yet (parked, or its parent unknown): look again, ever more rarely."""
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    due = at.hub.now() + int(backoff(row.tries, at.hub.env.random(), base=30.0, asked=30.0) * 1e6)
    step.unsettled.append(msgspec.structs.replace(row, due=due, tries=row.tries + 1))
    commit(at.hub, at.run, step)


def _search_created(
    at: Pass, row: Unsettled, term: tuple[str, str] | None
) -> tuple[Sequence[Record], Sequence[Record]]:
    """Records that our create may have made, by marker or by its natural key: unknown keys, and keys given again."""
    side, hub = at.side, at.hub
    side.gate.enter(Priority.LIVE)
    hub.env.point("search.before")
    field, value = term or ("", hub.marker(side.stream, row.eid))
    found = side.connector.search(side.side.resource, field, value)
    side.gate.passed()
    linked = hub.store.links(side.stream, [record.key for record in found])
    tombs = hub.store.tombs(side.stream, [record.key for record in found])
    asked = asked_there(at).values()
    free = [one for one in found if one.key not in linked and one.key not in tombs and one.key not in asked]
    if len(free) < 2:  # noqa: PLR2004  nothing to choose from
        return free, may_be_ours(at, row, [one for one in found if one.key not in asked and one not in free])
    columns = side.lens.get([one.raw for one in free]).columns
    rows = [dict(zip(side.lens.fields, values, strict=True)) for values in zip(*columns, strict=True)]
    ranked = sorted(zip(free, rows, strict=True), key=lambda one: (unlike(at, row, one[1]), one[0].stamp, one[0].key))
    return [one for one, _ in ranked], []


def _natural_key(at: Pass, row: Unsettled) -> tuple[str, str] | None:
    """A system field that can be searched by and the value that was sent in it; None when there is none.

    Of a flow with exact match rules only their fields count: a value that many records share finds a stranger.
    """
    side, layout = at.side, at.bound.layout
    sent = {p: value for p, (value, _) in decode_pending(row.pending).items()}
    body = side.lens.put([[sent.get(p, UNSET) for p in side.positions]], problems=[])[0]
    natural = natural_fields(at.bound.flow)
    told = [name for p, name in enumerate(layout) if p in sent and name in side.lens.paths_of]
    names = {path.top for name in told if name in natural or not natural for path in side.lens.paths_of[name]}
    for name in sorted(names & side.contract.searchable):
        value = body.get(name)
        if isinstance(value, str) and not is_empty(value):
            return name, value
    return None


# --- what cannot be searched for --------------------------------------------------------------------------------------


def awaits_listing(at: Pass) -> bool:
    """Does a create in doubt wait for a whole listing of this side?"""
    kind = _awaited(at)
    return at.hub.may_have(kind) and bool(at.hub.store.documents(kind))


def _awaited(at: Pass) -> str:
    return f"awaits-listing {at.side.system} {at.side.stream.entity}"


def _await_listing(at: Pass, row: Unsettled) -> None:
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.put_document(_awaited(at), str(row.eid), b"")
    message = f"waits for a whole listing of {at.side.system}: it can be searched for by nothing that was sent"
    step.unsettled.append(msgspec.structs.replace(row, due=at.hub.now() + LOOK_AGAIN, message=message))
    commit(at.hub, at.run, step)


def decide_listed(at: Pass, started: int, step: Step) -> None:
    """After a whole listing: creates in doubt that it has not shown are tried again, if it could have shown them.

    A listing that began before a doubt was over, or in which a record could not be told apart, decides nothing.
    """
    if not awaits_listing(at):
        return
    store, stream = at.hub.store, at.side.stream
    names = list(store.documents(_awaited(at)))
    rows = store.unsettled_of(stream, [int(name) for name in names])
    unclear = _unclear(at)
    over = started - int((SEND_WITHIN + at.side.doubt + at.side.contract.lag) * 1e6)
    for name in names:
        row = rows.get(int(name))
        if row is not None and row.state is UnsettledState.DOUBT and row.since > over:
            continue
        step.dropped_documents.setdefault(_awaited(at), []).append(name)
        if row is None or row.state is not UnsettledState.DOUBT:
            continue
        if unclear:
            message = f"may be record {min(unclear)} of {at.side.system}, which cannot be read or told apart yet"
            step.unsettled.append(msgspec.structs.replace(row, due=at.hub.now() + LOOK_AGAIN, message=message))
            continue
        at.account.doubt_ended(landed=False, this_run=row.run == at.run.number)
        step.settled.setdefault(stream, []).append(row.eid)
        step.plan_work(stream, row.op, store.merged_into(at.bound.entity, row.eid))


def _unclear(at: Pass) -> set[str]:
    """Keys of listed records that belong to nobody yet: parked, asked about, or waiting for a parent."""
    store, stream = at.hub.store, at.side.stream
    hints = store.hints(stream, due=at.hub.now() + DEFER_FOR, limit=2**31 - 1)
    keys = [*store.documents(parked_reads(at.side)), *store.documents(asks(at.side))]
    keys += [hint.key for hint in hints if hint.reason.startswith(DEFERRED)]
    return set(keys) - store.links(stream, keys).keys()
