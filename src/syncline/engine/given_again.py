"""Keys that a system gives again: whoever had one of them before has no record there any more.

What the hub has made itself is another record beyond doubt. The former one went unseen, and its entity dies by policy
as with any delete. But nothing is kept by its key, which lives on: no link, no tomb, no alias.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from syncline.engine.codec import canon_of
from syncline.engine.deletes import record_deleted
from syncline.engine.hub import Pass
from syncline.engine.identify import Sighting, is_what_was_sent, natural_fields, unlike
from syncline.engine.kinds import former
from syncline.engine.reading import Row
from syncline.engine.step import Step, ask_children
from syncline.engine.unplaced import release
from syncline.model.page import Op, Record
from syncline.model.state import Hint, Link, LinkState, Unsettled, UnsettledState
from syncline.model.values import UNSET, Value

WHY = "its key is another record's"


def make_room(at: Pass, made: Mapping[str, int], step: Step) -> None:
    """Records with these keys (key -> eid) are what the hub has made: let go of what links and tombs know by them."""
    if not made:
        return
    store, stream, keys = at.hub.store, at.side.stream, list(made)
    if at.hub.may_have(former(stream)):
        step.raised.setdefault(stream, []).extend(store.tombs(stream, keys))
    held = [link for link in store.links(stream, keys).values() if link.eid != made[link.key]]
    now, settle = at.hub.now(), int(at.side.contract.settle * 1e6)
    dead = store.entities(stream.entity, [link.eid for link in held if link.state is LinkState.GONE])
    for one in dead.values():
        ask_children(at.hub, step, stream, one)
    for link in held:
        record_deleted(at, step, link.key, WHY)
        step.links.pop((stream, link.eid), None)
        step.dropped_links.setdefault(stream, []).append(link.eid)
        step.aliases[stream] = [pair for pair in step.aliases.get(stream, ()) if pair[0] != link.key]
        step.tombs = [tomb for tomb in step.tombs if (tomb.stream, tomb.key) != (stream, link.key)]
        # What was asked about the key was about the former record.
        step.moved_hints.append(Hint(stream=stream, key=link.key, reason="changed", due=now + settle, at=now))
    release(at.hub, at.side, [link.key for link in held], step)


def made_by_us(at: Pass, rows: Sequence[Row], links: Mapping[int, Link], step: Step) -> dict[str, int]:
    """Rows under a key that something else is known by here, and that a create in doubt has made: key -> its eid.

    The marker says so; without one, all that was sent, where the former record was called otherwise.
    """
    stream = at.side.stream
    buried = at.hub.store.tombs(stream, [row.key for row in rows]) if at.hub.may_have(former(stream)) else {}
    known = [row for row in rows if row.eid in links or (not row.eid and row.key in buried)]
    doubts = _creates_in_doubt(at) if known else {}
    if not doubts:
        return {}
    before = [row.eid or buried[row.key].eid for row in known]
    if at.side.contract.marker:
        marks = at.side.connector.markers(at.side.side.resource, [row.raw for row in known])
        ours = {at.hub.marker(stream, eid): eid for eid in doubts}
        pairs = [(row, [doubts[ours[mark]]]) for row, mark in zip(known, marks, strict=True) if mark in ours]
    else:
        pairs = [(row, list(doubts.values())) for row in _renamed(at, known, before)]
    found: dict[str, int] = {}
    for row, mine in pairs:
        for one in mine:
            given = not row.eid or maybe_given(at, one, links[row.eid])
            if given and one.eid not in found.values() and (at.side.contract.marker or _is_sent(at, one, row)):
                found[row.key] = one.eid
                break
    make_room(at, found, step)
    return found


def _creates_in_doubt(at: Pass) -> dict[int, Unsettled]:
    doubts = at.hub.store.unsettled(stream=at.side.stream, state=UnsettledState.DOUBT)
    return {row.eid: row for row in doubts if row.op is Op.CREATE}


def maybe_given(at: Pass, doubt: Unsettled, link: Link) -> bool:
    """May what a create in doubt has made have got the key of this link, which was there before it?"""
    survivor = at.hub.store.merged_into(at.bound.entity, doubt.eid)
    return link.eid not in (doubt.eid, survivor) and link.born < doubt.since


def may_be_ours(at: Pass, doubt: Unsettled, found: Sequence[Record]) -> list[Record]:
    """Records that a search for a create in doubt has found under keys that something else is known by."""
    links = at.hub.store.links(at.side.stream, [one.key for one in found])
    return [one for one in found if one.key not in links or maybe_given(at, doubt, links[one.key])]


def _renamed(at: Pass, rows: Sequence[Row], before: Sequence[int]) -> Iterator[Row]:
    """The rows that are called otherwise than what had their keys before, where anything is called by a name."""
    names = natural_fields(at.bound.flow)
    entities = at.hub.store.entities(at.bound.entity, before)
    for row, eid in zip(rows, before, strict=True):
        canon = canon_of(entities[eid], at.bound.width) if eid in entities else [UNSET] * at.bound.width
        told = [
            (row.values[p], canon[p], p) for p, name in enumerate(at.bound.layout) if name in names and p in row.values
        ]
        if not names or any(shown not in (was, at.side.shows(p, was)) for shown, was, p in told):
            yield row


def _is_sent(at: Pass, doubt: Unsettled, row: Row) -> bool:
    """Does it show all that the create has sent?"""
    shows: dict[str, Value] = {at.bound.layout[p]: value for p, value in row.values.items() if value is not UNSET}
    return is_what_was_sent(at, doubt, Sighting(key=row.key, marker="", values=shows)) and not unlike(at, doubt, shows)
