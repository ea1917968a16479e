"""Forecasts of groups that add up: from the products upwards, or reconciled with forecasts of the groups themselves.

Sources: Wickramasuriya, Athanasopoulos & Hyndman (2019), Optimal forecast reconciliation for hierarchical and grouped
time series through trace minimization, JASA 114 (MinT); Schafer & Strimmer (2005), A shrinkage approach to large-scale
covariance matrix estimation (the shrinkage of its covariance).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.layouts import BELONGS
from syncline.analytics.tables import asked
from syncline.errors import RejectedError

Array = NDArray[np.float64]


class Groups(NamedTuple):
    """Which products each group adds up."""

    names: tuple[str, ...]
    sums: Array  #: groups x products, 1 where the product belongs to the group


def groups_of(hierarchy: pa.Table | None) -> dict[str, str]:
    """The first (innermost) group of each product."""
    if hierarchy is None:
        return {}
    table = asked(BELONGS, hierarchy, name="hierarchy")
    found: dict[str, str] = {}
    for key, group in zip(table.column("key").to_pylist(), table.column("group").to_pylist(), strict=True):
        found.setdefault(key, group)
    return found


def grouped_by(hierarchy: pa.Table, keys: tuple[str, ...]) -> Groups:
    """The groups of a hierarchy over these products; every row says that a product counts in a group.

    Raises:
        RejectedError: a group has the name of a product.

    >>> table = pa.table({"key": ["a", "b", "a", "b"], "group": ["x", "y", "all", "all"]})
    >>> grouped_by(table, ("a", "b")).sums.tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    """
    table = asked(BELONGS, hierarchy, name="hierarchy")
    place: Mapping[str, int] = {key: at for at, key in enumerate(keys)}
    names = tuple(dict.fromkeys(table.column("group").to_pylist()))
    if both := [name for name in names if name in place]:
        raise RejectedError(f"The group {both[0]} has the name of a product.", cure="Give the group another name.")
    number = {name: at for at, name in enumerate(names)}
    sums = np.zeros((len(names), len(keys)))
    for key, group in zip(table.column("key").to_pylist(), table.column("group").to_pylist(), strict=True):
        if key in place:
            sums[number[group], place[key]] = 1.0
    return Groups(names, sums)


def reconcile(base: Array, sums: Array, residuals: Array) -> Array:
    """Forecasts of groups and products that add up, as near as may be to the given ones (MinT, shrunk) [unit].

    Args:
        base: forecasts of the groups, then of the products; series x periods.
        sums: groups x products.
        residuals: past errors of the same series; series x cases.

    Returns:
        The reconciled forecasts, in the order of `base`; the groups are the sums of the products exactly.

    >>> reconcile(np.array([[12.0], [4.0], [6.0]]), np.array([[1.0, 1.0]]), np.eye(3)[:, :3]).round(3).tolist()
    [[11.333], [4.667], [6.667]]
    """
    products = sums.shape[1]
    summing = np.vstack([sums, np.eye(products)])
    spread = shrunk_covariance(residuals)
    solved = np.linalg.solve(spread, summing)
    bottom = np.linalg.lstsq(summing.T @ solved, solved.T @ base, rcond=None)[0]
    return np.vstack([sums @ bottom, bottom])


def shrunk_covariance(residuals: Array) -> Array:
    """Covariance of errors, its correlations shrunk towards none [unit squared]; it can always be inverted."""
    centred = residuals - residuals.mean(axis=1, keepdims=True)
    count = residuals.shape[1]
    deviation = np.sqrt((centred**2).mean(axis=1))
    floor = max(float(deviation.max()), 1.0) * 1e-6
    deviation = np.maximum(deviation, floor)
    scaled = centred / deviation[:, None]
    correlation = scaled @ scaled.T / count
    noise = (scaled**2 @ (scaled**2).T / count - correlation**2) / max(count - 1, 1)
    off = ~np.eye(len(correlation), dtype=bool)
    signal = float((correlation[off] ** 2).sum())
    shrink = 1.0 if signal <= 0 else float(np.clip(noise[off].sum() / signal, 0.0, 1.0))
    shrunk = (1 - shrink) * correlation
    np.fill_diagonal(shrunk, 1.0)
    ridge = 1e-9 * np.eye(len(shrunk))
    return np.asarray((shrunk + ridge) * np.outer(deviation, deviation))
