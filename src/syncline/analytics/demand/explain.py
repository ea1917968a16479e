"""Why a forecast is what it is: its drivers in units, with the rows that each rests on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from syncline.analytics.demand.forecast import DemandForecast
from syncline.analytics.demand.layouts import DRIVERS
from syncline.analytics.demand.periods import checked_freq, ordinal
from syncline.errors import RejectedError

LATEST = 8  #: rows of the history that a level is shown with
_LEAST = 1e-9

_TABLE = {"level": "history", "season": "history", "price": "prices", "promo": "promotions", "pipeline": "pipeline"}


class Driver(NamedTuple):
    """One part of a forecast."""

    name: str
    units: float  #: [unit of demand]; the drivers of a forecast add up to its mean
    direction: Literal["up", "down", "none"]
    evidence: str  #: the table that it rests on; empty where there is none
    evidence_rows: tuple[int, ...]  #: rows of that table, from 0


def explain_forecast(
    forecast: DemandForecast, key: str, period: date, *, tables: Mapping[str, pa.Table] | None = None
) -> list[Driver]:
    """The drivers of one forecast, the largest first; their units add up to the mean.

    Args:
        forecast: of `forecast_demand`.
        key: the product.
        period: as the forecast writes it.
        tables: what it was made from (history, prices, promotions, pipeline), to show the rows.

    Raises:
        RejectedError: there is no such forecast.

    >>> days = [date(2026, month, 1) for month in range(1, 13)]
    >>> table = pa.table({"key": ["a"] * 12, "period": days, "qty": [10.0] * 12})
    >>> from syncline.analytics.demand.forecast import forecast_demand
    >>> found = forecast_demand(table, horizon=1, freq="M")
    >>> explain_forecast(found, "a", date(2027, 1, 1), tables={"history": table})[0][:4]
    ('level', 10.0, 'up', 'history')
    """
    rows = forecast.rows
    mine = rows.filter(pc.and_(pc.equal(rows.column("key"), key), pc.equal(rows.column("period"), pa.scalar(period))))
    if not len(mine):
        raise RejectedError(f"There is no forecast of {key} for {period}.", cure="Use a key and a period of its rows.")
    told = [(name, float(mine.column(name)[0].as_py())) for name in DRIVERS]
    found = [
        Driver(
            name,
            units,
            "up" if units > _LEAST else "down" if units < -_LEAST else "none",
            *_evidence(name, (forecast, key, period), tables or {}),
        )
        for name, units in told
    ]
    return sorted(found, key=lambda one: -abs(one.units))


def _evidence(
    name: str, what: tuple[DemandForecast, str, date], tables: Mapping[str, pa.Table]
) -> tuple[str, tuple[int, ...]]:
    forecast, key, period = what
    source = _TABLE.get(name, "")
    table = tables.get(source)
    if table is None:
        return "", ()
    rows = pc.indices_nonzero(pc.equal(table.column("key").cast(pa.string()), key)).to_numpy()
    if name == "pipeline":
        return source, tuple(rows.tolist())
    freq = checked_freq(forecast.freq)
    days = table.column("period").to_numpy().astype("datetime64[D]")[rows]
    periods, target = ordinal(days, freq), ordinal(np.array([period], "M8[D]"), freq)[0]
    order = rows[np.argsort(periods, kind="stable")]
    if name == "season":
        same = (periods < target) & ((target - periods) % max(forecast.season, 1) == 0)
        return source, tuple(rows[same].tolist())
    return source, tuple(order[-LATEST:].tolist())
