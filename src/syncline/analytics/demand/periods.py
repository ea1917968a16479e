"""Regular periods from order lines: days, weeks from Monday, months, quarters, years; one without an order is a zero.

A line with a negative quantity is a return. It is no negative demand, so it never enters `qty`; it is counted in
`returned`, and its period is flagged. A line that is booked and taken back in the same period (equal and opposite) is
an error of the counter, not a demand: both leave.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.layouts import ORDERS, PERIODS
from syncline.analytics.tables import asked, made
from syncline.errors import RejectedError, SetupError

Freq = Literal["D", "W", "M", "Q", "Y"]
SEASON: dict[str, int] = {"D": 7, "W": 52, "M": 12, "Q": 4, "Y": 1}  #: periods in a season: the week, else the year
MONTHS: dict[str, int] = {"M": 1, "Q": 3, "Y": 12}  #: months in a period
MOST_PERIODS = 20_000  #: more periods than this between the first and the last are a wrong date, not a history
MOST_CELLS = 200_000_000  #: products x periods that one table may have
_MONDAY = np.datetime64("1970-01-05", "D")

Ordinals = NDArray[np.int64]


class Lines(NamedTuple):
    """Order lines as numbers: product index, ordinal of the period, quantity."""

    keys: list[str]
    key: NDArray[np.int64]
    period: Ordinals
    qty: NDArray[np.float64]


def ordinal(dates: NDArray[np.datetime64], freq: Freq) -> Ordinals:
    """Number the periods that dates fall into, so that neighbours differ by one.

    >>> ordinal(np.array(["2026-01-04", "2026-01-05", "2026-01-11"], "M8[D]"), "W").tolist()
    [2921, 2922, 2922]
    """
    days = dates.astype("datetime64[D]")
    if freq in MONTHS:
        return days.astype("datetime64[M]").astype(np.int64) // MONTHS[freq]
    since = (days - (_MONDAY if freq == "W" else np.datetime64("1970-01-01", "D"))).astype(np.int64)
    return since // 7 if freq == "W" else since


def first_day(periods: Ordinals, freq: Freq) -> NDArray[np.datetime64]:
    """The first day of each period; of a week its Monday.

    >>> first_day(np.array([2922]), "W").astype(str).tolist()
    ['2026-01-05']
    """
    if freq in MONTHS:
        return (periods * MONTHS[freq]).astype("datetime64[M]").astype("datetime64[D]")
    steps = (periods * (7 if freq == "W" else 1)).astype("timedelta64[D]")
    return (_MONDAY if freq == "W" else np.datetime64("1970-01-01", "D")) + steps


def checked_freq(freq: str) -> Freq:
    """One of the frequencies that are known, or a sentence."""
    if freq not in SEASON:
        raise SetupError(f"There is no frequency {freq!r}.", cure="Use D (days), W (weeks), M (months), Q or Y.")
    return freq  # type: ignore[return-value]  # mypy does not narrow by the keys of a dict


def regular_periods(orders: pa.Table, *, freq: Freq, as_of: date | None = None) -> pa.Table:
    """Demand per product and period [base unit/period], from the product's first order to `as_of`, gaps as zeros.

    Args:
        orders: lines as `ORDERS`; several of one product in one period are added up.
        freq: D, W (from Monday), M, Q or Y.
        as_of: the day of the last complete period; None is the day of the last line.

    Returns:
        `PERIODS`: qty (gross demand, >= 0), returned (units, >= 0) and a flag in words.

    Raises:
        RejectedError: no lines, or dates so far apart that one of them must be wrong.

    >>> lines = pa.table({"key": ["a", "a", "a"], "qty": [2.0, 5.0, -1.0],
    ...                   "date": [date(2026, 1, 5), date(2026, 1, 20), date(2026, 1, 21)]})
    >>> table = regular_periods(lines, freq="W")
    >>> table.column("qty").to_pylist(), table.column("returned").to_pylist()
    ([2.0, 0.0, 5.0], [0.0, 0.0, 1.0])
    """
    lines = _without_undone(_lines(orders, checked_freq(freq), as_of))
    end = int(ordinal(np.array([as_of], "M8[D]"), freq)[0]) if as_of else int(lines.period.max())
    starts = np.full(len(lines.keys), end + 1)
    np.minimum.at(starts, lines.key, lines.period)
    counts = end + 1 - starts
    _bounded(counts)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    place = offsets[lines.key] + lines.period - starts[lines.key]
    bought = np.bincount(place, np.maximum(lines.qty, 0), offsets[-1])
    returned = np.bincount(place, np.maximum(-lines.qty, 0), offsets[-1])
    index = np.repeat(np.arange(len(lines.keys)), counts)
    periods = starts[index] + np.arange(offsets[-1]) - offsets[index]
    return made(
        PERIODS,
        {
            "key": pa.array(np.array(lines.keys, dtype=object)[index], pa.string()),
            "period": pa.array(first_day(periods, freq)),
            "qty": bought,
            "returned": returned,
            "flag": np.where(returned > 0, "returns are not counted as demand", "").tolist(),
        },
    )


def _lines(orders: pa.Table, freq: Freq, as_of: date | None) -> Lines:
    table = asked(ORDERS, orders, name="orders")
    dates = table.column("date").to_numpy().astype("datetime64[D]")
    known = dates <= np.datetime64(as_of, "D") if as_of else np.ones(len(dates), dtype=bool)
    if not known.any():
        raise RejectedError("There are no order lines to count.", cure="Give lines dated up to as_of.")
    encoded = table.column("key").filter(pa.array(known)).combine_chunks().dictionary_encode()
    return Lines(
        encoded.dictionary.to_pylist(),
        encoded.indices.to_numpy().astype(np.int64),
        ordinal(dates[known], freq),
        table.column("qty").to_numpy()[known],
    )


def _without_undone(lines: Lines) -> Lines:
    """Leave out pairs of lines of one product and period that are equal and opposite."""
    order = np.lexsort((lines.qty, np.abs(lines.qty), lines.period, lines.key))
    same = [np.diff(one[order]) == 0 for one in (lines.key, lines.period, np.abs(lines.qty))]
    group = np.concatenate([[0], np.cumsum(~(same[0] & same[1] & same[2]))])
    signs = np.sign(lines.qty[order])
    undone = np.minimum(np.bincount(group, signs < 0), np.bincount(group, signs > 0))
    rank = np.arange(len(group)) - np.searchsorted(group, group)  # negative lines come first in a group
    below = np.bincount(group, signs < 0)[group]
    leaves = np.where(signs < 0, rank < undone[group], (rank - below < undone[group]) & (rank >= below)) & (signs != 0)
    # The first demand of a product must stay visible: where everything leaves, its zero does.
    kept = order[~leaves]
    gone = order[leaves & (signs > 0)]
    rows = np.concatenate([kept, gone])
    qty = np.concatenate([lines.qty[kept], np.zeros(len(gone))])
    return Lines(lines.keys, lines.key[rows], lines.period[rows], qty)


def _bounded(counts: NDArray[np.int64]) -> None:
    if counts.max() > MOST_PERIODS or counts.sum() > MOST_CELLS:
        raise RejectedError(
            f"The orders span {counts.max():,} periods and {counts.sum():,} products x periods.",
            cure="Correct the dates that are far off, or choose a longer period.",
        )
