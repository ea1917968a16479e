"""Shares, percentiles, the validation score and the colours of the figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

Z_95 = 1.959963984540054  #: two-sided 95 % quantile of the normal distribution [-]


class Light(StrEnum):
    """How a figure stands against its thresholds."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


def light(value: float, amber: float, red: float) -> Light:
    """Green below `amber`, red from `red` on.

    >>> light(0.15, 0.1, 0.2).value
    'amber'
    """
    return Light.RED if value >= red else Light.AMBER if value >= amber else Light.GREEN


def worst(lights: Iterable[Light]) -> Light:
    """The worst of them; green when there is none."""
    order = list(Light)
    return max(lights, key=order.index, default=Light.GREEN)


def wilson(passed: int, tried: int, *, z: float = Z_95) -> float:
    """Lower bound of a share of which a sample is known [0..1].

    Args:
        passed: How many of the sample pass.
        tried: Size of the sample; 0 tells nothing, and the bound is 0.
        z: Quantile of the normal distribution, 1.96 for 95 % [-].

    Source:
        Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.

    >>> round(wilson(9, 10), 4), wilson(0, 10)
    (0.5958, 0.0)
    """
    if not passed:
        return 0.0
    share, square = passed / tried, z * z
    middle = share + square / (2 * tried)
    spread = z * math.sqrt(share * (1 - share) / tried + square / (4 * tried * tried))
    return max(0.0, (middle - spread) / (1 + square / tried))


def percentile(ages: Sequence[int], share: float, *, count: int = 0) -> int:
    """The nearest-rank percentile of `count` values, of which those not given are 0.

    Args:
        ages: The values that are not 0, in any order and one unit.
        share: 0 < share <= 1 [-].
        count: How many values there are in all; `len(ages)` when not said.

    Source:
        Hyndman & Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996), definition 1.

    >>> percentile([30, 10, 20], 0.5), percentile([30], 0.5, count=10)
    (20, 0)
    """
    size = max(count, len(ages))
    rank = math.ceil(share * size) - (size - len(ages))
    return sorted(ages)[rank - 1] if rank >= 1 else 0


class Passed(NamedTuple):
    """How many records one check was tried on, and how many passed."""

    weight: float
    hard: bool
    tried: int
    passed: int


def score(checks: Sequence[Passed], *, sampled: bool = False) -> float:
    """h: the weighted share of passed checks [0..1]; 0 when a hard one fails; 1 when there is nothing to check.

    `sampled` takes the Wilson lower bound of each share in place of the share.

    >>> score([Passed(1, False, 10, 10), Passed(3, False, 10, 5)])
    0.625
    >>> score([Passed(1, True, 10, 9)])
    0.0
    """
    if any(one.hard and one.passed < one.tried for one in checks):
        return 0.0
    weights = math.fsum(one.weight for one in checks if one.tried)
    if not weights:
        return 1.0
    shares = [wilson(one.passed, one.tried) if sampled else one.passed / one.tried for one in checks if one.tried]
    return math.fsum(w * s for w, s in zip([one.weight for one in checks if one.tried], shares, strict=True)) / weights


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return math.fsum(values) / len(values) if values else None
