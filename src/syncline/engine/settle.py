"""What a system answered, written down: shadows from what it shows now, parked refusals, doubts, retries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat

import msgspec

from syncline.engine.audit import EntryKind, entry
from syncline.engine.codec import Delta, decode_delta, encode_delta, encode_pending, fingerprint, gens_of
from syncline.engine.compose import Sent
from syncline.engine.given_again import make_room
from syncline.engine.hub import Pass
from syncline.engine.learn import UNKNOWN, UNSTABLE_AFTER, believed, learn, presumed, unstable
from syncline.engine.plan import wanted
from syncline.engine.retry import backoff
from syncline.engine.shown import Shown, lines_edited, shown_after
from syncline.engine.step import Step, begin, commit
from syncline.merging import Shadow, explain
from syncline.model.event import Event
from syncline.model.ledger import SentOutcome
from syncline.model.page import Op, Outcome, Receipt
from syncline.model.state import Hint, Intent, IntentState, Link, LinkState, Tomb, Unsettled, UnsettledState
from syncline.model.values import UNSET, Value, is_empty

MANY_WRITES = 10_000  #: from here on, writes too old to matter are forgotten
_DONE, _OK = Outcome.DONE, LinkState.OK  # looking them up in their class takes longer than a test
NO_ANSWER = Receipt(ref=0, outcome=Outcome.DOUBT, message="no answer for this item")
NOT_ALONE = Receipt(ref=0, outcome=Outcome.DOUBT, message="answered with the key of another item")


def settle(at: Pass, intent: Intent, sent: Sequence[Sent], receipts: Mapping[int, Receipt]) -> None:
    """Settle one intent in one transaction. An item without a receipt is in doubt."""
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.intents.append(msgspec.structs.replace(intent, state=IntentState.SETTLED, body=None))
    answered = [(one, receipts.get(one.item.ref, NO_ANSWER)) for one in sent]
    if intent.op is Op.CREATE:
        answered = _told_apart(answered)
    done = [pair for pair in answered if pair[1].outcome is _DONE]
    outcomes: Counter[SentOutcome] = Counter()
    unavailable = 0
    for one, receipt in answered if len(done) < len(answered) else ():
        if receipt.outcome is not _DONE:
            outcomes[_FATES[receipt.outcome](at, one, receipt, intent, step)] += 1
            unavailable += receipt.outcome in (Outcome.BUSY, Outcome.DOUBT)
    outcomes[SentOutcome.ACKNOWLEDGED] += len(done)
    at.account.sent.update(outcomes)
    _tell_gate(at, receipts, failed=unavailable == len(sent))
    _settle_done(at, intent, done, step)
    _remember_writes(at, [one.item.ref for one in sent], step)
    commit(at.hub, at.run, step)
    counts = {"sent": len(sent), "acknowledged": len(done)}
    at.hub.tell(Event(kind="sent", flow=at.bound.flow.name, system=at.side.system, counts=counts))


def _told_apart(answered: list[tuple[Sent, Receipt]]) -> list[tuple[Sent, Receipt]]:
    """Of two creates that are answered with one key at least one answer is wrong: nobody knows which."""
    keys = Counter(receipt.key for _, receipt in answered if receipt.outcome is _DONE)
    if len(keys) == keys.total():
        return answered
    return [
        (one, receipt if receipt.outcome is not _DONE or keys[receipt.key] == 1 else NOT_ALONE)
        for one, receipt in answered
    ]


def _tell_gate(at: Pass, receipts: Mapping[int, Receipt], *, failed: bool) -> None:
    if failed:
        at.side.gate.failed(next((receipt.message for receipt in receipts.values()), "no answer"))
    else:
        at.side.gate.passed()
    wait = max([receipt.wait for receipt in receipts.values()], default=0.0)
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
    if at.hub.overtaken is not None:
        at.hub.overtake(at.side.stream, [link.key for link in at.hub.store.links_of(at.side.stream, eids).values()])


# --- what is not done -------------------------------------------------------------------------------------------------


def _unsettled(at: Pass, one: Sent, state: UnsettledState, due: int, message: str) -> Unsettled:
    return Unsettled(
        stream=at.side.stream, eid=one.item.ref, state=state, op=one.item.op, due=due, since=at.hub.now(),
        pending=encode_pending(one.pending(at)), tries=one.ready.tries + 1, message=message, run=at.run.number,
    )  # fmt: skip


def _refused(at: Pass, one: Sent, receipt: Receipt, _intent: Intent, step: Step) -> SentOutcome:
    step.unsettled.append(_unsettled(at, one, UnsettledState.PARKED, 0, receipt.message))
    step.entries.append(entry(EntryKind.REFUSED, one.item.ref, int(one.item.op), receipt.message))
    return SentOutcome.PARKED


def _stale(at: Pass, one: Sent, _receipt: Receipt, _intent: Intent, step: Step) -> SentOutcome:
    now = at.hub.now()
    step.hints.append(Hint(stream=at.side.stream, key=one.item.key, reason="changed", due=now, at=now))
    due = now + int(backoff(one.ready.tries, at.hub.env.random()) * 1e6) if one.ready.tries else now
    step.unsettled.append(_unsettled(at, one, UnsettledState.RETRY, due, "the record had been changed; read it anew"))
    return SentOutcome.PENDING


def _gone(at: Pass, one: Sent, receipt: Receipt, intent: Intent, step: Step) -> SentOutcome:
    now = at.hub.now()
    if one.item.op in (Op.DELETE, Op.ARCHIVE):
        _bury(at, one, None, step)
        return SentOutcome.ACKNOWLEDGED
    if one.item.op is Op.CREATE:
        return _refused(at, one, receipt, intent, step)
    step.hints.append(Hint(stream=at.side.stream, key=one.item.key, reason="missing", due=now, at=now))
    step.unsettled.append(_unsettled(at, one, UnsettledState.RETRY, now, "no such record; looking again"))
    return SentOutcome.PENDING


def _busy(at: Pass, one: Sent, receipt: Receipt, _intent: Intent, step: Step) -> SentOutcome:
    pause = backoff(one.ready.tries, at.hub.env.random(), asked=receipt.wait)
    due = at.hub.now() + int(pause * 1e6)
    step.unsettled.append(_unsettled(at, one, UnsettledState.RETRY, due, receipt.message))
    return SentOutcome.PENDING


def _doubt(at: Pass, one: Sent, receipt: Receipt, intent: Intent, step: Step) -> SentOutcome:
    # It may take effect so long after we gave up, and that was now: an exchange may have lasted longer than planned.
    late = at.side.doubt + (at.side.contract.lag if one.item.op is Op.CREATE else 0.0)
    due = max(intent.doubt_until, at.hub.now() + int(late * 1e6))
    step.unsettled.append(_unsettled(at, one, UnsettledState.DOUBT, due, receipt.message))
    return SentOutcome.IN_DOUBT


_FATES: Mapping[Outcome, Callable[[Pass, Sent, Receipt, Intent, Step], SentOutcome]] = {
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
    step.settled.setdefault(at.side.stream, []).extend([one.item.ref for one, _ in done if one.ready.waited])
    told = chain.from_iterable([(one.item.ref, receipt.key or one.item.key) for one, receipt in done])
    step.entries.append(entry(EntryKind.SENT, 0, int(intent.op), intent.iid, *told))
    if intent.op in (Op.DELETE, Op.ARCHIVE):
        for one, receipt in done:
            _bury(at, one, receipt, step)
        return
    make_room(at, {receipt.key: one.item.ref for one, receipt in done if one.item.op is Op.CREATE}, step)
    shown = shown_after(at, done, step)
    now, stores_all = at.hub.now(), _stores_all(at)
    created = [pair for pair in done if pair[0].ready.whole and not pair[0].ready.without] if stores_all else []
    if created:
        step.created[at.side.stream] = len(created)
        step.new_links.setdefault(at.side.stream, [])[:0] = _links(at, created, now)
    for one, receipt in done if len(created) < len(done) else ():
        if stores_all and one.ready.whole and not one.ready.without:
            continue
        _cast(at, one, receipt, shown.get(one.item.ref), now, step)
        if not at.side.verbatim and one.item.ref not in shown:
            _doubt_what_it_holds(at, one, now, step)


def _links(at: Pass, created: Sequence[tuple[Sent, Receipt]], now: int) -> list[Link]:
    """The links of new records that show every value as it was sent, but for normalisers."""
    deltas: Iterable[bytes | None] = repeat(None)
    if at.side.normalisers:
        deltas = [encode_delta(_normalised(at, one)) for one, _ in created]
    return [
        Link(one.item.ref, receipt.key, _OK, None, receipt.version, delta, now, receipt.stamp)
        for (one, receipt), delta in zip(created, deltas, strict=False)
    ]


def _doubt_what_it_holds(at: Pass, one: Sent, now: int, step: Step) -> None:
    """The write is acknowledged but could not be read back: until it is, what the record shows may be of our making."""
    at.account.sent[SentOutcome.ACKNOWLEDGED] -= 1
    at.account.sent[SentOutcome.IN_DOUBT] += 1
    row = _unsettled(at, one, UnsettledState.DOUBT, now, "written, but not read back yet")
    step.unsettled.append(msgspec.structs.replace(row, op=Op.UPDATE))


def _stores_all(at: Pass) -> bool:
    """Does a create leave nothing to compare: is everything written, and shown as it was sent but for normalisers?"""
    return at.side.verbatim and len(at.side.writable) == len(at.side.positions)


def _normalised(at: Pass, one: Sent) -> Delta:
    """Where the system shows something else than we sent, by its normalisers."""
    canon, entity = one.ready.canon, one.ready.entity
    shows = {p: at.side.shows(p, canon[p]) for p in at.side.normalisers}
    found = {p: seen for p, seen in shows.items() if seen != canon[p]}
    gens = gens_of(entity, at.bound.width) if found else []
    return {p: Shadow(canon[p], seen, gens[p]) for p, seen in found.items()}


def _cast(at: Pass, one: Sent, receipt: Receipt, shown: Shown | None, now: int, step: Step) -> None:
    """The link's new shadow. What the system made of our values beyond its normalisers is read again as news."""
    canon, gens, link = one.ready.canon, gens_of(one.ready.entity, at.bound.width), one.ready.link
    # A record that we created came after this canon: what it shows beyond what we sent is causal news, no rival.
    delta = decode_delta(link.delta) if link else {p: Shadow(UNSET, UNSET, gens[p]) for p in at.side.positions}
    news = _update_delta(at, one, delta, shown, gens, step)
    delta = {
        p: s for p, s in delta.items()
        if s.rounds or not (s.base == canon[p] == s.seen and (s.gen == gens[p] or canon[p] is UNSET))
    }  # fmt: skip
    key, stream = receipt.key or one.item.key, at.side.stream
    if news:
        step.hints.append(Hint(stream=stream, key=key, reason="changed", due=now, at=now))
    row = Link(
        one.item.ref, key, LinkState.OK, shown.print if shown and not news else None,
        shown.version if shown else receipt.version, encode_delta(delta), link.born if link else now,
        shown.stamp if shown else receipt.stamp,
    )  # fmt: skip
    if link is None:
        step.new_links.setdefault(stream, []).append(row)
    else:
        step.links[stream, row.eid] = row
    parked = any(left.eid == row.eid for left in step.unsettled)
    if delta and not parked and wanted(at.bound.units, canon, delta, writable=at.side.writable):
        step.plan_work(stream, Op.UPDATE, row.eid)


