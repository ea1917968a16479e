"""The sync's own figures, from the state alone: a plain function of the hub, for commands and for metrics.

What is cheap is told always: it grows with what is open, not with what there is. `deep` adds what looks at every
record: drift, money, mappings, and the volume of the last run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from syncline.engine import exchange as books
from syncline.engine.audit import EntryKind, entries_of
from syncline.engine.changes import changed_fields
from syncline.engine.gaps import gaps
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.engine.judging import findings
from syncline.engine.labels import flows_named
from syncline.engine.lateness import ages
from syncline.engine.mappings import mapping_figure
from syncline.engine.statistics import LOOK_BACK, last_run, run_rows, verified_through
from syncline.engine.validation import validation
from syncline.model.figures import ExchangeFigure, Figures, FindingRow, VolumeFigure
from syncline.model.flow import Direction
from syncline.quality.difference import Volume
from syncline.quality.exchange import HOUR, Exchange, burn, integral
from syncline.quality.shares import Light, light, percentile, worst

BUDGET = 0.0005  #: share of comparable record-hours that may be open
PAGE, TICKET = 14.4, 6.0  #: burn rates from which somebody is woken, and from which somebody looks tomorrow [-]
FULL_LOAD = 0.3  #: dS / S from which reading everything is the cheaper way [-]
SMALL = 20  #: below so many changes of what was there the ratio says nothing
_DAY, _MONTH = 24, 24 * 30


def figures(hub: Hub, flows: Sequence[str] | None = None, *, deep: bool = False) -> Figures:
    """All figures of these flows. Reads only."""
    bound = flows_named(hub, flows)
    exchange = tuple(_exchange(hub, one, side) for one in bound for side in one.sides.values() if _written(side))
    checked = tuple(found for one in bound if (found := validation(hub, one)) is not None)
    drift = tuple(gaps(hub, one) for one in bound) if deep else ()
    mappings = tuple(mapping_figure(hub, one, side) for one in bound for side in one.sides.values()) if deep else ()
    volume = _volume(hub, bound) if deep else None
    lights = [found for one in exchange for found in one.lights.values()]
    lights += [one.light for one in checked] + [one.light for one in mappings]
    lights += [found for one in drift for found in one.lights.values()] + ([volume.light] if volume else [])
    counted = ((f"{one.flow.name} {s.system}", sum(1 for _ in findings(hub, one, s))) for one, s in _sides(bound))
    return Figures(
        at=hub.now(), light=worst(map(Light, lights)).value, exchange=exchange, validation=checked, volume=volume,
        drift=drift, mappings=mappings, findings={name: count for name, count in counted if count},
    )  # fmt: skip


def finding_rows(hub: Hub, flows: Sequence[str] | None = None) -> list[FindingRow]:
    """Every record that flows although it breaks a rule, oldest first."""
    rows = [
        FindingRow(
            flow=bound.flow.name, system=side.system, key=key, rule=one.rule, field=one.field, value=one.value,
            reason=one.reason, cure=one.cure, since=one.since,
        )
        for bound, side in _sides(flows_named(hub, flows))
        for key, one in findings(hub, bound, side)
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.since, row.flow, row.system, row.key))


def _sides(bound: Sequence[BoundFlow]) -> Iterator[tuple[BoundFlow, BoundSide]]:
    return ((one, side) for one in bound for side in one.sides.values())


def _written(side: BoundSide) -> bool:
    return side.side.direction is not Direction.FROM


# --- exchange --------------------------------------------------------------------------------------------------------


def _exchange(hub: Hub, bound: BoundFlow, side: BoundSide) -> ExchangeFigure:
    known, backlog, parked = books.balance(hub, bound, side)
    counted, ended = known.until(hub.now())
    kept = {**books.hours(hub, side.stream), **ended}
    missing = known.open - len(backlog) - len(parked)
    late = ages(hub, bound, side, backlog | parked)
    records = hub.store.counts(side.stream)[1] + len(_lacking(hub, side, backlog | parked))
    lags = [percentile(late, share, count=records) / 1e6 for share in (0.5, 0.95, 0.99)]
    day, month = integral(counted, kept, span=_DAY), integral(counted, kept, span=_MONTH)
    burns = [_burn(counted, kept, hours, records) for hours in (1, 6)]
    heartbeat = _heartbeat(hub, side)
    targets = bound.flow.quality.targets
    silent = targets.period and heartbeat > 2 * targets.period
    return ExchangeFigure(
        flow=bound.flow.name, system=side.system, began=counted.began, captured=counted.captured,
        applied=counted.applied, rejected=counted.rejected, parked=len(parked), backlog=len(backlog), missing=missing,
        lag_p50=lags[0], lag_p95=lags[1], lag_p99=lags[2], open_24h=day[0] / HOUR, open_30d=month[0] / HOUR,
        window_24h=day[1], window_30d=month[1], burn_1h=burns[0], burn_6h=burns[1], heartbeat=heartbeat,
        lights={
            "identity": (Light.RED if missing else Light.GREEN).value,
            "lag": light(lags[1], targets.lag, 3 * targets.lag).value,
            "budget": (Light.RED if burns[0] >= PAGE else Light.AMBER if burns[1] >= TICKET else Light.GREEN).value,
            "heartbeat": (Light.RED if silent else Light.GREEN).value,
        },
    )  # fmt: skip


def _lacking(hub: Hub, side: BoundSide, due: Set[int]) -> set[int]:
    """Those of which this system has no record yet."""
    return due - hub.store.links_of(side.stream, sorted(due)).keys() if due else set()


def _burn(now: Exchange, hours: dict[int, int], span: int, records: int) -> float:
    """Over the whole window, as if nothing had been open before the counters began."""
    area, _ = integral(now, hours, span=span)
    return burn(area, (now.hour - span) * HOUR, now.at, records, budget=BUDGET)


def _heartbeat(hub: Hub, side: BoundSide) -> float:
    """How long ago this side was last read to the end [s]; -1 when it never was, or is only written."""
    read = verified_through(hub, [side])
    return (hub.now() - read) / 1e6 if read else -1.0


# --- volume ----------------------------------------------------------------------------------------------------------


def _volume(hub: Hub, bound: Sequence[BoundFlow]) -> VolumeFigure | None:
    newest = last_run(hub)
    rows = run_rows(hub, range(max(1, newest - LOOK_BACK + 1), newest + 1))
    run = next((row.number for row in reversed(rows) if row.accounts), 0)
    if not run:
        return None
    made = volume_of(hub, bound, run)
    much = made.ratio > FULL_LOAD and made.updates + made.deletes >= SMALL
    return VolumeFigure(
        run=run, inserts=made.inserts, updates=made.updates, deletes=made.deletes, fields=made.fields,
        bytes=made.bytes, records=made.records, ratio=made.ratio,
        light=(Light.AMBER if much else Light.GREEN).value,
    )  # fmt: skip


def volume_of(hub: Hub, bound: Sequence[BoundFlow], run: int) -> Volume:
    """DS of one run, one operation per entity: what its pages of the log come to together."""
    ops: dict[tuple[str, int], str] = {}
    fields: set[tuple[str, int, int]] = set()
    entities, size = {one.entity for one in bound}, 0
    for page in hub.store.audit_log(cause=run):
        entity = page.kind.partition(" ")[2]
        if entity not in entities:
            continue
        size += len(page.body)
        for one in entries_of(page):
            op = _OPS.get(one.kind)
            if op is not None:
                ops[entity, one.eid] = _joined(ops.get((entity, one.eid)), op)
            if one.kind == EntryKind.CHANGED:
                fields |= {(entity, one.eid, position) for position, *_ in changed_fields(one)}
    made = list(ops.values())
    return Volume(
        inserts=made.count("insert"), updates=made.count("update"), deletes=made.count("delete"), bytes=size,
        fields=sum(1 for entity, eid, _ in fields if ops[entity, eid] == "update"),
        records=sum(max((hub.store.counts(s.stream)[0] for s in one.sides.values()), default=0) for one in bound),
    )  # fmt: skip


_OPS: Mapping[int, str] = {
    EntryKind.CREATED: "insert", EntryKind.CHANGED: "update", EntryKind.DELETED: "delete",
    EntryKind.MERGED: "delete", EntryKind.REOPENED: "insert",
}  # fmt: skip


def _joined(before: str | None, then: str) -> str:
    """Two operations on one key as one."""
    if before == "insert":
        return "nothing" if then == "delete" else "insert"
    if before == "delete" and then == "insert":
        return "update"
    return "insert" if before == "nothing" and then == "insert" else then
