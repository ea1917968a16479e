"""eps: in which fields a follower differs from its owner, what of that is settled, and what is still in flight.

Of each field the owner is the system that its rule names, where it holds the record; else the first that does. x is
what the owner shows, y what a follower shows, both at the watermark of the log: as last read or written. A difference
is in flight while each side shows a value that was the agreed one at some time during [t - L, t]; else it is settled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from syncline.engine.changes import Origins
from syncline.engine.codec import Delta, canon_of, decode_delta, gens_of
from syncline.engine.creating import creates_for
from syncline.engine.drift import agrees
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.model.figures import DriftFigure, FieldGap
from syncline.model.state import Entity, EntityState, Link, LinkState
from syncline.model.values import UNSET, Row, Value
from syncline.quality.rules import alike
from syncline.quality.shares import light
from syncline.quality.values import gap, number

AMBER, RED = 0.0001, 0.001  #: shares from which drift, and money drift, are amber and red

_Carriers = tuple[int, ...]  #: places of the sides that hold a record


@dataclass(slots=True, kw_only=True)
class _Sums:
    """What is counted of one field."""

    settled: int = 0
    in_flight: int = 0
    net: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)
    measured: bool = False
    ledger: Decimal = Decimal(0)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One walk over the entities of a flow."""

    hub: Hub
    bound: BoundFlow
    origins: Origins
    since: int  #: t - L [µs]
    sums: dict[int, _Sums] = field(default_factory=dict)
    held_by: Counter[_Carriers] = field(default_factory=Counter)
    missing: int = 0
    orphans: int = 0


class _Record(NamedTuple):
    """One entity as the systems show it."""

    entity: Entity
    canon: Row
    gens: Sequence[int]
    deltas: Mapping[int, Delta]  #: by place of the side


def gaps(hub: Hub, bound: BoundFlow) -> DriftFigure:
    """Look at every record of a flow."""
    walk = _Walk(
        hub=hub, bound=bound, origins=Origins(hub), since=hub.now() - int(bound.flow.quality.targets.lag * 1e6)
    )
    sides = list(bound.sides.values())
    for page in hub.store.each_entity(bound.entity):
        eids = [entity.eid for entity in page]
        links = [hub.store.links_of(side.stream, eids) for side in sides]
        for entity in page:
            _look(walk, sides, entity, [found.get(entity.eid) for found in links])
    return _told(walk, sides)


def _look(walk: _Walk, sides: Sequence[BoundSide], entity: Entity, links: Sequence[Link | None]) -> None:
    held = tuple(n for n, link in enumerate(links) if link is not None and link.state is LinkState.OK)
    if entity.state is not EntityState.LIVE:
        walk.orphans += len(held)
        return
    lacking = [side for side, link in zip(sides, links, strict=True) if link is None or link.state is LinkState.GONE]
    walk.missing += sum(1 for side in lacking if creates_for(walk.bound, side, entity))
    walk.held_by[held] += 1
    deltas = {n: decode_delta(link.delta) for n in held if (link := links[n]) is not None and link.delta is not None}
    targets = walk.bound.flow.quality.targets
    if not deltas and not targets.additive:
        return
    width = walk.bound.width
    record = _Record(entity, canon_of(entity, width), gens_of(entity, width), deltas)
    for position in {position for delta in deltas.values() for position in delta}:
        _compare(walk, sides, held, record, position)
    for name in targets.additive:
        _add_up(walk, sides, held, record, walk.bound.position(name))


def _carriers(bound: BoundFlow, sides: Sequence[BoundSide], held: _Carriers, position: int) -> list[int]:
    """The places of the sides that show this field, its owner first; none where nobody can be compared."""
    found = [n for n in held if position in sides[n].positions]
    unit = next(unit for unit in bound.units if position in unit.positions)
    found.sort(key=lambda n: (sides[n].system != unit.rule.owner, n))
    return found if len(found) > 1 else []


