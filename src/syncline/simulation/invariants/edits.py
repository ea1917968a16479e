"""Invariants of edits: none is lost (I1), owners prevail (I5), clashes are told (I10), groups stay whole (I16)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from syncline.model.flow import Direction, Empties, RuleKind
from syncline.simulation.application import same
from syncline.simulation.invariants.facts import Facts, Thing
from syncline.simulation.invariants.records import waits_for_parent
from syncline.simulation.past import HUB, Version
from syncline.simulation.people import Edit
from syncline.simulation.shape import TOKENS, Kind


def no_edit_lost(facts: Facts) -> Iterator[str]:
    """I1: an edit stands, was covered by a person, is known to the log, or fell into the window of a blind write."""
    for edit in facts.texts:
        over = _covered(facts, edit)
        if over is None or over.fields is None or over.who != HUB:
            continue
        if facts.reached(edit):
            continue
        if facts.window(facts.world.apps[edit.system], over, edit.at) and not facts.needless(edit, over):
            facts.window_hits += 1
        elif not facts.logged(edit) and not _joined(facts, edit) and not facts.forgotten(over.at):
            place = f"{edit.system} {edit.key}.{edit.field}"
            yield f"{place}={edit.value!r} of {edit.at} was overwritten unseen at {over.at}"


def _joined(facts: Facts, edit: Edit) -> bool:
    """Was its entity absorbed by another? What the log tells of it then, no operation shows."""
    return (edit.flow, facts.people.thing(edit.flow, edit.who)) in facts.joined


def _covered(facts: Facts, edit: Edit) -> Version | None:
    """The version that first showed something else."""
    app, kept = facts.world.apps[edit.system], facts.kept(edit)
    for version in facts.later(edit):
        if version.fields is None or app.values(kept, version).get(edit.field) != edit.value:
            return version
    return None


def amounts_add_up(facts: Facts) -> Iterator[str]:
    """I1 of fields that add: what is shown in the end is the sum of everything that people added, or one is asked."""
    for (flow, who, name), edits in _by_place(facts, Kind.AMOUNT).items():
        thing = (flow, who)
        systems = facts.live.get(thing, {})
        if not systems or _muddled(facts, thing) or len({one.system for one in edits if one.first}) > 1:
            continue
        if (flow, who, name) in facts.frozen:
            continue
        total = sum((Decimal(str(one.value)) - Decimal(str(one.before or 0)) for one in edits), Decimal(0))
        for system, records in systems.items():
            if name not in records[0].side.writable or (flow, who, system) in facts.parked:
                continue
            shown = facts.world.apps[system].values(records[0], records[0].last).get(name) or 0
            if Decimal(str(shown)) != total:
                yield f"{thing}.{name} is {shown} in {system}, and people added up to {total}"


def sets_hold(facts: Facts) -> Iterator[str]:
    """I1 of sets: what somebody put in and nobody took out is there."""
    for (flow, who, name), edits in _by_place(facts, Kind.SET).items():
        thing = (flow, who)
        if thing not in facts.live or _muddled(facts, thing):
            continue
        put = {m for e in edits for m in _members(e.value) - _members(e.before)}
        taken = {m for e in edits for m in _members(e.before) - _members(e.value)}
        for system, records in facts.live[thing].items():
            if name in records[0].side.writable and (flow, who, system) not in facts.parked:
                shown = _members(facts.world.apps[system].values(records[0], records[0].last).get(name))
                if missing := put - taken - shown:
                    yield f"{thing}.{name} lacks {sorted(missing)} in {system}"


def _members(value: object) -> set[str]:
    return set(value) if isinstance(value, list) else set()


def _by_place(facts: Facts, kind: Kind) -> dict[tuple[str, int, str], list[Edit]]:
    found: dict[tuple[str, int, str], list[Edit]] = {}
    for edit in facts.people.edits:
        if facts.flow(edit.flow).fields[edit.field].kind is kind:
            found.setdefault((edit.flow, facts.people.thing(edit.flow, edit.who), edit.field), []).append(edit)
    return found


def _muddled(facts: Facts, thing: Thing) -> bool:
    """Was a record of it deleted, joined, rolled back or raced, or written blindly where nobody could see an edit?"""
    if facts.world.put_back:
        return True  # what was added since the copy looks as if it had been added in each system
    blind = any(app.habits.locking == "none" or app.habits.upsert for app, _ in facts.all_of[thing])
    gone = any(version.fields is None for _, kept in facts.all_of[thing] for version in kept.versions)
    return gone or blind or bool(facts.rolled_back) or thing in facts.raced | facts.asked | facts.joined


def owners_prevail(facts: Facts) -> Iterator[str]:
    """I5: what others make of an owned field never leaves their system, once the owner is known to have the record."""
    for edit in facts.texts:
        rule = facts.flow(edit.flow).fields[edit.field].field.rule
        if (
            rule.kind is not RuleKind.OWNER
            or edit.system == rule.owner
            or edit.first
            or rule.owner not in facts.world.apps
        ):
            continue
        if _owner_known(facts, edit, rule.owner) and not facts.rolled_back:
            others = [system for system in facts.reached(edit) if system != edit.system]
            if others:
                yield f"{edit.field}={edit.value!r} of {edit.system}, owned by {rule.owner}, reached {others}"


def one_way_is_kept(facts: Facts) -> Iterator[str]:
    """I5: what people change in a system that is only written to never leaves it."""
    for edit in facts.texts:
        if _is_put_back(facts, edit) and (others := [one for one in facts.reached(edit) if one != edit.system]):
            yield f"{edit.field}={edit.value!r} of {edit.system}, which is only written to, reached {others}"


def _is_put_back(facts: Facts, edit: Edit) -> bool:
    """Was it made in a system that is only written to?"""
    return facts.flow(edit.flow).sides[edit.system].side.direction is Direction.TO


def _owner_known(facts: Facts, edit: Edit, owner: str) -> bool:
    """Had the owner's record been taken in before the edit, and was it there ever since?"""
    thing = (edit.flow, facts.people.thing(edit.flow, edit.who))
    held = [kept for app, kept in facts.all_of[thing] if app.name == owner]
    if thing in facts.asked:  # a person is still to say whose the owner's record is
        return False
    if len(held) != 1 or any(version.fields is None for _, kept in facts.all_of[thing] for version in kept.versions):
        return False
    app, since = facts.world.apps[owner], held[0].versions[0].at
    shown = held[0].at(edit.at)
    if shown is None or edit.field not in app.values(held[0], shown):
        return False  # nobody has said anything yet: the first word is anybody's
    calm = [told for told in facts.world.told if since < told.begun and told.at < edit.at and not told.report.paused]
    return len(calm) > 2  # noqa: PLR2004  seen, sent, agreed


