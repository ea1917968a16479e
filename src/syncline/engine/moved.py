"""Parents whose key is another now, made anew or merged: what refers to them in that system is translated once more.

What was refused under the former key is tried again, too. And what has referred to a key that another record has by
now, whose former one is deleted, is read anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from syncline.engine.codec import canon_of, decode_delta, encode_delta, gens_of
from syncline.engine.hub import BoundFlow, Pass
from syncline.engine.kinds import mistaken, moved
from syncline.engine.step import Step, begin, commit
from syncline.merging import Shadow
from syncline.model.flow import Direction
from syncline.model.page import Op
from syncline.model.state import Entity, EntityState, Hint, Link, LinkState, UnsettledState
from syncline.model.values import UNSET, Row

Parents = Mapping[str, AbstractSet[int]]  #: entity type -> eids


def tell_of_moved(at: Pass) -> bool:
    """Plan the write of every reference to a parent that has a new key in this system; True when there was any.

    The system still shows the former key, which stands for the same parent; so nothing is news but what is meant.
    One look at every entity of the flow, however many parents have moved.
    """
    kind = moved(at.side.stream)
    names = list(at.hub.store.documents(kind)) if at.hub.may_have(kind) else []
    if not names:
        return False
    parents = _parents(at, names)
    told = False
    for page in at.hub.store.each_entity(at.bound.entity) if at.side.side.direction is not Direction.FROM else ():
        step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
        _tell(at, [one for one in page if one.state is EntityState.LIVE], parents, step)
        told = told or not step.empty
        commit(at.hub, at.run, step)
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.dropped_documents[kind] = names
    commit(at.hub, at.run, step)
    return told


def ask_again(at: Pass) -> bool:
    """Have every record read anew that took a key for a deleted parent's after that had died; True when there was any.

    The key is another record's by now, which the system had shown later than what refers to it.
    """
    kind = mistaken(at.side.stream)
    died = at.hub.store.documents(kind) if at.hub.may_have(kind) else {}
    if not died:
        return False
    for page in at.hub.store.each_entity(at.bound.entity):
        step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
        _read_anew(at, [one for one in page if one.state is EntityState.LIVE], died, step)
        commit(at.hub, at.run, step)
    step = begin(at.hub, "settle", system=at.side.system, entity=at.bound.entity)
    step.dropped_documents[kind] = list(died)
    commit(at.hub, at.run, step)
    return True


def _read_anew(at: Pass, entities: list[Entity], died: Mapping[str, bytes], step: Step) -> None:
    now, found = at.hub.now(), set[int]()
    for name, gen in died.items():
        parent, _, number = name.rpartition(" ")
        for one in entities:
            canon, gens = canon_of(one, at.bound.width), gens_of(one, at.bound.width)
            if any(gens[p] > int(gen) for p in _pointing(at.bound, canon, {parent: {int(number)}})):
                found.add(one.eid)
    for eid, link in at.hub.store.links_of(at.side.stream, sorted(found)).items():
        if link.state is LinkState.OK:
            step.links[at.side.stream, eid] = msgspec.structs.replace(link, fingerprint=None)
            step.hints.append(Hint(stream=at.side.stream, key=link.key, reason="changed", due=now, at=now))


def _parents(at: Pass, names: list[str]) -> Parents:
    """The parents that have moved, with those that were merged into them: they are referred to by either eid."""
    found: dict[str, set[int]] = {}
    for name in names:
        entity, _, eid = name.rpartition(" ")
        found.setdefault(entity, set()).add(int(eid))
    for entity, eids in found.items():
        for page in at.hub.store.each_entity(entity):
            merged = [one.eid for one in page if one.state is EntityState.MERGED]
            eids |= {eid for eid in merged if at.hub.store.merged_into(entity, eid) in eids}
    return found


def _tell(at: Pass, entities: list[Entity], parents: Parents, step: Step) -> None:
    width = at.bound.width
    pointing = {one.eid: (one, _pointing(at.bound, canon_of(one, width), parents)) for one in entities}
    eids = [eid for eid, (_, positions) in pointing.items() if positions & at.side.writable]
    _try_again(at, eids, step)
    for eid, link in at.hub.store.links_of(at.side.stream, eids).items():
        if link.state is not LinkState.OK:
            continue
        entity, positions = pointing[eid]
        canon, gens, delta = canon_of(entity, width), gens_of(entity, width), decode_delta(link.delta)
        for p in positions & at.side.writable:
            was = delta.get(p, Shadow(canon[p], canon[p], gens[p]))
            delta[p] = was._replace(base=UNSET)
        step.links[at.side.stream, eid] = Link(
            eid, link.key, link.state, link.fingerprint, link.version, encode_delta(delta), link.born, link.stamp
        )
        step.plan_work(at.side.stream, Op.UPDATE, eid)


def _try_again(at: Pass, eids: Sequence[int], step: Step) -> None:
    """What was refused may have been refused for the key that its parent had then."""
    now = at.hub.now()
    refused = [
        row for row in at.hub.store.unsettled_of(at.side.stream, eids).values() if row.state is UnsettledState.PARKED
    ]
    step.unsettled += [msgspec.structs.replace(row, state=UnsettledState.RETRY, due=now) for row in refused]


def _pointing(bound: BoundFlow, canon: Row, parents: Parents) -> set[int]:
    """The positions at which a canon refers to one of `parents`."""
    found = {p for p, entity in bound.references.items() if canon[p] in parents.get(entity, ())}
    for p, fields in bound.line_references.items():
        lines = canon[p]
        if isinstance(lines, Mapping) and any(
            line.get(name) in parents.get(entity, ()) for line in lines.values() for name, entity in fields.items()
        ):
            found.add(p)
    return found
