"""From analyses to one plan: each suggestion with its chance, its worth and its reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from syncline.analytics.interaction.churn import CHURN
from syncline.analytics.interaction.clv import CLV
from syncline.analytics.interaction.hits import RATES, hit_rates
from syncline.analytics.interaction.likely_next import next_best_product
from syncline.analytics.interaction.notices import delay_notices
from syncline.analytics.interaction.offers import sales_matching
from syncline.analytics.interaction.planning import SUGGESTIONS, interaction_plan
from syncline.analytics.interaction.suggesting import make_offers, recommend, tell_delays, win_back
from syncline.analytics.tables import made
from syncline.errors import RejectedError
from tests.unit.analytics.interaction.made import START, lines

DAY = date(2026, 3, 2)


def churn() -> pa.Table:
    reasons = pa.array([["silence in usual pauses: 4, for leaving"], []], pa.list_(pa.string()))
    return made(CHURN, {"customer": ["a", "b"], "p_churn": [0.8, 0.1], "top_reasons": reasons})


def worth(p_alive: float | None) -> pa.Table:
    figures = {name: [100.0] for name in ("exp_purchases", "exp_value", "clv", "low", "high")}
    return made(CLV, {"customer": ["a"], **figures, "p_alive": pa.array([p_alive], pa.float64())})


def test_who_may_leave_is_worth_what_they_would_be_if_they_stayed():
    table = win_back(churn(), worth(0.5), DAY, lift=0.1)

    row = table.to_pylist()[0]
    assert table.num_rows == 1
    assert (row["p"], row["worth"], row["channel"]) == (pytest.approx(0.08), 200.0, "task")
    assert "80% to leave" in row["why"]
    assert "silence" in row["why"]
    assert win_back(churn(), worth(None), DAY, lift=0.1).column("worth").to_pylist() == [100.0]
    assert win_back(churn(), worth(0.0), DAY, lift=0.1).column("worth").to_pylist() == [2000.0]
    assert table.schema.equals(SUGGESTIONS.schema, check_metadata=True)


def test_advice_is_as_likely_as_it_came_true_before():
    tx = pa.concat_tables(
        [
            lines(("a", "tea"), ("a", "cup"), ("b", "tea"), ("c", "tea"), ("d", "tea")),
            lines(("b", "cup"), day=START + timedelta(days=20)),
            lines(("c", "cup"), day=START + timedelta(days=99)),
        ]
    )
    stock = pa.table({"product": ["cup"], "available": [5.0], "promise_date": [START], "margin": [30.0]})

    rates = hit_rates(tx, START + timedelta(days=30), 30)
    advice = next_best_product(tx, stock, START + timedelta(days=30))
    table = recommend(advice, rates, DAY, lift=0.5)

    assert rates.to_pylist() == [{"rank": 1, "rate": pytest.approx(1 / 3), "customers": 3}]
    assert rates.schema.equals(RATES.schema, check_metadata=True)
    assert [(row["customer"], row["worth"]) for row in table.to_pylist()] == [("c", 30.0), ("d", 30.0)]
    assert table.column("p").to_pylist() == pytest.approx([1 / 6] * 2)
    assert "cup because of tea" in table.column("why").to_pylist()[0]


def test_all_of_it_makes_one_plan():
    orders = pa.table({"customer": ["k", "l"], "order": ["1", "2"], "promise_date": [DAY, DAY], "zone": ["UTC", "UTC"]})
    new = pa.table(
        {
            "order": ["1", "2"],
            "promise_date": [DAY + timedelta(days=9)] * 2,
            "confidence": [0.9, 0.9],
            "system": ["erp", "erp"],
            "object": ["PO-1", "PO-2"],
        }
    )
    asked_for = pa.table(
        {"opportunity": ["o"], "customer": ["m"], "product": ["bike"], "qty": [4.0], "due": [DAY], "p_win": [0.5]}
    )
    supply = pa.table(
        {
            "product": ["bike"],
            "price": [100.0],
            "cost": [60.0],
            "available": [5.0],
            "from_stock": [DAY],
            "makeable": [0.0],
            "from_making": pa.array([None], pa.date32()),
        }
    )
    told = tell_delays(delay_notices(orders, new, datetime(2026, 3, 1, 12, tzinfo=UTC)), by_person=["k"])
    offers = make_offers(sales_matching(asked_for, supply), DAY, lift=0.5)

    plan = interaction_plan(pa.concat_tables([win_back(churn(), worth(1.0), DAY, lift=0.5), told, offers]), DAY)

    assert [(row["customer"], row["action"], row["channel"]) for row in plan.to_pylist()] == [
        ("l", "tell of the new date of 2", "campaign"),
        ("k", "tell of the new date of 1", "task"),
        ("a", "win back", "task"),
        ("m", "offer for o", "task"),
    ]
    assert plan.column("expected_value").to_pylist()[2:] == pytest.approx([25.0, 25.0])
    assert "PO-1 in erp" in plan.column("why").to_pylist()[1]


def test_a_lift_that_is_no_share_is_refused():
    with pytest.raises(RejectedError, match="lift of 2 is no share"):
        win_back(churn(), worth(1.0), DAY, lift=2)
    with pytest.raises(RejectedError, match="0 days are out of range"):
        hit_rates(lines(("a", "tea")), START, 0)
    assert make_offers(sales_matching(*_nothing()), DAY, lift=0.5).num_rows == 0


def _nothing() -> tuple[pa.Table, pa.Table]:
    none: dict[str, pa.Array] = {"opportunity": [], "customer": [], "product": []}
    texts = {name: pa.array([], pa.string()) for name in none}
    figures = {name: pa.array([], pa.float64()) for name in ("qty", "p_win", "price", "cost", "available", "makeable")}
    days = {name: pa.array([], pa.date32()) for name in ("due", "from_stock", "from_making")}
    every = pa.table(texts | figures | days)
    return every, every
