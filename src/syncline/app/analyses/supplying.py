"""Supply, from the agreed data: how long suppliers take, what to keep and to order, and what day to promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from syncline.analytics.dataset.doubt import Doubt, doubts_in
from syncline.analytics.demand.periods import regular_periods
from syncline.analytics.supply.bom import BOM
from syncline.analytics.supply.capable import OrderLine, promises
from syncline.analytics.supply.lead_times import CURVES, LEAD_TIMES, PO_LINES, lead_time_curves, lead_time_stats
from syncline.analytics.supply.lot_size import LotRules, rounded_up
from syncline.analytics.supply.plant import Plant
from syncline.analytics.supply.promise import Promise
from syncline.analytics.supply.reorder_points import DAILY, reorder_points
from syncline.analytics.supply.stock import ON_HAND, OPEN_ORDERS
from syncline.analytics.tables import Column, Layout, made
from syncline.app.analyses.agreed import AgreedData
from syncline.app.analyses.forecasting import agreed_orders
from syncline.app.analyses.telling import Conclusion, known, tell
from syncline.connectors.systems.planner.tables import Told
from syncline.errors import RejectedError

_ENTITIES = ("sales_order", "stock_level", "purchase_order", "supplier", "product", "bill_of_materials")
_WEEK = 7.0  #: [d]
_LOOKED_AT = 52  #: weeks of demand
_LONGEST = 3_650  #: a lead time of more days is a slip of the pen
_MOST_UNITS = 1e12
_SURE = 80  #: of 100 promises that are kept
Rows = list[dict[str, Any]]

STOCKS = Layout(
    row="one product that is bought or sold",
    columns=(
        Column("product", pa.string()),
        Column("demand", pa.float64(), unit="unit/d"),
        Column("lead_time", pa.float64(), unit="d", nullable=True),
        Column("available", pa.float64(), unit="unit"),
        Column("incoming", pa.float64(), unit="unit"),
        Column("safety_stock", pa.float64(), unit="unit", nullable=True),
        Column("reorder_point", pa.float64(), unit="unit", nullable=True),
        Column("order_quantity", pa.float64(), unit="unit", nullable=True),
        Column("order_now", pa.float64(), unit="unit"),
        Column("flag", pa.string(), nullable=True),
    ),
)


class Wanted(NamedTuple):
    """What is asked for."""

    level: float = 0.95  #: share of order cycles without a stock-out
    review_days: float = 7.0  #: time between two looks at the stock [d]
    as_of: date | None = None  #: today, where it is none


class OrderPromise(NamedTuple):
    """By when one order can be delivered."""

    eid: int
    number: str
    wanted: date | None
    promised: date | None  #: what the systems agree on now
    day: date | None  #: kept in 80 of 100 cases; None: nothing is known of a part
    is_measured: bool  #: does the day rest on receipts, not only on what somebody tells?
    hangs_on: str
    flag: str


class SupplyPlan(NamedTuple):
    """What to keep, what to order, what to promise."""

    as_of: date
    stocks: pa.Table  #: `STOCKS`
    suppliers: pa.Table | None  #: `LEAD_TIMES`; None where nothing was ever received
    orders: tuple[OrderPromise, ...]
    doubts: tuple[Doubt, ...]


def plan_supply(data: AgreedData, wanted: Wanted) -> SupplyPlan:
    """Reckon lead times, stocks and promises as of today."""
    as_of = wanted.as_of or data.at.date()
    names, suppliers = data.products(), data.suppliers()
    receipts = _receipts(data, names, suppliers)
    measured = lead_time_stats(receipts, as_of=as_of) if _any_received(receipts) else None
    curves, notes = _curves(data, names, receipts)
    demand = _demand(data, as_of)
    stock = {names[row["product"]]: row for row in data.facts("stock").to_pylist() if row["product"] in names}
    coming = _coming(data, names, as_of)
    sources = _sources(data, names)
    kept = sorted({*demand, *curves, *stock} - _retired(data, names))
    points = _reorder_points(kept, demand, curves, wanted)
    stocks = [
        _stock(points[name], stock.get(name), coming.get(name, 0.0), sources.get(name, {}), wanted) for name in kept
    ]
    table = made(STOCKS, {one: [row[one] for row in stocks] for one in STOCKS.schema.names})
    plant = _plant(data, names, curves, as_of)
    orders = _promises(data, names, plant, as_of, notes)
    return SupplyPlan(as_of, table, measured, orders, doubts_in(data.doubts, _ENTITIES))


def tell_supply(data: AgreedData, folder: Path, plan: SupplyPlan) -> Mapping[str, int]:
    """Let the planner tell a day for each open order, or that none can be said; table -> rows with news."""
    first = {row["sales_order"]: row["first_promise_date"] for row in known(folder, "orders")}
    orders = [Conclusion(one.eid, str(one.eid), _values(one, first.get(str(one.eid)))) for one in plan.orders]
    return {"orders": tell(data.hub, folder, "orders", orders)}


def _values(one: OrderPromise, first: Told) -> Mapping[str, Told]:
    """Nobody is promised a day before the one that is wanted."""
    if one.day is None:
        return {"number": one.number, "promise_date": None, "promise_confidence": None, "delay_reason": one.flag}
    day = max(one.day, one.wanted) if one.wanted else one.day
    began = date.fromisoformat(str(first)) if first else day
    late = (day - began).days
    return {
        "number": one.number, "promise_date": day.isoformat(), "first_promise_date": began.isoformat(),
        "promise_confidence": str(_SURE) if one.is_measured else None, "delay_days": late,
        "delay_reason": one.hangs_on if late > 0 else None,
    }  # fmt: skip


# --- what the data say ------------------------------------------------------------------------------------------------


def _receipts(data: AgreedData, names: Mapping[int, str], suppliers: Mapping[int, str]) -> pa.Table:
    told = [
        {
            "vendor": suppliers.get(row["supplier"], "unknown"), "product": names.get(row["product"], "unknown"),
            "category": None, "ordered": row["ordered_on"], "promised": row["promise_date"],
            "received": row["received_on"], "qty": row["quantity"] or 0.0, "received_qty": row["received_quantity"],
            "rejected_qty": row["rejected_quantity"],
        }
        for row in data.facts("receipts").to_pylist()
        if _makes_sense(row)
    ]  # fmt: skip
    return pa.Table.from_pylist(told, schema=PO_LINES.schema)


def _makes_sense(row: Mapping[str, Any]) -> bool:
    """A slip of the pen in one record must not stop the plan for all: it counts for nothing here."""
    units = (row["quantity"] or 0.0, row["received_quantity"] or 0.0, row["rejected_quantity"] or 0.0)
    days = row["lead_time"]
    return all(0 <= one <= _MOST_UNITS for one in units) and (days is None or 0 <= days <= _LONGEST)


def _retired(data: AgreedData, names: Mapping[int, str]) -> set[str]:
    """Products that nobody sells any more: none of them is ordered again."""
    rows = data.backend.table("product").select("eid", "active", "stage").to_pyarrow().to_pylist()
    return {names[row["eid"]] for row in rows if row["active"] is False or row["stage"] == "retired"}


def _any_received(receipts: pa.Table) -> bool:
    return any(one is not None for one in receipts.column("received").to_pylist())


def _curves(
    data: AgreedData, names: Mapping[int, str], receipts: pa.Table
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Lead times [d] by product, as equally likely values, and what each leans on.

    What is said of the future counts for the level, the past for the spread: where a supplier or the product tells a
    lead time, the past ones are stretched so that their median is what is told.
    """
    past = (
        {row["item"]: row["curve"] for row in lead_time_curves(receipts).to_pylist()} if _any_received(receipts) else {}
    )
    curves, notes = dict(past), dict.fromkeys(past, "as measured")
    for name, told in _told_lead_times(data, names).items():
        middle = float(np.median(past[name])) if name in past else 0.0
        curves[name] = [one * told / middle for one in past[name]] if middle > 0 else [told]
        notes[name] = f"{told:g} days as told" + (
            ", spread as measured" if middle > 0 else ", nothing was received yet"
        )
    return curves, notes


