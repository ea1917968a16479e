"""When to order and how much, where the stock is always watched: order Q whenever it falls to r."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from scipy.optimize import brentq

from syncline.analytics.supply.bounds import positive
from syncline.analytics.supply.distributions import Normal, Poisson, checked, over
from syncline.errors import RejectedError

Method = Literal["exact", "eil"]
_ROUNDS = 10_000


class ReorderPolicy(NamedTuple):
    """Order `quantity` when the inventory position falls to `reorder_point`."""

    reorder_point: float  #: r [units]
    quantity: float  #: Q [units]
    cost: float  #: expected, of ordering, holding and shortage [money/time]


def rq_policy(
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
    demand: Normal | Poisson,
    lead_time: float,
    *,
    method: Method = "exact",
) -> ReorderPolicy:
    """The (r, Q) policy with the least expected cost, what is missing being delivered later.

    `exact` charges shortage by unit and time, g(r, Q) = (K lambda + integral of G over r..r+Q) / Q, where G(y) is the
    newsvendor's cost of the demand during the lead time: continuous for normal demand, whole units for Poisson demand.
    `eil` is the expected-inventory-level approximation, which charges each missing unit once:
    h (r - lambda L + Q/2) + K lambda / Q + p lambda n(r) / Q.

    Args:
        fixed_cost: Of one order, K [money].
        holding_cost: h [money/unit/time].
        stockout_cost: p; `exact`: [money/unit/time], `eil`: [money/unit].
        demand: Of one unit of time, independent from one to the next [units/time].
        lead_time: In the same unit of time.
        method: Which of the two.

    Source:
        Snyder & Shen, 2nd ed. (2019), sections 5.2 (example 5.2), 5.4 and 5.5 (example 5.8); Zheng (1992), Management
        Science 38(1); Federgruen & Zheng (1992), Operations Research 40(4).

    Raises:
        RejectedError: a figure is negative or absurd, or no policy of this kind is best.

    >>> best = rq_policy(8, 0.225, 7.5, Normal(1300, 150), 1 / 12, method="eil")
    >>> round(best.reorder_point, 4), round(best.quantity, 4), round(best.cost, 4)
    (213.9704, 318.5902, 95.4511)
    >>> best = rq_policy(100, 20, 150, Poisson(1.5), 2)
    >>> best.reorder_point, best.quantity, round(best.cost, 4)
    (3.0, 5.0, 107.9236)
    """
    positive(fixed_cost=fixed_cost, holding_cost=holding_cost, stockout_cost=stockout_cost, lead_time=lead_time)
    checked(demand)
    rate, lead = demand.mean, over(demand, lead_time)
    if isinstance(lead, Poisson):
        if method == "eil":
            raise RejectedError("The approximation `eil` needs normal demand.", cure="Use `exact`, which is as quick.")
        return _whole(fixed_cost * rate, holding_cost, stockout_cost, lead)
    if not lead.sd:
        return _known(fixed_cost * rate, holding_cost, stockout_cost, lead)
    if method == "eil":
        return _expected_level(fixed_cost, holding_cost, stockout_cost, rate, lead)
    return _continuous(fixed_cost * rate, holding_cost, stockout_cost, lead)


def rq_cost(policy: tuple[float, float], fixed: float, holding: float, stockout: float, lead: Normal) -> float:
    """Exact expected cost of (r, Q) under normal demand; `fixed` is K lambda [money/time].

    >>> round(rq_cost((126.8, 328.5), 8 * 1300, 0.225, 7.5, over(Normal(1300, 150), 1 / 12)), 5)
    78.07116
    """
    point, quantity = policy
    short = lead.squared_loss(point) - lead.squared_loss(point + quantity)
    return (fixed + holding * quantity * (point + quantity / 2 - lead.mean) + (holding + stockout) * short) / quantity


def _continuous(fixed: float, holding: float, stockout: float, lead: Normal) -> ReorderPolicy:
    """Where G(r) = G(r + Q) = g(r, Q); Zheng (1992), whose left side minus the right one grows with Q."""

    def at(level: float) -> float:
        return holding * (level - lead.mean) + (holding + stockout) * lead.loss(level)

    best = lead.ppf(stockout / (holding + stockout))

    def point(quantity: float) -> float:
        return float(brentq(lambda r: at(r) - at(r + quantity), best - quantity, best, xtol=1e-12, rtol=1e-14))

    def excess(quantity: float) -> float:
        r = point(quantity)
        return at(r) - rq_cost((r, quantity), fixed, holding, stockout, lead)

    high = math.sqrt(2 * fixed * (holding + stockout) / (holding * stockout))
    while excess(high) < 0:
        high *= 2
    quantity = float(brentq(excess, high * 1e-6, high, xtol=1e-10, rtol=1e-14))
    r = point(quantity)
    return ReorderPolicy(r, quantity, rq_cost((r, quantity), fixed, holding, stockout, lead))


def _known(fixed: float, holding: float, stockout: float, lead: Normal) -> ReorderPolicy:
    """Demand without spread: the lot with planned shortage; Snyder & Shen, section 3.5."""
    quantity = math.sqrt(2 * fixed * (holding + stockout) / (holding * stockout))
    short = quantity * holding / (holding + stockout)
    return ReorderPolicy(lead.mean - short, quantity, holding * (quantity - short))


def _expected_level(fixed: float, holding: float, stockout: float, rate: float, lead: Normal) -> ReorderPolicy:
    """Q from r and r from Q in turn, until neither moves; Snyder & Shen, algorithm 5.1."""
    quantity = math.sqrt(2 * fixed * rate / holding)
    point = lead.mean
    for _ in range(_ROUNDS):
        level = 1 - quantity * holding / (stockout * rate)
        if level <= 0:
            raise RejectedError(
                "Shortage is so cheap that `eil` orders only once nothing is left.", cure="Use the method `exact`."
            )
        point, before = lead.ppf(level), quantity
        quantity = math.sqrt(2 * rate * (fixed + stockout * lead.loss(point)) / holding)
        if abs(quantity - before) <= 1e-10 * quantity:
            break
    missing = stockout * rate * lead.loss(point) / quantity
    cost = holding * (point - lead.mean + quantity / 2) + fixed * rate / quantity + missing
    return ReorderPolicy(point, quantity, cost)


def _whole(fixed: float, holding: float, stockout: float, lead: Poisson) -> ReorderPolicy:
    """Take the cheapest levels one by one, while each is below the average; Federgruen & Zheng (1992)."""

    def at(level: int) -> float:
        return holding * (level - lead.mean) + (holding + stockout) * lead.loss(level)

    low = high = int(lead.ppf(stockout / (holding + stockout)))
    total = fixed + at(low)
    below, above = at(low - 1), at(high + 1)
    while min(below, above) < total / (high - low + 1):
        total += min(below, above)
        if below <= above:
            low, below = low - 1, at(low - 2)
        else:
            high, above = high + 1, at(high + 2)
    return ReorderPolicy(float(low - 1), float(high - low + 1), total / (high - low + 1))
