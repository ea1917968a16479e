"""Scarce parts to the orders that are worth most: optimal, explained, and honest where a wish cannot be kept."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import linprog

from syncline.analytics.supply.allocate import Capacity, allocate
from syncline.errors import RejectedError
from tests.unit.analytics.supply.test_explode_bom import bom

WEEKS = [date(2026, 5, 4) + timedelta(weeks=place) for place in range(4)]
Line = tuple[str, str, str, int, float, float]


def orders(*rows: Line) -> pa.Table:
    names = ("order_line", "customer", "product", "period", "qty", "value")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return pa.table(columns | {"period": [WEEKS[place] for place in columns["period"]]})


def supply(*rows: tuple[str, int, float]) -> pa.Table:
    return pa.table({
        "item": [row[0] for row in rows], "period": [WEEKS[row[1]] for row in rows], "qty": [row[2] for row in rows]
    })  # fmt: skip


def got(found: pa.Table) -> dict[str, float]:
    total: dict[str, float] = {}
    for row in found.to_pylist():
        total[row["order_line"]] = total.get(row["order_line"], 0.0) + row["qty"]
    return total


def test_the_dearer_order_gets_the_shared_part_and_the_other_is_told_why():
    lines = orders(("1", "A", "bike", 0, 5, 500), ("2", "B", "trike", 0, 5, 900))

    found = allocate(lines, supply(("wheel", 0, 17)), bom(("bike", "wheel", 2), ("trike", "wheel", 3)))

    assert got(found.lines) == pytest.approx({"1": 1, "2": 5})
    assert found.open.to_pylist() == [
        {"order_line": "1", "open_qty": pytest.approx(4), "binding": "wheel", "shadow_price": pytest.approx(500)}
    ]
    prices = {row["scarce"]: row["shadow_price"] for row in found.prices.to_pylist() if row["period"] == WEEKS[0]}
    assert prices["wheel"] == pytest.approx(250)
    assert found.value_fill == pytest.approx((500 + 4500) / 7000)
    assert found.qty_fill == pytest.approx(0.6)


def test_a_shadow_price_is_what_one_more_unit_brings():
    lines = orders(*((str(n), "A", f"p{n % 4}", n % 3, 10.0, 50.0 + 7 * n) for n in range(12)))
    parts = bom(*((f"p{n}", part, float(1 + (n + k) % 3)) for n in range(4) for k, part in enumerate("xyz")))
    some = [("x", 0, 60.0), ("y", 0, 70.0), ("z", 1, 80.0)]

    found = allocate(lines, supply(*some), parts, late_loss=0.0)
    more = allocate(lines, supply(*some[:2], ("z", 1, 80.01)), parts, late_loss=0.0)

    price = next(
        row["shadow_price"] for row in found.prices.to_pylist() if row["scarce"] == "z" and row["period"] == WEEKS[1]
    )
    total = sum(10.0 * (50 + 7 * n) for n in range(12))
    assert (more.value_fill - found.value_fill) * total / 0.01 == pytest.approx(price, rel=1e-6)
    assert price > 0


def test_an_allocation_is_as_good_as_the_plain_program():
    draw = np.random.default_rng(6)

    def a_line(n: int) -> Line:
        product, due, units = f"p{draw.integers(0, 6)}", int(draw.integers(0, 4)), float(draw.integers(1, 20))
        return str(n), f"c{n % 5}", product, due, units, float(draw.uniform(10, 90))

    rows = [a_line(n) for n in range(60)]
    use = draw.integers(0, 4, (6, 5)).astype(float)
    parts = bom(*((f"p{p}", f"k{k}", use[p, k]) for p in range(6) for k in range(5) if use[p, k]))
    given = draw.uniform(10, 90, (5, 4))

    found = allocate(
        orders(*rows), supply(*((f"k{k}", t, given[k, t]) for k in range(5) for t in range(4))), parts, late_loss=0
    )

    places = [(n, t) for n, row in enumerate(rows) for t in range(row[3], 4)]
    matrix = np.zeros((60 + 20, len(places)))
    for column, (n, t) in enumerate(places):
        matrix[n, column] = 1
        for k in range(5):
            matrix[60 + 4 * k + t : 60 + 4 * k + 4, column] = use[int(rows[n][2][1]), k]
    limits = np.concatenate([[row[4] for row in rows], np.cumsum(given, axis=1).ravel()])
    plain = linprog([-rows[n][5] for n, _ in places], A_ub=matrix, b_ub=limits)
    assert found.value_fill * sum(row[4] * row[5] for row in rows) == pytest.approx(-plain.fun)
    assert all(units <= rows[int(name)][4] + 1e-6 for name, units in got(found.lines).items())
    assert all(row["period"] >= WEEKS[rows[int(row["order_line"])][3]] for row in found.lines.to_pylist())


def test_what_cannot_be_met_in_time_is_met_late():
    found = allocate(orders(("1", "A", "bike", 0, 5, 500)), supply(("bike", 0, 2), ("bike", 2, 9)))

    assert [(row["period"], row["qty"]) for row in found.lines.to_pylist()] == [(WEEKS[0], 2), (WEEKS[2], 3)]


def test_parts_of_subassemblies_and_their_stock_are_used_through_all_levels():
    parts = bom(("bike", "wheel", 2), ("wheel", "spoke", 30))

    found = allocate(orders(("1", "A", "bike", 0, 9, 500)), supply(("wheel", 0, 3), ("spoke", 0, 150)), parts)

    assert got(found.lines) == pytest.approx({"1": 4})
    assert found.open.to_pylist()[0]["binding"] == "spoke"


def test_a_customer_counts_by_its_weight():
    lines = orders(("1", "A", "bike", 0, 5, 500), ("2", "B", "bike", 0, 5, 600))
    weights = pa.table({"customer": ["A"], "weight": [2.0]})

    assert got(allocate(lines, supply(("bike", 0, 5)), weights=weights).lines) == {"1": 5}


def test_fairness_looks_at_the_customer_who_gets_least():
    lines = orders(("1", "A", "bike", 0, 5, 500), ("2", "B", "bike", 0, 5, 600))

    assert got(allocate(lines, supply(("bike", 0, 6)), fairness=1.0).lines) == pytest.approx({"1": 3, "2": 3})


def test_a_least_fill_is_kept():
    lines = orders(("1", "A", "bike", 0, 5, 500), ("2", "B", "bike", 0, 5, 600))

    found = allocate(lines, supply(("bike", 0, 6)), min_fill={"A": 0.6})

    assert got(found.lines) == pytest.approx({"1": 3, "2": 3})


def test_a_least_fill_that_cannot_be_kept_is_told_with_its_cause_and_amount():
    lines = orders(("1", "A", "bike", 0, 5, 500), ("2", "B", "bike", 0, 5, 600))

    with pytest.raises(RejectedError, match=r"customer A is missed by 2 units, because .* of wheel"):
        allocate(lines, supply(("wheel", 0, 4)), bom(("bike", "wheel", 2)), min_fill={"A": 0.8})


def test_hours_of_a_work_centre_are_scarce_too():
    hours = pa.table({"resource": ["paint"], "period": [WEEKS[0]], "hours": [6.0]})
    use = pa.table({"product": ["bike"], "resource": ["paint"], "hours": [2.0]})

    found = allocate(
        orders(("1", "A", "bike", 0, 5, 500)), supply(("wheel", 0, 99)), bom(("bike", "wheel", 2)), Capacity(hours, use)
    )

    assert got(found.lines) == pytest.approx({"1": 3})
    assert [(row["scarce"], row["kind"], row["shadow_price"]) for row in found.prices.to_pylist()][-1] == (
        "paint", "work centre", pytest.approx(250),
    )  # fmt: skip
    assert found.open.to_pylist()[0]["binding"] == "paint"


def test_independent_families_are_solved_apart_with_one_result():
    rows: list[Line] = [(str(n), "A", f"p{n}", 0, 5.0, 10.0 + n) for n in range(30)]

    found = allocate(orders(*rows), supply(*((f"p{n}", 0, float(n % 6)) for n in range(30))))

    assert got(found.lines) == pytest.approx({str(n): float(min(n % 6, 5)) for n in range(30) if n % 6})


def test_without_any_supply_nothing_is_allocated_and_every_line_is_told():
    found = allocate(orders(("1", "A", "bike", 0, 5, 500)), supply(("other", 0, 1)))

    assert len(found.lines) == 0
    assert found.open.to_pylist()[0]["binding"] == "bike"
    assert found.value_fill == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"min_fill": {"nobody": 0.5}}, "nobody"),
        ({"min_fill": {"A": 1.5}}, "no share"),
        ({"fairness": 2.0}, "fairness"),
        ({"late_loss": -1.0}, "below zero"),
    ],
)
def test_absurd_wishes_are_refused(changed: dict[str, object], words: str):
    with pytest.raises(RejectedError, match=words):
        allocate(orders(("1", "A", "bike", 0, 5, 500)), supply(("bike", 0, 1)), **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", [("1", "A", "bike", 0, -5, 500), ("1", "A", "bike", 0, 5, -500)])
def test_negative_figures_are_refused(row: Line):
    with pytest.raises(RejectedError, match="below zero"):
        allocate(orders(row), supply(("bike", 0, 1)))


def test_a_line_that_occurs_twice_is_refused():
    row: Line = ("1", "A", "bike", 0, 5, 500)

    with pytest.raises(RejectedError, match="more than once in orders, the first is 1"):
        allocate(orders(row, row), supply(("bike", 0, 1)))


def test_a_work_centre_without_hours_is_named():
    use = pa.table({"product": ["bike"], "resource": ["paint"], "hours": [2.0]})
    none = pa.table(
        {
            "resource": pa.array([], pa.string()),
            "period": pa.array([], pa.date32()),
            "hours": pa.array([], pa.float64()),
        }
    )

    with pytest.raises(RejectedError, match="paint"):
        allocate(orders(("1", "A", "bike", 0, 5, 500)), supply(("bike", 0, 1)), capacity=Capacity(none, use))