def _update_delta(at: Pass, one: Sent, delta: Delta, shown: Shown | None, gens: Sequence[int], step: Step) -> bool:
    """Enter what was sent and what is shown into `delta`; True when the system shows news of its own."""
    canon, sent = one.ready.canon, one.pending(at)
    news = False
    kept: list[str] = []
    lines = {unit.positions[0]: unit for unit in at.bound.units if unit.lines}
    for p, (value, gen) in sent.items():
        former = delta.get(p, Shadow(canon[p], canon[p], gens[p]))
        normal = at.side.shows(p, value)
        seen = shown.values.get(p, UNSET) if shown else normal
        seen = normal if seen is UNSET else seen
        ours = seen in (value, normal) or (p in lines and not lines_edited(at, lines[p], value, seen))
        if ours or _normalises(at, one, p, (value, seen, former.seen), step):
            delta[p] = Shadow(value, seen, gen)
        elif one.item.op is Op.UPDATE and seen == former.seen:
            kept.append(at.bound.layout[p])
        else:
            rounds = former.rounds + (one.item.op is Op.UPDATE)
            delta[p] = Shadow(value, normal, gen, rounds)
            news = True
            if rounds >= UNSTABLE_AFTER:
                step.conflicts.append(unstable(at, one.item.ref, p, (value, seen, former.seen)))
    if shown:
        news = news or any(_is_news(one, p, v, delta) for p, v in shown.values.items() if p not in sent)
    if kept:
        _park_kept(at, one, kept, step)
    return news


