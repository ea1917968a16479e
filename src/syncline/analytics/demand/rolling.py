"""Forecasts as they would have been made: at several origins in the past, each from nothing but what came before it.

What is tried is what is used: the methods run on histories that were cut off at the origin, so that nothing after it
can reach them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syncline.analytics.demand.methods import METHODS, Outcome
from syncline.analytics.demand.panel import Panel

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

ENOUGH = 8  #: periods that a history needs at an origin
_LEAST = 1e-9


class Trial(NamedTuple):
    """What the methods said at past origins, origins x series x periods [unit of demand]."""

    cuts: tuple[int, ...]  #: periods from each origin to the end of the history
    actual: Array
    forecasts: Mapping[str, Array]
    valid: Bools  #: origins x series: the history was long enough there
    scale: Array  #: origins x series: mean |change| before the origin
    seconds: Mapping[str, float]

    def of(self, rows: NDArray[np.int64]) -> Trial:
        """Of some of the series."""
        return self._replace(
            actual=self.actual[:, rows],
            forecasts={name: one[:, rows] for name, one in self.forecasts.items()},
            valid=self.valid[:, rows],
            scale=self.scale[:, rows],
        )


Forecaster = Callable[[Panel, int], Outcome]  #: the histories as known, and how many periods lie after them


def tried(
    panel: Panel,
    names: Sequence[str],
    *,
    horizon: int,
    season: int,
    origins: int,
    more: Mapping[str, Forecaster] | None = None,
) -> Trial:
    """Run methods at the last `origins` origins, `horizon` periods apart.

    Args:
        panel: the histories.
        names: of `METHODS`.
        horizon: periods ahead.
        season: periods in a season.
        origins: how many.
        more: further forecasters by name, which see the whole panel as it was at the origin.
    """
    lengths = np.array([len(one) for one in panel.series])
    cuts = tuple(horizon * step for step in range(origins, 0, -1) if (lengths >= ENOUGH + horizon * step).any())
    shape = (len(cuts), len(panel.keys), horizon)
    actual, valid = np.zeros(shape), np.zeros(shape[:2], dtype=bool)
    scale = np.ones(shape[:2])
    forecasts = {name: np.zeros(shape) for name in (*names, *(more or {}))}
    for at, cut in enumerate(cuts):
        past = panel.cut(cut)
        valid[at] = lengths >= ENOUGH + cut
        rows = np.flatnonzero(valid[at])
        actual[at, rows] = [panel.series[row][lengths[row] - cut :][:horizon] for row in rows]
        scale[at, rows] = [change(past.series[row]) for row in rows]
        histories = [past.series[row] for row in rows]
        for name in names:
            forecasts[name][at, rows] = np.maximum(METHODS[name](histories, horizon, season).mean, 0)
        for name, forecaster in (more or {}).items():
            forecasts[name][at] = np.maximum(forecaster(past, cut).mean, 0)
    return Trial(cuts, actual, forecasts, valid, scale, {})


def change(y: Array) -> float:
    """Mean |change| from period to period [unit of demand]; the scale of a product's errors.

    >>> change(np.array([1.0, 3, 1]))
    2.0
    """
    found = float(np.mean(np.abs(np.diff(y)))) if len(y) > 1 else 0.0
    return found if found > _LEAST else max(float(np.mean(np.abs(y))) if len(y) else 0.0, 1.0)
