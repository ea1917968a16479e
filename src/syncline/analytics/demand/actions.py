"""What to do about demand: which prices to ask, what to promote, and where capacity is worth its money."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from syncline.analytics.demand.elasticity import BEYOND
from syncline.analytics.demand.layouts import ACTIONS, CAPACITY, ELASTICITY
from syncline.analytics.tables import asked, made

STEPS = 41  #: prices that are tried between the lowest and the highest that there is evidence for
WORTH = 0.01  #: the least gain, by the present margin, that is worth a word
_CERTAIN = 0.2  #: the least weight of a product's own history in an elasticity that prices are changed on


class Product(NamedTuple):
    """What is known of one product over the horizon."""

    key: str
    mean: float  #: [unit]
    elasticity: float
    weight: float
    price: float
    low: float
    high: float
    capacity: float  #: [unit]
    cost: float  #: of a unit


class Advice(NamedTuple):
    """One row of `ACTIONS`, in its order."""

    action: str
    key: str
    units: float
    money: float
    price: float
    why: str


def recommend_demand_actions(forecast_rows: pa.Table, elasticity: pa.Table, capacity: pa.Table) -> pa.Table:
    """What to do, the most valuable first; nothing where nothing is gained. Each is told alone: gains do not add up.

    For each product the price is sought (within the observed ones, widened by a tenth) at which
    margin = (price - cost) x min(capacity, mean (price / present price)^elasticity) is largest; and where demand
    exceeds capacity at the present price, the margin that is lost is told.

    Args:
        forecast_rows: rows of `forecast_demand`: key, period, mean.
        elasticity: `ELASTICITY`, of `price_elasticity`.
        capacity: `CAPACITY`: what can be delivered over the horizon [unit], and the cost of a unit.

    Returns:
        `ACTIONS`: action, key, units (change of what is sold), money (change of the margin), price, why.

    >>> from datetime import date
    >>> rows = pa.table({"key": ["a"], "period": [date(2026, 1, 5)], "mean": [100.0]})
    >>> told = {"elasticity": [-1.5], "own": [-1.5], "weight": [0.9], "price": [10.0], "price_low": [8.0]}
    >>> table = pa.table({"key": ["a"], **told, "price_high": [12.0], "n_obs": [20], "flag": [""]})
    >>> held = pa.table({"key": ["a"], "capacity": [80.0], "unit_cost": [6.0]})
    >>> recommend_demand_actions(rows, table, held).select(["action", "key"]).to_pylist()
    [{'action': 'raise_price', 'key': 'a'}, {'action': 'expedite', 'key': 'a'}]
    """
    found = [one for product in _products(forecast_rows, elasticity, capacity) for one in _advice(product)]
    found.sort(key=lambda one: (-one.money, one.key, one.action))
    return made(ACTIONS, {column.name: [row[at] for row in found] for at, column in enumerate(ACTIONS.columns)})


def _products(forecast_rows: pa.Table, elasticity: pa.Table, capacity: pa.Table) -> list[Product]:
    sums = forecast_rows.group_by("key").aggregate([("mean", "sum")])
    means = dict(zip(sums.column("key").to_pylist(), sums.column("mean_sum").to_pylist(), strict=True))
    held = {row["key"]: row for row in asked(CAPACITY, capacity, name="capacity").to_pylist()}
    return [
        Product(
            row["key"],
            means[row["key"]],
            row["elasticity"],
            row["weight"],
            row["price"],
            row["price_low"] * (1 - BEYOND),
            row["price_high"] * (1 + BEYOND),
            held[row["key"]]["capacity"],
            held[row["key"]]["unit_cost"],
        )
        for row in asked(ELASTICITY, elasticity, name="elasticity").to_pylist()
        if row["key"] in means and row["key"] in held and row["price"] > 0
    ]


def _advice(one: Product) -> list[Advice]:
    sold = min(one.mean, one.capacity)
    margin = (one.price - one.cost) * sold
    found = []
    if one.weight >= _CERTAIN:
        prices = np.append(np.linspace(one.low, one.high, STEPS), one.price)
        demand = one.mean * (prices / one.price) ** one.elasticity
        margins = (prices - one.cost) * np.minimum(demand, one.capacity)
        best = int(np.argmax(margins))
        gain = float(margins[best]) - margin
        if gain > WORTH * max(abs(margin), 1.0):
            then = float(min(demand[best], one.capacity))
            found.append(_priced(one, float(prices[best]), then - sold, gain))
    short = one.mean - one.capacity
    if short > 0 and one.price > one.cost:
        why = (
            f"{one.mean:.0f} units will be asked for and {one.capacity:.0f} can be delivered; each more brings"
            f" {one.price - one.cost:.2f}."
        )
        found.append(Advice("expedite", one.key, short, short * (one.price - one.cost), one.price, why))
    return found


def _priced(one: Product, price: float, units: float, gain: float) -> Advice:
    up = price > one.price
    answer = f"Demand answers to a price {abs(price / one.price - 1):.0%} {'higher' if up else 'lower'} with"
    percent = 100 * ((price / one.price) ** one.elasticity - 1)
    scarce = " and capacity is short anyway" if up and one.mean > one.capacity else ""
    why = f"{answer} {percent:+.0f} %{scarce} (elasticity {one.elasticity:.2f}); prices like this were observed."
    return Advice("raise_price" if up else "promote", one.key, units, gain, price, why)
