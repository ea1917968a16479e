"""Invariants of records: one of each everywhere (I2, I3), deletes (I9), references (I14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from syncline.model.flow import DeletePolicy
from syncline.model.page import Op
from syncline.model.values import UNSET, Value
from syncline.simulation.application import Application, same
from syncline.simulation.invariants.facts import Facts, Thing
from syncline.simulation.past import HUB, Kept
from syncline.simulation.people import Removal
from syncline.simulation.shape import TOKENS, FieldShape, Kind

DANGLING = "dangling"


def one_record_each(facts: Facts) -> Iterator[str]:
    """I2: the hub never makes a second record of a thing that has one."""
    for thing, records in facts.all_of.items():
        if not thing[1]:
            continue
        excused = thing in facts.raced or thing in facts.asked
        for system, who in {(app.name, facts.people.who(kept)) for app, kept in records}:
            made = [kept for app, kept in records if (app.name, facts.people.who(kept)) == (system, who)]
            made.sort(key=lambda one: one.versions[0].at)
            for number, kept in enumerate(made):
                beside = [other for other in made[:number] if not excused or _made_for_one(facts, system, other, kept)]
                if kept.by_hub and any(_alive_at(other, kept.versions[0].at) for other in beside):
                    yield f"{thing} got {kept.key} in {system} beside another record"


def _made_for_one(facts: Facts, system: str, first: Kept, second: Kept) -> bool:
    """Are both creates of the hub for one entity, of which nobody has brought the first back?

    Where no marker is kept, a record that was renamed before the hub saw it cannot be known for its own. A hub whose
    state was put back gives the number of an entity that it has forgotten to another one.
    """
    if facts.forgotten(first.versions[0].at):
        return False
    if facts.world.apps[system].habits.marker == "none" and facts.thing(first) in facts.renamed_early:
        return False
    made = [one for one in facts.writes if one.system == system and one.op is Op.CREATE]
    refs = {one.key: (one.item.ref, one.item.marker.partition(".")[0]) for one in made}
    back = any(version.fields is None for version in first.versions[:-1])
    same_side = first.side is second.side
    return same_side and not back and first.by_hub and refs.get(first.key) == refs.get(second.key)


def _alive_at(kept: Kept, at: int) -> bool:
    version = kept.at(at)
    return version is not None and version.fields is not None


def all_agree(facts: Facts) -> Iterator[str]:
    """I3: every live thing is everywhere, and everybody shows what he makes of one value that was entered."""
    for thing, found in comparable(facts):
        flow = facts.flow(thing[0])
        for system in facts.systems(flow.name):
            records = found.get(system, [])
            if len(records) != 1 and not _waits(facts, thing, system):
                yield f"{thing} has {len(records)} records in {system}"
        for field in flow.fields.values():
            if field.kind not in (Kind.NONE, Kind.REFERENCE):
                yield from _differ(facts, thing, field, found)


def parents_agree(facts: Facts) -> Iterator[str]:
    """I14: every child points at the record of one and the same parent, and that record is there."""
    for thing, found in comparable(facts):
        for field in facts.flow(thing[0]).fields.values():
            if field.kind is Kind.REFERENCE:
                yield from _differ(facts, thing, field, found)


def comparable(facts: Facts) -> Iterator[tuple[Thing, Mapping[str, list[Kept]]]]:
    """Live things that wait for nobody, by system."""
    for thing, found in facts.live.items():
        if thing[1] and thing not in facts.asked | facts.raced | facts.joined and not _kept_apart(facts, thing):
            yield from ((thing, one) for one in (_by_name(facts, found) if thing in facts.reborn else [found]))


def _by_name(facts: Facts, found: Mapping[str, list[Kept]]) -> list[Mapping[str, list[Kept]]]:
    """The live records of what nobody could tell apart: those that are called alike belong together."""
    called: dict[int, dict[str, list[Kept]]] = {}
    for system, records in found.items():
        for kept in records:
            called.setdefault(facts.people.called(kept, kept.last), {}).setdefault(system, []).append(kept)
    return list(called.values())


def _waits(facts: Facts, thing: Thing, system: str) -> bool:
    return (*thing, system) in facts.parked or waits_for_parent(facts, thing, system)


def _kept_apart(facts: Facts, thing: Thing) -> bool:
    """Was it deleted somewhere, and is kept elsewhere by policy?"""
    policies = {side.side.deletes for side in facts.flow(thing[0]).sides.values()}
    removed = any(facts.people.thing(one.flow, one.who) == thing[1] for one in facts.people.removals)
    return DeletePolicy.DETACH in policies and removed


def waits_for_parent(facts: Facts, thing: Thing, system: str) -> bool:
    """Has its parent no record there, because that one was refused, or because a person is to say which it is?"""
    fields = [one for one in facts.flow(thing[0]).fields.values() if one.kind is Kind.REFERENCE]
    entities = {one.field.reference for one in fields}
    refused = {flow for flow, _, name in facts.parked if name == system}
    if any(facts.flow(flow).entity in entities for flow in refused):
        return True
    pointed = (
        _pointed_at(facts, field, app.name, app.values(kept, version).get(field.name))
        for app, kept in facts.all_of[thing] for version in kept.versions if version.fields is not None
        for field in fields
    )  # fmt: skip
    unclear = facts.asked | facts.raced
    return any(parent is not None and facts.thing(parent) in unclear for parent in pointed)


def _differ(facts: Facts, thing: Thing, field: FieldShape, found: Mapping[str, list[Kept]]) -> Iterator[str]:
    if (*thing, field.name) in facts.frozen:
        return
    shown = dict(_shown(facts, thing, field, found))
    dangling = any(str(value).startswith(DANGLING) for value in shown.values())
    if dangling or (len(shown) > 1 and not _one_value(facts, thing, field, shown)):
        yield f"{thing}.{field.name}: {shown}"


def _shown(
    facts: Facts, thing: Thing, field: FieldShape, found: Mapping[str, list[Kept]]
) -> Iterator[tuple[str, Value]]:
    """What each system shows that should show the same; references by what they point at."""
    for system in facts.systems(thing[0]):
        for kept in found.get(system, [])[:1]:
            if field.name not in kept.side.writable or _waits(facts, thing, system):
                continue
            value = facts.world.apps[system].values(kept, kept.last).get(field.name, UNSET)
            if value is UNSET and (system in facts.rolled_back or thing in facts.reborn):
                continue  # a backup, or who took the id over, did not have the field: it is not carried there any more
            if field.kind is not Kind.REFERENCE:
                yield system, value
            elif not _orphaned(facts, field, system, value):
                yield system, _parent(facts, field, system, value)


def _parent(facts: Facts, field: FieldShape, system: str, value: Value) -> Value:
    """The thing that a reference points at; a dangling one is told by its key."""
    kept = _pointed_at(facts, field, system, value)
    if kept is None or kept.last.fields is None:
        return f"{DANGLING} {value}" if value else None
    return facts.thing(kept)[1]


def _pointed_at(facts: Facts, field: FieldShape, system: str, value: Value) -> Kept | None:
    flow = facts.shape.of_entity(field.field.reference)
    side = flow.sides.get(system) if flow else None
    return facts.world.apps[system].tables[side.resource].get(str(value)) if side and value else None


def _orphaned(facts: Facts, field: FieldShape, system: str, value: Value) -> bool:
    """Has a person deleted what this refers to, or merged it where only a whole listing would tell?"""
    kept = _pointed_at(facts, field, system, value)
    if kept is None or kept.last.fields is not None:
        return False
    if kept.merged_into and not facts.history.script.scan:
        return True
    removed = [one for one in facts.people.removals if one.op == "remove"]
    thing = facts.thing(kept)
    lives_there = bool(facts.live.get(thing, {}).get(system))
    return not lives_there and thing in {(one.flow, facts.people.thing(one.flow, one.who)) for one in removed}


def _one_value(facts: Facts, thing: Thing, field: FieldShape, shown: Mapping[str, Value]) -> bool:
    values = list(shown.values())
    if field.kind is Kind.AMOUNT:
        return len({Decimal(str(value or 0)) if value is not UNSET else Decimal(0) for value in values}) == 1
    if field.kind not in TOKENS:
        return all(same(value, values[0]) for value in values)
    entered = [*facts.raw_entered.get((*thing, field.name), []), None]
    if facts.pair_forgotten(field.name):  # what some system makes of a value may be taken for entered there
        if all(same(value, values[0]) for value in values):
            return True
        entered += [
            facts.world.apps[s].stored(facts.flow(thing[0]).sides[s], field.name, one) for s in shown for one in entered
        ]
    return any(
        all(
            same(facts.world.apps[s].stored(facts.flow(thing[0]).sides[s], field.name, one), x)
            for s, x in shown.items()
        )
        for one in entered
    )


# --- deletes ----------------------------------------------------------------------------------------------------------


def deletes_are_people_s(facts: Facts) -> Iterator[str]:
    """I9: none is invented."""
    removed = {(one.flow, facts.people.thing(one.flow, one.who)) for one in facts.people.removals}
    for write in facts.writes:
        thing = facts.thing(facts.kept_of(write))
        if write.op in (Op.DELETE, Op.ARCHIVE) and thing not in removed:
            yield f"{thing} was deleted in {write.system} at {write.at} by nobody"


def deletes_stand(facts: Facts) -> Iterator[str]:
    """I9: none is lost, none undone, unless somebody did something to the thing about then.

    Of a thing that a person entered just while the hub did, a second record may stand that nobody has deleted.
    """
    for thing, records in facts.all_of.items():
        removals = [one for one in facts.people.removals if (one.flow, facts.people.thing(one.flow, one.who)) == thing]
        if not removals and thing[1] and thing not in facts.live:
            yield f"{thing} is gone"
        if (
            removals
            and thing in facts.live
            and thing not in facts.raced
            and _plainly_deleted(facts, thing, removals, records)
        ):
            yield f"{thing} is back, or still there, in {sorted(facts.live[thing])}"


def none_returns(facts: Facts) -> Iterator[str]:
    """I9: what was deleted while everybody agreed about it is created nowhere again, not even for a while.

    Of a thing that a person entered just while the hub did, a second record may be carried everywhere later.
    """
    for thing, records in facts.all_of.items():
        removals = [one for one in facts.people.removals if (one.flow, facts.people.thing(one.flow, one.who)) == thing]
        if not removals or thing in facts.raced or not _plainly_deleted(facts, thing, removals, records):
            continue
        first = min(one.at for one in removals)
        for app, kept in records:
            if kept.by_hub and kept.versions[0].at > first:
                yield f"{thing} was deleted at {first} and created again in {app.name} at {kept.versions[0].at}"


def _plainly_deleted(
    facts: Facts, thing: Thing, removals: list[Removal], records: list[tuple[Application, Kept]]
) -> bool:
    """Was it deleted while everybody agreed about it, and never touched since?"""
    policies = {side.side.deletes for side in facts.flow(thing[0]).sides.values()}
    if any(one.op != "remove" for one in removals) or not policies <= {DeletePolicy.PROPAGATE, DeletePolicy.ARCHIVE}:
        return False
    first = min(one.at for one in removals)
    touched = max(
        (v.listed for _, kept in records for v in kept.versions if v.who != HUB and v.fields is not None), default=0
    )
    calm = [told for told in facts.world.told if touched < told.begun and told.at < first]
    undecided = any(row_thing == thing for row_thing, _ in facts.conflicts) or bool(facts.refusing(thing))
    return len([one for one in calm if not one.report.paused]) > 2 and not undecided  # noqa: PLR2004  read, sent, agreed
