"""The program of a purchase plan, in whole lots.

Columns of each offer, break and period: q, what arrives; u, whether an order is placed; n, how many multiples it is.
Of each product and period: what is kept, and what is still owed. Of each budget and capacity: what goes beyond it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from syncline.analytics.supply.linear_program import Blocks, Floats, Program, Whole

_OWED = 10.0  #: times the price that a period of owing costs: more than any order saves
_BEYOND = 3.0  #: times the money that goes beyond a budget


class Offer(NamedTuple):
    """What one vendor asks for one product."""

    vendor: str
    product: str
    order_cost: float  #: [money]
    least: float  #: [units]
    multiple: float  #: 0 is none [units]
    most: float  #: 0 is none [units]
    lead_days: int
    breaks: tuple[tuple[float, float], ...]  #: from so many units on, the price of each


class Wishes(NamedTuple):
    """What a plan must cover and keep."""

    periods: list[dt.date]
    needs: Mapping[str, Floats]  #: by product and period [units]
    offers: Sequence[Offer]
    budget: Mapping[int, float]  #: by period [money]
    capacity: Mapping[tuple[str, int], float]  #: by vendor and period [units]
    as_of: dt.date
    holding_rate: float  #: of the price, for each day [1/d]


class Choice(NamedTuple):
    """One offer at one break in one period, and its columns."""

    offer: Offer
    price: float
    period: int
    qty: int
    placed: int
    lots: int  #: -1 where there is no multiple


class PurchaseModel(NamedTuple):
    """The program, and where it keeps what is read from its solution."""

    program: Program
    whole: np.ndarray[tuple[int], np.dtype[np.bool_]]
    choices: list[Choice]
    owed: Mapping[str, Whole]
    beyond_budget: Mapping[int, int]
    beyond_capacity: Mapping[tuple[str, int], int]


def purchase_model(wishes: Wishes, *, stretch: bool) -> PurchaseModel:
    """The program of the wishes; with `stretch`, budgets and capacities may be gone beyond, at a price."""
    blocks = Blocks()
    whole: list[int] = []
    choices = [one for offer in wishes.offers for one in _choices(blocks, wishes, offer, whole)]
    owed = {product: _product(blocks, wishes, product, choices) for product in wishes.needs}
    dear = max((price for offer in wishes.offers for _, price in offer.breaks), default=1.0)
    budgets = {period: blocks.add_rows(np.array([money]))[0] for period, money in wishes.budget.items()}
    capacities = {key: blocks.add_rows(np.array([units]))[0] for key, units in wishes.capacity.items()}
    for one in choices:
        if one.period in budgets:
            row = np.array([budgets[one.period]] * 2)
            blocks.put(row, np.array([one.qty, one.placed]), np.array([one.price, one.offer.order_cost]))
        if (one.offer.vendor, one.period) in capacities:
            blocks.put(np.array([capacities[one.offer.vendor, one.period]]), np.array([one.qty]), 1.0)
    most = np.array([np.inf if stretch else 0.0])
    beyond_budget = {period: _beyond(blocks, row, _BEYOND, most) for period, row in budgets.items()}
    beyond_capacity = {key: _beyond(blocks, row, _BEYOND * dear, most) for key, row in capacities.items()}
    flags = np.zeros(blocks.columns, bool)
    flags[whole] = True
    return PurchaseModel(blocks.program(), flags, choices, owed, beyond_budget, beyond_capacity)


def _choices(blocks: Blocks, wishes: Wishes, offer: Offer, whole: list[int]) -> list[Choice]:
    """Between the ends of a break: least u <= q <= most u; with a multiple, q = multiple n."""
    total = float(wishes.needs[offer.product].sum()) if offer.product in wishes.needs else 0.0
    if not total:
        return []
    enough = max(total, offer.least, offer.breaks[-1][0]) + offer.multiple
    most = min(offer.most, enough) if offer.most else enough
    found = []
    for period, day in enumerate(wishes.periods):
        if wishes.as_of + dt.timedelta(days=offer.lead_days) > day:
            continue
        ends = [one for one, _ in offer.breaks[1:]] + [np.inf]
        placed = []
        for (begin, price), end in zip(offer.breaks, ends, strict=True):
            low, high = max(begin, offer.least), min(most, end)
            if low > high:
                continue
            qty, on = blocks.add_columns(np.array([price, offer.order_cost]), np.array([high, 1.0])).tolist()
            rows = blocks.add_rows(np.zeros(2))
            blocks.put(rows[[0, 0, 1, 1]], np.array([qty, on, qty, on]), np.array([1.0, -high, -1.0, low]))
            whole.append(on)
            lots = _lots(blocks, offer, qty, high, whole)
            placed.append(on)
            found.append(Choice(offer, price, period, qty, on, lots))
        if len(placed) > 1:
            blocks.put(np.repeat(blocks.add_rows(np.ones(1)), len(placed)), np.array(placed), 1.0)
    return found


def _lots(blocks: Blocks, offer: Offer, qty: int, high: float, whole: list[int]) -> int:
    if not offer.multiple:
        return -1
    column = int(blocks.add_columns(np.zeros(1), np.array([np.floor(high / offer.multiple + 1e-9)]))[0])
    row = blocks.add_rows(np.zeros(1), equal=True)
    blocks.put(row[[0, 0]], np.array([qty, column]), np.array([1.0, -offer.multiple]))
    whole.append(column)
    return column


def _product(blocks: Blocks, wishes: Wishes, product: str, choices: Sequence[Choice]) -> Whole:
    """Kept before - owed before + arrives - need = kept - owed, period by period; the columns of what is owed."""
    prices = [price for offer in wishes.offers if offer.product == product for _, price in offer.breaks]
    price = min(prices, default=1.0)
    ends = [*wishes.periods[1:], wishes.periods[-1] + dt.timedelta(days=1)]
    days = np.array([(end - day).days for day, end in zip(wishes.periods, ends, strict=True)], float)
    count = len(days)
    kept = blocks.add_columns(wishes.holding_rate * price * days, np.full(count, np.inf))
    owed = blocks.add_columns(np.full(count, _OWED * max(prices, default=1.0)), np.full(count, np.inf))
    rows = blocks.add_rows(wishes.needs[product], equal=True)
    blocks.put(rows, kept, -1.0)
    blocks.put(rows, owed, 1.0)
    blocks.put(rows[1:], kept[:-1], 1.0)
    blocks.put(rows[1:], owed[:-1], -1.0)
    mine = [one for one in choices if one.offer.product == product]
    if mine:
        blocks.put(rows[[one.period for one in mine]], np.array([one.qty for one in mine]), 1.0)
    return owed


def _beyond(blocks: Blocks, row: int, price: float, most: Floats) -> int:
    column = blocks.add_columns(np.array([price]), most)
    blocks.put(np.array([row]), column, -1.0)
    return int(column[0])