def clashes_are_told(facts: Facts) -> Iterator[str]:
    """I10: where two people decided one thing differently, neither knowing of the other, a conflict tells of it."""
    last: dict[tuple[str, int, str], dict[str, Edit]] = {}
    for edit in facts.texts:
        last.setdefault((edit.flow, facts.people.thing(edit.flow, edit.who), edit.field), {})[edit.system] = edit
    told = {(thing, name) for thing, row in facts.conflicts for name in (*row.names, row.field)}
    for (flow, who, name), edits in last.items():
        thing, field = (flow, who), facts.flow(flow).fields[name].field
        simple = field.rule.kind in (RuleKind.LATEST, RuleKind.MANUAL) and field.empties is Empties.CLEAR
        if not simple or (thing, name) in told or not undisturbed(facts, thing, name):
            continue
        if any(waits_for_parent(facts, thing, system) for system in facts.systems(flow)):
            continue  # one of them has not been taken in yet
        pairs = [(a, b) for a in edits.values() for b in edits.values() if a.at < b.at]
        yield from (f"{thing}.{name}: {a.value!r} of {a.system}, {b.value!r} of {b.system}" for a, b in pairs
                    if rival(facts, a, b))  # fmt: skip


def undisturbed(facts: Facts, thing: Thing, name: str) -> bool:
    """Did nothing but edits and the hub ever touch the field?"""
    if _muddled(facts, thing) or facts.refusing(thing) or thing not in facts.live:
        return False
    return not any(name in app.habits.workflow or name in app.habits.normalisers for app in facts.world.apps.values())


def rival(facts: Facts, a: Edit, b: Edit) -> bool:
    """Did neither see the other's value, and is each the last that his system was told?"""
    if same(a.value, b.value) or _shown_before(facts, a, b) or _is_put_back(facts, a) or _is_put_back(facts, b):
        return False
    return _is_last(facts, a) and _is_last(facts, b)


def _shown_before(facts: Facts, a: Edit, b: Edit) -> bool:
    """Had b's record shown a's value, or anything that the hub wrote after a, when b was made?"""
    kept, app = facts.kept(b), facts.world.apps[b.system]
    before: object = None
    for version in kept.versions[: b.version.number - 1]:
        value = app.values(kept, version).get(b.field)
        if version.who == HUB and version.at > a.at and value != before:
            return True
        before = value
    return False


def _is_last(facts: Facts, edit: Edit) -> bool:
    """Did nobody but the hub change the field of this record afterwards, by emptying it?"""
    app, kept = facts.world.apps[edit.system], facts.kept(edit)
    return all(v.who == HUB or app.values(kept, v).get(edit.field) == edit.value for v in facts.later(edit))


def groups_are_whole(facts: Facts) -> Iterator[str]:
    """I16: the fields of an atomic group, where the hub wrote them, stand together as somebody entered them."""
    for flow in facts.shape.flows.values():
        groups: dict[str, list[str]] = {}
        for one in flow.edited:
            if one.field.group and one.kind in TOKENS:
                groups.setdefault(one.field.group, []).append(one.name)
        for names in groups.values():
            yield from _torn(facts, flow.name, names)


def _torn(facts: Facts, flow: str, names: list[str]) -> Iterator[str]:
    for thing, records in facts.all_of.items():
        if thing[0] != flow or any(set(names) & set(app.habits.normalisers) for app, _ in records):
            continue
        entered: set[tuple[str, ...]] = set()
        for app, kept in records:
            entered |= {
                _group(app.values(kept, v), names) for v in kept.versions if v.who != HUB and v.fields is not None
            }
        for app, kept in records:
            for version in kept.versions:
                held = _group(app.values(kept, version), names) if version.fields is not None else ()
                if version.who == HUB and held and held not in entered and any(held):
                    yield f"{thing} in {app.name}: {dict(zip(names, held, strict=True))} was entered by nobody"


def _group(values: object, names: list[str]) -> tuple[str, ...]:
    return tuple(str(values.get(name) or "") for name in names)  # type: ignore[attr-defined]
