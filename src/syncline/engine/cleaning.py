"""Agreed values that are not clean: the clean one becomes the agreed value, as an edit of its own.

A merge that makes an unclean value canon writes that down with itself. Before anything is delivered the rule does its
edits in a run of its own, so that they are told by `plan`, audited, delivered and taken back like a person's. A value
of a record's field is cleaned once: whoever sets it back, by `undo` or in a system, has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from xxhash import xxh3_64_hexdigest

from syncline.engine.codec import canon_of, gens_of
from syncline.engine.hub import BoundFlow, Hub, Pass, Run
from syncline.engine.people import Deed, as_run, edit
from syncline.engine.step import Step, begin, commit
from syncline.model.state import Entity, EntityState
from syncline.model.values import Value, encode_row

RULE = "rule"  #: begins the author of what a rule did
MOST = 500  #: entities changed by one commit
_REMEMBERED = 16  #: values of one field that were cleaned once


def _unclean(entity: str) -> str:
    return f"unclean {entity}"


def _cleaned(entity: str) -> str:
    return f"cleaned {entity}"


def note_unclean(at: Pass, step: Step) -> None:
    """Write down, with the merge itself, whose new agreed values are not clean."""
    bound, width = at.bound, at.bound.width
    entities = [*step.new_entities, *step.entities.values()]
    canons = [canon_of(one, width) for one in entities]
    news = [[gen == step.gen for gen in gens_of(one, width)] for one in entities]
    found: set[int] = set()
    for position, cleaner in bound.cleaners.items():
        fresh = [n for n in range(len(entities)) if news[n][position] and _may_be(entities[n], canons[n][position])]
        values = [canons[n][position] for n in fresh]
        made = cleaner(values)
        found |= {entities[n].eid for n, was, now in zip(fresh, values, made, strict=True) if was != now}
    for eid in sorted(found):
        step.put_document(_unclean(bound.entity), str(eid), b"")


def _may_be(entity: Entity, value: Value) -> bool:
    return entity.state is EntityState.LIVE and isinstance(value, str)


def clean(hub: Hub, flows: Sequence[BoundFlow]) -> None:
    """Let the rules of these flows do their edits; nothing where no value waits for that."""
    waiting = [bound for bound in flows if bound.cleaners and hub.may_have(_unclean(bound.entity))]
    due = [(bound, sorted(map(int, hub.store.documents(_unclean(bound.entity))))) for bound in waiting]
    if any(eids for _, eids in due):
        as_run(hub, lambda run: _clean_flows(hub, run, due))


def _clean_flows(hub: Hub, run: Run, due: Sequence[tuple[BoundFlow, Sequence[int]]]) -> None:
    for bound, eids in due:
        _clean_flow(hub, run, bound, eids)


def _clean_flow(hub: Hub, run: Run, bound: BoundFlow, eids: Sequence[int]) -> None:
    for start in range(0, len(eids), MOST):
        chunk = eids[start : start + MOST]
        step = begin(hub, "clean", entity=bound.entity)
        step.dropped_documents[_unclean(bound.entity)] = [str(eid) for eid in chunk]
        found = hub.store.entities(bound.entity, chunk)
        frozen = hub.store.frozen(bound.entity, chunk)
        live = [one for one in found.values() if one.state is EntityState.LIVE]
        for entity, deed in _deeds(hub, bound, live, frozen, step):
            edit(hub, bound, entity, deed, step)
        commit(hub, run, step)


def _deeds(
    hub: Hub, bound: BoundFlow, entities: Sequence[Entity], frozen: Mapping[int, frozenset[str]], step: Step
) -> list[tuple[Entity, Deed]]:
    """What is to be done to each entity; the values that are cleaned now are remembered in `step`."""
    canons = [canon_of(one, bound.width) for one in entities]
    values: dict[int, dict[int, Value]] = {}
    for position, cleaner in bound.cleaners.items():
        unit = next(unit.name for unit in bound.units if position in unit.positions)
        column = [canon[position] for canon in canons]
        kept = _remembered(hub, bound, position, entities)
        for entity, was, now in zip(entities, column, cleaner(column), strict=True):
            if was == now or not isinstance(was, str) or not {unit, "*"}.isdisjoint(frozen.get(entity.eid, ())):
                continue
            name, code = f"{entity.eid} {position}", xxh3_64_hexdigest(encode_row([was]))
            if code not in kept.get(name, ()):
                values.setdefault(entity.eid, {})[position] = now
                listed = [*kept.get(name, ()), code][-_REMEMBERED:]
                step.put_document(_cleaned(bound.entity), name, msgspec.json.encode(listed))
    return [(one, _deed(bound, values[one.eid])) for one in entities if one.eid in values]


def _deed(bound: BoundFlow, values: Mapping[int, Value]) -> Deed:
    rules = ", ".join(sorted({f"clean {bound.layout[position]}" for position in values}))
    return Deed(who=rules, verdict="cleaned", values=values, kind=RULE)


def _remembered(hub: Hub, bound: BoundFlow, position: int, entities: Sequence[Entity]) -> dict[str, list[str]]:
    """What was cleaned once: "eid position" -> digests."""
    names = [f"{one.eid} {position}" for one in entities]
    kept = hub.store.documents(_cleaned(bound.entity), names) if names else {}
    return {name: msgspec.json.decode(body, type=list[str]) for name, body in kept.items()}
