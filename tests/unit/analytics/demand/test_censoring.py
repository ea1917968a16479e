"""Stock-outs: sales that were cut off are lower bounds, and demand behind them is found again."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.demand.censoring import beyond, fitted, uncensor_demand
from tests.unit.analytics.demand.series import history

WEEKS = 120


def sold_out(seed: int, products: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True demand, sales and stock of some products."""
    draw = np.random.default_rng(seed)
    demand = np.where(draw.random((products, WEEKS)) < 0.15, 0.0, np.ceil(draw.gamma(1.5, 20, (products, WEEKS))))
    stock = np.round(draw.lognormal(np.log(35), 0.4, (products, WEEKS)))
    return demand, np.minimum(demand, stock), stock


def tables(sales: np.ndarray, stock: np.ndarray) -> tuple[pa.Table, pa.Table]:
    sold = history({f"p{at}": y for at, y in enumerate(sales)}, "W")
    zeros = [0.0] * len(sold)
    held = {"on_hand_open": stock.ravel(), "receipts": zeros, "stockout_hours": zeros}
    return sold, pa.table({"key": sold.column("key"), "period": sold.column("period"), **held})


def test_the_mean_demand_is_found_again():
    demand, sales, stock = sold_out(1)

    found = uncensor_demand(*tables(sales, stock))
    imputed = found.column("qty_unconstrained").to_numpy()
    assert sales.sum() < 0.85 * demand.sum()
    assert imputed.sum() == pytest.approx(demand.sum(), rel=0.04)
    assert (imputed >= sales.ravel()).all()
    assert np.allclose(found.column("lost_units").to_numpy(), imputed - sales.ravel())
    assert np.array_equal(found.column("censored").to_numpy(zero_copy_only=False), (demand >= stock).ravel())


def test_what_was_in_stock_stays_as_it_is():
    _, sales, _ = sold_out(2, products=2)

    found = uncensor_demand(*tables(sales, np.full(sales.shape, 1e6)))
    assert found.column("qty_unconstrained").to_pylist() == sales.ravel().tolist()
    assert not any(found.column("flag").to_pylist())


def test_a_period_without_any_stock_weighs_nothing():
    _, sales, stock = sold_out(3, products=1)
    sales[0, 10], stock[0, 10] = 0.0, 0.0

    row = uncensor_demand(*tables(sales, stock)).to_pylist()[10]
    assert row["weight"] == 0.0
    assert row["censored"]
    assert row["qty_unconstrained"] > 5


def test_where_every_period_sold_out_it_is_said_that_nothing_is_known():
    sales = np.full((1, 20), 7.0)

    rows = uncensor_demand(*tables(sales, sales)).to_pylist()
    assert {row["qty_unconstrained"] for row in rows} == {7.0}
    assert {row["flag"] for row in rows} == {"sold out, and too little was seen whole: demand is at least this"}


def test_stock_that_nobody_told_of_counts_as_enough():
    sales = history({"a": np.array([1.0, 2.0])}, "W")
    other = {"key": ["b"], "period": [date(2026, 1, 5)], "on_hand_open": [0.0], "receipts": [0.0]}

    found = uncensor_demand(sales, pa.table(other | {"stockout_hours": [1.0]}))
    assert found.column("censored").to_pylist() == [False, False]


def test_the_two_estimates_agree_where_the_law_holds():
    draw = np.random.default_rng(4)
    demand = draw.gamma(2.0, 10.0, 4000)
    cut = np.minimum(demand, 25.0)
    censored = demand >= 25.0

    law = fitted(cut, censored)
    assert law is not None
    assert law.mean == pytest.approx(20.0, rel=0.03)
    above = demand[censored].mean()
    assert law.above(np.array([25.0]))[0] == pytest.approx(above, rel=0.04)
    assert beyond(cut, censored, np.array([25.0]))[0] == pytest.approx(above, rel=0.2)
