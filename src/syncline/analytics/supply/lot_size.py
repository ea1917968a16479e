"""How much to order at once, where demand is steady: the economic lot, and the rules of a supplier about lots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from syncline.analytics.supply.bounds import not_negative, positive
from syncline.errors import RejectedError

_CLOSE = 1e-9  #: a whole number of multiples, but for rounding


class LotRules(NamedTuple):
    """What a supplier takes as an order. 0 is no rule."""

    least: float = 0.0  #: minimum order quantity [units]
    multiple: float = 0.0  #: orders are whole multiples of it [units]
    most: float = 0.0  #: maximum order quantity [units]


FREE = LotRules()


class Lot(NamedTuple):
    """What to order at once."""

    quantity: float  #: [units]
    cost: float  #: of ordering and holding, with discounts also of buying [money/time]
    backordered: float = 0.0  #: the most that is planned to be missing before a lot arrives [units]
    price: float | None = None  #: of the last unit, where there are discounts [money/unit]


def lot_size(
    order_cost: float,
    holding_cost: float,
    demand_rate: float,
    *,
    stockout_cost: float | None = None,
    production_rate: float | None = None,
    rules: LotRules = FREE,
) -> Lot:
    """The economic order quantity, within the rules of the supplier.

    Q* = sqrt(2 K lambda / h), cost sqrt(2 K lambda h). With shortage delivered later at p per unit and time, h becomes
    h p / (h + p) in the cost; with a production rate mu, h (1 - lambda / mu). Minimum and multiple move Q to the
    better of its two neighbours, which is best because the cost is convex.

    Args:
        order_cost: Of one order or set-up, K [money].
        holding_cost: h [money/unit/time].
        demand_rate: lambda [units/time].
        stockout_cost: p, where shortage may be planned [money/unit/time].
        production_rate: mu, where a lot comes bit by bit [units/time].
        rules: Minimum, multiple and maximum.

    Source:
        Harris (1913); Snyder & Shen, 2nd ed. (2019), sections 3.2 (example 3.1), 3.5 (example 3.8) and 3.6.

    Raises:
        RejectedError: a figure is not above zero; production is no faster than demand; no lot keeps the rules.

    >>> lot = lot_size(8, 0.225, 1300)
    >>> round(lot.quantity, 4), round(lot.cost, 4)
    (304.0468, 68.4105)
    >>> lot_size(8, 0.225, 1300, rules=LotRules(multiple=250)).quantity
    250.0
    """
    positive(order_cost=order_cost, holding_cost=holding_cost, demand_rate=demand_rate)
    held, share = holding_cost * _left(demand_rate, production_rate), 0.0
    if stockout_cost is not None:
        positive(stockout_cost=stockout_cost)
        share = held / (held + stockout_cost)
        held *= 1 - share

    def cost(quantity: float) -> float:
        return order_cost * demand_rate / quantity + held * quantity / 2

    best = min(neighbours(math.sqrt(2 * order_cost * demand_rate / held), rules), key=cost)
    return Lot(best, cost(best), share * best)


def _left(demand_rate: float, production_rate: float | None) -> float:
    """The share of a lot that is still there when its last unit is made."""
    if production_rate is None:
        return 1.0
    positive(production_rate=production_rate)
    if production_rate <= demand_rate:
        raise RejectedError(f"Production of {production_rate} is no faster than the demand of {demand_rate}.")
    return 1 - demand_rate / production_rate


def neighbours(quantity: float, rules: LotRules) -> Sequence[float]:
    """The largest lot up to `quantity` and the smallest from it on that keep the rules.

    Raises:
        RejectedError: none keeps them.

    >>> neighbours(304.0, LotRules(least=100, multiple=48))
    [288.0, 336.0]
    """
    not_negative(minimum=rules.least, multiple=rules.multiple, maximum=rules.most)
    lots = [quantity]
    least, most = rules.least, rules.most or math.inf
    if rules.multiple:
        least = math.ceil(least / rules.multiple - _CLOSE) * rules.multiple
        most = math.floor(most / rules.multiple + _CLOSE) * rules.multiple if math.isfinite(most) else most
        low = math.floor(quantity / rules.multiple) * rules.multiple
        lots = [low, low + rules.multiple]
    kept = sorted({float(min(max(lot, least), most)) for lot in lots})
    if least > most or (kept[0] <= 0 and len(kept) == 1):
        raise RejectedError(
            f"No lot keeps a minimum of {rules.least}, multiples of {rules.multiple} and a maximum of {rules.most}."
        )
    return [lot for lot in kept if lot > 0]


def rounded_up(quantity: float, rules: LotRules) -> float:
    """The smallest lot from `quantity` on that keeps the rules; 0 stays 0.

    Raises:
        RejectedError: it is more than the maximum.

    >>> rounded_up(130.0, LotRules(least=100, multiple=48))
    144.0
    """
    if quantity <= 0:
        return 0.0
    lot = max(quantity, rules.least)
    if rules.multiple:
        lot = math.ceil(lot / rules.multiple - _CLOSE) * rules.multiple
    if rules.most and lot > rules.most:
        raise RejectedError(f"A lot of {lot} is more than the maximum of {rules.most}.", cure="Order more than once.")
    return float(lot)
