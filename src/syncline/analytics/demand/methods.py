"""The forecasting methods, each for many series at once: histories in, forecasts and their level without season out.

DOT, SES, Damped, ADIDA and IMAPA run on histories whose season was taken off (`seasonality`), and put it back. A
history that a method cannot work on (no demand, never changing, too short) is carried on by its mean. No method fails.

Sources: Fiorucci et al. (2016), Models for optimising the theta method (DOT); Croston (1972), Syntetos & Boylan (2005),
Teunter, Syntetos & Babai (2011), Nikolopoulos et al. (2011), Petropoulos & Kourentzes (2015) (CrostonSBA, TSB, ADIDA,
IMAPA); Svetunkov & Kourentzes (2018) (CES); Hyndman et al. (2008) (ETS). The library statsforecast computes these.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from statsforecast import models

from syncline.analytics.demand.seasonality import FULL, Season, season_of
from syncline.analytics.demand.smoothing import DAMPED, LEVEL, Grid, seasonal, smoothed

Array = NDArray[np.float64]
Histories = Sequence[Array]

SHORT = 5  #: periods below which a history is carried on by its mean
LONGEST_SEASON = 24  #: what AutoETS can hold
TSB_LEVEL, TSB_CHANCE = 0.1, 0.1  #: smoothing of the size and of the chance of a demand [1]


class Outcome(NamedTuple):
    """Forecasts of several series, series x periods [unit of demand]."""

    mean: Array
    level: Array  #: the same without its season
    parts: Mapping[str, Array] = MappingProxyType({})  #: what else it is made of, by driver; the rest is season


Method = Callable[[Histories, int, int], Outcome]


def seasonal_naive(histories: Histories, horizon: int, season: int) -> Outcome:
    """The last season again; of a history shorter than a season, its last value.

    >>> seasonal_naive([np.array([1.0, 2, 3, 4])], 3, 2).mean.tolist()
    [[3.0, 4.0, 3.0]]
    """
    mean, level = _empty(histories, horizon)
    for at, y in enumerate(histories):
        last = y[-season:] if len(y) >= season else y[-1:] if len(y) else np.zeros(1)
        mean[at] = np.resize(last, horizon)
        level[at] = last.mean()
    return Outcome(mean, level)


def ses(histories: Histories, horizon: int, season: int) -> Outcome:
    """Simple exponential smoothing, averaged over its parameter, on histories without their season.

    >>> ses([np.array([4.0, 4, 4, 4, 4, 4])], 2, 1).mean.round(6).tolist()
    [[4.0, 4.0]]
    """
    return _by_grid(histories, horizon, season, LEVEL)


def damped(histories: Histories, horizon: int, season: int) -> Outcome:
    """Smoothing with a damped trend, averaged over its parameters, on histories without their season.

    >>> damped([np.arange(1.0, 13)], 2, 1).mean.round(0).tolist()
    [[13.0, 14.0]]
    """
    return _by_grid(histories, horizon, season, DAMPED)


def moving_season(histories: Histories, horizon: int, season: int) -> Outcome:
    """Smoothing with a damped trend and a season that moves; without a season, `damped`.

    >>> moving_season([np.array([5.0, 15] * 6)], 2, 2).mean.round(0).tolist()
    [[5.0, 15.0]]
    """
    seasons = [season_of(y, season) for y in histories]
    without = [at for at, one in enumerate(seasons) if one is None]
    mean, level = _empty(histories, horizon)
    if without:
        plain = _by_grid([histories[at] for at in without], horizon, 1, DAMPED)
        mean[without], level[without] = plain.mean, plain.level
    for (_, multiplies), rows in _alike(histories, seasons).items():
        y = np.stack([histories[at] for at in rows])
        index = np.stack([one.factors for at in rows if (one := seasons[at])])
        mean[rows], level[rows] = seasonal(y, index, horizon, multiplies=multiplies)
    return Outcome(mean, level)


def dot(histories: Histories, horizon: int, season: int) -> Outcome:
    """The dynamic optimised theta method, on histories without their season."""
    return _DOT(histories, horizon, season)


def _by_grid(histories: Histories, horizon: int, season: int, grid: Grid) -> Outcome:
    seasons = [season_of(y, season) for y in histories]
    plain = [one.off(y) if one else y for one, y in zip(seasons, histories, strict=True)]
    mean, level = _empty(histories, horizon)
    lengths = np.array([len(y) for y in plain])
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        if length:
            level[rows] = smoothed(np.stack([plain[at] for at in rows]), horizon, grid)
    for at, one in enumerate(seasons):
        mean[at] = one.on(level[at], lengths[at]) if one else level[at]
    return Outcome(mean, level)


def _alike(histories: Histories, seasons: Sequence[Season | None]) -> Mapping[tuple[int, bool], list[int]]:
    """Seasonal series by length and kind of season, so that each group is one array."""
    groups: dict[tuple[int, bool], list[int]] = {}
    for at, (y, one) in enumerate(zip(histories, seasons, strict=True)):
        if one:
            groups.setdefault((len(y), one.multiplies), []).append(at)
    return groups


def _deseasoned(model: Callable[[], Any]) -> Method:
    """A method of the library that knows no season: it is taken off before, and put back."""

    def run(histories: Histories, horizon: int, season: int) -> Outcome:
        mean, level = _empty(histories, horizon)
        for at, y in enumerate(histories):
            one = season_of(y, season)
            level[at] = _one(model, one.off(y) if one else y, horizon)
            mean[at] = one.on(level[at], len(y)) if one else level[at]
        return Outcome(mean, level)

    return run


def _each(model: Callable[[int], Any], *, longest: int | None = None) -> Method:
    """A method of the library that takes the season itself (or none)."""

    def run(histories: Histories, horizon: int, season: int) -> Outcome:
        mean, level = _empty(histories, horizon)
        for at, y in enumerate(histories):
            fits = len(y) >= FULL * season and (longest is None or season <= longest)
            mean[at] = _one(lambda length=season if fits else 1: model(length), y, horizon)  # type: ignore[misc]  # a default binds it
            level[at] = _without_season(mean[at], y, season)
        return Outcome(mean, level)

    return run


def _without_season(forecast: Array, y: Array, season: int) -> Array:
    one = season_of(y, season)
    if not one:
        return forecast
    ahead = one.of(len(y), len(forecast))
    return np.asarray(forecast / ahead if one.multiplies else forecast - ahead)


def _one(model: Callable[[], Any], y: Array, horizon: int) -> Array:
    """The forecast of one history; where the method cannot give one, the mean of the history."""
    if len(y) < SHORT or y.min() == y.max():
        return np.full(horizon, y.mean() if len(y) else 0.0)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = np.asarray(model().forecast(y=y, h=horizon)["mean"], dtype=float)
    except Exception:  # noqa: BLE001  a library gives up on a series in many ways; the others go on
        return np.full(horizon, y.mean())
    absurd = 100 * np.abs(y).max()
    sound = np.isfinite(found) & (np.abs(found) <= absurd)
    return np.where(sound, found, y.mean())


def _empty(histories: Histories, horizon: int) -> tuple[Array, Array]:
    return np.zeros((len(histories), horizon)), np.zeros((len(histories), horizon))


_DOT = _deseasoned(lambda: models.DynamicOptimizedTheta(season_length=1))

METHODS: Mapping[str, Method] = {
    "SeasonalNaive": seasonal_naive,
    "SES": ses,
    "Damped": damped,
    "MovingSeason": moving_season,
    "DOT": dot,
    "ADIDA": _deseasoned(models.ADIDA),
    "IMAPA": _deseasoned(models.IMAPA),
    "TSB": _each(lambda _: models.TSB(alpha_d=TSB_LEVEL, alpha_p=TSB_CHANCE)),
    "CrostonSBA": _each(lambda _: models.CrostonSBA()),
    "CES": _each(lambda season: models.AutoCES(season_length=season)),
    "ETS": _each(lambda season: models.AutoETS(season_length=season), longest=LONGEST_SEASON),
    "Theta": _each(lambda season: models.AutoTheta(season_length=season)),
}
