"""Reorder points for a whole table of products, from their demand and the lead times of their vendors."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from syncline.analytics.supply.bounds import no_negatives, no_twins
from syncline.analytics.supply.lead_times import LEAD_TIMES
from syncline.analytics.supply.safety_stock import Service, safety_stock
from syncline.analytics.tables import Column, Layout, asked, made
from syncline.errors import RejectedError

DAILY = Layout(
    row="the demand of one product, for each day",
    columns=(
        Column("product", pa.string()),
        Column("mean_d", pa.float64(), unit="unit"),
        Column("sd_d", pa.float64(), unit="unit"),
        Column("order_qty", pa.float64(), unit="unit", nullable=True),
    ),
)
REORDER = Layout(
    row="one product, and when to order it again",
    columns=(
        Column("product", pa.string()),
        Column("vendor", pa.string(), nullable=True),
        Column("mean_lead_d", pa.float64(), unit="d", nullable=True),
        Column("ss_units", pa.float64(), unit="unit", nullable=True),
        Column("rop_units", pa.float64(), unit="unit", nullable=True),
        Column("flag", pa.string(), nullable=True),
    ),
)


def reorder_points(
    demand: pa.Table, lead_times: pa.Table, *, service: Service, level: float, review_days: float = 0.0
) -> pa.Table:
    """Safety stock and reorder point of every product, by the vendor who has delivered it most often: `REORDER`.

    Where no figure has a basis there is none, and the flag says why.

    Args:
        demand: `DAILY`, from past sales or from a forecast; `order_qty` is needed for `fill`.
        lead_times: `LEAD_TIMES`, from `lead_time_stats`.
        service: `cycle` or `fill`, as in `safety_stock`.
        level: Wanted service [-].
        review_days: Time between two reviews [d].

    Source:
        As of `safety_stock`.

    Raises:
        RejectedError: a figure is negative, or a product occurs twice in the demand.

    >>> demand = pa.table({"product": ["bolt", "nut"], "mean_d": [50.0, 1.0], "sd_d": [8.0, 1.0],
    ...     "order_qty": [None, 9.0]})
    >>> times = pa.table({"vendor": ["V"], "product": ["bolt"], "n": [20], "mean_d": [4.0], "sd_d": [0.0], "p50": [4.0],
    ...     "p90": [4.0], "p95": [4.0], "otif": [0.9], "reject_rate": [0.0], "flag": pa.nulls(1, pa.string())})
    >>> found = reorder_points(demand, times, service="cycle", level=0.95).to_pylist()
    >>> round(found[0]["rop_units"], 3), found[1]["rop_units"], found[1]["flag"]
    (226.318, None, 'no lead time is known')
    """
    rows = no_twins(asked(DAILY, demand, name="demand"), ["product"], name="demand")
    no_negatives(rows, ["mean_d", "sd_d", "order_qty"], name="demand")
    times: dict[str, dict[str, Any]] = {}
    for row in no_negatives(
        asked(LEAD_TIMES, lead_times, name="lead_times"), ["mean_d"], name="lead_times"
    ).to_pylist():
        if row["product"] not in times or row["n"] > times[row["product"]]["n"]:
            times[row["product"]] = row
    found = [_row(row, times.get(row["product"]), service, level, review_days) for row in rows.to_pylist()]
    return made(REORDER, {name: [row[name] for row in found] for name in REORDER.schema.names})


def _row(
    row: dict[str, Any], time: dict[str, Any] | None, service: Service, level: float, review_days: float
) -> dict[str, Any]:
    empty = dict.fromkeys(REORDER.schema.names) | {"product": row["product"]}
    if time is None:
        return empty | {"flag": "no lead time is known"}
    known = empty | {"vendor": time["vendor"], "mean_lead_d": time["mean_d"]}
    try:
        kept = safety_stock(
            row["mean_d"], row["sd_d"], time["mean_d"], time["sd_d"],
            service=service, level=level, review_days=review_days, order_qty=row["order_qty"],
        )  # fmt: skip
    except RejectedError as error:
        return known | {"flag": error.what}
    return known | {"ss_units": kept.ss_units, "rop_units": kept.rop_units, "flag": time["flag"]}
