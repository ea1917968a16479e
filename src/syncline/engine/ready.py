"""What each entity of a planned intent needs now: nothing, a write, or to wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from syncline.engine.codec import Pending, canon_of, canons_of, decode_delta, encode_pending, gens_of
from syncline.engine.creating import admits, creates
from syncline.engine.hub import BoundSide, Pass
from syncline.engine.identify import asked_about
from syncline.engine.plan import wanted
from syncline.engine.step import Step
from syncline.engine.unplaced import orphans, twins
from syncline.model.flow import DeletePolicy
from syncline.model.ledger import SentOutcome
from syncline.model.page import Op, Record
from syncline.model.state import Entity, EntityState, Intent, Link, LinkState, Unsettled, UnsettledState
from syncline.model.values import UNSET, Row, Value, may_hold_unset


class Ready(msgspec.Struct, kw_only=True):
    """One entity's write, ready but for the system's own words."""

    op: Op
    entity: Entity
    canon: Row
    change: Mapping[int, Value] | None = None  #: None: the whole canon, as a create sends it
    link: Link | None = None
    before: Record | None = None  #: the record as just read, where it was
    tries: int = 0
    waited: bool = False  #: an unsettled row tells of an earlier try
    whole: bool = False  #: no position of the canon is absent, of a create
    frozen: frozenset[int] = frozenset()  #: positions that wait for a person
    without: frozenset[int] = frozenset()  #: references left out: their parent has no record there yet

    @property
    def eid(self) -> int:
        """The entity."""
        return self.entity.eid


def pending_of(at: Pass, one: Ready) -> Pending:
    """What is sent: position -> (value, generation). Only doubts, refusals and read-backs need it."""
    gens, without = gens_of(one.entity, at.bound.width), one.without
    if one.change is not None:
        return {p: (value, gens[p]) for p, value in one.change.items() if p not in without}
    return {
        p: (value, gens[p])
        for p, value in enumerate(one.canon)
        if value is not UNSET and p in at.side.writable and p not in without
    }


def asked_there(at: Pass) -> Mapping[int, str]:
    """What `asked_about` says, looked up once until a question of this stream comes, goes or is answered."""
    known = at.hub.index.asked
    if at.side.stream not in known:
        known[at.side.stream] = asked_about(at)
    return known[at.side.stream]


def maybe_there(at: Pass, op: Op, eids: Iterable[int]) -> dict[int, str]:
    """For a create, the entities that may have a record here already, and what that waits for."""
    if op is not Op.CREATE:
        return {}
    asked, system = asked_there(at), at.side.system
    found = {eid: f"record {key} of {system}, which cannot be told yet" for eid, key in twins(at, eids).items()}
    questions = {
        eid: f"record {asked[eid]} of {system}: a person decides (syncline match)" for eid in eids if eid in asked
    }
    late = {eid: f"what a lost answer hides of {at.bound.entity} #{dead}" for eid, dead in orphans(at, eids).items()}
    return late | found | questions


def ready(at: Pass, intent: Intent, before: Mapping[int, Record], step: Step) -> list[Ready]:
    """The writes of an intent that can go now. What must wait is written down in `step`, what is done is left out."""
    store, stream = at.hub.store, at.side.stream
    entities = store.entities(at.bound.entity, intent.eids)
    links = store.links_of(stream, intent.eids)
    frozen = store.frozen(at.bound.entity, intent.eids)
    unsettled = store.unsettled_of(stream, intent.eids)
    there = maybe_there(at, intent.op, intent.eids)
    if not (links or unsettled or there) and intent.op is Op.CREATE:
        return _first_creates(at, intent, entities)
    now, width, found = at.hub.now(), at.bound.width, []
    for eid in intent.eids:
        entity, waiting = entities.get(eid), unsettled.get(eid)
        absorbed = entity is not None and entity.state is EntityState.MERGED and intent.op is not Op.DELETE
        if entity is None or absorbed or (waiting and must_wait(waiting, now)):
            continue
        op, one = needed(at, intent.op, entity, links.get(eid)), None
        if op is intent.op:
            one = _one(at, op, entity, links.get(eid), canon_of(entity, width), frozen.get(eid, frozenset()))
        else:
            step.plan_work(stream, op, eid)
        if one is None:
            if waiting and waiting.state is not UnsettledState.PARKED:
                step.settled.setdefault(stream, []).append(eid)
        elif _may_go(at, one, waiting, there, step):
            one.before, one.tries, one.waited = before.get(eid), waiting.tries if waiting else 0, waiting is not None
            found.append(one)
    return found


def _first_creates(at: Pass, intent: Intent, entities: Mapping[int, Entity]) -> list[Ready]:
    """The same for creates of which nothing was tried yet, as nearly all of a first load are."""
    alive = EntityState.LIVE  # looking it up in its class takes longer than the test
    found = [entities[eid] for eid in intent.eids if eid in entities]
    found = [entity for entity in found if entity.state is alive]
    if at.side.conditions:
        found = [entity for entity in found if admits(at.side, canon_of(entity, at.bound.width))]
    return creates_of(found, at.bound.width)


def creates_of(entities: Sequence[Entity], width: int) -> list[Ready]:
    """What `create_of` makes of each."""
    create, canons = Op.CREATE, canons_of(entities, width)
    if may_hold_unset(b"".join([entity.canon for entity in entities])) or any(canon[-1] is UNSET for canon in canons):
        return [create_of(entity, canon) for entity, canon in zip(entities, canons, strict=True)]
    return [
        Ready(op=create, entity=entity, canon=canon, whole=True) for entity, canon in zip(entities, canons, strict=True)
    ]


def create_of(entity: Entity, canon: Row) -> Ready:
    """The create of an entity in a system of which it has no record."""
    whole = canon[-1] is not UNSET and not may_hold_unset(entity.canon)
    return Ready(op=Op.CREATE, entity=entity, canon=canon, whole=whole)


def ending(side: BoundSide) -> Op:
    """What a delete elsewhere asks of this system."""
    if side.side.deletes is DeletePolicy.ARCHIVE and (side.contract.archivable or not side.contract.deletable):
        return Op.ARCHIVE
    return Op.DELETE


def needed(at: Pass, planned: Op, entity: Entity, link: Link | None) -> Op:
    """What kind of write an entity asks for now; it may have died, come back or lost its record since `planned`."""
    linked = link is not None and link.state is LinkState.OK
    if entity.state is not EntityState.LIVE:
        return planned if not linked or planned in (Op.DELETE, Op.ARCHIVE) else ending(at.side)
    return Op.UPDATE if link is not None else Op.CREATE if at.side.side.creates else planned


def must_wait(waiting: Unsettled, now: int) -> bool:
    """Is this write in doubt, or its next try not due yet?"""
    if waiting.state is UnsettledState.DOUBT:
        return True
    return waiting.state is UnsettledState.RETRY and waiting.due > now


def _may_go(at: Pass, one: Ready, waiting: Unsettled | None, there: Mapping[int, str], step: Step) -> bool:
    """Neither refused before nor, for a create, what may be there already."""
    if one.op is Op.CREATE and one.eid in there:
        _wait_for_answer(at, one.eid, there[one.eid], step)
        return False
    return waiting is None or not _still_refused(at, one, waiting)


def _still_refused(at: Pass, one: Ready, waiting: Unsettled) -> bool:
    """A parked write is not tried again before what it says has changed."""
    return waiting.state is UnsettledState.PARKED and waiting.pending == encode_pending(pending_of(at, one))


def _one(at: Pass, op: Op, entity: Entity, link: Link | None, canon: Row, frozen: frozenset[str]) -> Ready | None:
    linked = link is not None and link.state is LinkState.OK
    ending = op in (Op.DELETE, Op.ARCHIVE)
    if entity.state is not EntityState.LIVE:
        return Ready(op=op, entity=entity, canon=canon, change={}, link=link) if linked and ending else None
    if ending:
        return None  # the entity lives again
    if link is None:
        return create_of(entity, canon) if creates(at.side) and admits(at.side, canon) else None
    if not linked:
        return None
    change = wanted(at.bound.units, canon, decode_delta(link.delta), writable=at.side.writable, frozen=frozen)
    waiting = frozenset(p for unit in at.bound.units if unit.name in frozen for p in unit.positions)
    return Ready(op=Op.UPDATE, entity=entity, canon=canon, change=change, link=link, frozen=waiting) if change else None


def _wait_for_answer(at: Pass, eid: int, record: str, step: Step) -> None:
    """A record there may be this entity already: nothing is created before that is known, or a person has said."""
    at.account.intended += 1
    at.account.sent[SentOutcome.PENDING] += 1
    now = at.hub.now()
    step.unsettled.append(
        Unsettled(
            stream=at.side.stream, eid=eid, state=UnsettledState.BLOCKED, op=Op.CREATE, due=now, since=now,
            run=at.run.number, message=f"may be {record}",
        )
    )  # fmt: skip
