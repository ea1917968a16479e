"""Put each change into the system's own words: references as its keys, fields as its fields, one item per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from syncline.engine import references
from syncline.engine.codec import Pending, encode_pending
from syncline.engine.hub import Pass
from syncline.engine.ready import Ready, pending_of
from syncline.engine.step import Step
from syncline.mapping import Json, Problem
from syncline.model.ledger import SentOutcome
from syncline.model.page import Item, Op
from syncline.model.quality import HIDDEN
from syncline.model.state import Intent, Unsettled, UnsettledState
from syncline.model.values import UNSET, Row, encode_row

NOTHING: frozenset[int] = frozenset()

_Worded = tuple[Ready, Row]  #: with the row to be sent, in canonical words but for references


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One item that is sent, with the values behind it."""

    item: Item
    ready: Ready

    def pending(self, at: Pass) -> Pending:
        """Position -> (value, generation) of what is sent."""
        return pending_of(at, self.ready)


def compose(at: Pass, intent: Intent, found: Sequence[Ready], step: Step) -> list[Sent]:
    """The items of an intent. What waits for a parent is blocked, what cannot be expressed is parked, in `step`."""
    worded = [(one, one.canon) for one in found]
    if at.bound.references or at.bound.line_references:
        worded = [(one, row) for one in found if (row := _referred(at, one, step)) is not None]
    if intent.op is Op.CREATE:
        return _items(at, intent, Op.CREATE, NOTHING, worded, step) if worded else []
    groups: dict[tuple[Op, frozenset[int]], list[_Worded]] = {}
    for one, row in worded:
        key = NOTHING if one.change is None else frozenset(one.change) - one.without
        groups.setdefault((one.op, key), []).append((one, row))
    sent: list[Sent] = []
    for (op, positions), members in groups.items():
        sent += _items(at, intent, op, positions, members, step)
    return sent


def _referred(at: Pass, one: Ready, step: Step) -> Row | None:
    """Canon with the system's keys in place of eids; None where it waits for a parent."""
    wanted = frozenset(range(at.bound.width)) if one.change is None else frozenset(one.change)
    row, missing = references.to_keys(at.hub, at.bound, at.side, one.canon, wanted=wanted & at.side.writable)
    broken = frozenset(parent.position for parent in missing)
    if missing and (broken - at.bound.nullable or one.op is not Op.CREATE):
        _block(at, one, missing[0], step)
        return None
    one.without = broken
    return [UNSET if p in broken else value for p, value in enumerate(row)]


def _items(
    at: Pass, intent: Intent, op: Op, positions: frozenset[int], members: Sequence[_Worded], step: Step
) -> list[Sent]:
    problems: list[Problem] = []
    bodies = _bodies(at, op, positions, members, problems)
    unfit = {problem.row: f"{problem.field} = {_value(at, problem)}: {problem.reason}" for problem in problems}
    for number, reason in unfit.items():
        _park_unfit(at, members[number][0], reason, step)
    fit = [(one, fields) for (one, _), fields in zip(members, bodies, strict=True)]
    if unfit:
        fit = [pair for number, pair in enumerate(fit) if number not in unfit]
    if op is not Op.CREATE:
        return [Sent(item=_change(one, fields), ready=one) for one, fields in fit]
    marker = partial(at.hub.marker, at.side.stream) if at.side.contract.marker else _unmarked
    again = f"{at.hub.store_id[:8]}-{at.hub.tag}-{intent.iid}-"
    return [
        Sent(item=Item(ref=eid, op=op, fields=fields, marker=marker(eid), idempotency=f"{again}{eid}"), ready=one)
        for one, fields in fit
        for eid in (one.entity.eid,)
    ]


def _value(at: Pass, problem: Problem) -> str:
    secret = problem.field.partition(".")[0] in at.bound.flow.quality.secret
    return HIDDEN if secret else problem.value


def _bodies(
    at: Pass, op: Op, positions: frozenset[int], members: Sequence[_Worded], problems: list[Problem]
) -> Sequence[Mapping[str, Json]]:
    if op in (Op.DELETE, Op.ARCHIVE):
        return [{} for _ in members]
    places = at.side.positions
    straight = places == tuple(range(at.bound.width))
    rows = [row for _, row in members] if straight else [[row[p] for p in places] for _, row in members]
    if op is Op.CREATE:
        whole = straight and not at.bound.references and all(one.whole for one, _ in members)
        return at.side.lens.put(rows, None, problems=problems, whole=whole)
    if at.side.lens.overlaid:
        rows = [_beside(at, one, row, positions) for one, row in members]
    names = frozenset(at.bound.layout[p] for p in positions)
    bodies = at.side.lens.put(rows, names, problems=problems)
    return [
        at.side.lens.overlay(one.before.raw, fields) if one.before else fields
        for (one, _), fields in zip(members, bodies, strict=True)
    ]


def _beside(at: Pass, one: Ready, row: Row, positions: frozenset[int]) -> Row:
    """The side's row of what may stand beside a change in one nested object: no frozen field, no untranslated eid."""
    hidden = (one.frozen | at.bound.references.keys() | at.bound.line_references.keys()) - positions
    return [UNSET if p in hidden else row[p] for p in at.side.positions]


def _unmarked(_eid: int) -> str:
    return ""


def _change(one: Ready, fields: Mapping[str, Json]) -> Item:
    before, link = one.before, one.link
    known = link.version if link else None
    return Item(
        ref=one.eid, op=one.op, key=link.key if link else "", fields=fields,
        version=before.version if before else known, current=before.raw if before else None,
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
