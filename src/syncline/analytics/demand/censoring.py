"""What would have been sold had there been stock: sales of a period that ran out are a lower bound of its demand.

Periods that sold out are neither taken as they are (that forecasts the stock, not the demand) nor dropped (it is the
high ones that sell out). A bound is replaced by the mean of what lies above it, by two estimates that know different
things, in equal parts: a law (zero with some chance, else gamma), fitted by maximum likelihood to what was seen and to
the bounds, which is too thin in the tail where orders come in bulk; and the survival curve without any law, its tail
exponential, which is rough where little was seen. Where the two part, it is said.

Sources: Lawless (2003), Statistical Models and Methods for Lifetime Data, chapters 2 and 5 (censored likelihood,
gamma); Kaplan & Meier (1958), Nonparametric estimation from incomplete observations, JASA 53.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaincc, gammaln

from syncline.analytics.demand.layouts import HISTORY, STOCK, UNCENSORED
from syncline.analytics.tables import asked, made

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEWEST = 5  #: demands that were seen whole, from which a law can be fitted
APART = 0.25  #: the relative difference of the two estimates that is said
_MOST_SHAPE = 1e4
_TINY = 1e-300
_FAR = 1e-9  #: chance of the tail below which its mean is its beginning


class Law(NamedTuple):
    """Zero-inflated gamma demand: chance of any demand [1], shape [1], scale [unit/period]."""

    chance: float
    shape: float
    scale: float

    @property
    def mean(self) -> float:
        """Mean demand [unit/period]."""
        return self.chance * self.shape * self.scale

    def above(self, bounds: Array) -> Array:
        """E[D | D >= bound], D > 0 [unit/period]: k theta Q(k+1, s/theta) / Q(k, s/theta).

        >>> Law(1.0, 1.0, 2.0).above(np.array([0.0, 3.0])).round(6).tolist()
        [2.0, 5.0]
        """
        tail = gammaincc(self.shape, bounds / self.scale)
        more = gammaincc(self.shape + 1, bounds / self.scale)
        safe = tail > _FAR
        mean = self.shape * self.scale * np.divide(more, tail, out=np.ones_like(tail), where=safe)
        return np.asarray(np.where(safe, np.maximum(mean, bounds), bounds + self.scale))


def fitted(sales: Array, censored: Bools) -> Law | None:
    """The law of demand behind sales of which some are lower bounds; None where too little was seen whole.

    >>> law = fitted(np.array([2.0, 4, 6, 8, 10, 5, 5]), np.array([False] * 5 + [True, True]))
    >>> 6.0 < law.mean < 7.5
    True
    """
    seen, bounds = sales[~censored & (sales > 0)], sales[censored & (sales > 0)]
    if len(seen) < FEWEST:
        return None
    zeros = int((~censored & (sales == 0)).sum())
    positive = len(seen) + len(bounds)
    size, total_log = float(seen.mean()), float(np.log(seen).sum())

    def loss(point: Array) -> float:
        shape, scale = np.exp(np.clip(point, -10, 20))
        density = (shape - 1) * total_log - seen.sum() / scale - len(seen) * (gammaln(shape) + shape * np.log(scale))
        tail = np.log(np.maximum(gammaincc(shape, bounds / scale), _TINY)).sum()
        return -float(density + tail) / positive

    spread = max(float(seen.var()), 1e-3 * size**2)
    start = np.log([size**2 / spread, spread / size])
    limits = [(-4.0, np.log(_MOST_SHAPE)), (start[1] - 12, start[1] + 6)]
    start = np.clip(start, *np.array(limits).T)
    found = minimize(loss, start, method="Nelder-Mead", bounds=limits, options={"xatol": 1e-4, "fatol": 1e-8})
    shape, scale = np.exp(found.x)
    return Law(positive / (positive + zeros), float(shape), float(scale))


def beyond(sales: Array, censored: Bools, bounds: Array) -> Array:
    """E[D | D >= bound] without a law [unit/period]: the area under the survival curve of Kaplan & Meier beyond it.

    >>> beyond(np.array([1.0, 2.0, 3.0]), np.array([False, False, False]), np.array([0.0, 3.0])).tolist()
    [2.0, 3.0]
    """
    order = np.lexsort((censored, sales))
    x, bound = np.concatenate([[0.0], sales[order]]), censored[order]
    survival = np.concatenate([[1.0], np.cumprod(np.where(bound, 1.0, 1 - 1 / (len(bound) - np.arange(len(bound)))))])
    left = float(survival[-1])
    tail = left * x[-1] / -np.log(min(left, 1 - _FAR)) if left > 0 else 0.0
    pieces = np.maximum(x[1:], bounds[:, None]) - np.maximum(x[:-1], bounds[:, None])
    area = pieces @ survival[:-1] + tail
    reached = survival[np.maximum(np.searchsorted(x, bounds, side="left") - 1, 0)]
    return np.asarray(bounds + area / np.maximum(reached, _FAR))


def uncensor_demand(sales: pa.Table, stock: pa.Table) -> pa.Table:
    """Demand behind sales that ran out of stock [base unit/period].

    Args:
        sales: `HISTORY`: key, period, qty.
        stock: `STOCK`: on_hand_open and receipts [unit], stockout_hours [h]; a period that it does not tell of counts
            as in stock throughout.

    Returns:
        `UNCENSORED`, in the order of `sales`: qty_unconstrained, lost_units = imputed - sold, censored, weight (0 where
        there was nothing to sell from the start: demand could not be seen), flag.

    >>> from datetime import date
    >>> weeks = [date.fromordinal(739000 + 7 * week) for week in range(8)]
    >>> sold = pa.table({"key": ["a"] * 8, "period": weeks, "qty": [8.0, 12, 9, 11, 10, 10, 12, 6]})
    >>> held = pa.table({"key": ["a"], "period": weeks[7:], "on_hand_open": [6.0], "receipts": [0.0],
    ...                  "stockout_hours": [40.0]})
    >>> uncensor_demand(sold, held).column("qty_unconstrained").to_pylist()[-1] > 9
    True
    """
    table, told = asked(HISTORY, sales, name="sales"), asked(STOCK, stock, name="stock")
    sold = np.maximum(table.column("qty").to_numpy(), 0)
    censored, nothing = _ran_out(table, told, sold)
    encoded = table.column("key").combine_chunks().dictionary_encode().indices.to_numpy()
    demand, flags = sold.copy(), np.full(len(sold), "", dtype=object)
    order = np.argsort(encoded, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(encoded[order])) + 1):
        if len(rows) and censored[rows].any():
            demand[rows], said = _imputed(sold[rows], censored[rows], nothing[rows])
            flags[rows[censored[rows]]] = said
    return made(
        UNCENSORED,
        {
            "key": table.column("key"),
            "period": table.column("period"),
            "qty_unconstrained": demand,
            "lost_units": demand - sold,
            "censored": censored,
            "weight": np.where(nothing, 0.0, 1.0),
            "flag": flags.tolist(),
        },
    )


def _ran_out(table: pa.Table, told: pa.Table, sold: Array) -> tuple[Bools, Bools]:
    """Which rows of sales ended without stock, and which had none from the start."""
    names = ("on_hand_open", "receipts", "stockout_hours")
    keys = zip(told.column("key").to_pylist(), told.column("period").to_pylist(), strict=True)
    place = {key: at for at, key in enumerate(keys)}
    rows = zip(table.column("key").to_pylist(), table.column("period").to_pylist(), strict=True)
    at = np.array([place.get(key, -1) for key in rows], dtype=np.int64)
    known = at >= 0
    opened, received, hours = (
        np.where(known, told.column(name).to_numpy()[at] if len(told) else 0.0, 0.0) for name in names
    )
    held = opened + received
    nothing = known & (held <= 0) & (sold <= 0)
    return known & ((hours > 0) | (held - sold <= 0)), nothing


def _imputed(sold: Array, censored: Bools, nothing: Bools) -> tuple[Array, str]:
    """The demand of one product, and what is to be said of it."""
    demand, bound, seen = sold.copy(), censored & ~nothing, ~nothing
    said = "nothing to sell: the mean of the other periods"
    if bound.any():
        law = fitted(sold[seen], censored[seen])
        if law is None:
            return sold, "sold out, and too little was seen whole: demand is at least this"
        by_law, by_curve = law.above(sold[bound]), beyond(sold[seen], censored[seen], sold[bound])
        demand[bound] = np.maximum((by_law + by_curve) / 2, sold[bound])
        low, high = sorted((float(by_law.mean()), float(by_curve.mean())))
        parted = high - low > APART * high
        said = (
            f"sold out: imputed, between {low:.3g} and {high:.3g} by two estimates" if parted else "sold out: imputed"
        )
    if nothing.any() and seen.any():
        demand[nothing] = demand[seen].mean()
    return demand, said
