"""Quantiles of a forecast from its own past errors, without a law for them.

Split conformal prediction: the errors that the chosen method made at past origins, each by the scale of its product,
are pooled over the products of a class; a quantile of the pool, times the scale of a product, is added to its forecast.
Products whose forecast is small against their scale err otherwise than those where it is large, so there is one pool
for each of these, where the errors suffice.

Sources: Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World (also for pools by category); Lei et
al. (2018), Distribution-free predictive inference for regression, JASA 113.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from syncline.analytics.demand.rolling import Trial

Array = NDArray[np.float64]

LATEST = 2  #: origins whose errors count
POOL = 300  #: errors that a pool of its own needs
MOST_POOLS = 6


def ranked(errors: Array, levels: Sequence[float]) -> Array:
    """Conformal quantiles of errors: the ceil((n + 1) level)-th smallest, or the largest.

    >>> ranked(np.array([3.0, 1.0, 2.0, 4.0]), [0.5, 0.9]).tolist()
    [3.0, 4.0]
    """
    ordered = np.sort(errors)
    places = np.ceil((len(ordered) + 1) * np.asarray(levels)).astype(int)
    return np.asarray(ordered[np.clip(places, 1, len(ordered)) - 1])


def bands(trial: Trial, past: Array, mean: Array, scale: Array, levels: Sequence[float]) -> Array:
    """Quantiles of a forecast, levels x series x periods [unit of demand]; they never cross, and are never below zero.

    Args:
        trial: the past origins of these series.
        past: what the chosen method said there, origins x series x periods.
        mean: the forecast, series x periods.
        scale: mean |change| of each series now.
        levels: the quantiles that are asked for, 0..1.
    """
    trial, past = trial.lately(LATEST), past[-LATEST:]
    told = np.repeat(trial.valid[..., None], past.shape[2], axis=2)
    errors = ((trial.actual - past) / trial.scale[..., None])[told]
    size = (past / trial.scale[..., None])[told]
    pools = int(np.clip(len(errors) // POOL, 1, MOST_POOLS))
    edges = np.quantile(size, np.arange(1, pools) / pools) if pools > 1 else np.zeros(0)
    pool = np.searchsorted(edges, size, side="right")
    everywhere = ranked(errors, levels)
    by_pool = np.stack(
        [
            ranked(errors[pool == one], levels) if (pool == one).sum() >= POOL // 2 else everywhere
            for one in range(pools)
        ]
    )
    mine = np.searchsorted(edges, mean / scale[:, None], side="right")
    found = mean[None] + scale[None, :, None] * np.moveaxis(by_pool[mine], -1, 0)
    return np.sort(np.maximum(found, 0), axis=0)


def drawn(histories: Sequence[Array], mean: Array, levels: Sequence[float]) -> Array:
    """Quantiles where there is no past origin: the deviations of each history from its own mean, around the forecast.

    >>> drawn([np.array([1.0, 3.0])], np.array([[2.0]]), [0.1, 0.9]).tolist()
    [[[1.0]], [[3.0]]]
    """
    found = np.stack([ranked(y - y.mean() if len(y) else np.zeros(1), levels) for y in histories], axis=1)
    return np.sort(np.maximum(mean[None] + found[..., None], 0), axis=0)
