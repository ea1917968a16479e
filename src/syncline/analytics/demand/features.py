"""What the trees may look at, for one origin: every feature says from when it is known, and a late one is refused.

A row is one product and one period to be forecast, `step` periods after the origin. Everything is drawn from the
history before the origin, except what was declared as known ahead (calendar, agreed prices, planned promotions).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syncline.analytics.demand.known import Known
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.periods import MONTHS, Freq, first_day
from syncline.errors import SetupError

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOWS = (2, 4, 8, 13, 26, 52)
LAGS = (1, 2, 3, 4, 8, 13)
SCALE = 26  #: periods whose mean is the scale of a product


class Feature(NamedTuple):
    """One column: a value per row, and the period from which it is known."""

    name: str
    driver: str  #: which driver its effect belongs to
    values: Array
    known_at: Ints | int  #: ordinal of the period at whose end it is known
    ahead: bool = False  #: declared as known before its period


class Sight(NamedTuple):
    """All that may be looked at from one origin: the histories end there."""

    panel: Panel
    known: tuple[Known, ...]
    horizon: int
    season: int

    def cut(self, periods: int) -> Sight:
        """As it was `periods` ago."""
        known = tuple(one.cut(periods, self.horizon) for one in self.known)
        return self._replace(panel=self.panel.cut(periods), known=known)


class Rows(NamedTuple):
    """The rows of one origin, product by product, step by step."""

    names: tuple[str, ...]
    drivers: tuple[str, ...]
    values: Array  #: rows x features
    scale: Array  #: of each product [unit of demand]


def built(features: Sequence[Feature], origin: Ints) -> Array:
    """The matrix of features; `origin` is the last known period of each row.

    Raises:
        SetupError: a feature is known only after its row's origin and was not declared as known ahead.

    >>> late = Feature("price", "price", np.array([1.0]), np.array([5]))
    >>> built([late], np.array([4]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    syncline.errors.SetupError: The feature price is known only after the origin of 1 rows. Use ...
    """
    for one in features:
        late = ~np.asarray(one.ahead) & (np.asarray(one.known_at) > origin)
        if np.any(late):
            raise SetupError(
                f"The feature {one.name} is known only after the origin of {int(np.sum(late))} rows.",
                cure="Use its value of an earlier period, or declare it as known ahead (available_at: always).",
            )
    return np.stack([one.values for one in features], axis=1)


def matrix(panel: Panel) -> Array:
    """The histories with their last periods under each other; NaN before the first."""
    width = max((len(one) for one in panel.series), default=0)
    cells = np.full((len(panel.keys), width), np.nan)
    for at, y in enumerate(panel.series):
        if len(y):
            cells[at, -len(y) :] = y
    return cells


def rows_at(cells: Array, ends: Ints, freq: Freq, known: Sequence[Known], steps: Ints, season: int) -> Rows:
    """The rows of the origin at the end of `cells` (products x periods), for the given steps."""
    count, width = len(cells), len(steps)
    scale = _scale(cells)
    origin = np.repeat(ends, width)
    history = [
        Feature(name, driver, np.repeat(values / (scale if scaled else 1.0), width), origin)
        for name, driver, values, scaled in _of_history(cells)
    ]
    target = (ends[:, None] + steps).ravel()
    step = np.tile(steps.astype(float), count)
    features = [*history, *_of_calendar(target, freq), Feature("step", "other", step, 0, ahead=True)]
    features += _of_season(cells, scale, origin, steps, season)
    for one in known:
        features += _of_known(one, origin, target, steps)
    names, drivers = tuple(one.name for one in features), tuple(one.driver for one in features)
    return Rows(names, drivers, built(features, origin), scale)


def _scale(cells: Array) -> Array:
    recent = cells[:, -SCALE:]
    told = np.maximum((~np.isnan(recent)).sum(axis=1), 1)
    mean = np.nansum(recent, axis=1) / told
    whole = np.nansum(cells, axis=1) / np.maximum((~np.isnan(cells)).sum(axis=1), 1)
    return np.where(mean > 0, mean, np.where(whole > 0, whole, 1.0))


def _of_history(cells: Array) -> list[tuple[str, str, Array, bool]]:
    """Name, driver, value per product, and whether it is in units (then it is scaled)."""
    told = ~np.isnan(cells)
    none = np.full(len(cells), np.nan)
    found = [(f"lag_{lag}", "level", cells[:, -lag] if lag <= cells.shape[1] else none, True) for lag in LAGS]
    for window in WINDOWS:
        recent, seen = cells[:, -window:], np.maximum(told[:, -window:].sum(axis=1), 1)
        mean = np.nansum(recent, axis=1) / seen
        found.append((f"mean_{window}", "level", mean, True))
        if window in {8, 26}:
            spread = np.sqrt(np.nansum((recent - mean[:, None]) ** 2, axis=1) / seen)
            found += [
                (f"sd_{window}", "level", spread, True),
                (f"zeros_{window}", "level", (recent == 0).sum(axis=1) / seen, False),
            ]
    sold = np.where(told & (cells > 0), np.arange(cells.shape[1]), -1).max(axis=1, initial=-1)
    found.append(("since_sale", "level", (cells.shape[1] - 1 - sold).astype(float), False))
    found.append(("age", "level", told.sum(axis=1).astype(float), False))
    return found


def _of_calendar(target: Ints, freq: Freq) -> list[Feature]:
    days = first_day(target, freq)
    month = (days.astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(float)
    found = [Feature("month", "season", month, target, ahead=True)]
    if freq not in MONTHS:
        year = days.astype("datetime64[Y]").astype("datetime64[D]")
        week = ((days - year).astype(np.int64) // 7 + 1).astype(float)
        found.append(Feature("week", "season", week, target, ahead=True))
    if freq == "D":
        found.append(Feature("weekday", "season", ((days.astype(np.int64) + 3) % 7).astype(float), target, ahead=True))
    return found


def _of_season(cells: Array, scale: Array, origin: Ints, steps: Ints, season: int) -> list[Feature]:
    """The same period of the last season, where it lies before the origin."""
    if season < 2:  # noqa: PLR2004  no season
        return []
    back = season * np.ceil(steps / season).astype(np.int64) - steps + 1  # 1 is the last known period
    inside = back <= cells.shape[1]
    values = np.full((len(cells), len(steps)), np.nan)
    values[:, inside] = cells[:, cells.shape[1] - back[inside]]
    known_at = origin - np.tile(back - 1, len(cells))
    return [Feature("last_season", "season", (values / scale[:, None]).ravel(), known_at)]


def _of_known(known: Known, origin: Ints, target: Ints, steps: Ints) -> list[Feature]:
    """What is known beside the history; `known.cells` ends with the last step that can be asked for."""
    horizon = int(steps.max())
    past, ahead = known.cells[:, : known.cells.shape[1] - horizon], known.cells[:, -horizon:]
    driver = {"price": "price", "depth": "promo"}.get(known.name, "other")
    recent = past[:, -SCALE:]
    told = np.maximum((~np.isnan(recent)).sum(axis=1), 1)
    usual = np.nansum(recent, axis=1) / told
    now = past[:, -1] if past.shape[1] else np.full(len(past), np.nan)
    relative = known.name in {"price", "buyers", "lead_time"}
    safe = np.where(usual > 0, usual, np.nan)
    found = [Feature(f"{known.name}_now", driver, np.repeat(now / safe if relative else now, len(steps)), origin)]
    if known.ahead:
        then = ahead[:, steps - 1] / safe[:, None] if relative else ahead[:, steps - 1]
        found.append(Feature(f"{known.name}_then", driver, then.ravel(), target, ahead=True))
    return found
