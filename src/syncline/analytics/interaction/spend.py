"""What customers spend in one purchase: the Gamma-Gamma model, which believes a mean the more, the more it is made of.

A purchase is gamma(p, nu) around the customer's own level, and nu is gamma(q, v) among customers. Spending must not
hang on how often one buys; where it does, groups of customers that buy about as often are fitted apart.

Source:
    Fader & Hardie, The Gamma-Gamma model of monetary value (2013), equations 1a and 3; Fader, Hardie & Lee, RFM and
    CLV, Journal of Marketing Research 42 (2005) 415-430.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import special

from syncline.analytics.interaction.lowest import downhill
from syncline.analytics.interaction.purchases import Floats

FEWEST = 30  #: customers with a repeat
MOST_CORRELATED = 0.3  #: of repeats and mean amount; from here on customers are grouped
_GROUPS = (1.0, 2.0, 5.0, np.inf)  #: repeats; each group goes up to the next one
_BOUND = 15.0  #: of the logarithms of parameters
_LEAST_Q = 1.01  #: below it the mean level of a customer does not exist


class Spending(NamedTuple):
    """A fitted model of the amount of one purchase."""

    p: float
    q: float
    v: float  #: money

    def expected(self, repeats: Floats, value: Floats) -> Floats:
        """The mean amount of a customer's purchases [money]: between the mean of all and their own (equation 3).

        >>> Spending(6.25, 3.74, 15.44).expected(np.array([0.0, 2.0]), np.array([0.0, 22.35])).round(2).tolist()
        [35.22, 24.66]
        """
        q = max(self.q, _LEAST_Q)
        return np.asarray(self.p * (self.v + repeats * value) / (self.p * repeats + q - 1), dtype=np.float64)


class Spent(NamedTuple):
    """The mean amount of one purchase of each customer [money], and what is to be said of it."""

    value: Floats
    models: tuple[Spending, ...]  #: one, or one for each group
    correlation: float  #: of repeats and mean amount
    flag: str


def spent(repeats: Floats, value: Floats, first: Floats) -> Spent:
    """What each customer will spend in one purchase.

    Args:
        repeats: Purchases after the first one.
        value: Their mean amount [money].
        first: The amount of the first purchase [money]: where too few came back, all that is known.
    """
    again = (repeats > 0) & (value > 0)
    correlation = _correlation(repeats[again], value[again])
    if np.sum(again) < FEWEST:
        some = first[first > 0]
        mean = float(np.mean(some)) if len(some) else 0.0
        said = f"Fewer than {FEWEST} customers bought again: all are taken to spend the mean of first purchases."
        return Spent(np.full(len(repeats), mean), (), correlation, said)
    whole = fitted(repeats[again], value[again])
    if abs(correlation) < MOST_CORRELATED:
        return Spent(whole.expected(repeats, value), (whole,), correlation, "")
    expected, models = whole.expected(repeats, value), []
    for low, high in pairwise(_GROUPS):
        group = again & (repeats >= low) & (repeats < high)
        if np.sum(group) >= FEWEST:
            models.append(fitted(repeats[group], value[group]))
            expected[group] = models[-1].expected(repeats[group], value[group])
    said = f"Who buys oftener spends otherwise (correlation {correlation:.2f}): alike frequencies are fitted apart."
    return Spent(expected, tuple(models) or (whole,), correlation, said)


def fitted(repeats: Floats, value: Floats) -> Spending:
    """The model that makes these means likeliest; customers with a repeat and an amount above 0."""
    scale = float(np.median(value))
    z = value / scale

    def cost(logs: Floats) -> float:
        p, q, v = np.exp(np.clip(logs, -_BOUND, _BOUND))
        px = p * repeats
        told = special.gammaln(px + q) - special.gammaln(px) - special.gammaln(q) + q * np.log(v)
        told += (px - 1) * np.log(z) + px * np.log(repeats) - (px + q) * np.log(repeats * z + v)
        return -float(np.sum(told)) / len(z)

    starts = (np.array([0.0, 1.0, 0.0]), np.array([2.0, 1.0, -1.0]))
    best = min((downhill(cost, start) for start in starts), key=lambda found: found.cost)
    p, q, v = np.exp(np.clip(best.at, -_BOUND, _BOUND))
    return Spending(float(p), float(q), float(v * scale))


def _correlation(a: Floats, b: Floats) -> float:
    """Pearson's; 0 where nothing varies."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:  # noqa: PLR2004  two points are always on a line
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
