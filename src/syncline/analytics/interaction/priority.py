"""Who is served first when there is not enough for all: worth, standing, lateness so far, and what was agreed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa

from syncline.analytics.interaction.purchases import Floats
from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import SetupError

CUSTOMERS = Layout(
    row="one customer",
    columns=(
        Column("customer", pa.string(), available_at=ALWAYS),
        Column("clv", pa.float64(), unit="money"),
        Column("strategic", pa.float64(), available_at=ALWAYS),  # 0..1, as people set it
        Column("sla", pa.float64(), available_at=ALWAYS),  # 0..1, how much service was agreed by contract
    ),
)
LATE = Layout(
    row="one open order",
    columns=(
        Column("customer", pa.string(), available_at=ALWAYS),
        Column("late_d", pa.float64(), unit="d"),  # days behind its first promise; 0 or less: not late
    ),
)
PRIORITY = Layout(
    row="one customer",
    columns=(
        Column("customer", pa.string()),
        Column("priority", pa.float64()),  # 0..1
        Column("why", pa.string()),
    ),
)
_WEEK = 7.0  #: days of lateness that count 0.63


class PriorityWeights(msgspec.Struct, frozen=True, kw_only=True):
    """How much each part counts; only their proportions matter."""

    clv: float = 0.4
    strategic: float = 0.2
    lateness: float = 0.2
    sla: float = 0.2


def service_priority(
    customers: pa.Table,
    orders: pa.Table,
    weights: PriorityWeights = PriorityWeights(),  # noqa: B008  frozen
) -> pa.Table:
    """How urgently each customer is to be served, 0..1, the most urgent first.

    priority = sum of weight x part / sum of weights; the parts, all 0..1: rank of clv among the customers (0 where it
    is 0), strategic, 1 - exp(-days late of the latest order / 7), sla.

    Args:
        customers: As `CUSTOMERS`.
        orders: Open ones, as `LATE`.
        weights: Of the parts, none below 0 and some above.

    Raises:
        SetupError: a column is missing, or the weights make no sense.

    >>> who = pa.table({"customer": ["a", "b"], "clv": [900.0, 100.0], "strategic": [0.0, 0.0], "sla": [0.0, 1.0]})
    >>> late = pa.table({"customer": ["b"], "late_d": [7.0]})
    >>> [(row["customer"], round(row["priority"], 2), row["why"]) for row in service_priority(who, late).to_pylist()]
    [('b', 0.53, 'clv 0.50, lateness 0.63, sla 1.00'), ('a', 0.4, 'clv 1.00')]
    """
    parts = (weights.clv, weights.strategic, weights.lateness, weights.sla)
    if min(parts) < 0 or not math.isfinite(sum(parts)) or sum(parts) <= 0:
        raise SetupError("The weights of a priority must not be below 0, and not all 0.", cure="Write 0.4 and such.")
    table = asked(CUSTOMERS, customers, name="customers")
    names: list[str] = table.column("customer").to_pylist()
    columns = {
        "clv": _ranks(table.column("clv").to_numpy()),
        "strategic": np.clip(table.column("strategic").to_numpy(), 0, 1),
        "lateness": _lateness(names, asked(LATE, orders, name="orders")),
        "sla": np.clip(table.column("sla").to_numpy(), 0, 1),
    }
    score = sum(weight * part for weight, part in zip(parts, columns.values(), strict=True)) / sum(parts)
    order = sorted(range(len(names)), key=lambda row: (-score[row], names[row]))
    why = [", ".join(f"{name} {part[row]:.2f}" for name, part in columns.items() if part[row] > 0) for row in order]
    said = [one or "nothing speaks for it" for one in why]
    return made(PRIORITY, {"customer": [names[row] for row in order], "priority": score[order], "why": said})


def _ranks(clv: Floats) -> Floats:
    """The share of customers that are worth no more; 0 where a customer is worth nothing."""
    if not len(clv):
        return clv
    share = np.searchsorted(np.sort(clv), clv, "right") / len(clv)
    return np.asarray(np.where(clv > 0, share, 0.0), dtype=np.float64)


def _lateness(names: Sequence[str], orders: pa.Table) -> Floats:
    latest: dict[str, float] = {}
    for name, days in zip(orders.column("customer").to_pylist(), orders.column("late_d").to_pylist(), strict=True):
        latest[name] = max(days, latest.get(name, 0.0))
    return np.array([1 - math.exp(-max(latest.get(name, 0.0), 0.0) / _WEEK) for name in names])
