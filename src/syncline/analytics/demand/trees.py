"""One model of gradient-boosted trees over all products: it learns what products have in common.

Direct: each row is forecast from what was known at its origin, never from another forecast. Demands are scaled by the
product's own recent mean, clipped at its 98th percentile (bulk orders; said in a flag), and follow a Tweedie law (zeros
and skewed sizes). The contributions of the features are exact (TreeSHAP); as the model multiplies, they become units by
the logarithmic mean, which shares out the product of factors without a rest.

Sources: Ke et al. (2017), LightGBM; Lundberg et al. (2020), From local explanations to global understanding with
explainable AI for trees; Ang (2005), The LMDI approach to decomposition analysis (logarithmic mean).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import lightgbm
import numpy as np
from numpy.typing import NDArray

from syncline.analytics.demand.features import Rows, Sight, matrix, rows_at
from syncline.analytics.demand.known import Known
from syncline.analytics.demand.methods import Outcome
from syncline.analytics.demand.rolling import ENOUGH

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDS = 120
MOST_ROWS = 120_000  #: rows that a model learns from
MOST_ORIGINS = 52  #: past origins that it learns from
BULK = 0.98  #: the percentile at which demands are clipped
FEWEST = 200  #: rows from which something can be learned
_TINY = 1e-12
_DRIVERS = ("level", "season", "price", "promo", "other")
_SETTINGS: dict[str, Any] = {
    "objective": "tweedie",
    "tweedie_variance_power": 1.3,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "feature_fraction": 0.7,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class Learned(NamedTuple):
    """A model, and which products had bulk orders clipped."""

    model: Any
    clipped: Bools


def bulk_limits(cells: Array) -> Array:
    """Where demands are clipped: the 98th percentile of each product's own [unit of demand].

    >>> bulk_limits(np.array([[1.0] * 98 + [1.0, 500.0]])).round(2).tolist()
    [1.0]
    """
    told = ~np.isnan(cells)
    counts = told.sum(axis=1)
    ordered = np.sort(np.where(told, cells, np.inf), axis=1)
    place = np.maximum(np.ceil(BULK * counts).astype(int) - 1, 0)
    return np.where(counts > 0, ordered[np.arange(len(cells)), np.minimum(place, cells.shape[1] - 1)], 0.0)


def learned(sight: Sight, *, seed: int, threads: int = 1) -> Learned | None:
    """Learn from the histories alone; None where there is too little to learn from."""
    cells = matrix(sight.panel)
    limits = bulk_limits(cells)
    lessons = [one for back in _origins(cells, sight.horizon) if (one := _lesson(sight, cells, limits, back))]
    if sum(len(targets) for _, targets in lessons) < FEWEST or not any(targets.any() for _, targets in lessons):
        return None
    settings = _SETTINGS | {"seed": seed, "num_threads": threads}
    data = lightgbm.Dataset(np.concatenate([rows for rows, _ in lessons]), np.concatenate([one for _, one in lessons]))
    return Learned(lightgbm.train(settings, data, ROUNDS), np.nansum(cells > limits[:, None], axis=1) > 0)


def _lesson(sight: Sight, cells: Array, limits: Array, back: int) -> tuple[Array, Array] | None:
    """The rows of one past origin, and what was demanded (scaled, clipped)."""
    steps = np.arange(1, min(sight.horizon, back) + 1)
    use = np.flatnonzero(((~np.isnan(cells)).sum(axis=1) - back >= ENOUGH) & (limits > 0))
    if not len(use):
        return None
    width = cells.shape[1] - back
    known = [_before(one, use, sight.horizon + back, len(steps)) for one in sight.known]
    freq = sight.panel.calendar.freq
    rows = rows_at(cells[use, :width], sight.panel.ends[use] - back, freq, known, steps, sight.season)
    demand = np.minimum(cells[use][:, width + steps - 1], limits[use, None])
    return rows.values, (demand / rows.scale[:, None]).ravel()


def _origins(cells: Array, horizon: int) -> list[int]:
    """Periods from each origin to the end; spaced so that the rows stay within bounds."""
    longest = min(MOST_ORIGINS + horizon, cells.shape[1] - ENOUGH)
    stride = max(1, int(np.ceil(len(cells) * longest * horizon / MOST_ROWS)))
    return list(range(1, longest + 1, stride))


def _before(known: Known, use: NDArray[np.int64], back: int, steps: int) -> Known:
    """What was known `back` periods before the last column, up to `steps` periods after that."""
    width = known.cells.shape[1] - back + steps
    return known._replace(cells=known.cells[use, :width]).cut(0, steps)


def predicted(found: Learned, sight: Sight, *, explain: bool) -> Outcome:
    """Forecast every product from the end of its history [unit of demand]."""
    panel, steps = sight.panel, np.arange(1, sight.horizon + 1)
    rows = rows_at(matrix(panel), panel.ends, panel.calendar.freq, sight.known, steps, sight.season)
    shape = (len(panel.keys), sight.horizon)
    if not explain:
        mean = np.asarray(found.model.predict(rows.values, num_threads=1)).reshape(shape) * rows.scale[:, None]
        return Outcome(mean, mean)
    parts = _in_units(np.asarray(found.model.predict(rows.values, pred_contrib=True, num_threads=1)), rows)
    told = {name: values.reshape(shape) * rows.scale[:, None] for name, values in parts.items()}
    return Outcome(sum(told.values(), np.zeros(shape)), told["level"], told)


def _in_units(contributions: Array, rows: Rows) -> dict[str, Array]:
    """Contributions to the logarithm, as shares of the scaled mean that add up to it exactly."""
    base = np.exp(contributions[:, -1])
    raised = contributions.sum(axis=1) - contributions[:, -1]
    mean = base * np.exp(raised)
    factor = np.where(np.abs(raised) > _TINY, (mean - base) / np.where(np.abs(raised) > _TINY, raised, 1.0), base)
    drivers = np.array(rows.drivers)
    told = {name: factor * contributions[:, :-1][:, drivers == name].sum(axis=1) for name in _DRIVERS}
    told["level"] = told["level"] + base
    return told
