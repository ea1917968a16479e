"""Prices and promotions: what they would change, where there is evidence, and what is worth doing."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.demand.actions import recommend_demand_actions
from syncline.analytics.demand.elasticity import price_elasticity, what_if_price
from syncline.errors import RejectedError, SetupError

WEEKS = [date(2024, 1, 1) + timedelta(days=7 * week) for week in range(80)]
TRUE = -2.0


def sold(products: int, *, moves: float = 0.15, noise: float = 0.2) -> tuple[pa.Table, pa.Table]:
    draw = np.random.default_rng(6)
    price = (
        10 * np.exp(draw.normal(0, moves, (products, len(WEEKS)))) if moves else np.full((products, len(WEEKS)), 10.0)
    )
    qty = 50 * (price / 10) ** TRUE * np.exp(draw.normal(0, noise, price.shape))
    keys = [f"p{at}" for at in range(products) for _ in WEEKS]
    shared = {"key": keys, "period": WEEKS * products}
    return pa.table(shared | {"qty": qty.ravel()}), pa.table(shared | {"price": price.ravel()})


def forecast(*keys: str, mean: float = 100.0) -> pa.Table:
    return pa.table({"key": list(keys), "period": [date(2026, 1, 5)] * len(keys), "mean": [mean] * len(keys)})


def known(**changed: object) -> pa.Table:
    usual = {"key": ["a"], "elasticity": [-2.0], "own": [-2.0], "weight": [0.9], "price": [10.0]}
    rest = {"price_low": [8.0], "price_high": [12.0], "n_obs": [50], "flag": [""]}
    return pa.table(usual | rest | changed)


def capacity(units: float, cost: float) -> pa.Table:
    return pa.table({"key": ["a"], "capacity": [units], "unit_cost": [cost]})


def test_an_elasticity_is_found_again():
    found = price_elasticity(*sold(6), freq="W")

    assert np.abs(found.column("elasticity").to_numpy() - TRUE).max() < 0.25


def test_a_price_that_never_moved_takes_the_elasticity_of_its_group():
    history, prices = sold(5)
    still, flat = sold(1, moves=0.0)
    still = still.set_column(0, "key", pa.array(["still"] * len(still)))
    flat = flat.set_column(0, "key", pa.array(["still"] * len(flat)))

    found = price_elasticity(pa.concat_tables([history, still]), pa.concat_tables([prices, flat]), freq="W").to_pylist()
    assert found[-1]["own"] is None
    assert found[-1]["weight"] == 0.0
    assert found[-1]["elasticity"] == pytest.approx(TRUE, abs=0.3)
    assert "hardly moved" in found[-1]["flag"]


def test_demand_that_rose_with_the_price_is_taken_as_not_answering():
    history, prices = sold(1)
    upward = history.set_column(2, "qty", pa.array(prices.column("price").to_numpy() ** 2))

    found = price_elasticity(upward, prices, freq="W").to_pylist()[0]
    assert found["elasticity"] == 0.0
    assert "rose with the price" in found["flag"]


def test_no_prices_are_refused():
    history, prices = sold(1)
    other = prices.set_column(0, "key", pa.array(["x"] * len(prices)))

    with pytest.raises(RejectedError, match="No product of the history has a price"):
        price_elasticity(history, other, freq="W")


def test_a_price_without_evidence_changes_nothing():
    far = what_if_price(forecast("a", "b"), known(), -0.4).to_pylist()

    assert far[0]["mean_then"] == far[0]["mean"] == 100.0
    assert "outside the observed prices" in far[0]["flag"]
    assert far[1]["flag"] == "no price is known"
    with pytest.raises(SetupError, match="leaves no price"):
        what_if_price(forecast("a"), known(), -1.0)


def test_a_lower_price_is_advised_where_it_earns_more():
    row = recommend_demand_actions(forecast("a"), known(elasticity=[-3.0]), capacity(1e6, 4.0)).to_pylist()[0]

    best = max(((price - 4.0) * 100 * (price / 10) ** -3.0, price) for price in np.linspace(7.2, 13.2, 41))
    assert row["action"] == "promote"
    assert row["price"] == pytest.approx(best[1])
    assert row["money"] == pytest.approx(best[0] - 600)
    assert row["units"] == pytest.approx(100 * (best[1] / 10) ** -3.0 - 100)


def test_where_capacity_is_short_the_price_rises_and_more_capacity_has_a_value():
    rows = recommend_demand_actions(forecast("a"), known(), capacity(70.0, 6.0)).to_pylist()

    assert {row["action"] for row in rows} == {"raise_price", "expedite"}
    assert [row["money"] for row in rows] == sorted((row["money"] for row in rows), reverse=True)
    expedite = next(row for row in rows if row["action"] == "expedite")
    assert expedite["units"] == pytest.approx(30.0)
    assert expedite["money"] == pytest.approx(120.0)
    raised = next(row for row in rows if row["action"] == "raise_price")
    assert 10.0 < raised["price"] <= 13.2


def test_prices_are_not_changed_on_the_word_of_others():
    rows = recommend_demand_actions(forecast("a"), known(weight=[0.0], elasticity=[-4.0]), capacity(1e6, 4.0))

    assert len(rows) == 0
