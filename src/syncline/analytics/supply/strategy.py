"""What service costs: the frontier of stock money against fill rate, over all products at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from syncline.analytics.supply.bounds import no_negatives, no_twins, share
from syncline.analytics.supply.linear_program import Floats
from syncline.analytics.tables import Column, Layout, asked, made
from syncline.errors import RejectedError

STOCKED = Layout(
    row="one product that is kept in stock",
    columns=(
        Column("product", pa.string()),
        Column("mean_d", pa.float64(), unit="unit"),
        Column("sd_d", pa.float64(), unit="unit"),
        Column("lead_mean_d", pa.float64(), unit="d"),
        Column("lead_sd_d", pa.float64(), unit="d"),
        Column("order_qty", pa.float64(), unit="unit"),
        Column("unit_cost", pa.float64(), unit="money"),
        Column("unit_value", pa.float64(), unit="money"),
    ),
)
FRONTIER = Layout(
    row="one fill rate, and the least that it costs",
    columns=(
        Column("fill", pa.float64()),
        Column("cost", pa.float64(), unit="money"),
        Column("stock_money", pa.float64(), unit="money"),
        Column("money_per_point", pa.float64(), unit="money"),
    ),
)
SETTINGS = Layout(
    row="one product at one fill rate of the whole",
    columns=(
        Column("fill", pa.float64()),
        Column("product", pa.string()),
        Column("ss_units", pa.float64(), unit="unit"),
        Column("rop_units", pa.float64(), unit="unit"),
    ),
)
FILLS = (0.90, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995)
_YEAR = 365.0  # [d]
_MOST = 6.0  #: standard deviations; more stock would never be asked for


class Strategy(NamedTuple):
    """The frontier, and the settings that reach each of its points."""

    frontier: pa.Table  #: `FRONTIER`, by year
    settings: pa.Table  #: `SETTINGS`
    flag: str | None = None


def supply_strategy(items: pa.Table, *, holding_rate: float = 0.20, fills: Sequence[float] = FILLS) -> Strategy:
    """The least yearly cost of holding stock for each value-weighted fill rate, and what one more point would cost.

    Minimises sum h c_i (k_i s_i + Q_i / 2) under sum v_i (D_i / Q_i) s_i G(k_i) <= (1 - fill) sum v_i D_i, where s_i is
    the spread of demand during the lead time. The best factors share one price of shortage: 1 - Phi(k_i) = h c_i Q_i /
    (price v_i D_i). `money_per_point` is that price for one hundredth of all demand's value.

    Args:
        items: `STOCKED`; `unit_cost` is what stock of it costs, `unit_value` what missing it costs (its price).
        holding_rate: What keeping money's worth of stock for a year costs [1/a].
        fills: Value-weighted fill rates, rising [-].

    Source:
        Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed. (2017), section 6.11
        (exchange curves); Lagrange multiplier of the aggregate service.

    Raises:
        RejectedError: a figure is negative or absurd, or nothing is sold.

    >>> items = pa.table({"product": ["a", "b"], "mean_d": [10.0, 10.0], "sd_d": [3.0, 9.0], "lead_mean_d": [9.0] * 2,
    ...     "lead_sd_d": [0.0] * 2, "order_qty": [60.0] * 2, "unit_cost": [5.0] * 2, "unit_value": [8.0] * 2})
    >>> found = supply_strategy(items, fills=[0.95, 0.99]).frontier.to_pylist()
    >>> [(row["fill"], round(row["cost"], 2), round(row["money_per_point"], 2)) for row in found]
    [(0.95, 81.86, 4.41), (0.99, 111.95, 16.1)]
    """
    table, told = _figures(items)
    for fill in fills:
        share(fill_rate=fill)
    spread = np.hypot(np.sqrt(told["lead_mean_d"]) * told["sd_d"], told["mean_d"] * told["lead_sd_d"])
    case = _Case(told, spread, holding_rate, float(np.dot(told["mean_d"], told["unit_value"])) * _YEAR)
    found = [_reached(case, fill) for fill in sorted(fills)]
    rows = [(round(fill, 9), *_sums(case, factors), price * case.worth / 100) for fill, price, factors in found]
    stocks = np.concatenate([factors * spread for _, _, factors in found])
    settings = {
        "fill": np.repeat([row[0] for row in rows], len(table)),
        "product": table.column("product").to_pylist() * len(found),
        "ss_units": stocks, "rop_units": np.tile(told["mean_d"] * told["lead_mean_d"], len(found)) + stocks,
    }  # fmt: skip
    flag = f"no safety stock at all reaches {rows[0][0]:.4f} already" if found[0].price == 0 else None
    columns = dict(zip(FRONTIER.schema.names, map(list, zip(*rows, strict=True)), strict=True))
    return Strategy(made(FRONTIER, columns), made(SETTINGS, settings), flag)


class _Case(NamedTuple):
    told: dict[str, Floats]
    spread: Floats  #: of the demand during the lead time [units]
    holding: float  #: [1/a]
    worth: float  #: of all demand [money/a]


class _Point(NamedTuple):
    fill: float
    price: float  #: of a money of shortage; 0 where no safety stock is needed
    factors: Floats


def _figures(items: pa.Table) -> tuple[pa.Table, dict[str, Floats]]:
    table = no_twins(asked(STOCKED, items, name="items"), ["product"], name="items")
    names = [name for name in table.column_names if name != "product"]
    no_negatives(table, names, name="items")
    told = {name: np.asarray(table.column(name).to_numpy(), float) for name in names}
    if not told["mean_d"].any() or not all(told[name].all() for name in ("order_qty", "unit_cost", "unit_value")):
        raise RejectedError("A strategy needs demand, and order quantities, costs and values above zero.")
    return table, told


def _reached(case: _Case, fill: float) -> _Point:
    """The price of shortage at which the fill is reached; without any safety stock it may be more than asked."""
    told = case.told
    orders = told["mean_d"] * _YEAR / told["order_qty"]
    sold = orders > 0
    own = np.full(len(orders), np.inf)
    own[sold] = case.holding * told["unit_cost"][sold] / (told["unit_value"] * orders)[sold]

    def factors(log_price: float) -> Floats:
        return np.asarray(0.0 - ndtri(np.clip(own / np.exp(log_price), float(ndtr(-_MOST)), 0.5)))

    def missing(log_price: float) -> float:
        return float(np.dot(told["unit_value"] * orders * case.spread, _losses(factors(log_price)))) / case.worth

    low, high = float(np.log(own[sold].min())) - 1, float(np.log(own[sold].max())) + 25
    if missing(low) <= 1 - fill:
        return _Point(1 - missing(low), 0.0, factors(low))
    enough = missing(high) < 1 - fill
    price = float(brentq(lambda one: missing(one) - (1 - fill), low, high, xtol=1e-12)) if enough else high
    return _Point(1 - missing(price), float(np.exp(price)), factors(price))


def _losses(factors: Floats) -> Floats:
    density = np.exp(-(factors**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(np.maximum(density - factors * ndtr(-factors), 0.0))


def _sums(case: _Case, factors: Floats) -> tuple[float, float]:
    money = float(np.dot(case.told["unit_cost"], factors * case.spread + case.told["order_qty"] / 2))
    return case.holding * money, money
