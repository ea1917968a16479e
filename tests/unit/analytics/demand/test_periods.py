"""From order lines to regular periods, and from tables to histories: what is missing, double or negative is settled."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.analytics.demand.classify import classify_demand
from syncline.analytics.demand.panel import freq_of, panel_of
from syncline.analytics.demand.periods import SEASON, first_day, ordinal, regular_periods
from syncline.errors import RejectedError, SetupError


def orders(*lines: tuple[str, date, float]) -> pa.Table:
    return pa.table({"key": [a for a, _, _ in lines], "date": [b for _, b, _ in lines], "qty": [c for *_, c in lines]})


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(sorted(SEASON)))
def test_a_day_lies_in_its_period(day: date, freq: str):
    number = ordinal(np.array([day], "M8[D]"), freq)

    assert first_day(number, freq)[0] <= np.datetime64(day) < first_day(number + 1, freq)[0]


def test_gaps_are_zeros_from_the_first_order_to_the_end():
    table = regular_periods(
        orders(("a", date(2026, 1, 5), 2.0), ("b", date(2026, 1, 14), 1.0), ("a", date(2026, 1, 7), 3.0)),
        freq="W",
        as_of=date(2026, 1, 25),
    )

    assert table.column("key").to_pylist() == ["a", "a", "a", "b", "b"]
    assert table.column("qty").to_pylist() == [5.0, 0.0, 0.0, 1.0, 0.0]


def test_returns_are_no_demand_and_are_told():
    table = regular_periods(orders(("a", date(2026, 1, 5), 9.0), ("a", date(2026, 1, 6), -2.0)), freq="W")

    assert table.select(["qty", "returned", "flag"]).to_pylist() == [
        {"qty": 9.0, "returned": 2.0, "flag": "returns are not counted as demand"}
    ]


def test_a_line_that_is_taken_back_at_once_never_was():
    table = regular_periods(
        orders(("a", date(2026, 1, 5), 80_000.0), ("a", date(2026, 1, 5), -80_000.0), ("a", date(2026, 1, 6), 3.0)),
        freq="W",
    )

    assert table.select(["qty", "returned"]).to_pylist() == [{"qty": 3.0, "returned": 0.0}]


def test_orders_after_the_moment_are_not_known():
    lines = orders(("a", date(2026, 1, 5), 2.0), ("a", date(2026, 3, 2), 7.0))

    assert regular_periods(lines, freq="M", as_of=date(2026, 1, 31)).column("qty").to_pylist() == [2.0]
    with pytest.raises(RejectedError, match="no order lines"):
        regular_periods(lines, freq="M", as_of=date(2025, 1, 31))


def test_a_date_that_is_far_off_is_refused():
    with pytest.raises(RejectedError, match="span"):
        regular_periods(orders(("a", date(1, 1, 1), 2.0), ("a", date(2026, 3, 2), 7.0)), freq="D")


def test_an_unknown_frequency_is_refused():
    with pytest.raises(SetupError, match="no frequency 'H'"):
        regular_periods(orders(("a", date(2026, 1, 5), 2.0)), freq="H")  # type: ignore[arg-type]


def test_what_a_table_leaves_open_is_settled_and_said():
    days = [date(2026, 1, 1), date(2026, 1, 1), date(2026, 4, 1), date(2026, 2, 1), date(2026, 3, 1)]
    table = pa.table({"key": ["a", "a", "a", "b", "b"], "period": days, "qty": [1.0, 2.0, 5.0, -4.0, 3.0]})

    panel = panel_of(table, freq="M")
    assert [one.tolist() for one in panel.series] == [[3.0, 0.0, 0.0, 5.0], [0.0, 3.0, 0.0]]
    assert panel.flags[0] == "several rows of one period were added up; 2 missing periods counted as zero"
    assert panel.flags[1] == "1 negative quantities counted as zero; 1 missing periods counted as zero"


def test_histories_without_gaps_end_where_they_end():
    days = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 1, 1), date(2026, 2, 1)]
    panel = panel_of(pa.table({"key": ["a"] * 3 + ["b"] * 2, "period": days, "qty": [1.0] * 5}), freq="M")

    assert [len(one) for one in panel.series] == [3, 2]
    assert panel.ends[0] == panel.ends[1] + 1


def test_quarters_are_not_taken_for_months():
    days = [date(2025, month, 1) for month in (1, 4, 7, 10)]
    table = pa.table({"key": ["a"] * 4, "period": days, "qty": [1.0] * 4})

    with pytest.raises(SetupError, match=r"3 periods of M apart.*freq='Q'"):
        panel_of(table, freq="M")
    assert panel_of(table).calendar.freq == "Q"


@pytest.mark.parametrize(
    ("days", "freq"),
    [
        (["2024-12-31", "2025-12-31"], "Y"),
        (["2025-03-31", "2025-06-30"], "Q"),
        (["2025-01-31", "2025-02-28"], "M"),
        (["2025-01-05", "2025-01-12", "2025-01-26"], "W"),
        (["2025-01-05", "2025-01-06"], "D"),
    ],
)
def test_the_frequency_is_read_from_the_days(days: list[str], freq: str):
    assert freq_of(np.array(days, "M8[D]")) == freq


def test_no_rows_are_refused():
    table = pa.table(
        {"key": pa.array([], pa.string()), "period": pa.array([], pa.date32()), "qty": pa.array([], pa.float64())}
    )

    with pytest.raises(RejectedError, match="no rows"):
        panel_of(table)


def test_classes_are_those_of_syntetos_and_boylan():
    shapes = {
        "smooth": [10.0] * 12,
        "erratic": [1.0, 30.0] * 6,
        "intermittent": [0.0, 0.0, 5.0] * 4,
        "lumpy": [0.0, 0.0, 1.0, 0.0, 0.0, 40.0] * 2,
        "no demand": [0.0] * 12,
    }
    days = [date(2026, month, 1) for month in range(1, 13)]
    table = pa.table(
        {
            "key": [name for name in shapes for _ in days],
            "period": days * len(shapes),
            "qty": [one for y in shapes.values() for one in y],
        }
    )

    found = classify_demand(table)
    assert found.column("cls").to_pylist() == list(shapes)
    assert found.column("last_sale_age").to_pylist() == [0, 0, 0, 0, None]
    assert found.column("adi").to_pylist()[4] is None
