"""What a plant can do, as numbers: its bill of materials, lead times, routings and free hours, seen from one day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.supply.allocation_case import HOURS
from syncline.analytics.supply.bom import checked, low_levels
from syncline.analytics.supply.bounds import no_negatives, no_twins
from syncline.analytics.supply.lead_times import CURVES
from syncline.analytics.supply.stock import ON_HAND, OPEN_ORDERS
from syncline.analytics.tables import ALWAYS, Column, Layout, asked
from syncline.errors import RejectedError

ROUTING = Layout(
    row="one step in the making of one product",
    columns=(
        Column("product", pa.string(), available_at=ALWAYS),
        Column("step", pa.int64(), available_at=ALWAYS),
        Column("resource", pa.string(), available_at=ALWAYS),
        Column("setup_h", pa.float64(), unit="h", available_at=ALWAYS),
        Column("run_h", pa.float64(), unit="h", available_at=ALWAYS),
    ),
)
CYCLES = Layout(
    row="one finished operation of a work centre",
    columns=(
        Column("resource", pa.string(), available_at=ALWAYS),
        Column("planned_h", pa.float64(), unit="h", available_at=ALWAYS),
        Column("actual_h", pa.float64(), unit="h"),
    ),
)
_HORIZON = 1_500  #: days
Floats = NDArray[np.float64]


class Plant(NamedTuple):
    """The tables of a plant; only the bill of materials and the lead times of what is bought are needed."""

    bom: pa.Table  #: `BOM`
    lead_times: pa.Table  #: `CURVES`, of parts; of made items without routing it is the time of making
    on_hand: pa.Table | None = None  #: `ON_HAND`, free stock
    open_orders: pa.Table | None = None  #: `OPEN_ORDERS`
    routing: pa.Table | None = None  #: `ROUTING`; run_h is for one unit
    hours: pa.Table | None = None  #: `HOURS`, free ones by day
    cycles: pa.Table | None = None  #: `CYCLES`; without them, operations take what is planned


class Step(NamedTuple):
    """One step of making."""

    resource: str
    setup: float  #: [h]
    run: float  #: [h/unit]


class Shop(NamedTuple):
    """The same, as numbers from one day on."""

    order: Mapping[str, int]  #: low-level codes
    parts: Mapping[str, list[tuple[str, float]]]  #: of an assembly: component, units
    stock: Mapping[str, float]
    receipts: Mapping[str, list[tuple[float, float]]]  #: day, units; the earliest first
    curves: Mapping[str, Floats]  #: [d]
    steps: Mapping[str, list[Step]]
    hours: Mapping[str, Floats]  #: free hours until the start of each day, running total
    factors: Mapping[str, Floats]  #: actual / planned hours, as they were


def shop_of(plant: Plant, as_of: dt.date) -> Shop:
    """The tables of a plant as numbers.

    Raises:
        RejectedError: a figure is negative, an assembly contains itself, or a step is of an unknown work centre.
    """
    bom = checked(plant.bom, on=as_of)
    levels = low_levels(bom)
    parts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in bom.to_pylist():
        parts[row["assembly"]][row["component"]] += row["qty"] / (1 - (row["scrap"] or 0.0))
    steps, hours = _steps(plant.routing), _hours(plant.hours, as_of)
    if unknown := {step.resource for told in steps.values() for step in told} - hours.keys():
        raise RejectedError(
            f"A routing names the work centre {min(unknown)}, whose free hours are not told.",
            cure="Tell them day by day, as far as promises reach.",
        )
    return Shop(
        dict(zip(levels.column("item").to_pylist(), levels.column("level").to_pylist(), strict=True)),
        {item: list(told.items()) for item, told in parts.items()},
        _stock(plant.on_hand), _receipts(plant.open_orders, as_of), _curves(plant.lead_times),
        steps, hours, _factors(plant.cycles),
    )  # fmt: skip


def _stock(table: pa.Table | None) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    if table is not None:
        for row in no_negatives(asked(ON_HAND, table, name="on_hand"), ["qty"], name="on_hand").to_pylist():
            found[row["item"]] += row["qty"]
    return found


def _receipts(table: pa.Table | None, as_of: dt.date) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    if table is not None:
        rows = no_negatives(asked(OPEN_ORDERS, table, name="open_orders"), ["qty"], name="open_orders")
        for row in rows.sort_by("period").to_pylist():
            found[row["item"]].append((max(float((row["period"] - as_of).days), 0.0), row["qty"]))
    return found


def _curves(table: pa.Table) -> dict[str, Floats]:
    rows = no_twins(asked(CURVES, table, name="lead_times"), ["item"], name="lead_times").to_pylist()
    found = {row["item"]: np.sort(np.asarray(row["curve"], float)) for row in rows}
    for item, curve in found.items():
        if not len(curve) or not np.isfinite(curve).all() or curve[0] < 0:
            raise RejectedError(f"The lead times of {item} are none, or not all of them are days from 0 on.")
    return found


def _steps(table: pa.Table | None) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = defaultdict(list)
    if table is not None:
        rows = no_negatives(asked(ROUTING, table, name="routing"), ["setup_h", "run_h"], name="routing")
        for row in rows.sort_by("step").to_pylist():
            found[row["product"]].append(Step(row["resource"], row["setup_h"], row["run_h"]))
    return found


def _hours(table: pa.Table | None, as_of: dt.date) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    if table is None:
        return found
    rows = no_negatives(asked(HOURS, table, name="hours"), ["hours"], name="hours").to_pylist()
    last = max(((row["period"] - as_of).days for row in rows), default=0)
    if last > _HORIZON:
        raise RejectedError(f"The calendar reaches {last} days ahead; at most {_HORIZON} are taken.")
    for row in rows:
        free = found.setdefault(row["resource"], np.zeros(max(last, 0) + 2))
        if row["period"] >= as_of:
            free[(row["period"] - as_of).days + 1] += row["hours"]
    return {resource: np.cumsum(free) for resource, free in found.items()}


def _factors(table: pa.Table | None) -> dict[str, Floats]:
    found: dict[str, list[float]] = defaultdict(list)
    if table is not None:
        rows = no_negatives(asked(CYCLES, table, name="cycles"), ["planned_h", "actual_h"], name="cycles").to_pylist()
        for row in rows:
            if row["planned_h"] > 0:
                found[row["resource"]].append(row["actual_h"] / row["planned_h"])
    return {resource: np.sort(np.asarray(ratios)) for resource, ratios in found.items()}
