"""Put each change into the system's own words: references as its keys, fields as its fields, one item per record."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine import references
from syncline.engine.codec import Pending, encode_pending
from syncline.engine.hub import Pass
from syncline.engine.ready import Ready, pending_of
from syncline.engine.step import Step
from syncline.mapping import Json, Problem
from syncline.model.ledger import SentOutcome
from syncline.model.page import Item, Op
from syncline.model.state import Intent, Unsettled, UnsettledState
from syncline.model.values import UNSET, Row, encode_row

NOTHING: frozenset[int] = frozenset()


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One item that is sent, with the values behind it."""

    item: Item
    ready: Ready
    without: frozenset[int] = NOTHING  #: references left out: their parent has no record there yet

    def pending(self, at: Pass) -> Pending:
        """Position -> (value, generation) of what is sent."""
        return pending_of(at, self.ready, without=self.without)


class _Worded(msgspec.Struct, frozen=True, kw_only=True):
    ready: Ready
    row: Row  #: canon with the system's keys in place of eids
    without: frozenset[int]


def compose(at: Pass, intent: Intent, found: Sequence[Ready], step: Step) -> list[Sent]:
    """The items of an intent. What waits for a parent is blocked, what cannot be expressed is parked, in `step`."""
    if at.bound.references or at.bound.line_references:
        worded = [made for one in found if (made := _referred(at, one, step)) is not None]
    else:
        worded = [_Worded(ready=one, row=one.canon, without=NOTHING) for one in found]
    groups: dict[tuple[Op, frozenset[int]], list[_Worded]] = {}
    for made in worded:
        change = made.ready.change
        key = NOTHING if change is None else frozenset(change) - made.without
        groups.setdefault((made.ready.op, key), []).append(made)
    sent: list[Sent] = []
    for (op, positions), members in groups.items():
        sent += _items(at, intent, op, positions, members, step)
    return sent


def _referred(at: Pass, one: Ready, step: Step) -> _Worded | None:
    wanted = frozenset(range(at.bound.width)) if one.change is None else frozenset(one.change)
    row, missing = references.to_keys(at.hub, at.bound, at.side, one.canon, wanted=wanted & at.side.writable)
    broken = frozenset(parent.position for parent in missing)
    if missing and (broken - at.bound.nullable or one.op is not Op.CREATE):
        _block(at, one, missing[0], step)
        return None
    return _Worded(ready=one, row=[UNSET if p in broken else value for p, value in enumerate(row)], without=broken)


def _items(
    at: Pass, intent: Intent, op: Op, positions: frozenset[int], members: Sequence[_Worded], step: Step
) -> list[Sent]:
    problems: list[Problem] = []
    bodies = _bodies(at, op, positions, members, problems)
    unfit = {problem.row: f"{problem.field} = {problem.value}: {problem.reason}" for problem in problems}
    sent: list[Sent] = []
    for number, (made, fields) in enumerate(zip(members, bodies, strict=True)):
        if number in unfit:
            _park_unfit(at, made.ready, unfit[number], step)
        else:
            item = _item(at, intent, made.ready, fields)
            sent.append(Sent(item=item, ready=made.ready, without=made.without))
    return sent


def _bodies(
    at: Pass, op: Op, positions: frozenset[int], members: Sequence[_Worded], problems: list[Problem]
) -> list[dict[str, Json]]:
    if op in (Op.DELETE, Op.ARCHIVE):
        return [{} for _ in members]
    places = at.side.positions
    straight = places == tuple(range(at.bound.width))
    rows = [made.row for made in members] if straight else [[made.row[p] for p in places] for made in members]
    if op is Op.CREATE:
        return at.side.lens.put(rows, None, problems=problems)
    names = frozenset(at.bound.layout[p] for p in positions)
    bodies = at.side.lens.put(rows, names, problems=problems)
    return [
        at.side.lens.overlay(made.ready.before.raw, fields) if made.ready.before else fields
        for made, fields in zip(members, bodies, strict=True)
    ]


def _item(at: Pass, intent: Intent, one: Ready, fields: dict[str, Json]) -> Item:
    if one.link is None:
        contract, stream = at.side.contract, at.side.stream
        marker = at.hub.marker(stream, one.eid) if contract.marker else ""
        again = f"{at.hub.store_id[:8]}-{intent.iid}-{one.eid}"
        return Item(ref=one.eid, op=one.op, fields=fields, marker=marker, idempotency=again)
    before = one.before
    return Item(
        ref=one.eid, op=one.op, key=one.link.key, fields=fields,
        version=before.version if before else one.link.version, current=before.raw if before else None,
    )  # fmt: skip


def _block(at: Pass, one: Ready, parent: references.Unresolved, step: Step) -> None:
    at.account.intended += 1
    at.account.sent[SentOutcome.PENDING] += 1
    step.unsettled.append(
        Unsettled(
            stream=at.side.stream, eid=one.eid, state=UnsettledState.BLOCKED, op=one.op, due=at.hub.now(),
            pending=encode_row([parent.entity, parent.eid]), since=at.hub.now(), tries=one.tries, run=at.run.number,
            message=f"waits for {parent.entity} {parent.eid}, which has no record in {at.side.system} yet",
        )
    )  # fmt: skip


def _park_unfit(at: Pass, one: Ready, reason: str, step: Step) -> None:
    """A value that the mapping cannot put into the system's words is parked like one that the system refuses."""
    at.account.intended += 1
    at.account.sent[SentOutcome.PARKED] += 1
    step.unsettled.append(
        Unsettled(
            stream=at.side.stream, eid=one.eid, state=UnsettledState.PARKED, op=one.op, since=at.hub.now(),
            pending=encode_pending(pending_of(at, one)), tries=one.tries + 1, run=at.run.number, message=reason,
        )
    )  # fmt: skip