def _normalises(at: Pass, one: Sent, position: int, values: tuple[Value, Value, Value], step: Step) -> bool:
    """Does a normaliser explain what is shown? The first time in a field it may be a person's edit: that is logged."""
    sent, shown, _ = values
    names = explain(sent, shown)
    if names and not believed(at, position, names, step) and not (is_empty(sent) and is_empty(shown)):
        row = presumed(at, one.item.ref, position, values)
        step.conflicts.append(row)
        step.entries.append(entry(EntryKind.CONFLICT, row.eid, row.field, UNKNOWN, row.kept, shown))
    if names:
        learn(at.hub, at.side, at.bound.layout[position], position, names, step)
    return bool(names)


def _park_kept(at: Pass, one: Sent, names: Sequence[str], step: Step) -> None:
    message = f"{at.side.system} accepted the write but still shows its old value of {', '.join(names)}"
    step.unsettled.append(_unsettled(at, one, UnsettledState.PARKED, 0, message))
    settled = step.settled.get(at.side.stream, [])
    if one.item.ref in settled:
        settled.remove(one.item.ref)


def _is_news(one: Sent, position: int, value: object, delta: Delta) -> bool:
    if value is UNSET:
        return False
    former = delta.get(position)
    return value != (former.seen if former else one.ready.canon[position])


def _bury(at: Pass, one: Sent, receipt: Receipt | None, step: Step) -> None:
    link = one.ready.link
    if link is None:
        return
    digest = fingerprint(receipt.raw, at.hub.seed) if receipt and receipt.raw else None
    step.links[at.side.stream, link.eid] = Link(
        link.eid, link.key, LinkState.GONE, digest, None, None, link.born, link.stamp
    )
    reason = f"{one.item.op.name.lower()} by the hub"
    step.tombs.append(Tomb(stream=at.side.stream, key=link.key, eid=link.eid, reason=reason, at=at.hub.now()))
