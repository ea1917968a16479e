"""Drift: in which fields the systems differ, and why. Counted from the shadows, page by page.

Two systems agree in a field when each shows what it would show for the canonical value. Where one does not, exactly one
cause is counted, the first that applies: conflict, parked, in flight, blocked, read only, unexplained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from syncline.engine.codec import Delta, canon_of, decode_delta, decode_pending
from syncline.engine.creating import creates_for
from syncline.engine.hub import BoundFlow, BoundSide, Hub, Run
from syncline.engine.labels import flows_named
from syncline.engine.people import FIRST, PERSON, as_run, with_delta
from syncline.engine.run import run
from syncline.engine.statistics import finished, run_rows, verified_through
from syncline.engine.step import begin, commit
from syncline.merging import Shadow
from syncline.model.flow import Direction
from syncline.model.page import Op
from syncline.model.report import DriftCount, DriftRow
from syncline.model.state import Entity, EntityState, IntentState, Link, LinkState, Unsettled, UnsettledState
from syncline.model.values import UNSET, Lines, Row, Value, is_empty

YOUNG = 300_000_000  #: a write that is younger than this is in flight, an older one is blocked [µs]
NAMED = 10  #: unexplained fields that a row names
EQUAL = "equal"


@dataclass(slots=True, kw_only=True)
class View:
    """What is known of one side while the entities are walked through."""

    side: BoundSide
    planned: Mapping[int, int]  #: eid -> when its write was planned [µs]
    links: Mapping[int, Link] = field(default_factory=dict)
    waiting: Mapping[int, Unsettled] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What is counted for one pair of systems."""

    left: View
    right: View
    shared: tuple[int, ...]
    records: int = 0
    causes: dict[int, Counter[str]] = field(default_factory=dict)  #: position -> cause -> fields
    named: list[str] = field(default_factory=list)
    broken: list[tuple[str, int, int]] = field(default_factory=list)  #: (system, eid, position), unexplained

    def count(self, position: int, cause: str, n: int = 1) -> None:
        """`n` fields more."""
        self.causes.setdefault(position, Counter())[cause] += n


def drift(hub: Hub, flows: Sequence[str] | None, *, repair: bool = False) -> list[DriftRow]:
    """A row per flow and pair of systems.

    `repair` plans the write of every unexplained field anew, then reads every system completely, and delivers.
    """
    bound = flows_named(hub, flows)
    tallies = [(one, tally) for one in bound for tally in _walk(hub, one)]
    if not repair:
        return [_row(hub, one, tally) for one, tally in tallies]
    repaired = as_run(hub, lambda this: _plan_anew(hub, this, tallies))
    finished(hub, run(hub, bound, full=True), bound)
    return [
        replace(_row(hub, one, tally), repaired=repaired[one.flow.name]) for one in bound for tally in _walk(hub, one)
    ]


def _walk(hub: Hub, bound: BoundFlow) -> list[Tally]:
    views = [View(side=side, planned=_planned(hub, side)) for side in bound.sides.values()]
    tallies = [
        Tally(left=left, right=right, shared=tuple(sorted(set(left.side.positions) & set(right.side.positions))))
        for left, right in combinations(views, 2)
    ]
    clean: Counter[int] = Counter()
    for page in hub.store.each_entity(bound.entity):
        live = [entity for entity in page if entity.state is EntityState.LIVE]
        eids = [entity.eid for entity in live]
        for view in views:
            view.links = hub.store.links_of(view.side.stream, eids)
            view.waiting = hub.store.unsettled_of(view.side.stream, eids)
        frozen = hub.store.frozen(bound.entity, eids)
        for number, tally in enumerate(tallies):
            for entity in live:
                clean[number] += _compare(hub, bound, tally, entity, frozen.get(entity.eid, frozenset()))
    for number, tally in enumerate(tallies):
        for position in tally.shared:
            tally.count(position, EQUAL, clean[number])
    return tallies


def _planned(hub: Hub, side: BoundSide) -> dict[int, int]:
    intents = [
        one for state in (IntentState.PLANNED, IntentState.SENT) for one in hub.store.intents(state, side.stream)
    ]
    began = {row.number: row.started for row in run_rows(hub, sorted({one.cause for one in intents}))}
    return {eid: began.get(one.cause, 0) for one in intents for eid in one.eids}


def _compare(hub: Hub, bound: BoundFlow, tally: Tally, entity: Entity, frozen: frozenset[str]) -> bool:
    """Count one entity; True when all its fields are equal, which the caller counts as a whole."""
    missing = [view for view in (tally.left, tally.right) if not _has(view, entity.eid)]
    if len(missing) > 1 or (missing and not _should_have(bound, missing[0], entity)):
        return False
    tally.records += 1
    if not missing and not any(view.links[entity.eid].delta for view in (tally.left, tally.right)):
        return True
    canon = canon_of(entity, bound.width)
    deltas = [(view, _delta(view, entity.eid)) for view in (tally.left, tally.right) if view not in missing]
    for position in tally.shared:
        view = _differing(position, canon, deltas, missing)
        cause = EQUAL if view is None else _cause(hub, bound, view, entity.eid, position, frozen)
        tally.count(position, cause)
        if cause == "unexplained" and view is not None:
            _name(bound, tally, view, entity.eid, position)
    return False


