"""The rules of a flow, tried on the records of a page that have changed: a column at a time, before they are merged.

A record that breaks a rule of severity `park` is parked like one that cannot be read: alone, until it is corrected in
its system. `stop` pauses the flow in that system, so that nothing of the page is merged. `warn` is written down as a
finding and taken back when the record passes. Without rules nothing of this is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec
from xxhash import xxh3_64_hexdigest

from syncline.engine.codec import canon_of, decode_delta
from syncline.engine.hub import BoundFlow, BoundSide, Hub, Pass
from syncline.engine.reading import Row
from syncline.engine.step import Step
from syncline.engine.unplaced import ParkedRead, park_read
from syncline.errors import SetupError
from syncline.model.quality import QualityRule, RuleSort, Severity
from syncline.model.state import EntityState, LinkState
from syncline.model.values import UNSET, Value, encode_row
from syncline.quality.rules import Failure, Known, failures
from syncline.quality.values import is_blank

HOLDERS = 8  #: records that are remembered for one value


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A record that flows although it breaks a rule."""

    rule: str
    field: str
    value: str  #: as it may be told
    reason: str
    cure: str
    since: int  #: [µs]


def findings_of(side: BoundSide) -> str:
    """The kind of document that holds the findings of a stream, by key."""
    return f"finding {side.system} {side.stream.entity}"


def judge(at: Pass, rows: Sequence[Row], out: AbstractSet[int], step: Step) -> set[int]:
    """Rows that must wait for a person; `out` are those that wait already. SetupError when a rule says stop."""
    chosen = [number for number in range(len(rows)) if number not in out]
    rules = [rule for rule in at.bound.flow.quality.rules if rule.sort is not RuleSort.EQUAL]
    found = _failures(at, rules, [rows[number] for number in chosen], step)
    stopped = next((one for one in found if one.rule.severity is Severity.STOP), None)
    if stopped is not None:
        raise _stop(at, rows[chosen[stopped.row]].key, stopped)
    parked: set[int] = set()
    for one in found:
        number = chosen[one.row]
        if one.rule.severity is Severity.PARK and number not in parked:
            parked.add(number)
            _park(at, rows[number], one, step)
    _note(at, {rows[number].key: place for place, number in enumerate(chosen) if number not in parked}, found, step)
    return parked


def _stop(at: Pass, key: str, one: Failure) -> SetupError:
    what = f"{at.bound.flow.name} is paused in {at.side.system}: record {key} breaks {one.sentence}"
    return SetupError(f"{what}.", cure=f"{one.cure[:1].upper()}{one.cure[1:]}; the next run goes on.")


def _park(at: Pass, row: Row, one: Failure, step: Step) -> None:
    held = ParkedRead(
        field=one.field, reason=one.sentence, since=at.hub.now(), fingerprint=row.print, cure=one.cure, value=one.value
    )
    park_read(at.hub, step, at.side, row.key, held)


def _failures(at: Pass, rules: Sequence[QualityRule], rows: Sequence[Row], step: Step) -> list[Failure]:
    layout, carried = at.bound.layout, at.side.positions
    needed = {name for rule in rules for name in rule.fields}
    columns = {
        layout[p]: [row.values.get(p, UNSET) for row in rows] for p in carried if layout[p] in needed
    }  # fmt: skip
    known = Known(
        now=at.hub.now(), stamps=[row.stamp for row in rows],
        taken={name: _taken(at, name, columns[name], rows, step) for name in _of(rules, RuleSort.UNIQUE, columns)},
        lost={name: _lost(at, name, columns[name]) for name in _of(rules, RuleSort.REFERENCE, columns)},
    )  # fmt: skip
    return [one for rule in rules for one in failures(at.bound.flow.quality, rule, columns, known)]


def _of(rules: Sequence[QualityRule], sort: RuleSort, columns: Mapping[str, object]) -> list[str]:
    named = dict.fromkeys(name for rule in rules if rule.sort is sort for name in rule.fields)
    return [name for name in named if name in columns]


# --- what a rule asks of other records ------------------------------------------------------------------------------


def _lost(at: Pass, name: str, column: Sequence[Value]) -> frozenset[int]:
    """Rows whose reference leads to nothing that lives."""
    return lost_references(at.hub, at.bound, name, column)


