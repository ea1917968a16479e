"""What an allocation reads, as numbers: the places of items, customers and periods, and what stands there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from syncline.analytics.supply.bom import BOM, checked, low_levels
from syncline.analytics.supply.bounds import listed, no_negatives, no_twins
from syncline.analytics.supply.linear_program import Floats, Whole
from syncline.analytics.supply.stock import OPEN_ORDERS
from syncline.analytics.tables import ALWAYS, Column, Layout, asked
from syncline.errors import RejectedError

ORDER_LINES = Layout(
    row="one line of an order",
    columns=(
        Column("order_line", pa.string(), available_at=ALWAYS),
        Column("customer", pa.string(), available_at=ALWAYS),
        Column("product", pa.string(), available_at=ALWAYS),
        Column("period", pa.date32(), available_at=ALWAYS),
        Column("qty", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("value", pa.float64(), unit="money", available_at=ALWAYS),
    ),
)
WEIGHTS = Layout(
    row="one customer, and how much more than its money it counts",
    columns=(Column("customer", pa.string(), available_at=ALWAYS), Column("weight", pa.float64(), "1", ALWAYS)),
)
HOURS = Layout(
    row="the free hours of one work centre in one period",
    columns=(
        Column("resource", pa.string(), available_at=ALWAYS),
        Column("period", pa.date32(), available_at=ALWAYS),
        Column("hours", pa.float64(), unit="h", available_at=ALWAYS),
    ),
)
USE = Layout(
    row="the hours of one work centre in one unit of one product",
    columns=(
        Column("product", pa.string(), available_at=ALWAYS),
        Column("resource", pa.string(), available_at=ALWAYS),
        Column("hours", pa.float64(), unit="h", available_at=ALWAYS),
    ),
)
_PERIODS = 400


class Capacity(NamedTuple):
    """`HOURS` that are free, and the `USE` that each product makes of them."""

    hours: pa.Table
    use: pa.Table


class Lines(NamedTuple):
    """The order lines, by places."""

    ids: list[str]
    product: Whole
    customer: Whole
    due: Whole
    qty: Floats  #: [units]
    worth: Floats  #: of one unit, weighted [money]


class Case(NamedTuple):
    """Everything as numbers."""

    items: list[str]
    customers: list[str]
    periods: list[date]
    lines: Lines
    supply: Floats  #: items x periods [units]
    parents: Whole  #: by row of the bill of materials
    children: Whole
    needs: Floats  #: units of the child in one of the parent
    resources: list[str]
    hours: Floats  #: work centres x periods; infinite where none are told [h]
    users: Whole  #: by row of `USE`: the item
    used: Whole  #: the work centre
    use: Floats  #: [h/unit]


def case_of(
    orders: pa.Table, supply: pa.Table, bom: pa.Table | None, capacity: Capacity | None, weights: pa.Table | None
) -> Case:
    """The tables as numbers.

    Raises:
        RejectedError: a figure is negative, a line occurs twice, or there are no lines or too many periods.
    """
    lines = no_negatives(asked(ORDER_LINES, orders, name="orders"), ["qty", "value"], name="orders")
    no_twins(lines, ["order_line"], name="orders")
    given = no_negatives(asked(OPEN_ORDERS, supply, name="supply"), ["qty"], name="supply")
    rows = checked(bom) if bom is not None else BOM.schema.empty_table()
    low_levels(rows)
    free, use = _capacity(capacity)
    periods = sorted(_values(lines.column("period"), given.column("period"), free.column("period")))
    if not len(lines) or len(periods) > _PERIODS:
        raise RejectedError(
            f"An allocation needs order lines and takes up to {_PERIODS} periods; there are {len(lines)} lines and"
            f" {len(periods)} periods.",
            cure="Bring the dates to weeks or months first.",
        )
    items = _names(lines.column("product"), rows.column("assembly"), rows.column("component"), given.column("item"))
    customers, resources = _names(lines.column("customer")), _names(free.column("resource"), use.column("resource"))
    use = use.filter(pc.is_in(use.column("product"), pa.array(items, pa.string())))
    stock = np.zeros((len(items), len(periods)))
    np.add.at(stock, (places(given, "item", items), places(given, "period", periods)), floats(given, "qty"))
    return Case(
        items, customers, periods, _lines(lines, items, customers, periods, weights), stock,
        places(rows, "assembly", items), places(rows, "component", items),
        floats(rows, "qty") / (1 - np.nan_to_num(floats(rows, "scrap"))),
        resources, _hours(free, resources, periods),
        places(use, "product", items), places(use, "resource", resources), floats(use, "hours"),
    )  # fmt: skip


def places(table: pa.Table, column: str, names: Sequence[Any]) -> Whole:
    """Where the values of a column stand among the names; all of them do."""
    values = table.column(column)
    found = pc.index_in(values, pa.array(names, values.type))
    return np.asarray(found.to_numpy(), np.int64)


def floats(table: pa.Table, column: str) -> Floats:
    """A column of numbers; NaN where there is none."""
    return np.asarray(table.column(column).to_numpy(), float)


def _lines(
    lines: pa.Table, items: list[str], customers: list[str], periods: list[date], weights: pa.Table | None
) -> Lines:
    customer = places(lines, "customer", customers)
    counts = np.ones(len(customers))
    if weights is not None:
        told = no_negatives(asked(WEIGHTS, weights, name="weights"), ["weight"], name="weights")
        no_twins(told, ["customer"], name="weights")
        told = told.filter(pc.is_in(told.column("customer"), pa.array(customers, pa.string())))
        counts[places(told, "customer", customers)] = floats(told, "weight")
    return Lines(
        lines.column("order_line").to_pylist(), places(lines, "product", items), customer,
        places(lines, "period", periods), floats(lines, "qty"), floats(lines, "value") * counts[customer],
    )  # fmt: skip


def _capacity(capacity: Capacity | None) -> tuple[pa.Table, pa.Table]:
    if capacity is None:
        return HOURS.schema.empty_table(), USE.schema.empty_table()
    free = no_negatives(asked(HOURS, capacity.hours, name="hours"), ["hours"], name="hours")
    use = no_negatives(asked(USE, capacity.use, name="use"), ["hours"], name="use")
    if unknown := _values(use.column("resource")) - _values(free.column("resource")):
        raise RejectedError(
            f"Products use {listed(sorted(unknown))}, whose free hours are not told.",
            cure="Tell them for at least one period; a period without is a period without hours.",
        )
    return free, use


def _hours(free: pa.Table, resources: list[str], periods: list[date]) -> Floats:
    hours = np.zeros((len(resources), len(periods)))
    np.add.at(hours, (places(free, "resource", resources), places(free, "period", periods)), floats(free, "hours"))
    return hours


def _names(*columns: pa.ChunkedArray) -> list[str]:
    return sorted(_values(*columns))


def _values(*columns: pa.ChunkedArray) -> set[Any]:
    return {value for column in columns for value in pc.unique(column).to_pylist()}
