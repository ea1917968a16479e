"""Does the audit log tell the truth? The chain is checked page by page, and canon is told anew from the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
import zstandard

from syncline.engine.audit import Entry, EntryKind, broken_links, entries_of
from syncline.engine.changes import changed_fields
from syncline.engine.codec import canon_of, gens_of
from syncline.engine.history import entity_of_page
from syncline.engine.hub import BoundFlow, Hub
from syncline.model.report import VerifyReport
from syncline.model.state import AuditPage, Entity, EntityState
from syncline.model.values import UNSET, Row

NAMED = 20  #: differing entities that are named

Told = dict[int, tuple[Row, list[int]]]  #: eid -> (canon, generations), as the log tells them


@dataclass(slots=True, kw_only=True)
class Replay:
    """What the log tells of one entity type."""

    bound: BoundFlow
    wanted: frozenset[int] | None  #: eids to be compared; None: all
    told: Told = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)


def verify(hub: Hub, sample: int | None = None) -> VerifyReport:
    """Check the chain, and the canon of `sample` entities per type, or of all of them."""
    replays = {bound.entity: Replay(bound=bound, wanted=_sampled(hub, bound, sample)) for bound in hub.flows.values()}
    pages: list[int] = []
    unreadable: list[int] = []
    broken = {*broken_links(_read(hub, replays, pages, unreadable)), *unreadable}
    problems = [
        (f"{entity} #{eid}", problem) for entity, one in replays.items() for eid, problem in _compared(hub, one)
    ]
    return VerifyReport(
        pages=len(pages),
        broken=tuple(sorted(broken)),
        entities=len(problems),
        erased=sum(len(one.erased) for one in replays.values()),
        differing=tuple(f"{name}: {problem}" for name, problem in problems if problem)[:NAMED],
    )


def _read(hub: Hub, replays: Mapping[str, Replay], pages: list[int], unreadable: list[int]) -> Iterator[AuditPage]:
    """Every page that can be read, replayed as it passes; what was read and what could not be is noted."""
    for page in hub.store.audit_log():
        pages.append(page.seq)
        if not _is_readable(page):
            unreadable.append(page.seq)
            continue
        yield page
        one = replays.get(entity_of_page(page))
        for told in entries_of(page) if one else ():
            if one and (one.wanted is None or told.eid in one.wanted):
                _apply(page, told, one)


def _is_readable(page: AuditPage) -> bool:
    try:
        entries_of(page)
    except (zstandard.ZstdError, msgspec.DecodeError):
        return False
    return True


def _sampled(hub: Hub, bound: BoundFlow, sample: int | None) -> frozenset[int] | None:
    """Eids to be compared, drawn at random; None for all of them."""
    if sample is None:
        return None
    random, drawn, seen = hub.env.random(), list[int](), 0
    for page in hub.store.each_entity(bound.entity):
        for entity in page:
            seen += 1
            if len(drawn) < sample:
                drawn.append(entity.eid)
            elif (place := random.randrange(seen)) < sample:
                drawn[place] = entity.eid
    return frozenset(drawn)


def _apply(page: AuditPage, one: Entry, replay: Replay) -> None:
    width, told = replay.bound.width, replay.told
    if one.kind == EntryKind.ERASED:
        replay.erased.add(one.eid)
    elif one.kind == EntryKind.CREATED:
        row = one.row()
        told[one.eid] = (row + [UNSET] * (width - len(row)), [page.seq] * width)
    elif one.kind == EntryKind.CHANGED and one.eid in told:
        canon, gens = told[one.eid]
        for position, _before, _gen, after in changed_fields(one):
            canon[position], gens[position] = after, page.seq


def _compared(hub: Hub, replay: Replay) -> Iterator[tuple[int, str]]:
    """(eid, what differs) of each entity that is to be compared."""
    for page in hub.store.each_entity(replay.bound.entity):
        for entity in page:
            wanted = replay.wanted is None or entity.eid in replay.wanted
            if wanted and entity.state is not EntityState.MERGED and entity.eid not in replay.erased:
                yield entity.eid, _differing(replay, entity)


def _differing(replay: Replay, entity: Entity) -> str:
    if entity.eid not in replay.told:
        return "the log does not know it"
    bound = replay.bound
    canon, gens = replay.told[entity.eid]
    kept, kept_gens = canon_of(entity, bound.width), gens_of(entity, bound.width)
    facts = zip(bound.layout, canon, kept, gens, kept_gens, strict=True)
    return ", ".join(name for name, a, b, g, h in facts if a != b or (g != h and b is not UNSET))
