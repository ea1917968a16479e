"""How much to have for one season, where what is left over and what is missing both cost money."""

from __future__ import annotations

from typing import NamedTuple

from syncline.analytics.supply.bounds import positive
from syncline.analytics.supply.distributions import Distribution, Normal, Poisson, Sample, checked

__all__ = ["Normal", "Poisson", "Sample", "Stock", "newsvendor", "newsvendor_cost"]


class Stock(NamedTuple):
    """What to have, and what it costs on average."""

    units: float  #: to have at the start [units]
    cost: float  #: expected, of leftovers and of shortage [money]
    level: float  #: P(demand is met) that is best, cu / (cu + co) [-]


def newsvendor(cu: float, co: float, dist: Distribution) -> Stock:
    """The stock with the least expected cost: the quantile cu / (cu + co) of demand.

    Args:
        cu: What one missing unit costs [money/unit].
        co: What one unit left over costs [money/unit].
        dist: Demand of the season [units].

    Source:
        Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed. (2019), section 4.3, example 4.3.

    Raises:
        RejectedError: a cost is not above zero.

    >>> best = newsvendor(0.70, 0.18, Normal(50, 8))
    >>> round(best.units, 4), round(best.cost, 5)
    (56.604, 1.99761)
    """
    positive(cost_of_a_missing_unit=cu, cost_of_a_unit_left_over=co)
    checked(dist)
    level = cu / (cu + co)
    units = dist.ppf(level)
    return Stock(units, newsvendor_cost(units, cu, co, dist), level)


def newsvendor_cost(units: float, cu: float, co: float, dist: Distribution) -> float:
    """Expected cost of having `units` [money]: co E[(x - D)+] + cu E[(D - x)+].

    >>> round(newsvendor_cost(40, 0.70, 0.18, Normal(50, 8)), 5)
    7.35613
    """
    missing = dist.loss(units)
    return co * (units - dist.mean + missing) + cu * missing
