"""How a supply plan is told: what to order now, what to promise, how suppliers keep their word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from syncline.app.analyses.supplying import OrderPromise, SupplyPlan
from syncline.cli.foretelling import amount, show_doubts
from syncline.cli.show import BAD, DIM, GOOD, HEAD, WAITS, Cell, Screen, counted

_SHOWN = 12


def show_supply(screen: Screen, plan: SupplyPlan, told: Mapping[str, int] | None) -> None:
    """Three blocks, what is in doubt, and what was told."""
    _show_stocks(screen, plan)
    _show_promises(screen, plan)
    _show_suppliers(screen, plan)
    show_doubts(screen, plan.doubts)
    if told is None:
        screen.line(("nothing is told to other systems; --tell lets the planner hold the days", DIM))
    else:
        changed = sum(told.values())
        words = f"the planner tells {counted(changed, 'thing')} that {'is' if changed == 1 else 'are'} new"
        screen.line((words, GOOD), "; `syncline sync` carries them on" if changed else "")


def _show_stocks(screen: Screen, plan: SupplyPlan) -> None:
    rows = plan.stocks.to_pylist()
    known = [row for row in rows if row["reorder_point"] is not None]
    now = sorted((row for row in known if row["order_now"] > 0), key=lambda row: -row["order_now"] / row["demand"])
    screen.line(
        (f"{counted(len(now), 'product')} to order now", HEAD),
        f", of {counted(len(known), 'product')} with demand and a lead time, as of {plan.as_of}; in units of each",
    )
    if now:
        heads = ("product", "demand a day", "lead time", "available", "coming", "reorder at", "order now", "")
        table: list[Sequence[Cell]] = [[(head, DIM) for head in heads], *map(_stock, now[:_SHOWN])]
        screen.table(table, indent=0, align="<>>>>>><")
    if len(now) > _SHOWN:
        screen.line((f"and {len(now) - _SHOWN:,} more; --out FILE.csv has them all", DIM))
    flags: dict[str, int] = {}
    for row in rows:
        if row["flag"]:
            flags[row["flag"]] = flags.get(row["flag"], 0) + 1
    for flag, count in sorted(flags.items(), key=lambda pair: -pair[1]):
        screen.line((f"{counted(count, 'product')}: ", DIM), flag)
    screen.blank()


def _stock(row: Mapping[str, Any]) -> Sequence[Cell]:
    return (
        row["product"], amount(row["demand"]), f"{row['lead_time']:.0f} d", amount(row["available"]),
        amount(row["incoming"]), amount(row["reorder_point"]), (amount(row["order_now"]), WAITS),
        (row["flag"] or "", DIM),
    )  # fmt: skip


def _show_promises(screen: Screen, plan: SupplyPlan) -> None:
    late = [one for one in plan.orders if one.day and one.wanted and one.day > one.wanted]
    screen.line(
        (f"{counted(len(plan.orders), 'open order')}", HEAD),
        f", {len(late):,} later than wanted; a day is kept in 80 of 100 cases",
    )
    ranked = sorted(plan.orders, key=_lateness)
    if ranked:
        heads = ("order", "wanted", "agreed", "can be there", "hangs on")
        table: list[Sequence[Cell]] = [[(head, DIM) for head in heads], *map(_promise, ranked[:_SHOWN])]
        screen.table(table, indent=0)
    if len(ranked) > _SHOWN:
        screen.line((f"and {len(ranked) - _SHOWN:,} more; --json has them all", DIM))
    screen.blank()


def _lateness(one: OrderPromise) -> tuple[int, int, str]:
    if one.day is None:
        return 0, 0, one.number
    return 1, -(one.day - one.wanted).days if one.wanted else 0, one.number


def _promise(one: OrderPromise) -> Sequence[Cell]:
    is_late = one.day is None or (one.wanted is not None and one.day > one.wanted)
    day = str(one.day) if one.day else "cannot be said"
    hangs = one.flag or one.hangs_on
    return one.number, str(one.wanted or "-"), str(one.promised or "-"), (day, BAD if is_late else GOOD), hangs


def _show_suppliers(screen: Screen, plan: SupplyPlan) -> None:
    if plan.suppliers is None:
        screen.line(("nothing was ever received: how suppliers keep their word is not known", DIM))
        return
    heads = ("supplier", "product", "receipts", "half take", "9 of 10 take", "in time and full", "")
    rows = sorted(plan.suppliers.to_pylist(), key=lambda row: (-row["n"], row["vendor"], row["product"]))
    table: list[Sequence[Cell]] = [[(head, DIM) for head in heads]]
    for row in rows[:_SHOWN]:
        kept = f"{row['otif']:.0%}" if row["otif"] is not None else "-"
        table.append((
            row["vendor"], row["product"], str(row["n"]), f"{row['p50']:.0f} d", f"{row['p90']:.0f} d", kept,
            (row["flag"] or "", DIM),
        ))  # fmt: skip
    screen.table(table, indent=0, align="<<>>>><")
    screen.blank()


def supply_document(plan: SupplyPlan, told: Mapping[str, int] | None) -> dict[str, object]:
    """All of it."""
    return {
        "as_of": plan.as_of, "stocks": plan.stocks.to_pylist(),
        "suppliers": plan.suppliers.to_pylist() if plan.suppliers is not None else [],
        "orders": [one._asdict() for one in plan.orders],
        "doubts": [{"entity": one.entity, "field": one.field, "causes": one.causes} for one in plan.doubts],
        "told": told,
    }  # fmt: skip
