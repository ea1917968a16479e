"""How late each record of a system is: the age of the oldest change that it should hold and does not."""

from __future__ import annotations

from collections.abc import Collection

from syncline.engine.changes import Origins
from syncline.engine.codec import canon_of, decode_delta, gens_of
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.engine.plan import wanted
from syncline.merging import Shadow
from syncline.model.state import Entity, EntityState, Link
from syncline.model.values import UNSET

_CHUNK = 500


def ages(hub: Hub, bound: BoundFlow, side: BoundSide, due: Collection[int]) -> list[int]:
    """Ages [µs] of the oldest unapplied change of each of these entities; what lacks none is left out."""
    origins, now = Origins(hub), hub.now()
    eids, found = sorted(due), list[int]()
    for start in range(0, len(eids), _CHUNK):
        chunk = eids[start : start + _CHUNK]
        links = hub.store.links_of(side.stream, chunk)
        for eid, entity in hub.store.entities(bound.entity, chunk).items():
            since = _since(bound, side, origins, entity, links.get(eid))
            if since:
                found.append(max(1, now - since))
    return found


def _since(bound: BoundFlow, side: BoundSide, origins: Origins, entity: Entity, link: Link | None) -> int:
    """When the oldest unapplied change was committed [µs]; 0 when none is, as where an edit is only put back."""
    gens = gens_of(entity, bound.width)
    if entity.state is not EntityState.LIVE:
        return _at(origins, entity.gen)
    if link is None:
        first = [_first_after(origins, entity.eid, p, gen, 0) for p, gen in enumerate(gens) if gen]
        return min((_at(origins, gen) for gen in first), default=0)
    canon, delta = canon_of(entity, bound.width), decode_delta(link.delta)
    change = wanted(bound.units, canon, delta, writable=side.writable)
    lacking = {p: _carried(delta[p]) for p in change if p in delta}
    first = [_first_after(origins, entity.eid, p, gens[p], gen) for p, gen in lacking.items() if gen < gens[p]]
    return min((_at(origins, gen) for gen in first), default=0)


def _carried(shadow: Shadow) -> int:
    return 0 if shadow.base is UNSET else shadow.gen


def _first_after(origins: Origins, eid: int, position: int, gen: int, carried: int) -> int:
    """The first generation of a field after the one that is carried."""
    while (change := origins.change(gen, eid, position)) is not None and change[2] > carried:
        gen = change[2]
    return gen


def _at(origins: Origins, gen: int) -> int:
    page = origins.page(gen)
    return page.at if page is not None else 0
