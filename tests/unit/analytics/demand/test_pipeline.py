"""The CRM's pipeline as a leading indicator: it helps where it tells, and weighs nothing where it does not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.demand.forecast import DemandForecast, forecast_demand
from syncline.analytics.demand.metrics import wape
from syncline.analytics.demand.panel import panel_of
from syncline.analytics.demand.pipeline import chances_at, expected_ahead, log_of, states_at

WEEKS, KNOWN, PRODUCTS, HORIZON, WIN = 76, 72, 30, 4, 0.3
MONDAY = date(2024, 1, 1)


class World(NamedTuple):
    history: pa.Table
    pipeline: pa.Table
    actual: np.ndarray


def world(seed: int, *, shuffled: bool = False) -> World:
    """Orders out of opportunities that were seen 10 to 60 days before, beside small ones that nobody announces."""
    draw = np.random.default_rng(seed)
    qty = draw.poisson(6, (PRODUCTS, WEEKS)).astype(float)
    rows: list[tuple[str, str, float, str, date, date]] = []
    for number in range(3000):
        product, close = int(draw.integers(PRODUCTS)), int(draw.integers(0, 7 * WEEKS))
        size, won = float(draw.integers(10, 60)), bool(draw.random() < WIN)
        if won:
            qty[product, close // 7] += size
        told = int(draw.integers(PRODUCTS)) if shuffled else product
        seen = close - int(draw.integers(10, 61))
        due = MONDAY + timedelta(days=close + int(draw.integers(-5, 6)))
        good = draw.random() < (0.8 if won else 0.2)
        middle = "agreed" if good else "offer"
        stages = [("lead", seen), (middle, seen + (close - seen) // 3), ("won" if won else "lost", close)]
        name = f"o{number}"
        rows += [(name, f"p{told:02d}", size, stage, MONDAY + timedelta(days=at), due) for stage, at in stages]
    keys = [f"p{at:02d}" for at in range(PRODUCTS) for _ in range(KNOWN)]
    weeks = [MONDAY + timedelta(days=7 * week) for _ in range(PRODUCTS) for week in range(KNOWN)]
    history = pa.table({"key": keys, "period": weeks, "qty": qty[:, :KNOWN].ravel()})
    names = ("opportunity", "key", "qty", "stage", "since", "expected_close")
    pipeline = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    return World(history, pipeline, qty[:, KNOWN:])


def forecast(given: World, *, pipeline: bool) -> DemandForecast:
    more = {"pipeline": given.pipeline} if pipeline else {}
    return forecast_demand(given.history, horizon=HORIZON, freq="W", origins=6, season=1, method="SES", **more)


def error_of(given: World, found: DemandForecast) -> float:
    return wape(given.actual.ravel(), found.rows.column("mean").to_numpy()) or 0.0


def test_a_pipeline_that_tells_lowers_the_error_by_a_tenth():
    given = world(1)

    with_it, without = forecast(given, pipeline=True), forecast(given, pipeline=False)
    assert error_of(given, with_it) <= 0.9 * error_of(given, without)
    assert all(0.3 < weight <= 1 for weight in with_it.pipeline_weights[:2])
    assert np.abs(with_it.rows.column("pipeline").to_numpy()).sum() > 0


def test_a_shuffled_pipeline_weighs_nothing():
    given = world(2, shuffled=True)

    found = forecast(given, pipeline=True)
    assert max(found.pipeline_weights) < 0.1
    assert error_of(given, found) <= 1.02 * error_of(given, forecast(given, pipeline=False))


def test_what_an_opportunity_becomes_later_changes_nothing():
    given = world(3)
    today = MONDAY + timedelta(days=7 * KNOWN - 1)
    known = [since <= today for since in given.pipeline.column("since").to_pylist()]
    stage = [
        name if old else "won" for name, old in zip(given.pipeline.column("stage").to_pylist(), known, strict=True)
    ]
    qty = [one if old else 1e6 for one, old in zip(given.pipeline.column("qty").to_pylist(), known, strict=True)]
    noisy = given.pipeline.set_column(3, "stage", pa.array(stage)).set_column(2, "qty", pa.array(qty))

    before, after = forecast(given, pipeline=True), forecast(given._replace(pipeline=noisy), pipeline=True)
    assert before.rows.equals(after.rows)
    assert before.pipeline_weights == after.pipeline_weights


def test_chances_are_those_of_the_closed_ones():
    given = world(4)
    panel = panel_of(given.history, freq="W")
    log = log_of(given.pipeline, panel)
    today = (MONDAY - date(1970, 1, 1)).days + 7 * KNOWN - 1

    chances = chances_at(log, today)
    assert chances.rate == pytest.approx(WIN, abs=0.03)
    assert chances.of("agreed", 20) == pytest.approx(0.24 / 0.38, abs=0.08)
    assert chances.of("offer", 20) == pytest.approx(0.06 / 0.62, abs=0.08)
    assert np.abs(chances.slips).max() <= 5
    states = states_at(log, today)
    assert (states.age >= 0).all()


def test_committed_orders_count_whole_and_once():
    weeks = [MONDAY + timedelta(days=7 * week) for week in range(30)]
    history = pa.table({"key": ["a"] * 30, "period": weeks, "qty": [10.0] * 30})
    after = [MONDAY + timedelta(days=7 * 30 + 2), MONDAY + timedelta(days=7 * 31 + 2)]
    booked = pa.table(
        {
            "opportunity": ["x", "y"],
            "key": ["a", "a"],
            "qty": [4.0, 25.0],
            "stage": ["committed", "Committed"],
            "since": [weeks[-1]] * 2,
            "expected_close": after,
        }
    )

    found = forecast_demand(history, horizon=2, freq="W", pipeline=booked).rows
    assert found.column("mean").to_pylist() == [10.0, 25.0]
    assert found.column("pipeline").to_pylist() == [0.0, 15.0]


def test_too_few_closed_opportunities_give_a_careful_rate():
    panel = panel_of(pa.table({"key": ["a"], "period": [MONDAY], "qty": [1.0]}), freq="W")
    told = {"opportunity": ["x"], "key": ["a"], "qty": [6.0], "stage": ["offer"], "since": [MONDAY]}
    log = log_of(pa.table(told | {"expected_close": [MONDAY + timedelta(days=8)]}), panel)

    ahead = expected_ahead(log, panel, 2)
    assert ahead.weighted.tolist() == [[3.0, 0.0]]
    assert not ahead.committed.any()
