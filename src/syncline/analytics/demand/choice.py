"""Which method forecasts a product: decided for its class by what would have been right at past origins.

A class begins with a usual combination. A challenger takes its place only if it was better by more than chance: the
mean of the paired differences of scaled errors over the products exceeds two of its standard errors, and its bias is
no worse by more than five points. Seasonal naive is always among the challengers. So a handful of products keeps what
is known to be good on thousands, and a class with evidence gets what is best for it. A single product that another
method would have served better at every one of at least three origins, by a tenth, gets half of that method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syncline.analytics.demand.rolling import Trial

Array = NDArray[np.float64]

SURE = 2.0  #: standard errors
BIAS = 5.0  #: points [%]
WORST = 10.0  #: no scaled error counts for more
FEW = 3  #: products (or origins) from which differences can be told from chance
_EXACT = 1e-12  #: squared scaled error that counts as none
CLEARLY = 0.9  #: the error of a clearly better method, by the error of the usual one


class Combination(NamedTuple):
    """Methods, and how their forecasts become one."""

    members: tuple[str, ...]
    by: Literal["mean", "median"] = "mean"

    @property
    def name(self) -> str:
        """As a person reads it."""
        return self.members[0] if len(self.members) == 1 else f"{self.by}({', '.join(self.members)})"

    def weights(self, forecasts: Array) -> Array:
        """The weight of each member, members x ...; they add up to 1 everywhere.

        >>> Combination(("a", "b", "c"), "median").weights(np.array([[1.0], [9.0], [4.0]])).tolist()
        [[0.0], [0.0], [1.0]]
        """
        count = len(self.members)
        if self.by == "mean":
            return np.full(forecasts.shape, 1 / count)
        places = np.argsort(np.argsort(forecasts, axis=0, kind="stable"), axis=0, kind="stable")
        middle = np.abs(places - (count - 1) / 2) < 1
        return np.asarray(middle / middle.sum(axis=0))

    def of(self, forecasts: Array) -> Array:
        """One forecast from those of the members (first axis)."""
        return np.asarray((self.weights(forecasts) * forecasts).sum(axis=0))


NAIVE = Combination(("SeasonalNaive",))
TRIO = Combination(("DOT", "SES", "Damped"), "median")
LEVELS = Combination(("SES", "IMAPA"))
OBSOLETE = Combination(("TSB",))
ENDING = "ending"  #: the class of what has not been demanded for long: it may be obsolete
USUAL = {"smooth": TRIO, "erratic": TRIO, "intermittent": LEVELS, "lumpy": LEVELS, ENDING: OBSOLETE}
_STEADY = (NAIVE, Combination(("DOT", "Damped")), Combination(("DOT", "Damped", "MovingSeason")), LEVELS)
_SPARSE = (NAIVE, LEVELS, Combination(("SES",)), Combination(("IMAPA",)), OBSOLETE)
CHALLENGERS = {"smooth": _STEADY, "erratic": _STEADY, "intermittent": _SPARSE, "lumpy": _SPARSE, ENDING: _SPARSE}
THOROUGH = (
    Combination(("DOT", "SES", "Damped", "CES", "ETS"), "median"),
    Combination(("DOT", "Damped", "CES", "ETS")),
    Combination(("DOT", "CES", "ETS"), "median"),
)


def members(combinations: Sequence[Combination]) -> tuple[str, ...]:
    """The methods that combinations are made of, each once."""
    return tuple(dict.fromkeys(name for one in combinations for name in one.members))


def combined(trial: Trial, combination: Combination) -> Array:
    """What a combination would have said, origins x series x periods."""
    return combination.of(np.stack([trial.forecasts[name] for name in combination.members]))


def scaled_errors(trial: Trial, forecast: Array) -> Array:
    """Root mean squared error of each product over its origins, by its scale [1]; NaN where it has no origin."""
    squares = np.mean((forecast - trial.actual) ** 2, axis=2) / trial.scale**2
    counts = trial.valid.sum(axis=0)
    total = np.where(trial.valid, squares, 0).sum(axis=0)
    root = np.sqrt(np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0))
    return np.asarray(np.minimum(root, WORST))


def scaled_bias(trial: Trial, forecast: Array) -> float:
    """Bias over all products, each by its scale [%]."""
    weight = np.where(trial.valid, 1 / trial.scale, 0)[..., None]
    total = float(np.sum(weight * trial.actual))
    return 100 * float(np.sum(weight * (forecast - trial.actual))) / total if total > 0 else 0.0


def chosen(trial: Trial, usual: Combination, challengers: Sequence[Combination]) -> Combination:
    """The combination for the products of one class."""
    errors, bias = _record(trial, usual)
    judged = np.isfinite(errors)
    if judged.sum() < FEW:
        return usual
    gains: list[tuple[float, Combination]] = []
    for one in challengers:
        theirs, their_bias = _record(trial, one)
        gain = (errors - theirs)[judged]
        sure = gain.mean() > SURE * gain.std(ddof=1) / np.sqrt(len(gain))
        if sure and gain.mean() > 0 and abs(their_bias) <= abs(bias) + BIAS:
            gains.append((float(gain.mean()), one))
    return max(gains, key=lambda pair: pair[0])[1] if gains else usual


def exceptions(trial: Trial, combination: Combination, others: Sequence[str]) -> list[str]:
    """For each product the method that was clearly better at every origin, or nothing."""
    usual = np.mean((combined(trial, combination) - trial.actual) ** 2, axis=2)
    floor = np.maximum(usual, _EXACT * trial.scale**2)
    best, found = np.full(usual.shape[1], CLEARLY**2), [""] * usual.shape[1]
    for name in others:
        ratio = np.mean((trial.forecasts[name] - trial.actual) ** 2, axis=2) / floor
        worst = np.where(trial.valid, ratio, 0).max(axis=0, initial=0)
        for at in np.flatnonzero((worst < best) & (trial.valid.sum(axis=0) >= FEW)):
            best[at], found[at] = worst[at], name
    return found


def _record(trial: Trial, one: Combination) -> tuple[Array, float]:
    forecast = combined(trial, one)
    return scaled_errors(trial, forecast), scaled_bias(trial, forecast)