def _compare(walk: _Walk, sides: Sequence[BoundSide], held: _Carriers, record: _Record, position: int) -> None:
    carriers = _carriers(walk.bound, sides, held, position)
    shown = {n: _seen(record, n, position) for n in carriers}
    for follower in carriers[1:]:
        owner = carriers[0]
        pair = (sides[owner], shown[owner]), (sides[follower], shown[follower])
        if _same(walk.bound, record, position, pair):
            continue
        sums = walk.sums.setdefault(position, _Sums())
        before = list(_held(walk, record, position))
        if all(any(_shows(walk.bound, side, position, one, value) for one in before) for side, value in pair):
            sums.in_flight += 1
            continue
        sums.settled += 1
        apart = _apart(shown[follower], shown[owner])
        if apart is not None:
            sums.net, sums.gross, sums.measured = sums.net + apart, sums.gross + abs(apart), True


def _seen(record: _Record, place: int, position: int) -> Value:
    shadow = record.deltas.get(place, {}).get(position)
    return record.canon[position] if shadow is None else shadow.seen


def _apart(shown: Value, agreed: Value) -> Decimal | None:
    return None if shown is UNSET or agreed is UNSET else gap(shown, agreed)


_Pair = tuple[tuple[BoundSide, Value], tuple[BoundSide, Value]]


def _same(bound: BoundFlow, record: _Record, position: int, pair: _Pair) -> bool:
    (_, x), (follower, y) = pair
    tolerance = bound.flow.quality.targets.tolerance.get(bound.layout[position], Decimal(0))
    if alike(y, x, tolerance) or (x is not UNSET and y == follower.shows(position, x)):
        return True
    return all(agrees(side, position, record.canon[position], value) for side, value in pair)


def _shows(bound: BoundFlow, side: BoundSide, position: int, agreed: Value, value: Value) -> bool:
    tolerance = bound.flow.quality.targets.tolerance.get(bound.layout[position], Decimal(0))
    return agrees(side, position, agreed, value) or alike(value, agreed, tolerance)


def _held(walk: _Walk, record: _Record, position: int) -> Iterator[Value]:
    """The values that were the agreed one at some time during [t - L, t], newest first."""
    yield record.canon[position]
    gen = record.gens[position]
    while gen and (page := walk.origins.page(gen)) is not None and page.at >= walk.since:
        change = walk.origins.change(gen, record.entity.eid, position)
        if change is None:
            return
        yield change[1]
        gen = change[2]


def _add_up(walk: _Walk, sides: Sequence[BoundSide], held: _Carriers, record: _Record, position: int) -> None:
    carriers = _carriers(walk.bound, sides, held, position)
    value = number(_seen(record, carriers[0], position)) if carriers else None
    if value is not None:
        walk.sums.setdefault(position, _Sums()).ledger += abs(value) * (len(carriers) - 1)


def _told(walk: _Walk, sides: Sequence[BoundSide]) -> DriftFigure:
    bound = walk.bound
    comparable = {position: _comparable(walk, sides, position) for position in range(bound.width)}
    fields = [_field(bound, position, sums, comparable[position]) for position, sums in sorted(walk.sums.items())]
    settled, whole = sum(one.settled for one in fields), sum(comparable.values())
    rate = settled / whole if whole else 0.0
    lights = {"rate": light(rate, AMBER, RED).value}
    for one in fields:
        if one.ledger:
            share = Decimal(one.gross or 0) / max(Decimal(one.ledger), Decimal(1))
            lights[f"money {one.field}"] = light(float(share), AMBER, RED).value
    return DriftFigure(
        flow=bound.flow.name, comparable=whole, settled=settled, in_flight=sum(one.in_flight for one in fields),
        missing=walk.missing, orphans=walk.orphans, rate=rate, fields=tuple(fields), lights=lights,
    )  # fmt: skip


def _comparable(walk: _Walk, sides: Sequence[BoundSide], position: int) -> int:
    pairs = (
        (max(0, sum(1 for n in held if position in sides[n].positions) - 1), n) for held, n in walk.held_by.items()
    )
    return sum(followers * records for followers, records in pairs)


def _field(bound: BoundFlow, position: int, sums: _Sums, comparable: int) -> FieldGap:
    name = bound.layout[position]
    additive = bound.flow.quality.targets.additive
    return FieldGap(
        field=name, comparable=comparable, settled=sums.settled, in_flight=sums.in_flight,
        net=str(sums.net) if sums.measured else "", gross=str(sums.gross) if sums.measured else "",
        ledger=str(sums.ledger) if name in additive else "", unit=additive.get(name, ""),
    )  # fmt: skip
