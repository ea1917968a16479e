"""How long suppliers really take, and how well they keep their word, from the lines of purchase orders.

Where a vendor has delivered a product fewer than ten times, its figures lean on those of the vendor, then of the
category, then of all: each pool counts by how many of the ten it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from syncline.analytics.supply.bounds import no_negatives
from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError

PO_LINES = Layout(
    row="one line of a purchase order",
    columns=(
        Column("vendor", pa.string(), available_at=ALWAYS),
        Column("product", pa.string(), available_at=ALWAYS),
        Column("category", pa.string(), available_at=ALWAYS, nullable=True),
        Column("ordered", pa.date32(), available_at="ordered"),
        Column("promised", pa.date32(), available_at="ordered", nullable=True),
        Column("received", pa.date32(), available_at="received", nullable=True),
        Column("qty", pa.float64(), unit="unit", available_at="ordered"),
        Column("received_qty", pa.float64(), unit="unit", available_at="received", nullable=True),
        Column("rejected_qty", pa.float64(), unit="unit", available_at="received", nullable=True),
    ),
)
LEAD_TIMES = Layout(
    row="one product of one vendor",
    columns=(
        Column("vendor", pa.string()),
        Column("product", pa.string()),
        Column("n", pa.int64()),
        Column("mean_d", pa.float64(), unit="d"),
        Column("sd_d", pa.float64(), unit="d"),
        Column("p50", pa.float64(), unit="d"),
        Column("p90", pa.float64(), unit="d"),
        Column("p95", pa.float64(), unit="d"),
        Column("otif", pa.float64(), nullable=True),
        Column("reject_rate", pa.float64(), nullable=True),
        Column("flag", pa.string(), nullable=True),
    ),
)
CURVES = Layout(
    row="one item, and its lead time at equally spaced chances",
    columns=(Column("item", pa.string()), Column("n", pa.int64()), Column("curve", pa.list_(pa.float64()), unit="d")),
)
ENOUGH = 10  #: receipts that stand for themselves
_POINTS = 199  #: of a curve
_LONGEST = 3_650  #: a lead time of more days is a slip of the pen


class _Pool(NamedTuple):
    """Some receipts: their lead times, and how they were."""

    days: NDArray[np.float64]  #: rising
    few: NDArray[np.float64]  #: the same in at most 199 points
    kept: tuple[int, int]  #: on time in full, of how many promised
    units: tuple[float, float]  #: rejected, of how many received

    @property
    def weight(self) -> float:
        return min(len(self.days) / ENOUGH, 1.0)


def lead_time_stats(po_lines: pa.Table, *, as_of: date | None = None) -> pa.Table:
    """Lead times of each vendor and product, in days from order to receipt, as a table `LEAD_TIMES`.

    `otif` is the share of promised lines that came on time and in full, after what was rejected; a line that is not
    here by `as_of` though promised before counts as late. `reject_rate` is rejected / received units. `flag` says in
    words what a figure leans on.

    Args:
        po_lines: `PO_LINES`; a line without receipt counts for `otif` alone.
        as_of: The day on which this is asked; without it, lines that are still out are left aside.

    Source:
        Shrinkage by the weight n / 10 as in credibility theory: Buehlmann & Gisler, A Course in Credibility Theory
        (2005), chapter 3; quantiles of the weighted pools.

    Raises:
        RejectedError: nothing was ever received, or a receipt lies before its order or ten years after it.

    >>> day = date(2026, 1, 1).replace
    >>> lines = pa.table({"vendor": ["V"] * 10, "product": ["bolt"] * 10, "category": ["steel"] * 10,
    ...     "ordered": [day()] * 10, "promised": [day(day=8)] * 10, "received": [day(day=n) for n in range(2, 12)],
    ...     "qty": [5.0] * 10, "received_qty": [5.0] * 10, "rejected_qty": [0.0] * 9 + [5.0]})
    >>> row = lead_time_stats(lines).to_pylist()[0]
    >>> row["n"], round(row["mean_d"], 2), round(row["sd_d"], 2), row["p50"], row["otif"], row["reject_rate"]
    (10, 5.5, 3.03, 5.5, 0.7, 0.1)
    """
    rows: list[dict[str, object]] = []
    for (vendor, product), pools in _pools(po_lines, as_of).items():
        days, weights = _mixed(pools)
        mean = float(np.dot(days, weights))
        count = len(pools[0].days)
        free = (count - 1) / count if count >= ENOUGH else 1.0  # the usual n - 1 where the sample stands alone
        p50, p90, p95 = (float(one) for one in _quantiles(days, weights, np.array([0.5, 0.9, 0.95])))
        rows.append({
            "vendor": vendor, "product": product, "n": count, "mean_d": mean,
            "sd_d": float(np.sqrt(np.dot(weights, (days - mean) ** 2) / free)), "p50": p50, "p90": p90, "p95": p95,
            "otif": _rate([pool.kept for pool in pools]), "reject_rate": _rate([pool.units for pool in pools]),
            "flag": _flag(pools),
        })  # fmt: skip
    return made(LEAD_TIMES, {name: [row[name] for row in rows] for name in LEAD_TIMES.schema.names})


def lead_time_curves(po_lines: pa.Table) -> pa.Table:
    """The lead time of each product, from whichever vendor, as 199 equally likely values: a table `CURVES`.

    It is what `capable_to_promise` draws from; it leans on larger pools as in `lead_time_stats`.

    >>> day = date(2026, 1, 1).replace
    >>> lines = pa.table({"vendor": ["V"] * 20, "product": ["bolt"] * 20, "category": ["steel"] * 20,
    ...     "ordered": [day()] * 20, "promised": [day(day=8)] * 20, "received": [day(day=n) for n in range(2, 22)],
    ...     "qty": [5.0] * 20, "received_qty": [5.0] * 20, "rejected_qty": [0.0] * 20})
    >>> row = lead_time_curves(lines).to_pylist()[0]
    >>> row["item"], row["n"], row["curve"][0], round(row["curve"][99], 2), row["curve"][-1]
    ('bolt', 20, 1.0, 10.5, 20.0)
    """
    levels = (np.arange(_POINTS) + 0.5) / _POINTS
    found: dict[str, list[_Pool]] = {}
    counts: dict[str, int] = {}
    for (_, product), pools in _pools(po_lines, None).items():
        counts[product] = counts.get(product, 0) + len(pools[0].days)
        if product not in found or len(pools[0].days) > len(found[product][0].days):
            found[product] = pools
    curves = [_quantiles(*_mixed(pools), levels).tolist() for pools in found.values()]
    return made(CURVES, {"item": list(found), "n": [counts[item] for item in found], "curve": curves})


def _pools(po_lines: pa.Table, as_of: date | None) -> dict[tuple[str, str], list[_Pool]]:
    """For each vendor and product its own receipts, the vendor's, the category's, and all."""
    table = no_negatives(
        asked(PO_LINES, po_lines, name="po_lines"), ["qty", "received_qty", "rejected_qty"], name="po_lines"
    )
    lines = _lines(table, as_of)
    if not np.isfinite(lines["days"]).any():
        raise RejectedError(
            "Nothing was ever received; there is no lead time to tell.", cure="Give lines with receipts."
        )
    names = {name: table.column(name).to_pylist() for name in ("vendor", "product", "category")}
    own = list(zip(names["vendor"], names["product"], strict=True))
    by_own, by_vendor = _grouped(own, lines), _grouped(names["vendor"], lines)
    by_category, everything = _grouped(names["category"], lines), _pool(lines, np.arange(len(table)))
    found: dict[tuple[str, str], list[_Pool]] = {}
    for key, category in zip(own, names["category"], strict=True):
        if key not in found:
            wider = [by_vendor[key[0]], *([by_category[category]] if category is not None else []), everything]
            found[key] = [by_own[key], *wider]
    return dict(sorted(found.items()))


def _lines(table: pa.Table, as_of: date | None) -> Mapping[str, NDArray[np.float64]]:
    def numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
        return np.asarray(column.cast(pa.float64()).to_numpy(), float)

    day = {name: numbers(table.column(name).cast(pa.int32())) for name in ("ordered", "promised", "received")}
    days = day["received"] - day["ordered"]
    wrong = np.flatnonzero((days < 0) | (days > _LONGEST))
    if len(wrong):
        raise RejectedError(
            f"{len(wrong)} receipts lie before their order or more than {_LONGEST} days after it"
            f" (rows {', '.join(str(place + 1) for place in wrong[:5])}).",
            cure="Correct their dates or leave those rows out.",
        )
    came = numbers(pc.fill_null(table.column("received_qty"), 0.0))
    rejected = numbers(pc.fill_null(table.column("rejected_qty"), 0.0))
    here = np.isfinite(days)
    overdue = ~here & (day["promised"] < (as_of - date(1970, 1, 1)).days) if as_of else np.zeros(len(days), bool)
    full = came - rejected >= numbers(table.column("qty")) - 1e-9
    return {
        "days": days,
        "judged": np.isfinite(day["promised"]) & (here | overdue),
        "kept": here & (day["received"] <= day["promised"]) & full,
        "came": np.where(here, came, 0.0),
        "rejected": np.where(here, rejected, 0.0),
    }  # fmt: skip


def _grouped(keys: Sequence[object], lines: Mapping[str, NDArray[np.float64]]) -> dict[object, _Pool]:
    places: dict[object, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    return {key: _pool(lines, np.array(rows)) for key, rows in places.items()}


def _pool(lines: Mapping[str, NDArray[np.float64]], rows: NDArray[np.int64]) -> _Pool:
    days = lines["days"][rows]
    judged = lines["judged"][rows].astype(bool)
    kept = int((lines["kept"][rows].astype(bool) & judged).sum()), int(judged.sum())
    units = float(lines["rejected"][rows].sum()), float(lines["came"][rows].sum())
    known = np.sort(days[np.isfinite(days)])
    return _Pool(known, known if len(known) <= _POINTS else _few(known), kept, units)


def _mixed(pools: list[_Pool]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lead times with their weights: what a pool lacks of ten, the next wider one gives."""
    days, weights, left = [], [], 1.0
    for place, pool in enumerate(pools):
        share = left if place == len(pools) - 1 else left * pool.weight
        if share > 0 and len(pool.days):
            points = pool.days if share == 1.0 else pool.few
            days.append(points)
            weights.append(np.full(len(points), share / len(points)))
        left -= share
    values, shares = np.concatenate(days), np.concatenate(weights)
    order = np.argsort(values, kind="stable")
    return values[order], shares[order] / shares.sum()


