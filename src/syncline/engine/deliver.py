"""Send what was planned: every write is first an intent, and every intent comes to one end.

    PLANNED -> (pre-read where the system has no locking) -> SENT, committed -> write -> SETTLED, committed

What to send is computed here, at the last moment, from canon and shadows. A crash after SENT is the same as a lost
answer: the items are in doubt until the system can be asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncline.engine import references
from syncline.engine.absorb import Reading, absorb
from syncline.engine.codec import Pending, canon_of, decode_delta, encode_pending, gens_of
from syncline.engine.hub import Pass
from syncline.engine.identify import asked_about
from syncline.engine.limits import Priority
from syncline.engine.plan import wanted, whole
from syncline.engine.recover import encode_body
from syncline.engine.retry import read_again
from syncline.engine.settle import Sent, settle
from syncline.engine.step import Step, begin, commit
from syncline.errors import RejectedError, SetupError, TransientError
from syncline.mapping import Json, Problem
from syncline.model.contract import Locking
from syncline.model.ledger import SentOutcome
from syncline.model.page import Batch, Gone, Item, Op, Page, Receipt, Record, Unreadable
from syncline.model.state import (
    EntityState,
    Hint,
    Intent,
    IntentState,
    Link,
    LinkState,
    Unsettled,
    UnsettledState,
)
from syncline.model.values import UNSET, Row, Value, encode_row

SEND_WITHIN = 2.0  #: a request that has not left by then is not sent at all [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One entity's write, ready but for the system's own words."""

    eid: int
    op: Op
    canon: Row
    pending: Pending
    link: Link | None = None
    current: bytes | None = None
    version: str | None = None
    tries: int = 0


def deliver(at: Pass, intent: Intent) -> bool:
    """Bring one planned intent to its end; True when it got there. Raises when the system cannot be reached."""
    reads_first = _reads_first(at, intent)
    before, missing = _pre_read(at, intent) if reads_first else ({}, [])
    step = begin(at.hub, "send", system=at.side.system, entity=at.bound.entity)
    ready = [one for one in _ready(at, intent, before, step) if one.op is Op.CREATE or one.current or not reads_first]
    sent = _translate(at, intent, ready, step)
    _hint_missing(at, missing, step)
    if not sent:
        step.intents.append(_moved(intent, IntentState.SETTLED))
        commit(at.hub, at.run, step)
        return True
    _send(at, intent, sent, step)
    return True


def _send(at: Pass, intent: Intent, sent: Sequence[Sent], step: Step) -> None:
    hub, side = at.hub, at.side
    requests = 1 if side.contract.batch.size > 1 else len(sent)
    side.gate.enter(Priority(intent.priority), requests)
    now, send_by = hub.now(), hub.env.monotonic() + SEND_WITHIN
    doubt_until = now + int((SEND_WITHIN + side.doubt + (side.contract.lag if intent.op is Op.CREATE else 0)) * 1e6)
    body = _body(sent)
    step.intents.append(_moved(intent, IntentState.SENT, body=body, sent_at=now, doubt_until=doubt_until, sent=sent))
    at.account.intended += len(sent)
    commit(hub, at.run, step)
    batch = Batch(resource=side.side.resource, items=[one.item for one in sent], send_by=send_by)
    hub.env.point("write.before")
    try:
        receipts = side.connector.write(batch)
    except SetupError:
        at.account.sent[SentOutcome.PENDING] += len(sent)
        _unsend(at, intent)
        raise
    except TransientError as error:
        side.gate.failed(error.what)
        receipts = []
    hub.env.point("write.after")
    settle(at, _moved(intent, IntentState.SETTLED, sent=sent), sent, _by_ref(receipts), doubt_until)


def _body(sent: Sequence[Sent]) -> bytes:
    return encode_body([(one.item.ref, one.pending) for one in sent])


def _by_ref(receipts: Sequence[Receipt]) -> dict[int, Receipt]:
    return {receipt.ref: receipt for receipt in receipts}


def _unsend(at: Pass, intent: Intent) -> None:
    """Nothing was sent at all: the intent is planned again."""
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.intents.append(_moved(intent, IntentState.PLANNED))
    commit(at.hub, at.run, step)


def _moved(  # noqa: PLR0913  the columns of an intent
    intent: Intent,
    state: IntentState,
    *,
    body: bytes | None = None,
    sent_at: int = 0,
    doubt_until: int = 0,
    sent: Sequence[Sent] | None = None,
) -> Intent:
    eids = intent.eids if sent is None else tuple(one.item.ref for one in sent)
    return Intent(
        iid=intent.iid, stream=intent.stream, op=intent.op, state=state, eids=eids, cause=intent.cause,
        priority=intent.priority, body=body, sent_at=sent_at or intent.sent_at,
        doubt_until=doubt_until or intent.doubt_until,
    )  # fmt: skip


