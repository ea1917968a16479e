"""What a series of demand shows: that it has changed its level, that it has seasons, that one period stands out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from syncline.analytics.mining.finding import Candidate

LEAST = 12  #: periods, below which nothing is tested
SEASONS = 3  #: two may be alike by chance
_MAD_TO_SIGMA = 1.4826  #: MAD of a normal distribution times this is its standard deviation


class Change(NamedTuple):
    """Where the level of a series changes most."""

    at: int  #: index of the first period at the new level
    before: float  #: median of the periods before it
    after: float
    p_value: float


class Series(NamedTuple):
    """Demand of one key, one value per period, oldest first."""

    key: str
    periods: Sequence[str]
    quantity: NDArray[np.float64]  #: [unit]
    price: float = 0.0  #: of one unit [money]; 0 where none is known
    per_year: int = 52  #: periods of a year: 365, 52 or 12


def change_point(values: NDArray[np.float64]) -> Change | None:
    """The most likely change of level, by Pettitt's rank test, which supposes no distribution.

    K = max |2 R_t - t (n + 1)| with R_t the sum of the first t ranks; p = 2 exp(-6 K^2 / (n^3 + n^2)), at most 1.
    A. N. Pettitt, A non-parametric approach to the change-point problem, Applied Statistics 28 (1979). The test takes
    periods for independent, so seasons are to be taken out first. None below 12 periods, or where all are equal.

    >>> found = change_point(np.array([4., 5, 4, 6, 5, 4, 5, 6, 9, 10, 9, 11, 10, 9, 11, 10]))
    >>> found.at, found.before, found.after, round(found.p_value, 4)
    (8, 5.0, 10.0, 0.0071)
    >>> change_point(np.array([4., 4, 4])) is None
    True
    """
    n = len(values)
    if n < LEAST or np.ptp(values) == 0:
        return None
    steps = np.arange(1, n)
    statistic = np.abs(2 * np.cumsum(stats.rankdata(values))[:-1] - steps * (n + 1))
    at = int(np.argmax(statistic)) + 1
    p_value = min(1.0, 2 * math.exp(-6 * float(statistic[at - 1]) ** 2 / (n**3 + n**2)))
    return Change(at, float(np.median(values[:at])), float(np.median(values[at:])), p_value)


def seasonal_strength(values: NDArray[np.float64], season: int) -> tuple[float, float]:
    """(largest seasonal index - smallest, p-value) of a season of `season` periods, by the Kruskal-Wallis test.

    The index of a place in the season is the mean of value / median of its own season [1]. Three whole seasons are
    needed, each with a median above 0; else (0, 1).

    >>> strength, p_value = seasonal_strength(np.tile([1., 1, 1, 5], 8) + np.arange(32) % 3 * 0.01, 4)
    >>> round(strength, 1), p_value < 0.001
    (3.9, True)
    """
    whole = len(values) // season
    if whole < SEASONS:
        return 0.0, 1.0
    table = values[-whole * season :].reshape(whole, season)
    levels = np.median(table, axis=1, keepdims=True)
    if np.any(levels <= 0):
        return 0.0, 1.0
    shares = table / levels
    index = shares.mean(axis=0)
    if np.ptp(shares) == 0:
        return 0.0, 1.0
    return float(np.ptp(index)), float(stats.kruskal(*shares.T).pvalue)


def outliers(values: NDArray[np.float64]) -> Iterator[tuple[int, float, float]]:
    """(index, robust z, p-value) of each period, against median and MAD of all the others' distances.

    z = (x - median) / (1.4826 MAD); p = 2 (1 - Phi(|z|)). Where more than half of the periods are equal, nothing stands
    out: an intermittent series is not judged by its median.

    >>> [(at, round(z, 1)) for at, z, p in outliers(np.array([9., 10, 11] * 5 + [60])) if p < 1e-6]
    [(15, 33.7)]
    """
    if len(values) < LEAST:
        return
    middle = float(np.median(values))
    mad = float(np.median(np.abs(values - middle)))
    if mad == 0:
        return
    for at, z in enumerate((values - middle) / (_MAD_TO_SIGMA * mad)):
        yield at, float(z), float(2 * stats.norm.sf(abs(z)))


def demand_candidates(series: Series) -> list[Candidate]:
    """Everything that is tested of one series."""
    made = [_change(series), _season(series), _outlier(series)]
    return [one for one in made if one is not None]


def _change(series: Series) -> Candidate | None:
    found = change_point(series.quantity)
    if found is None:
        return None
    gained = found.after - found.before
    words = (
        f"{series.key}: demand {'rose' if gained > 0 else 'fell'} from {found.before:g} to {found.after:g} a period"
        f" at {series.periods[found.at]}."
    )
    shown = tuple(series.periods[max(0, found.at - 2) : found.at + 2])
    money = abs(gained) * series.price * series.per_year
    return Candidate("change", series.key, words, found.p_value, money, gained, shown)


def _season(series: Series) -> Candidate | None:
    """A year of months, else a week of days; weeks of a year are too many for a few years."""
    season = {12: 12, 365: 7}.get(series.per_year)
    strength, p_value = seasonal_strength(series.quantity, season) if season else (0.0, 1.0)
    if not season or strength == 0:
        return None
    whole = len(series.quantity) // season
    table = series.quantity[-whole * season :].reshape(whole, season)
    best = int(np.argmax(table.mean(axis=0)))
    first = len(series.quantity) - whole * season
    words = f"{series.key}: demand has a season; it is highest around {series.periods[first + best]} and its like."
    money = float(np.ptp(table.mean(axis=0))) * series.price
    return Candidate("season", series.key, words, p_value, money, strength, (series.periods[first + best],))


def _outlier(series: Series) -> Candidate | None:
    """The clearest one; its p-value is multiplied by the number of periods that it was chosen from."""
    tested = list(outliers(series.quantity))
    if not tested:
        return None
    at, z, p_value = min(tested, key=lambda one: one[2])
    middle = float(np.median(series.quantity))
    told = float(series.quantity[at])
    words = f"{series.key}: {told:g} in {series.periods[at]}, where {middle:g} is usual (robust z {z:.1f})."
    money = abs(told - middle) * series.price
    return Candidate(
        "outlier", series.key, words, min(1.0, p_value * len(tested)), money, told - middle, (series.periods[at],)
    )