def _told_lead_times(data: AgreedData, names: Mapping[int, str]) -> dict[str, float]:
    """By the preferred source of a product, else by the quickest, else by the product itself."""
    told: dict[str, float] = {}
    for row in data.backend.table("product").select("eid", "lead_time").to_pyarrow().to_pylist():
        if _is_days(row["lead_time"]):
            told[names[row["eid"]]] = row["lead_time"]
    for name, source in _sources(data, names).items():
        if _is_days(source.get("lead_time")):
            told[name] = source["lead_time"]
    for name, days in _last_suppliers(data, names).items():
        told.setdefault(name, days)
    return told


def _sources(data: AgreedData, names: Mapping[int, str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    rows = data.facts("sources").to_pylist()
    for row in sorted(rows, key=lambda one: (not one["preferred"], one["lead_time"] is None, one["lead_time"] or 0.0)):
        found.setdefault(names.get(row["product"], ""), row)
    return found


def _last_suppliers(data: AgreedData, names: Mapping[int, str]) -> dict[str, float]:
    """What the supplier of the last purchase order of a product tells of itself."""
    usual = {
        row["eid"]: row["lead_time"]
        for row in data.backend.table("supplier").select("eid", "lead_time").to_pyarrow().to_pylist()
    }
    found: dict[str, float] = {}
    for row in sorted(data.facts("receipts").to_pylist(), key=lambda one: (one["ordered_on"], one["number"] or "")):
        days = usual.get(row["supplier"])
        if days is not None and _is_days(days) and row["product"] in names:
            found[names[row["product"]]] = days
    return found


def _is_days(told: float | None) -> bool:
    return told is not None and 0 <= told <= _LONGEST


def _demand(data: AgreedData, as_of: date) -> dict[str, tuple[float, float]]:
    """Product -> mean and standard deviation of a day's demand [unit/d], by the last 52 whole weeks."""
    orders = agreed_orders(data)
    orders = orders.filter(pc.less_equal(orders.column("date"), pa.scalar(as_of, pa.date32())))
    orders = orders.filter(pc.less_equal(pc.abs(orders.column("qty")), _MOST_UNITS))
    if not len(orders):
        return {}
    end = as_of - timedelta(days=as_of.weekday() + 1)
    if min(orders.column("date").to_pylist()) > end:
        return {}
    weeks: dict[str, list[float]] = {}
    for row in regular_periods(orders, freq="W", as_of=end).select(["key", "qty"]).to_pylist():
        weeks.setdefault(row["key"], []).append(row["qty"])
    return {
        key: (float(np.mean(values[-_LOOKED_AT:])) / _WEEK, float(np.std(values[-_LOOKED_AT:])) / _WEEK**0.5)
        for key, values in weeks.items()
    }


def _coming(data: AgreedData, names: Mapping[int, str], as_of: date) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, _, units in _open_purchases(data, names, as_of):
        found[name] = found.get(name, 0.0) + units
    return found


def _open_purchases(data: AgreedData, names: Mapping[int, str], as_of: date) -> list[tuple[str, date, float]]:
    """What is on its way: product, day, units."""
    found = []
    for row in data.facts("receipts").to_pylist():
        left = (row["quantity"] or 0.0) - (row["received_quantity"] or 0.0)
        is_open = row["received_on"] is None and row["state"] not in {"received", "closed"}
        if is_open and row["product"] in names and 0 < left <= _MOST_UNITS:
            found.append((names[row["product"]], max(row["promise_date"] or as_of, as_of), left))
    return found


# --- what follows -----------------------------------------------------------------------------------------------------


def _reorder_points(
    names: Sequence[str],
    demand: Mapping[str, tuple[float, float]],
    curves: Mapping[str, Sequence[float]],
    wanted: Wanted,
) -> dict[str, dict[str, Any]]:
    """As `REORDER`, with the mean demand [unit/d] of each product."""
    daily = {name: demand.get(name, (0.0, 0.0)) for name in names}
    table = made(DAILY, {
        "product": names, "mean_d": [mean for mean, _ in daily.values()], "sd_d": [sd for _, sd in daily.values()],
        "order_qty": [None] * len(names),
    })  # fmt: skip
    times = pa.Table.from_pylist([_lead_time(name, curve) for name, curve in curves.items()], schema=LEAD_TIMES.schema)
    found = reorder_points(table, times, service="cycle", level=wanted.level, review_days=wanted.review_days)
    return {row["product"]: row | {"demand": daily[row["product"]][0]} for row in found.to_pylist()}


def _lead_time(name: str, curve: Sequence[float]) -> dict[str, Any]:
    p50, p90, p95 = np.quantile(curve, (0.5, 0.9, 0.95))
    return {
        "vendor": "", "product": name, "n": len(curve), "mean_d": float(np.mean(curve)), "sd_d": float(np.std(curve)),
        "p50": float(p50), "p90": float(p90), "p95": float(p95),
    }  # fmt: skip


def _stock(
    known: Mapping[str, Any],
    stock: Mapping[str, Any] | None,
    incoming: float,
    source: Mapping[str, Any],
    wanted: Wanted,
) -> dict[str, object]:
    available = float(stock["available"] or 0.0) if stock else 0.0
    row: dict[str, object] = {
        "product": known["product"], "demand": known["demand"], "lead_time": known["mean_lead_d"],
        "available": available, "incoming": incoming, "safety_stock": None, "reorder_point": None,
        "order_quantity": None, "order_now": 0.0, "flag": known["flag"],
    }  # fmt: skip
    if known["rop_units"] is None or not known["demand"]:
        return row | {"flag": known["flag"] or "nobody has ordered it"}
    rules = LotRules(least=source.get("minimum_order") or 0.0, multiple=source.get("order_multiple") or 1.0)
    point = max(known["rop_units"], 0.0)
    lot, short = rounded_up(known["demand"] * max(wanted.review_days, 1.0), rules), point - available - incoming
    return row | {
        "safety_stock": max(known["ss_units"], 0.0), "reorder_point": point, "order_quantity": lot,
        "order_now": rounded_up(short + lot, rules) if short > 0 else 0.0,
        "flag": None if stock else "no stock is told: taken for none",
    }  # fmt: skip


def _plant(data: AgreedData, names: Mapping[int, str], curves: Mapping[str, Sequence[float]], as_of: date) -> Plant:
    bom = [
        {
            "assembly": names[row["assembly"]], "component": names[row["component"]], "qty": row["quantity"],
            "scrap": row["scrap"], "valid_from": row["valid_from"], "valid_to": row["valid_until"],
        }
        for row in data.facts("components").to_pylist()
        if row["assembly"] in names and row["component"] in names
        and 0 < (row["quantity"] or 0.0) <= _MOST_UNITS and 0 <= row["scrap"] < 1
    ]  # fmt: skip
    free = [
        {"item": names[row["product"]], "qty": max(float(row["available"] or 0.0), 0.0)}
        for row in data.facts("stock").to_pylist()
        if row["product"] in names
    ]
    coming = [{"item": name, "period": day, "qty": units} for name, day, units in _open_purchases(data, names, as_of)]
    times = [{"item": name, "n": len(curve), "curve": sorted(curve)} for name, curve in curves.items()]
    return Plant(
        pa.Table.from_pylist(bom, schema=BOM.schema), pa.Table.from_pylist(times, schema=CURVES.schema),
        on_hand=pa.Table.from_pylist(free, schema=ON_HAND.schema),
        open_orders=pa.Table.from_pylist(coming, schema=OPEN_ORDERS.schema),
    )  # fmt: skip


def _promises(
    data: AgreedData, names: Mapping[int, str], plant: Plant, as_of: date, notes: Mapping[str, str]
) -> tuple[OrderPromise, ...]:
    """Whoever asked for an earlier day comes first, and takes what is there of goods and of their parts."""
    lines = [
        row for row in data.facts("order_lines").to_pylist() if row["open_quantity"] > 0 and row["product"] in names
    ]
    lines.sort(
        key=lambda row: (row["requested_date"] or row["ordered_on"], row["ordered_on"], row["order"], row["line"])
    )
    asked = [
        OrderLine(
            f"{row['order']}/{row['line']}", names[row["product"]], row["open_quantity"], row["requested_date"] or as_of
        )
        for row in lines
    ]
    by_order: dict[int, list[tuple[dict[str, Any], Promise]]] = {}
    for row, promise in zip(lines, _in_turn(asked, plant, as_of), strict=True):
        by_order.setdefault(row["order"], []).append((row, promise))
    return tuple(_of_order(eid, own, names, notes) for eid, own in by_order.items())


def _in_turn(asked: Sequence[OrderLine], plant: Plant, as_of: date) -> list[Promise]:
    """A bill of materials that contains itself makes nothing: without any, what it makes is to be bought."""
    try:
        return promises(asked, plant, as_of=as_of, in_turn=True)
    except RejectedError:
        return promises(asked, plant._replace(bom=BOM.schema.empty_table()), as_of=as_of, in_turn=True)


def _of_order(
    eid: int, lines: Sequence[tuple[dict[str, Any], Promise]], names: Mapping[int, str], notes: Mapping[str, str]
) -> OrderPromise:
    """As late as its latest line."""
    first = lines[0][0]
    wanted = max((row["requested_date"] for row, _ in lines if row["requested_date"]), default=None)
    agreed = max((row["promise_date"] for row, _ in lines if row["promise_date"]), default=None)
    row, last = max(lines, key=lambda one: (one[1].p80 is None, one[1].p80 or date.min))
    what = last.bottleneck or ""
    leans = notes.get(what.removeprefix("part "), "")
    hangs_on = f"{what} ({leans})" if what and leans else what or f"{names[row['product']]} is there"
    is_told = bool(what) and notes.get(what.removeprefix("part "), "as measured") != "as measured"
    flag = last.flag or (
        "it rests on a lead time as told: nothing was received yet" if is_told and "nothing" in leans else ""
    )
    return OrderPromise(eid, first["number"] or "", wanted, agreed, last.p80, not flag, hangs_on, flag)
