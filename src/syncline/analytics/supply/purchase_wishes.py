"""What a purchase plan reads: needs, offers, price breaks, budgets and capacities, as numbers."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from syncline.analytics.supply.bounds import no_negatives, no_twins
from syncline.analytics.supply.linear_program import Floats
from syncline.analytics.supply.purchase_model import Offer, Wishes
from syncline.analytics.supply.stock import OPEN_ORDERS
from syncline.analytics.tables import ALWAYS, Column, Layout, asked
from syncline.errors import RejectedError

OFFERS = Layout(
    row="what one vendor asks for one product; 0 is no minimum, no multiple, no maximum",
    columns=(
        Column("vendor", pa.string(), available_at=ALWAYS),
        Column("product", pa.string(), available_at=ALWAYS),
        Column("price", pa.float64(), unit="money", available_at=ALWAYS),
        Column("order_cost", pa.float64(), unit="money", available_at=ALWAYS),
        Column("least", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("multiple", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("most", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("lead_days", pa.int64(), unit="d", available_at=ALWAYS),
    ),
)
PRICE_BREAKS = Layout(
    row="from so many units on, the price of every unit of an order",
    columns=(
        Column("vendor", pa.string(), available_at=ALWAYS),
        Column("product", pa.string(), available_at=ALWAYS),
        Column("from_qty", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("price", pa.float64(), unit="money", available_at=ALWAYS),
    ),
)
BUDGET = Layout(
    row="the money for what arrives in one period",
    columns=(Column("period", pa.date32(), available_at=ALWAYS), Column("money", pa.float64(), "money", ALWAYS)),
)
VENDOR_CAPACITY = Layout(
    row="the units that one vendor can deliver in one period",
    columns=(
        Column("vendor", pa.string(), available_at=ALWAYS),
        Column("period", pa.date32(), available_at=ALWAYS),
        Column("qty", pa.float64(), unit="unit", available_at=ALWAYS),
    ),
)
_PERIODS = 200


class Limits(NamedTuple):
    """What the whole plan must keep."""

    price_breaks: pa.Table | None = None  #: `PRICE_BREAKS`
    budget: pa.Table | None = None  #: `BUDGET`; a period without is not limited
    capacity: pa.Table | None = None  #: `VENDOR_CAPACITY`; a vendor and period without is not limited


NO_LIMITS = Limits()


def wishes_of(net_req: pa.Table, offers: pa.Table, limits: Limits, as_of: dt.date, holding_rate: float) -> Wishes:
    """The tables as numbers.

    Raises:
        RejectedError: a figure is negative, an offer occurs twice or keeps no lot, or there are too many periods.
    """
    rows = no_negatives(asked(OPEN_ORDERS, net_req, name="net_req"), ["qty"], name="net_req").to_pylist()
    periods = sorted({row["period"] for row in rows})
    if len(periods) > _PERIODS:
        raise RejectedError(f"There are {len(periods)} periods, and at most {_PERIODS} are planned.", cure="Use weeks.")
    places = {day: place for place, day in enumerate(periods)}
    needs: dict[str, Floats] = defaultdict(lambda: np.zeros(len(periods)))
    for row in rows:
        needs[row["item"]][places[row["period"]]] += row["qty"]
    money, units = {}, {}
    if limits.budget is not None:
        told = no_twins(asked(BUDGET, limits.budget, name="budget"), ["period"], name="budget")
        money = {row["period"]: row["money"] for row in no_negatives(told, ["money"], name="budget").to_pylist()}
    if limits.capacity is not None:
        told = no_twins(asked(VENDOR_CAPACITY, limits.capacity, name="capacity"), ["vendor", "period"], name="capacity")
        told = no_negatives(told, ["qty"], name="capacity")
        units = {(row["vendor"], row["period"]): row["qty"] for row in told.to_pylist()}
    return Wishes(
        periods, dict(sorted(needs.items())), _offers(offers, limits.price_breaks),
        {places[day]: told for day, told in money.items() if day in places},
        {(vendor, places[day]): told for (vendor, day), told in units.items() if day in places}, as_of, holding_rate,
    )  # fmt: skip


def _offers(offers: pa.Table, price_breaks: pa.Table | None) -> list[Offer]:
    table = no_twins(asked(OFFERS, offers, name="offers"), ["vendor", "product"], name="offers")
    no_negatives(table, ["price", "order_cost", "least", "multiple", "most", "lead_days"], name="offers")
    breaks: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    if price_breaks is not None:
        told = no_negatives(
            asked(PRICE_BREAKS, price_breaks, name="price_breaks"), ["from_qty", "price"], name="breaks"
        )
        for row in told.sort_by("from_qty").to_pylist():
            breaks[row["vendor"], row["product"]].append((row["from_qty"], row["price"]))
    found = []
    for row in table.to_pylist():
        steps = [(0.0, row["price"]), *(one for one in breaks[row["vendor"], row["product"]] if one[0] > 0)]
        rules = (row["order_cost"], row["least"], row["multiple"], row["most"])
        found.append(Offer(row["vendor"], row["product"], *rules, row["lead_days"], tuple(steps)))
        if row["most"] and row["most"] < max(row["least"], row["multiple"]):
            raise RejectedError(
                f"No lot of {row['product']} keeps the minimum, multiple and maximum of {row['vendor']}."
            )
    return found
