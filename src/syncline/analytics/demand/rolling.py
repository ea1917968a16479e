"""Forecasts as they would have been made: at several origins in the past, each from nothing but what came before it.

What is tried is what is used: the methods run on histories that were cut off at the origin, so that nothing after it
can reach them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syncline.analytics.demand.methods import METHODS
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

    def of(self, rows: NDArray[np.int64]) -> Trial:
        """Of some of the series."""
        return self._replace(
            actual=self.actual[:, rows],
            forecasts={name: one[:, rows] for name, one in self.forecasts.items()},
            valid=self.valid[:, rows],
            scale=self.scale[:, rows],
        )

    def lately(self, origins: int) -> Trial:
        """At the last origins only."""
        forecasts = {name: one[-origins:] for name, one in self.forecasts.items()}
        actual, valid, scale = self.actual[-origins:], self.valid[-origins:], self.scale[-origins:]
        return Trial(self.cuts[-origins:], actual, forecasts, valid, scale)

    def and_also(self, name: str, forecast: Array) -> Trial:
        """With what one more method said."""
        return self._replace(forecasts={**self.forecasts, name: forecast})


def cuts_of(panel: Panel, *, horizon: int, origins: int) -> tuple[int, ...]:
    """The last origins, `horizon` periods apart, at which some history was long enough; the earliest first."""
    longest = max(len(one) for one in panel.series)
    return tuple(horizon * step for step in range(origins, 0, -1) if longest >= ENOUGH + horizon * step)


def tried(panel: Panel, names: Sequence[str], cuts: Sequence[int], *, horizon: int, season: int) -> Trial:
    """Run methods (of `METHODS`) at past origins.

    Args:
        panel: the histories.
        names: of the methods.
        cuts: periods from each origin to the end of the histories.
        horizon: periods ahead.
        season: periods in a season.
    """
    lengths = np.array([len(one) for one in panel.series])
    shape = (len(cuts), len(panel.keys), horizon)
    actual, valid = np.zeros(shape), np.zeros(shape[:2], dtype=bool)
    scale = np.ones(shape[:2])
    forecasts = {name: np.zeros(shape) for name in names}
    for at, cut in enumerate(cuts):
        valid[at] = lengths >= ENOUGH + cut
        rows = np.flatnonzero(valid[at])
        if not len(rows):
            continue
        histories = [panel.series[row][: lengths[row] - cut] for row in rows]
        actual[at, rows] = [panel.series[row][lengths[row] - cut :][:horizon] for row in rows]
        scale[at, rows] = [change(one) for one in histories]
        for name in names:
            forecasts[name][at, rows] = np.maximum(METHODS[name](histories, horizon, season).mean, 0)
    return Trial(tuple(cuts), actual, forecasts, valid, scale)


def change(y: Array) -> float:
    """Mean |change| from period to period [unit of demand]; the scale of a product's errors.

    >>> change(np.array([1.0, 3, 1]))
    2.0
    """
    found = float(np.mean(np.abs(np.diff(y)))) if len(y) > 1 else 0.0
    return found if found > _LEAST else max(float(np.mean(np.abs(y))) if len(y) else 0.0, 1.0)
