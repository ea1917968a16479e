"""Lots: the textbook's, those that suppliers take, and those that differ from period to period."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from syncline.analytics.supply.discounts import PriceBreak, all_units, incremental
from syncline.analytics.supply.lot_size import LotRules, lot_size, rounded_up
from syncline.analytics.supply.wagner_whitin import wagner_whitin
from syncline.errors import RejectedError

BREAKS = [PriceBreak(0, 0.75), PriceBreak(400, 0.72), PriceBreak(800, 0.68)]


def test_the_lots_of_the_textbook():
    assert lot_size(8, 0.225, 1300, stockout_cost=5)[:2] == pytest.approx((310.8125551589646, 66.921363550973254))
    assert lot_size(4, 0.08, 80, production_rate=110)[:2] == pytest.approx((171.2697677155351, 3.736794931975310))


@pytest.mark.parametrize(
    ("rules", "lot"),
    [(LotRules(least=500), 500), (LotRules(most=200), 200), (LotRules(multiple=1000), 1000), (LotRules(100, 48), 288)],
)
def test_a_lot_keeps_the_rules_of_the_supplier(rules: LotRules, lot: float):
    assert lot_size(8, 0.225, 1300, rules=rules).quantity == lot


@pytest.mark.parametrize(("need", "lot"), [(0, 0), (1, 96), (96, 96), (97, 144), (130, 144)])
def test_a_need_is_rounded_up_to_a_lot(need: float, lot: float):
    assert rounded_up(need, LotRules(least=60, multiple=48)) == lot


@pytest.mark.parametrize("rate", [200.0, 1300.0, 6000.0])
def test_discounts_are_as_good_as_trying_every_lot(rate: float):
    def paid(lot: int) -> float:
        return [one.price for one in BREAKS if one.from_qty <= lot][-1]

    def bought(lot: int) -> float:
        ends = [one.from_qty for one in BREAKS[1:]] + [math.inf]
        return sum(one.price * max(min(lot, end) - one.from_qty, 0) for one, end in zip(BREAKS, ends, strict=True))

    lots = range(1, 4000)
    every = min(paid(lot) * rate + 8 * rate / lot + 0.3 * paid(lot) * lot / 2 for lot in lots)
    slices = min((8 + bought(lot)) * rate / lot + 0.3 * bought(lot) / 2 for lot in lots)

    assert all_units(8, 0.3, rate, BREAKS).cost == pytest.approx(every, rel=1e-5)
    assert incremental(8, 0.3, rate, BREAKS).cost == pytest.approx(slices, rel=1e-5)


def test_a_discount_is_taken_in_lots_that_the_supplier_takes():
    assert all_units(8, 0.3, 1300, BREAKS, rules=LotRules(multiple=300)).quantity == 900


def test_lots_over_periods_are_as_good_as_trying_all():
    draw = np.random.default_rng(5)
    for _ in range(20):
        demand = draw.integers(0, 100, 6).astype(float)
        prices = draw.uniform(1, 3, 6)
        found = wagner_whitin(90, 0.7, demand.tolist(), prices=prices.tolist())

        every = min(
            _cost(demand, prices, [place for place, chosen in enumerate(pattern) if chosen])
            for pattern in itertools.product([0, 1], repeat=6)
        )
        assert found.cost == pytest.approx(every)
        stock = np.cumsum(found.orders) - np.cumsum(demand)
        assert (stock >= -1e-9).all()
        assert stock[-1] == pytest.approx(0)


def _cost(demand: np.ndarray, prices: np.ndarray, orders: list[int]) -> float:
    total = 90.0 * len(orders)
    for period, units in enumerate(demand):
        if units and not any(place <= period for place in orders):
            return math.inf
        total += min(
            [prices[place] * units + 0.7 * units * (period - place) for place in orders if place <= period] or [0]
        )
    return float(total)


def test_the_published_lots_over_periods():
    assert wagner_whitin(120, 0.8, [150, 100, 80, 200]).cost == pytest.approx(424)
    assert wagner_whitin(100, 0.1, [400, 500, 500, 1100, 900], prices=[3, 1, 4, 6, 6]).cost == pytest.approx(4940)


@pytest.mark.parametrize(
    "call",
    [
        lambda: lot_size(0, 1, 1),
        lambda: lot_size(1, 1, 100, production_rate=100),
        lambda: lot_size(1, 1, 1, rules=LotRules(least=10, most=5)),
        lambda: lot_size(1, 1, 1, rules=LotRules(multiple=10, most=5)),
        lambda: all_units(1, 1, 1, []),
        lambda: all_units(1, 1, 1, [PriceBreak(0, 1), PriceBreak(5, 2)]),
        lambda: all_units(1, 1, 1, BREAKS, rules=LotRules(least=10, most=5)),
        lambda: wagner_whitin(1, 1, []),
        lambda: wagner_whitin(1, 1, [1, -1]),
        lambda: wagner_whitin(1, 1, [1, 1], prices=[1]),
    ],
)
def test_absurd_figures_are_refused_with_a_sentence(call):
    with pytest.raises(RejectedError, match=r"[A-Z].*\."):
        call()