def _reads_first(at: Pass, intent: Intent) -> bool:
    """Must the records be read before they are written: to see edits, or what stands beside ours in nested lists?"""
    if intent.op is Op.CREATE:
        return False
    if at.side.contract.locking is Locking.NONE:
        return True
    inside = {at.bound.position(name) for name in at.side.lens.overlaid}
    if intent.op is not Op.UPDATE or not inside:
        return False
    entities = at.hub.store.entities(at.bound.entity, intent.eids)
    links = at.hub.store.links_of(at.side.stream, intent.eids)
    return any(
        inside & decode_delta(links[eid].delta).keys() for eid in entities if eid in links and links[eid].delta
    )


def _pre_read(at: Pass, intent: Intent) -> tuple[dict[int, Record], list[str]]:
    """Read the records about to be written and merge what they show, so that no edit is overwritten unseen."""
    links = at.hub.store.links_of(at.side.stream, intent.eids)
    keys = [link.key for link in links.values() if link.state is LinkState.OK]
    if not keys:
        return {}, []
    answers = get_records(at, keys, Priority(intent.priority))
    records = [answer for answer in answers if isinstance(answer, Record)]
    if records:
        absorb(at, page_of(records), Reading(exact=True))
        at.account.window += len(records)
    by_key = {link.key: link.eid for link in links.values()}
    return {by_key[record.key]: record for record in records if record.key in by_key}, [
        answer.key for answer in answers if isinstance(answer, Gone)
    ]


def get_records(at: Pass, keys: Sequence[str], priority: Priority) -> Sequence[Record | Gone | Unreadable]:
    """Read records by key through the gate; failures are tried again a few times, one bad record fails alone."""
    side = at.side

    def attempt() -> Sequence[Record | Gone]:
        side.gate.enter(priority)
        at.hub.env.point("get.before")
        try:
            answers = side.connector.get(side.side.resource, keys)
        except TransientError as error:
            side.gate.failed(error.what)
            raise
        except RejectedError as error:
            if len(keys) > 1:
                raise
            raise TransientError(error.what, cure=error.cure) from error
        side.gate.passed()
        return answers

    try:
        return read_again(at.hub.env, attempt)
    except RejectedError:
        return [answer for key in keys for answer in get_records(at, [key], priority)]
    except TransientError as error:
        if isinstance(error.__cause__, RejectedError):
            return [Unreadable(key=keys[0], reason=error.what)]
        raise


def page_of(records: Sequence[Record]) -> Page:
    """Records read by key, as a page."""
    return Page(
        keys=[record.key for record in records],
        raws=[record.raw for record in records],
        versions=[record.version for record in records],
        stamps=[record.stamp for record in records],
    )


def _hint_missing(at: Pass, keys: Sequence[str], step: Step) -> None:
    now = at.hub.now()
    step.hints += [Hint(stream=at.side.stream, key=key, reason="missing", due=now, at=now) for key in keys]


def _ready(at: Pass, intent: Intent, before: Mapping[int, Record], step: Step) -> list[Ready]:
    """What each entity of the intent needs now: nothing, a write, or to wait."""
    hub, bound, stream = at.hub, at.bound, at.side.stream
    entities = hub.store.entities(bound.entity, intent.eids)
    links = hub.store.links_of(stream, intent.eids)
    frozen = hub.store.frozen(bound.entity, intent.eids)
    unsettled = hub.store.unsettled_of(stream, intent.eids)
    asked = asked_about(at) if intent.op is Op.CREATE else {}
    now, ready = hub.now(), []
    for eid in intent.eids:
        entity, link, waiting = entities.get(eid), links.get(eid), unsettled.get(eid)
        if entity is None or entity.state is EntityState.MERGED or (waiting and _must_wait(waiting, now)):
            continue
        canon = canon_of(entity, bound.width)
        one = _one_ready(at, intent.op, entity.state, link, canon, frozen.get(eid, frozenset()))
        if one is None:
            if waiting and waiting.state is not UnsettledState.PARKED:
                step.settled.setdefault(stream, []).append(eid)
            continue
        op, change = one
        if op is Op.CREATE and eid in asked:
            _wait_for_answer(at, eid, asked[eid], step)
            continue
        gens = gens_of(entity, bound.width)
        pending: Pending = {p: (value, gens[p]) for p, value in change.items()}
        if waiting and waiting.state is UnsettledState.PARKED and waiting.pending == encode_pending(pending):
            continue
        record = before.get(eid)
        ready.append(
            Ready(
                eid=eid, op=op, canon=canon, pending=pending, link=link, current=record.raw if record else None,
                version=record.version if record else (link.version if link else None),
                tries=waiting.tries if waiting else 0,
            )
        )  # fmt: skip
    return ready


def _wait_for_answer(at: Pass, eid: int, key: str, step: Step) -> None:
    """A record there may be this entity already: nothing is created before a person has said."""
    at.account.intended += 1
    at.account.sent[SentOutcome.PENDING] += 1
    now = at.hub.now()
    step.unsettled.append(
        Unsettled(
            stream=at.side.stream, eid=eid, state=UnsettledState.BLOCKED, op=Op.CREATE, due=now, since=now,
            run=at.run.number, message=f"may be record {key} of {at.side.system}: a person decides (syncline match)",
        )
    )  # fmt: skip


