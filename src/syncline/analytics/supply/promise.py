"""A promise: by when an order can be delivered, how sure that is, and what it hangs on."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.supply.bounds import share
from syncline.analytics.tables import Column, Layout
from syncline.errors import RejectedError

BY_DATE = Layout(
    row="one day, and the units that could be promised for it",
    columns=(Column("date", pa.date32()), Column("qty", pa.float64(), unit="unit")),
)
PEGGING = Layout(
    row="one item of an order, and where its units come from",
    columns=(
        Column("item", pa.string()),
        Column("gross", pa.float64(), unit="unit"),
        Column("from_stock", pa.float64(), unit="unit"),
        Column("from_receipts", pa.float64(), unit="unit"),
        Column("net", pa.float64(), unit="unit"),
        Column("source", pa.string()),
        Column("ready_p50", pa.float64(), unit="d", nullable=True),
        Column("critical", pa.float64()),
    ),
)
LEVELS = (0.50, 0.80, 0.95)
_OUTCOMES = 20  #: kept or broken promises from which one can learn
_GRID = 200  #: equally likely days that a promise keeps
_CLOSE = 1e-9


class Promise(NamedTuple):
    """When an order can be delivered. A day is None where no day within the horizon is that sure."""

    date: dt.date | None  #: what to tell the customer: kept in 80 of 100 cases
    p50: dt.date | None
    p80: dt.date | None
    p95: dt.date | None
    confidence: float | None  #: that the wanted day is kept [-]; None without a basis
    bottleneck: str | None  #: what the day hangs on most
    qty_by_date: pa.Table  #: `BY_DATE`
    pegging: pa.Table  #: `PEGGING`
    days: tuple[float, ...]  #: from the day of asking, 200 equally likely ones, rising; infinite beyond the horizon [d]
    flag: str | None = None  #: in words, what the promise lacks


class Sureness(NamedTuple):
    """The chances of our own distribution at which past promises were in fact kept in 50, 80 and 95 of 100 cases."""

    p50: float = LEVELS[0]
    p80: float = LEVELS[1]
    p95: float = LEVELS[2]


AS_DRAWN = Sureness()


def whole_days(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The day on which something is done, from the time at which it is: 2.3 and 3.0 are both on day 2, the third one.

    >>> whole_days(np.array([0.0, 1.0, 2.3, 3.0])).tolist()
    [0.0, 0.0, 2.0, 2.0]
    """
    return np.asarray(np.maximum(np.ceil(times - _CLOSE) - 1, 0.0))


def likely_days(days: NDArray[np.float64]) -> tuple[float, ...]:
    """The distribution of drawn days as 200 equally likely ones, rising."""
    ordered = np.sort(days)
    return tuple(ordered[((np.arange(_GRID) + 0.5) / _GRID * len(ordered)).astype(int)].tolist())


def day_at(days: Sequence[float], level: float, as_of: dt.date) -> dt.date | None:
    """The first day by which at least the share `level` of all cases is done.

    >>> day_at([0.0, 1.0, 2.0, 9.0], 0.75, dt.date(2026, 5, 4))
    datetime.date(2026, 5, 6)
    """
    day = days[min(max(math.ceil(level * len(days) - _CLOSE), 1), len(days)) - 1]
    return as_of + dt.timedelta(days=int(day)) if math.isfinite(day) else None


def chance_by(days: Sequence[float], limit: float) -> float:
    """The chance that all is done by the day `limit` [-].

    >>> chance_by([0.0, 1.0, 2.0, 9.0], 2)
    0.75
    """
    return int(np.searchsorted(days, limit, side="right")) / len(days)


def sureness(outcomes: Sequence[tuple[Promise, dt.date, dt.date]]) -> Sureness:
    """From past promises, at which chance a promise must stand to be kept in 50, 80 and 95 of 100 cases.

    A promise of chance u is kept when its day is not before the day of delivery, that is when u is above
    F(delivery - 1 day): the level is the quantile of those scores, with one more than there are for safety.

    Args:
        outcomes: Promises with the day of asking and the day of delivery, at least 20.

    Source:
        Split conformal prediction: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World (2005), 2.2.

    Raises:
        RejectedError: there are fewer than 20 outcomes.
    """
    if len(outcomes) < _OUTCOMES:
        raise RejectedError(f"There are {len(outcomes)} kept or broken promises, and {_OUTCOMES} are needed.")
    scores = np.sort([chance_by(one.days, (done - asked).days - 1) for one, asked, done in outcomes])
    levels = [scores[min(math.ceil(level * (len(scores) + 1)), len(scores)) - 1] for level in LEVELS]
    return Sureness(*(min(max(float(one) + 1e-6, 0.01), 0.995) for one in levels))


def dated(
    days: Sequence[float], as_of: dt.date, sure: Sureness
) -> tuple[dt.date | None, dt.date | None, dt.date | None]:
    """The days of 50, 80 and 95 of 100 cases."""
    for level in sure:
        share(level_of_a_promise=level)
    p50, p80, p95 = (day_at(days, level, as_of) for level in sure)
    return p50, p80, p95
