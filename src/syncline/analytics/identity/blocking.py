"""Which people are worth a comparison: those who share a field, or two, whose values are held by few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from syncline.analytics.identity.likeness import Places

Rule = tuple[str, ...]  #: fields that must be equal
Columns = Mapping[str, Sequence[str | None]]

_BUDGET = 30  #: comparisons for each record that one rule may cost
_MOST = 16  #: rules


def block_rules(left: Columns, right: Columns | None) -> list[Rule]:
    """The fields, then the pairs of fields, that find candidates within the budget; the cheapest first.

    Args:
        left: Field -> comparable value per row, None where there is none.
        right: The same of the other table; None: pairs within the left one.

    >>> block_rules({"mail": ["a", "b", "c"], "land": ["x", "x", None]}, {"mail": ["b", "c", "d"], "land": ["x"] * 3})
    [('mail',), ('land',)]
    """
    codes = {field: _codes(values, right[field] if right else None) for field, values in left.items()}
    rows = sum(len(side) for side in next(iter(codes.values())))
    most = _BUDGET * rows
    alone: dict[Rule, int] = {(field,): cost for field, code in codes.items() if 0 < (cost := _cost(code)) <= most}
    rest = [field for field in codes if (field,) not in alone]
    both: dict[Rule, int] = {
        (a, b): cost for a, b in combinations(rest, 2) if 0 < (cost := _cost(_joined(codes[a], codes[b]))) <= most
    }
    return [*_cheapest(alone), *_cheapest(both)][:_MOST]


def _cheapest(rules: Mapping[Rule, int]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (rules[rule], rule))


def _codes(left: Sequence[str | None], right: Sequence[str | None] | None) -> tuple[Places, ...]:
    known: dict[str, int] = {}
    sides = [left] if right is None else [left, right]
    return tuple(
        np.array([-1 if value is None else known.setdefault(value, len(known)) for value in side], dtype=np.int64)
        for side in sides
    )


def _joined(a: tuple[Places, ...], b: tuple[Places, ...]) -> tuple[Places, ...]:
    wide = max((int(side.max(initial=0)) for side in b), default=0) + 1
    return tuple(np.where((x < 0) | (y < 0), -1, x * wide + y) for x, y in zip(a, b, strict=True))


def _cost(sides: tuple[Places, ...]) -> int:
    """Comparisons of all pairs with equal codes."""
    counted = [np.unique(side[side >= 0], return_counts=True) for side in sides]
    if len(counted) == 1:
        counts = counted[0][1].astype(np.float64)
        return int(np.sum(counts * (counts - 1) / 2))
    (first, mine), (second, theirs) = counted
    _, a, b = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    return int(np.sum(mine[a].astype(np.float64) * theirs[b]))
