"""What each system owes, counted with every commit: captured, applied, rejected, and what is still open.

A stream owes a write of one entity while its shadow was meant to hold something else than canon, or while its record
is still to be made or deleted. Beginning and end of that are counted in the transaction that brings them about, so the
counters survive every crash; what is open is counted anew from the state whenever somebody asks, and the two must agree
to the last one: see `syncline.quality.exchange`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from syncline.engine.codec import bases_of, canon_of
from syncline.engine.creating import creates, creates_for
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.engine.plan import is_wanted
from syncline.model.flow import DeletePolicy, Direction
from syncline.model.state import Entity, EntityState, IntentState, Link, LinkState, Stream, UnsettledState
from syncline.ports.store import Transaction
from syncline.quality.exchange import KEPT, Exchange

KIND = "exchange"
_ENDS = (DeletePolicy.PROPAGATE, DeletePolicy.ARCHIVE)
_ALL = 2**31 - 1
_LOOKS = 20  #: how often counters are read that move meanwhile


class Touched(NamedTuple):
    """What one commit does to entities and links, as far as it is counted here."""

    settles: bool
    entity: str
    new: Mapping[int, Entity]
    entities: Mapping[int, Entity]
    links: Mapping[tuple[Stream, int], Link]
    new_links: Mapping[Stream, Sequence[Link]]
    dropped: Mapping[Stream, Sequence[int]]
    created: Mapping[Stream, int]  #: so many of the first new links are answers to creates of live entities


class Counted(NamedTuple):
    """New counters of one stream, and the hours that have ended since the last ones."""

    exchange: Exchange
    ended: Mapping[int, int]


def owed(bound: BoundFlow, side: BoundSide, entity: Entity | None, link: Link | None) -> bool:
    """Is a write of this entity to this system still due?"""
    if side.side.direction is Direction.FROM or entity is None:
        return False
    if entity.state is not EntityState.LIVE:
        linked = link is not None and link.state is LinkState.OK
        return linked and entity.state is EntityState.DEAD and side.side.deletes in _ENDS
    if link is None:
        return creates_for(bound, side, entity)
    if link.state is not LinkState.OK or link.delta is None:
        return False
    return is_wanted(canon_of(entity, bound.width), bases_of(link.delta), writable=side.writable)


def count(hub: Hub, touched: Touched) -> dict[Stream, Counted]:
    """The counters as they are once this commit has happened; of the streams that it moves."""
    if not (touched.new or touched.entities or touched.links or touched.new_links or touched.dropped):
        return {}
    bound = hub.of_entity(touched.entity)
    answered = {link.eid for stream, n in touched.created.items() for link in touched.new_links[stream][:n]}
    known = {eid for _, eid in touched.links} | touched.entities.keys()
    known |= {link.eid for links in touched.new_links.values() for link in links} - answered
    known |= {eid for eids in touched.dropped.values() for eid in eids}
    simple = touched.new.keys() - touched.entities.keys() - {eid for _, eid in touched.links}
    before = hub.store.entities(bound.entity, sorted(known - touched.new.keys())) if known - touched.new.keys() else {}
    counted: dict[Stream, Counted] = {}
    for side in bound.sides.values():
        if side.side.direction is Direction.FROM:
            continue  # it is owed nothing, ever
        plain = touched.created.get(side.stream, 0) * creates(side)
        other = _of_known(hub, (bound, side), touched, known - simple - answered, before)
        captured = _of_new(bound, side, touched, simple) + other[0]
        if captured or plain or any(other):
            now, ended = load(hub, bound, side).until(hub.now())
            moved = now.moved(captured=captured, applied=plain + other[1], rejected=other[2])
            counted[side.stream] = Counted(moved, ended)
    return counted


def _of_new(bound: BoundFlow, side: BoundSide, touched: Touched, simple: AbstractSet[int]) -> int:
    """What is captured by entities that were not there before."""
    if not simple:
        return 0
    links = [link for link in touched.new_links.get(side.stream, ()) if link.eid in simple]
    behind = sum(1 for link in links if link.delta is not None and owed(bound, side, touched.new[link.eid], link))
    lacking = len(simple) - len(links)
    if side.conditions:
        linked = {link.eid for link in links}
        lacking = sum(1 for eid in simple if eid not in linked and creates_for(bound, side, touched.new[eid]))
    return lacking * creates(side) + behind


def _of_known(
    hub: Hub,
    place: tuple[BoundFlow, BoundSide],
    touched: Touched,
    known: AbstractSet[int],
    before: Mapping[int, Entity],
) -> list[int]:  # fmt: skip
    """[captured, applied, rejected] by entities that were there before."""
    bound, side = place
    moves = [0, 0, 0]
    stream = side.stream
    fresh = {link.eid: link for link in touched.new_links.get(stream, ())}
    dropped = frozenset(touched.dropped.get(stream, ()))
    eids = [
        eid for eid in sorted(known)
        if eid in touched.entities or eid in fresh or eid in dropped or (stream, eid) in touched.links
    ]  # fmt: skip
    links = hub.store.links_of(stream, eids) if eids else {}
    for eid in eids:
        was = owed(bound, side, before.get(eid), links.get(eid))
        link = None if eid in dropped else links.get(eid)
        link = fresh.get(eid, link)
        link = touched.links.get((stream, eid), link) if link is not None else None
        entity = touched.entities.get(eid) or touched.new.get(eid) or before.get(eid)
        now = owed(bound, side, entity, link)
        if now and not was:
            moves[0] += 1
        elif was and not now:
            holds = link is not None and link.state is LinkState.OK and eid not in touched.entities
            moves[1 if touched.settles or holds else 2] += 1
    return moves


def keep(tx: Transaction, counted: Mapping[Stream, Counted]) -> None:
    """Write the counters down with what they count."""
    if counted:
        tx.put_documents(KIND, {_name(stream): msgspec.json.encode(one.exchange) for stream, one in counted.items()})
    for stream, one in counted.items():
        if not one.ended:
            continue
        tx.put_documents(hours_of(stream), {_hour(hour): str(area).encode() for hour, area in one.ended.items()})
        old = one.exchange.hour - KEPT
        tx.drop_documents(hours_of(stream), [_hour(hour) for hour in range(old - len(one.ended), old)])


def remember(hub: Hub, counted: Mapping[Stream, Counted]) -> None:
    """The transaction is done: the counters are those now."""
    hub.index.exchange.update({stream: one.exchange for stream, one in counted.items()})


def forget(tx: Transaction, stream: Stream) -> None:
    """What is owed changes without a commit of the engine: the counters are balanced anew when next asked for."""
    body = tx.document(KIND, _name(stream))
    if body is not None:
        known = msgspec.json.decode(body, type=Exchange)
        tx.put_documents(KIND, {_name(stream): msgspec.json.encode(msgspec.structs.replace(known, terms=""))})


def load(hub: Hub, bound: BoundFlow, side: BoundSide) -> Exchange:
    """The counters of one stream. Where the flow's terms have changed, what is owed under the new ones is counted."""
    known = hub.index.exchange.get(side.stream)
    if known is None:
        body = hub.store.document(KIND, _name(side.stream))
        known = msgspec.json.decode(body, type=Exchange) if body is not None else None
        known = known if known is not None and known.terms == _terms(side) else _balanced(hub, bound, side, known)
        hub.index.exchange[side.stream] = known
    return known


