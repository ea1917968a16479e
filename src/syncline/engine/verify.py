"""Does the audit log tell the truth? The chain is checked page by page, and canon is told anew from the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncline.engine.audit import Entry, EntryKind, broken_links, entries_of
from syncline.engine.changes import changed_fields
from syncline.engine.codec import canon_of, gens_of
from syncline.engine.history import entity_of_page
from syncline.engine.hub import BoundFlow, Hub
from syncline.model.report import VerifyReport
from syncline.model.state import AuditPage, EntityState
from syncline.model.values import UNSET, Row

NAMED = 20  #: differing entities that are named

Told = dict[int, tuple[Row, list[int]]]  #: eid -> (canon, generations), as the log tells them


def verify(hub: Hub, sample: int | None = None) -> VerifyReport:
    """Check the chain, and the canon of `sample` entities per type, or of all of them."""
    wanted = {bound.entity: _sampled(hub, bound, sample) for bound in hub.flows.values()}
    widths = {bound.entity: bound.width for bound in hub.flows.values()}
    told: dict[str, Told] = {entity: {} for entity in widths}
    erased: set[tuple[str, int]] = set()
    pages = 0

    def read() -> Iterator[AuditPage]:
        nonlocal pages
        for page in hub.store.audit_log():
            pages += 1
            yield page
            entity = entity_of_page(page)
            if entity in told:
                _replay(page, told[entity], wanted[entity], widths[entity])
                erased.update((entity, one.eid) for one in entries_of(page) if one.kind == EntryKind.ERASED)

    broken = tuple(broken_links(read()))
    differing: list[str] = []
    compared = 0
    for bound in hub.flows.values():
        for eid, problem in _compared(hub, bound, told[bound.entity], wanted[bound.entity]):
            if (bound.entity, eid) in erased:
                continue
            compared += 1
            if problem:
                differing.append(f"{bound.entity} #{eid}: {problem}")
    return VerifyReport(
        pages=pages, broken=broken, entities=compared, erased=len(erased), differing=tuple(differing[:NAMED])
    )


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


def _replay(page: AuditPage, told: Told, wanted: frozenset[int] | None, width: int) -> None:
    for one in entries_of(page):
        if wanted is None or one.eid in wanted:
            _apply(page, one, told, width)


def _apply(page: AuditPage, one: Entry, told: Told, width: int) -> None:
    if one.kind == EntryKind.CREATED:
        row = one.row()
        told[one.eid] = (row + [UNSET] * (width - len(row)), [page.seq] * width)
    elif one.kind == EntryKind.CHANGED and one.eid in told:
        canon, gens = told[one.eid]
        for position, _before, _gen, after in changed_fields(one):
            canon[position], gens[position] = after, page.seq


def _compared(hub: Hub, bound: BoundFlow, told: Told, wanted: frozenset[int] | None) -> Iterable[tuple[int, str]]:
    """(eid, what differs) of each entity that is to be compared."""
    for page in hub.store.each_entity(bound.entity):
        for entity in page:
            if (wanted is not None and entity.eid not in wanted) or entity.state is EntityState.MERGED:
                continue
            if entity.eid not in told:
                yield entity.eid, "the log does not know it"
                continue
            canon, gens = told[entity.eid]
            kept, kept_gens = canon_of(entity, bound.width), gens_of(entity, bound.width)
            names = [
                name
                for name, a, b, g, h in zip(bound.layout, canon, kept, gens, kept_gens, strict=False)
                if a != b or (g != h and b is not UNSET)
            ]
            yield entity.eid, ", ".join(names)
