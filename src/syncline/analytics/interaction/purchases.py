"""What customers bought, and the three figures that say most of it: how often, when last, since when."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from syncline.analytics.tables import Column, Layout, asked
from syncline.errors import RejectedError

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

DAYS_A_WEEK = 7

PURCHASES = Layout(
    row="one order of one customer",
    columns=(
        Column("customer", pa.string(), available_at="day"),
        Column("day", pa.date32(), available_at="day"),
        Column("amount", pa.float64(), unit="money", available_at="day"),  # what was paid, not below 0
    ),
)
LINES = Layout(
    row="one product in one order of one customer",
    columns=(
        Column("customer", pa.string(), available_at="day"),
        Column("order", pa.string(), available_at="day"),
        Column("product", pa.string(), available_at="day"),
        Column("day", pa.date32(), available_at="day"),
    ),
)


class Purchases(NamedTuple):
    """Days with a purchase, by customer, then day; what was paid on one day is one purchase."""

    customers: list[str]  #: sorted
    of: Places  #: customer of each purchase
    day: Places  #: days since 1970-01-01
    amount: Floats  #: money

    @property
    def first_row(self) -> Places:
        """Where each customer's purchases begin."""
        return np.searchsorted(self.of, np.arange(len(self.customers)))


class Summary(NamedTuple):
    """Sufficient statistics of repeat buying, one entry for each customer."""

    customers: list[str]
    repeats: Floats  #: days with a purchase after the first one
    recency: Floats  #: weeks from the first purchase to the last
    age: Floats  #: weeks from the first purchase to `as_of`
    value: Floats  #: mean amount of the repeats; 0 without any


def purchases_of(table: pa.Table, as_of: date, *, name: str = "purchases") -> Purchases:
    """The purchases until `as_of`, those of one day added up.

    Raises:
        SetupError: a column is missing or of another kind.
        RejectedError: an amount is below 0, or there is no purchase until then.
    """
    rows = asked(PURCHASES, table, name=name)
    rows = rows.filter(pc.less_equal(rows.column("day"), pa.scalar(as_of, pa.date32())))
    if not len(rows):
        raise RejectedError(
            f"The table of {name} has nothing until {as_of}.", cure="Give earlier days, or a later one."
        )
    if least := pc.sum(pc.less(rows.column("amount"), 0)).as_py():
        raise RejectedError(f"{least} amounts in {name} are below 0.", cure="Leave returns out; they are no purchases.")
    days = rows.group_by(["customer", "day"]).aggregate([("amount", "sum")])
    days = days.sort_by([("customer", "ascending"), ("day", "ascending")])
    customers, of = np.unique(days.column("customer").to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    day = days.column("day").cast(pa.int32()).to_numpy().astype(np.int64)
    return Purchases(customers.tolist(), of.astype(np.int64), day, days.column("amount_sum").to_numpy())


def summary_of(purchases: Purchases, as_of: date) -> Summary:
    """Repeats, recency and age of each customer at `as_of`."""
    first = purchases.first_row
    last = np.append(first[1:], len(purchases.of)) - 1
    begun, ended = purchases.day[first], purchases.day[last]
    repeats = (last - first).astype(np.float64)
    total = np.add.reduceat(purchases.amount, first) - purchases.amount[first]
    return Summary(
        purchases.customers,
        repeats,
        (ended - begun) / DAYS_A_WEEK,
        (number_of(as_of) - begun) / DAYS_A_WEEK,
        np.divide(total, repeats, out=np.zeros_like(total), where=repeats > 0),
    )


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days