def _must_wait(waiting: Unsettled, now: int) -> bool:
    if waiting.state is UnsettledState.DOUBT:
        return True
    return waiting.state is UnsettledState.RETRY and waiting.due > now


def _one_ready(  # noqa: PLR0913
    at: Pass, op: Op, state: EntityState, link: Link | None, canon: Row, frozen: frozenset[str]
) -> tuple[Op, dict[int, Value]] | None:
    linked = link is not None and link.state is LinkState.OK
    if state is EntityState.DEAD:
        return (op, {}) if linked and op in (Op.DELETE, Op.ARCHIVE) else None
    if op in (Op.DELETE, Op.ARCHIVE):
        return None  # the entity lives again
    if link is None:
        return Op.CREATE, whole(canon, writable=at.side.writable)
    if not linked:
        return None
    change = wanted(at.bound.units, canon, decode_delta(link.delta), writable=at.side.writable, frozen=frozen)
    return (Op.UPDATE, change) if change else None


def _translate(at: Pass, intent: Intent, ready: Sequence[Ready], step: Step) -> list[Sent]:
    """Put each change into the system's own words; what waits for a parent is written down as blocked."""
    rows: list[tuple[Ready, Row, frozenset[int]]] = []
    for one in ready:
        row, positions = one.canon, frozenset(one.pending)
        if at.bound.references or at.bound.line_references:
            row, missing = references.to_keys(at.hub, at.bound, at.side, row, wanted=positions)
            broken = {parent.position for parent in missing}
            if broken - at.bound.nullable or (missing and one.op is not Op.CREATE):
                _block(at, one, missing[0], step)
                continue
            positions -= broken
            row = [UNSET if p in broken else value for p, value in enumerate(row)]
        rows.append((one, row, positions))
    return _put(at, intent, rows, step)


def _block(at: Pass, one: Ready, parent: references.Unresolved, step: Step) -> None:
    at.account.intended += 1
    at.account.sent[SentOutcome.PENDING] += 1
    step.unsettled.append(
        Unsettled(
            stream=at.side.stream, eid=one.eid, state=UnsettledState.BLOCKED, op=one.op, due=at.hub.now(),
            pending=encode_row([parent.entity, parent.eid]),
            since=at.hub.now(), tries=one.tries, run=at.run.number,
            message=f"waits for {parent.entity} {parent.eid}, which has no record in {at.side.system} yet",
        )
    )  # fmt: skip


def _put(at: Pass, intent: Intent, rows: Sequence[tuple[Ready, Row, frozenset[int]]], step: Step) -> list[Sent]:
    lens, positions = at.side.lens, at.side.positions
    groups: dict[tuple[Op, frozenset[int]], list[tuple[Ready, Row]]] = {}
    for one, row, wanted_positions in rows:
        key = frozenset() if one.op is Op.CREATE else wanted_positions
        groups.setdefault((one.op, key), []).append((one, row))
    sent: list[Sent] = []
    for (op, wanted_positions), members in groups.items():
        problems: list[Problem] = []
        if op in (Op.DELETE, Op.ARCHIVE):
            bodies: list[dict[str, Json]] = [{} for _ in members]
        else:
            names = None if op is Op.CREATE else frozenset(at.bound.layout[p] for p in wanted_positions)
            bodies = lens.put([[row[p] for p in positions] for _, row in members], names, problems=problems)
        unfit = {problem.row: f"{problem.field} = {problem.value}: {problem.reason}" for problem in problems}
        for number, ((one, row), fields) in enumerate(zip(members, bodies, strict=True)):
            if number in unfit:
                _park_unfit(at, one, unfit[number], step)
                continue
            if one.op is Op.UPDATE and one.current:
                fields = at.side.lens.overlay(one.current, fields)  # noqa: PLW2901  the same change, laid over
            kept = {p: v for p, v in one.pending.items() if row[p] is not UNSET}
            sent.append(Sent(item=_item(at, intent, one, fields), pending=kept, link=one.link, tries=one.tries))
    return sent


def _park_unfit(at: Pass, one: Ready, reason: str, step: Step) -> None:
    """A value that the mapping cannot put into the system's words is parked like one that the system refuses."""
    at.account.intended += 1
    at.account.sent[SentOutcome.PARKED] += 1
    step.unsettled.append(
        Unsettled(
            stream=at.side.stream, eid=one.eid, state=UnsettledState.PARKED, op=one.op, since=at.hub.now(),
            pending=encode_pending(one.pending), tries=one.tries + 1, run=at.run.number, message=reason,
        )
    )  # fmt: skip


def _item(at: Pass, intent: Intent, one: Ready, fields: Mapping[str, object]) -> Item:
    stream = at.side.stream
    if one.op is Op.CREATE:
        marker = at.hub.marker(stream, one.eid) if at.side.contract.marker else ""
        return Item(ref=one.eid, op=one.op, fields=fields, marker=marker, idempotency=f"{at.hub.store_id[:8]}-{intent.iid}-{one.eid}")  # fmt: skip
    key = one.link.key if one.link else ""
    return Item(ref=one.eid, op=one.op, key=key, fields=fields, version=one.version, current=one.current)
