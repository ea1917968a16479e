"""What a system answered, written down: shadows from what it shows now, parked refusals, doubts, retries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from syncline.engine import references
from syncline.engine.audit import EntryKind, entry
from syncline.engine.codec import Delta, Pending, canon_of, decode_delta, encode_delta, encode_pending, fingerprint, gens_of
from syncline.engine.hub import Pass
from syncline.engine.learn import learn
from syncline.engine.plan import wanted
from syncline.engine.retry import backoff
from syncline.engine.step import Step, begin, commit
from syncline.errors import SynclineError
from syncline.merging import Shadow, explain
from syncline.model.contract import ReadBack
from syncline.model.event import Event
from syncline.model.ledger import SentOutcome
from syncline.model.page import Item, Op, Outcome, Receipt, Record
from syncline.model.state import Hint, Intent, Link, LinkState, Tomb, Unsettled, UnsettledState
from syncline.model.values import UNSET, Row, Value

MANY_WRITES = 10_000  #: from here on, writes too old to matter are forgotten
NO_ANSWER = Receipt(ref=0, outcome=Outcome.DOUBT, message="no answer for this item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One item that was sent, with the values behind it."""

    item: Item
    pending: Pending  #: position -> (value, generation)
    link: Link | None = None  #: before the write
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the system shows after a write."""

    values: Mapping[int, Value]
    print: bytes | None
    version: str | None
    stamp: int


def settle(
    at: Pass, intent: Intent, sent: Sequence[Sent], receipts: Mapping[int, Receipt], doubt_until: int
) -> None:
    """Settle one intent in one transaction. An item without a receipt is in doubt."""
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.intents.append(intent)
    done: list[tuple[Sent, Receipt]] = []
    unavailable = 0
    for one in sent:
        receipt = receipts.get(one.item.ref, NO_ANSWER)
        unavailable += receipt.outcome in (Outcome.BUSY, Outcome.DOUBT)
        if receipt.outcome is Outcome.DONE:
            done.append((one, receipt))
            at.account.sent[SentOutcome.ACKNOWLEDGED] += 1
        else:
            at.account.sent[_FATES[receipt.outcome](at, one, receipt, doubt_until, step)] += 1
    _gate(at, receipts, unavailable == len(sent))
    _settle_done(at, intent, done, step)
    _remember_writes(at, [one.item.ref for one in sent], step)
    commit(at.hub, at.run, step)
    at.hub.tell(Event(kind="sent", flow=at.bound.flow.name, system=at.side.system, counts={"sent": len(sent), "acknowledged": len(done)}))  # fmt: skip


def _gate(at: Pass, receipts: Mapping[int, Receipt], unavailable: bool) -> None:  # noqa: FBT001  one fact
    if unavailable:
        at.side.gate.failed(next((receipt.message for receipt in receipts.values()), "no answer"))
    else:
        at.side.gate.passed()
    wait = max((receipt.wait for receipt in receipts.values()), default=0.0)
    if wait:
        at.side.gate.slow_down(wait)


def _remember_writes(at: Pass, eids: Sequence[int], step: Step) -> None:
    contract = at.side.contract
    now = at.hub.now()
    step.put_document("last-write", "/".join(at.side.stream), str(now).encode())
    if contract.lag + contract.settle > 0:
        wrote = at.hub.wrote.setdefault(at.side.stream, {})
        if len(wrote) > MANY_WRITES:
            since = now - int((contract.lag + contract.settle + contract.effect) * 1e6)
            for eid in [eid for eid, written in wrote.items() if written < since]:
                del wrote[eid]
        wrote.update(dict.fromkeys(eids, now))


# --- what is not done -------------------------------------------------------------------------------------------------


def _unsettled(at: Pass, one: Sent, state: UnsettledState, due: int, message: str) -> Unsettled:
    return Unsettled(
        stream=at.side.stream, eid=one.item.ref, state=state, op=one.item.op, pending=encode_pending(one.pending),
        due=due, since=at.hub.now(), tries=one.tries + 1, message=message, run=at.run.number,
    )  # fmt: skip


def _refused(at: Pass, one: Sent, receipt: Receipt, _doubt_until: int, step: Step) -> SentOutcome:
    step.unsettled.append(_unsettled(at, one, UnsettledState.PARKED, 0, receipt.message))
    step.entries.append(entry(EntryKind.REFUSED, one.item.ref, int(one.item.op), receipt.message))
    return SentOutcome.PARKED


def _stale(at: Pass, one: Sent, _receipt: Receipt, _doubt_until: int, step: Step) -> SentOutcome:
    now = at.hub.now()
    step.hints.append(Hint(stream=at.side.stream, key=one.item.key, reason="changed", due=now, at=now))
    step.unsettled.append(_unsettled(at, one, UnsettledState.RETRY, now, "the record had been changed; read it anew"))
    return SentOutcome.PENDING


def _gone(at: Pass, one: Sent, receipt: Receipt, _doubt_until: int, step: Step) -> SentOutcome:
    now = at.hub.now()
    if one.item.op in (Op.DELETE, Op.ARCHIVE):
        _bury(at, one, None, step)
        return SentOutcome.ACKNOWLEDGED
    if one.item.op is Op.CREATE:
        return _refused(at, one, receipt, 0, step)
    step.hints.append(Hint(stream=at.side.stream, key=one.item.key, reason="missing", due=now, at=now))
    step.unsettled.append(_unsettled(at, one, UnsettledState.RETRY, now, "no such record; looking again"))
    return SentOutcome.PENDING


def _busy(at: Pass, one: Sent, receipt: Receipt, _doubt_until: int, step: Step) -> SentOutcome:
    pause = backoff(one.tries, at.hub.env.random(), asked=receipt.wait)
    due = at.hub.now() + int(pause * 1e6)
    step.unsettled.append(_unsettled(at, one, UnsettledState.RETRY, due, receipt.message))
    return SentOutcome.PENDING


def _doubt(at: Pass, one: Sent, receipt: Receipt, doubt_until: int, step: Step) -> SentOutcome:
    step.unsettled.append(_unsettled(at, one, UnsettledState.DOUBT, doubt_until, receipt.message))
    return SentOutcome.IN_DOUBT


_FATES: Mapping[Outcome, Callable[[Pass, Sent, Receipt, int, Step], SentOutcome]] = {
    Outcome.REFUSED: _refused,
    Outcome.STALE: _stale,
    Outcome.GONE: _gone,
    Outcome.BUSY: _busy,
    Outcome.DOUBT: _doubt,
}

# --- what is done -----------------------------------------------------------------------------------------------------


def _settle_done(at: Pass, intent: Intent, done: Sequence[tuple[Sent, Receipt]], step: Step) -> None:
    if not done:
        return
    stream = at.side.stream
    step.settled.setdefault(stream, []).extend(one.item.ref for one, _ in done)
    flat: list[object] = [int(intent.op), intent.iid]
    for one, receipt in done:
        flat += [one.item.ref, receipt.key or one.item.key]
    step.entries.append(entry(EntryKind.SENT, 0, *flat))
    buried = [pair for pair in done if pair[0].item.op in (Op.DELETE, Op.ARCHIVE)]
    for one, receipt in buried:
        _bury(at, one, receipt, step)
    written = [pair for pair in done if pair[0].item.op not in (Op.DELETE, Op.ARCHIVE)]
    if not written:
        return
    shown = _shown(at, written, step)
    entities = at.hub.store.entities(at.bound.entity, [one.item.ref for one, _ in written])
    links = at.hub.store.links_of(stream, [one.item.ref for one, _ in written])
    for one, receipt in written:
        eid = one.item.ref
        canon, gens = canon_of(entities[eid], at.bound.width), gens_of(entities[eid], at.bound.width)
        _cast(at, one, receipt, links.get(eid), shown.get(eid), canon, gens, step)


def _cast(  # noqa: PLR0913  everything that a shadow follows from
    at: Pass, one: Sent, receipt: Receipt, link: Link | None, shown: Shown | None, canon: Row, gens: list[int], step: Step
) -> None:
    """The link's new shadow. What the system made of our values beyond its normalisers is read again as news."""
    news = False
    if link is None and shown is None and len(one.pending) == sum(canon[p] is not UNSET for p in at.side.positions):
        delta: Delta = {}
    else:
        # A record that we created came after this canon: what it shows beyond what we sent is causal news, no rival.
        base = decode_delta(link.delta) if link else {p: Shadow(UNSET, UNSET, gens[p]) for p in at.side.positions}
        news = _update_delta(at, one, base, shown, canon, gens, step)
        delta = {
            p: s for p, s in base.items()
            if not (s.base == canon[p] and s.seen == canon[p] and (s.gen == gens[p] or canon[p] is UNSET))
        }  # fmt: skip
    now = at.hub.now()
    key = receipt.key or one.item.key
    if news:
        step.hints.append(Hint(stream=at.side.stream, key=key, reason="changed", due=now, at=now))
    digest = None if news or shown is None else shown.print
    version = shown.version if shown else receipt.version
    stamp = shown.stamp if shown else receipt.stamp
    born = link.born if link else now
    row = Link(one.item.ref, key, LinkState.OK, digest, version, encode_delta(delta), born, stamp)
    if link is None:
        step.new_links.setdefault(at.side.stream, []).append(row)
    else:
        step.links[at.side.stream, row.eid] = row
    if wanted(at.bound.units, canon, delta, writable=at.side.writable) and one.item.ref not in {u.eid for u in step.unsettled}:
        step.plan_work(at.side.stream, Op.UPDATE, row.eid)


