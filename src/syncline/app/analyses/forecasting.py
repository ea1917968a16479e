"""Forecasts of demand, from the agreed orders of a project or from a file of order lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from syncline.analytics.dataset.doubt import Doubt, doubts_in
from syncline.analytics.dataset.files import read_table
from syncline.analytics.demand.forecast import DemandForecast, forecast_demand
from syncline.analytics.demand.layouts import ORDERS
from syncline.analytics.demand.periods import checked_freq, first_day, ordinal, regular_periods
from syncline.app.analyses.agreed import AgreedData
from syncline.errors import RejectedError

_STALE = 2  #: periods without any order, from which it is said


class Asked(NamedTuple):
    """What is to be forecast."""

    freq: str = "W"
    horizon: int = 8  #: periods
    as_of: date | None = None  #: the last day that is looked at; None: the last complete period
    method: str = "auto"
    thorough: bool = False
    most: int = 0  #: products with the most demand; 0: all


class Forecast(NamedTuple):
    """A forecast, and what it was made from."""

    made: DemandForecast
    history: pa.Table  #: `PERIODS`
    as_of: date
    doubts: tuple[Doubt, ...]
    notes: tuple[str, ...]


def forecast_agreed(data: AgreedData, asked: Asked) -> Forecast:
    """Forecast what will be ordered of each product, from the orders on which the systems agree."""
    return _forecast(agreed_orders(data), asked, today=data.at.date(), doubts=doubts_in(data.doubts, ["sales_order"]))


def forecast_file(path: Path, asked: Asked, *, columns: Mapping[str, str], today: date) -> Forecast:
    """The same from the order lines of a file: key, date, qty."""
    return _forecast(read_table(path, ORDERS, columns=columns), asked, today=today, doubts=())


def agreed_orders(data: AgreedData) -> pa.Table:
    """The lines of all orders that somebody wants, as `ORDERS`."""
    lines, products = data.facts("order_lines"), data.products()
    return pa.table(
        {
            "key": pa.array([products.get(one, f"#{one}") for one in lines.column("product").to_pylist()], pa.string()),
            "date": lines.column("ordered_on"), "qty": lines.column("quantity"),
        }
    )  # fmt: skip


def _forecast(orders: pa.Table, asked: Asked, *, today: date, doubts: tuple[Doubt, ...]) -> Forecast:
    if not len(orders):
        raise RejectedError("There are no orders to forecast from.", cure="Run `syncline sync` first, or name a file.")
    freq = checked_freq(asked.freq)
    as_of, notes = _as_of(orders, asked, today)
    history = regular_periods(_largest(orders, asked.most), freq=freq, as_of=as_of)
    made = forecast_demand(
        history.select(["key", "period", "qty"]), freq=freq, horizon=asked.horizon, method=asked.method,
        thorough=asked.thorough,
    )  # fmt: skip
    return Forecast(made, history, as_of, doubts, (*notes, *made.notes))


def _as_of(orders: pa.Table, asked: Asked, today: date) -> tuple[date, Sequence[str]]:
    """The end of the last complete period that has orders; what has begun says too little."""
    if asked.as_of is not None:
        return asked.as_of, ()
    freq = checked_freq(asked.freq)
    last: date = pc.max(orders.column("date")).as_py()
    current, latest = (int(ordinal(np.array([one], "M8[D]"), freq)[0]) for one in (today, last))
    if latest >= current:
        return first_day(np.array([current]), freq)[0].item() - timedelta(days=1), ()
    end = first_day(np.array([latest + 1]), freq)[0].item() - timedelta(days=1)
    old = f"The last order is of {last}; the forecast begins after it. With --as-of it begins elsewhere."
    return end, (old,) if current - latest > _STALE else ()


def _largest(orders: pa.Table, most: int) -> pa.Table:
    if not most:
        return orders
    totals = (
        orders.group_by("key").aggregate([("qty", "sum")]).sort_by([("qty_sum", "descending"), ("key", "ascending")])
    )
    return orders.filter(pc.is_in(orders.column("key"), totals.column("key")[:most]))
