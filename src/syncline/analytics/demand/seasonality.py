"""What a season does to demand: one factor (or one amount) per phase, drawn towards none where the evidence is thin.

The factors of a classical decomposition are noisy: each rests on a few years. They are shrunk as James and Stein
shrink means, by as much as the years disagree.

Source: Miller & Williams (2003), Shrinkage estimators of time series seasonal factors and their effect on forecasting
accuracy, International Journal of Forecasting 19.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FULL = 3  #: seasons from which the disagreement among years can be measured
FEWEST = 2  #: seasons from which a season can be told at all
_HALF = 0.5  #: shrinkage between the two, where the season shows in the autocorrelation
_LEVEL = 1.645  #: one-sided 90 % of the test of autocorrelation
_SMALLEST = 0.01  #: no factor below, so that nothing is divided by (nearly) zero
_FREE = 3  #: James and Stein need more than three phases


class Season(NamedTuple):
    """One value per phase; phase 0 is the first period of the history."""

    factors: Array  #: or amounts
    multiplies: bool

    def of(self, start: int, count: int) -> Array:
        """The values of `count` periods from period `start` of the history."""
        return self.factors[np.arange(start, start + count) % len(self.factors)]

    def off(self, y: Array) -> Array:
        """The history without its season."""
        season = self.of(0, len(y))
        return y / season if self.multiplies else y - season

    def on(self, level: Array, start: int) -> Array:
        """A forecast of periods from `start` on, with its season."""
        season = self.of(start, len(level))
        return level * season if self.multiplies else level + season


def season_of(y: Array, length: int) -> Season | None:
    """The season of a history [1, or unit of demand where zeros forbid a factor]; None where it has none.

    >>> season_of(np.array([5.0, 15.0] * 6), 2).factors.tolist()
    [0.5, 1.5]
    """
    if length < FEWEST or len(y) < FEWEST * length:
        return None
    if len(y) < FULL * length and not _repeats(y, length):
        return None
    multiplies = bool(y.min() > 0)
    trend = np.convolve(y, _window(length), "valid")
    start = length // 2
    middle = y[start : start + len(trend)]
    ratio = middle / trend if multiplies else middle - trend
    phase = np.arange(start, start + len(trend)) % length
    counts = np.bincount(phase, minlength=length)
    if counts.min() == 0:
        return None
    raw = np.bincount(phase, ratio, length) / counts
    none = 1.0 if multiplies else 0.0
    raw = raw / raw.mean() if multiplies else raw - raw.mean()
    if len(y) < FULL * length:
        shrink = _HALF
    else:
        noise = float(np.sum((ratio - raw[phase]) ** 2)) / max(len(ratio) - length, 1) / counts.mean()
        shrink = _shrinkage(raw - none, noise)
    index = shrink * none + (1 - shrink) * raw
    if shrink >= 1:
        return None
    return Season(np.maximum(index, _SMALLEST) if multiplies else index, multiplies)


def _shrinkage(effects: Array, noise: float) -> float:
    """W of Miller & Williams: how far the effects are drawn to none, 0..1."""
    phases = len(effects)
    spread = float(np.sum(effects**2)) / (phases - 1)
    if spread <= 0:
        return 1.0
    if phases <= _FREE:
        return 0.0 if spread > noise else 1.0
    return min(1.0, (phases - 3) / (phases - 1) * noise / max(spread, noise))


def _window(length: int) -> Array:
    """The weights of a centred moving average over one season."""
    if length % 2:
        return np.full(length, 1 / length)
    return np.concatenate([[0.5], np.ones(length - 1), [0.5]]) / length


def _repeats(y: Array, length: int) -> bool:
    """Whether the autocorrelation at one season is beyond chance."""
    x = y - y.mean()
    total = float(x @ x)
    if total <= 0:
        return False
    r = np.array([float(x[lag:] @ x[:-lag]) for lag in range(1, length + 1)]) / total
    return bool(r[-1] > _LEVEL * np.sqrt((1 + 2 * float(np.sum(r[:-1] ** 2))) / len(y)))
