"""From the forecasts of classes to one table, its backtest and its notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.choice import Combination, combined
from syncline.analytics.demand.grouped import Part, Wishes
from syncline.analytics.demand.layouts import DRIVERS, forecast_layout, quantile_name
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.scoring import Score, scales_of, score, table_of
from syncline.analytics.demand.seasonality import FEWEST
from syncline.analytics.tables import made

Array = NDArray[np.float64]


def rows_of(panel: Panel, parts: Sequence[Part], wishes: Wishes) -> pa.Table:
    """The rows of a forecast, by product and period."""
    order = np.argsort(np.concatenate([one.rows for one in parts]), kind="stable")
    steps = np.arange(1, wishes.horizon + 1)
    dates = panel.calendar.dates((panel.ends[:, None] + steps).ravel())

    def numbers(pick: Sequence[Array]) -> Array:
        return np.concatenate(pick)[order].ravel()

    def words(pick: Sequence[Sequence[object]]) -> list[object]:
        flat = [one for some in pick for one in some]
        return [flat[at] for at in order for _ in steps]

    flags = words([one.flags for one in parts])
    settled = [said for at in range(len(panel.keys)) for said in [_settled(panel, at, wishes.season)] for _ in steps]
    columns: dict[str, object] = {
        "key": [key for key in panel.keys for _ in steps],
        "period": pa.array(dates),
        "mean": numbers([one.mean for one in parts]),
        "method": words([one.methods for one in parts]),
        "weight": words([one.weight for one in parts]),
        "cls": words([one.cls for one in parts]),
        "flag": ["; ".join(filter(None, (str(a), str(b)))) for a, b in zip(flags, settled, strict=True)],
    }
    for place, level in enumerate(wishes.levels):
        columns[quantile_name(level)] = numbers([one.quantiles[place] for one in parts])
    zero = [np.zeros_like(one.mean) for one in parts]
    for driver in DRIVERS:
        columns[driver] = numbers([one.drivers.get(driver, none) for one, none in zip(parts, zero, strict=True)])
    return made(forecast_layout(wishes.levels), columns)


def _settled(panel: Panel, at: int, season: int) -> str:
    short = season > 1 and len(panel.series[at]) < FEWEST * season
    return "; ".join(filter(None, (panel.flags[at], "less than two seasons: none is known" if short else "")))


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
