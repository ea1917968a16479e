"""Tables that go into an analysis: what is missing, of another unit or no number is said, and never goes on."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from syncline.analytics.tables import ALWAYS, Column, Layout, asked, available_at, made, unit_of
from syncline.errors import RejectedError, SetupError

DEMAND = Layout(
    row="one product in one period",
    columns=(
        Column("key", pa.string(), available_at=ALWAYS),
        Column("period", pa.date32(), available_at=ALWAYS),
        Column("qty", pa.float64(), unit="unit"),
        Column("price", pa.float64(), unit="money", available_at="column:told", nullable=True),
    ),
)


def rows(**changed: object) -> pa.Table:
    usual = {"key": ["a", "b"], "period": ["2026-01-05", "2026-01-12"], "qty": [1, 2], "price": [1.5, None]}
    return pa.table(usual | changed)


def test_a_table_is_taken_in_the_types_and_units_of_its_layout():
    table = asked(DEMAND, rows(more=["x", "y"]), name="sales")

    assert table.schema.equals(DEMAND.schema, check_metadata=True)
    assert [unit_of(table, name) for name in table.column_names] == ["1", "1", "unit", "money"]
    assert available_at(table, "price") == "column:told"
    assert table.column("qty").to_pylist() == [1.0, 2.0]


def test_a_missing_column_is_named_with_what_is_needed():
    with pytest.raises(SetupError, match=r"sales has no column period, qty.*needs key, period, qty, price"):
        asked(DEMAND, pa.table({"key": ["a"], "price": [1.0]}), name="sales")


def test_another_unit_is_refused():
    kilos = pa.field("qty", pa.float64(), metadata={"unit": "kg"})
    table = rows().set_column(2, kilos, pa.array([1.0, 2.0]))

    with pytest.raises(SetupError, match="is in kg, and unit is needed"):
        asked(DEMAND, table, name="sales")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_no_number_is_refused_with_its_row(value: float | None):
    with pytest.raises(RejectedError, match=r"1 of 2 values of qty in sales .*\(rows 2\)"):
        asked(DEMAND, rows(qty=[1.0, value]), name="sales")


def test_words_where_numbers_are_needed_are_refused():
    with pytest.raises(SetupError, match=r"qty of sales is string, and double is needed"):
        asked(DEMAND, rows(qty=["one", "two"]), name="sales")


def test_a_null_is_taken_where_the_layout_allows_one_but_infinity_is_not():
    assert asked(DEMAND, rows(), name="sales").column("price").to_pylist() == [1.5, None]
    with pytest.raises(RejectedError, match="price"):
        asked(DEMAND, rows(price=[math.inf, None]), name="sales")


def test_a_result_promises_its_layout():
    table = made(DEMAND, {"key": ["a"], "period": pa.array(["2026-01-05"]), "qty": [1], "price": [None]})

    assert table.schema.equals(DEMAND.schema, check_metadata=True)
    assert table.to_pylist()[0]["price"] is None
