"""How often customers will come back: BG/NBD, and NBD where nobody can be seen to leave.

While a customer is alive purchases come at a rate of their own, gamma(r, alpha) among customers [1/week]; after each
one the customer leaves with a probability of their own, beta(a, b). Equal customers are computed once.

Source:
    Fader, Hardie & Lee, "Counting your customers" the easy way: an alternative to the Pareto/NBD model, Marketing
    Science 24 (2005) 275-284, equations 6, 7 and 10; NBD: Ehrenberg, Applied Statistics 8 (1959) 26-41.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special

from syncline.analytics.interaction.lowest import Lowest, downhill
from syncline.analytics.interaction.purchases import Floats, Places, Summary
from syncline.errors import RejectedError

FEWEST = 30  #: customers with a repeat; with fewer nothing is fitted
LEAST_LEAVING = 0.01  #: a mean probability of leaving below it cannot be told from nobody leaving
_BOUND = 12.0  #: of the logarithms of parameters
_FLAT = 1e-9  #: an eigenvalue of the information below this share of the largest one: a parameter is free


class Counted(NamedTuple):
    """Unlike customers, with how many there are of each."""

    repeats: Floats
    recency: Floats  #: weeks
    age: Floats  #: weeks
    many: Floats
    back: Places  #: for each customer its place here


class Repeating(NamedTuple):
    """A fitted model of repeat buying; without dropout `a` and `b` are 0."""

    r: float
    alpha: float  #: weeks
    a: float
    b: float
    loglik: float
    degenerate: bool  #: nobody can be seen to leave: there is no probability of being alive

    def expected(self, counted: Counted, weeks: float) -> Floats:
        """Purchases of each in the next weeks, given its past (equation 10, after Euler's transformation).

        >>> one = Counted(*(np.array([value]) for value in (2.0, 30.43, 38.86, 1.0)), np.array([0]))
        >>> Repeating(0.2426, 4.4136, 0.7930, 2.4260, 0.0, False).expected(one, 39.0).round(3).tolist()
        [1.226]
        """
        x, age = counted.repeats, counted.age
        if self.degenerate:
            return np.asarray(weeks * (self.r + x) / (self.alpha + age), dtype=np.float64)
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6  # noqa: PLR2004  the limit is smooth, the formula is not
        z = weeks / (self.alpha + age + weeks)
        rest = (1 - z) ** (a - 1) * special.hyp2f1(a + self.b - 1 - self.r, a - 1, a + self.b + x - 1, z)
        expected = (a + self.b + x - 1) / (a - 1) * (1 - rest) * self.alive(counted)
        return np.asarray(np.maximum(expected, 0.0), dtype=np.float64)

    def alive(self, counted: Counted) -> Floats:
        """The probability of each to buy ever again, 0..1; 1 where nobody can be seen to leave."""
        x = counted.repeats
        if self.degenerate:
            return np.ones_like(x)
        ratio = np.log((self.alpha + counted.age) / (self.alpha + counted.recency)) * (self.r + x)
        left = np.where(x > 0, np.log(self.a) - np.log(self.b + np.maximum(x, 1) - 1) + ratio, -np.inf)
        return np.asarray(special.expit(-left), dtype=np.float64)


def counted(summary: Summary) -> Counted:
    """Equal customers put together."""
    rows = np.column_stack([summary.repeats, summary.recency, summary.age])
    unlike, back, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    return Counted(unlike[:, 0], unlike[:, 1], unlike[:, 2], count.astype(np.float64), back.reshape(-1))


def fitted(customers: Counted) -> Repeating:
    """The model that makes these histories likeliest; NBD where BG/NBD cannot see anybody leave.

    Raises:
        RejectedError: fewer than `FEWEST` customers came back.
    """
    again = float(np.sum(customers.many[customers.repeats > 0]))
    if again < FEWEST:
        raise RejectedError(
            f"{again:.0f} customers bought again, and {FEWEST} are needed to say how often customers come back.",
            cure="Take a longer time, or more customers.",
        )
    found, flat = _likeliest(customers, _bgnbd, 4)
    r, alpha, a, b = map(float, np.exp(found.at))
    if not flat and a / (a + b) >= LEAST_LEAVING:
        return Repeating(r, alpha, a, b, -found.cost, degenerate=False)
    found, _ = _likeliest(customers, _nbd, 2)
    r, alpha = map(float, np.exp(found.at))
    return Repeating(r, alpha, 0.0, 0.0, -found.cost, degenerate=True)


Likelihood = Callable[[Floats, Counted], Floats]


def _likeliest(customers: Counted, likelihood: Likelihood, count: int) -> tuple[Lowest, bool]:
    """The best of a few starts, and whether the likelihood is flat there in some direction."""
    weight = float(np.sum(customers.many))

    def cost(logs: Floats) -> float:
        return -float(np.sum(customers.many * likelihood(np.clip(logs, -_BOUND, _BOUND), customers))) / weight

    starts = [np.zeros(count), np.resize([-1.0, 1.5, -0.5, 1.0], count)]
    found = min((downhill(cost, start) for start in starts), key=lambda one: one.cost)
    return found._replace(cost=found.cost * weight), bool(np.any(np.abs(found.at) > _BOUND - 1)) or _flat(
        cost, found.at
    )


def _flat(cost: Callable[[Floats], float], at: Floats, step: float = 1e-3) -> bool:
    """Whether the information matrix, by central differences, is singular."""
    axes = np.eye(len(at)) * step
    matrix = np.array(
        [
            [(cost(at + i + j) - cost(at + i - j) - cost(at - i + j) + cost(at - i - j)) / (4 * step**2) for j in axes]
            for i in axes
        ]
    )
    values = np.linalg.eigvalsh(matrix)
    return bool(values[0] <= _FLAT * max(values[-1], 1.0))


def _bgnbd(logs: Floats, customers: Counted) -> Floats:
    """Logarithm of the likelihood of each (equations 6 and 7)."""
    r, alpha, a, b = np.exp(logs)
    x, recency, age = customers.repeats, customers.recency, customers.age
    first = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
    stays = special.betaln(a, b + x) - special.betaln(a, b)
    alive = -(r + x) * np.log(alpha + age)
    left = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency)
    return np.asarray(first + stays + np.logaddexp(alive, np.where(x > 0, left, -np.inf)), dtype=np.float64)


def _nbd(logs: Floats, customers: Counted) -> Floats:
    r, alpha = np.exp(logs)
    x, age = customers.repeats, customers.age
    rate = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
    return np.asarray(rate - (r + x) * np.log(alpha + age), dtype=np.float64)
