"""What comes after the origin changes nothing, bit for bit: neither forecasts, nor features, nor choices."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.demand.features import Feature, built
from syncline.analytics.demand.forecast import forecast_demand
from syncline.analytics.demand.methods import METHODS
from syncline.errors import SetupError

ORIGIN = 60
WEEKS = 72
PRODUCTS = 12
MONDAYS = [date.fromordinal(date(2024, 1, 1).toordinal() + 7 * week) for week in range(WEEKS)]
AS_OF = MONDAYS[ORIGIN - 1]


def table(name: str, values: np.ndarray, **metadata: str) -> pa.Table:
    field = pa.field(name, pa.float64(), metadata=metadata or None)
    keys = [f"p{at:02d}" for at in range(PRODUCTS) for _ in range(WEEKS)]
    schema = pa.schema([pa.field("key", pa.string()), pa.field("period", pa.date32()), field])
    return pa.Table.from_arrays([pa.array(keys), pa.array(MONDAYS * PRODUCTS), pa.array(values.ravel())], schema=schema)


def with_noise_after_the_origin(values: np.ndarray, seed: int) -> np.ndarray:
    noisy = values.copy()
    noisy[:, ORIGIN:] = np.random.default_rng(seed).uniform(0, 1e6, (PRODUCTS, WEEKS - ORIGIN))
    return noisy


def known() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(7)
    price = draw.uniform(5, 10, (PRODUCTS, 1)) * draw.choice([1.0, 0.8], (PRODUCTS, WEEKS))
    buyers = draw.poisson(5, (PRODUCTS, WEEKS)).astype(float)
    qty = draw.poisson(np.maximum(40 - 3 * price, 1)).astype(float)
    return {"qty": qty, "price": price, "buyers": buyers, "lead_time": draw.uniform(1, 30, (PRODUCTS, WEEKS))}


def told(values: dict[str, np.ndarray]) -> dict[str, pa.Table]:
    customers = table("buyers", values["buyers"])
    return {
        "prices": table("price", values["price"]),
        "customers": customers.append_column("loyal_share", pa.array((values["buyers"] / 1e7).ravel())),
        "leadtime": table("lead_time", values["lead_time"]),
    }


@pytest.mark.parametrize("method", sorted(METHODS))
def test_no_method_sees_what_comes_after_the_origin(method: str):
    values = known()["qty"]
    noisy = with_noise_after_the_origin(values, 3)

    usual = {"horizon": 4, "freq": "W", "as_of": AS_OF, "method": method, "origins": 1}
    before = forecast_demand(table("qty", values), **usual)
    after = forecast_demand(table("qty", noisy), **usual)
    assert before.rows.equals(after.rows)
    assert before.backtest.equals(after.backtest)


@pytest.mark.parametrize("method", ["auto", "LightGBM"])
def test_no_driver_shows_what_comes_after_the_origin(method: str):
    values = known()
    noisy = {name: with_noise_after_the_origin(one, 5) for name, one in values.items()}

    usual = {"horizon": 4, "freq": "W", "as_of": AS_OF, "method": method, "origins": 2}
    before = forecast_demand(table("qty", values["qty"]), **usual, **told(values))
    after = forecast_demand(table("qty", noisy["qty"]), **usual, **told(noisy))
    assert before.rows.equals(after.rows)
    assert before.backtest.equals(after.backtest)
    assert method == "auto" or set(before.rows.column("method").to_pylist()) == {"LightGBM"}


def test_a_price_that_is_agreed_ahead_is_used():
    values = known()
    agreed = {"available_at": "always"}
    dearer = values["price"].copy()
    dearer[:, ORIGIN:] = 10.0
    cheaper = values["price"].copy()
    cheaper[:, ORIGIN:] = 4.0

    usual = {"horizon": 4, "freq": "W", "as_of": AS_OF, "method": "LightGBM", "origins": 1}
    high = forecast_demand(table("qty", values["qty"]), prices=table("price", dearer, **agreed), **usual)
    low = forecast_demand(table("qty", values["qty"]), prices=table("price", cheaper, **agreed), **usual)
    assert np.sum(low.rows.column("mean")) > 1.05 * np.sum(high.rows.column("mean"))
    assert np.sum(low.rows.column("price")) > np.sum(high.rows.column("price"))


def test_a_late_feature_is_refused_by_name():
    early = Feature("lag", "level", np.ones(3), np.array([4, 4, 5]))
    late = Feature("price", "price", np.ones(3), np.array([4, 6, 6]))

    assert built([early], np.array([4, 4, 5])).shape == (3, 1)
    with pytest.raises(SetupError, match="price is known only after the origin of 2 rows"):
        built([early, late], np.array([4, 4, 5]))
    assert built([late._replace(ahead=True)], np.array([4, 4, 5])).shape == (3, 1)