def _update_delta(  # noqa: PLR0913
    at: Pass, one: Sent, delta: Delta, shown: Shown | None, canon: Row, gens: Sequence[int], step: Step
) -> bool:
    """Enter what was sent and what is shown into `delta`; True when the system shows news of its own."""
    news = False
    kept: list[str] = []
    lines = {unit.positions[0] for unit in at.bound.units if unit.lines}
    for p, (value, gen) in one.pending.items():
        former = delta.get(p, Shadow(canon[p], canon[p], gens[p]))
        seen = shown.values.get(p, UNSET) if shown else value
        seen = value if seen is UNSET else seen
        if seen == value or p in lines or seen == at.side.shows(p, value):
            delta[p] = Shadow(value, seen, gen)
        elif names := explain(value, seen):
            learn(at.hub, at.side, at.bound.layout[p], p, names, step)
            delta[p] = Shadow(value, seen, gen)
        elif one.item.op is Op.UPDATE and seen == former.seen:
            kept.append(at.bound.layout[p])
        else:
            delta[p] = Shadow(value, at.side.shows(p, value), gen)
            news = True
    if shown:
        news = news or any(_is_news(at, p, v, delta, one, canon) for p, v in shown.values.items() if p not in one.pending)
    if kept:
        message = f"{at.side.system} accepted the write but still shows its old value of {', '.join(kept)}"
        step.unsettled.append(_unsettled(at, one, UnsettledState.PARKED, 0, message))
        step.settled[at.side.stream].remove(one.item.ref)
    return news


