"""How advice is told: what to do next, what customers are worth, and what all of it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from syncline.app.analyses.recommending import Advice
from syncline.cli.foretelling import amount, show_doubts
from syncline.cli.show import DIM, GOOD, HEAD, WAITS, Cell, Screen, counted

_SHOWN = 12


def show_advice(screen: Screen, advice: Advice, told: Mapping[str, int] | None) -> None:
    """The plan, the segments, the notes."""
    tasks = sum(1 for row in advice.plan if row["channel"] == "task")
    screen.line(
        (f"{counted(tasks, 'task')} for people, {len(advice.plan) - tasks:,} for a campaign", HEAD),
        f", as of {advice.as_of}; money in {advice.currency}",
    )
    if advice.plan:
        heads = ("customer", "do", "by", "may bring", "because")
        table: list[Sequence[Cell]] = [[(head, DIM) for head in heads], *map(_contact, advice.plan[:_SHOWN])]
        screen.table(table, indent=0, align="<<<><")
    if len(advice.plan) > _SHOWN:
        screen.line((f"and {len(advice.plan) - _SHOWN:,} more; --json has them all", DIM))
    screen.blank()
    _show_segments(screen, advice)
    for note in advice.notes:
        screen.line((note, WAITS))
    show_doubts(screen, advice.doubts)
    one = advice.assumed
    assumed = (
        f"assumed: {one.margin:.0%} of an order is earned; a call brings back {one.win_back:.0%} more, "
        f"a recommendation sells to {one.recommend:.0%} more; money loses {one.discount:.0%} a year"
    )
    screen.line((assumed, DIM))
    if told is not None:
        screen.line(
            (f"the planner tells {told['customers']:,} customers and {told['tasks']:,} tasks that are new", GOOD)
        )


def _contact(row: Mapping[str, Any]) -> Sequence[Cell]:
    brings = amount(row["expected_value"]) if row["expected_value"] > 0 else "owed"
    return row["customer"], f"{row['action']} ({row['channel']})", str(row["when"]), brings, row["why"]


def _show_segments(screen: Screen, advice: Advice) -> None:
    segments = Counter(row["segment"] for row in advice.customers)
    heads = ("segment", "customers", "paid so far", "will bring", "may not come back")
    table: list[Sequence[Cell]] = [[(head, DIM) for head in heads]]
    for segment, count in segments.most_common():
        own = [row for row in advice.customers if row["segment"] == segment]
        values, risks = ([row[name] for row in own if row[name] is not None] for name in ("clv", "churn"))
        table.append((
            segment, f"{count:,}", amount(sum(row["monetary"] for row in own)), amount(sum(values)) if values else "-",
            f"{sum(risks) / len(risks):.0%}" if risks else "-",
        ))  # fmt: skip
    screen.table(table, indent=0, align="<>>>>")


def advice_document(advice: Advice, told: Mapping[str, int] | None) -> dict[str, object]:
    """All of it."""
    return {
        "as_of": advice.as_of, "currency": advice.currency, "customers": advice.customers, "plan": advice.plan,
        "notes": advice.notes, "assumed": advice.assumed._asdict(), "told": told,
        "doubts": [{"entity": one.entity, "field": one.field, "causes": one.causes} for one in advice.doubts],
    }  # fmt: skip
