"""Send what was planned: every write is first an intent, and every intent comes to one end.

    PLANNED -> (read first, where the system has no locking) -> SENT, committed -> write -> SETTLED, committed

What to send is computed here, at the last moment, from canon and shadows. A crash after SENT is the same as a lost
answer: the items are in doubt until the system can be asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from syncline.engine.absorb import absorb
from syncline.engine.codec import decode_delta, fingerprint
from syncline.engine.compose import Sent, compose
from syncline.engine.hub import Pass
from syncline.engine.limits import Priority
from syncline.engine.reading import Reading
from syncline.engine.ready import must_wait, ready
from syncline.engine.recover import encode_body
from syncline.engine.retry import backoff, read_again
from syncline.engine.settle import settle
from syncline.engine.step import Step, begin, commit
from syncline.errors import RejectedError, SetupError, SynclineError, TransientError
from syncline.model.contract import Locking
from syncline.model.ledger import SentOutcome
from syncline.model.page import Batch, Gone, Op, Page, Receipt, Record, Unreadable
from syncline.model.state import Hint, Intent, IntentState, LinkState, Unsettled, UnsettledState

SEND_WITHIN = 2.0  #: a request that has not left by then is not sent at all [s]


def deliver(at: Pass, intents: Sequence[Intent]) -> bool:
    """Bring planned intents of one kind to their end, as one batch; True when they got there.

    Raises when the system cannot be reached; the intents then stay planned, or in doubt once they were sent.
    """
    first = msgspec.structs.replace(intents[0], eids=tuple(sorted({eid for one in intents for eid in one.eids})))
    reads_first = _reads_first(at, first)
    before, missing = _read_first(at, first) if reads_first else ({}, [])
    step = begin(at.hub, "send", system=at.side.system, entity=at.bound.entity)
    found = ready(at, first, before, step)
    if reads_first:
        found = [one for one in found if one.op is Op.CREATE or one.before]
    sent = compose(at, first, found, step)
    _hint_missing(at, missing, step)
    if reads_first:
        _wait_to_be_read(at, first, before, missing, step)
    step.intents += [msgspec.structs.replace(one, state=IntentState.SETTLED) for one in intents[1:]]
    if sent:
        _send(at, first, sent, step)
        return True
    step.intents.append(msgspec.structs.replace(first, state=IntentState.SETTLED))
    commit(at.hub, at.run, step)
    return True


def _send(at: Pass, intent: Intent, sent: Sequence[Sent], step: Step) -> None:
    hub, side = at.hub, at.side
    side.gate.enter(Priority(intent.priority), 1 if side.contract.batch.size > 1 else len(sent))
    now, send_by = hub.now(), hub.env.monotonic() + SEND_WITHIN
    quarantine = SEND_WITHIN + side.doubt + (side.contract.lag if intent.op is Op.CREATE else 0.0)
    going = msgspec.structs.replace(
        intent, state=IntentState.SENT, eids=tuple([one.item.ref for one in sent]), body=encode_body(at, sent),
        sent_at=now, doubt_until=now + int(quarantine * 1e6),
    )  # fmt: skip
    step.intents.append(going)
    at.account.intended += len(sent)
    commit(hub, at.run, step)
    hub.flush()
    batch = Batch(resource=side.side.resource, items=[one.item for one in sent], send_by=send_by)
    receipts: Sequence[Receipt] = []
    hub.env.point("write.before")
    try:
        receipts = side.connector.write(batch)
    except SetupError:
        _unsend(at, going)
        raise
    except (TransientError, RejectedError) as error:  # of the whole batch: what became of its items, nobody knows
        side.gate.failed(error.what)
    hub.env.point("write.after")
    outcomes, intended = at.account.sent.copy(), at.account.intended
    try:
        settle(at, going, sent, {receipt.ref: receipt for receipt in receipts})
        hub.flush()
    except SynclineError:  # the intent stays sent: the next run finds out
        at.account.sent, at.account.intended = outcomes, intended
        at.account.sent[SentOutcome.IN_DOUBT] += len(sent)
        raise


def _unsend(at: Pass, intent: Intent) -> None:
    """Nothing was sent at all: the intent is planned again, and counted when it goes or at the end of the run."""
    at.account.intended -= len(intent.eids)
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.intents.append(msgspec.structs.replace(intent, state=IntentState.PLANNED, body=None))
    commit(at.hub, at.run, step)


def _reads_first(at: Pass, intent: Intent) -> bool:
    """Must the records be read before they are written: to see edits, or what stands beside ours in nested lists?"""
    if intent.op is Op.CREATE:
        return False
    if at.side.contract.locking is Locking.NONE:
        return True
    if at.bound.nullable and _partly_read(at, intent):
        return True
    inside = {at.bound.position(name) for name in at.side.lens.overlaid}
    if intent.op is not Op.UPDATE or not inside:
        return False
    links = at.hub.store.links_of(at.side.stream, intent.eids)
    return any(link.delta and inside & decode_delta(link.delta).keys() for link in links.values())


def _partly_read(at: Pass, intent: Intent) -> bool:
    """Was one of these records taken without a parent that was not known, so that its reference is not merged yet?"""
    return any(link.fingerprint == b"" for link in at.hub.store.links_of(at.side.stream, intent.eids).values())


def _read_first(at: Pass, intent: Intent) -> tuple[dict[int, Record], list[str]]:
    """Read the records about to be written and merge what they show, so that no edit is overwritten unseen."""
    store, stream, now = at.hub.store, at.side.stream, at.hub.now()
    links = store.links_of(stream, intent.eids)
    waiting = {eid for eid, row in store.unsettled_of(stream, intent.eids).items() if must_wait(row, now)}
    keys = [link.key for link in links.values() if link.state is LinkState.OK and link.eid not in waiting]
    if not keys:
        return {}, []
    await_settled(at, intent.eids)
    answers = get_records(at, keys, Priority(intent.priority))
    records = [answer for answer in answers if isinstance(answer, Record)]
    if records:
        absorb(msgspec.structs.replace(at, delivering=frozenset(intent.eids)), page_of(records), Reading(exact=True))
        at.account.window += len(records)
    merged = {link.key: link for link in store.links_of(stream, intent.eids).values()}
    seen = {
        merged[record.key].eid: record
        for record in records
        if record.key in merged and merged[record.key].fingerprint == fingerprint(record.raw, at.hub.seed)
    }
    return seen, [answer.key for answer in answers if isinstance(answer, Gone)]


def _wait_to_be_read(at: Pass, intent: Intent, seen: Mapping[int, Record], missing: Sequence[str], step: Step) -> None:
    """What the record shows now is not merged yet (unreadable, or its parent unknown): nothing is written over it."""
    if seen.keys() >= set(intent.eids):
        return
    store, stream, now = at.hub.store, at.side.stream, at.hub.now()
    entities = store.entities(at.bound.entity, intent.eids)
    unsettled = store.unsettled_of(stream, intent.eids)
    for eid, link in store.links_of(stream, intent.eids).items():
        waiting = unsettled.get(eid)
        if eid in seen or link.key in missing or link.state is not LinkState.OK or eid not in entities:
            continue
        if waiting is not None and (waiting.state is UnsettledState.PARKED or must_wait(waiting, now)):
            continue
        tries = waiting.tries if waiting else 0
        due = now + int(backoff(tries, at.hub.env.random(), base=30.0, asked=30.0) * 1e6)
        at.account.intended += 1
        at.account.sent[SentOutcome.PENDING] += 1
        step.hints.append(Hint(stream=stream, key=link.key, reason="changed", due=due, at=now))
        step.unsettled.append(
            Unsettled(
                stream=stream,
                eid=eid,
                state=UnsettledState.RETRY,
                op=intent.op,
                due=due,
                since=now,
                tries=tries + 1,
                message="the record could not be read before the write",
                run=at.run.number,
            )
        )


def await_settled(at: Pass, eids: Iterable[int]) -> None:
    """A get may show late what we wrote or what a list has shown: let the contract's settle time pass before it."""
    hub, settle = at.hub, int(at.side.contract.settle * 1e6)
    if not settle:
        return
    wrote, listed = hub.wrote.get(at.side.stream, {}), hub.listed.get(at.side.stream, {})
    last = max((max(wrote.get(eid, 0), listed.get(eid, 0)) for eid in eids), default=0)
    if hub.now() - hub.opened_at < settle:  # an earlier process may have written or read a list just now
        last = max(last, hub.left_at, int(hub.store.document("last-write", "/".join(at.side.stream)) or 0))
    if (pause := last + settle - hub.now()) > 0:
        hub.env.sleep(pause / 1e6)


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
