"""How a plan is told: per flow and system the records, per record the fields, before and after, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from syncline.cli.ledgers import show_waiting
from syncline.cli.show import DIM, GOOD, HEAD, WAITS, Cell, Screen, ago, counted, number, short_key, value
from syncline.model.report import FieldDiff, Plan, PlanItem

_MOST_OF_A_CREATE = 4  #: fields of a new record that are shown
_WORDS = {"create": "create", "update": "update", "delete": "delete", "archive": "archive"}


def show_plan(screen: Screen, plan: Plan) -> None:
    """Every item, the totals, and how to apply it."""
    for flow, items in groupby(plan.items, key=lambda item: item.flow):
        screen.line((flow, HEAD))
        for item in items:
            _show_item(screen, item)
    if plan.more:
        screen.line((f"... and {counted(plan.more, 'more record')}", DIM))
    show_waiting(screen, (), plan.paused)
    screen.line(*_totals(plan))
    for reason in dict.fromkeys(plan.held):
        screen.line((reason, WAITS), hang=2)
    if plan.counts:
        more = "; applying it is the approval" if plan.held else ""
        screen.line("Apply with: ", (f"syncline apply {plan.id}", HEAD), f"   valid until a side moves{more}")


def _totals(plan: Plan) -> list[Cell]:
    changes = [counted(count, _WORDS[op]) for op, count in plan.counts.items() if count]
    parts: list[Cell] = [" · ".join(changes) if changes else ("nothing would change", GOOD)]
    if plan.conflicts:
        waits = "waits" if plan.conflicts == 1 else "wait"
        parts.append((f" · {counted(plan.conflicts, 'conflict')} {waits} (syncline conflicts)", WAITS))
    if plan.parked:
        parts.append((f" · {number(plan.parked)} parked (syncline parked)", WAITS))
    if plan.questions:
        parts.append((f" · {counted(plan.questions, 'question')} (syncline match --review)", WAITS))
    return parts


def _show_item(screen: Screen, item: PlanItem) -> None:
    name: list[Cell] = [f"  {item.system}  "]
    if item.op != "update":
        name.append((f"{item.op}  ", GOOD if item.op == "create" else WAITS))
    if item.key:
        name.append((f"{short_key(item.key)}  ", DIM))
    name.append(item.label)
    if item.waits:
        name.append((f"   waits: {item.waits}", WAITS))
    screen.line(*name, hang=8)
    if item.op == "create":
        _show_new(screen, item)
    else:
        screen.table([_changed(one) for one in item.fields], indent=9)


def _show_new(screen: Screen, item: PlanItem) -> None:
    filled = [one for one in item.fields if one.after not in (None, "", [], {}, item.label)]
    told = [f"{one.field} {value(one.after, 28)}" for one in filled[:_MOST_OF_A_CREATE]]
    rest = len(filled) - len(told)
    more = [f"{rest} more"] if rest else []
    screen.line(" " * 9, (" · ".join([*told, *more]), DIM), hang=9)


def _changed(one: FieldDiff) -> Sequence[Cell]:
    when = ago(one.at)
    lines = _lines(one)
    reason = f"{one.reason} {when}".strip()
    if lines:
        return (one.field, lines, "", "", (reason, DIM))
    return (one.field, value(one.before, 26), "->", value(one.after, 26), (reason, DIM))


def _lines(one: FieldDiff) -> str:
    """Lines of an order are told by what happened to them."""
    if not isinstance(one.after, Mapping) or not all(isinstance(line, Mapping) for line in one.after.values()):
        return ""
    before = one.before if isinstance(one.before, Mapping) else {}
    added = len(one.after.keys() - before.keys())
    gone = len(before.keys() - one.after.keys())
    changed = sum(1 for key in one.after.keys() & before.keys() if one.after[key] != before[key])
    counts = ((added, "added"), (changed, "changed"), (gone, "removed"))
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"{counted(len(one.after), 'line')}: {told or 'the same'}"
