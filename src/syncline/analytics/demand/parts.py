"""The forecast of all products: those of each class together, new ones by analogues, silent ones as what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from syncline.analytics.demand.classify import NO_DEMAND
from syncline.analytics.demand.features import Sight
from syncline.analytics.demand.grouped import NEW, Part, class_of, forecast_class, pools_of
from syncline.analytics.demand.grown import grown
from syncline.analytics.demand.intervals import drawn
from syncline.analytics.demand.layouts import DRIVERS
from syncline.analytics.demand.newcomers import established, newcomer
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.rolling import Trial
from syncline.analytics.demand.wishes import Wishes

Array = NDArray[np.float64]


def parts_of(sight: Sight, wishes: Wishes, groups: Mapping[str, str], *, seed: int) -> list[Part]:
    """Forecast every product that is in sight."""
    panel = sight.panel
    classes = [class_of(y) for y in panel.series]
    trees = grown(sight, wishes, classes, seed=seed)
    parts = [forecast_class(panel, rows, cls, wishes, trees) for cls, rows in pools_of(classes)]
    found = np.array(classes)
    parts += _silent(np.flatnonzero(found == NO_DEMAND), wishes)
    parts += _new(panel, np.flatnonzero(found == NEW), parts, wishes, (groups, _prices(sight)))
    return parts


def _prices(sight: Sight) -> dict[str, float]:
    """The last known price of each product."""
    for one in sight.known:
        if one.name == "price":
            now = one.cells[:, one.cells.shape[1] - sight.horizon - 1]
            return {key: float(price) for key, price in zip(sight.panel.keys, now, strict=True) if price > 0}
    return {}


def _silent(rows: NDArray[np.int64], wishes: Wishes) -> list[Part]:
    """Products without any demand: zero, and that it says little."""
    if not len(rows):
        return []
    mean = np.zeros((len(rows), wishes.horizon))
    quantiles = np.zeros((len(wishes.levels), *mean.shape))
    return [
        _plain(
            rows, mean, quantiles, "zero", (NO_DEMAND, ["no demand in any period: zero, without evidence"] * len(rows))
        )
    ]


def _new(
    panel: Panel,
    rows: NDArray[np.int64],
    parts: Sequence[Part],
    wishes: Wishes,
    known: tuple[Mapping[str, str], Mapping[str, float]],
) -> list[Part]:
    """Products with too few periods: by analogues among the others."""
    if not len(rows):
        return []
    olds = [
        (panel.keys[at], panel.series[at], mean) for one in parts for at, mean in zip(one.rows, one.mean, strict=True)
    ]
    olds = [one for one in olds if one[1].any()]
    forecast = np.array([mean for _, _, mean in olds]).reshape(len(olds), wishes.horizon)
    analogues = established([key for key, _, _ in olds], [y for _, y, _ in olds], forecast)
    groups, prices = known
    found = [
        newcomer(panel.keys[at], panel.series[at], analogues, groups=groups, prices=prices, horizon=wishes.horizon)
        for at in rows
    ]
    mean = np.stack([one.mean for one in found])
    spread = [
        np.concatenate([panel.series[at], analogues.recent[one.analogues]]) for at, one in zip(rows, found, strict=True)
    ]
    return [_plain(rows, mean, drawn(spread, mean, wishes.levels), "analogues", (NEW, [one.flag for one in found]))]


def _plain(rows: NDArray[np.int64], mean: Array, quantiles: Array, method: str, told: tuple[str, list[str]]) -> Part:
    zero = np.zeros_like(mean)
    cls, flags = told
    trial = Trial((), zero[None][:0], {}, np.zeros((0, len(rows)), dtype=bool), np.ones((0, len(rows))))
    drivers = {"level": mean, **dict.fromkeys(DRIVERS[1:], zero)}
    return Part(
        cls,
        rows,
        mean,
        quantiles,
        [method] * len(rows),
        [1.0] * len(rows),
        drivers,
        [cls] * len(rows),
        flags,
        trial,
        trial.actual,
    )
