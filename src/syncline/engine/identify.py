"""First sight: which entity is a record that no link knows? The match stage, record by record or for all of them.

Tried in this order: an alias (the record was re-keyed or merged), a tomb (it was deleted: it stays dead), our own
marker or what a create in doubt has sent, exact match keys, scored candidates. A record that is left over is new.
Links are sticky: what was once linked is never asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from syncline import matching
from syncline.engine.codec import canon_of, decode_pending
from syncline.engine.hub import BoundFlow, BoundSide, Hub, Pass
from syncline.engine.step import Step
from syncline.merging import explain
from syncline.model.flow import Flow, MatchRule
from syncline.model.page import Op
from syncline.model.state import EntityState, Tomb, Unsettled, UnsettledState
from syncline.model.values import UNSET, Value, is_empty


class How(StrEnum):
    """What first sight found."""

    NEW = "new"
    LINK = "link"
    ASK = "ask"
    DEAD = "dead"
    KNOWN = "known"  #: linked already under another key


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one record."""

    how: How
    eid: int = 0
    reason: str = ""
    candidates: tuple[int, ...] = ()
    due: int = 0  #: a read by key, not before this [µs], says more; 0: there is nothing more to know


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One unknown record: its key, its marker, its values by field name."""

    key: str
    marker: str
    values: dict[str, Value]
    stamp: int = 0
    exact: bool = False  #: read by key


NEW = Identity(how=How.NEW)
OUR_CREATE = "our own create"  #: why a record is linked that a create in doubt has made


class AskedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record that waits for a person: which entities it may be, and why."""

    candidates: list[int]
    reason: str
    label: str
    fingerprint: bytes
    settled: str = ""  #: "new" or an eid as text, once a person has decided


def asks(side: BoundSide) -> str:
    """The kind of document that holds the records of this stream that wait for a person."""
    return f"ask {side.system} {side.stream.entity}"


def put_question(at: Pass, key: str, values: Mapping[str, Value], print_: bytes, found: Identity, step: Step) -> None:
    """Ask a person which entity this record is."""
    label = next((str(values[name]) for name in ("name", "number", "sku", "code") if values.get(name)), key)
    question = AskedRecord(candidates=list(found.candidates), reason=found.reason, label=label, fingerprint=print_)
    step.put_document(asks(at.side), key, msgspec.json.encode(question))


def asked_about(at: Pass) -> dict[int, str]:
    """Entities that an open question of this stream is about -> the record's key: nothing is created for them there."""
    found: dict[int, str] = {}
    for key, body in at.hub.store.documents(asks(at.side)).items():
        question = msgspec.json.decode(body, type=AskedRecord)
        if not question.settled:
            found.update(dict.fromkeys(question.candidates, key))
    return found


def identify(at: Pass, unknown: Sequence[Sighting], given: Iterable[int] = ()) -> list[Identity]:
    """One identity per sighting. No two sightings get the same entity, nor one of those that are `given` already."""
    hub, side = at.hub, at.side
    answers: list[Identity | None] = [None] * len(unknown)
    keys = [one.key for one in unknown]
    tombs = hub.store.tombs(side.stream, keys)
    aliases = hub.store.aliases(side.stream, keys)
    links = hub.store.links(side.stream, list(aliases.values())) if aliases else {}
    taken = set(given)
    for number, one in enumerate(unknown):
        if one.key in aliases and aliases[one.key] in links:
            answers[number] = Identity(how=How.KNOWN, eid=links[aliases[one.key]].eid, reason="re-keyed or merged")
        elif one.key in tombs and (dead := _still_dead(at, one, tombs[one.key])):
            answers[number] = dead
        elif one.marker and (eid := hub.marked_eid(side.stream, one.marker)):
            answers[number] = _by_marker(at, one, eid, taken)
    rest = [(number, unknown[number]) for number, answer in enumerate(answers) if answer is None]
    found = _by_values(at, rest, taken) if rest else {}
    return [answer or found.get(number, NEW) for number, answer in enumerate(answers)]


