"""How good a forecast was: the measures of the M competitions, and those of a planner.

Every function takes what was demanded and what was forecast, in the same unit, as arrays of equal shape, and gives one
number. Where there is nothing to divide by it gives None: no number without basis.

Sources: Makridakis & Hibon (2000), The M3-Competition (sMAPE, 0..200); Hyndman & Koehler (2006), Another look at
measures of forecast accuracy (MASE); Makridakis et al. (2022), M5 accuracy competition (RMSSE, WRMSSE); Koenker &
Bassett (1978) (pinball loss).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from syncline.errors import SetupError

Numbers = NDArray[np.float64]
SQUARE = 2


def mae(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Mean absolute error [unit of demand]: mean |y - f|.

    >>> mae([10, 20], [12, 17])
    2.5
    """
    y, f = _pair(actual, forecast)
    return float(np.mean(np.abs(y - f)))


def smape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Symmetric mean absolute percentage error [%, 0..200], as M3 counts it: mean 200 |y - f| / (|y| + |f|).

    Two zeros agree: their term is 0.

    >>> smape([100, 0], [50, 0])
    33.333333333333336
    """
    y, f = _pair(actual, forecast)
    size = np.abs(y) + np.abs(f)
    return float(np.mean(np.divide(200 * np.abs(y - f), size, out=np.zeros_like(size), where=size > 0)))


def naive_error(history: ArrayLike, season: int = 1, *, power: int = 1) -> float | None:
    """The scale of MASE (power 1) and RMSSE (power 2): mean |y_t - y_(t-season)|^power over the history.

    Of power 2 it starts at the first demand, as M5 counts it. None where the history is too short or never changes.

    >>> naive_error([2, 4, 2])
    2.0
    >>> naive_error([0, 0, 2, 4, 2], power=2)
    4.0
    """
    y = np.asarray(history, dtype=float)
    if power == SQUARE:
        sold = np.flatnonzero(y)
        y = y[sold[0] :] if sold.size else y[:0]
    if len(y) <= season:
        return None
    scale = float(np.mean(np.abs(y[season:] - y[:-season]) ** power))
    return scale if scale > 0 else None


def mase(actual: ArrayLike, forecast: ArrayLike, history: ArrayLike, season: int = 1) -> float | None:
    """Mean absolute scaled error [1]: MAE / MAE of seasonal naive inside the history; below 1 beats it.

    >>> mase([6, 6], [5, 7], [2, 4, 2])
    0.5
    """
    scale = naive_error(history, season)
    return None if scale is None else mae(actual, forecast) / scale


def rmsse(actual: ArrayLike, forecast: ArrayLike, history: ArrayLike, season: int = 1) -> float | None:
    """Root mean squared scaled error [1]: sqrt(MSE / MSE of naive inside the history).

    >>> rmsse([6, 6], [5, 7], [2, 4, 2])
    0.5
    """
    scale = naive_error(history, season, power=SQUARE)
    y, f = _pair(actual, forecast)
    return None if scale is None else float(np.sqrt(np.mean((y - f) ** 2) / scale))


def weighted(errors: ArrayLike, weights: ArrayLike) -> float | None:
    """WRMSSE [1] from the RMSSE of each product and its revenue as weight; products without a scale are left out.

    >>> weighted([1.0, 2.0, float("nan")], [300, 100, 50])
    1.25
    """
    e, w = _pair(errors, weights)
    usable = np.isfinite(e) & (w > 0)
    return float(np.sum(e[usable] * w[usable]) / np.sum(w[usable])) if usable.any() else None


def bias_pct(actual: ArrayLike, forecast: ArrayLike) -> float | None:
    """Bias [% of demand]: 100 (sum f - sum y) / sum y; below zero is under-forecast.

    >>> bias_pct([10, 10], [9, 9])
    -10.0
    """
    y, f = _pair(actual, forecast)
    total = float(np.sum(y))
    return 100 * (float(np.sum(f)) - total) / total if total > 0 else None


def wape(actual: ArrayLike, forecast: ArrayLike) -> float | None:
    """Weighted absolute percentage error [1]: sum |y - f| / sum |y|.

    >>> wape([10, 30], [15, 30])
    0.125
    """
    y, f = _pair(actual, forecast)
    total = float(np.sum(np.abs(y)))
    return float(np.sum(np.abs(y - f))) / total if total > 0 else None


def pinball(actual: ArrayLike, quantile: ArrayLike, level: float) -> float:
    """Pinball loss of the quantile forecast `quantile` at `level` [unit of demand]: lower is better.

    >>> pinball([10, 20], [15, 15], 0.9)
    2.5
    """
    y, q = _pair(actual, quantile)
    return float(np.mean(np.maximum(level * (y - q), (level - 1) * (y - q))))


def coverage(actual: ArrayLike, quantile: ArrayLike) -> float:
    """The share of demands at or below the quantile forecast [1]; of a good quantile 0.9 it is 0.9.

    >>> coverage([1, 2, 3, 9], [4, 4, 4, 4])
    0.75
    """
    y, q = _pair(actual, quantile)
    return float(np.mean(y <= q))


def _pair(one: ArrayLike, other: ArrayLike) -> tuple[Numbers, Numbers]:
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if a.shape != b.shape or not a.size:
        raise SetupError(f"Forecasts of shape {b.shape} cannot be compared with demands of shape {a.shape}.")
    return a, b
