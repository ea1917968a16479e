"""Purchase plans: as good as trying everything, within everybody's rules, and honest where that cannot be."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.supply.purchase_plan import Limits, purchase_plan
from syncline.analytics.supply.strategy import supply_strategy
from syncline.analytics.supply.wagner_whitin import wagner_whitin
from syncline.errors import RejectedError

WEEKS = [date(2026, 5, 4) + timedelta(weeks=place) for place in range(6)]
START = WEEKS[0] - timedelta(days=10)


def needs(*rows: tuple[str, int, float]) -> pa.Table:
    return pa.table({
        "item": [row[0] for row in rows], "period": [WEEKS[row[1]] for row in rows], "qty": [row[2] for row in rows]
    })  # fmt: skip


def offers(*rows: tuple[str, str, float, float], **told: list[float] | list[int]) -> pa.Table:
    count = len(rows)
    usual = {
        "vendor": [row[0] for row in rows], "product": [row[1] for row in rows], "price": [row[2] for row in rows],
        "order_cost": [row[3] for row in rows], "least": [0.0] * count, "multiple": [0.0] * count,
        "most": [0.0] * count, "lead_days": [3] * count,
    }  # fmt: skip
    return pa.table(usual | told)


def test_lots_over_periods_are_those_of_wagner_and_whitin():
    demand = [90.0, 120.0, 80.0, 70.0, 15.0, 160.0]

    found = purchase_plan(
        needs(*(("bolt", place, units) for place, units in enumerate(demand))),
        offers(("V", "bolt", 10.0, 500.0)), as_of=START, holding_rate=2 / 10 / 7,
    )  # fmt: skip

    best = wagner_whitin(500, 2, demand)
    assert found.cost == pytest.approx(best.cost + 10 * sum(demand), rel=1e-4)
    assert found.shortfalls == ()
    assert [row["order_on"] for row in found.orders.to_pylist()] == [
        WEEKS[place] - timedelta(days=3) for place, lot in enumerate(best.orders) if lot
    ]


def test_whole_lots_of_the_cheaper_mix_of_vendors_are_found():
    found = purchase_plan(
        needs(("bolt", 0, 130)), offers(("A", "bolt", 2.0, 30.0), ("B", "bolt", 2.5, 5.0), least=[100.0, 0.0],
        multiple=[100.0, 7.0]), as_of=START, holding_rate=0.0,
    )  # fmt: skip

    every = min(
        2.0 * 100 * a + 30 * bool(a) + 2.5 * 7 * b + 5 * bool(b)
        for a, b in itertools.product(range(3), range(20)) if 100 * a + 7 * b >= 130
    )  # fmt: skip
    assert found.cost == pytest.approx(every)
    assert {row["qty"] % (100 if row["vendor"] == "A" else 7) for row in found.orders.to_pylist()} == {0}


def test_a_price_break_is_taken_where_it_pays():
    breaks = pa.table({"vendor": ["V"], "product": ["bolt"], "from_qty": [200.0], "price": [1.0]})

    few, many = (
        purchase_plan(
            needs(("bolt", 0, units)), offers(("V", "bolt", 2.0, 0.0)), Limits(breaks), as_of=START
        ).orders.to_pylist()[0]
        for units in (90.0, 120.0)
    )

    assert (few["qty"], few["price"]) == (pytest.approx(90), 2.0)
    assert (many["qty"], many["price"]) == (pytest.approx(200), 1.0)


def test_a_budget_moves_orders_ahead():
    budget = pa.table({"period": [WEEKS[1]], "money": [50.0]})

    found = purchase_plan(
        needs(("bolt", 0, 10), ("bolt", 1, 90)), offers(("V", "bolt", 1.0, 0.0)), Limits(budget=budget), as_of=START
    )

    assert found.shortfalls == ()
    assert [(row["period"], row["qty"]) for row in found.orders.to_pylist()] == [
        (WEEKS[0], pytest.approx(50)), (WEEKS[1], pytest.approx(50)),
    ]  # fmt: skip


def test_a_budget_that_is_too_small_is_told_by_how_much():
    budget = pa.table({"period": [WEEKS[0]], "money": [50.0]})

    found = purchase_plan(needs(("bolt", 0, 90)), offers(("V", "bolt", 1.0, 5.0)), Limits(budget=budget), as_of=START)

    assert [(one.constraint, one.by, one.unit) for one in found.shortfalls] == [
        ("the budget of 2026-05-04", pytest.approx(45), "money")
    ]
    assert found.owed.to_pylist()[0]["qty"] == pytest.approx(45)
    assert "the budget of 2026-05-04" in found.owed.to_pylist()[0]["because"]


def test_a_capacity_that_is_too_small_is_told_by_how_much():
    capacity = pa.table({"vendor": ["V"] * 2, "period": WEEKS[:2], "qty": [20.0, 30.0]})

    found = purchase_plan(
        needs(("bolt", 0, 10), ("bolt", 1, 60)), offers(("V", "bolt", 1.0, 0.0)), Limits(capacity=capacity), as_of=START
    )

    assert sum(one.by for one in found.shortfalls) == pytest.approx(20)
    assert {one.unit for one in found.shortfalls} == {"units"}


def test_a_need_before_the_lead_time_is_owed_until_then_and_told():
    found = purchase_plan(
        needs(("bolt", 0, 40), ("bolt", 2, 10)), offers(("V", "bolt", 1.0, 1.0), lead_days=[20]), as_of=START
    )

    assert [(row["period"], row["qty"], row["because"]) for row in found.owed.to_pylist()] == [
        (WEEKS[0], pytest.approx(40), "no vendor delivers before 2026-05-14")
    ]
    assert found.orders.to_pylist()[0]["period"] == WEEKS[2]
    assert found.shortfalls[0].by == pytest.approx(40)


def test_a_product_that_nobody_offers_is_told():
    found = purchase_plan(needs(("bolt", 0, 40)), offers(("V", "nut", 1.0, 1.0)), as_of=START)

    assert found.owed.to_pylist()[0]["because"] == "no vendor offers it"
    assert len(found.orders) == 0


def test_nothing_needed_is_nothing_ordered():
    none = needs(("bolt", 0, 1.0)).slice(0, 0)

    found = purchase_plan(none, offers(("V", "bolt", 1.0, 1.0)), as_of=START)

    assert (len(found.orders), found.cost, found.flag) == (0, 0.0, "nothing is needed")


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [
        (needs(("bolt", 0, -1)), offers(("V", "bolt", 1.0, 1.0))),
        (needs(("bolt", 0, 1)), offers(("V", "bolt", -1.0, 1.0))),
        (needs(("bolt", 0, 1)), offers(("V", "bolt", 1.0, 1.0), ("V", "bolt", 1.0, 1.0))),
        (needs(("bolt", 0, 1)), offers(("V", "bolt", 1.0, 1.0), least=[10.0], most=[5.0])),
    ],
)
def test_absurd_figures_are_refused(wanted: pa.Table, offered: pa.Table):
    with pytest.raises(RejectedError, match=r"[A-Z0-9].*\."):
        purchase_plan(wanted, offered, as_of=START)


def stocked(count: int, seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table({
        "product": [str(n) for n in range(count)],
        "mean_d": draw.uniform(1, 40, count), "sd_d": draw.uniform(1, 15, count),
        "lead_mean_d": draw.uniform(2, 30, count), "lead_sd_d": draw.uniform(0, 5, count),
        "order_qty": draw.uniform(50, 400, count), "unit_cost": draw.uniform(1, 90, count),
        "unit_value": draw.uniform(90, 200, count),
    })  # fmt: skip


def test_the_frontier_rises_ever_more_steeply_and_its_slope_is_the_price():
    fills = [0.97, 0.97001, 0.98, 0.98001, 0.99, 0.99001]

    rows = supply_strategy(stocked(40, 3), fills=fills).frontier.to_pylist()

    slopes = [(rows[n + 1]["cost"] - rows[n]["cost"]) / 0.001 for n in (0, 2, 4)]
    assert slopes == pytest.approx([rows[n]["money_per_point"] for n in (0, 2, 4)], rel=0.01)
    assert slopes == sorted(slopes)


def test_no_shift_of_stock_between_products_is_cheaper():
    items = stocked(6, 5)
    told = {name: np.array(items.column(name).to_pylist()) for name in items.column_names[1:]}
    found = supply_strategy(items, fills=[0.985])
    kept = np.array(found.settings.column("ss_units").to_pylist())
    spread = np.hypot(np.sqrt(told["lead_mean_d"]) * told["sd_d"], told["mean_d"] * told["lead_sd_d"])

    def missing(stock: np.ndarray) -> float:
        draws = np.linspace(-8, 8, 40_001)
        density = np.exp(-(draws**2) / 2) / np.sqrt(2 * np.pi)
        short = np.maximum(draws[None, :] * spread[:, None] - stock[:, None], 0) @ density * (draws[1] - draws[0])
        return float((told["unit_value"] * told["mean_d"] / told["order_qty"] * short).sum())

    worth = float((told["unit_value"] * told["mean_d"]).sum())
    assert missing(kept) / worth == pytest.approx(0.015, abs=1e-6)
    for one, other in itertools.permutations(range(6), 2):
        moved = kept.copy()
        moved[one] += 0.5 / told["unit_cost"][one]
        moved[other] -= 0.5 / told["unit_cost"][other]
        assert moved.min() < 0 or missing(moved) >= missing(kept) - 1e-9


@pytest.mark.parametrize("changed", [{"mean_d": [0.0] * 3}, {"unit_cost": [1.0, 0.0, 1.0]}, {"sd_d": [1.0, -1.0, 1.0]}])
def test_a_strategy_of_absurd_figures_is_refused(changed: dict[str, list[float]]):
    items = stocked(3, 1)
    for name, values in changed.items():
        items = items.set_column(items.column_names.index(name), name, pa.array(values))

    with pytest.raises(RejectedError, match=r"[A-Z0-9].*\."):
        supply_strategy(items)


def test_a_fill_that_needs_no_safety_stock_is_told():
    assert supply_strategy(stocked(3, 1), fills=[0.05]).flag is not None
