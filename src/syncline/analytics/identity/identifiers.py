"""Exact identifiers: equal tax or trade item numbers prove that two records are one, different ones the contrary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from syncline.analytics.identity.likeness import Near
from syncline.analytics.identity.records import IdentityConfig, Pair, Part, Side
from syncline.matching.words import normalise
from syncline.model.identifiers import gtin
from syncline.model.vat import vat

_CHECKS: Mapping[str, Callable[[str], str]] = {"gtin": gtin, "vat": vat, "number": normalise}
_MOST = 100  #: records of one side that share a number; above it the number is a placeholder, and says nothing

Numbers = Mapping[str, Sequence[str]]  #: verified field -> number per row, "" where there is none that holds


def numbers_of(side: Side, config: IdentityConfig) -> Numbers:
    """The verified numbers in one spelling; what fails its own check digits is no evidence and left out.

    >>> side = Side("products", ["1", "2"], {"ean": ["4 006381 333931", "4006381333932"]})
    >>> numbers_of(side, IdentityConfig(fields=("name",), verified={"ean": "gtin"}))
    {'ean': ['4006381333931', '']}
    """
    found = {}
    for field, kind in config.verified.items():
        texts = side.texts[field]
        spelt = {text: _spelt(_CHECKS[kind], text) for text in set(texts)}
        found[field] = [spelt[text] for text in texts]
    return found


def _spelt(check: Callable[[str], str], text: str) -> str:
    if not text.strip():
        return ""
    try:
        return check(text)
    except ValueError:
        return ""


def proven(left: Side, right: Side, numbers: tuple[Numbers, Numbers], *, same: bool) -> Iterator[Pair]:
    """Pairs with an equal number that no other number contradicts; p = 1/n where one of them fits n others."""
    for field in numbers[0]:
        mine, theirs = _rows(numbers[0][field]), _rows(numbers[1][field])
        for number, rows in mine.items():
            others = theirs.get(number, [])
            if len(rows) > _MOST or len(others) > _MOST:
                continue
            choices = 1 if same else max(len(rows), len(others))
            for a in rows:
                for b in others:
                    if (not same or a < b) and not excluded(numbers, a, b):
                        why = f"{field} {number} is equal" + (f", as in {choices} records" if choices > 1 else "")
                        part = Part(field, left.texts[field][a], right.texts[field][b], 1.0)
                        yield Pair(a, b, 1 / choices, "identifier", why, (part,))


def excluded(numbers: tuple[Numbers, Numbers], a: int, b: int) -> str:
    """The verified field in which two records have different numbers, "" when there is none."""
    for field, mine in numbers[0].items():
        theirs = numbers[1][field][b]
        if mine[a] and theirs and mine[a] != theirs:
            return field
    return ""


def possible(pairs: Near, numbers: tuple[Numbers, Numbers]) -> Near:
    """The candidates without those that different numbers exclude."""
    keep = np.ones(len(pairs.left), dtype=bool)
    for field, mine in numbers[0].items():
        code: dict[str, int] = {"": 0}
        a, b = (
            np.array([code.setdefault(number, len(code)) for number in side], dtype=np.int64)[rows]
            for side, rows in ((mine, pairs.left), (numbers[1][field], pairs.right))
        )
        keep &= (a == 0) | (b == 0) | (a == b)
    return Near(pairs.left[keep], pairs.right[keep], pairs.cosine[keep])


def _rows(numbers: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row, number in enumerate(numbers):
        if number:
            found[number].append(row)
    return found
