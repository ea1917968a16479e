"""The short way of a converter: a whole column of plain values at once, in a few calls instead of some for each value.

A short way answers None where it is not sure of every value; then each is converted by itself. What it answers is what
the converter's step makes of each value: tests hold it to that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import repeat

from syncline.mapping.values import HALF_UP, Column, ShortWay

_SIMPLE_NUMBERS = re.compile(r"(?:-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,39})?\n)++", re.ASCII)
_PLAIN_PLACES = 6  #: up to here a rounded decimal is spelt without an exponent


def lines_of(values: Column) -> str | None:
    """Texts of plain characters, each on a line of its own; None where one is no text or has lines itself."""
    try:
        text = "\n".join(values)  # type: ignore[arg-type]  # TypeError tells what is no text
    except TypeError:
        return None
    return text if text.isascii() and text.count("\n") == len(values) - 1 else None


def kept_where(pattern: str) -> ShortWay:
    """For a step that changes nothing where each value has this form: the column as it is."""
    matches = re.compile(f"(?:(?:{pattern})\n)++", re.ASCII).fullmatch

    def short(values: Column) -> Column | None:
        text = lines_of(values)
        return None if text is None or not matches(f"{text}\n") else values

    return short


def lowered(values: Column) -> Column | None:
    """Texts without outer spaces, in small letters."""
    text = lines_of(values)
    return None if text is None else [*map(str.strip, text.lower().split("\n"))]


def canonical_numbers(values: Column) -> Column | None:
    """Simple numbers in their canonical spelling."""
    text = lines_of(values)
    if text is None or not _SIMPLE_NUMBERS.fullmatch(f"{text}\n"):
        return None
    made = [one.rstrip("0").rstrip(".") if "." in one else one for one in text.split("\n")]
    return ["0" if one == "-0" else one for one in made] if "-0" in made else [*made]


def multiplied(factor: Decimal, places: int, multiply: Callable[[Decimal, Decimal], Decimal]) -> ShortWay | None:
    """Simple numbers times a short factor, rounded half-up to so many places, in canonical spelling."""
    if places > _PLAIN_PLACES:
        return None
    smallest = Decimal(1).scaleb(-places)

    def short(values: Column) -> Column | None:
        text = lines_of(values)
        if text is None or not _SIMPLE_NUMBERS.fullmatch(f"{text}\n"):
            return None
        products = map(multiply, map(Decimal, text.split("\n")), repeat(factor))
        spelt = map(str, map(HALF_UP.quantize, products, repeat(smallest)))
        made = [one.rstrip("0").rstrip(".") for one in spelt] if places else list(spelt)
        return ["0" if one == "-0" else one for one in made] if "-0" in made else [*made]

    return short


def padded(places: int) -> ShortWay | None:
    """Numbers that are not negative and have no more than so many places, with zeros up to them."""
    if not places:
        return None
    matches = re.compile(rf"(?:(?:0|[1-9][0-9]{{0,39}})(?:\.[0-9]{{1,{places}}})?\n)++", re.ASCII).fullmatch
    point, zeros = -places - 1, "0" * places

    def fill(value: str) -> str:
        whole, _, part = value.partition(".")
        return f"{whole}.{part}{zeros[len(part) :]}"

    def short(values: Column) -> Column | None:
        text = lines_of(values)
        if text is None or not matches(f"{text}\n"):
            return None
        return [one if one[point : point + 1] == "." else fill(one) for one in text.split("\n")]

    return short
