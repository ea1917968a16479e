"""What analyses begin with: counted by hand on one small company, and the same on every engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from ibis.backends import BaseBackend

from syncline.analytics.dataset import facts
from syncline.analytics.dataset.opening import asked_through_ibis, open_dataset
from syncline.analytics.dataset.schema import layouts

D = dt.date


@pytest.fixture
def dataset() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = open_dataset()
    for name, layout in layouts().items():
        empty = layout.schema.empty_table()
        opened.execute(f'CREATE TABLE "{name}" AS SELECT * FROM empty')  # noqa: S608
        assert len(empty) == 0
    yield opened
    opened.close()


def put(dataset: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, object]) -> None:
    new = pa.Table.from_pylist(
        [dict.fromkeys(layouts()[table].schema.names) | row for row in rows], layouts()[table].schema
    )
    dataset.execute(f'INSERT INTO "{table}" SELECT * FROM new')  # noqa: S608
    assert len(new) == len(rows)


def told(backend: BaseBackend, name: str) -> list[dict[str, object]]:
    return facts.FACTS[name](backend).to_pyarrow().to_pylist()


def with_orders(dataset: duckdb.DuckDBPyConnection) -> BaseBackend:
    put(
        dataset, "sales_order",
        {"eid": 1, "number": "A", "customer": 7, "state": "open", "ordered_on": D(2026, 1, 5), "currency": "EUR",
         "discount": 10.0, "requested_date": D(2026, 1, 9)},
        {"eid": 2, "number": "B", "customer": 7, "state": "shipped", "ordered_on": D(2026, 1, 5), "currency": "EUR"},
        {"eid": 3, "number": "C", "customer": 8, "state": "cancelled", "ordered_on": D(2026, 1, 6), "currency": "EUR"},
    )  # fmt: skip
    put(
        dataset, "sales_order_lines",
        {"eid": 1, "number": "1", "product": 5, "quantity": 4.0, "price": 2.0, "cancelled_quantity": 1.0,
         "shipped_quantity": 2.0},
        {"eid": 1, "number": "2", "product": 6, "quantity": 1.0, "amount": 50.0, "requested_date": D(2026, 2, 1)},
        {"eid": 1, "number": "3", "product": 6, "quantity": 9.0, "state": "cancelled"},
        {"eid": 2, "number": "1", "product": 5, "quantity": 2.0, "price": 2.0, "discount": 50.0},
        {"eid": 3, "number": "1", "product": 5, "quantity": 100.0, "price": 2.0},
    )  # fmt: skip
    return asked_through_ibis(dataset)


def test_order_lines_leave_out_what_nobody_wants(dataset: duckdb.DuckDBPyConnection):
    rows = {(row["number"], row["line"]): row for row in told(with_orders(dataset), "order_lines")}

    assert sorted(rows) == [("A", "1"), ("A", "2"), ("B", "1")]
    assert [(row["quantity"], row["open_quantity"], row["revenue"]) for _, row in sorted(rows.items())] == [
        (3.0, 1.0, pytest.approx(5.4)), (1.0, 1.0, pytest.approx(45.0)), (2.0, 0.0, pytest.approx(2.0)),
    ]  # fmt: skip
    assert [row["requested_date"] for _, row in sorted(rows.items())] == [D(2026, 1, 9), D(2026, 2, 1), None]


def test_demand_purchases_and_recency_add_up(dataset: duckdb.DuckDBPyConnection):
    backend = with_orders(dataset)

    demand = {row["product"]: row for row in told(backend, "daily_demand")}
    (customer,) = told(backend, "recency")

    assert (demand[5]["quantity"], demand[5]["lines"], demand[5]["customers"]) == (5.0, 2, 1)
    assert demand[5]["revenue"] == pytest.approx(7.4)
    assert (customer["customer"], customer["orders"], customer["revenue"]) == (7, 2, pytest.approx(52.4))
    assert sorted(row["revenue"] for row in told(backend, "purchases")) == [pytest.approx(2.0), pytest.approx(50.4)]


def test_a_receipt_knows_how_long_it_took(dataset: duckdb.DuckDBPyConnection):
    put(
        dataset, "purchase_order",
        {"eid": 1, "number": "P", "supplier": 3, "state": "received", "ordered_on": D(2026, 1, 1),
         "received_on": D(2026, 1, 15)},
        {"eid": 2, "number": "Q", "supplier": 3, "state": "sent", "ordered_on": D(2026, 1, 1),
         "promise_date": D(2026, 3, 1)},
    )  # fmt: skip
    put(
        dataset, "purchase_order_lines",
        {"eid": 1, "number": "1", "product": 5, "quantity": 4.0, "rejected_quantity": 1.0},
        {"eid": 1, "number": "2", "product": 6, "quantity": 4.0, "received_quantity": 3.0,
         "received_on": D(2026, 1, 11)},
        {"eid": 2, "number": "1", "product": 5, "quantity": 4.0},
    )  # fmt: skip

    rows = {(row["number"], row["line"]): row for row in told(asked_through_ibis(dataset), "receipts")}

    told_of = ("lead_time", "received_quantity", "rejected_quantity")
    assert [tuple(row[name] for name in told_of) for _, row in sorted(rows.items())] == [
        (14.0, 4.0, 1.0), (10.0, 3.0, 0.0), (None, 0.0, 0.0),
    ]  # fmt: skip
    assert rows["Q", "1"]["promise_date"] == D(2026, 3, 1)


def test_stock_is_what_is_free_over_all_sites(dataset: duckdb.DuckDBPyConnection):
    put(
        dataset, "stock_level",
        {"eid": 1, "product": 5, "site": "N", "on_hand": 10.0, "reserved": 3.0, "blocked": 1.0},
        {"eid": 2, "product": 5, "site": "S", "on_hand": 4.0, "available": 1.5, "incoming": 8.0},
    )  # fmt: skip

    assert told(asked_through_ibis(dataset), "stock") == [
        {"product": 5, "on_hand": 14.0, "reserved": 3.0, "blocked": 1.0, "available": 7.5, "incoming": 8.0, "sites": 2}
    ]


def test_a_component_is_counted_for_one_of_the_assembly(dataset: duckdb.DuckDBPyConnection):
    put(
        dataset,
        "bill_of_materials",
        {"eid": 1, "product": 5, "quantity": 10.0, "valid_from": D(2026, 1, 1), "lead_time": 3.0},
    )
    put(
        dataset, "bill_of_materials_components",
        {"eid": 1, "number": "1", "product": 8, "quantity": 25.0, "scrap": 4.0, "valid_until": D(2026, 6, 1)},
    )  # fmt: skip

    (row,) = told(asked_through_ibis(dataset), "components")

    assert (row["assembly"], row["component"], row["quantity"], row["scrap"]) == (5, 8, 2.5, 0.04)
    assert (row["valid_from"], row["valid_until"]) == (D(2026, 1, 1), D(2026, 6, 1))


def test_open_chances_alone_are_the_pipeline(dataset: duckdb.DuckDBPyConnection):
    put(
        dataset, "opportunity",
        {"eid": 1, "number": "O1", "state": "open", "probability": 30.0, "expected_close_on": D(2026, 4, 1)},
        {"eid": 2, "number": "O2", "state": "lost", "probability": 0.0},
    )  # fmt: skip
    put(
        dataset,
        "opportunity_lines",
        *({"eid": eid, "number": "1", "product": 5, "quantity": 4.0, "price": 10.0} for eid in (1, 2)),
    )

    (row,) = told(asked_through_ibis(dataset), "pipeline")

    assert (row["number"], row["probability"], row["wanted_on"], row["price"]) == ("O1", 0.3, D(2026, 4, 1), 10.0)


@pytest.mark.parametrize("name", list(facts.FACTS))
def test_a_company_without_data_gives_no_rows(dataset: duckdb.DuckDBPyConnection, name: str):
    assert told(asked_through_ibis(dataset), name) == []
