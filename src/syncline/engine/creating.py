"""May the hub create records in a system: ever, and of this entity as it stands now?"""

from __future__ import annotations

from collections.abc import Sequence

from syncline.engine.codec import canon_of
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.model.flow import Direction
from syncline.model.state import Entity, EntityState
from syncline.model.values import Row


def creates(side: BoundSide) -> bool:
    """Do flow and contract let the hub create records in this system?"""
    return side.side.creates and side.side.direction is not Direction.FROM and side.contract.creatable


def admits(side: BoundSide, canon: Row) -> bool:
    """Does what an entity is now meet the condition under which it gets a record here?"""
    return all(canon[position] in values for position, values in side.conditions)


def creates_for(bound: BoundFlow, side: BoundSide, entity: Entity) -> bool:
    """May the hub create a record of this entity in this system, as it stands now?"""
    return creates(side) and (not side.conditions or admits(side, canon_of(entity, bound.width)))


def lacking(hub: Hub, bound: BoundFlow, side: BoundSide, eids: Sequence[int]) -> Sequence[int]:
    """Those of these entities, all without a record here, that are to get one."""
    if not creates(side):
        return ()
    if not side.conditions:
        return eids
    found = hub.store.entities(bound.entity, eids)
    alive = [found[eid] for eid in eids if eid in found and found[eid].state is EntityState.LIVE]
    return [entity.eid for entity in alive if admits(side, canon_of(entity, bound.width))]
