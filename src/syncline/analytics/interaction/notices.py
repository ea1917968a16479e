"""Telling customers of a new date: once for each change, with its cause, and not at night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pyarrow as pa

from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError

ORDERS = Layout(
    row="one open order",
    columns=(
        Column("customer", pa.string(), available_at=ALWAYS),
        Column("order", pa.string(), available_at=ALWAYS),
        Column("promise_date", pa.date32(), available_at=ALWAYS),  # that the customer was told at first
        Column("zone", pa.string(), available_at=ALWAYS, nullable=True),  # of the customer, Europe/Berlin; null: UTC
    ),
)
PROMISES = Layout(
    row="the date that one order is expected on now",
    columns=(
        Column("order", pa.string(), available_at=ALWAYS),
        Column("promise_date", pa.date32()),
        Column("confidence", pa.float64()),  # 0..1, that the date holds
        Column("system", pa.string()),  # that knows the cause
        Column("object", pa.string()),  # the cause there: purchase order PO-7, work centre WC-2
    ),
)
NOTICES = Layout(
    row="one notice to one customer",
    columns=(
        Column("id", pa.string()),  # the same for the same change
        Column("customer", pa.string()),
        Column("order", pa.string()),
        Column("old", pa.date32()),
        Column("new", pa.date32()),
        Column("days", pa.int64(), unit="d"),  # later; below 0: earlier
        Column("system", pa.string()),
        Column("object", pa.string()),
        Column("confidence", pa.float64()),
        Column("text_key", pa.string()),  # delay_notice.later or delay_notice.earlier
        Column("send_at", pa.timestamp("us", tz="UTC")),
    ),
)
_MOST_DAYS = 3650


class NoticePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What is told, and in which hours of the customer's own day nothing is sent; equal hours mean none."""

    threshold_days: int = 1  #: the least shift that is told [d], at least 1
    conf: float = 0.8  #: the least confidence of a date that is told, 0..1
    quiet_from: time = time(20)
    quiet_until: time = time(8)


def delay_notices(
    orders: pa.Table,
    promise_dates_new: pa.Table,
    now: datetime,
    *,
    told: pa.Table | None = None,
    policy: NoticePolicy = NoticePolicy(),  # noqa: B008  frozen
) -> pa.Table:
    """The notices that are due: each order whose date has moved from what its customer was last told.

    With its own result among `told` it gives nothing: a change is told once.

    Args:
        orders: As `ORDERS`.
        promise_dates_new: As `PROMISES`; orders that are not among them are not looked at.
        now: The instant of the decision, with a time zone.
        told: Earlier notices as `NOTICES`, oldest first; the last one of an order is what its customer knows.
        policy: What is told, and when.

    Raises:
        SetupError: a column is missing.
        RejectedError: an order is there twice, a zone is unknown, or an argument is out of range.

    >>> orders = pa.table(
    ...     {"customer": ["c"], "order": ["7"], "promise_date": [date(2026, 3, 2)], "zone": ["Asia/Tokyo"]})
    >>> new = pa.table({"order": ["7"], "promise_date": [date(2026, 3, 9)], "confidence": [0.9], "system": ["erp"],
    ...                 "object": ["PO-12"]})
    >>> due = delay_notices(orders, new, datetime(2026, 2, 20, 14, tzinfo=UTC))
    >>> [(row["order"], row["days"], row["object"], str(row["send_at"])) for row in due.to_pylist()]
    [('7', 7, 'PO-12', '2026-02-20 23:00:00+00:00')]
    >>> delay_notices(orders, new, datetime(2026, 2, 21, 14, tzinfo=UTC), told=due).num_rows
    0
    """
    _check(now, policy)
    before = list(map(_Order._make, _rows(asked(ORDERS, orders, name="orders"))))
    after = list(map(_Promise._make, _rows(asked(PROMISES, promise_dates_new, name="promises"))))
    open_orders = _once(before, "orders")
    known, times = _last_told(told)
    due = []
    for promise in _once(after, "promises").values():
        order = open_orders.get(promise.order)
        if order and promise.confidence >= policy.conf:
            old = known.get(order.order, order.promise_date)
            if abs((promise.promise_date - old).days) >= policy.threshold_days:
                due.append(_notice(order, promise, old, times[order.order], _awake(now, order, policy)))
    return _table(due)


class _Order(NamedTuple):
    customer: str
    order: str
    promise_date: date
    zone: str | None


class _Promise(NamedTuple):
    order: str
    promise_date: date
    confidence: float
    system: str
    object: str


_Row = TypeVar("_Row", _Order, _Promise)
_Notice = tuple[str, str, str, date, date, int, str, str, float, str, datetime]


def _table(due: list[_Notice]) -> pa.Table:
    """The longest delays first."""
    due.sort(key=lambda row: (-row[5], row[2]))
    columns = list(zip(*due, strict=True)) if due else [()] * len(NOTICES.columns)
    return made(
        NOTICES,
        {one.name: pa.array(column, one.type) for one, column in zip(NOTICES.columns, columns, strict=True)},
    )


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _last_told(told: pa.Table | None) -> tuple[dict[str, date], Counter[str]]:
    """What each order's customer was last told, and how often they were told anything."""
    if told is None:
        return {}, Counter()
    table = asked(NOTICES, told, name="told")
    orders = table.column("order").to_pylist()
    return dict(zip(orders, table.column("new").to_pylist(), strict=True)), Counter(orders)


def _once(rows: Sequence[_Row], name: str) -> dict[str, _Row]:
    found = {one.order: one for one in rows}
    if len(found) != len(rows):
        twice = next(one for one, count in Counter(one.order for one in rows).items() if count > 1)
        raise RejectedError(f"The order {twice} is in {name} twice.", cure="Give its last date alone.")
    return found


def _notice(order: _Order, promise: _Promise, old: date, times: int, send_at: datetime) -> _Notice:
    days = (promise.promise_date - old).days
    change = (order.customer, order.order, old.isoformat(), promise.promise_date.isoformat(), str(times))
    text = "\x1f".join(change)
    name = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    key = "delay_notice.later" if days > 0 else "delay_notice.earlier"
    said = (promise.system, promise.object, promise.confidence, key, send_at)
    return (name, order.customer, order.order, old, promise.promise_date, days, *said)


def _awake(now: datetime, order: _Order, policy: NoticePolicy) -> datetime:
    """Now, or when the customer's quiet hours end."""
    try:
        zone = ZoneInfo(order.zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RejectedError(
            f"The time zone {order.zone} of the order {order.order} is unknown.",
            cure="Write one such as Europe/Berlin.",
        ) from error
    there = now.astimezone(zone)
    clock = there.time().replace(tzinfo=None)
    begin, end = policy.quiet_from, policy.quiet_until
    silent = begin <= clock < end if begin <= end else clock >= begin or clock < end
    if not silent:
        return now.astimezone(UTC)
    day = there.date() + timedelta(days=1 if clock >= end else 0)
    return datetime.combine(day, end, zone).astimezone(UTC)


def _check(now: datetime, policy: NoticePolicy) -> None:
    if now.tzinfo is None:
        raise RejectedError("The instant of the decision has no time zone.", cure="Give it in UTC.")
    if not 1 <= policy.threshold_days <= _MOST_DAYS or not 0 <= policy.conf <= 1:
        raise RejectedError(
            f"A threshold of {policy.threshold_days} days at a confidence of {policy.conf} is out of range.",
            cure="Take 1 day or more, and a confidence from 0 to 1.",
        )
