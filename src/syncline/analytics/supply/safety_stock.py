"""How much to keep against demand and lead times that vary, for one product or for a table of them."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from scipy.optimize import brentq
from scipy.special import ndtri

from syncline.analytics.supply.bounds import not_negative, positive, share
from syncline.analytics.supply.distributions import Distribution, standard_loss

Service = Literal["cycle", "fill"]
_LEAST, _MOST = -8.0, 8.0  #: where the safety factor is sought [standard deviations]


class SafetyStock(NamedTuple):
    """What to keep above the mean, and when to order."""

    ss_units: float  #: safety stock [units]
    rop_units: float  #: order when stock on hand and on order falls to this [units]


def safety_stock(  # noqa: PLR0913 - the seven figures of the textbook's formula
    mu_d: float,
    sigma_d: float,
    mu_L: float,  # noqa: N803 - as the textbook writes it
    sigma_L: float,  # noqa: N803
    *,
    service: Service,
    level: float,
    review_days: float = 0.0,
    order_qty: float | None = None,
) -> SafetyStock:
    """Safety stock and reorder point under normal demand and lead time, independent of each other.

    The spread of demand until the next receipt is sd = sqrt((L + R) sigma_d^2 + mu_d^2 sigma_L^2). For `cycle`,
    `level` is the share of order cycles without a stock-out, ss = Phi^-1(level) sd. For `fill`, it is the share of
    demand met from stock: ss = k sd with sd G(k) = (1 - level) Q, where G is the standard loss function. Where little
    service is wanted, the safety stock is below zero: order after the mean demand has used up the stock.

    Args:
        mu_d: Mean demand [units/d].
        sigma_d: Standard deviation of a day's demand [units/d].
        mu_L: Mean lead time [d].
        sigma_L: Standard deviation of the lead time [d].
        service: What `level` means.
        level: Wanted service, 0 < level < 1 [-].
        review_days: Time between two reviews, R; 0 is a stock that is always watched [d].
        order_qty: Units in one order, Q; `fill` needs it, and takes one review's demand where it is left out [units].

    Source:
        Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed. (2017), sections 6.7 to
        6.10; Snyder & Shen, 2nd ed. (2019), section 4.3.

    Raises:
        RejectedError: a figure is negative or absurd; the lead time and the review are both zero.

    >>> kept = safety_stock(50, 8, 4, 0, service="cycle", level=0.95)
    >>> round(kept.ss_units, 3), round(kept.rop_units, 3)
    (26.318, 226.318)
    >>> round(safety_stock(50, 8, 4, 1, service="fill", level=0.98, order_qty=500).ss_units, 3)
    27.51
    """
    not_negative(mean_demand=mu_d, standard_deviation_of_demand=sigma_d, review_time=review_days)
    not_negative(mean_lead_time=mu_L, standard_deviation_of_the_lead_time=sigma_L)
    time = mu_L + review_days
    positive(lead_time_and_review_together=time)
    share(service_level=level)
    spread = math.hypot(math.sqrt(time) * sigma_d, mu_d * sigma_L)
    lot = order_qty if order_qty is not None else mu_d * review_days
    factor = float(ndtri(level)) if service == "cycle" else fill_factor(spread, lot, level)
    return SafetyStock(factor * spread, mu_d * time + factor * spread)


def fill_factor(spread: float, order_qty: float, level: float) -> float:
    """The safety factor k with spread G(k) = (1 - level) Q [standard deviations].

    >>> round(fill_factor(52.498, 500, 0.98), 3)
    0.524
    """
    positive(units_in_one_order=order_qty)
    if not spread:
        return 0.0
    wanted = (1 - level) * order_qty / spread
    if wanted >= standard_loss(_LEAST):
        return _LEAST
    if wanted <= standard_loss(_MOST):
        return _MOST
    return float(brentq(lambda factor: standard_loss(factor) - wanted, _LEAST, _MOST, xtol=1e-12))


def stock_for(dist: Distribution, *, service: Service, level: float, order_qty: float = 0.0) -> SafetyStock:
    """The same from a forecast of the demand during the lead time, whatever its shape: no normal is assumed.

    `cycle` takes the quantile; `fill` the least stock with E[(D - x)+] <= (1 - level) Q.

    >>> from syncline.analytics.supply.distributions import Sample
    >>> stock_for(Sample.of([0, 0, 10, 40]), service="cycle", level=0.75)
    SafetyStock(ss_units=-2.5, rop_units=10.0)
    """
    share(service_level=level)
    if service == "cycle":
        point = dist.ppf(level)
        return SafetyStock(point - dist.mean, point)
    positive(units_in_one_order=order_qty)
    wanted = (1 - level) * order_qty
    high = max(dist.ppf(1 - 1e-9), dist.mean)
    point = float(brentq(lambda x: dist.loss(x) - wanted, 0.0, high)) if dist.loss(0.0) > wanted else 0.0
    return SafetyStock(point - dist.mean, point)
