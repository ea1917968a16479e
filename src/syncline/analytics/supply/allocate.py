"""Who gets what, where there is not enough: scarce parts and hours to the orders that are worth most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from syncline.analytics.supply.allocation_case import HOURS, ORDER_LINES, USE, WEIGHTS, Capacity, Case, case_of
from syncline.analytics.supply.allocation_model import Model, model_of
from syncline.analytics.supply.bounds import not_negative
from syncline.analytics.supply.infeasible import Shortfall, infeasible
from syncline.analytics.supply.linear_program import Floats, Whole, solved
from syncline.analytics.tables import Column, Layout, made
from syncline.errors import RejectedError

__all__ = [
    "ALLOCATED",
    "HOURS",
    "OPEN",
    "ORDER_LINES",
    "PRICES",
    "USE",
    "WEIGHTS",
    "Allocation",
    "Capacity",
    "allocate",
]

ALLOCATED = Layout(
    row="what one order line gets in one period",
    columns=(
        Column("order_line", pa.string()),
        Column("period", pa.date32()),
        Column("qty", pa.float64(), unit="unit"),
    ),
)
OPEN = Layout(
    row="one order line that does not get everything, and why",
    columns=(
        Column("order_line", pa.string()),
        Column("open_qty", pa.float64(), unit="unit"),
        Column("binding", pa.string(), nullable=True),
        Column("shadow_price", pa.float64(), unit="money"),
    ),
)
PRICES = Layout(
    row="one scarce item or work centre in one period: what one more of it would be worth",
    columns=(
        Column("scarce", pa.string()),
        Column("kind", pa.string()),
        Column("period", pa.date32()),
        Column("shadow_price", pa.float64(), unit="money"),
    ),
)
_NOTHING = 1e-7  #: less than this is nothing, of units and of money
_DEEPEST = 64


class Allocation(NamedTuple):
    """Who gets what, who waits and why, and what more would be worth."""

    lines: pa.Table  #: `ALLOCATED`
    open: pa.Table  #: `OPEN`
    prices: pa.Table  #: `PRICES`
    value_fill: float  #: share of the weighted money that is met [-]
    qty_fill: float  #: share of the units that are met [-]


def allocate(  # noqa: PLR0913 - what an allocation knows
    orders: pa.Table,
    supply: pa.Table,
    bom: pa.Table | None = None,
    capacity: Capacity | None = None,
    weights: pa.Table | None = None,
    *,
    fairness: float = 0.0,
    min_fill: Mapping[str, float] | None = None,
    late_loss: float = 0.01,
) -> Allocation:
    """Give scarce stock, parts and hours to the orders that are worth most, as an optimal linear program.

    Maximises (1 - fairness) x (weighted money of what is met - late_loss x mean money of a product's unit for each
    period late) + fairness x all money x the fill of the customer who gets least. Nothing is shipped before it is due.
    A shadow price is the dual value: the weighted money that one more unit (or hour) would bring.

    Args:
        orders: `ORDER_LINES`; `value` is of one unit.
        supply: `OPEN_ORDERS`; what arrives of parts, of assemblies and of products, stock as of the first period.
        bom: `BOM`; what is in no bill of materials is not made.
        capacity: Hours; a work centre that is not named is no limit.
        weights: `WEIGHTS`; a customer who is not named counts 1.
        fairness: 0 is money alone, 1 the worst-served customer alone [-].
        min_fill: The share of the units that a customer must get [-].
        late_loss: Share of a unit's value that each period of delay costs [-].

    Source:
        Dantzig, Linear Programming and Extensions (1963), chapter 12 (prices). The solver is HiGHS.

    Raises:
        RejectedError: a figure is absurd; or `min_fill` cannot be kept: which one, by how much, and what is scarce.

    >>> day = date(2026, 5, 4)
    >>> orders = pa.table({"order_line": ["1", "2"], "customer": ["A", "B"], "product": ["bike"] * 2,
    ...     "period": [day] * 2, "qty": [5.0, 5.0], "value": [500.0, 600.0]})
    >>> supply = pa.table({"item": ["bike"], "period": [day], "qty": [6.0]})
    >>> best = allocate(orders, supply)
    >>> [(row["order_line"], row["qty"]) for row in best.lines.to_pylist()], best.open.to_pylist()[0]["shadow_price"]
    ([('1', 1.0), ('2', 5.0)], 500.0)
    """
    not_negative(fairness=fairness, late_loss=late_loss)
    case = case_of(orders, supply, bom, capacity, weights)
    promises = dict(min_fill or {})
    _wishes(case, fairness, promises)
    return _allocation(case, model_of(case, fairness, late_loss, promises), promises)


def _wishes(case: Case, fairness: float, promises: Mapping[str, float]) -> None:
    if fairness > 1:
        raise RejectedError(f"The fairness is {fairness}, and must lie between 0 and 1.")
    if unknown := [name for name, share in promises.items() if name not in case.customers or not 0 <= share <= 1]:
        raise RejectedError(f"The min_fill of {unknown[0]} is of no customer with orders, or no share from 0 to 1.")


def _allocation(case: Case, model: Model, promises: Mapping[str, float]) -> Allocation:
    lines = case.lines
    values, prices = solved(model.blocks.program())
    if values is None:
        raise infeasible(_shortfalls(case, model, promises))
    order, met, shipped = _shares(case, model, values)
    got = np.zeros(len(lines.qty))
    got[order] = met
    at_line, at_period = np.nonzero(shipped > _NOTHING)
    item_prices, hour_prices = prices[model.balance], prices[model.hours]
    binding, price = _bindings(case, item_prices, hour_prices)
    waiting = np.flatnonzero(lines.qty - got > _NOTHING)
    where = (lines.product[waiting], lines.due[waiting])
    sums = float(np.dot(lines.qty, lines.worth)), float(lines.qty.sum())
    return Allocation(
        _sorted_lines(case, order[at_line], at_period, shipped[at_line, at_period]),
        made(OPEN, {
            "order_line": [lines.ids[place] for place in waiting],
            "open_qty": lines.qty[waiting] - got[waiting],
            "binding": [binding[item][period] for item, period in zip(*where, strict=True)],
            "shadow_price": price[where],
        }),
        _prices(case, item_prices, hour_prices),
        float(np.dot(got, lines.worth)) / sums[0] if sums[0] else 1.0,
        float(got.sum()) / sums[1] if sums[1] else 1.0,
    )  # fmt: skip


def _shares(case: Case, model: Model, values: Floats) -> tuple[Whole, Floats, Floats]:
    """Within a product and due date the dearest line is served first and earliest; equal ones in their order."""
    lines, groups = case.lines, model.groups
    kind = groups.kind[groups.of_line]
    order = np.lexsort((np.arange(len(kind)), groups.of_line, -lines.worth, kind))
    group = groups.of_line[order]
    met = np.clip(values[model.group][group] - _before(lines.qty[order], group), 0, lines.qty[order])
    begin = _before(met, kind[order])
    sent = np.where(model.shipped >= 0, values[np.maximum(model.shipped, 0)], 0.0)
    until = np.cumsum(sent, axis=1)[kind[order]]
    to = np.clip(until, begin[:, None], (begin + met)[:, None])
    return order, met, np.diff(to, axis=1, prepend=begin[:, None])


def _before(amounts: Floats, keys: Whole) -> Floats:
    """Running total of the amounts before each, among those with its key; equal keys stand together."""
    total = np.cumsum(amounts) - amounts
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return total - np.repeat(total[first], np.diff(np.append(first, len(keys))))


def _bindings(case: Case, items: Floats, hours: Floats) -> tuple[list[list[str | None]], Floats]:
    """What makes each item dear in each period: down to the part or the work centre with the greatest price."""
    binding: list[list[str | None]] = [
        [name if price > _NOTHING else None for price in items[place]] for place, name in enumerate(case.items)
    ]
    edges = [edge for edge in zip(case.parents, case.children, case.needs, strict=True) if items[edge[1]].any()]
    uses = [use for use in zip(case.users, case.used, case.use, strict=True) if hours[use[1]].any()]
    for _ in range(_DEEPEST):
        dearest = np.full(items.shape, _NOTHING)
        changed = False
        for parent, child, need in edges:
            for period in np.flatnonzero(need * items[child] > dearest[parent]):
                dearest[parent, period] = need * items[child, period]
                changed |= binding[parent][period] != binding[child][period]
                binding[parent][period] = binding[child][period]
        for item, resource, use in uses:
            for period in np.flatnonzero(use * hours[resource] > dearest[item]):
                dearest[item, period] = use * hours[resource, period]
                changed |= binding[item][period] != case.resources[resource]
                binding[item][period] = case.resources[resource]
        if not changed:
            break
    return binding, items


def _sorted_lines(case: Case, line: Whole, period: Whole, qty: Floats) -> pa.Table:
    order = np.lexsort((period, line))
    return made(
        ALLOCATED,
        {
            "order_line": [case.lines.ids[place] for place in line[order]],
            "period": [case.periods[place] for place in period[order]],
            "qty": qty[order],
        },
    )


def _prices(case: Case, items: Floats, hours: Floats) -> pa.Table:
    rows: list[tuple[str, str, date, float]] = []
    for kind, names, prices in (("item", case.items, items), ("work centre", case.resources, hours)):
        for place, period in np.argwhere(prices > _NOTHING):
            rows.append((names[place], kind, case.periods[period], float(prices[place, period])))
    columns = list(zip(*rows, strict=True)) or [()] * 4
    return made(PRICES, dict(zip(PRICES.schema.names, columns, strict=True)))


def _shortfalls(case: Case, model: Model, promises: Mapping[str, float]) -> list[Shortfall]:
    """The nearest plan: as few units as possible are missing from what was promised."""
    program = model.blocks.program()
    relief = np.zeros(len(program.cost))
    missing = model.blocks.add_columns(np.ones(len(promises)), np.full(len(promises), np.inf))
    model.blocks.put(model.promised, missing, -1.0)
    relaxed = model.blocks.program()
    found = solved(relaxed._replace(cost=np.concatenate([relief, np.ones(len(promises))])))
    if found.values is None:
        raise RejectedError("No allocation is possible at all: a supply is below zero.")
    binding, _ = _bindings(case, found.prices[model.balance], found.prices[model.hours])
    return [
        Shortfall(
            f"at least {share:.4g} of the units for customer {name}",
            float(short),
            "units",
            _scarce(case, binding, name),
        )
        for (name, share), short in zip(promises.items(), found.values[missing], strict=True)
        if short > _NOTHING
    ]


def _scarce(case: Case, binding: list[list[str | None]], customer: str) -> str:
    mine = np.flatnonzero(case.lines.customer == case.customers.index(customer))
    names = {binding[case.lines.product[line]][case.lines.due[line]] for line in mine} - {None}
    return f"too little is there of {' and '.join(sorted(name for name in names if name))}" if names else ""
