"""Capable-to-promise: by when an order can be bought, made and finished, with the days that chance adds.

Each draw takes a lead time for every part that must be bought and a duration for every operation that must be done; an
item is ready when the last of its components is, and its work is done in the free hours of the work centres.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from syncline.analytics.supply.bounds import listed, positive
from syncline.analytics.supply.making import Need, Ready, causes, needs_of, ready_times
from syncline.analytics.supply.plant import Plant, Shop, shop_of
from syncline.analytics.supply.promise import (
    AS_DRAWN,
    BY_DATE,
    PEGGING,
    Promise,
    Sureness,
    chance_by,
    dated,
    likely_days,
    whole_days,
)
from syncline.analytics.tables import made
from syncline.errors import RejectedError

DRAWS = 2_000
_DRAWS = (100, 100_000)


class OrderLine(NamedTuple):
    """What a customer asks for."""

    order_line: str
    product: str
    qty: float  #: [units]
    wanted: dt.date


def capable_to_promise(
    order_line: OrderLine,
    plant: Plant,
    *,
    as_of: dt.date,
    draws: int = DRAWS,
    seed: int = 0,
    sure: Sureness = AS_DRAWN,
) -> Promise:
    """By when an order line can be delivered: the days of 50, 80 and 95 of 100 cases, and what they hang on.

    Free stock and open orders are used first; the rest is made from components that are got the same way, or bought.
    Each line is promised as if it were the only one: take what was promised before off the stock and the hours.

    Args:
        order_line: What is asked for.
        plant: What there is. `lead_times` of bought parts come from `lead_time_curves`.
        as_of: The day of asking.
        draws: Monte Carlo draws.
        seed: Of the draws; the same seed gives the same promise.
        sure: Corrects the chances by past promises (`sureness`).

    Source:
        Monte Carlo over the empirical distributions: Hopp & Spearman, Factory Physics, 3rd ed. (2011), section 15.3
        (due-date quoting).

    Raises:
        RejectedError: a figure is negative or absurd, or the bill of materials contains itself.

    >>> bom = pa.table({"assembly": ["bike"], "component": ["wheel"], "qty": [2.0], "scrap": [0.0],
    ...     "valid_from": pa.nulls(1, pa.date32()), "valid_to": pa.nulls(1, pa.date32())})
    >>> times = pa.table({"item": ["wheel"], "n": [3], "curve": [[4.0, 5.0, 9.0]]})
    >>> line = OrderLine("SO1-1", "bike", 1.0, dt.date(2026, 5, 12))
    >>> promise = capable_to_promise(line, Plant(bom, times), as_of=dt.date(2026, 5, 4))
    >>> promise.p50, promise.p95, promise.bottleneck
    (datetime.date(2026, 5, 9), datetime.date(2026, 5, 13), 'part wheel')
    """
    return promises([order_line], plant, as_of=as_of, draws=draws, seed=seed, sure=sure)[0]


def promises(  # noqa: PLR0913  what a promise knows
    order_lines: Sequence[OrderLine],
    plant: Plant,
    *,
    as_of: dt.date,
    draws: int = DRAWS,
    seed: int = 0,
    sure: Sureness = AS_DRAWN,
    in_turn: bool = False,
) -> list[Promise]:
    """The same for many lines; the plant is read once.

    Each is promised as if it were the only one, or, `in_turn`, from what those before it leave of stock and receipts;
    hours are not taken off.

    >>> promises([], Plant(pa.table({"assembly": pa.array([], pa.string()), "component": pa.array([], pa.string()),
    ...     "qty": pa.array([], pa.float64()), "scrap": pa.array([], pa.float64()),
    ...     "valid_from": pa.array([], pa.date32()), "valid_to": pa.array([], pa.date32())}),
    ...     pa.table({"item": pa.array([], pa.string()), "n": pa.array([], pa.int64()),
    ...     "curve": pa.array([], pa.list_(pa.float64()))})), as_of=dt.date(2026, 5, 4))
    []
    """
    if not _DRAWS[0] <= draws <= _DRAWS[1]:
        raise RejectedError(f"{draws} draws are asked for; {_DRAWS[0]} to {_DRAWS[1]} make sense.")
    shop = shop_of(plant, as_of)
    found = []
    for line in order_lines:
        found.append(_promise(shop, line, (as_of, draws, seed), sure))
        if in_turn:
            shop = _without(shop, needs_of(shop, line.product, line.qty))
    return found


def _without(shop: Shop, needs: Mapping[str, Need]) -> Shop:
    """What is left once these units are taken, the earliest receipts first."""
    stock, receipts = dict(shop.stock), dict(shop.receipts)
    for item, need in needs.items():
        stock[item] = max(stock.get(item, 0.0) - need.stock, 0.0)
        left, rest = need.receipts, []
        for day, units in receipts.get(item, []):
            taken = min(units, left)
            left -= taken
            if units > taken:
                rest.append((day, units - taken))
        receipts[item] = rest
    return shop._replace(stock=stock, receipts=receipts)


def _promise(shop: Shop, line: OrderLine, asked: tuple[dt.date, int, int], sure: Sureness) -> Promise:
    positive(**{f"quantity_of_{line.order_line}": line.qty})
    as_of, draws, seed = asked
    needs = needs_of(shop, line.product, line.qty)
    ready = dict(ready_times(shop, needs, draws, seed))
    days = likely_days(whole_days(ready[line.product].days))
    p50, p80, p95 = dated(days, as_of, sure)
    spent, critical = causes(line.product, ready)
    worst = max(spent, key=lambda name: (spent[name], name), default=None)
    stock = needs[line.product].stock
    there = {as_of: stock} if stock else {}
    return Promise(
        p80, p50, p80, p95, chance_by(days, (line.wanted - as_of).days), worst if worst and spent[worst] > 0 else None,
        made(BY_DATE, _dates(there | ({p80: line.qty} if p80 else {}))), _pegging(shop, needs, ready, critical), days,
        _flag(shop, needs, ready[line.product]),
    )  # fmt: skip


def _dates(units: Mapping[dt.date, float]) -> dict[str, list[object]]:
    return {"date": list(units), "qty": list(units.values())}


def _pegging(
    shop: Shop, needs: Mapping[str, Need], ready: Mapping[str, Ready], critical: Mapping[str, float]
) -> pa.Table:
    middles = [float(np.median(whole_days(ready[item].days))) for item in needs]
    return made(PEGGING, {
        "item": list(needs), "gross": [need.gross for need in needs.values()],
        "from_stock": [need.stock for need in needs.values()],
        "from_receipts": [need.receipts for need in needs.values()], "net": [need.net for need in needs.values()],
        "source": [_source(shop, item, need) for item, need in needs.items()],
        "ready_p50": [middle if math.isfinite(middle) else None for middle in middles],
        "critical": [critical.get(item, 0.0) for item in needs],
    })  # fmt: skip


def _source(shop: Shop, item: str, need: Need) -> str:
    made_or_bought = "made" if shop.parts.get(item) else "bought"
    told = [("stock", need.stock), ("receipts", need.receipts), (made_or_bought, need.net)]
    return " and ".join(name for name, units in told if units) or "nothing"


def _flag(shop: Shop, needs: Mapping[str, Need], product: Ready) -> str | None:
    unknown = [
        item for item, need in needs.items() if need.net and not shop.parts.get(item) and item not in shop.curves
    ]
    if unknown:
        return f"no lead time is known of {listed(unknown)}"
    if not np.isfinite(product.days).all():
        return f"{np.mean(~np.isfinite(product.days)):.0%} of the cases end beyond the calendar"
    timeless = [
        item for item, need in needs.items()
        if need.net and shop.parts.get(item) and not shop.steps.get(item) and item not in shop.curves
    ]  # fmt: skip
    return f"making {listed(timeless)} is taken to need no time: no routing and no past times" if timeless else None
