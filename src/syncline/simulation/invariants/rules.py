"""Invariants of a flow's rules: empty values (I5, I11), frozen fields, the later edit, real conflicts (I10)."""

from __future__ import annotations

from collections.abc import Iterator

from syncline.model.flow import Empties, RuleKind
from syncline.model.page import Op
from syncline.model.report import ConflictRow
from syncline.model.values import Value
from syncline.simulation.application import same
from syncline.simulation.invariants.edits import rival, undisturbed
from syncline.simulation.invariants.facts import Facts, Thing
from syncline.simulation.invariants.played import DAWDLE
from syncline.simulation.past import HUB, Write
from syncline.simulation.people import Edit
from syncline.simulation.shape import TOKENS, FieldShape, Kind
from syncline.simulation.virtual import EPOCH, SECOND


def empties_are_kept(facts: Facts) -> Iterator[str]:
    """I5: where the rule is to keep values, the hub never empties one."""
    for write, field, value, before in _changes(facts):
        if field.field.empties is Empties.KEEP and same(value, None) and not same(before, None):
            yield f"{write.system} {write.key}.{field.name} was emptied, which held {before!r}"


def empties_were_entered(facts: Facts) -> Iterator[str]:
    """I11: the hub empties a field only when somebody has emptied it somewhere; not to carry it is not to empty it."""
    for write, field, value, before in _changes(facts):
        thing = facts.thing(facts.kept_of(write))
        emptied = same(value, None) and not same(before, None) and _telling(field)
        if emptied and facts.entered.get((*thing, field.name), set()).isdisjoint(("", "None")):
            yield f"{write.system} {write.key}.{field.name} was emptied, which nobody did, and held {before!r}"


def _telling(field: FieldShape) -> bool:
    return (field.kind in TOKENS or field.kind is Kind.REFERENCE) and not field.field.group


def _changes(facts: Facts) -> Iterator[tuple[Write, FieldShape, Value, Value]]:
    """(write, field, value sent, value held before) of every update."""
    for write in facts.writes:
        if write.op is not Op.UPDATE or write.item.op is not Op.UPDATE or write.before is None:
            continue
        kept = facts.kept_of(write)
        before = facts.world.apps[write.system].values(kept, write.before)
        for name, value in facts.wrote(write).items():
            yield write, facts.flow(kept.side.flow).fields[name], value, before.get(name)


def frozen_fields_wait(facts: Facts) -> Iterator[str]:
    """I10: what a person is asked about is not written over before he has answered."""
    for thing, row in facts.conflicts:
        names = row.names or (row.field,)
        if row.state != "open" or len(row.theirs) != len(names):
            continue
        theirs = dict(zip(names, row.theirs, strict=True))
        for write, field, value, before in _changes(facts):
            if write.system != row.system or field.name not in theirs or same(value, before):
                continue
            if same(before, theirs[field.name]) and _knowing(facts, write, row, thing):
                yield f"{thing}.{field.name}: {before!r} of {row.system} was written over, though a person is asked"


def _knowing(facts: Facts, write: Write, row: ConflictRow, thing: Thing) -> bool:
    """Did the hub know of the conflict when it wrote? A blind write may have been under way."""
    habits = facts.world.apps[write.system].habits
    reach = habits.effect + habits.get_lag + DAWDLE if habits.locking == "none" else 0.0
    return facts.thing(facts.kept_of(write)) == thing and write.at > row.at - EPOCH + int(reach * SECOND)


def conflicts_are_real(facts: Facts) -> Iterator[str]:
    """I10: the log tells of no conflict where both sides hold the same."""
    for thing, row in facts.conflicts:
        if row.state == "auto" and row.field != "*" and row.theirs and row.theirs == row.ours:
            yield f"{thing}.{row.field}: a conflict of {row.system} about {row.theirs}, which all hold"


def the_later_prevails(facts: Facts) -> Iterator[str]:
    """I10: of two rival edits the later stands; where the clocks cannot tell, that of the system of higher rank."""
    last: dict[tuple[str, int, str], dict[str, Edit]] = {}
    for edit in facts.texts:
        last.setdefault((edit.flow, facts.people.thing(edit.flow, edit.who), edit.field), {})[edit.system] = edit
    for (flow, who, name), edits in last.items():
        field = facts.flow(flow).fields[name].field
        plain = field.rule.kind is RuleKind.LATEST and field.empties is Empties.CLEAR and not field.group
        if not plain or not undisturbed(facts, (flow, who), name):
            continue
        a, b = (*sorted(edits.values(), key=lambda one: one.at)[-2:], None, None)[:2]
        if a is None or b is None or not rival(facts, a, b) or a.before != b.before or a.first or b.first:
            continue
        expected = _later(facts, a, b)
        shown = facts.world.apps[a.system].values(facts.kept(a), facts.kept(a).last).get(name)
        if expected is not None and shown in (a.value, b.value) and shown != expected.value:
            yield f"({flow!r}, {who}).{name}: {shown!r} stands, though {expected.value!r} of {expected.system} prevails"


def _later(facts: Facts, a: Edit, b: Edit) -> Edit | None:
    """Which of the two prevails; None where the stamps that the hub has seen are not known for sure."""
    habits = [facts.world.apps[one.system].habits for one in (a, b)]
    if not all(one.stamped for one in habits) or not all(_as_left(facts, one) for one in (a, b)):
        return None
    unsure = sum(one.precision + abs(one.skew) for one in habits) * SECOND
    if abs(a.version.stamp - b.version.stamp) > unsure:
        return max(a, b, key=lambda one: one.version.stamp)
    sides = facts.flow(a.flow).sides
    return max(a, b, key=lambda one: (sides[one.system].side.rank, one.system))


def _as_left(facts: Facts, edit: Edit) -> bool:
    """Was the record left as the edit made it, but for the hub's answer to that?"""
    later = facts.later(edit)
    app = facts.world.apps[edit.system]
    return not later or (
        later[0].who == HUB and app.values(facts.kept(edit), later[0]).get(edit.field) != edit.value
        and all(version.who == HUB for version in later)
    )  # fmt: skip
