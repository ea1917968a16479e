"""Lead times as they were, what they lean on where they are few, and reorder points that follow from them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.supply.lead_times import lead_time_curves, lead_time_stats
from syncline.analytics.supply.reorder_points import reorder_points
from syncline.errors import RejectedError

DAY = date(2026, 1, 5)


def lines(*rows: tuple[str, str, str | None, int | None], **changed: list[object]) -> pa.Table:
    count = len(rows)
    waits = [row[3] for row in rows]
    usual = {
        "vendor": [row[0] for row in rows],
        "product": [row[1] for row in rows],
        "category": pa.array([row[2] for row in rows], pa.string()),
        "ordered": [DAY] * count,
        "promised": pa.array([DAY + timedelta(days=10)] * count, pa.date32()),
        "received": pa.array([None if days is None else DAY + timedelta(days=days) for days in waits], pa.date32()),
        "qty": [10.0] * count,
        "received_qty": pa.array([None if days is None else 10.0 for days in waits], pa.float64()),
        "rejected_qty": [0.0] * count,
    }
    return pa.table(usual | changed)


def found(table: pa.Table, product: str) -> dict[str, object]:
    return next(row for row in table.to_pylist() if row["product"] == product)


def test_many_receipts_stand_for_themselves():
    waits = [int(days) for days in np.random.default_rng(1).integers(3, 30, 40)]

    row = found(lead_time_stats(lines(*(("V", "bolt", "steel", days) for days in waits))), "bolt")

    assert row["mean_d"] == pytest.approx(np.mean(waits))
    assert row["sd_d"] == pytest.approx(np.std(waits, ddof=1))
    assert row["p90"] == pytest.approx(np.quantile(waits, 0.9, method="hazen"))
    assert row["otif"] == pytest.approx(np.mean(np.array(waits) <= 10))
    assert row["flag"] is None


def test_few_receipts_lean_on_the_vendor_and_none_on_the_vendor_alone():
    rows = [("V", "bolt", "steel", 10)] * 20 + [("V", "nut", "steel", 20)] * 5 + [("V", "cap", "steel", None)]

    stats = lead_time_stats(lines(*rows))

    assert found(stats, "nut")["mean_d"] == pytest.approx(0.5 * 20 + 0.5 * (20 * 10 + 5 * 20) / 25)
    assert found(stats, "nut")["flag"] == "5 receipts: leans on the vendor"
    assert found(stats, "cap")["mean_d"] == pytest.approx(12)
    assert found(stats, "cap")["flag"] == "no receipt yet: the figures of the vendor"


def test_a_new_vendor_leans_on_the_category_and_then_on_all():
    rows = [("old", "bolt", "steel", 10)] * 20 + [("old", "box", "paper", 90)] * 20 + [("new", "nut", "steel", None)]

    stats = lead_time_stats(lines(*rows, ("new", "bag", None, None)))

    assert found(stats, "nut")["mean_d"] == pytest.approx(10)
    assert found(stats, "bag")["mean_d"] == pytest.approx(50)


def test_what_is_rejected_short_or_overdue_is_not_on_time_in_full():
    table = lines(
        *[("V", "bolt", None, 5)] * 8, ("V", "bolt", None, 5), ("V", "bolt", None, 5), ("V", "bolt", None, None),
        received_qty=[10.0] * 8 + [9.0, 10.0, None], rejected_qty=[0.0] * 9 + [4.0, None],
    )  # fmt: skip

    row = found(lead_time_stats(table, as_of=DAY + timedelta(days=11)), "bolt")
    early = found(lead_time_stats(table, as_of=DAY + timedelta(days=9)), "bolt")

    assert row["otif"] == pytest.approx(8 / 11)
    assert early["otif"] == pytest.approx(8 / 10)
    assert row["reject_rate"] == pytest.approx(4 / 99)


def test_a_lead_time_of_zero_is_flagged():
    assert found(lead_time_stats(lines(*[("V", "bolt", None, 0)] * 12)), "bolt")["flag"] == (
        "every receipt came on the day of its order"
    )


def test_too_little_history_is_flagged():
    assert (
        found(lead_time_stats(lines(("V", "bolt", None, 4))), "bolt")["flag"] == "1 receipts in all: too few to trust"
    )


def test_a_curve_is_the_distribution_and_is_of_the_vendor_with_most_receipts():
    waits = [int(days) for days in np.random.default_rng(2).integers(3, 30, 60)]

    row = lead_time_curves(lines(*(("V", "bolt", None, days) for days in waits), ("W", "bolt", None, 300))).to_pylist()[
        0
    ]

    assert len(row["curve"]) == 199
    assert row["n"] == 61
    assert np.mean(row["curve"]) == pytest.approx(np.mean(waits), abs=0.3)
    assert row["curve"] == sorted(row["curve"])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (lines(("V", "bolt", None, None)), "Nothing was ever received"),
        (lines(("V", "bolt", None, -3)), r"before their order .*\(rows 1\)"),
        (lines(("V", "bolt", None, 5), ("V", "bolt", None, 9999)), r"\(rows 2\)"),
        (lines(("V", "bolt", None, 5), qty=[-1.0]), "below zero"),
    ],
)
def test_absurd_history_is_refused(table: pa.Table, words: str):
    with pytest.raises(RejectedError, match=words):
        lead_time_stats(table)


def test_reorder_points_have_a_figure_or_a_reason():
    stats = lead_time_stats(lines(*[("V", "bolt", None, 4)] * 12, *[("V", "nut", None, 0)] * 12))
    demand = pa.table({
        "product": ["bolt", "nut", "cap"], "mean_d": [50.0, 5.0, 1.0], "sd_d": [8.0, 1.0, 1.0],
        "order_qty": pa.array([None] * 3, pa.float64()),
    })  # fmt: skip

    rows = {row["product"]: row for row in reorder_points(demand, stats, service="cycle", level=0.95).to_pylist()}

    assert rows["bolt"]["rop_units"] == pytest.approx(226.318, abs=1e-3)
    assert (rows["nut"]["rop_units"], rows["cap"]["rop_units"]) == (None, None)
    assert "above zero" in rows["nut"]["flag"]
    assert rows["cap"]["flag"] == "no lead time is known"
