"""A backtest that is honest to the end: at each past origin the whole forecast is made anew, choices and all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.classify import NO_DEMAND
from syncline.analytics.demand.forecast import seen_in, sight_of
from syncline.analytics.demand.grouped import class_of
from syncline.analytics.demand.metrics import coverage, pinball
from syncline.analytics.demand.rolling import Trial, cuts_of, tried
from syncline.analytics.demand.scoring import Scales, Score, scales_of, score, table_of
from syncline.analytics.demand.wishes import Options
from syncline.errors import RejectedError

Array = NDArray[np.float64]

BESIDE = ("SeasonalNaive", "SES")  #: what everything is compared with
ALL, PRODUCT = "all", "product"
HIGH = 0.9  #: the quantile whose pinball loss and coverage are told


def backtest(
    history: pa.Table,
    *,
    horizon: int,
    freq: str | None = None,
    clock: Callable[[], float] | None = None,
    **options: Unpack[Options],
) -> pa.Table:
    """How good `forecast_demand` would have been at past origins, beside seasonal naive and SES.

    Args:
        history: `HISTORY`: key, period, qty [base unit/period].
        horizon: periods ahead; the origins lie as far apart.
        freq: D, W, M, Q or Y; None reads it from the periods.
        clock: seconds; where it is given, the time that each method took is told.
        options: as of `forecast_demand`; `method` is what is tried, `origins` how often.

    Returns:
        `BACKTEST`: over all products, per class and per product: MASE, RMSSE, WRMSSE (weights: units, or revenue where
        prices are given), bias [%], WAPE, and of the quantile 0.9 the pinball loss by scale and the coverage.

    Raises:
        RejectedError: no history is long enough for a single origin.

    >>> from datetime import date
    >>> days = [date(2025 + month // 12, month % 12 + 1, 1) for month in range(20)]
    >>> table = pa.table({"key": ["a"] * 20, "period": days, "qty": [10.0, 14.0] * 10})
    >>> backtest(table, horizon=2, freq="M", season=2).column("method").to_pylist()[:3]
    ['auto', 'SeasonalNaive', 'SES']
    """
    sight, wishes = sight_of(history, horizon, freq, options)
    wishes = wishes._replace(levels=(HIGH,))
    panel, cuts = sight.panel, cuts_of(sight.panel, horizon=horizon, origins=wishes.origins)
    if not cuts:
        cure = f"It takes {horizon} periods after at least 8 others."
        raise RejectedError("No history is long enough for a backtest.", cure=cure)
    trial = tried(panel, BESIDE, cuts, horizon=horizon, season=wishes.season)
    now = clock or (lambda: 0.0)
    begun = now()
    wholes = [seen_in(sight.cut(cut), wishes, options).whole for cut in cuts]
    seconds = {wishes.method: now() - begun} if clock else None
    count = len(panel.keys)
    high = np.stack([one.quantiles[0, :count] for one in wholes])
    trial = trial.and_also(wishes.method, np.stack([one.mean[:count] for one in wholes]))
    weights = _revenue(options.get("prices"), panel.keys, np.array([float(y.sum()) for y in panel.series]))
    names = (wishes.method, *(name for name in BESIDE if name != wishes.method))
    told = panel.keys, [class_of(y) for y in panel.series], names
    scales = scales_of(panel.series, trial, wishes.season)
    return table_of(_scores(trial, high, scales, told, weights), seconds)


def _scores(
    trial: Trial, high: Array, scales: Scales, told: tuple[tuple[str, ...], list[str], tuple[str, ...]], weights: Array
) -> list[Score | None]:
    keys, classes, names = told
    found = np.array(classes)
    groups = [(ALL, "", np.arange(len(keys)))]
    groups += [(cls, "", np.flatnonzero(found == cls)) for cls in sorted({*classes} - {NO_DEMAND})]
    groups += [(PRODUCT, key, np.array([at])) for at, key in enumerate(keys)]
    rows: list[Score | None] = []
    for level, key, at in groups:
        some, scale = trial.of(at), Scales(scales.absolute[:, at], scales.squared[:, at])
        for name in names:
            row = score((level, key, name), some, some.forecasts[name], scale, weights[at])
            rows.append(_with_band(row, some, high[:, at]) if row and name == names[0] else row)
    return rows


def _with_band(row: Score, trial: Trial, high: Array) -> Score:
    told = trial.valid
    scale = trial.scale[told][:, None]
    loss = pinball(trial.actual[told] / scale, high[told] / scale, HIGH)
    return row._replace(pinball=loss, coverage=coverage(trial.actual[told], high[told]))


def _revenue(prices: pa.Table | None, keys: tuple[str, ...], sold: Array) -> Array:
    """The weight of each product in WRMSSE: its revenue, or its units where no price is known."""
    if prices is None:
        return sold
    sums = prices.group_by("key").aggregate([("price", "mean")])
    mean = dict(zip(sums.column("key").to_pylist(), sums.column("price_mean").to_pylist(), strict=True))
    return np.asarray(sold * np.array([mean.get(key) or 0.0 for key in keys]))
