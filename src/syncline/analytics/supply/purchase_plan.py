"""What to order from whom and when, so that needs are covered at the least cost within everybody's rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from syncline.analytics.supply.bounds import listed, not_negative
from syncline.analytics.supply.infeasible import Shortfall
from syncline.analytics.supply.linear_program import Floats, solved_in_whole
from syncline.analytics.supply.purchase_model import PurchaseModel, Wishes, purchase_model
from syncline.analytics.supply.purchase_wishes import (
    BUDGET,
    NO_LIMITS,
    OFFERS,
    PRICE_BREAKS,
    VENDOR_CAPACITY,
    Limits,
    wishes_of,
)
from syncline.analytics.tables import Column, Layout, made
from syncline.errors import RejectedError

__all__ = [
    "BUDGET", "NO_LIMITS", "OFFERS", "OWED", "PLANNED", "PRICE_BREAKS", "VENDOR_CAPACITY", "Limits", "PlannedOrders",
    "purchase_plan",
]  # fmt: skip

PLANNED = Layout(
    row="one order to place",
    columns=(
        Column("vendor", pa.string()),
        Column("product", pa.string()),
        Column("order_on", pa.date32()),
        Column("period", pa.date32()),
        Column("qty", pa.float64(), unit="unit"),
        Column("price", pa.float64(), unit="money"),
        Column("cost", pa.float64(), unit="money"),
    ),
)
OWED = Layout(
    row="what one product still owes at the end of one period, and why",
    columns=(
        Column("product", pa.string()),
        Column("period", pa.date32()),
        Column("qty", pa.float64(), unit="unit"),
        Column("because", pa.string()),
    ),
)
_NOTHING = 1e-6
_HALF = 0.5


class PlannedOrders(NamedTuple):
    """What to order; and where needs cannot be covered in time, what stands against it and by how much."""

    orders: pa.Table  #: `PLANNED`
    owed: pa.Table  #: `OWED`
    cost: float  #: of buying, ordering and holding [money]
    shortfalls: tuple[Shortfall, ...]  #: empty where everything is covered in time
    flag: str | None = None


def purchase_plan(
    net_req: pa.Table,
    offers: pa.Table,
    limits: Limits = NO_LIMITS,
    *,
    as_of: dt.date,
    holding_rate: float = 0.0005,
) -> PlannedOrders:
    """Orders that cover the needs at the least cost of buying, ordering and holding, in whole lots.

    Needs that cannot be covered in time are covered as early as can be, and told. Where a budget or a capacity is what
    stands against it, the nearest plan that covers everything says by how much it would have to give.

    Args:
        net_req: `OPEN_ORDERS`: what is needed of each item by each day, net of stock and open orders.
        offers: `OFFERS`; several vendors may offer one product.
        limits: Price breaks, budget, capacity. An order is paid when it arrives.
        as_of: The day on which orders can be placed at the earliest.
        holding_rate: What keeping money's worth of stock for a day costs [1/d].

    Source:
        The lot-sizing problem with supplier selection and all-units discounts: Snyder & Shen, 2nd ed. (2019), sections
        3.4 and 3.7; Pochet & Wolsey, Production Planning by Mixed Integer Programming (2006). The solver is HiGHS.

    Raises:
        RejectedError: a figure is negative or absurd.

    >>> day = dt.date(2026, 5, 4)
    >>> needs = pa.table({"item": ["bolt"] * 2, "period": [day, day + dt.timedelta(7)], "qty": [130.0, 40.0]})
    >>> offers = pa.table({"vendor": ["V"], "product": ["bolt"], "price": [2.0], "order_cost": [50.0],
    ...     "least": [100.0], "multiple": [48.0], "most": [0.0], "lead_days": [3]})
    >>> plan = purchase_plan(needs, offers, as_of=dt.date(2026, 5, 1))
    >>> [(row["order_on"].isoformat(), row["qty"], row["cost"]) for row in plan.orders.to_pylist()]
    [('2026-05-01', 192.0, 434.0)]
    """
    not_negative(holding_rate=holding_rate)
    wishes = wishes_of(net_req, offers, limits, as_of, holding_rate)
    if not wishes.periods:
        return PlannedOrders(PLANNED.schema.empty_table(), OWED.schema.empty_table(), 0.0, (), "nothing is needed")
    model = purchase_model(wishes, stretch=False)
    values = solved_in_whole(model.program, model.whole).values
    if values is None:
        raise RejectedError("No purchase plan was found.", cure="Look for absurdly large quantities.")
    owed = {product: values[columns] for product, columns in model.owed.items()}
    late = any((units > _NOTHING).any() for units in owed.values())
    beyond = _beyond(wishes) if late and (wishes.budget or wishes.capacity) else []
    return _planned(wishes, model, values, owed, beyond)


def _planned(
    wishes: Wishes, model: PurchaseModel, values: Floats, owed: Mapping[str, Floats], beyond: list[Shortfall]
) -> PlannedOrders:
    rows = []
    for one in model.choices:
        qty = float(values[one.lots] * one.offer.multiple if one.lots >= 0 else values[one.qty])
        if values[one.placed] > _HALF and qty > _NOTHING:
            day = wishes.periods[one.period]
            cost = qty * one.price + one.offer.order_cost
            order_on = day - dt.timedelta(days=one.offer.lead_days)
            rows.append((one.offer.vendor, one.offer.product, order_on, day, qty, one.price, cost))
    rows.sort(key=lambda row: (row[2], row[0], row[1]))
    late = [
        (product, wishes.periods[place], float(units[place]), _because(wishes, product, int(place), beyond))
        for product, units in owed.items()
        for place in np.flatnonzero(units > _NOTHING)
    ]
    owing = float(sum(np.dot(values[columns], model.program.cost[columns]) for columns in model.owed.values()))
    return PlannedOrders(
        made(PLANNED, _columns(PLANNED, rows)), made(OWED, _columns(OWED, late)),
        float(np.dot(model.program.cost, values)) - owing, (*_late(wishes, owed, beyond), *beyond),
        f"{listed(sorted({row[0] for row in late}))}: not everything is there in time" if late else None,
    )  # fmt: skip


def _columns(layout: Layout, rows: Sequence[tuple[object, ...]]) -> dict[str, list[object]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(layout.schema.names)}


def _earliest(wishes: Wishes, product: str) -> dt.date | None:
    days = [offer.lead_days for offer in wishes.offers if offer.product == product]
    return wishes.as_of + dt.timedelta(days=min(days)) if days else None


def _because(wishes: Wishes, product: str, place: int, beyond: list[Shortfall]) -> str:
    first = _earliest(wishes, product)
    if first is None:
        return "no vendor offers it"
    if first > wishes.periods[place]:
        return f"no vendor delivers before {first}"
    if beyond:
        return f"{listed(one.constraint for one in beyond)} stands against it"
    return "the maximum of an order is too small"


def _late(wishes: Wishes, owed: Mapping[str, Floats], beyond: list[Shortfall]) -> list[Shortfall]:
    """Needs that no money could cover in time: the most that is owed of each product."""
    found = []
    for product, units in owed.items():
        place = int(units.argmax())
        because = _because(wishes, product, place, [])
        if units[place] > _NOTHING and (because.startswith("no vendor") or not beyond):
            found.append(
                Shortfall(f"the need of {product} by {wishes.periods[place]}", float(units[place]), "units", because)
            )
    return found


def _beyond(wishes: Wishes) -> list[Shortfall]:
    """By how much budgets and capacities would have to give for everything to be there in time."""
    model = purchase_model(wishes, stretch=True)
    values = solved_in_whole(model.program, model.whole).values
    if values is None:
        return []
    money = [
        Shortfall(f"the budget of {wishes.periods[period]}", float(values[column]), "money")
        for period, column in model.beyond_budget.items()
    ]
    units = [
        Shortfall(f"the capacity of {vendor} on {wishes.periods[period]}", float(values[column]), "units")
        for (vendor, period), column in model.beyond_capacity.items()
    ]
    return [one for one in (*money, *units) if one.by > _NOTHING]
