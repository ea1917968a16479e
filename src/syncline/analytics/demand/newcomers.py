"""Products with hardly a history: what is known of their category, drawn towards what little is known of themselves.

The level is a weighted mean of the product's own mean and that of its analogues (the established products of its group
whose prices are nearest; without a price all of them, without a group all products). The weight of its own n periods
is n / (n + k), k = variance within products / variance between them (Buhlmann's credibility, estimated from the
analogues). The shape over the coming periods is that of the analogues' forecasts.

Source: Buhlmann & Gisler (2005), A Course in Credibility Theory, chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAREST = 10  #: analogues, where prices tell which are near
LATELY = 26  #: periods of an analogue that tell its present level
_MOST_TRUSTED = 50.0  #: k is not above this: twenty periods of its own always count


class Established(NamedTuple):
    """The products with a forecast of their own."""

    keys: Sequence[str]
    recent: Array  #: present level [unit/period]
    noise: Array  #: variance from period to period
    forecast: Array  #: series x periods


class Estimate(NamedTuple):
    """The forecast of one new product."""

    mean: Array
    own: float  #: weight of its own history, 0..1
    analogues: Ints  #: rows of `Established`
    flag: str


def established(keys: Sequence[str], histories: Sequence[Array], forecast: Array) -> Established:
    """What new products are compared with."""
    recent = np.array([y[-LATELY:].mean() for y in histories])
    return Established(keys, recent, np.array([y[-LATELY:].var() for y in histories]), forecast)


def credibility(known: Established, rows: Ints) -> float:
    """k: after k periods a product's own mean weighs as much as its group's [periods]."""
    between = float(np.var(known.recent[rows])) - float(np.mean(known.noise[rows])) / LATELY
    within = float(np.mean(known.noise[rows]))
    return min(within / between, _MOST_TRUSTED) if between > 0 and within > 0 else _MOST_TRUSTED if within > 0 else 1.0


def newcomer(
    key: str, y: Array, known: Established, *, groups: Mapping[str, str], prices: Mapping[str, float], horizon: int
) -> Estimate:
    """The forecast of a product with few periods, [unit of demand] per period.

    >>> known = established(["a", "b"], [np.full(30, 8.0), np.full(30, 12.0)], np.full((2, 2), 10.0))
    >>> newcomer("c", np.array([4.0]), known, groups={}, prices={}, horizon=2).mean.tolist()
    [7.0, 7.0]
    """
    if not len(known.keys):
        mean = float(y.mean()) if len(y) else 0.0
        return Estimate(np.full(horizon, mean), 1.0, np.zeros(0, dtype=np.int64), "a new product without analogues")
    rows, flag = _analogues(key, known, groups, prices)
    level = float(known.recent[rows].mean())
    k = credibility(known, rows)
    own = len(y) / (len(y) + k)
    mixed = own * (float(y.mean()) if len(y) else 0.0) + (1 - own) * level
    total = known.forecast[rows].sum(axis=0)
    shape = total / total.mean() if total.mean() > 0 else np.ones(horizon)
    growth = total.mean() / len(rows) / level if level > 0 else 1.0
    return Estimate(mixed * shape * growth, own, rows, flag)


def _analogues(
    key: str, known: Established, groups: Mapping[str, str], prices: Mapping[str, float]
) -> tuple[Ints, str]:
    group = groups.get(key)
    same = [at for at, other in enumerate(known.keys) if group is not None and groups.get(other) == group]
    where = f"its group {group}" if same else "all products"
    pool = same or list(range(len(known.keys)))
    price = prices.get(key, 0.0)
    priced = [at for at in pool if prices.get(known.keys[at], 0.0) > 0]
    if price > 0 and priced:
        pool = sorted(priced, key=lambda at: abs(np.log(prices[known.keys[at]] / price)))[:NEAREST]
        where += " with the nearest prices"
    return np.array(pool), f"a new product: drawn towards {len(pool)} analogues of {where}"