def _still_dead(at: Pass, one: Sighting, tomb: Tomb) -> Identity | None:
    """What has a tomb stays dead; None when its stamp or a late enough read by key says that it was restored."""
    contract, now = at.side.contract, at.hub.now()
    unsure = int((contract.skew + contract.precision) * 1e6)  # tombs are of our clock, stamps of theirs
    if 0 < tomb.at < one.stamp - unsure:
        return None
    certain = tomb.at + int(contract.certain * 1e6)
    if tomb.reason.startswith("archive"):  # it is still there, as we left it
        return Identity(how=How.DEAD, eid=tomb.eid, reason="archived before")
    if one.exact and now >= certain:
        return None
    return Identity(how=How.DEAD, eid=tomb.eid, reason="deleted before", due=max(now, certain))


def _by_values(at: Pass, unknown: Sequence[tuple[int, Sighting]], taken: set[int]) -> dict[int, Identity]:
    """What nothing but its values tells of: a create of ours that is in doubt, else the rules of the match stage."""
    found = {} if at.side.contract.marker else dict(_by_doubts(at, unknown, taken))
    if at.bound.flow.match and may_lack(at.hub, at.side):
        ensure_index(at.hub, at.bound)
        found.update(_by_rules(at, [(number, one) for number, one in unknown if number not in found], taken))
    return found


def may_lack(hub: Hub, side: BoundSide) -> bool:
    """May there be entities without a record in this stream? Looked up once, then kept in step in memory."""
    lacking = hub.index.lacking
    if side.stream not in lacking:
        lacking[side.stream] = next(hub.store.unlinked(side.stream, size=1), None) is not None
    return lacking[side.stream]


def _by_marker(at: Pass, one: Sighting, eid: int, taken: set[int]) -> Identity | None:
    """Our marker names the entity. But a hub whose state was put back gives eids anew: the record must look like it."""
    hub, bound, side = at.hub, at.bound, at.side
    doubt = hub.store.unsettled_of(side.stream, [eid]).get(eid)
    survivor = hub.store.merged_into(bound.entity, eid)
    if survivor != eid and doubt is not None and doubt.op is Op.CREATE and eid not in taken:
        taken.add(eid)
        return Identity(how=How.LINK, eid=eid, reason=OUR_CREATE)
    eid = survivor
    if eid in taken or eid not in hub.store.entities(bound.entity, [eid]):
        return None
    if eid in hub.store.links_of(side.stream, [eid]):
        return Identity(how=How.ASK, eid=eid, reason="carries the marker of a linked record", candidates=(eid,))
    if not _looks_like(at, one, eid):
        reason = "carries the marker of an entity that it does not look like"
        return Identity(how=How.ASK, eid=eid, reason=reason, candidates=(eid,))
    taken.add(eid)
    return Identity(how=How.LINK, eid=eid, reason=OUR_CREATE)


def _looks_like(at: Pass, one: Sighting, eid: int) -> bool:
    """Is a create of it in doubt, does a match key agree, or all that both carry of what records are matched by?"""
    waiting = at.hub.store.unsettled_of(at.side.stream, [eid]).get(eid)
    if waiting is not None and waiting.op is Op.CREATE:
        return True
    canon = values_of(at.bound, canon_of(at.hub.store.entities(at.bound.entity, [eid])[eid], at.bound.width))
    exact = [rule for rule in at.bound.flow.match if rule.at_least is None]
    keys = [(matching.match_key(rule, one.values), matching.match_key(rule, canon)) for rule in exact]
    if any(theirs == ours and ours is not None for theirs, ours in keys):
        return True
    both = [name for name in one.values if name in canon and not (is_empty(one.values[name]) or is_empty(canon[name]))]
    telling = {name for rule in at.bound.flow.match for name in rule.fields}
    return all(one.values[name] == canon[name] for name in [name for name in both if name in telling] or both)


