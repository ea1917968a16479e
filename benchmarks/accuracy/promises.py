"""Row 12: promises on the bills of materials of AdventureWorks, with delays that are drawn, kept or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from benchmarks.accuracy.adventureworks import bill_of_materials, read
from benchmarks.accuracy.rows import Row
from syncline.analytics.supply.capable import OrderLine, promises
from syncline.analytics.supply.lead_times import lead_time_curves
from syncline.analytics.supply.plant import Plant
from syncline.analytics.supply.promise import AS_DRAWN, Promise, day_at, sureness

_TODAY = dt.date(2025, 1, 6)
_PAST, _NEW, _SEED = 1_200, 2_000, 12
_LEAST, _MOST = 0.77, 0.83
_DAYS, _OPERATIONS = 400, 60
_STOCKED, _HELD_UP = 0.5, 0.125  #: shares of parts with stock, and of deliveries that are held up
_WORKING = 5  #: days of a week
_RUN = {"Subassembly": (0.5, 0.05), "Final Assembly": (1.0, 0.20)}  #: set-up [h], run [h/unit]
_FREE = {"Subassembly": 12.0, "Final Assembly": 8.0}  #: hours of a working day


class _World(NamedTuple):
    """The truth, of which the planner sees only what has happened."""

    parts: dict[str, list[tuple[str, float]]]
    usual: dict[str, float]  #: lead time that the vendor names [d]
    stock: dict[str, float]
    finished: set[str]


def kept(data: Path) -> Row:
    """Learn from purchase orders and from past promises; then promise new orders, and see which are kept at P80."""
    draw = np.random.default_rng(_SEED)
    folder = data / "adventureworks"
    bom = bill_of_materials(folder)
    world = _world(folder, bom, draw)
    plant = _plant(folder, bom, world, draw)
    lines = _orders(folder, world, draw)
    past, new = lines[:_PAST], lines[_PAST:]
    learnt = sureness(_outcomes(promises(past, plant, as_of=_TODAY, seed=1), past, world, draw))
    delivered = [_delivered(world, line, draw) for line in new]
    told = promises(new, plant, as_of=_TODAY, seed=2)
    shares = [
        float(np.mean([_is_kept(one, level.p80, day) for one, day in zip(told, delivered, strict=True)]))
        for level in (learnt, AS_DRAWN)
    ]
    ours = round(shares[0], 4)
    note = f"{_NEW} new orders after {_PAST} promises with a known end; without learning from those {shares[1]:.3f}"
    return Row(
        12, "capable_to_promise", "AdventureWorks, drawn delays", "share kept at P80", ours, "-", "0.77-0.83",
        _LEAST <= ours <= _MOST, note,
    )  # fmt: skip


def _is_kept(told: Promise, level: float, delivered: dt.date) -> bool:
    day = day_at(told.days, level, _TODAY)
    return day is not None and delivered <= day


def _world(folder: Path, bom: pa.Table, draw: np.random.Generator) -> _World:
    parts: dict[str, list[tuple[str, float]]] = {}
    for row in bom.to_pylist():
        if row["valid_to"] is None or row["valid_to"] > _TODAY:
            parts.setdefault(row["assembly"], []).append((row["component"], row["qty"]))
    usual = {row["ProductID"]: float(row["AverageLeadTime"]) for row in read(folder / "ProductVendor.csv.gz")}
    leaves = sorted({part for told in parts.values() for part, _ in told} - parts.keys())
    stock = {part: float(draw.integers(0, 60)) for part in leaves if draw.random() < _STOCKED}
    finished = {
        row["ProductID"] for row in read(folder / "Product.csv.gz") if row["FinishedGoodsFlag"] in {"1", "True"}
    }
    return _World(parts, usual, stock, finished)


def _lead_time(world: _World, part: str, draw: np.random.Generator) -> int:
    """What the vendor names, times a lognormal; one in eight is held up somewhere on the way besides."""
    held_up = draw.gamma(2.0, 5.0) if draw.random() < _HELD_UP else 0.0
    return max(round(world.usual[part] * float(draw.lognormal(0.0, 0.25)) + held_up), 1)


def _factor(draw: np.random.Generator) -> float:
    return float(draw.lognormal(0.1, 0.35))


def _plant(folder: Path, bom: pa.Table, world: _World, draw: np.random.Generator) -> Plant:
    heads = {row["PurchaseOrderID"]: row for row in read(folder / "PurchaseOrderHeader.csv.gz")}
    rows = [row for row in read(folder / "PurchaseOrderDetail.csv.gz") if row["ProductID"] in world.usual]
    ordered = [dt.date.fromisoformat(heads[row["PurchaseOrderID"]]["OrderDate"][:10]) for row in rows]
    days = [_lead_time(world, row["ProductID"], draw) for row in rows]
    count = len(rows)
    history = pa.table({
        "vendor": [heads[row["PurchaseOrderID"]]["VendorID"] for row in rows],
        "product": [row["ProductID"] for row in rows], "category": pa.nulls(count, pa.string()), "ordered": ordered,
        "promised": pa.nulls(count, pa.date32()),
        "received": [day + dt.timedelta(days=wait) for day, wait in zip(ordered, days, strict=True)],
        "qty": [float(row["OrderQty"]) for row in rows], "received_qty": [float(row["ReceivedQty"]) for row in rows],
        "rejected_qty": [float(row["RejectedQty"]) for row in rows],
    })  # fmt: skip
    resources = [_resource(world, item) for item in world.parts]
    dates = [_TODAY + dt.timedelta(days=place) for place in range(_DAYS)]
    worked = [(name, day, hours if day.weekday() < _WORKING else 0.0) for name, hours in _FREE.items() for day in dates]
    seen = [(name, 4.0, 4.0 * _factor(draw)) for name in _FREE for _ in range(_OPERATIONS)]
    return Plant(
        bom, lead_time_curves(history),
        on_hand=pa.table({"item": list(world.stock), "qty": list(world.stock.values())}),
        routing=pa.table({
            "product": list(world.parts), "step": [1] * len(resources), "resource": resources,
            "setup_h": [_RUN[name][0] for name in resources], "run_h": [_RUN[name][1] for name in resources],
        }),
        hours=_table(("resource", "period", "hours"), worked),
        cycles=_table(("resource", "planned_h", "actual_h"), seen),
    )  # fmt: skip


def _table(names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> pa.Table:
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def _resource(world: _World, item: str) -> str:
    return "Final Assembly" if item in world.finished else "Subassembly"


def _orders(folder: Path, world: _World, draw: np.random.Generator) -> list[OrderLine]:
    """Real lines of products all of whose parts somebody sells."""
    known: dict[str, bool] = {}

    def is_known(item: str) -> bool:
        if item not in known:
            parts = world.parts.get(item)
            known[item] = all(is_known(part) for part, _ in parts) if parts else item in world.usual
        return known[item]

    told = [row for row in read(folder / "SalesOrderDetail.csv.gz") if row["ProductID"] in world.parts]
    told = [row for row in told if is_known(row["ProductID"])]
    chosen = [told[place] for place in draw.integers(0, len(told), _PAST + _NEW)]
    return [OrderLine(str(n), row["ProductID"], float(row["OrderQty"]), _TODAY) for n, row in enumerate(chosen)]


def _outcomes(
    told: Sequence[Promise], lines: Sequence[OrderLine], world: _World, draw: np.random.Generator
) -> list[tuple[Promise, dt.date, dt.date]]:
    return [(one, _TODAY, _delivered(world, line, draw)) for one, line in zip(told, lines, strict=True)]


def _delivered(world: _World, line: OrderLine, draw: np.random.Generator) -> dt.date:
    """The day on which the truth delivers: parts come, then hours are worked off, day after day."""
    gross: dict[str, float] = {}

    def gather(item: str, qty: float) -> None:
        gross[item] = gross.get(item, 0.0) + qty
        for part, each in world.parts.get(item, ()):
            gather(part, qty * each)

    gather(line.product, line.qty)
    ready: dict[str, float] = {}

    def done(item: str) -> float:
        if item not in ready:
            parts = world.parts.get(item)
            if parts:
                setup, run = _RUN[_resource(world, item)]
                hours = (setup + run * gross[item]) * _factor(draw)
                ready[item] = _worked(max(done(part) for part, _ in parts), hours, _FREE[_resource(world, item)])
            else:
                covered = world.stock.get(item, 0.0) >= gross[item] - 1e-9
                ready[item] = 0.0 if covered else 1.0 + _lead_time(world, item, draw)
        return ready[item]

    return _TODAY + dt.timedelta(days=max(int(np.ceil(done(line.product) - 1e-9)) - 1, 0))


def _worked(begin: float, hours: float, free: float) -> float:
    day, left = int(begin), hours
    share = 1.0 - (begin - day)
    while True:
        most = share * free if (_TODAY + dt.timedelta(days=day)).weekday() < _WORKING else 0.0
        if most >= left:
            return day + 1 - share + left / free
        left, day, share = left - most, day + 1, 1.0
