"""Stock rules against the textbook's published values, against brute force, and against absurd figures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from syncline.analytics.supply.distributions import Lognormal, Normal, Poisson, Sample, over
from syncline.analytics.supply.newsvendor import newsvendor, newsvendor_cost
from syncline.analytics.supply.rq_policy import rq_cost, rq_policy
from syncline.analytics.supply.safety_stock import safety_stock, stock_for
from syncline.analytics.supply.ss_policy import ss_cost, ss_policy
from syncline.errors import RejectedError

#: Zheng & Federgruen (1991), table 1: K = 64, h = 1, p = 9; mean demand -> s, S, cost.
ZHENG_FEDERGRUEN = {
    10: (6, 40, 35.022), 15: (10, 49, 42.698), 20: (14, 62, 49.173), 25: (19, 56, 54.262), 40: (33, 87, 64.512),
    60: (52, 129, 77.306), 65: (56, 75, 78.518), 75: (67, 86, 79.554), 21: (15, 65, 50.406), 64: (55, 74, 78.402),
}  # fmt: skip


@pytest.mark.parametrize(("mean", "best"), ZHENG_FEDERGRUEN.items())
def test_an_order_up_to_policy_is_the_published_one(mean: int, best: tuple[int, int, float]):
    found = ss_policy(64, 1, 9, Poisson(mean))

    assert (found.reorder_point, found.order_up_to) == best[:2]
    assert found.cost == pytest.approx(best[2], abs=6e-4)


def test_no_neighbour_of_an_order_up_to_policy_is_cheaper():
    found = ss_policy(150, 40, 125, Poisson(4))

    assert found.cost == pytest.approx(223.5748295669688, rel=1e-10)
    for low in range(-2, 7):
        for high in range(low + 1, 14):
            assert ss_cost((low, high), (150, 40, 125), Poisson(4)) >= found.cost - 1e-9


def test_a_normal_demand_with_the_spread_of_poisson_is_treated_alike():
    whole, smooth = ss_policy(64, 1, 9, Poisson(50)), ss_policy(64, 1, 9, Normal(50, math.sqrt(50)))

    assert smooth.cost == pytest.approx(whole.cost, rel=0.01)
    assert smooth.order_up_to == pytest.approx(whole.order_up_to, abs=3)


def test_the_power_approximation_is_the_textbooks():
    found = ss_policy(60, 2, 36, Normal(190, 48), method="power")

    assert found.reorder_point == pytest.approx(226.6137928222839)
    assert found.order_up_to == pytest.approx(324.3797868133974)


def test_a_watched_stock_under_normal_demand_is_where_no_neighbour_is_cheaper():
    found = rq_policy(8, 0.225, 7.5, Normal(1300, 150), 1 / 12)
    lead = over(Normal(1300, 150), 1 / 12)
    assert isinstance(lead, Normal)

    assert (found.reorder_point, found.quantity) == (pytest.approx(126.867064), pytest.approx(328.44914))
    for point in (-1.0, 0.0, 1.0):
        for quantity in (-1.0, 0.0, 1.0):
            other = (found.reorder_point + point, found.quantity + quantity)
            assert rq_cost(other, 8 * 1300, 0.225, 7.5, lead) >= found.cost - 1e-12


def test_the_expected_level_approximation_is_the_textbooks():
    found = rq_policy(85, 0.21428571428571427, 40, Normal(192, 17.4), 3, method="eil")

    assert found.reorder_point == pytest.approx(644.8385303830128, rel=1e-9)
    assert found.quantity == pytest.approx(400.7559793125993, rel=1e-6)
    assert found.cost == pytest.approx(100.627394934774, rel=1e-9)


def test_a_watched_stock_under_known_demand_is_the_lot_with_planned_shortage():
    found = rq_policy(8, 0.225, 5, Normal(1300, 0), 0.1)

    assert found.quantity == pytest.approx(310.81255515896464)
    assert found.cost == pytest.approx(66.92136355097325)


@pytest.mark.parametrize(
    ("demand", "units", "cost"), [(Poisson(18), 19.0, 786.0884409351115), (Sample.of([19] * 3), 19.0, 0.0)]
)
def test_a_newsvendor_of_whole_units(demand: Poisson | Sample, units: float, cost: float):
    assert newsvendor(270, 200, demand)[:2] == (units, pytest.approx(cost, rel=1e-12))


def test_a_newsvendor_under_lognormal_demand_is_the_textbooks():
    found = newsvendor(0.1765, 1, Lognormal(6, 0.3))

    assert found.units == pytest.approx(295.6266448071368)
    assert found.cost == pytest.approx(29.44254358213529, abs=1e-5)


@pytest.mark.parametrize("demand", [Normal(50, 8), Poisson(6), Lognormal(3, 0.5), Sample.of([1, 5, 9], [1, 2, 1])])
def test_the_expected_shortfall_is_the_integral_of_the_tail(demand: Normal | Poisson | Lognormal | Sample):
    grid = np.linspace(4, 400, 400_000)
    tail = 1 - np.array([demand.cdf(float(x)) for x in grid[::100]])

    assert demand.loss(4.0) == pytest.approx(float(np.trapezoid(tail, grid[::100])), rel=0.02)


def test_safety_stock_keeps_its_promise_in_a_simulation():
    draw = np.random.default_rng(3)
    kept = safety_stock(40, 10, 9, 2, service="cycle", level=0.95)
    lead = draw.normal(9, 2, 200_000)

    demand = draw.normal(40 * lead, 10 * np.sqrt(np.maximum(lead, 0)))
    assert np.mean(demand <= kept.rop_units) == pytest.approx(0.95, abs=0.004)


def test_a_fill_rate_is_kept_in_a_simulation():
    draw = np.random.default_rng(4)
    kept = safety_stock(40, 10, 9, 0, service="fill", level=0.97, order_qty=300)

    short = np.maximum(draw.normal(360, 30, 400_000) - kept.rop_units, 0).mean()
    assert 1 - short / 300 == pytest.approx(0.97, abs=0.001)


def test_a_forecast_of_the_lead_time_demand_replaces_the_normal():
    demand = Sample.of([0] * 90 + [100] * 10)

    assert stock_for(demand, service="cycle", level=0.95).rop_units == 100
    assert stock_for(demand, service="fill", level=0.9, order_qty=50).rop_units == pytest.approx(50)


@pytest.mark.parametrize(
    "call",
    [
        lambda: safety_stock(-1, 1, 1, 1, service="cycle", level=0.9),
        lambda: safety_stock(1, 1, 0, 0, service="cycle", level=0.9),
        lambda: safety_stock(1, 1, math.nan, 0, service="cycle", level=0.9),
        lambda: safety_stock(1, 1, 1, 0, service="cycle", level=1.0),
        lambda: safety_stock(1, 1, 1, 0, service="fill", level=0.9),
        lambda: newsvendor(0, 1, Poisson(3)),
        lambda: newsvendor(1, 1, Poisson(-3)),
        lambda: rq_policy(1, 1, 1, Normal(10, 1), 0),
        lambda: rq_policy(1, 1, 1, Poisson(10), 1, method="eil"),
        lambda: rq_policy(1000, 10, 0.001, Normal(10, 1), 1, method="eil"),
        lambda: ss_policy(1, 1, 1, Normal(10, 0)),
        lambda: ss_policy(1, 1, 1, Poisson(1e9)),
        lambda: Sample.of([]),
        lambda: Sample.of([1.0, math.inf]),
        lambda: Sample.of([1.0], [-1.0]),
    ],
)
def test_absurd_figures_are_refused_with_a_sentence(call):
    with pytest.raises(RejectedError, match=r"[A-Z].*\."):
        call()


def test_the_cost_of_a_season_counts_both_ways():
    assert newsvendor_cost(40, 0.7, 0.18, Normal(50, 8)) == pytest.approx(7.356131552870388)