def _by_doubts(at: Pass, unknown: Sequence[tuple[int, Sighting]], taken: set[int]) -> Iterable[tuple[int, Identity]]:
    """Without a marker, a create that is in doubt is known by what it sent: it belongs to its entity, dead or alive."""
    doubts = at.hub.store.unsettled(stream=at.side.stream, state=UnsettledState.DOUBT)
    used: set[int] = set()
    for row in (one for one in doubts if one.op is Op.CREATE):
        alike = [
            (unlike(at, row, one.values), one.stamp, one.key, n)
            for n, one in unknown
            if n not in used and is_what_was_sent(at, row, one)
        ]
        if alike and row.eid not in taken:
            *_, number = min(alike)
            taken.add(row.eid)
            used.add(number)
            yield number, Identity(how=How.LINK, eid=row.eid, reason=OUR_CREATE)


def unlike(at: Pass, row: Unsettled, values: Mapping[str, Value]) -> int:
    """How many fields show something that is not made of what a create in doubt has sent: of several, the least."""
    sent = decode_pending(row.pending)
    told = [(p, value, values.get(at.bound.layout[p], UNSET)) for p, (value, _) in sent.items() if not is_empty(value)]
    return sum(shows not in (value, at.side.shows(p, value)) and not explain(value, shows) for p, value, shows in told)


def by_values_alone(at: Pass, one: Sighting) -> Identity | None:
    """The living entity without a record here that the match stage finds for this one, or asks about; None: none."""
    if not at.bound.flow.match:
        return None
    ensure_index(at.hub, at.bound)
    return dict(_by_rules(at, [(0, one)], set())).get(0)


def natural_fields(flow: Flow) -> frozenset[str]:
    """The fields of exact match rules: what tells one record from another."""
    return frozenset(name for rule in flow.match if rule.at_least is None for name in rule.fields)


def is_what_was_sent(at: Pass, row: Unsettled, one: Sighting) -> bool:
    """By its natural key, or what records are searched by, where we sent any; else by all of it, however normalised."""
    side, shown = at.side, one.values
    sent = {at.bound.layout[p]: (p, value) for p, (value, _) in decode_pending(row.pending).items()}
    filled = {name: told for name, told in sent.items() if not is_empty(told[1]) and name not in side.lens.nested}
    keys = filled.keys() & natural_fields(at.bound.flow)
    if not keys:
        keys = {name for name in filled if {path.top for path in side.lens.paths_of[name]} & side.contract.searchable}
    compared = [(shown.get(name, UNSET), *filled[name]) for name in keys or filled]
    return bool(compared) and all(
        seen in (value, side.shows(p, value)) or (not keys and bool(explain(value, seen)))
        for seen, p, value in compared
    )


def _by_rules(at: Pass, unknown: Sequence[tuple[int, Sighting]], taken: set[int]) -> Iterable[tuple[int, Identity]]:
    left = list(unknown)
    for number, rule in enumerate(at.bound.flow.match):
        step = _exact if rule.at_least is None else _scored
        found = step(at, number, rule, left, taken)
        yield from found.items()
        left = [(row, one) for row, one in left if row not in found]


def _free(at: Pass, eids: Iterable[int], taken: set[int]) -> list[int]:
    """Those of `eids` that are alive and have no record in this system."""
    hub, bound, side = at.hub, at.bound, at.side
    asked = sorted(set(eids) - taken)
    linked = hub.store.links_of(side.stream, asked)
    alive = hub.store.entities(bound.entity, asked)
    return [eid for eid in asked if eid not in linked and eid in alive and alive[eid].state is EntityState.LIVE]