def hours(hub: Hub, stream: Stream) -> dict[int, int]:
    """The integral of every kept hour that has ended [hour -> records x µs]."""
    return {int(name): int(body) for name, body in hub.store.documents(hours_of(stream)).items()}


def hours_of(stream: Stream) -> str:
    """The kind of document that holds the integrals of a stream, by hour."""
    return f"exchange-hours {stream.system} {stream.entity}"


def _balanced(hub: Hub, bound: BoundFlow, side: BoundSide, known: Exchange | None) -> Exchange:
    now = hub.now()
    due = _due_by_walking(hub, bound, side)
    exchange = known or Exchange(began=now, at=now)
    more = due - exchange.open
    moved = exchange.moved(captured=max(0, more), rejected=max(0, -more))
    return msgspec.structs.replace(moved, terms=_terms(side))


def _due_by_walking(hub: Hub, bound: BoundFlow, side: BoundSide) -> int:
    found = 0
    for page in hub.store.each_entity(bound.entity):
        links = hub.store.links_of(side.stream, [entity.eid for entity in page])
        found += sum(1 for entity in page if owed(bound, side, entity, links.get(entity.eid)))
    return found


def _terms(side: BoundSide) -> str:
    part = side.side
    when = "".join(f" {one.field} {one.values!r}" for one in part.creates_when)
    return f"{part.direction} {creates(side)}{when} {part.deletes in _ENDS} {' '.join(sorted(part.writable))}"


def _name(stream: Stream) -> str:
    return "/".join(stream)


def _hour(hour: int) -> str:
    return f"{hour:012d}"


# --- what is open, counted from the state ---------------------------------------------------------------------------


def due(hub: Hub, bound: BoundFlow, side: BoundSide) -> tuple[set[int], set[int]]:
    """(backlog, parked): the entities of which a write to this system is due, by what the state says.

    Looked for where a difference is kept, where a record is lacking, and in the work that is written down.
    """
    rows = hub.store.unsettled(stream=side.stream, limit=_ALL)
    states = (IntentState.PLANNED, IntentState.SENT)
    asked = {eid for state in states for intent in hub.store.intents(state, side.stream) for eid in intent.eids}
    asked |= {row.eid for row in rows}
    asked |= {link.eid for page in hub.store.links_with_delta(side.stream) for link in page}
    if creates(side):
        asked |= {eid for page in hub.store.unlinked(side.stream) for eid in page}
    found: set[int] = set()
    eids = sorted(asked)
    for start in range(0, len(eids), 500):
        chunk = eids[start : start + 500]
        entities, links = hub.store.entities(bound.entity, chunk), hub.store.links_of(side.stream, chunk)
        found |= {eid for eid in chunk if owed(bound, side, entities.get(eid), links.get(eid))}
    parked = {row.eid for row in rows if row.state is UnsettledState.PARKED} & found
    return found - parked, parked


def balance(hub: Hub, bound: BoundFlow, side: BoundSide) -> tuple[Exchange, set[int], set[int]]:
    """(counters, backlog, parked) of one instant, also while another process writes."""
    for _ in range(_LOOKS):
        hub.index.exchange.pop(side.stream, None)
        before = hub.store.document(KIND, _name(side.stream))
        known = load(hub, bound, side)
        backlog, parked = due(hub, bound, side)
        if before == hub.store.document(KIND, _name(side.stream)):
            break
    return known, backlog, parked
