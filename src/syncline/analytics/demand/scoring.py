"""The table of a backtest: how good each method was at past origins, over a class and over all products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.layouts import BACKTEST
from syncline.analytics.demand.metrics import SQUARE, bias_pct, naive_error, wape, weighted
from syncline.analytics.demand.rolling import Trial
from syncline.analytics.tables import made

Array = NDArray[np.float64]


class Score(NamedTuple):
    """One row of `BACKTEST`, in its order."""

    level: str
    key: str
    method: str
    mase: float | None
    rmsse: float | None
    wrmsse: float | None
    bias: float | None
    wape: float | None
    origins: int
    pinball: float | None = None  #: of the quantile 0.9, by the scale of each product
    coverage: float | None = None


class Scales(NamedTuple):
    """What errors are divided by, origins x series; NaN where a history never changes or is too short."""

    absolute: Array  #: MAE of seasonal naive inside the history
    squared: Array  #: MSE of naive inside the history, from the first demand


def scales_of(histories: Sequence[Array], trial: Trial, season: int) -> Scales:
    """The scales of MASE and RMSSE at each origin."""
    absolute, squared = np.full(trial.valid.shape, np.nan), np.full(trial.valid.shape, np.nan)
    for at, cut in enumerate(trial.cuts):
        for row in np.flatnonzero(trial.valid[at]).tolist():
            y = histories[row][: len(histories[row]) - cut]
            absolute[at, row] = naive_error(y, season) or naive_error(y) or np.nan
            squared[at, row] = naive_error(y, power=SQUARE) or np.nan
    return Scales(absolute, squared)


def score(name: tuple[str, str, str], trial: Trial, forecast: Array, scales: Scales, revenue: Array) -> Score | None:
    """How good one method was over all products and origins of a trial; None where there were none.

    Args:
        name: level, key, method.
        trial: what happened.
        forecast: what the method said, origins x series x periods.
        scales: of the same products.
        revenue: weight of each product in WRMSSE.
    """
    if not trial.valid.any():
        return None
    errors = np.where(trial.valid[..., None], forecast - trial.actual, np.nan)
    mase = np.abs(errors).mean(axis=2) / scales.absolute
    rmsse = np.sqrt((errors**2).mean(axis=2) / scales.squared)
    per_origin = [weighted(one, np.where(np.isfinite(one), revenue, 0)) for one in np.nan_to_num(rmsse, nan=np.nan)]
    told = trial.valid
    y, f = trial.actual[told].ravel(), forecast[told].ravel()
    return Score(
        *name,
        _mean(mase),
        _mean(rmsse),
        _mean(np.array([one for one in per_origin if one is not None])),
        bias_pct(y, f),
        wape(y, f),
        int(told.any(axis=1).sum()),
    )


def table_of(scores: Sequence[Score | None], seconds: Mapping[str, float] | None = None) -> pa.Table:
    """`BACKTEST` from its rows; `seconds` by method, where it was measured."""
    rows = [one for one in scores if one]
    columns = {column.name: [row[place] for row in rows] for place, column in enumerate(BACKTEST.columns[:-1])}
    return made(
        BACKTEST, columns | {"seconds": pa.array([(seconds or {}).get(row.method) for row in rows], pa.float64())}
    )


def _mean(values: Array) -> float | None:
    usable = values[np.isfinite(values)]
    return float(usable.mean()) if usable.size else None
