"""Available-to-promise: what stock and coming receipts leave, after everything that others were promised."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from syncline.analytics.supply.bounds import no_negatives, positive
from syncline.analytics.supply.promise import (
    AS_DRAWN,
    BY_DATE,
    PEGGING,
    Promise,
    Sureness,
    chance_by,
    dated,
    likely_days,
)
from syncline.analytics.supply.stock import ON_HAND, OPEN_ORDERS
from syncline.analytics.tables import asked, made
from syncline.errors import RejectedError

DRAWS = 2_000
_HORIZON = 1_500  #: days
_CLOSE = 1e-9


def available_to_promise(  # noqa: PLR0913 - what a promise knows
    product: str,
    qty: float,
    wanted: dt.date,
    *,
    as_of: dt.date,
    stock: pa.Table,
    receipts: pa.Table,
    committed: pa.Table,
    lateness: Sequence[float] | None = None,
    sure: Sureness = AS_DRAWN,
    seed: int = 0,
) -> Promise:
    """The first day on which `qty` more units can go out without breaking what others were promised.

    Available on day t = min over s >= t of (stock + receipts until s - commitments until s): cumulative, so that no
    later commitment is robbed. With `lateness`, each receipt is drawn to come so many days later or earlier.

    Args:
        product: Its rows of the tables count; all others are left aside.
        qty: Wanted [units].
        wanted: The day that the customer asks for.
        as_of: The day of asking.
        stock: `ON_HAND`.
        receipts: `OPEN_ORDERS`; one that is overdue is taken to come today.
        committed: `OPEN_ORDERS`; what others were promised.
        lateness: How many days late past receipts were; without it they are taken to be punctual, and that is flagged.
        sure: Corrects the chances by past promises.
        seed: Of the draws.

    Source:
        Vollmann et al., Manufacturing Planning and Control, 6th ed. (2011), chapter 6: cumulative available-to-promise
        with look-ahead.

    Raises:
        RejectedError: a quantity is negative, or a receipt lies too far ahead.

    >>> table = lambda day, units: pa.table({"item": ["bike"], "period": [dt.date(2026, 5, day)], "qty": [units]})
    >>> stock = pa.table({"item": ["bike"], "qty": [5.0]})
    >>> promise = available_to_promise("bike", 4, dt.date(2026, 5, 6), as_of=dt.date(2026, 5, 4), stock=stock,
    ...     receipts=table(11, 10.0), committed=table(8, 3.0))
    >>> promise.date, promise.flag
    (datetime.date(2026, 5, 11), 'receipts are taken to be punctual')
    """
    positive(quantity=qty)
    on_hand = float(sum(_rows(asked(ON_HAND, stock, name="stock"), product, "stock").column("qty").to_pylist()))
    coming = _events(asked(OPEN_ORDERS, receipts, name="receipts"), product, as_of, "receipts")
    taken = _events(asked(OPEN_ORDERS, committed, name="committed"), product, as_of, "committed")
    left = _left(on_hand, coming, taken, lateness, seed)
    return _promise(_Ask(product, qty, wanted, as_of), left, (coming, taken), sure, punctual=lateness is None)


class _Ask(NamedTuple):
    product: str
    qty: float
    wanted: dt.date
    as_of: dt.date


def _promise(
    ask: _Ask, left: NDArray[np.float64], events: tuple[_Events, _Events], sure: Sureness, *, punctual: bool
) -> Promise:
    product, qty, wanted, as_of = ask
    coming, taken = events
    ready = np.where(left[:, -1] >= qty - _CLOSE, np.argmax(left >= qty - _CLOSE, axis=1), math.inf)
    days = likely_days(ready)
    p50, p80, p95 = dated(days, as_of, sure)
    hangs = float(np.median(ready)) > 0 or left[:, 0].min() < qty - _CLOSE
    unknown = hangs and punctual
    return Promise(
        p80, p50, p80, p95, None if unknown else chance_by(days, (wanted - as_of).days),
        f"receipts of {product}" if hangs else None, _by_date(left, coming, taken, as_of),
        _pegging(product, qty, left, ready), days, _flag(left, qty, unknown=unknown),
    )  # fmt: skip


def _left(
    stock: float, coming: _Events, taken: _Events, lateness: Sequence[float] | None, seed: int
) -> NDArray[np.float64]:
    """Draws x days: what could go out on each day."""
    draws = 1 if lateness is None or not len(coming[0]) else DRAWS
    late = np.zeros((draws, len(coming[0])))
    if draws > 1:
        seen = np.asarray(lateness, float)
        if not len(seen) or not np.isfinite(seen).all():
            raise RejectedError("The lateness of past receipts needs at least one number of days, and no gaps.")
        late = np.random.default_rng(seed).choice(seen, size=late.shape)
    arrive = np.maximum(np.ceil(coming[0][None, :] + late), 0).astype(int)
    horizon = int(max(arrive.max(initial=0), taken[0].max(initial=0))) + 1
    if horizon > _HORIZON:
        raise RejectedError(f"Receipts or commitments lie {horizon} days ahead; at most {_HORIZON} are looked at.")
    flow = np.zeros((draws, horizon))
    np.add.at(flow, (np.arange(draws)[:, None], arrive), coming[1][None, :])
    flow -= np.bincount(taken[0].astype(int), taken[1], horizon)
    balance = stock + np.cumsum(flow, axis=1)
    return np.minimum.accumulate(balance[:, ::-1], axis=1)[:, ::-1]


_Events = tuple[NDArray[np.float64], NDArray[np.float64]]  # days from as_of, units


def _events(table: pa.Table, product: str, as_of: dt.date, name: str) -> _Events:
    rows = _rows(table, product, name)
    days = np.array([(day - as_of).days for day in rows.column("period").to_pylist()], float)
    return np.maximum(days, 0), np.asarray(rows.column("qty").to_numpy(), float)


def _rows(table: pa.Table, product: str, name: str) -> pa.Table:
    return no_negatives(table.filter(pc.equal(table.column("item"), product)), ["qty"], name=name)


def _by_date(left: NDArray[np.float64], coming: _Events, taken: _Events, as_of: dt.date) -> pa.Table:
    """On the days on which something changes: what 80 of 100 cases leave."""
    days = sorted({0, *(int(day) for events in (coming, taken) for day in events[0])})
    units = [float(np.quantile(left[:, day], 0.2, method="lower")) for day in days]
    return made(BY_DATE, {"date": [as_of + dt.timedelta(days=day) for day in days], "qty": np.maximum(units, 0)})


def _pegging(product: str, qty: float, left: NDArray[np.float64], ready: NDArray[np.float64]) -> pa.Table:
    at_once = float(np.clip(left[:, 0].min(), 0, qty))
    there = float(np.clip(np.median(left[:, -1]), at_once, qty))
    middle = float(np.median(ready))
    return made(PEGGING, {
        "item": [product], "gross": [qty], "from_stock": [at_once], "from_receipts": [there - at_once],
        "net": [qty - there], "source": ["stock" if at_once >= qty else "stock and receipts"],
        "ready_p50": [middle if math.isfinite(middle) else None], "critical": [1.0],
    })  # fmt: skip


def _flag(left: NDArray[np.float64], qty: float, *, unknown: bool) -> str | None:
    most = float(np.median(left[:, -1]))
    if most < qty - _CLOSE:
        return f"only {max(most, 0):.6g} of {qty:.6g} units are in sight"
    return "receipts are taken to be punctual" if unknown else None
