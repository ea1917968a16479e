"""What is known beside the history, cell by cell: prices, promotions, buyers, lead times, and since when.

A value of a period counts as known from that period on, unless its column says `always`: an agreed price list, a
calendar. Promotions are plans, and known ahead unless their column says otherwise. Only what is known ahead may show a
forecast its future.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.layouts import CUSTOMERS, LEADTIMES, PRICES, PROMOTIONS
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.periods import ordinal
from syncline.analytics.tables import ALWAYS, Layout, asked, available_at

Array = NDArray[np.float64]


class Known(NamedTuple):
    """One quantity, products x periods: the last column is `horizon` periods after each product's history."""

    name: str
    cells: Array  #: NaN where nothing was told yet
    ahead: bool  #: known before its period

    def cut(self, periods: int, horizon: int) -> Known:
        """As it was `periods` ago: what was not known ahead is gone."""
        width = self.cells.shape[1] - periods
        cells = self.cells[:, :width].copy()
        if not self.ahead:
            cells[:, width - horizon :] = np.nan
        return self._replace(cells=cells)


class Sources(NamedTuple):
    """The tables that may be given."""

    prices: pa.Table | None = None
    promotions: pa.Table | None = None
    customers: pa.Table | None = None
    leadtime: pa.Table | None = None


def known_of(panel: Panel, sources: Sources, horizon: int) -> tuple[Known, ...]:
    """The cells of every table that was given."""
    found: list[Known] = []
    if sources.prices is not None:
        found.append(_cells(panel, sources.prices, (PRICES, "price", "prices"), horizon, fill="last"))
    if sources.promotions is not None:
        promo = _cells(panel, sources.promotions, (PROMOTIONS, "depth", "promotions"), horizon, fill="zero")
        found.append(promo._replace(ahead=_told_ahead(sources.promotions, "depth", default=True)))
    if sources.customers is not None:
        columns = ("buyers", "loyal_share")
        whose = sources.customers
        found += [_cells(panel, whose, (CUSTOMERS, column, "customers"), horizon, fill="zero") for column in columns]
    if sources.leadtime is not None:
        found.append(_cells(panel, sources.leadtime, (LEADTIMES, "lead_time", "leadtime"), horizon, fill="last"))
    return tuple(one.cut(0, horizon) for one in found)


def _cells(panel: Panel, table: pa.Table, what: tuple[Layout, str, str], horizon: int, *, fill: str) -> Known:
    layout, column, name = what
    rows = asked(layout, table, name=name)
    place = {key: at for at, key in enumerate(panel.keys)}
    keys = np.array([place.get(key, -1) for key in rows.column("key").to_pylist()])
    width = max(len(one) for one in panel.series) + horizon
    periods = ordinal(rows.column("period").to_numpy().astype("datetime64[D]"), panel.calendar.freq)
    starts = panel.ends + horizon - width + 1
    at = np.where(keys >= 0, periods - starts[keys], -1)
    cells = np.full((len(panel.keys), width), np.nan)
    values = rows.column(column).to_numpy()
    inside = (at >= 0) & (at < width)
    cells[keys[inside], at[inside]] = values[inside]
    if fill == "last":
        before = (keys >= 0) & (at < 0)
        order = np.argsort(periods[before], kind="stable")
        first = keys[before][order]
        cells[first, 0] = np.where(np.isnan(cells[first, 0]), values[before][order], cells[first, 0])
        cells = _carried(cells)
    else:
        cells = np.nan_to_num(cells, nan=0.0)
    return Known(column, cells, _told_ahead(table, column, default=False))


def _told_ahead(table: pa.Table, column: str, *, default: bool) -> bool:
    metadata = table.schema.field(column).metadata or {}
    return available_at(table, column) == ALWAYS if b"available_at" in metadata else default


def _carried(cells: Array) -> Array:
    """Each value goes on until the next one is told."""
    told = np.where(np.isnan(cells), 0, np.arange(cells.shape[1]))
    return np.asarray(cells[np.arange(len(cells))[:, None], np.maximum.accumulate(told, axis=1)])
