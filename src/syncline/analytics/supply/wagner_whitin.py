"""When to order and how much, where the demand of each period is known and differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from syncline.analytics.supply.bounds import not_negative, positive
from syncline.errors import RejectedError

_PERIODS = 5_000


class LotPlan(NamedTuple):
    """What to order in each period, so that nothing is ever missing."""

    orders: tuple[float, ...]  #: [units], at the start of each period
    cost: float  #: of ordering, holding and, where prices are given, buying [money]


def wagner_whitin(
    order_cost: float,
    holding_cost: float,
    demand: Sequence[float],
    *,
    prices: Sequence[float] | None = None,
) -> LotPlan:
    """The cheapest orders that meet the demand of every period.

    theta(t) = min over s > t of K + c_t D(t..s-1) + h sum (i - t) d_i + theta(s): an order covers whole periods.

    Args:
        order_cost: Of one order, K [money].
        holding_cost: h, of what is left at the end of a period [money/unit/period].
        demand: Of each period, first to last [units].
        prices: Of a unit ordered in each period, where they differ [money/unit].

    Source:
        Wagner & Whitin (1958), Management Science 5(1); Snyder & Shen, 2nd ed. (2019), section 3.7, example 3.9.

    Raises:
        RejectedError: a figure is negative, or there are no periods or too many.

    >>> wagner_whitin(500, 2, [90, 120, 80, 70])
    LotPlan(orders=(210.0, 0.0, 150.0, 0.0), cost=1380.0)
    """
    positive(order_cost=order_cost)
    not_negative(holding_cost=holding_cost)
    units = _figures(demand, "demand")
    paid = _figures(prices, "price") if prices is not None else np.zeros(len(units))
    if len(paid) != len(units):
        raise RejectedError(f"There are {len(units)} periods of demand and {len(paid)} prices.")
    count = len(units)
    costs, nexts = np.zeros(count + 1), np.zeros(count, int)
    for first in range(count - 1, -1, -1):
        ahead = np.arange(count - first)
        covered = np.cumsum(units[first:])
        held = np.cumsum(ahead * units[first:])
        total = np.where(covered > 0, order_cost, 0.0) + paid[first] * covered + holding_cost * held
        total = total + costs[first + 1 :]
        nexts[first] = first + 1 + int(np.argmin(total))
        costs[first] = total.min()
    orders = np.zeros(count)
    place = 0
    while place < count:
        orders[place] = units[place : nexts[place]].sum()
        place = int(nexts[place])
    return LotPlan(tuple(orders.tolist()), float(costs[0]))


def _figures(values: Sequence[float], name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if not 1 <= len(values) <= _PERIODS:
        raise RejectedError(f"A plan needs 1 to {_PERIODS} periods, and has {len(values)}.")
    for place, value in enumerate(values):
        not_negative(**{f"{name}_of_period_{place + 1}": value})
    return np.asarray(values, float)
