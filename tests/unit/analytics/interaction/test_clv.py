"""What customers are worth: parameters come back, the future is foretold, and what is not known is not shown."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from syncline.analytics.interaction.clv import CLV, clv
from syncline.analytics.interaction.purchases import purchases_of, summary_of
from syncline.analytics.interaction.repeats import Counted, Repeating, counted, fitted
from syncline.analytics.interaction.rfm import RFM, rfm
from syncline.analytics.interaction.spend import fitted as fitted_spending
from syncline.analytics.interaction.spend import spent
from syncline.errors import RejectedError, SetupError
from tests.unit.analytics.interaction.made import START, buying, orders

THEN = START + timedelta(weeks=40)


def one(x: float, recency: float, age: float) -> Counted:
    return Counted(*(np.array([value]) for value in (x, recency, age, 1.0)), np.array([0]))


def test_the_likelihood_finds_the_parameters_that_made_the_data():
    model = fitted(counted(summary_of(purchases_of(buying(3000, seed=1, weeks=60), THEN), THEN)))

    assert model.r == pytest.approx(0.5, rel=0.2)
    assert model.alpha == pytest.approx(6.0, rel=0.3)
    assert model.a / (model.a + model.b) == pytest.approx(0.8 / 3.3, rel=0.25)
    assert not model.degenerate


def test_what_is_foretold_comes():
    history = buying(1500, seed=2, weeks=66)
    worth = clv(history, THEN, 26, 0.1, 0.3).table

    later = history.filter(pc.greater(history.column("day"), pa.scalar(THEN, pa.date32())))
    known = set(worth.column("customer").to_pylist())
    came = sum(name in known for name in later.column("customer").to_pylist())
    assert pc.sum(worth.column("exp_purchases")).as_py() == pytest.approx(came, rel=0.15)
    spent_later: dict[str, float] = {}
    for name, amount in zip(later.column("customer").to_pylist(), later.column("amount").to_pylist(), strict=True):
        spent_later[name] = spent_later.get(name, 0.0) + 0.3 * amount
    inside = [
        row["low"] - 1e-9 <= spent_later.get(row["customer"], 0.0) <= row["high"] * 1.05 + 1e-9
        for row in worth.to_pylist()
    ]
    assert sum(inside) / len(inside) >= 0.75


def test_the_figures_of_the_paper():
    model = Repeating(0.2426, 4.4136, 0.7930, 2.4260, -9582.43, degenerate=False)

    assert model.expected(one(2, 30.43, 38.86), 39)[0] == pytest.approx(1.226, abs=1e-3)
    assert model.alive(one(0, 0, 38.86))[0] == 1.0
    assert model.alive(one(2, 30.43, 38.86))[0] == pytest.approx(0.7266, abs=1e-3)


@pytest.mark.parametrize("x", [0.0, 1.0, 50.0, 3000.0])
@pytest.mark.parametrize("a", [0.2, 1.0, 3.0])
def test_expectations_are_finite_and_grow_with_time(x: float, a: float):
    model = Repeating(0.3, 5.0, a, 2.0, 0.0, degenerate=False)
    customer = one(x, 100.0 if x else 0.0, 104.0)

    told = [model.expected(customer, weeks)[0] for weeks in (1, 10, 100, 500)]

    assert np.all(np.isfinite(told))
    assert told == sorted(told)
    assert told[0] >= 0


def test_where_nobody_leaves_no_probability_of_being_alive_is_shown():
    found = clv(buying(600, seed=3, weeks=40, leaving=None), THEN, 13, 0.1, 0.3)

    assert found.degenerate
    assert found.table.column("p_alive").null_count == len(found.table)
    assert "a season cannot be seen" in found.flag
    assert found.season == 1.0


def test_a_season_is_seen_a_year_later():
    random = np.random.default_rng(4)
    rows = [(f"c{i}", START, 10.0) for i in range(300)]
    for week in range(104):
        rate = 60 if week % 52 < 4 else 15
        rows += [(f"c{int(i)}", START + timedelta(weeks=week, days=1), 10.0) for i in random.choice(300, rate)]

    found = clv(orders(*rows), START + timedelta(weeks=104), 4, 0.1, 0.3)

    assert found.degenerate
    assert found.season == pytest.approx(60 / (4 * 60 + 48 * 15) * 52, rel=0.1)


def test_the_table_is_as_promised_and_holds_no_hole():
    table = clv(buying(300, seed=5, weeks=40), THEN, 52, 0.1, 0.3).table

    assert table.schema.equals(CLV.schema, check_metadata=True)
    assert not any(pc.any(pc.is_nan(table.column(name))).as_py() for name in table.column_names[1:6])
    assert all(row["low"] <= row["high"] for row in table.to_pylist())


def test_discounting_and_the_margin_make_it_less():
    history = buying(300, seed=6, weeks=40)

    whole, half, late = (
        clv(history, THEN, 52, *how).table.column("clv") for how in ((0.0, 1.0), (0.0, 0.5), (0.5, 1.0))
    )

    assert pc.sum(half).as_py() == pytest.approx(pc.sum(whole).as_py() / 2)
    assert 0.7 < pc.sum(late).as_py() / pc.sum(whole).as_py() < 0.9


def test_what_comes_after_the_day_changes_nothing():
    history = buying(300, seed=7, weeks=60)
    noise = orders(*((f"c{i}", THEN + timedelta(days=1 + i % 50), 1e6) for i in range(300)))

    assert clv(history, THEN, 26, 0.1, 0.3).table.equals(
        clv(pa.concat_tables([history, noise.cast(history.schema)]), THEN, 26, 0.1, 0.3).table
    )


def test_spending_parameters_come_back():
    random = np.random.default_rng(8)
    x = random.integers(1, 8, 4000).astype(float)
    level = random.gamma(4.0, size=4000) / 16.0
    value = random.gamma(6.0 * x) / level / x

    model = fitted_spending(x, value)

    assert (model.p, model.q, model.v) == pytest.approx((6.0, 4.0, 16.0), rel=0.2)


def test_where_frequency_and_spending_go_together_groups_are_fitted_apart():
    random = np.random.default_rng(9)
    x = random.integers(1, 10, 900).astype(float)
    value = 10 * x + random.gamma(5.0, 2.0, 900)

    found = spent(x, value, value)

    assert len(found.models) == 3
    assert "groups" in found.flag or "fitted apart" in found.flag
    assert found.value[x == 9].mean() > 2 * found.value[x == 1].mean()


def test_few_who_come_back_are_not_modelled():
    found = spent(np.array([0.0, 1.0]), np.array([0.0, 50.0]), np.array([10.0, 20.0]))

    assert found.value.tolist() == [15.0, 15.0]
    assert "Fewer than 30" in found.flag
    with pytest.raises(RejectedError, match="0 customers bought again"):
        clv(orders(("a", START, 5.0), ("b", START, 6.0)), THEN, 26, 0.1, 0.3)


@pytest.mark.parametrize(
    "how", [(0, 0.1, 0.3), (521, 0.1, 0.3), (26, -0.1, 0.3), (26, 0.1, 0.0), (26, float("nan"), 0.3)]
)
def test_arguments_without_sense_are_refused(how: tuple[int, float, float]):
    with pytest.raises(RejectedError, match="out of range"):
        clv(buying(50, seed=1, weeks=40), THEN, *how)


def test_bad_tables_are_refused():
    with pytest.raises(RejectedError, match="1 amounts in purchases are below 0"):
        rfm(orders(("a", START, -5.0)), THEN)
    with pytest.raises(RejectedError, match="has nothing until 2023"):
        rfm(orders(("a", START, 5.0)), date(2023, 1, 1))
    with pytest.raises(SetupError, match="has no column amount"):
        rfm(orders(("a", START, 5.0)).drop_columns(["amount"]), THEN)
    with pytest.raises(RejectedError, match="1 is no number of scores"):
        rfm(orders(("a", START, 5.0)), THEN, n=1)


def test_rfm_counts_days_and_money_and_equals_share_a_score():
    table = rfm(
        orders(("a", START, 5.0), ("a", START, 5.0), ("b", START, 10.0), ("c", THEN, 99.0)), THEN + timedelta(days=1)
    )

    rows = {row["customer"]: row for row in table.to_pylist()}
    assert rows["a"] | {"customer": "b"} == rows["b"]
    assert (rows["a"]["recency_d"], rows["a"]["frequency"], rows["a"]["monetary"]) == (281, 1, 10.0)
    assert rows["c"]["r"] > rows["a"]["r"]
    assert table.schema.equals(RFM.schema, check_metadata=True)


def test_one_customer_has_scores_too():
    row = rfm(orders(("a", START, 5.0)), THEN).to_pylist()[0]

    assert 1 <= row["r"] <= 5
    assert row["segment"]
