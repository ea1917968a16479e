"""Records that no link knows: new entities, links to entities found by the match stage, questions to a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Protocol

import msgspec

from syncline.engine.audit import Entry, EntryKind
from syncline.engine.codec import Pending, decode_pending
from syncline.engine.combine import creates_now
from syncline.engine.creating import admits
from syncline.engine.hub import TAGGED, BoundSide, Pass
from syncline.engine.identify import (
    NEW,
    OUR_CREATE,
    AskedRecord,
    How,
    Identity,
    Sighting,
    asks,
    identify,
    is_indexed,
    keys_of,
    may_lack,
    put_question,
    values_of,
)
from syncline.engine.kinds import former, tags
from syncline.engine.known import Known
from syncline.engine.step import Step
from syncline.model.flow import Direction
from syncline.model.ledger import ReadOutcome
from syncline.model.page import Op
from syncline.model.state import Entity, EntityState, Hint, Link, LinkState, Unsettled, UnsettledState
from syncline.model.values import UNSET, Value, encode_row, encode_rows

EIDS_AT_LEAST = 64  #: each process keeps a note of its own of what it reserved
EIDS_AT_ONCE = 10_000  #: at most, and at least what is needed


class FreshRow(Protocol):
    """A decoded record, as far as first sight is concerned."""

    key: str
    raw: bytes
    print: bytes
    version: str | None
    stamp: int
    eid: int
    carried: Sequence[Value]
    encoded: bytes
    by_position: dict[int, Value] | None
    stale: Set[int]

    @property
    def values(self) -> dict[int, Value]:
        """Position -> value."""
        ...


def adopt(
    at: Pass, rows: Sequence[FreshRow], owner_of: Mapping[str, int], step: Step, outcomes: Counter[ReadOutcome],
    *, exact: bool = False,
) -> list[Known]:  # fmt: skip
    """Create entities for the new ones; return those that were linked to an entity, to be merged into it."""
    identities = _identities(at, rows, owner_of, exact=exact)
    new = [row for row, identity in zip(rows, identities, strict=True) if identity is NEW]
    found = [] if len(new) == len(rows) else list(zip(rows, identities, strict=True))
    linked = [(row, identity) for row, identity in found if identity.how is How.LINK]
    asked = [(row, identity) for row, identity in found if identity.how is How.ASK]
    outcomes[ReadOutcome.FILTERED] += len(rows) - len(new) - len(linked) - len(asked)
    if at.side.side.direction is Direction.TO:
        outcomes[ReadOutcome.FILTERED] += len(new)
        new = []
    now = at.hub.now()
    step.hints += [
        Hint(stream=at.side.stream, key=row.key, reason="changed", due=identity.due, at=now)
        for row, identity in found
        if identity.due
    ]
    for row, identity in asked:
        put_question(at, row.key, _by_name(at, row), row.print, identity, step)
        outcomes[ReadOutcome.DEFERRED] += 1
    _forget_questions(at, [row.key for row in new] + [row.key for row, _ in linked], step)
    if new:
        _create(at, new, step)
        outcomes[ReadOutcome.CREATED] += len(new)
    return _linked(at, linked, step)


def _identities(at: Pass, rows: Sequence[FreshRow], owner_of: Mapping[str, int], *, exact: bool) -> list[Identity]:
    kind = asks(at.side)
    settled = at.hub.store.documents(kind, [row.key for row in rows]) if at.hub.may_have(kind) else {}
    decided: dict[str, Identity] = {
        key: Identity(how=How.LINK, eid=eid, reason=OUR_CREATE) for key, eid in owner_of.items()
    }
    for key, body in settled.items():
        question = msgspec.json.decode(body, type=AskedRecord)
        if question.settled == "new":
            decided[key] = NEW
        elif question.settled:
            decided[key] = Identity(how=How.LINK, eid=int(question.settled), reason="a person decided")
        else:  # an open question stays one, whatever has changed meanwhile: only a person closes it
            decided[key] = Identity(how=How.ASK, reason=question.reason, candidates=tuple(question.candidates))
    open_rows = [row for row in rows if row.key not in decided] if decided else rows
    marks: Sequence[str] = [""] * len(open_rows)
    if at.side.contract.marker and open_rows:
        marks = at.side.connector.markers(at.side.side.resource, [row.raw for row in open_rows])
    if not decided and not any(marks) and _nothing_to_find(at, rows):
        return [NEW] * len(rows)
    sightings = [
        Sighting(key=row.key, marker=mark, values=_by_name(at, row), stamp=row.stamp, exact=exact)
        for row, mark in zip(open_rows, marks, strict=True)
    ]
    given = [one.eid for one in decided.values() if one.how is How.LINK]
    found = iter(identify(at, sightings, given))
    return [decided[row.key] if row.key in decided else next(found) for row in rows]


def _nothing_to_find(at: Pass, rows: Sequence[FreshRow]) -> bool:
    """No tomb, no alias, no create in doubt, no entity without a record here: every row is new."""
    if at.bound.flow.match and may_lack(at.hub, at.side):
        return False
    store, stream, keys = at.hub.store, at.side.stream, [row.key for row in rows]
    if not at.side.contract.marker and store.unsettled(stream=stream, state=UnsettledState.DOUBT, limit=1):
        return False
    return not at.hub.may_have(former(stream)) or not (store.tombs(stream, keys) or store.aliases(stream, keys))


def _by_name(at: Pass, row: FreshRow) -> dict[str, Value]:
    return {at.bound.layout[p]: value for p, value in row.values.items() if value is not UNSET}


def _create(at: Pass, rows: Sequence[FreshRow], step: Step) -> None:
    hub, bound, stream = at.hub, at.bound, at.side.stream
    first = take_eids(at, len(rows))
    now, width, alive, linked = hub.now(), bound.width, EntityState.LIVE, LinkState.OK
    if at.side.positions == tuple(range(width)) and not any(row.by_position for row in rows):
        canons = [row.encoded or encode_row(row.carried) for row in rows]
    else:
        canons = encode_rows([[row.values.get(p, UNSET) for p in range(width)] for row in rows])
    numbered = list(zip(range(first, first + len(rows)), rows, canons, strict=True))
    created = int(EntryKind.CREATED)
    step.new_entities += [Entity(eid, alive, step.gen, canon) for eid, _, canon in numbered]
    step.entries += [Entry(created, eid, row.stamp, canon) for eid, row, canon in numbered]
    step.new_links.setdefault(stream, []).extend(
        [Link(eid, row.key, linked, row.print, row.version, None, now, row.stamp) for eid, row, _ in numbered]
    )
    for side in bound.sides.values():
        if side.system != at.side.system and creates_now(hub, side):
            step.work.setdefault((side.stream, Op.CREATE), []).extend(_admitted(side, rows, first, width))
    if bound.flow.match and is_indexed(hub, bound):
        for eid, row in enumerate(rows, first):
            step.matching += keys_of(bound, eid, values_of(bound, [row.values.get(p, UNSET) for p in range(width)]))


def _admitted(side: BoundSide, rows: Sequence[FreshRow], first: int, width: int) -> Sequence[int]:
    """The eids, from `first`, of those rows that are to get a record here."""
    if not side.conditions:
        return range(first, first + len(rows))
    canons = ([row.values.get(p, UNSET) for p in range(width)] for row in rows)
    return [eid for eid, canon in enumerate(canons, first) if admits(side, canon)]


def take_eids(at: Pass, count: int) -> int:
    """The first of `count` consecutive new eids. The store reserves ever more of them at once; gaps do no harm."""
    hub, entity = at.hub, at.bound.entity
    first, end, last = hub.eids.get(entity, (0, 0, 0))
    if first + count > end:
        last = max(count, EIDS_AT_LEAST, min(2 * last, EIDS_AT_ONCE))
        with hub.store.transaction() as tx:
            first = tx.new_eids(entity, last)
            end = first + last
            for start in (first, *range(-(-(first + 1) // TAGGED) * TAGGED, end, TAGGED)):
                if hub.tag_of(entity, start) != hub.tag:
                    tx.put_documents(tags(entity, start // TAGGED), {str(start): hub.tag.encode()})
                    del hub.index.tags[entity, start // TAGGED]
    hub.eids[entity] = (first + count, end, last)
    return first


def _linked(at: Pass, linked: Sequence[tuple[FreshRow, Identity]], step: Step) -> list[Known]:
    """First sights of records of existing entities. A create of ours that was in doubt is settled by that.

    Not so where what we create carries a marker, and the record has none: what we made may turn up beside it.
    """
    doubts = at.hub.store.unsettled_of(at.side.stream, [identity.eid for _, identity in linked]) if linked else {}
    known: list[Known] = []
    given = {identity.eid for _, identity in linked}
    for row, identity in linked:
        pending: Pending = {}
        eid = identity.eid
        strange = at.side.contract.marker and identity.reason != OUR_CREATE
        if eid in doubts and doubts[eid].op is Op.CREATE and not (strange and _is_open(doubts[eid])):
            if _is_open(doubts[eid]):  # else nothing was sent, or it did nothing
                pending = decode_pending(doubts[eid].pending)
            step.settled.setdefault(at.side.stream, []).append(eid)
            eid = _heir(at, eid, given)
            given.add(eid)
        known.append(
            Known(
                key=row.key, eid=eid, values=row.values, print=row.print, version=row.version,
                stamp=row.stamp, link=None, pending=pending, how=identity.reason, stale=row.stale,
            )
        )  # fmt: skip
    return known


def _is_open(row: Unsettled) -> bool:
    return row.state is UnsettledState.DOUBT


def _heir(at: Pass, eid: int, given: Set[int]) -> int:
    """Whose record it is that was created for `eid`: the entity's that absorbed it, unless that has one; then nobody's.

    It has one as well where the same page shows it. Of nobody's record, which stays with `eid`, `combine` makes an
    orphan.
    """
    survivor = at.hub.store.merged_into(at.bound.entity, eid)
    return eid if survivor in given or survivor in at.hub.store.links_of(at.side.stream, [survivor]) else survivor


def _forget_questions(at: Pass, keys: Sequence[str], step: Step) -> None:
    answered = list(at.hub.store.documents(asks(at.side), keys)) if keys and at.hub.may_have(asks(at.side)) else []
    if answered:
        step.dropped_documents.setdefault(asks(at.side), []).extend(answered)


def remember_lacking(at: Pass, step: Step) -> None:
    """New entities have no record in the other systems yet: first sight there must look for them."""
    if step.new_entities or step.dropped_links:
        for side in at.bound.sides.values():
            if side.system != at.side.system or side.stream in step.dropped_links:
                at.hub.index.lacking[side.stream] = True
