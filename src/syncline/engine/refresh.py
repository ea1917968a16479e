"""Read records by key when they are due: hints, records that went missing, and writes that are in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.engine.absorb import CIRCLE, absorb
from syncline.engine.codec import decode_pending
from syncline.engine.deletes import confirmed, record_deleted
from syncline.engine.deliver import await_settled, get_records, page_of
from syncline.engine.doubts import decide_doubts
from syncline.engine.hints import Hinted, failed, followed, put_off
from syncline.engine.hub import Pass
from syncline.engine.limits import Priority
from syncline.engine.mergers import record_merged
from syncline.engine.reading import Reading
from syncline.engine.retry import backoff
from syncline.engine.step import begin, commit
from syncline.engine.unplaced import release
from syncline.errors import TransientError
from syncline.model.ledger import ReadOutcome
from syncline.model.page import Gone, Op, Page, Record, Unreadable
from syncline.model.state import UNREADABLE, Hint, LinkState, UnsettledState

PAGE = 100


def refresh(at: Pass) -> bool:
    """Read what is due now; True when there was anything."""
    hints = at.hub.store.hints(at.side.stream, due=at.hub.now(), limit=PAGE)
    if hints:
        _read_hinted(at, hints)
    doubts = at.hub.store.unsettled(stream=at.side.stream, state=UnsettledState.DOUBT, due=at.hub.now(), limit=PAGE)
    if doubts:
        decide_doubts(at, doubts)
    return bool(hints or doubts)


def _read_hinted(at: Pass, hints: Sequence[Hint]) -> None:
    by_key = {hint.key: hint for hint in hints}
    if at.side.contract.settle:
        await_settled(at, [link.eid for link in at.hub.store.links(at.side.stream, list(by_key)).values()])
    hinted = Hinted(hints=by_key, at=at.hub.now())
    try:
        answers = get_records(at, list(by_key), Priority.LIVE)
    except TransientError as error:
        _try_later(at, hints, error.wait or 0.0)
        raise
    records = [answer for answer in answers if isinstance(answer, Record)]
    gone = [answer for answer in answers if isinstance(answer, Gone)]
    unreadable = [(answer.key, answer.reason) for answer in answers if isinstance(answer, Unreadable)]
    if unreadable:
        _look_later(at, by_key, unreadable)
    if records:
        links = at.hub.store.links(at.side.stream, [record.key for record in records])
        doubts = at.hub.store.unsettled_of(at.side.stream, [link.eid for link in links.values()])
        pending = {eid: decode_pending(row.pending) for eid, row in doubts.items() if row.state is UnsettledState.DOUBT}
        circling = frozenset(hint.key for hint in hints if hint.reason.startswith(CIRCLE))
        absorb(at, page_of(records), Reading(exact=True, pending=pending, circling=circling, hinted=hinted))
        _go_on(at, [record.key for record in records if by_key[record.key].reason == "missing"])
    if gone:
        _missing(at, hinted, gone)


def _go_on(at: Pass, keys: Sequence[str]) -> None:
    """Records that went missing and are there after all: a write that met their absence was let go, so plan it anew."""
    links = at.hub.store.links(at.side.stream, keys)
    step = begin(at.hub, "merge", system=at.side.system, entity=at.bound.entity)
    for link in links.values():
        if link.state is LinkState.OK and link.delta:
            step.plan_work(at.side.stream, Op.UPDATE, link.eid)
    commit(at.hub, at.run, step, priority=1)


def _look_later(at: Pass, hints: Mapping[str, Hint], unreadable: Sequence[tuple[str, str]]) -> None:
    """Park what could not be read, and keep its hint: it is tried again, ever more rarely."""
    absorb(at, Page(keys=[], raws=[], broken=unreadable), Reading(exact=True))
    step = begin(at.hub, "merge", system=at.side.system, entity=at.bound.entity)
    for key, _ in unreadable:
        tries = hints[key].tries + 1
        due = at.hub.now() + int(backoff(tries, at.hub.env.random(), base=30.0, asked=30.0) * 1e6)
        step.moved_hints.append(msgspec.structs.replace(hints[key], reason=UNREADABLE, due=due, tries=tries))
    commit(at.hub, at.run, step)


def _try_later(at: Pass, hints: Sequence[Hint], asked: float) -> None:
    """Nothing could be read just now: as a write that fails, this is tried again after ever longer pauses."""
    step = begin(at.hub, "merge", system=at.side.system, entity=at.bound.entity)
    now, random = at.hub.now(), at.hub.env.random()
    step.moved_hints += [failed(hint, now + int(backoff(hint.tries, random, asked=asked) * 1e6)) for hint in hints]
    commit(at.hub, at.run, step)


def _missing(at: Pass, hinted: Hinted, gone: Sequence[Gone]) -> None:
    step = begin(at.hub, "merge", system=at.side.system, entity=at.bound.entity)
    at.hub.overtake(at.side.stream, [answer.key for answer in gone])
    release(at.hub, at.side, [answer.key for answer in gone], step)
    at.account.read += len(gone)
    links = at.hub.store.links(at.side.stream, [answer.key for answer in gone])
    known = [answer for answer in gone if answer.key in links]
    buried = {one.key for one in known if links[one.key].state is LinkState.GONE and not one.merged_into}
    unknown = [answer.key for answer in gone if answer.key not in links or answer.key in buried]
    followed(at.side, hinted, unknown, step)
    at.account.reads[ReadOutcome.FILTERED] += len(unknown)
    left = [answer for answer in gone if answer.key not in unknown]
    for answer in [one for one in left if one.merged_into]:
        outcome = record_merged(at, step, answer.key, answer.merged_into)
        at.account.reads[outcome] += 1
        if outcome is not ReadOutcome.DEFERRED:
            followed(at.side, hinted, [answer.key], step)
    rest = [answer.key for answer in left if not answer.merged_into]
    sure = confirmed(at, hinted.hints, rest, step)
    followed(at.side, hinted, sure, step)
    at.account.reads[ReadOutcome.DEFERRED] += len(rest) - len(sure)
    for key in sure:
        at.account.reads[record_deleted(at, step, key, "it is no longer there", frozenset(sure))] += 1
    step.moved_hints = [put_off(at.side, hinted, one) for one in step.moved_hints]
    commit(at.hub, at.run, step, priority=1)