def _is_news(at: Pass, position: int, value: Value, delta: Delta, one: Sent, canon: Row) -> bool:  # noqa: PLR0913
    if value is UNSET:
        return False
    former = delta.get(position)
    seen = former.seen if former else (UNSET if one.item.op is Op.CREATE else canon[position])
    return value != seen


def _bury(at: Pass, one: Sent, receipt: Receipt | None, step: Step) -> None:
    link = one.link
    if link is None:
        return
    digest = fingerprint(receipt.raw) if receipt and receipt.raw else None
    step.links[at.side.stream, link.eid] = Link(
        link.eid, link.key, LinkState.GONE, digest, None, None, link.born, link.stamp
    )
    step.tombs.append(
        Tomb(stream=at.side.stream, key=link.key, eid=link.eid, reason=f"{one.item.op.name.lower()} by the hub", at=at.hub.now())
    )


def _shown(at: Pass, written: Sequence[tuple[Sent, Receipt]], step: Step) -> dict[int, Shown]:
    """What the system shows of each written record: from the answers, or from one batched get."""
    if at.side.contract.read_back is ReadBack.VERBATIM:
        return {}
    records = {one.item.ref: _record_of(one, receipt) for one, receipt in written if receipt.raw is not None}
    rest = [(one, receipt) for one, receipt in written if receipt.raw is None]
    if rest:
        records.update(_read_back(at, rest, step))
    if not records:
        return {}
    refs = list(records)
    mapped = at.side.lens.get([records[ref].raw for ref in refs])
    rows = [dict(zip(at.side.positions, values, strict=True)) for values in zip(*mapped.columns, strict=True)]
    unreadable = {problem.row for problem in mapped.problems}
    if at.bound.references or at.bound.line_references:
        unreadable |= references.to_eids(at.hub, at.bound, at.side, rows).keys()
    return {
        ref: Shown(values=row, print=fingerprint(records[ref].raw), version=records[ref].version, stamp=records[ref].stamp)
        for number, (ref, row) in enumerate(zip(refs, rows, strict=True))
        if number not in unreadable
    }


def _record_of(one: Sent, receipt: Receipt) -> Record:
    return Record(key=receipt.key or one.item.key, raw=receipt.raw or b"", version=receipt.version, stamp=receipt.stamp)


def _read_back(at: Pass, rest: Sequence[tuple[Sent, Receipt]], step: Step) -> dict[int, Record]:
    """One batched get after the contract's settle time; records that cannot be read become hints."""
    at.hub.env.sleep(at.side.contract.settle)
    keys = {receipt.key or one.item.key: one.item.ref for one, receipt in rest}
    try:
        answers = at.side.connector.get(at.side.side.resource, list(keys))
    except SynclineError:
        answers = []
    found = {keys[answer.key]: answer for answer in answers if isinstance(answer, Record) and answer.key in keys}
    now = at.hub.now()
    step.hints += [
        Hint(stream=at.side.stream, key=key, reason="changed", due=now, at=now)
        for key, ref in keys.items()
        if ref not in found
    ]
    return found
