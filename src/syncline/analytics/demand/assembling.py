"""From the forecasts of classes to one table, its backtest and its notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.choice import Combination, combined
from syncline.analytics.demand.grouped import Part
from syncline.analytics.demand.layouts import DRIVERS, forecast_layout, quantile_name
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.scoring import Score, scales_of, score, table_of
from syncline.analytics.demand.seasonality import FEWEST
from syncline.analytics.demand.wishes import Wishes
from syncline.analytics.tables import made

Array = NDArray[np.float64]


class Whole(NamedTuple):
    """The forecast of all products, in one order; series x periods [unit of demand]."""

    keys: tuple[str, ...]
    mean: Array
    quantiles: Array  #: levels x series x periods
    drivers: Mapping[str, Array]
    errors: (
        Array  #: what was demanded beyond the forecast at past origins, origins x series x periods; NaN where untold
    )
    methods: tuple[str, ...]
    weight: Array
    cls: tuple[str, ...]
    flags: tuple[str, ...]

    def and_then(self, other: Whole) -> Whole:
        """These and those."""
        return Whole(
            self.keys + other.keys,
            np.concatenate([self.mean, other.mean]),
            np.concatenate([self.quantiles, other.quantiles], axis=1),
            {name: np.concatenate([one, other.drivers[name]]) for name, one in self.drivers.items()},
            np.concatenate([self.errors, other.errors], axis=1),
            self.methods + other.methods,
            np.concatenate([self.weight, other.weight]),
            self.cls + other.cls,
            self.flags + other.flags,
        )

    def moved(self, mean: Array, driver: str) -> Whole:
        """With another mean; a driver takes the difference, and the quantiles move with it."""
        step = mean - self.mean
        quantiles = np.sort(np.maximum(self.quantiles + step, 0), axis=0)
        return self._replace(
            mean=mean, quantiles=quantiles, drivers={**self.drivers, driver: self.drivers[driver] + step}
        )


def whole_of(panel: Panel, parts: Sequence[Part], wishes: Wishes) -> Whole:
    """The parts in the order of the products."""
    order = np.argsort(np.concatenate([one.rows for one in parts]), kind="stable")
    origins = max(one.past.shape[0] for one in parts)
    none = [np.zeros_like(one.mean) for one in parts]
    flags = [flag for one in parts for flag in one.flags]
    settled = [_settled(panel, at, wishes.season) for at in range(len(panel.keys))]
    methods = [name for one in parts for name in one.methods]
    classes = [name for one in parts for name in one.cls]
    return Whole(
        panel.keys,
        np.concatenate([one.mean for one in parts])[order],
        np.concatenate([one.quantiles for one in parts], axis=1)[:, order],
        {
            name: np.concatenate([one.drivers.get(name, zero) for one, zero in zip(parts, none, strict=True)])[order]
            for name in DRIVERS
        },
        np.concatenate([_errors(one, origins) for one in parts], axis=1)[:, order],
        tuple(methods[at] for at in order),
        np.concatenate([one.weight for one in parts])[order],
        tuple(classes[at] for at in order),
        tuple("; ".join(filter(None, (flags[at], settled[place]))) for place, at in enumerate(order)),
    )


def _errors(part: Part, origins: int) -> Array:
    errors = np.full((origins, *part.mean.shape), np.nan)
    if part.past.shape[0]:
        errors[-part.past.shape[0] :] = np.where(part.trial.valid[..., None], part.trial.actual - part.past, np.nan)
    return errors


def rows_of(whole: Whole, dates: NDArray[np.datetime64], levels: Sequence[float]) -> pa.Table:
    """The rows of a forecast, by product and period.

    Args:
        whole: the forecast.
        dates: of every product's periods, series x periods.
        levels: of its quantiles.
    """
    steps = whole.mean.shape[1]
    columns: dict[str, Sequence[object] | pa.Array] = {
        "key": [key for key in whole.keys for _ in range(steps)],
        "period": pa.array(dates.ravel()),
        "mean": pa.array(whole.mean.ravel()),
        "method": [one for one in whole.methods for _ in range(steps)],
        "weight": pa.array(np.repeat(whole.weight, steps)),
        "cls": [one for one in whole.cls for _ in range(steps)],
        "flag": [one for one in whole.flags for _ in range(steps)],
    }
    columns |= {quantile_name(level): pa.array(whole.quantiles[at].ravel()) for at, level in enumerate(levels)}
    return made(forecast_layout(levels), columns | {name: pa.array(one.ravel()) for name, one in whole.drivers.items()})


def _settled(panel: Panel, at: int, season: int) -> str:
    short = season > 1 and len(panel.series[at]) < FEWEST * season
    return "; ".join(
        filter(None, (panel.flags[at], "less than two seasons of history: its season is not known" if short else ""))
    )


def backtest_of(panel: Panel, parts: Sequence[Part], wishes: Wishes) -> pa.Table:
    """How each method did on each class, and what was chosen."""
    scores: list[Score | None] = []
    for part in parts:
        if not part.trial.valid.any():
            continue
        histories = [panel.series[at] for at in part.rows]
        scales = scales_of(histories, part.trial, wishes.season)
        sold = np.array([float(y.sum()) for y in histories])
        for name in part.trial.forecasts:
            past = combined(part.trial, Combination((name,)))
            scores.append(score((part.name, "", name), part.trial, past, scales, sold))
        scores.append(score((part.name, "", "chosen"), part.trial, part.past, scales, sold))
    return table_of(scores)


def notes_of(panel: Panel, season: int) -> tuple[str, ...]:
    """What a reader should know about the whole."""
    notes = []
    if season > 1 and all(len(y) < FEWEST * season for y in panel.series):
        notes.append("No product has two seasons of history: what a season adds or takes is not in this forecast.")
    if len(np.unique(panel.ends)) > 1:
        notes.append("The histories end in different periods; each forecast begins after its own.")
    return tuple(notes)
