"""How much to order at once, where a supplier sells more for less."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from syncline.analytics.supply.bounds import positive
from syncline.analytics.supply.lot_size import FREE, Lot, LotRules, neighbours
from syncline.errors import RejectedError


class PriceBreak(NamedTuple):
    """From so many units on, so much for a unit."""

    from_qty: float  #: [units]
    price: float  #: [money/unit]


def all_units(
    order_cost: float,
    holding_rate: float,
    demand_rate: float,
    breaks: Sequence[PriceBreak],
    *,
    rules: LotRules = FREE,
) -> Lot:
    """The best lot where the price of a break holds for every unit of the order.

    Within a break the cost c lambda + K lambda / Q + i c Q / 2 is convex, so the best lot of each is its economic lot,
    moved to the ends of the break and to the rules; the cheapest of these is the answer.

    Args:
        order_cost: K [money].
        holding_rate: i, what holding money's worth of stock costs [1/time].
        demand_rate: lambda [units/time].
        breaks: Rising quantities from 0 on, falling prices.
        rules: Minimum, multiple and maximum of an order.

    Source:
        Snyder & Shen, 2nd ed. (2019), section 3.4.2, example 3.5.

    Raises:
        RejectedError: a figure or the breaks are absurd, or no lot keeps the rules.

    >>> breaks = [PriceBreak(0, 0.75), PriceBreak(400, 0.72), PriceBreak(800, 0.68)]
    >>> lot = all_units(8, 0.3, 1300, breaks)
    >>> lot.quantity, round(lot.cost, 4), lot.price
    (800.0, 978.6, 0.68)
    """
    positive(order_cost=order_cost, holding_rate=holding_rate, demand_rate=demand_rate)
    found: list[Lot] = []
    for at, until in _ranges(breaks):
        economic = math.sqrt(2 * order_cost * demand_rate / (holding_rate * at.price))
        inside = rules._replace(least=max(rules.least, at.from_qty))
        for lot in _lots(min(max(economic, at.from_qty), until), inside):
            if lot < until or math.isinf(until):
                money = at.price * demand_rate + order_cost * demand_rate / lot + holding_rate * at.price * lot / 2
                found.append(Lot(lot, money, 0.0, at.price))
    return _cheapest(found)


def incremental(
    order_cost: float,
    holding_rate: float,
    demand_rate: float,
    breaks: Sequence[PriceBreak],
    *,
    rules: LotRules = FREE,
) -> Lot:
    """The best lot where the price of a break holds for the units above it only.

    An order of Q in break j costs a_j + c_j Q, a_j = sum of (c_(i-1) - c_i) b_i; the cost per time is
    c_j lambda + (K + a_j) lambda / Q + i (a_j + c_j Q) / 2. Arguments and errors as in `all_units`.

    Source:
        Snyder & Shen, 2nd ed. (2019), section 3.4.3, example 3.6.

    >>> breaks = [PriceBreak(0, 0.75), PriceBreak(400, 0.72), PriceBreak(800, 0.68)]
    >>> lot = incremental(8, 0.3, 1300, breaks)
    >>> round(lot.quantity, 2), round(lot.cost, 4), lot.price
    (304.05, 1043.4105, 0.75)
    """
    positive(order_cost=order_cost, holding_rate=holding_rate, demand_rate=demand_rate)
    found: list[Lot] = []
    extra, last = 0.0, breaks[0].price if breaks else 0.0
    for at, until in _ranges(breaks):
        extra, last = extra + (last - at.price) * at.from_qty, at.price
        economic = math.sqrt(2 * (order_cost + extra) * demand_rate / (holding_rate * at.price))
        inside = rules._replace(least=max(rules.least, at.from_qty))
        for lot in _lots(min(max(economic, at.from_qty), until), inside):
            if lot <= until:
                buying = at.price * demand_rate + (order_cost + extra) * demand_rate / lot
                found.append(Lot(lot, buying + holding_rate * (extra + at.price * lot) / 2, 0.0, at.price))
    return _cheapest(found)


def _ranges(breaks: Sequence[PriceBreak]) -> list[tuple[PriceBreak, float]]:
    if not breaks or breaks[0].from_qty != 0:
        raise RejectedError("The price breaks must begin at 0 units.")
    for before, after in pairwise(breaks):
        if after.from_qty <= before.from_qty or after.price > before.price:
            raise RejectedError(
                f"The price break at {after.from_qty} units does not follow the one at {before.from_qty}.",
                cure="Quantities must rise, and prices must not.",
            )
    for one in breaks:
        positive(price=one.price)
    return list(zip(breaks, [one.from_qty for one in breaks[1:]] + [math.inf], strict=True))


def _lots(quantity: float, rules: LotRules) -> Sequence[float]:
    try:
        return neighbours(quantity, rules)
    except RejectedError:
        return []


def _cheapest(found: Sequence[Lot]) -> Lot:
    if not found:
        raise RejectedError("No lot keeps the rules of the supplier at any price.")
    return min(found, key=lambda lot: lot.cost)