def _has(view: View, eid: int) -> bool:
    link = view.links.get(eid)
    return link is not None and link.state is LinkState.OK


def _should_have(bound: BoundFlow, view: View, entity: Entity) -> bool:
    link = view.links.get(entity.eid)
    return creates_for(bound, view.side, entity) and (link is None or link.state is not LinkState.DETACHED)


def _delta(view: View, eid: int) -> Delta:
    return decode_delta(view.links[eid].delta)


def _differing(position: int, canon: Row, deltas: Sequence[tuple[View, Delta]], missing: Sequence[View]) -> View | None:
    """The side that does not show the canonical value of a field; None when both do."""
    value = canon[position]
    if missing:
        return missing[0] if value is not UNSET and not is_empty(value) else None
    for view, delta in deltas:
        shadow = delta.get(position)
        if shadow is not None and not agrees(view.side, position, value, shadow.seen):
            return view
    return None


def agrees(side: BoundSide, position: int, value: Value, seen: Value) -> bool:
    """Does what the system shows stand for the canonical value?"""
    if value is UNSET or seen is UNSET:
        return all(one is UNSET or is_empty(one) for one in (value, seen))
    if isinstance(value, Mapping):
        value = _kept(side, position, value)
    return seen in (value, side.shows(position, value))


def _kept(side: BoundSide, position: int, lines: Lines) -> Lines:
    """Lines with those of their fields alone that the system keeps."""
    kept = side.lens.line_paths.get(side.lens.fields[side.positions.index(position)], {})
    return {key: {name: one for name, one in line.items() if name in kept} for key, line in lines.items()}


def _cause(hub: Hub, bound: BoundFlow, view: View, eid: int, position: int, frozen: frozenset[str]) -> str:
    unit = next(unit for unit in bound.units if position in unit.positions)
    if unit.name in frozen or "*" in frozen:
        return "conflict"
    row = view.waiting.get(eid)
    if row is not None and _is_parked(row, position):
        return "parked"
    since = _since(view, row, eid)
    if since is not None:
        young = hub.now() - since <= YOUNG and (row is None or row.state is not UnsettledState.BLOCKED)
        return "in_flight" if young else "blocked"
    if view.side.side.direction is Direction.FROM or position not in view.side.writable:
        return "read_only"
    return "unexplained"


def _is_parked(row: Unsettled, position: int) -> bool:
    if row.state is not UnsettledState.PARKED:
        return False
    return row.op is Op.CREATE or row.pending is None or position in decode_pending(row.pending)


def _since(view: View, row: Unsettled | None, eid: int) -> int | None:
    """When the write that would cure it was planned; None when there is none."""
    if row is not None and row.state in (UnsettledState.RETRY, UnsettledState.DOUBT, UnsettledState.BLOCKED):
        return row.since
    return view.planned.get(eid)


def _name(bound: BoundFlow, tally: Tally, view: View, eid: int, position: int) -> None:
    tally.broken.append((view.side.system, eid, position))
    if len(tally.named) < NAMED:
        key = view.links[eid].key if eid in view.links else f"#{eid}"
        tally.named.append(f"{bound.entity}:{key}.{bound.layout[position]}")


def _row(hub: Hub, bound: BoundFlow, tally: Tally) -> DriftRow:
    by_field = {bound.layout[position]: _counted([causes]) for position, causes in sorted(tally.causes.items())}
    return DriftRow(
        flow=bound.flow.name, left=tally.left.side.system, right=tally.right.side.system, records=tally.records,
        total=_counted(tally.causes.values()), unexplained=tuple(tally.named),
        by_field={name: count for name, count in by_field.items() if count.equal != count.fields},
        verified_through=verified_through(hub, [tally.left.side, tally.right.side]),
    )  # fmt: skip


def _counted(causes: Iterable[Counter[str]]) -> DriftCount:
    total: Counter[str] = Counter()
    for one in causes:
        total.update(one)
    return DriftCount(
        fields=total.total(), equal=total[EQUAL], in_flight=total["in_flight"], blocked=total["blocked"],
        conflict=total["conflict"], parked=total["parked"], read_only=total["read_only"],
        unexplained=total["unexplained"],
    )  # fmt: skip


def _plan_anew(hub: Hub, this: Run, tallies: Sequence[tuple[BoundFlow, Tally]]) -> Counter[str]:
    """Forget what unexplained fields were meant to hold, so that canon is written there again."""
    repaired: Counter[str] = Counter()
    for bound in {id(one): one for one, _ in tallies}.values():
        broken = {place for one, tally in tallies if one is bound for place in tally.broken}
        step = begin(hub, PERSON, entity=bound.entity)
        records = {(system, eid) for system, eid, _ in broken}
        repaired[bound.flow.name] = len(records)
        for system, eid in sorted(records):
            side = bound.sides[system]
            link = hub.store.links_of(side.stream, [eid]).get(eid)
            step.plan_work(side.stream, Op.UPDATE if link else Op.CREATE, eid)
            if link is not None:
                delta = decode_delta(link.delta)
                for _system, _eid, position in broken & {(system, eid, p) for p in side.positions}:
                    shadow = delta[position]
                    delta[position] = Shadow(shadow.seen, shadow.seen, shadow.gen)
                step.links[side.stream, eid] = with_delta(link, delta)
        commit(hub, this, step, priority=FIRST)
    return repaired
