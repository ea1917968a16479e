"""w: how much of what is expected of the agreed values holds, sampled at most every five minutes and kept for a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.engine.codec import canon_of, decode_delta
from syncline.engine.hub import BoundFlow, Hub
from syncline.engine.judging import findings, lost_references
from syncline.engine.unplaced import ParkedRead, parked_reads
from syncline.model.figures import CheckFigure, ValidationFigure
from syncline.model.quality import QualityRule, RuleSort
from syncline.model.state import Entity, EntityState, Link, LinkState
from syncline.model.values import Value
from syncline.quality.rules import Known, failures
from syncline.quality.shares import Light, Passed, mean, score

SLOT = 300_000_000  #: between two samples [µs]
A_DAY = 288  #: slots
WHOLE = 5_000  #: up to so many records all are looked at
SAMPLE = 2_000  #: else so many, in stretches of neighbours from places drawn at random
_STRETCHES = 20
GREEN, AMBER = 0.999, 0.99


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One sample as it is kept."""

    score: float
    low: float
    sampled: bool
    checks: list[tuple[str, str, int, int]] = []  #: rule, sort, tried, passed


def keep_score(hub: Hub, bound: BoundFlow) -> None:
    """Take a sample of this flow, unless one was taken in the last five minutes or nothing is expected of it."""
    if not bound.flow.quality.rules:
        return
    kind, slot = _kind(bound), hub.now() // SLOT
    if hub.store.document(kind, _name(slot)) is not None:
        return
    body = msgspec.json.encode(sample(hub, bound))
    old = [name for name in hub.store.documents(kind) if name < _name(slot - A_DAY)]
    with hub.store.transaction() as tx:
        tx.put_documents(kind, {_name(slot): body})
        tx.drop_documents(kind, old)


def validation(hub: Hub, bound: BoundFlow) -> ValidationFigure | None:
    """The figure of one flow; None where nothing is expected of it, or no sample was taken yet."""
    if not bound.flow.quality.rules:
        return None
    first = _name(hub.now() // SLOT - A_DAY + 1)
    kept = [msgspec.json.decode(body, type=Sample) for name, body in _kept(hub, bound).items() if name >= first]
    if not kept:
        return None
    last = kept[-1]
    w, low = mean([one.score for one in kept]) or 0.0, mean([one.low for one in kept]) or 0.0
    told = low if last.sampled else w
    light = Light.GREEN if told >= GREEN else Light.AMBER if told >= AMBER else Light.RED
    return ValidationFigure(
        flow=bound.flow.name, score=last.score, w=w, low=low if last.sampled else w, samples=len(kept),
        sampled=last.sampled, light=light.value,
        checks=tuple(CheckFigure(rule=r, sort=s, tried=t, passed=p) for r, s, t, p in last.checks),
    )  # fmt: skip


def _kept(hub: Hub, bound: BoundFlow) -> Mapping[str, bytes]:
    return hub.store.documents(_kind(bound))


def _kind(bound: BoundFlow) -> str:
    return f"validation {bound.flow.name}"


def _name(slot: int) -> str:
    return f"{slot:012d}"


def sample(hub: Hub, bound: BoundFlow) -> Sample:
    """Try every rule on the agreed values as they are now."""
    entities, sampled = _entities(hub, bound)
    eids = [one.eid for one in entities]
    links = {side.system: hub.store.links_of(side.stream, eids) for side in bound.sides.values()}
    canons = [canon_of(one, bound.width) for one in entities]
    columns = {name: [canon[p] for canon in canons] for p, name in enumerate(bound.layout)}
    stamps = dict.fromkeys(eids, 0)
    for found in links.values():
        stamps.update((eid, max(stamps[eid], link.stamp)) for eid, link in found.items())
    rules = bound.flow.quality.rules
    known = Known(
        now=hub.now(), stamps=[stamps[eid] for eid in eids],
        lost={n: lost_references(hub, bound, n, columns[n]) for n in _named(rules, RuleSort.REFERENCE)},
        others={n: _others(bound, entities, links, bound.position(n)) for n in _named(rules, RuleSort.EQUAL)},
    )  # fmt: skip
    checks = [_tried(hub, bound, rule, columns, known, len(entities)) for rule in rules]
    passed = [Passed(rule.weight, rule.hard, tried, good) for rule, (tried, good) in zip(rules, checks, strict=True)]
    rows = [(rule.name, rule.sort.value, *check) for rule, check in zip(rules, checks, strict=True)]
    return Sample(score=score(passed), low=score(passed, sampled=sampled), sampled=sampled, checks=rows)


def _tried(
    hub: Hub, bound: BoundFlow, rule: QualityRule, columns: Mapping[str, Sequence[Value]], known: Known, size: int
) -> tuple[int, int]:
    """(tried, passed). Whether a value is unique is known of every record since it was read."""
    if rule.sort is RuleSort.UNIQUE:
        whole = max((hub.store.counts(side.stream)[0] for side in bound.sides.values()), default=0)
        return whole, max(0, whole - _flagged(hub, bound, rule))
    broken = {one.row for one in failures(bound.flow.quality, rule, columns, known)}
    return size, size - len(broken)


def _flagged(hub: Hub, bound: BoundFlow, rule: QualityRule) -> int:
    begun = f"rule `{rule.name}`:"
    flagged = 0
    for side in bound.sides.values():
        flagged += sum(1 for _, one in findings(hub, bound, side) if one.rule == rule.name)
        held = hub.store.documents(parked_reads(side)).values()
        flagged += sum(1 for body in held if msgspec.json.decode(body, type=ParkedRead).reason.startswith(begun))
    return flagged


def _named(rules: Sequence[QualityRule], sort: RuleSort) -> list[str]:
    return list(dict.fromkeys(name for rule in rules if rule.sort is sort for name in rule.fields))


def _others(
    bound: BoundFlow, entities: Sequence[Entity], links: Mapping[str, Mapping[int, Link]], position: int
) -> dict[int, list[Value]]:
    """Row -> what systems show that differs from the agreed value, beyond what they make of it."""
    found: dict[int, list[Value]] = {}
    for row, entity in enumerate(entities):
        for system, by_eid in links.items():
            link, side = by_eid.get(entity.eid), bound.sides[system]
            if link is None or link.state is not LinkState.OK or link.delta is None:
                continue
            shadow = decode_delta(link.delta).get(position)
            if shadow is not None and shadow.seen != side.shows(position, canon_of(entity, bound.width)[position]):
                found.setdefault(row, []).append(shadow.seen)
    return found


def _entities(hub: Hub, bound: BoundFlow) -> tuple[list[Entity], bool]:
    """(live entities, are they only a part?)."""
    whole = max((hub.store.counts(side.stream)[0] for side in bound.sides.values()), default=0)
    if whole <= WHOLE:
        pages = hub.store.each_entity(bound.entity)
        return [one for page in pages for one in page if one.state is EntityState.LIVE], False
    highest, chance, found = _highest(hub, bound), hub.env.random(), dict[int, Entity]()
    for _ in range(_STRETCHES):
        stretch = hub.store.each_entity(bound.entity, after=chance.randrange(highest), size=SAMPLE // _STRETCHES)
        found |= {one.eid: one for one in next(stretch, ()) if one.state is EntityState.LIVE}
    return list(found.values()), True


def _highest(hub: Hub, bound: BoundFlow) -> int:
    """The greatest eid, found by halving."""
    low, high = 0, 1
    while next(hub.store.each_entity(bound.entity, after=high, size=1), None):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if next(hub.store.each_entity(bound.entity, after=middle, size=1), None) else (low, middle)
        )
    return high
