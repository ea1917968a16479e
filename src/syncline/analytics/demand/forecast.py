"""Forecast demand: for each product the method that would have been right, with quantiles, in units by driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Unpack

import numpy as np
import pyarrow as pa

from syncline.analytics.demand.assembling import Whole, backtest_of, notes_of, rows_of, whole_of
from syncline.analytics.demand.censoring import uncensor_demand
from syncline.analytics.demand.features import Sight
from syncline.analytics.demand.grouped import TREES, Part
from syncline.analytics.demand.hierarchy import grouped_by, groups_of
from syncline.analytics.demand.known import Sources, known_of
from syncline.analytics.demand.leading import with_pipeline
from syncline.analytics.demand.methods import METHODS
from syncline.analytics.demand.panel import Panel, panel_of
from syncline.analytics.demand.parts import parts_of
from syncline.analytics.demand.periods import SEASON
from syncline.analytics.demand.rolling import cuts_of
from syncline.analytics.demand.summing import reconciled, with_groups
from syncline.analytics.demand.wishes import Options, Wishes, wishes_of


class DemandForecast(NamedTuple):
    """What will be wanted, and how well that would have been known."""

    rows: pa.Table  #: `forecast_layout`: key, period, mean, quantiles, method, weight, drivers [units], cls, flag
    backtest: pa.Table  #: `BACKTEST`: each method on each class, at the past origins
    quantiles: tuple[float, ...]
    freq: str
    season: int  #: periods in a season
    pipeline_weights: tuple[float, ...]  #: beta of each step ahead, 0..1; empty without a pipeline
    notes: tuple[str, ...]  #: what a reader should know about the whole


class Seen(NamedTuple):
    """What a forecast was made from, and its parts."""

    panel: Panel
    wishes: Wishes
    parts: list[Part]
    whole: Whole
    weights: tuple[float, ...]


def forecast_demand(
    history: pa.Table, *, horizon: int, freq: str | None = None, **options: Unpack[Options]
) -> DemandForecast:
    """Forecast every product of a history, from the end of it.

    Args:
        history: `HISTORY`: key, period, qty [base unit/period].
        horizon: periods ahead.
        freq: D, W, M, Q or Y; None reads it from the periods.
        options: `Options`: quantiles, method, origins, season, as_of, and the tables of what else is known (prices,
            promotions, customers, leadtime, pipeline, stock, hierarchy).

    Returns:
        Rows whose drivers add up to the mean exactly; the backtest; notes.

    Raises:
        SetupError, RejectedError: the request or the history cannot be understood.

    Source:
        docs/how-to/forecast-my-orders.md; the methods name theirs (`methods`, `smoothing`, `intervals`, `newcomers`).

    >>> from datetime import date
    >>> days = [date(2026, month, 1) for month in range(1, 13)]
    >>> table = pa.table({"key": ["a"] * 12, "period": days, "qty": [10.0] * 12})
    >>> forecast_demand(table, horizon=1, freq="M").rows.select(["period", "mean", "q90"]).to_pylist()
    [{'period': datetime.date(2027, 1, 1), 'mean': 10.0, 'q90': 10.0}]
    """
    seen = seen_from(history, horizon, freq, options)
    panel, whole = seen.panel, seen.whole
    ends = np.concatenate([panel.ends, np.full(len(whole.keys) - len(panel.keys), panel.ends[0])])
    dates = panel.calendar.dates(ends[:, None] + np.arange(1, horizon + 1))
    return DemandForecast(
        rows_of(whole, dates, seen.wishes.levels),
        backtest_of(panel, seen.parts, seen.wishes),
        seen.wishes.levels,
        panel.calendar.freq,
        seen.wishes.season,
        seen.weights,
        notes_of(panel, seen.wishes.season),
    )


def seen_from(history: pa.Table, horizon: int, freq: str | None, options: Options) -> Seen:
    """The forecast and all that it was made from."""
    return seen_in(*sight_of(_uncensored(history, options.get("stock")), horizon, freq, options), options)


def sight_of(history: pa.Table, horizon: int, freq: str | None, options: Options) -> tuple[Sight, Wishes]:
    """What may be looked at, and how the forecast is to be made."""
    panel = panel_of(history, freq=freq, as_of=options.get("as_of"))
    wishes = wishes_of(options, horizon, SEASON[panel.calendar.freq], ("auto", TREES, *METHODS))
    given = (options.get("prices"), options.get("promotions"), options.get("customers"), options.get("leadtime"))
    tables = Sources(*given)
    return Sight(panel, known_of(panel, tables, horizon), horizon, wishes.season), wishes


def seen_in(sight: Sight, wishes: Wishes, options: Options) -> Seen:
    """The same from one origin, of which the histories and drivers are in sight."""
    panel, hierarchy = sight.panel, options.get("hierarchy")
    parts = parts_of(sight, wishes, groups_of(hierarchy), seed=options.get("seed", 1))
    whole, weights = whole_of(panel, parts, wishes), ()
    if (pipeline := options.get("pipeline")) is not None:
        cuts = cuts_of(panel, horizon=wishes.horizon, origins=wishes.origins)
        whole, beta = with_pipeline(panel, whole, pipeline, cuts)
        weights = tuple(beta.tolist())
    if hierarchy is not None:
        groups = grouped_by(hierarchy, panel.keys)
        moved = reconciled(panel, whole, groups, wishes) if options.get("reconcile", False) else whole
        whole = with_groups(panel, moved, groups, wishes)
    return Seen(panel, wishes, parts, whole, weights)


def _uncensored(history: pa.Table, stock: pa.Table | None) -> pa.Table:
    """The history with what would have been sold where stock ran out."""
    if stock is None:
        return history
    found = uncensor_demand(history, stock)
    names: Mapping[str, str] = {"qty_unconstrained": "qty"}
    return found.select(["key", "period", "qty_unconstrained"]).rename_columns(names)
