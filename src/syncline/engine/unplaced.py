"""Records that were seen but cannot be placed yet: what may be one of them is not created beside it.

Such a record waits for its parent, is parked, or was listed in two ways. What the match stage would find it by is
remembered; of a record that cannot be read at all that is nothing, and it holds nobody back. A rule that asks for
something that is not understood yet finds nothing: where that is a reference, either the other record's parent is known
here and is another one, or its create waits for that parent anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from syncline import matching
from syncline.engine.codec import canon_of
from syncline.engine.hub import BoundSide, Hub, Pass, Unplaced
from syncline.engine.identify import values_of
from syncline.engine.kinds import unplaced
from syncline.engine.step import Step
from syncline.matching import Outcome
from syncline.model.flow import MatchRule
from syncline.model.page import Op
from syncline.model.state import Entity, EntityState, UnsettledState
from syncline.model.values import UNSET, Row, Value, decode_row, encode_row, is_empty

Values = dict[str, Value]


def remember(at: Pass, step: Step, key: str, values: Mapping[int, Value], obscure: AbstractSet[int]) -> None:
    """Keep what an unknown record would be found by; `obscure` are positions that are not understood yet."""
    layout = at.bound.layout
    told = {name for rule in at.bound.flow.match for name in rule.fields}
    kept = {
        layout[p]: value
        for p, value in values.items()
        if layout[p] in told and p not in obscure and value is not UNSET and not is_empty(value)
    }
    if kept:
        flat: Row = [one for pair in kept.items() for one in pair]
        kind = unplaced(at.side.stream)
        step.put_document(kind, key, encode_row(flat))
        if key in (dropped := step.dropped_documents.get(kind, [])):
            dropped.remove(key)
    else:
        forget(at.hub, at.side, [key], step)


def forget(hub: Hub, side: BoundSide, keys: Sequence[str], step: Step) -> None:
    """These records have been placed, or are gone."""
    kind = unplaced(side.stream)
    placed = list(hub.store.documents(kind, keys)) if keys and hub.may_have(kind) else []
    if placed:
        step.dropped_documents.setdefault(kind, []).extend(placed)


def twins(at: Pass, eids: Iterable[int]) -> dict[int, str]:
    """Those of these entities that may be a record here which is not placed yet -> its key."""
    if not at.hub.may_have(unplaced(at.side.stream)):
        return {}
    waiting, bound = _waiting(at), at.bound
    if not waiting.values:
        return {}
    found: dict[int, str] = {}
    for eid, entity in at.hub.store.entities(bound.entity, sorted(eids)).items():
        values = values_of(bound, canon_of(entity, bound.width))
        alike = (
            key
            for rule, hashes in zip(bound.flow.match, waiting.hashes, strict=True)
            for code in _codes(rule, values)
            for key in hashes.get(code, ())
            if _alike(rule, waiting.values[key], values)
        )
        if key := next(alike, None):
            found[eid] = key
    return found


def orphans(at: Pass, eids: Iterable[int]) -> dict[int, int]:
    """Those of these entities that match a deleted one of which a create is in doubt here -> that one.

    What it has made may stand there still: it is found, and deleted, once the doubt is over.
    """
    doubts = at.hub.store.unsettled(stream=at.side.stream, state=UnsettledState.DOUBT)
    unsure = [row.eid for row in doubts if row.op is Op.CREATE]
    entities = at.hub.store.entities(at.bound.entity, unsure) if unsure else {}
    dead = {eid: _keys(at, one) for eid, one in entities.items() if one.state is EntityState.DEAD}
    if not dead:
        return {}
    alive = at.hub.store.entities(at.bound.entity, sorted(eids))
    return {eid: other for eid, one in alive.items() for other, keys in dead.items() if keys & _keys(at, one)}


def _keys(at: Pass, entity: Entity) -> set[tuple[int, int]]:
    """What the exact match rules find an entity by: (number of the rule, key)."""
    values = values_of(at.bound, canon_of(entity, at.bound.width))
    exact = [(number, rule) for number, rule in enumerate(at.bound.flow.match) if rule.at_least is None]
    found = [(number, matching.match_key(rule, values)) for number, rule in exact]
    return {(number, key) for number, key in found if key is not None}


def _waiting(at: Pass) -> Unplaced:
    """Looked up once, until one more comes or goes."""
    index, stream = at.hub.index.unplaced, at.side.stream
    if stream not in index:
        values = {key: _kept(body) for key, body in at.hub.store.documents(unplaced(stream)).items()}
        index[stream] = Unplaced(values, [_hashes(rule, values) for rule in at.bound.flow.match])
    return index[stream]


def _kept(body: bytes) -> Values:
    flat = decode_row(body)
    return dict(zip(map(str, flat[::2]), flat[1::2], strict=True))


def _hashes(rule: MatchRule, waiting: Mapping[str, Values]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, values in waiting.items():
        for code in _codes(rule, values):
            found.setdefault(code, []).append(key)
    return found


def _codes(rule: MatchRule, values: Values) -> Iterator[int]:
    if rule.at_least is not None:
        yield from matching.block_keys(rule, values)
    elif (code := matching.match_key(rule, values)) is not None:
        yield code


def _alike(rule: MatchRule, one: Values, other: Values) -> bool:
    """Would the match stage link the two, or ask?"""
    if rule.at_least is None:
        return True
    return matching.decide([(0, matching.score(rule, one, other))], rule).outcome is not Outcome.NEW


# --- parked ---------------------------------------------------------------------------------------------------------


class ParkedRead(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be understood, in the system's own words."""

    field: str
    reason: str
    since: int  #: [µs]
    fingerprint: bytes = b""
    cure: str = ""  #: what a person may do, where a rule of the flow refused the record
    value: str = ""  #: as it may be told, where a rule refused it


def parked_reads(side: BoundSide) -> str:
    """The kind of document that holds parked records of this stream."""
    return f"parked-read {side.system} {side.stream.entity}"


def park_read(hub: Hub, step: Step, side: BoundSide, key: str, held: ParkedRead) -> None:
    """Park a record; one that is parked already stays so since it was."""
    kind = parked_reads(side)
    before = hub.store.document(kind, key) if hub.may_have(kind) else None
    if before is not None:
        held = msgspec.structs.replace(held, since=msgspec.json.decode(before, type=ParkedRead).since)
    step.put_document(kind, key, msgspec.json.encode(held))


def release(hub: Hub, side: BoundSide, keys: Sequence[str], step: Step) -> None:
    """Records that can be read again, or are no longer there, are parked no more."""
    kind = parked_reads(side)
    forget(hub, side, keys, step)
    freed = list(hub.store.documents(kind, keys)) if keys and hub.may_have(kind) else []
    if freed:
        step.dropped_documents.setdefault(kind, []).extend(freed)
