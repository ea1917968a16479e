"""The sales of the seed, the same in every application that knows of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from syncline.sandbox.companies import Population

_FIRST_DAY = date(2023, 10, 1)
DAYS = 730


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """One line of a sale."""

    product: int  #: number of the good
    quantity: int
    discount: str  #: [%]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """The truth about one sale."""

    number: str  #: the CRM's
    ordered_on: date
    customer: int  #: number of the company
    lines: tuple[Sold, ...]
    status: str


def sale(population: Population, products: int, number: int, day: int) -> Sale:
    """Assemble sale `number` of a seed, on this day of the two years."""
    draw = random.Random(f"{population.seed}:order:{number}")
    ordered_on = _FIRST_DAY + timedelta(days=day)
    lines = tuple(_sold(draw, products) for _ in range(draw.randint(1, 4)))
    return Sale(
        number=f"O-{ordered_on:%Y}-{number + 1:06d}",
        ordered_on=ordered_on,
        customer=draw.randrange(population.size),
        lines=lines,
        status=draw.choice(("open", "confirmed", "confirmed", "confirmed")),
    )


def _sold(draw: random.Random, products: int) -> Sold:
    return Sold(
        product=int(products * draw.random() ** 2),  # a few goods make most of the sales
        quantity=draw.randint(1, 40),
        discount=draw.choice(("0.00", "0.00", "0.00", "5.00")),
    )
