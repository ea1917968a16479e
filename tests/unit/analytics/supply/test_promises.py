"""Promises: from stock and receipts, from parts and hours; with chances that hold."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.supply.available import available_to_promise
from syncline.analytics.supply.capable import OrderLine, capable_to_promise, promises
from syncline.analytics.supply.plant import Plant
from syncline.analytics.supply.promise import Promise, sureness
from syncline.errors import RejectedError
from tests.unit.analytics.supply.test_explode_bom import bom, stock

DAY = date(2026, 5, 4)  # a Monday


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def coming(*rows: tuple[str, int, float]) -> pa.Table:
    return pa.table({
        "item": pa.array([row[0] for row in rows], pa.string()),
        "period": pa.array([after(row[1]) for row in rows], pa.date32()),
        "qty": pa.array([row[2] for row in rows], pa.float64()),
    })  # fmt: skip


def curves(**days: list[float]) -> pa.Table:
    return pa.table({
        "item": list(days), "n": [len(curve) for curve in days.values()],
        "curve": pa.array(list(days.values()), pa.list_(pa.float64())),
    })  # fmt: skip


def atp(qty: float, *, there: float, receipts: pa.Table, taken: pa.Table, **more: object) -> Promise:
    return available_to_promise(
        "bike", qty, after(3), as_of=DAY, stock=stock(bike=there), receipts=receipts, committed=taken, **more
    )  # type: ignore[arg-type]


def test_stock_is_promised_at_once():
    found = atp(5, there=5, receipts=coming(), taken=coming())

    assert (found.date, found.confidence, found.bottleneck, found.flag) == (DAY, 1.0, None, None)


def test_stock_that_a_later_commitment_needs_is_not_promised():
    found = atp(4, there=5, receipts=coming(("bike", 9, 2)), taken=coming(("bike", 6, 3)))

    assert found.date == after(9)
    assert [(row["date"], row["qty"]) for row in found.qty_by_date.to_pylist()] == [
        (DAY, 2),
        (after(6), 2),
        (after(9), 4),
    ]
    assert found.flag == "receipts are taken to be punctual"
    assert found.confidence is None


def test_what_never_comes_is_told():
    found = atp(9, there=5, receipts=coming(("bike", 9, 2)), taken=coming(("other", 6, 3)))

    assert (found.date, found.flag) == (None, "only 7 of 9 units are in sight")


def test_late_receipts_move_the_promise_and_its_confidence():
    late = [0.0] * 60 + [5.0] * 40

    found = atp(6, there=0, receipts=coming(("bike", 2, 9)), taken=coming(), lateness=late)

    assert (found.p50, found.p80, found.p95) == (after(2), after(7), after(7))
    assert found.confidence == pytest.approx(0.6, abs=0.04)


def test_an_overdue_receipt_is_taken_to_come_today():
    assert atp(1, there=0, receipts=coming(("bike", -5, 3)), taken=coming()).date == DAY


def line(product: str, qty: float, wanted: int = 5) -> OrderLine:
    return OrderLine("SO1-1", product, qty, after(wanted))


def test_a_promise_waits_for_the_last_part_and_names_it():
    plant = Plant(
        bom(("bike", "wheel", 2), ("bike", "frame", 1)), curves(wheel=[3.0], frame=[10.0]), on_hand=stock(wheel=1)
    )

    found = capable_to_promise(line("bike", 1), plant, as_of=DAY)

    assert (found.p50, found.p95, found.bottleneck) == (after(10), after(10), "part frame")
    assert found.confidence == 0
    pegged = {row["item"]: row for row in found.pegging.to_pylist()}
    assert (pegged["wheel"]["from_stock"], pegged["wheel"]["net"], pegged["wheel"]["source"]) == (
        1,
        1,
        "stock and bought",
    )
    assert (pegged["frame"]["critical"], pegged["wheel"]["critical"]) == (1, 0)
    assert found.flag == "making bike is taken to need no time: no routing and no past times"


def test_stock_of_the_product_needs_nothing_else():
    found = capable_to_promise(
        line("bike", 1), Plant(bom(("bike", "wheel", 2)), curves(), on_hand=stock(bike=1)), as_of=DAY
    )

    assert (found.date, found.confidence, found.bottleneck, found.flag) == (DAY, 1.0, None, None)


def test_a_receipt_on_its_way_is_used_before_anything_is_bought():
    plant = Plant(bom(("bike", "wheel", 2)), curves(wheel=[30.0]), open_orders=coming(("wheel", 4, 2)))

    assert capable_to_promise(line("bike", 1), plant, as_of=DAY).p50 == after(4)


def test_hours_of_a_work_centre_are_waited_for_over_the_weekend():
    hours = pa.table({
        "resource": ["paint"] * 14, "period": [after(n) for n in range(14)],
        "hours": [4.0 if after(n).weekday() < 5 else 0.0 for n in range(14)],
    })  # fmt: skip
    routing = pa.table({"product": ["bike"], "step": [1], "resource": ["paint"], "setup_h": [1.0], "run_h": [2.0]})
    plant = Plant(bom(("bike", "wheel", 2)), curves(), stock(wheel=99), routing=routing, hours=hours)

    assert capable_to_promise(line("bike", 1), plant, as_of=DAY).date == DAY
    assert capable_to_promise(line("bike", 9.5), plant, as_of=DAY).date == after(4)
    found = capable_to_promise(line("bike", 10), plant, as_of=DAY)
    assert (found.date, found.bottleneck) == (after(7), "work centre paint")
    beyond = capable_to_promise(line("bike", 30), plant, as_of=DAY)
    assert (beyond.date, beyond.flag) == (None, "100% of the cases end beyond the calendar")


def test_operations_take_as_long_as_they_took():
    hours = pa.table({"resource": ["paint"] * 50, "period": [after(n) for n in range(50)], "hours": [10.0] * 50})
    routing = pa.table({"product": ["bike"], "step": [1], "resource": ["paint"], "setup_h": [0.0], "run_h": [10.0]})
    cycles = pa.table({"resource": ["paint"] * 4, "planned_h": [2.0] * 4, "actual_h": [2.0, 2.0, 4.0, 4.0]})
    plant = Plant(bom(("bike", "wheel", 1)), curves(), stock(wheel=9), routing=routing, hours=hours, cycles=cycles)

    found = capable_to_promise(line("bike", 2), plant, as_of=DAY)

    assert (found.p80, found.p95) == (after(3), after(3))
    assert found.p50 in {after(1), after(2)}


def test_the_chances_of_independent_parts_multiply():
    found = capable_to_promise(
        line("bike", 1, wanted=8), Plant(bom(("bike", "wheel", 1), ("bike", "frame", 1)),
        curves(wheel=[float(n) for n in range(10)], frame=[float(n) for n in range(10)])), as_of=DAY,
    )  # fmt: skip

    assert found.confidence == pytest.approx(0.9 * 0.9, abs=0.04)


def test_the_same_seed_gives_the_same_promise():
    plant = Plant(bom(("bike", "wheel", 1)), curves(wheel=[float(n) for n in range(30)]))

    one, same, other = (capable_to_promise(line("bike", 1), plant, as_of=DAY, seed=seed).days for seed in (1, 1, 2))

    assert one == same != other


def test_a_part_without_a_known_lead_time_gets_no_day_but_a_reason():
    found = capable_to_promise(line("bike", 1), Plant(bom(("bike", "wheel", 1)), curves()), as_of=DAY)

    assert (found.date, found.p95, found.confidence) == (None, None, 0.0)
    assert found.flag == "no lead time is known of wheel"


def test_promises_learn_from_those_that_were_broken():
    draw = np.random.default_rng(9)
    days = [float(n) for n in range(5, 15)]
    plant = Plant(bom(("bike", "wheel", 1)), curves(wheel=days))
    told = promises([line("bike", 1)] * 400, plant, as_of=DAY)
    later = [after(int(draw.choice(days)) + 3) for _ in told]

    learnt = sureness([(one, DAY, done) for one, done in zip(told[:300], later[:300], strict=True)])
    again = capable_to_promise(line("bike", 1), plant, as_of=DAY, sure=learnt)

    before = np.mean([day <= told[0].p80 for day in later])  # type: ignore[operator]
    assert before < 0.6
    assert again.p80 is not None
    assert again.p80 > told[0].p80  # type: ignore[operator]


def test_the_chance_of_a_promise_is_kept_without_learning_where_history_tells_the_truth():
    draw = np.random.default_rng(4)
    days = [float(n) for n in range(1, 41)]
    plant = Plant(bom(("bike", "a", 1), ("bike", "b", 1)), curves(a=days, b=days))

    found = capable_to_promise(line("bike", 1), plant, as_of=DAY)
    done = draw.choice(days, (20_000, 2)).max(axis=1)

    assert found.p80 is not None
    assert np.mean(done <= (found.p80 - DAY).days) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: capable_to_promise(line("bike", -1), Plant(bom(("bike", "a", 1)), curves()), as_of=DAY), "above zero"),
        (lambda: capable_to_promise(line("bike", 1), Plant(bom(("bike", "bike", 1)), curves()), as_of=DAY), "itself"),
        (
            lambda: capable_to_promise(line("bike", 1), Plant(bom(("bike", "a", 1)), curves(a=[-1.0])), as_of=DAY),
            "of a",
        ),
        (lambda: capable_to_promise(line("b", 1), Plant(bom(("b", "a", 1)), curves()), as_of=DAY, draws=3), "3 draws"),
        (lambda: atp(-1, there=0, receipts=coming(), taken=coming()), "above zero"),
        (lambda: atp(1, there=-1, receipts=coming(), taken=coming()), "below zero"),
        (lambda: atp(1, there=0, receipts=coming(("bike", 9000, 1)), taken=coming()), "9001 days ahead"),
        (lambda: atp(1, there=0, receipts=coming(("bike", 9, 1)), taken=coming(), lateness=[]), "lateness"),
        (lambda: sureness([]), "20 are needed"),
    ],
)
def test_absurd_figures_are_refused(call, words: str):
    with pytest.raises(RejectedError, match=words):
        call()
