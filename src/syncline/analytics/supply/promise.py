"""A promise: by when an order can be delivered, how sure that is, and what it hangs on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
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
_GRID = 200  #: equal steps of chance in which a promise keeps its whole distribution


class Promise(NamedTuple):
    """When an order can be delivered. A day is None where no day within the horizon is that sure."""

    date: date | None  #: what to tell the customer: kept in 80 of 100 cases
    p50: date | None
    p80: date | None
    p95: date | None
    confidence: float | None  #: that the wanted day is kept [-]; None without a basis
    bottleneck: str | None  #: what the day hangs on most
    qty_by_date: pa.Table  #: `BY_DATE`
    pegging: pa.Table  #: `PEGGING`
    days: tuple[float, ...]  #: from the day of asking, at chances 0, 1/200, .. 1; infinite beyond the horizon [d]
    flag: str | None = None  #: in words, what the promise lacks


class Sureness(NamedTuple):
    """The chances of our own distribution at which past promises were in fact kept in 50, 80 and 95 of 100 cases."""

    p50: float = LEVELS[0]
    p80: float = LEVELS[1]
    p95: float = LEVELS[2]


AS_DRAWN = Sureness()


def quantile_days(days: NDArray[np.float64]) -> tuple[float, ...]:
    """The distribution of drawn days, at equal steps of chance."""
    ordered = np.sort(days)
    places = np.minimum((np.linspace(0, 1, _GRID + 1) * len(ordered)).astype(int), len(ordered) - 1)
    return tuple(ordered[places].tolist())


def day_at(days: Sequence[float], level: float, as_of: date) -> date | None:
    """The first whole day by which the share `level` of all cases is done.

    >>> day_at([0.0, 1.2, 2.6], 0.5, date(2026, 5, 4))
    datetime.date(2026, 5, 6)
    """
    at = (
        float(np.interp(level, np.linspace(0, 1, len(days)), days))
        if math.isfinite(days[-1])
        else _stepped(days, level)
    )
    return as_of + timedelta(days=math.ceil(at - 1e-9)) if math.isfinite(at) else None


def chance_by(days: Sequence[float], limit: float) -> float:
    """The chance that all is done within `limit` days [-].

    >>> chance_by([0.0, 1.0, 2.0, 3.0, 4.0], 3.0)
    0.75
    """
    known = [day for day in days if math.isfinite(day)]
    steps = len(days) - 1
    below = int(np.searchsorted(known, limit, side="right")) - 1
    if below < 0:
        return 0.0
    if below >= len(known) - 1:
        return below / steps
    return float(below + (limit - known[below]) / (known[below + 1] - known[below])) / steps


def sureness(outcomes: Sequence[tuple[Promise, date, date]]) -> Sureness:
    """From past promises, at which chance a promise must stand to be kept in 50, 80 and 95 of 100 cases.

    A promise of chance u is kept when its day is not before the day of delivery, that is when u is above
    F(delivery - 1 day): the level is the quantile of those scores, with one more than there are for safety.

    Args:
        outcomes: Promises with the day of asking and the day of delivery, at least 20.

    Source:
        Split conformal prediction: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World (2005), section 2.2.

    Raises:
        RejectedError: there are fewer than 20 outcomes.
    """
    if len(outcomes) < _OUTCOMES:
        raise RejectedError(f"There are {len(outcomes)} kept or broken promises, and {_OUTCOMES} are needed.")
    scores = np.sort([chance_by(one.days, (done - asked).days - 1) for one, asked, done in outcomes])
    levels = [scores[min(math.ceil(level * (len(scores) + 1)), len(scores)) - 1] for level in LEVELS]
    return Sureness(*(min(max(float(one) + 1e-6, 0.01), 0.995) for one in levels))


_OUTCOMES = 20


def dated(days: Sequence[float], as_of: date, sure: Sureness) -> tuple[date | None, date | None, date | None]:
    """The days of 50, 80 and 95 of 100 cases."""
    for level in sure:
        share(level_of_a_promise=level)
    p50, p80, p95 = (day_at(days, level, as_of) for level in sure)
    return p50, p80, p95


def _stepped(days: Sequence[float], level: float) -> float:
    return days[min(math.ceil(level * (len(days) - 1)), len(days) - 1)]
