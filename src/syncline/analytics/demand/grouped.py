"""The forecast of the products of one class: choose among methods at past origins, combine, and say how sure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syncline.analytics.demand.choice import (
    CHALLENGERS,
    ENDING,
    THOROUGH,
    USUAL,
    Combination,
    chosen,
    combined,
    exceptions,
    members,
)
from syncline.analytics.demand.classify import NO_DEMAND, shape
from syncline.analytics.demand.intervals import bands, drawn
from syncline.analytics.demand.methods import METHODS, Outcome
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.rolling import ENOUGH, Trial, change, cuts_of, tried
from syncline.analytics.demand.wishes import Wishes

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

NEW = "new"
TREES, SEASONAL = "LightGBM", "MovingSeason"
SIBLINGS = (("smooth", "erratic"), ("intermittent", "lumpy"))
MANY = 100  #: products of a class that can be judged alone
OLD = 3  #: times the usual distance of demands, after which a product may be obsolete


class Trees(NamedTuple):
    """What the trees said, of all products: at the past origins, and now."""

    past: Array  #: origins x series x periods
    now: Callable[[], Outcome]  #: only asked where they were chosen: explaining takes time
    flags: tuple[str, ...]  #: of each product, in words


class Part(NamedTuple):
    """The forecast of some products, series x periods [unit of demand]."""

    name: str  #: the class that they were judged as
    rows: Ints
    mean: Array
    quantiles: Array  #: levels x series x periods
    methods: list[str]
    weight: list[float]
    drivers: Mapping[str, Array]
    cls: list[str]
    flags: list[str]
    trial: Trial
    past: Array  #: what was chosen, at the past origins


def class_of(y: Array) -> str:
    """The class that decides the method: that of Syntetos and Boylan, or none, new, ending."""
    if not (y > 0).any():
        return NO_DEMAND
    if len(y) < ENOUGH:
        return NEW
    adi, _, cls = shape(y)
    return ENDING if len(y) - 1 - np.flatnonzero(y)[-1] > OLD * adi else cls


def pools_of(classes: Sequence[str]) -> list[tuple[str, Ints]]:
    """The products that are judged together, by the class that says how: a small class joins its sibling.

    >>> [(cls, len(rows)) for cls, rows in pools_of(["smooth"] * 200 + ["erratic"] * 9 + ["lumpy"])]
    [('smooth', 209), ('lumpy', 1)]
    """
    found = np.asarray(classes)
    pools = [(cls, np.flatnonzero(found == cls)) for cls in USUAL if cls in classes]
    for pair in SIBLINGS:
        both = [one for one in pools if one[0] in pair]
        if len(both) > 1 and min(len(rows) for _, rows in both) < MANY:
            joint = max(both, key=lambda one: len(one[1]))[0], np.sort(np.concatenate([rows for _, rows in both]))
            pools = [joint if one is both[0] else one for one in pools if one is not both[1]]
    return pools


def forecast_class(panel: Panel, rows: Ints, cls: str, wishes: Wishes, trees: Trees | None) -> Part:
    """Forecast the products in `rows`, which are judged together as class `cls`."""
    some = panel._replace(keys=tuple(panel.keys[at] for at in rows), series=tuple(panel.series[at] for at in rows))
    usual, challengers = _pool(cls, wishes, trees)
    names = [name for name in members([usual, *challengers]) if name != TREES]
    cuts = cuts_of(panel, horizon=wishes.horizon, origins=wishes.origins)
    trial = tried(some, names, cuts, horizon=wishes.horizon, season=wishes.season)
    if trees:
        trial = trial.and_also(TREES, trees.past[:, rows])
    best = chosen(trial, usual, challengers) if challengers else usual
    single = exceptions(trial, best, [name for name in names if name not in {TREES, "TSB"}]) if challengers else []
    mixed = [(best, name) for name in single] or [(best, "")] * len(rows)
    needed = dict.fromkeys([*best.members, *(name for name in single if name)])
    outcomes = {name: METHODS[name](some.series, wishes.horizon, wishes.season) for name in needed if name != TREES}
    if trees and TREES in needed:
        outcomes[TREES] = _rows_of(trees.now(), rows)
    part = _part(cls, some, rows, wishes, (trial, mixed, outcomes))
    if trees and TREES in outcomes:
        return part._replace(
            flags=["; ".join(filter(None, (a, trees.flags[at]))) for a, at in zip(part.flags, rows, strict=True)]
        )
    return part


def _pool(cls: str, wishes: Wishes, trees: Trees | None) -> tuple[Combination, tuple[Combination, ...]]:
    if wishes.method != "auto":
        return (Combination((wishes.method,)) if wishes.method != TREES or trees else USUAL[cls]), ()
    usual = USUAL[cls]
    challengers = tuple(one for one in CHALLENGERS[cls] if wishes.season > 1 or SEASONAL not in one.members)
    if wishes.thorough and usual not in (USUAL[ENDING], USUAL["lumpy"]):
        usual, challengers = THOROUGH[0], (*THOROUGH[1:], USUAL[cls], *challengers)
    if trees:
        more = (
            Combination((TREES,)),
            Combination((TREES, *USUAL["lumpy"].members)),
            Combination((TREES, *usual.members)),
        )
        challengers = (*challengers, *more)
    return usual, challengers


def _rows_of(outcome: Outcome, rows: Ints) -> Outcome:
    return Outcome(outcome.mean[rows], outcome.level[rows], {name: one[rows] for name, one in outcome.parts.items()})


def _part(
    cls: str,
    some: Panel,
    rows: Ints,
    wishes: Wishes,
    found: tuple[Trial, Sequence[tuple[Combination, str]], Mapping[str, Outcome]],
) -> Part:
    trial, mixed, outcomes = found
    best = mixed[0][0]
    past = combined(trial, best)
    stack = np.stack([np.maximum(outcomes[name].mean, 0) for name in best.members])
    weights = dict(zip(best.members, best.weights(stack), strict=True))
    for at, (_, other) in enumerate(mixed):
        if other:
            past[:, at] = (past[:, at] + trial.forecasts[other][:, at]) / 2
            for one in weights.values():
                one[at] /= 2
            weights.setdefault(other, np.zeros_like(stack[0]))[at] += 0.5
    mean = sum((weights[name] * np.maximum(outcomes[name].mean, 0) for name in weights), np.zeros_like(stack[0]))
    scale = np.array([change(y) for y in some.series])
    if trial.valid.any():
        quantiles, flag = bands(trial, past, mean, scale, wishes.levels), ""
    else:
        quantiles, flag = drawn(some.series, mean, wishes.levels), "too short for a backtest: the usual method is used"
    return Part(
        cls,
        rows,
        mean,
        quantiles,
        [f"mean({best.name}, {other})" if other else best.name for _, other in mixed],
        [(0.5 if other else 1.0) / len(best.members) for _, other in mixed],
        _drivers(mean, weights, outcomes),
        [class_of(y) for y in some.series],
        [flag] * len(rows),
        trial,
        past,
    )


def _drivers(mean: Array, weights: Mapping[str, Array], outcomes: Mapping[str, Outcome]) -> dict[str, Array]:
    """What the mean is made of, in units; `other` holds what is left, so that they add up."""
    told = {name: np.zeros_like(mean) for name in ("level", "season", "price", "promo")}
    for name, weight in weights.items():
        outcome = outcomes[name]
        told["level"] += weight * outcome.level
        for part in ("price", "promo"):
            told[part] += weight * outcome.parts.get(part, 0.0)
        season = outcome.parts["season"] if outcome.parts else outcome.mean - outcome.level
        told["season"] += weight * season
    return told | {"other": mean - sum(told.values())}
