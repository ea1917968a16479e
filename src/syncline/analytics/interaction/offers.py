"""What is offered for each open opportunity: products, price and date that stock, capacity and margin allow.

Opportunities are served by what they are expected to bring, so that scarce stock goes where it earns most and is not
promised twice; each then has its products, best first.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa

from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError

OPPORTUNITIES = Layout(
    row="one open opportunity",
    columns=(
        Column("opportunity", pa.string(), available_at=ALWAYS),
        Column("customer", pa.string(), available_at=ALWAYS),
        Column("product", pa.string(), available_at=ALWAYS),  # that the customer asked for
        Column("qty", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("due", pa.date32(), available_at=ALWAYS),
        Column("p_win", pa.float64()),  # 0..1
    ),
)
SUPPLY = Layout(
    row="one product",
    columns=(
        Column("product", pa.string(), available_at=ALWAYS),
        Column("price", pa.float64(), unit="money", available_at=ALWAYS),  # of one unit, agreed or from the list
        Column("cost", pa.float64(), unit="money"),  # of one unit
        Column("available", pa.float64(), unit="unit"),  # that can be promised now
        Column("from_stock", pa.date32()),  # the day on which those can be there
        Column("makeable", pa.float64(), unit="unit"),  # further units that material and capacity allow
        Column("from_making", pa.date32(), nullable=True),  # the day on which those can be there
    ),
)
SUBSTITUTES = Layout(
    row="one product that can stand in for another",
    columns=(
        Column("product", pa.string(), available_at=ALWAYS),
        Column("instead", pa.string(), available_at=ALWAYS),
        Column("fit", pa.float64()),  # 0..1, by which the chance to win is multiplied
    ),
)
OFFERS = Layout(
    row="one product for one opportunity",
    columns=(
        Column("opportunity", pa.string()),
        Column("customer", pa.string()),
        Column("rank", pa.int64()),
        Column("product", pa.string()),
        Column("qty", pa.float64(), unit="unit"),
        Column("price", pa.float64(), unit="money"),
        Column("promise_date", pa.date32()),
        Column("on_time", pa.bool_()),
        Column("expected_margin", pa.float64(), unit="money"),
        Column("reserved", pa.bool_()),  # the quantity is kept for this opportunity in this plan
        Column("why", pa.string()),
    ),
)
_DAYS_A_WEEK = 7
_LATE_A_WEEK = 0.8  #: what a week of lateness leaves of the chance to win


class _Asked(NamedTuple):
    opportunity: str
    customer: str
    product: str
    qty: float
    due: date
    p_win: float


class _Supplied(NamedTuple):
    product: str
    price: float
    cost: float
    available: float
    from_stock: date
    makeable: float
    from_making: date | None


class _Offer(NamedTuple):
    product: str
    qty: float
    price: float
    day: date
    margin: float  #: expected
    why: str


def sales_matching(
    opportunities: pa.Table,
    supply: pa.Table,
    substitutes: pa.Table | None = None,
    *,
    least_margin: float = 0.0,
    late_a_week: float = _LATE_A_WEEK,
) -> pa.Table:
    """For each opportunity what can be offered, best first, by expected margin [money].

    expected margin = p_win x fit x late_a_week^(weeks late) x (price - cost) x qty. Stock is given before what must be
    made; a promise is the day on which all of the quantity can be there. The best offer of each opportunity is
    reserved, the opportunities in the order of what their best offer brings.

    Args:
        opportunities: As `OPPORTUNITIES`.
        supply: As `SUPPLY`.
        substitutes: As `SUBSTITUTES`, or None: only what was asked for.
        least_margin: Share of the price below which nothing is offered.
        late_a_week: What a week of lateness leaves of the chance to win, 0..1.

    Raises:
        SetupError, RejectedError: a column is missing; a figure makes no sense, or something is there twice.

    >>> day, late = date(2026, 3, 2), date(2026, 3, 16)
    >>> asked_for = pa.table({"opportunity": ["o1", "o2"], "customer": ["a", "b"], "product": ["bike", "bike"],
    ...     "qty": [4.0, 4.0], "due": [day, day], "p_win": [0.5, 0.9]})
    >>> there = pa.table({"product": ["bike"], "price": [100.0], "cost": [60.0], "available": [5.0],
    ...     "from_stock": [day], "makeable": [10.0], "from_making": [late]})
    >>> [(row["opportunity"], str(row["promise_date"]), round(row["expected_margin"], 1))
    ...  for row in sales_matching(asked_for, there).to_pylist()]
    [('o2', '2026-03-02', 144.0), ('o1', '2026-03-16', 51.2)]
    """
    asked_for = [_Asked(*row) for row in _rows(asked(OPPORTUNITIES, opportunities, name="opportunities"))]
    there = {one.product: one for one in (_Supplied(*row) for row in _rows(asked(SUPPLY, supply, name="supply")))}
    _check(asked_for, there, len(supply), late_a_week)
    fits: dict[str, dict[str, float]] = defaultdict(dict)
    for product, instead, fit in _rows(asked(SUBSTITUTES, substitutes, name="substitutes")) if substitutes else ():
        fits[product][instead] = min(max(fit, 0.0), 1.0)

    def offers(one: _Asked) -> list[_Offer]:
        return _offers(one, there, fits[one.product], least_margin, late_a_week)

    told = []
    for one in _served(asked_for, offers):
        found = offers(one)
        told += [(one, rank + 1, offer) for rank, offer in enumerate(found)]
        if found:
            there[found[0].product] = _less(there[found[0].product], found[0].qty)
    return _table(told)


def _served(asked_for: Sequence[_Asked], offers: Callable[[_Asked], list[_Offer]]) -> Iterator[_Asked]:
    """The opportunities, the one that brings most first. What one takes makes no other better, so few are looked at."""

    def entry(one: _Asked) -> tuple[float, str, _Asked]:
        found = offers(one)
        return (-found[0].margin if found else 0.0), one.opportunity, one

    heap = [entry(one) for one in asked_for]
    heapq.heapify(heap)
    while heap:
        one = heapq.heappop(heap)[2]
        now = entry(one)
        if heap and now[:2] > heap[0][:2]:
            heapq.heappush(heap, now)
        else:
            yield one


def _offers(
    one: _Asked, there: Mapping[str, _Supplied], fits: Mapping[str, float], least_margin: float, late_a_week: float
) -> list[_Offer]:
    """What can be offered now, best first."""
    found = []
    for product, fit in {**fits, one.product: 1.0}.items():
        supplied = there.get(product)
        day = _day(supplied, one.qty) if supplied else None
        if supplied is None or day is None or fit <= 0:
            continue
        earned = supplied.price - supplied.cost
        if earned <= 0 or earned < least_margin * supplied.price:
            continue
        late = max(0, (day - one.due).days)
        p = one.p_win * fit * late_a_week ** (late / _DAYS_A_WEEK)
        why = f"{p:.0%} to win {earned * one.qty:.2f}"
        why += f", {late} days late" if late else ", on time"
        why += f", instead of {one.product}" if product != one.product else ""
        found.append(_Offer(product, one.qty, supplied.price, day, p * earned * one.qty, why))
    return sorted(found, key=lambda offer: (-offer.margin, offer.day, offer.product))


def _day(supplied: _Supplied, qty: float) -> date | None:
    """On which so many can be there; None: never."""
    if qty <= supplied.available:
        return supplied.from_stock
    if supplied.from_making is None or qty > supplied.available + supplied.makeable:
        return None
    return max(supplied.from_making, supplied.from_stock) if supplied.available > 0 else supplied.from_making


def _less(supplied: _Supplied, qty: float) -> _Supplied:
    from_stock = min(qty, supplied.available)
    return supplied._replace(available=supplied.available - from_stock, makeable=supplied.makeable - (qty - from_stock))


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _check(asked_for: Sequence[_Asked], there: Mapping[str, _Supplied], rows: int, late_a_week: float) -> None:
    if len({one.opportunity for one in asked_for}) != len(asked_for):
        raise RejectedError("An opportunity is there twice.", cure="Give one row for each.")
    if len(there) != rows:
        raise RejectedError("A product is in the supply twice.", cure="Add its rows up first.")
    if not 0 <= late_a_week <= 1:
        raise RejectedError(f"A week of lateness cannot leave {late_a_week} of a chance.", cure="Take 0 to 1.")
    for one in asked_for:
        if one.qty <= 0 or not 0 <= one.p_win <= 1:
            raise RejectedError(
                f"The opportunity {one.opportunity} asks for {one.qty:g} units at a chance of {one.p_win:g}.",
                cure="A quantity is above 0, a chance from 0 to 1.",
            )
    for supplied in there.values():
        if supplied.available < 0 or supplied.makeable < 0:
            raise RejectedError(f"The supply of {supplied.product} is below 0.", cure="Write 0 where there is none.")


def _table(told: Sequence[tuple[_Asked, int, _Offer]]) -> pa.Table:
    columns = {
        "opportunity": [one.opportunity for one, _, _ in told],
        "customer": [one.customer for one, _, _ in told],
        "rank": [rank for _, rank, _ in told],
        "product": [offer.product for _, _, offer in told],
        "qty": [offer.qty for _, _, offer in told],
        "price": [offer.price for _, _, offer in told],
        "promise_date": [offer.day for _, _, offer in told],
        "on_time": [offer.day <= one.due for one, _, offer in told],
        "expected_margin": [offer.margin for _, _, offer in told],
        "reserved": [rank == 1 for _, rank, _ in told],
        "why": [offer.why for _, _, offer in told],
    }
    return made(OFFERS, {one.name: pa.array(columns[one.name], one.type) for one in OFFERS.columns})