def lost_references(hub: Hub, bound: BoundFlow, name: str, column: Sequence[Value]) -> frozenset[int]:
    """Rows of a column of references that lead to nothing that lives."""
    target = bound.references.get(bound.position(name))
    if target is None:
        return frozenset()
    eids = {hub.store.merged_into(target, one) for one in column if isinstance(one, int)}
    alive = {eid for eid, one in hub.store.entities(target, sorted(eids)).items() if one.state is EntityState.LIVE}
    return frozenset(
        row for row, one in enumerate(column)
        if isinstance(one, int) and hub.store.merged_into(target, one) not in alive
    )  # fmt: skip


def _taken(at: Pass, name: str, column: Sequence[Value], rows: Sequence[Row], step: Step) -> dict[int, str]:
    """Row -> key of another record of this system that shows the same value. The holders of each value are kept."""
    kind = f"holders {at.side.system} {at.bound.entity} {name}"
    codes = {row: _code(value) for row, value in enumerate(column) if not is_blank(value)}
    kept = at.hub.store.documents(kind, sorted(set(codes.values()))) if codes else {}
    holders = {code: msgspec.json.decode(body, type=list[str]) for code, body in kept.items()}
    shown = _shown(at, at.bound.position(name), {key for keys in holders.values() for key in keys})
    leaving = {row.key for row in rows}  # what these show now is in the column
    shows: dict[str, list[str]] = {}
    taken: dict[int, str] = {}
    for row, code in codes.items():
        key = rows[row].key
        known = [one for one in holders.get(code, ()) if one not in leaving and shown.get(one) == column[row]]
        others = [one for one in (*known, *shows.get(code, ())) if one != key]
        if others:
            taken[row] = others[0]
        shows.setdefault(code, []).append(key)
        listed = [*known, *dict.fromkeys(shows[code])][-HOLDERS:]
        if listed != holders.get(code):
            step.put_document(kind, code, msgspec.json.encode(listed))
    return taken


def _code(value: Value) -> str:
    return xxh3_64_hexdigest(encode_row([value]))


def _shown(at: Pass, position: int, keys: AbstractSet[str]) -> dict[str, Value]:
    """What linked records of this system show in one field."""
    links = {key: link for key, link in at.hub.store.links(at.side.stream, sorted(keys)).items() if keys}
    entities = at.hub.store.entities(at.bound.entity, [link.eid for link in links.values()]) if links else {}
    found: dict[str, Value] = {}
    for key, link in links.items():
        if link.state is LinkState.OK and link.eid in entities:
            delta = decode_delta(link.delta)
            canon = canon_of(entities[link.eid], at.bound.width)
            found[key] = delta[position].seen if position in delta else canon[position]
    return found


# --- findings --------------------------------------------------------------------------------------------------------


def _note(at: Pass, placed: Mapping[str, int], found: Sequence[Failure], step: Step) -> None:
    """Write down what the records that flow are found wanting in, and take back what they are no more."""
    kind, now = findings_of(at.side), at.hub.now()
    known = at.hub.store.documents(kind, sorted(placed)) if at.hub.may_have(kind) and placed else {}
    by_row: dict[int, list[Failure]] = {}
    for one in found:
        if one.rule.severity is Severity.WARN:
            by_row.setdefault(one.row, []).append(one)
    for key, place in placed.items():
        before = {(one.rule, one.field): one for one in _decoded(known.get(key, b"[]"))}
        told = [_finding(one, before, now) for one in by_row.get(place, ())]
        if told:
            step.put_document(kind, key, msgspec.json.encode(told))
        elif key in known:
            step.dropped_documents.setdefault(kind, []).append(key)


def _finding(one: Failure, before: Mapping[tuple[str, str], Finding], now: int) -> Finding:
    known = before.get((one.rule.name, one.field))
    return Finding(
        rule=one.rule.name, field=one.field, value=one.value, reason=one.reason, cure=one.cure,
        since=known.since if known else now,
    )  # fmt: skip


def _decoded(body: bytes) -> list[Finding]:
    return msgspec.json.decode(body, type=list[Finding])


def findings(hub: Hub, bound: BoundFlow, side: BoundSide) -> Iterator[tuple[str, Finding]]:
    """(key, finding) of every record of this side that is linked and breaks a rule that only warns."""
    kept = hub.store.documents(findings_of(side))
    names = {rule.name for rule in bound.flow.quality.rules}
    keys = list(kept)
    for start in range(0, len(keys), 500):
        links = hub.store.links(side.stream, keys[start : start + 500])
        for key in keys[start : start + 500]:
            if key in links and links[key].state is LinkState.OK:
                yield from ((key, one) for one in _decoded(kept[key]) if one.rule in names)
