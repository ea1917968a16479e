"""How often advice came true: what was advised at an earlier day, beside what was bought after it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from syncline.analytics.interaction.likely_next import Mode, next_best_product
from syncline.analytics.interaction.purchases import LINES
from syncline.analytics.tables import Column, Layout, asked, made
from syncline.errors import RejectedError

RATES = Layout(
    row="one rank of the advice",
    columns=(
        Column("rank", pa.int64()),
        Column("rate", pa.float64()),  # share of the customers who bought the product of this rank, 0..1
        Column("customers", pa.int64()),  # who were advised, whether they came back or not
    ),
)
_LONGEST = 730  #: days


def hit_rates(tx: pa.Table, as_of: date, days: int, *, k: int = 10, mode: Mode = "new") -> pa.Table:
    """For each rank of `next_best_product` the share of customers who bought that product in the `days` that followed.

    Args:
        tx: As `LINES`; what is later than `as_of` is not looked at.
        as_of: The advice is given `days` before it.
        days: 1 to 730.
        k: Ranks.
        mode: As in `next_best_product`.

    Raises:
        SetupError, RejectedError: see `next_best_product`; days out of range.

    >>> early, late = date(2026, 1, 1), date(2026, 1, 20)
    >>> sold = [("a", "tea", early), ("a", "cup", early), ("b", "tea", early), ("b", "cup", late), ("c", "tea", early)]
    >>> tx = pa.table({"customer": [c for c, _, _ in sold], "order": [f"{c}{d}" for c, _, d in sold],
    ...                "product": [p for _, p, _ in sold], "day": [d for _, _, d in sold]})
    >>> hit_rates(tx, date(2026, 1, 31), 20, k=1).to_pylist()
    [{'rank': 1, 'rate': 0.5, 'customers': 2}]
    """
    if not 1 <= days <= _LONGEST:
        raise RejectedError(f"{days} days are out of range.", cure=f"Take 1 to {_LONGEST} days.")
    lines = asked(LINES, tx, name="lines")
    then = as_of - timedelta(days=days)
    every = pc.unique(lines.column("product"))
    known = pa.table(
        {
            "product": every,
            "available": pa.array(np.ones(len(every))),
            "promise_date": pa.array([then] * len(every), pa.date32()),
            "margin": pa.nulls(len(every), pa.float64()),
        }
    )
    advice = next_best_product(lines, known, then, k=k, mode=mode)
    day = lines.column("day")
    after = lines.filter(
        pc.and_(pc.greater(day, pa.scalar(then, pa.date32())), pc.less_equal(day, pa.scalar(as_of, pa.date32())))
    )
    bought = set(zip(after.column("customer").to_pylist(), after.column("product").to_pylist(), strict=True))
    rank = advice.column("rank").to_numpy()
    pairs = zip(advice.column("customer").to_pylist(), advice.column("product").to_pylist(), strict=True)
    hit = np.array([pair in bought for pair in pairs], dtype=np.float64)
    ranks = np.unique(rank)
    counts = [int(np.sum(rank == one)) for one in ranks]
    rates = [float(hit[rank == one].mean()) for one in ranks]
    return made(RATES, {"rank": ranks, "rate": rates, "customers": counts})
