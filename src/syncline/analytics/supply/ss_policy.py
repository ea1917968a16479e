"""When to order and up to where, where the stock is reviewed at intervals: at s or below, order up to S."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from syncline.analytics.supply.bounds import not_negative, positive
from syncline.analytics.supply.distributions import Normal, Poisson, checked, over
from syncline.errors import RejectedError

Method = Literal["exact", "power"]
_CELLS = 100_000  #: the widest lattice of demand
_TAIL = 1e-13  #: chance of a demand that the lattice leaves out [-]
_FINE = 40  #: steps in one standard deviation of a normal demand


class OrderUpTo(NamedTuple):
    """At `reorder_point` or below, order up to `order_up_to`."""

    reorder_point: float  #: s [units]
    order_up_to: float  #: S [units]
    cost: float | None  #: expected, per review [money]; the power approximation tells none
    step: float  #: of the lattice on which the policy is best [units]


def ss_policy(  # noqa: PLR0913 - the figures of the textbook's formula
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
    demand: Normal | Poisson,
    lead_time: int = 0,
    *,
    method: Method = "exact",
    step: float | None = None,
) -> OrderUpTo:
    """The (s, S) policy with the least expected cost per review, what is missing being delivered later.

    c(s, S) = (K + sum of m(j) G(S - j) for j < S - s) / M(S - s), with m the renewal density of demand: exact on whole
    units for Poisson demand, on a lattice of `step` units (a fortieth of the standard deviation) for normal demand.

    Args:
        fixed_cost: Of one order, K [money].
        holding_cost: h [money/unit/review].
        stockout_cost: p [money/unit/review].
        demand: Between two reviews [units].
        lead_time: Whole reviews from order to receipt, 0 is before the next demand.
        method: `power` is the closed approximation of Ehrhardt & Mosier for normal demand.
        step: Of the lattice, for normal demand [units].

    Source:
        Zheng & Federgruen (1991), Operations Research 39(4); Snyder & Shen, 2nd ed. (2019), section 4.4, examples 4.7
        and 4.8; Ehrhardt & Mosier (1984), Management Science 30(5).

    Raises:
        RejectedError: a figure is negative or absurd.

    >>> best = ss_policy(5, 1, 4, Poisson(6))
    >>> best.reorder_point, best.order_up_to, round(best.cost, 5)
    (4.0, 10.0, 8.03411)
    >>> best = ss_policy(2.5, 0.18, 0.70, Normal(50, 8), method="power")
    >>> round(best.reorder_point, 4), round(best.order_up_to, 4)
    (40.1946, 74.2902)
    """
    positive(fixed_cost=fixed_cost, holding_cost=holding_cost, stockout_cost=stockout_cost)
    not_negative(lead_time=lead_time)
    checked(demand)
    if isinstance(demand, Normal):
        positive(standard_deviation_of_demand=demand.sd)
    if method == "power":
        return _power(fixed_cost, holding_cost, stockout_cost, demand, lead_time)
    unit = 1.0 if isinstance(demand, Poisson) else (step or demand.sd / _FINE)
    positive(step_of_the_lattice=unit)
    levels = _Levels(holding_cost * unit, stockout_cost * unit, _lattice(over(demand, lead_time + 1), unit))
    low, high, cost = _search(fixed_cost, _lattice(demand, unit), levels)
    return OrderUpTo(low * unit, high * unit, cost, unit)


def ss_cost(policy: tuple[int, int], costs: tuple[float, float, float], demand: Poisson) -> float:
    """Expected cost per review of (s, S) under Poisson demand; `costs` are K, h and p [money].

    >>> round(ss_cost((6, 18), (5, 1, 4), Poisson(6)), 5)
    10.1938
    """
    fixed, holding, stockout = costs
    low, high = policy
    chances = _lattice(demand, 1.0)
    levels = _Levels(holding, stockout, chances)
    renewals = _renewals(chances, high - low)
    spent = sum(float(renewals[j]) * levels.cost(high - j) for j in range(high - low))
    return (fixed + spent) / float(renewals.sum())


class _Levels:
    """G(y), the newsvendor's cost of each level y of the lattice, worked out once."""

    def __init__(self, holding: float, stockout: float, chances: NDArray[np.float64]) -> None:
        self.holding, self.stockout = holding, stockout
        self.mean = float(np.dot(np.arange(len(chances)), chances))
        above = np.append(1 - np.cumsum(chances), 0.0)
        self.short = np.append(self.mean - np.concatenate([[0.0], np.cumsum(np.maximum(above[:-1], 0))]), 0.0)
        self.best = int(np.searchsorted(np.cumsum(chances), stockout / (holding + stockout)))

    def cost(self, level: int) -> float:
        if level < 0:
            return self.stockout * (self.mean - level)
        missing = max(float(self.short[min(level, len(self.short) - 1)]), 0.0)
        return self.holding * (level - self.mean + missing) + self.stockout * missing


