"""Exponential smoothing of many series at once, averaged over its parameters instead of fitted.

For each series every point of a grid of smoothing parameters is run through the history; the forecasts are averaged
with the weight of their likelihood. A fitted optimum of a short history is accidental; an average over all that
explain it nearly as well is not, and costs one pass of array arithmetic.

Source: Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing, chapters 2 and 5 (damped trend,
seasonal component, likelihood); Kolassa (2011), Combining exponential smoothing forecasts using Akaike weights, IJF 27.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
_BETAS = (0.0, 0.03, 0.1, 0.2, 0.4, 0.7)
_PHIS = (0.8, 0.9, 0.95, 0.98)
_SEASONAL = ((0.0, 0.9), (0.05, 0.9), (0.2, 0.9), (0.05, 0.98))  #: beta, phi
_GAMMAS = (0.0, 0.03, 0.1, 0.25)
_FIRST = 10  #: periods that the first slope is drawn from
_FIRST_JUMP = 4  #: periods to the end of the other guess of it
_CELLS = 40_000  #: numbers that are worked on at a time; they stay in the cache
_FLOOR = 0.05  #: the smallest factor that an error is divided by
_TINY = 1e-12


class Grid(NamedTuple):
    """Smoothing parameters [1], one array each: of level, of slope, of season, and the damping of the slope."""

    alpha: Array
    beta: Array
    gamma: Array
    phi: Array


def _grid(points: list[tuple[float, float, float, float]]) -> Grid:
    return Grid(*np.array(points).T)


LEVEL = _grid([(a, 0.0, 0.0, 0.9) for a in (0.02, *np.arange(0.05, 1, 0.05), 0.99)])
DAMPED = _grid([(a, b, 0.0, p) for a, b, p in product(_ALPHAS, _BETAS, _PHIS)])
SEASONAL = _grid([(a, b, c, p) for a, c, (b, p) in product((0.05, 0.1, 0.2, 0.4, 0.7), _GAMMAS, _SEASONAL)])


def smoothed(y: Array, horizon: int, grid: Grid) -> Array:
    """Forecasts by damped-trend smoothing of series of one length (rows) [unit of demand].

    >>> smoothed(np.array([[2.0, 4, 6, 8, 10, 12]]), 2, DAMPED).round(0).tolist()
    [[14.0, 16.0]]
    """
    rows = max(1, _CELLS // (3 * len(grid.alpha)))
    return np.concatenate([_smoothed(y[at : at + rows], horizon, grid) for at in range(0, len(y), rows)])


def _smoothed(y: Array, horizon: int, grid: Grid) -> Array:
    level, slope = _beginnings(y, trended=len(np.unique(grid.beta)) > 1)
    shape = (*level.shape, len(grid.alpha))
    level = np.broadcast_to(level[..., None], shape).copy()
    slope = np.broadcast_to(slope[..., None], shape).copy()
    errors = np.zeros(shape)
    trend = grid.alpha * grid.beta
    for now in y.T:
        slope *= grid.phi
        level += slope
        error = now[:, None, None] - level
        errors += error**2
        level += grid.alpha * error
        slope += trend * error
    weights = _weights(errors.reshape(len(y), -1), y)
    damped = np.cumsum(grid.phi[:, None] ** np.arange(1, horizon + 1), axis=1)
    mean_level = np.einsum("sw,sw->s", weights, level.reshape(len(y), -1))
    carried = (weights * slope.reshape(len(y), -1)).reshape(shape).sum(axis=1)
    return np.asarray(mean_level[:, None] + carried @ damped)


def _beginnings(y: Array, *, trended: bool) -> tuple[Array, Array]:
    """Guesses of level and slope before the first period, series x guesses."""
    if not trended:
        first = y[:, : min(y.shape[1], 6)].mean(axis=1)
        return first[:, None], np.zeros((len(y), 1))
    count = min(y.shape[1], _FIRST)
    time = np.arange(count) - (count - 1) / 2
    head = y[:, :count]
    fitted = head @ time / max(float(time @ time), 1.0)
    jump = min(y.shape[1] - 1, _FIRST_JUMP)
    steep = (y[:, jump] - y[:, 0]) / max(jump, 1)
    level = np.stack([head.mean(axis=1) - fitted * (count + 1) / 2, y[:, 0], y[:, 0]], axis=1)
    return level, np.stack([fitted, np.zeros(len(y)), steep], axis=1)


def seasonal(y: Array, index: Array, horizon: int, *, multiplies: bool) -> tuple[Array, Array]:
    """Forecasts of series of one length (rows) with a season that moves, and their level without it [unit].

    Args:
        y: the histories.
        index: the season to begin with, series x phases; phase 0 is the first period.
        horizon: periods ahead.
        multiplies: whether the season is a factor or an amount.
    """
    rows = max(1, _CELLS // (3 * len(SEASONAL.alpha)))
    parts = [
        _seasonal(y[at : at + rows], index[at : at + rows], horizon, multiplies=multiplies)
        for at in range(0, len(y), rows)
    ]
    return np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts])


def _seasonal(y: Array, index: Array, horizon: int, *, multiplies: bool) -> tuple[Array, Array]:
    alpha, beta, gamma, phi = SEASONAL
    length, phases = y.shape[1], index.shape[1]
    first = np.arange(phases)
    off = y[:, :phases] / index[:, first] if multiplies else y[:, :phases] - index[:, first]
    shape = (len(y), len(alpha))
    level = np.broadcast_to(off.mean(axis=1)[:, None], shape).copy()
    slope, errors = np.zeros(shape), np.zeros(shape)
    season = np.repeat(index.T[:, :, None], len(alpha), axis=2)
    for at, now in enumerate(y.T):
        slope *= phi
        level += slope
        here = season[at % phases]
        error = now[:, None] - (level * here if multiplies else level + here)
        errors += error**2
        turned = error / np.maximum(here, _FLOOR) if multiplies else error
        here += gamma * (error / np.maximum(np.abs(level), _TINY) if multiplies else error)
        level += alpha * turned
        slope += alpha * beta * turned
    weights = _weights(errors, y)
    damped = np.cumsum(phi[:, None] ** np.arange(1, horizon + 1), axis=1)
    base = level[..., None] + slope[..., None] * damped
    ahead = season[np.arange(length, length + horizon) % phases].transpose(1, 2, 0)
    whole = base * ahead if multiplies else base + ahead
    return np.einsum("sg,sgh->sh", weights, whole), np.einsum("sg,sgh->sh", weights, base)


def _weights(errors: Array, y: Array) -> Array:
    """Weights by likelihood, from sums of squared errors (series x grid); each row adds up to 1."""
    length = y.shape[1]
    floor = _TINY * np.maximum(np.mean(y**2, axis=1, keepdims=True), _TINY) * length
    score = -0.5 * length * np.log(np.maximum(errors, floor))
    weights = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
