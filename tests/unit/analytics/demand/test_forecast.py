"""The forecast: what it reaches, that it adds up, that its quantiles hold, and what it does with bad input."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.demand.backtest import backtest
from syncline.analytics.demand.explain import explain_forecast
from syncline.analytics.demand.forecast import DemandForecast, forecast_demand
from syncline.analytics.demand.layouts import DRIVERS
from syncline.analytics.demand.metrics import wape
from syncline.errors import RejectedError, SetupError
from tests.unit.analytics.demand.series import first_after, history, seasonal_months, sparse_weeks


def column(found: DemandForecast, name: str, horizon: int) -> np.ndarray:
    return found.rows.column(name).to_numpy().reshape(-1, horizon)


def numbers(table: pa.Table) -> np.ndarray:
    columns = [one for one in table.columns if pa.types.is_floating(one.type)]
    return np.array([value for one in columns for value in one.to_pylist() if value is not None])


def test_a_season_is_forecast_better_than_by_seasonal_naive():
    whole = seasonal_months(20, 84)
    known, then = {key: y[:-12] for key, y in whole.items()}, np.stack([y[-12:] for y in whole.values()])

    found = forecast_demand(history(known, "M"), horizon=12, freq="M")
    naive = np.stack([y[-12:] for y in known.values()])
    assert wape(then, column(found, "mean", 12)) < 0.85 * wape(then, naive)
    assert found.rows.column("period").to_pylist()[0] == first_after("M")
    assert np.abs(column(found, "season", 12)).max() > 0.2 * column(found, "mean", 12).max()


def test_drivers_add_up_and_quantiles_do_not_cross():
    table = history(seasonal_months(8, 60) | sparse_weeks(8, 60), "M")

    found = forecast_demand(table, horizon=6, freq="M", quantiles=(0.05, 0.5, 0.95))
    drivers = sum(column(found, name, 6) for name in DRIVERS)
    assert np.abs(drivers - column(found, "mean", 6)).max() < 1e-9
    assert (column(found, "q5", 6) <= column(found, "q50", 6)).all()
    assert (column(found, "q50", 6) <= column(found, "q95", 6)).all()
    assert (column(found, "q5", 6) >= 0).all()


def test_quantiles_cover_what_they_say():
    draw = np.random.default_rng(5)
    whole = {f"p{at}": draw.poisson(draw.uniform(3, 40), 80).astype(float) for at in range(250)}
    known, then = {key: y[:-4] for key, y in whole.items()}, np.stack([y[-4:] for y in whole.values()])

    found = forecast_demand(history(known, "W"), horizon=4, freq="W", method="SES")
    assert np.mean(then <= column(found, "q90", 4)) == pytest.approx(0.9, abs=0.02)
    assert np.mean(then <= column(found, "q10", 4)) == pytest.approx(0.1, abs=0.04)


def test_groups_add_up_exactly_with_and_without_reconciling():
    series = seasonal_months(9, 60)
    keys = list(series)
    groups = [f"g{at % 3}" for at in range(9)]
    hierarchy = pa.table({"key": keys * 2, "group": groups + ["all"] * 9})

    for reconcile in (False, True):
        found = forecast_demand(history(series, "M"), horizon=3, freq="M", hierarchy=hierarchy, reconcile=reconcile)
        mean = dict(zip(dict.fromkeys(found.rows.column("key").to_pylist()), column(found, "mean", 3), strict=True))
        for at in range(3):
            members = sum(mean[key] for key, group in zip(keys, groups, strict=True) if group == f"g{at}")
            assert np.abs(mean[f"g{at}"] - members).max() < 1e-6
        assert np.abs(mean["all"] - sum(mean[key] for key in keys)).max() < 1e-6
        drivers = sum(column(found, name, 3) for name in DRIVERS)
        assert np.abs(drivers - column(found, "mean", 3)).max() < 1e-9


def test_a_group_that_is_named_as_a_product_is_refused():
    series = seasonal_months(2, 30)
    hierarchy = pa.table({"key": list(series), "group": ["p000", "p000"]})

    with pytest.raises(RejectedError, match="p000 has the name of a product"):
        forecast_demand(history(series, "M"), horizon=3, freq="M", hierarchy=hierarchy)


def test_a_new_product_is_drawn_towards_its_analogues():
    series = {f"old{at}": np.full(40, 100.0) + np.arange(40) % 3 for at in range(5)}
    series |= {f"other{at}": np.full(40, 5.0) + np.arange(40) % 2 for at in range(5)} | {"new": np.array([60.0, 64.0])}
    hierarchy = pa.table({"key": list(series), "group": ["big"] * 5 + ["small"] * 5 + ["big"]})

    found = forecast_demand(history(series, "M"), horizon=2, freq="M", hierarchy=hierarchy)
    rows = [row for row in found.rows.to_pylist() if row["key"] == "new"]
    assert all(62 < row["mean"] < 102 for row in rows)
    assert "5 analogues of its group big" in rows[0]["flag"]
    assert rows[0]["cls"] == "new"


def test_what_is_no_longer_demanded_fades():
    draw = np.random.default_rng(2)
    series = {f"p{at}": np.concatenate([draw.poisson(4, 40), np.zeros(30)]).astype(float) for at in range(6)}

    found = forecast_demand(history(series, "W"), horizon=4, freq="W")
    assert set(found.rows.column("cls").to_pylist()) == {"ending"}
    assert column(found, "mean", 4).max() < 0.5


def test_no_demand_is_zero_and_said():
    found = forecast_demand(history({"a": np.zeros(30)}, "W"), horizon=2, freq="W")

    assert found.rows.select(["mean", "q90"]).to_pylist() == [{"mean": 0.0, "q90": 0.0}] * 2
    assert "without evidence" in found.rows.column("flag").to_pylist()[0]


@pytest.mark.parametrize(
    "y",
    [
        [5.0],
        [0.0, 0.0, 3.0],
        [7.0] * 9,
        [0.0] * 20 + [4.0],
        [1e12, 2e12] * 10,
        [1e-9] * 12,
        [0.0, 1e9] * 12,
        list(range(1, 15)),
    ],
)
def test_whatever_the_history_every_number_is_finite(y: list[float]):
    found = forecast_demand(history({"a": np.array(y), "b": np.array(y)}, "M"), horizon=3, freq="M")

    assert np.isfinite(numbers(found.rows)).all()
    assert np.isfinite(numbers(found.backtest)).all()
    assert all(row["flag"] for row in found.rows.to_pylist() if len(y) < 8)
    assert column(found, "mean", 3).max() <= 3 * max(y)


def test_short_histories_beside_many_rough_ones_are_forecast():
    series = sparse_weeks(60, 40) | {"short": np.arange(1.0, 10.0), "new": np.array([2.0]), "silent": np.zeros(40)}

    found = forecast_demand(history(series, "W"), horizon=6, freq="W")
    assert np.isfinite(numbers(found.rows)).all()
    assert len(found.rows) == 63 * 6


def test_absurd_quantities_are_refused_and_specks_are_nothing():
    with pytest.raises(RejectedError, match=r"12 quantities of the history are larger than 1e\+15"):
        forecast_demand(history({"a": np.full(12, 1e300)}, "M"), horizon=2, freq="M")
    found = forecast_demand(history({"a": np.full(12, 1e-300)}, "M"), horizon=2, freq="M")
    assert found.rows.column("cls").to_pylist()[0] == "no demand"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"horizon": 0}, "horizon of 0"),
        ({"quantiles": (0.5, 1.0)}, "between 0 and 1"),
        ({"quantiles": ()}, "between 0 and 1"),
        ({"method": "Magic"}, "no method 'Magic'"),
        ({"origins": 0}, "0 origins"),
        ({"season": -1}, "season of -1"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"freq": "H"}, "no frequency 'H'"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(options: dict[str, object], said: str):
    table = history({"a": np.ones(12)}, "M")

    with pytest.raises(SetupError, match=said):
        forecast_demand(table, **({"horizon": 2, "freq": "M"} | options))


def test_the_forecast_is_the_same_twice():
    table = history(seasonal_months(5, 48), "M")

    assert forecast_demand(table, horizon=3, freq="M").rows.equals(forecast_demand(table, horizon=3, freq="M").rows)


def test_stock_outs_raise_the_forecast():
    draw = np.random.default_rng(3)
    demand = draw.gamma(4, 10, 60)
    sold = np.minimum(demand, 40.0)
    table = history({"a": sold}, "W")
    stock = pa.table(
        {
            "key": ["a"] * 60,
            "period": table.column("period"),
            "on_hand_open": [40.0] * 60,
            "receipts": [0.0] * 60,
            "stockout_hours": np.where(demand >= 40, 20.0, 0.0),
        }
    )

    plain = forecast_demand(table, horizon=2, freq="W", season=1)
    freed = forecast_demand(table, horizon=2, freq="W", season=1, stock=stock)
    assert column(freed, "mean", 2).mean() > 1.1 * column(plain, "mean", 2).mean()


def test_an_explanation_adds_up_and_shows_its_rows():
    table = history(seasonal_months(2, 60), "M")
    found = forecast_demand(table, horizon=3, freq="M")
    row = found.rows.to_pylist()[4]

    drivers = explain_forecast(found, row["key"], row["period"], tables={"history": table})
    assert sum(one.units for one in drivers) == pytest.approx(row["mean"], abs=1e-9)
    assert drivers[0].name == "level"
    season = next(one for one in drivers if one.name == "season")
    shown = table.take(list(season.evidence_rows)).to_pylist()
    assert {one["key"] for one in shown} == {row["key"]}
    assert {one["period"].month for one in shown} == {row["period"].month}
    with pytest.raises(RejectedError, match="no forecast of nobody"):
        explain_forecast(found, "nobody", date(2026, 1, 1))


def test_a_backtest_tells_of_all_of_classes_and_of_products():
    ticks = iter(range(100))
    table = history(seasonal_months(6, 72), "M")

    found = backtest(table, horizon=6, freq="M", origins=2, clock=lambda: float(next(ticks))).to_pylist()
    auto = {row["level"]: row for row in found if row["method"] == "auto" and not row["key"]}
    naive = next(row for row in found if row["method"] == "SeasonalNaive" and row["level"] == "all")
    assert set(auto) == {"all", "smooth"}
    assert auto["all"]["MASE"] < naive["MASE"]
    assert auto["all"]["seconds"] == 1.0
    assert 0.7 < auto["all"]["coverage_q90"] <= 1
    assert auto["all"]["origins"] == 2
    assert {row["key"] for row in found if row["level"] == "product"} == {f"p{at:03d}" for at in range(6)}
    with pytest.raises(RejectedError, match="long enough for a backtest"):
        backtest(history({"a": np.ones(9)}, "M"), horizon=6, freq="M")
