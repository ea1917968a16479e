"""RFM: how lately, how often and for how much each customer bought, in scores and in words."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from syncline.analytics.interaction.purchases import Floats, Places, number_of, purchases_of
from syncline.analytics.tables import Column, Layout, made
from syncline.errors import RejectedError

RFM = Layout(
    row="one customer",
    columns=(
        Column("customer", pa.string()),
        Column("recency_d", pa.int64(), unit="d"),  # since the last purchase
        Column("frequency", pa.int64()),  # days with a purchase
        Column("monetary", pa.float64(), unit="money"),  # paid in all
        Column("r", pa.int64()),  # scores, 1 the worst
        Column("f", pa.int64()),
        Column("m", pa.int64()),
        Column("segment", pa.string()),
    ),
)
_FEWEST, _MOST = 2, 10  #: scores
_HIGH, _LOW = 0.6, 0.4  #: of the way from the worst score to the best


def rfm(tx: pa.Table, as_of: date, n: int = 5) -> pa.Table:
    """Recency [d], frequency [purchases] and money of each customer, each scored 1..n by its rank, and a segment.

    A score is the part of `n` equal parts that the customer's rank falls into; equal customers share one.

    Args:
        tx: As `PURCHASES`.
        as_of: The day on which the customers are looked at; later purchases do not count.
        n: Parts, 2 to 10.

    Raises:
        SetupError, RejectedError: see `purchases_of`; or `n` is no such number.

    Source:
        Hughes, Strategic Database Marketing (1994).

    >>> days = [date(2026, 1, 1), date(2026, 3, 1), date(2026, 3, 2), date(2026, 1, 5)]
    >>> tx = pa.table({"customer": ["a", "a", "b", "c"], "day": days, "amount": [10.0, 30.0, 5.0, 20.0]})
    >>> [(row["customer"], row["recency_d"], row["frequency"], row["r"], row["f"], row["m"], row["segment"])
    ...  for row in rfm(tx, date(2026, 3, 3), n=3).to_pylist()]
    [('a', 2, 2, 2, 3, 3, 'loyal'), ('b', 1, 1, 3, 2, 1, 'promising'), ('c', 57, 1, 1, 2, 2, 'at risk')]
    """
    if not _FEWEST <= n <= _MOST:
        raise RejectedError(f"{n} is no number of scores.", cure=f"Take one from {_FEWEST} to {_MOST}.")
    purchases = purchases_of(tx, as_of)
    first = purchases.first_row
    last = np.append(first[1:], len(purchases.of))
    recency = number_of(as_of) - purchases.day[last - 1]
    frequency, money = last - first, np.add.reduceat(purchases.amount, first)
    r, f, m = _scores(-recency.astype(np.float64), n), _scores(frequency.astype(np.float64), n), _scores(money, n)
    columns = {"customer": purchases.customers, "recency_d": recency, "frequency": frequency, "monetary": money}
    return made(RFM, columns | {"r": r, "f": f, "m": m, "segment": _segments(r, f, n)})


def _scores(values: Floats, n: int) -> Places:
    """1..n by the middle rank of equals."""
    order = np.sort(values)
    middle = (np.searchsorted(order, values, "left") + np.searchsorted(order, values, "right")) / 2
    return np.asarray(np.minimum(n, 1 + np.floor(n * middle / len(values))), dtype=np.int64)


def _segments(r: Places, f: Places, n: int) -> list[str]:
    lately, often = (r - 1) / (n - 1), (f - 1) / (n - 1)
    return [_segment(x, y) for x, y in zip(lately.tolist(), often.tolist(), strict=True)]


def _segment(lately: float, often: float) -> str:
    if often > _HIGH:
        if lately > _HIGH:
            return "champion"
        return "loyal" if lately > _LOW else "loyal once, at risk"
    if lately > _HIGH:
        return "promising" if often <= _HIGH and often > _LOW else "new"
    if lately > _LOW:
        return "needs attention"
    return "at risk" if often > _LOW else "lost"