def _few(days: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.quantile(days, (np.arange(_POINTS) + 0.5) / _POINTS, method="hazen"))


def _quantiles(
    days: NDArray[np.float64], weights: NDArray[np.float64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Between the middles of the weights in a straight line: Hazen's rule, for equal weights."""
    middles = np.cumsum(weights) - weights / 2
    return np.asarray(np.interp(levels, middles, days))


def _rate(pools: list[tuple[float, float]]) -> float | None:
    """A share, shrunk like the days: each pool counts by how many of ten it has."""
    rate, left = 0.0, 1.0
    told = [pool for pool in pools if pool[1]]
    for place, (part, whole) in enumerate(told):
        share = left if place == len(told) - 1 else left * min(whole / ENOUGH, 1.0)
        rate, left = rate + share * part / whole, left - share
    return rate if told else None


def _flag(pools: list[_Pool]) -> str | None:
    own = len(pools[0].days)
    if own >= ENOUGH:
        return "every receipt came on the day of its order" if not pools[0].days.any() else None
    if len(pools[-1].days) < ENOUGH:
        return f"{len(pools[-1].days)} receipts in all: too few to trust"
    lean = "the vendor" if len(pools[1].days) >= ENOUGH else "its category and all others"
    return f"{own} receipts: leans on {lean}" if own else f"no receipt yet: the figures of {lean}"
