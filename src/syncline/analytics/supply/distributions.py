"""Demand that is not known: what every stock rule asks of a distribution, and four of them.

`loss(x)` is the expected shortfall E[(D - x)+] in units; `cdf` and `ppf` are those of the textbook. A discrete
distribution lives on whole numbers of units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import gammaln, ndtr, ndtri, pdtr, pdtrik

from syncline.analytics.supply.bounds import not_negative, positive
from syncline.errors import RejectedError

_ROOT = math.sqrt(2 * math.pi)


class Distribution(Protocol):
    """Demand over some time [units]."""

    @property
    def mean(self) -> float:
        """Expected demand [units]."""
        ...

    @property
    def discrete(self) -> bool:
        """Does it live on whole numbers?"""
        ...

    def cdf(self, x: float) -> float:
        """P(D <= x) [-]."""
        ...

    def ppf(self, level: float) -> float:
        """The least x with P(D <= x) >= level [units]."""
        ...

    def loss(self, x: float) -> float:
        """E[(D - x)+] [units]."""
        ...


class Normal(NamedTuple):
    """Normal demand. A standard deviation of 0 is a demand that is known.

    >>> round(Normal(50, 8).loss(50), 4)
    3.1915
    """

    mean: float  #: [units]
    sd: float  #: [units]
    discrete: bool = False

    def cdf(self, x: float) -> float:
        """P(D <= x) [-]."""
        return float(ndtr((x - self.mean) / self.sd)) if self.sd else float(x >= self.mean)

    def ppf(self, level: float) -> float:
        """The quantile [units]."""
        return self.mean + self.sd * float(ndtri(level))

    def loss(self, x: float) -> float:
        """E[(D - x)+] = sd (phi(z) - z (1 - Phi(z))) [units]; Snyder & Shen, appendix C.3."""
        if not self.sd:
            return max(self.mean - x, 0.0)
        z = (x - self.mean) / self.sd
        return self.sd * standard_loss(z)

    def squared_loss(self, x: float) -> float:
        """E[((D - x)+)^2] / 2 [units^2]; its derivative is -loss."""
        if not self.sd:
            return max(self.mean - x, 0.0) ** 2 / 2
        z = (x - self.mean) / self.sd
        return self.sd**2 * ((z * z + 1) * float(ndtr(-z)) - z * density(z)) / 2


class Poisson(NamedTuple):
    """Poisson demand: single units that come independently of each other.

    >>> Poisson(6).ppf(0.8)
    8.0
    """

    mean: float  #: [units]
    discrete: bool = True

    def cdf(self, x: float) -> float:
        """P(D <= x) [-]."""
        return float(pdtr(math.floor(x), self.mean)) if x >= 0 else 0.0

    def pmf(self, x: int) -> float:
        """P(D = x) [-]."""
        if x < 0:
            return 0.0
        return math.exp(x * math.log(self.mean) - self.mean - float(gammaln(x + 1)))

    def ppf(self, level: float) -> float:
        """The quantile [units]."""
        if level <= self.cdf(0):
            return 0.0
        guess = max(math.ceil(float(pdtrik(level, self.mean)) - 1), 0)
        return float(guess if self.cdf(guess) >= level else guess + 1)

    def loss(self, x: float) -> float:
        """E[(D - x)+] = (mean - x)(1 - F(x)) + mean f(x), at whole x [units]; Snyder & Shen, appendix C.3."""
        if x < 0:
            return self.mean - x
        whole = math.floor(x)
        at = (self.mean - whole) * (1 - self.cdf(whole)) + self.mean * self.pmf(whole)
        return max(at - (x - whole) * (1 - self.cdf(whole)), 0.0)


class Lognormal(NamedTuple):
    """Demand whose logarithm is normal: never negative, with a long tail.

    >>> round(Lognormal(6, 0.3).mean, 3)
    421.998
    """

    mu: float  #: of log(units)
    sigma: float  #: of log(units)
    discrete: bool = False

    @property
    def mean(self) -> float:
        """exp(mu + sigma^2 / 2) [units]."""
        return math.exp(self.mu + self.sigma**2 / 2)

    def cdf(self, x: float) -> float:
        """P(D <= x) [-]."""
        return float(ndtr((math.log(x) - self.mu) / self.sigma)) if x > 0 else 0.0

    def ppf(self, level: float) -> float:
        """The quantile [units]."""
        return math.exp(self.mu + self.sigma * float(ndtri(level)))

    def loss(self, x: float) -> float:
        """E[(D - x)+] as of a call option [units]; Snyder & Shen, appendix C.3."""
        if x <= 0:
            return self.mean - x
        far = (self.mu - math.log(x)) / self.sigma
        return self.mean * float(ndtr(far + self.sigma)) - x * float(ndtr(far))


class Sample(NamedTuple):
    """Demand as it was seen, or as a forecast's quantiles say: values with their chances.

    >>> Sample.of([1, 2, 3, 4], [0.4, 0.3, 0.2, 0.1]).ppf(0.7)
    2.0
    """

    values: tuple[float, ...]  #: rising [units]
    chances: tuple[float, ...]  #: their sum is 1 [-]
    discrete: bool = False

    @classmethod
    def of(cls, values: Sequence[float], chances: Sequence[float] | None = None) -> Sample:
        """Values with chances (else with equal ones); chances are brought to the sum of 1.

        Raises:
            RejectedError: there are none, or one of them is no number.
        """
        weights = np.ones(len(values)) if chances is None else np.asarray(chances, float)
        numbers = np.asarray(values, float)
        if not len(numbers) or len(weights) != len(numbers) or not np.isfinite(numbers).all():
            raise RejectedError("A demand as it was seen needs at least one value, and one chance for each.")
        if not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum():
            raise RejectedError("The chances of a demand must be numbers not below zero, and one above.")
        order = np.argsort(numbers, kind="stable")
        whole = bool((numbers == np.floor(numbers)).all())
        return cls(tuple(numbers[order].tolist()), tuple((weights[order] / weights.sum()).tolist()), whole)

    @property
    def mean(self) -> float:
        """The weighted mean [units]."""
        return float(np.dot(self.values, self.chances))

    def cdf(self, x: float) -> float:
        """P(D <= x) [-]."""
        return float(sum(chance for value, chance in zip(self.values, self.chances, strict=True) if value <= x))

    def ppf(self, level: float) -> float:
        """The least value with P(D <= value) >= level [units]."""
        place = int(np.searchsorted(np.cumsum(self.chances), level - 1e-12))
        return self.values[min(place, len(self.values) - 1)]

    def loss(self, x: float) -> float:
        """E[(D - x)+] [units]."""
        return float(np.dot(np.maximum(np.asarray(self.values) - x, 0), self.chances))


def over(demand: Normal | Poisson, time: float) -> Normal | Poisson:
    """Demand over `time` periods, independent from one to the next: the means and the variances add up.

    >>> over(Normal(50, 8), 4.0)
    Normal(mean=200.0, sd=16.0, discrete=False)
    """
    not_negative(time=time)
    if isinstance(demand, Poisson):
        return Poisson(demand.mean * time)
    return Normal(demand.mean * time, demand.sd * math.sqrt(time))


def standard_loss(z: float) -> float:
    """Expected shortfall of the standard normal: phi(z) - z (1 - Phi(z)) [-].

    >>> round(standard_loss(0.0), 6)
    0.398942
    """
    return max(density(z) - z * float(ndtr(-z)), 0.0)


def density(z: float) -> float:
    """Of the standard normal [-]."""
    return math.exp(-z * z / 2) / _ROOT


def checked(demand: Distribution) -> None:
    """Refuse a distribution whose figures no demand can have.

    Raises:
        RejectedError: names the figure.
    """
    if isinstance(demand, Normal):
        positive(mean_demand=demand.mean)
        not_negative(standard_deviation_of_demand=demand.sd)
    elif isinstance(demand, Poisson):
        positive(mean_demand=demand.mean)
    elif isinstance(demand, Lognormal):
        positive(sigma_of_demand=demand.sigma)
