"""Forecast demand: for each product the method that would have been right, with quantiles, in units by driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.assembling import backtest_of, notes_of, rows_of
from syncline.analytics.demand.classify import NO_DEMAND
from syncline.analytics.demand.grouped import NEW, Part, Wishes, class_of, forecast_class, pools_of
from syncline.analytics.demand.intervals import drawn
from syncline.analytics.demand.layouts import DRIVERS
from syncline.analytics.demand.methods import METHODS
from syncline.analytics.demand.newcomers import established, newcomer
from syncline.analytics.demand.panel import Panel, panel_of
from syncline.analytics.demand.periods import SEASON
from syncline.analytics.demand.rolling import Trial
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
    hierarchy: pa.Table | None = None,
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
        prices: `PRICES`, known ahead.
        hierarchy: `BELONGS`: key, group.

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
    classes = np.array([class_of(y) for y in panel.series])
    parts = [forecast_class(panel, rows, cls, wishes, None) for cls, rows in pools_of(classes.tolist())]
    parts += _silent(panel, np.flatnonzero(classes == NO_DEMAND), wishes)
    parts += _new(panel, np.flatnonzero(classes == NEW), parts, wishes, ({}, {}))
    return DemandForecast(
        rows_of(panel, parts, wishes),
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
    if wishes.method not in {"auto", *METHODS}:
        raise SetupError(f"There is no method {wishes.method!r}.", cure=f"Use auto, {', '.join(METHODS)}.")


def _silent(panel: Panel, rows: NDArray[np.int64], wishes: Wishes) -> list[Part]:
    """Products without any demand: zero, and that it says little."""
    if not len(rows):
        return []
    mean = np.zeros((len(rows), wishes.horizon))
    quantiles = np.zeros((len(wishes.levels), *mean.shape))
    return [
        _plain(
            rows, mean, quantiles, "zero", (NO_DEMAND, ["no demand in any period: zero, without evidence"] * len(rows))
        )
    ]


def _new(
    panel: Panel,
    rows: NDArray[np.int64],
    parts: Sequence[Part],
    wishes: Wishes,
    known: tuple[Mapping[str, str], Mapping[str, float]],
) -> list[Part]:
    """Products with too few periods: by analogues among the others."""
    if not len(rows):
        return []
    olds = [
        (panel.keys[at], panel.series[at], mean) for one in parts for at, mean in zip(one.rows, one.mean, strict=True)
    ]
    olds = [one for one in olds if one[1].any()]
    forecast = np.array([mean for _, _, mean in olds]).reshape(len(olds), wishes.horizon)
    analogues = established([key for key, _, _ in olds], [y for _, y, _ in olds], forecast)
    groups, prices = known
    found = [
        newcomer(panel.keys[at], panel.series[at], analogues, groups=groups, prices=prices, horizon=wishes.horizon)
        for at in rows
    ]
    mean = np.stack([one.mean for one in found])
    spread = [
        np.concatenate([panel.series[at], analogues.recent[one.analogues]]) for at, one in zip(rows, found, strict=True)
    ]
    return [_plain(rows, mean, drawn(spread, mean, wishes.levels), "analogues", (NEW, [one.flag for one in found]))]


def _plain(rows: NDArray[np.int64], mean: Array, quantiles: Array, method: str, told: tuple[str, list[str]]) -> Part:
    zero = np.zeros_like(mean)
    cls, flags = told
    trial = Trial((), zero[None][:0], {}, np.zeros((0, len(rows)), dtype=bool), np.ones((0, len(rows))))
    drivers = {"level": mean, **dict.fromkeys(DRIVERS[1:], zero)}
    return Part(
        cls,
        rows,
        mean,
        quantiles,
        [method] * len(rows),
        [1.0] * len(rows),
        drivers,
        [cls] * len(rows),
        flags,
        trial,
        trial.actual,
    )