def _search(fixed: float, chances: NDArray[np.float64], levels: _Levels) -> tuple[int, int, float]:
    """Zheng & Federgruen's search: raise S while G(S) is below the best cost, and s with it."""
    renewals = _renewals(chances, 64)

    def cost(low: int, high: int) -> float:
        nonlocal renewals
        while high - low > len(renewals):
            renewals = _renewals(chances, 2 * len(renewals))
        weights = renewals[: high - low]
        spent = sum(float(weights[j]) * levels.cost(high - j) for j in range(high - low))
        return (fixed + spent) / float(weights.sum())

    top = levels.best
    low = top - 1
    while cost(low, top) > levels.cost(low):
        low -= 1
    best_low, best_high, best = low, top, cost(low, top)
    high = top + 1
    while levels.cost(high) <= best:
        if cost(best_low, high) < best:
            while cost(best_low, high) <= levels.cost(best_low + 1):
                best_low += 1
            best_high, best = high, cost(best_low, high)
        high += 1
    return best_low, best_high, best


def _renewals(chances: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """m(j): how often the total of demands since an order is expected to stand at j."""
    renewals = np.zeros(count)
    if not count:
        return renewals
    renewals[0] = 1 / (1 - chances[0])
    for j in range(1, count):
        seen = chances[1 : j + 1]
        renewals[j] = np.dot(seen, renewals[j - 1 :: -1][: len(seen)]) / (1 - chances[0])
    return renewals


def _lattice(demand: Normal | Poisson, unit: float) -> NDArray[np.float64]:
    """The chance of each demand 0, 1, 2, ... steps; what a normal has below zero counts as zero."""
    top = math.ceil(demand.ppf(1 - _TAIL) / unit) + 2
    if top > _CELLS:
        raise RejectedError(
            f"A lattice of {top} steps is more than {_CELLS}.",
            cure="Count in larger units (cartons, pallets), or take the method `power`.",
        )
    edges = np.arange(top)
    if isinstance(demand, Poisson):
        whole = np.array([demand.cdf(int(edge)) for edge in edges])
    else:
        whole = np.asarray(ndtr(((edges + 0.5) * unit - demand.mean) / demand.sd))
    return np.asarray(np.diff(whole, prepend=0.0) / whole[-1])


def _power(fixed: float, holding: float, stockout: float, demand: Normal | Poisson, lead_time: int) -> OrderUpTo:
    """Snyder & Shen, section 4.4.4; its constants were fitted by Ehrhardt & Mosier (1984)."""
    sd = demand.sd if isinstance(demand, Normal) else math.sqrt(demand.mean)
    mean, spread = demand.mean * (lead_time + 1), sd * math.sqrt(lead_time + 1)
    ratio = (1 + (spread / demand.mean) ** 2) ** 0.116
    quantity = 1.30 * demand.mean**0.494 * (fixed / holding) ** 0.506 * ratio
    z = math.sqrt(quantity * holding / (spread * stockout))
    low = 0.973 * mean + spread * (0.183 / z + 1.063 - 2.192 * z)
    return OrderUpTo(low, low + quantity, None, 0.0)