def _exact(
    at: Pass, number: int, rule: MatchRule, unknown: Sequence[tuple[int, Sighting]], taken: set[int]
) -> dict[int, Identity]:
    hub, bound = at.hub, at.bound
    hashes = {row: key for row, one in unknown if (key := matching.match_key(rule, one.values)) is not None}
    candidates = hub.store.matching(bound.entity, number, sorted(set(hashes.values()))) if hashes else {}
    rivals: dict[int, int] = {}
    for key in hashes.values():
        rivals[key] = rivals.get(key, 0) + 1
    found: dict[int, Identity] = {}
    for row, key in hashes.items():
        free = _free(at, candidates.get(key, ()), taken)
        reason = " and ".join(rule.fields)
        if len(free) == 1 and rivals[key] == 1:
            taken.add(free[0])
            found[row] = Identity(how=How.LINK, eid=free[0], reason=f"by {reason}")
        elif free:
            found[row] = Identity(how=How.ASK, candidates=tuple(free), reason=f"several records have the same {reason}")
    return found


def _scored(
    at: Pass, number: int, rule: MatchRule, unknown: Sequence[tuple[int, Sighting]], taken: set[int]
) -> dict[int, Identity]:
    hub, bound = at.hub, at.bound
    blocks = {row: matching.block_keys(rule, one.values) for row, one in unknown}
    hashes = sorted({key for keys in blocks.values() for key in keys})
    candidates = hub.store.matching(bound.entity, number, hashes) if hashes else {}
    found: dict[int, Identity] = {}
    for row, one in unknown:
        eids = {eid for key in blocks[row] for eid in candidates.get(key, ())}
        free = _free(at, eids, taken)
        if not free:
            continue
        rows = hub.store.entities(bound.entity, free)
        scores = [
            (eid, matching.score(rule, one.values, values_of(bound, canon_of(rows[eid], bound.width)))) for eid in free
        ]
        decision = matching.decide(scores, rule)
        if decision.eid is not None:
            taken.add(decision.eid)
            found[row] = Identity(how=How.LINK, eid=decision.eid, reason=decision.explanation)
        elif decision.outcome is matching.Outcome.ASK:
            rivals = tuple(eid for eid, _ in decision.candidates)
            found[row] = Identity(how=How.ASK, candidates=rivals, reason=decision.explanation)
    return found


def values_of(bound: BoundFlow, row: Sequence[Value]) -> dict[str, Value]:
    """A canon by field name, absent fields left out."""
    return {name: value for name, value in zip(bound.layout, row, strict=False) if value is not UNSET}


def keys_of(bound: BoundFlow, eid: int, values: dict[str, Value]) -> list[tuple[int, int, int]]:
    """The rows of the match index for one entity: (rule number, key hash, eid)."""
    rows: list[tuple[int, int, int]] = []
    for number, rule in enumerate(bound.flow.match):
        if rule.at_least is None:
            key = matching.match_key(rule, values)
            rows += [(number, key, eid)] if key is not None else []
        else:
            rows += [(number, key, eid) for key in matching.block_keys(rule, values)]
    return rows


def is_indexed(hub: Hub, bound: BoundFlow) -> bool:
    """Is there a match index that must be kept in step?"""
    if bound.entity not in hub.index.built and _stored(hub, bound):
        hub.index.built.add(bound.entity)
    return bound.entity in hub.index.built


def _stored(hub: Hub, bound: BoundFlow) -> bool:
    return hub.store.document("match-index", bound.entity) == _fingerprint(bound)


def _fingerprint(bound: BoundFlow) -> bytes:
    return repr([(rule.fields, rule.at_least) for rule in bound.flow.match]).encode()


def ensure_index(hub: Hub, bound: BoundFlow) -> None:
    """Build the match index from canon when it is first needed, or when the rules changed."""
    if is_indexed(hub, bound):
        return
    for page in hub.store.each_entity(bound.entity):
        rows = [
            row
            for entity in page
            if entity.state is EntityState.LIVE
            for row in keys_of(bound, entity.eid, values_of(bound, canon_of(entity, bound.width)))
        ]
        with hub.store.transaction() as tx:
            tx.drop_matching(bound.entity, [entity.eid for entity in page])
            tx.put_matching(bound.entity, sorted(rows))
    with hub.store.transaction() as tx:
        tx.put_documents("match-index", {bound.entity: _fingerprint(bound)})
    hub.index.built.add(bound.entity)
