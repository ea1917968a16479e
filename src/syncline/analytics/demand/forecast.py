"""Forecast demand: for each product the method that would have been right, with quantiles, in units by driver."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.assembling import backtest_of, notes_of, rows_of, whole_of
from syncline.analytics.demand.features import Sight
from syncline.analytics.demand.grouped import TREES, Wishes
from syncline.analytics.demand.hierarchy import grouped_by, groups_of
from syncline.analytics.demand.known import Sources, known_of
from syncline.analytics.demand.methods import METHODS
from syncline.analytics.demand.panel import panel_of
from syncline.analytics.demand.parts import parts_of
from syncline.analytics.demand.periods import SEASON
from syncline.analytics.demand.summing import reconciled, with_groups
from syncline.errors import SetupError

Array = NDArray[np.float64]

QUANTILES = (0.1, 0.5, 0.9, 0.95)
FARTHEST = 1000  #: periods ahead
MOST_ORIGINS = 24


class DemandForecast(NamedTuple):
    """What will be wanted, and how well that would have been known."""

    rows: pa.Table  #: `forecast_layout`: key, period, mean, quantiles, method, weight, drivers [units], cls, flag
    backtest: pa.Table  #: `BACKTEST`: each method on each class, at the past origins
    quantiles: tuple[float, ...]
    freq: str
    season: int  #: periods in a season
    notes: tuple[str, ...]  #: what a reader should know about the whole


def forecast_demand(  # noqa: PLR0913  what is known beside the history is many tables
    history: pa.Table,
    *,
    horizon: int,
    freq: str | None = None,
    quantiles: Sequence[float] = QUANTILES,
    method: str = "auto",
    origins: int = 3,
    season: int | None = None,
    thorough: bool = False,
    as_of: date | None = None,
    prices: pa.Table | None = None,
    promotions: pa.Table | None = None,
    customers: pa.Table | None = None,
    leadtime: pa.Table | None = None,
    hierarchy: pa.Table | None = None,
    reconcile: bool = False,
    seed: int = 1,
) -> DemandForecast:
    """Forecast every product of a history.

    Args:
        history: `HISTORY`: key, period, qty [base unit/period].
        horizon: periods ahead.
        freq: D, W, M, Q or Y; None reads it from the periods.
        quantiles: levels, 0..1.
        method: "auto", or one of `METHODS` for all products.
        origins: past origins at which methods are compared, `horizon` periods apart.
        season: periods in a season; None is the usual one of the frequency (7, 52, 12, 4, 1).
        thorough: try AutoETS and AutoCES as well: two minutes per 1,000 monthly products.
        as_of: the last complete period; what is later is not used.
        prices: `PRICES`; its future is used only if the column says that it is known `always` (an agreed list).
        promotions: `PROMOTIONS`; plans, known ahead unless the column says otherwise.
        customers: `CUSTOMERS`: buyers, and the share of loyal ones.
        leadtime: `LEADTIMES`: what was quoted [d].
        hierarchy: `BELONGS`: key, group; the groups get rows of their own, which are sums of the products.
        reconcile: forecast the groups as well, and move the products towards them (MinT).
        seed: of what is drawn while trees are grown.

    Returns:
        Rows whose drivers add up to the mean exactly; the backtest; notes.

    Raises:
        SetupError, RejectedError: the request or the history cannot be understood.

    Source:
        docs/how-to/forecast-my-orders.md; the methods name theirs (`methods`, `smoothing`, `intervals`, `newcomers`).

    >>> days = [date(2026, month, 1) for month in range(1, 13)]
    >>> table = pa.table({"key": ["a"] * 12, "period": days, "qty": [10.0] * 12})
    >>> forecast_demand(table, horizon=1, freq="M").rows.select(["period", "mean", "q90"]).to_pylist()
    [{'period': datetime.date(2027, 1, 1), 'mean': 10.0, 'q90': 10.0}]
    """
    panel = panel_of(history, freq=freq, as_of=as_of)
    length = season if season is not None else SEASON[panel.calendar.freq]
    wishes = Wishes(horizon, length, tuple(quantiles), origins, method, thorough)
    _check(wishes)
    known = known_of(panel, Sources(prices, promotions, customers, leadtime), horizon)
    parts = parts_of(Sight(panel, known, horizon, length), wishes, groups_of(hierarchy), seed=seed)
    whole = whole_of(panel, parts, wishes)
    if hierarchy is not None:
        groups = grouped_by(hierarchy, panel.keys)
        whole = with_groups(panel, reconciled(panel, whole, groups, wishes) if reconcile else whole, groups, wishes)
    ends = np.concatenate([panel.ends, np.full(len(whole.keys) - len(panel.keys), panel.ends[0])])
    dates = panel.calendar.dates(ends[:, None] + np.arange(1, horizon + 1))
    return DemandForecast(
        rows_of(whole, dates, wishes.levels),
        backtest_of(panel, parts, wishes),
        wishes.levels,
        panel.calendar.freq,
        length,
        notes_of(panel, length),
    )


def _check(wishes: Wishes) -> None:
    if not 1 <= wishes.horizon <= FARTHEST:
        raise SetupError(f"A horizon of {wishes.horizon} periods cannot be forecast.", cure=f"Use 1 to {FARTHEST}.")
    if not wishes.levels or not all(0 < one < 1 for one in wishes.levels):
        raise SetupError("A quantile lies between 0 and 1.", cure="Give for instance 0.1, 0.5, 0.9.")
    if not 1 <= wishes.origins <= MOST_ORIGINS:
        raise SetupError(f"{wishes.origins} origins cannot be tried.", cure=f"Use 1 to {MOST_ORIGINS}.")
    if wishes.season < 1:
        raise SetupError(f"A season of {wishes.season} periods does not exist.", cure="Use 1 for none.")
    if wishes.method not in {"auto", TREES, *METHODS}:
        raise SetupError(f"There is no method {wishes.method!r}.", cure=f"Use auto, {TREES}, {', '.join(METHODS)}.")
