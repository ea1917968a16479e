"""What the CRM's opportunities say of demand to come: how much of them is usually won, and when.

An opportunity is known by the stages that it has passed, each with the day since which it holds, so that its state at
any past day is known, and nothing later. The chance to win comes from the closed ones: by stage and age, made monotone
in the score (isotonic); the day of closing from how far the closed ones missed their expected day.

Source: docs/how-to/forecast-my-orders.md; Niculescu-Mizil & Caruana (2005), Predicting good probabilities with
supervised learning (isotonic calibration).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from syncline.analytics.demand.layouts import PIPELINE
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.periods import first_day, ordinal
from syncline.analytics.tables import asked

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

WON, LOST, COMMITTED = "won", "lost", "committed"
FEWEST = 20  #: closed opportunities from which chances are told
PRIOR = 10.0  #: closed opportunities that the overall rate counts as, in the rate of a stage
AGES = (0, 14, 30, 60, 120)  #: where ages part [d]
SURE = 2.0  #: standard errors that a weight must exceed


class Log(NamedTuple):
    """The stages of all opportunities, as columns sorted by opportunity and day."""

    opportunity: Ints
    product: Ints  #: row of the panel, -1 for another product
    qty: Array
    stage: NDArray[np.object_]
    since: Ints  #: day
    expected: Ints  #: day


class States(NamedTuple):
    """The opportunities as they stood at the end of one day."""

    product: Ints
    qty: Array
    stage: NDArray[np.object_]
    age: Ints  #: since the first stage [d]
    expected: Ints  #: day


class Ahead(NamedTuple):
    """What the pipeline lets expect after an origin, products x periods [unit of demand]."""

    weighted: Array
    committed: Array


def log_of(pipeline: pa.Table, panel: Panel) -> Log:
    """The table of stages as numbers."""
    table = asked(PIPELINE, pipeline, name="pipeline")
    place = {key: at for at, key in enumerate(panel.keys)}
    names = table.column("opportunity").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    days = [
        table.column(name).to_numpy().astype("datetime64[D]").astype(np.int64) for name in ("since", "expected_close")
    ]
    order = np.lexsort((days[0], names))
    product = np.array([place.get(key, -1) for key in table.column("key").to_pylist()], dtype=np.int64)
    stage = np.array([name.strip().lower() for name in table.column("stage").to_pylist()], dtype=object)
    qty = np.maximum(table.column("qty").to_numpy(), 0)
    return Log(*(column[order] for column in (names, product, qty, stage, *days)))


def states_at(log: Log, day: int) -> States:
    """Each opportunity as it stood at the end of `day`; those that came later are not there."""
    known = np.flatnonzero(log.since <= day)
    names = log.opportunity[known]
    last = known[np.flatnonzero(np.append(names[1:] != names[:-1], True))] if len(known) else known
    first = known[np.flatnonzero(np.insert(names[1:] != names[:-1], 0, True))] if len(known) else known
    age = day - log.since[first]
    return States(log.product[last], log.qty[last], log.stage[last], age, log.expected[last])


class Chances(NamedTuple):
    """What closed opportunities teach."""

    rate: float  #: share that was won, over all
    calibrate: IsotonicRegression | None
    scores: dict[tuple[str, int], float]  #: by stage and class of age
    slips: Ints  #: closing day - expected day of the won ones

    def of(self, stage: str, age: int) -> float:
        """P(win | stage, age) [1]."""
        raw = self.scores.get((stage, _age_class(age)), self.rate)
        return float(self.calibrate.predict([raw])[0]) if self.calibrate else raw


def chances_at(log: Log, day: int) -> Chances:
    """What was to be learned by the end of `day`: from opportunities that were closed by then.

    Each is looked at as it stood in each of its stages, and at each age that parts the classes.
    """
    known = log.since <= day
    closed = known & np.isin(log.stage, [WON, LOST])
    outcome = dict(zip(log.opportunity[closed].tolist(), (log.stage[closed] == WON).tolist(), strict=True))
    if len(outcome) < FEWEST:
        rate = (sum(outcome.values()) + 1) / (len(outcome) + 2)
        return Chances(rate, None, {}, np.zeros(1, dtype=np.int64))
    ends = dict(zip(log.opportunity[closed].tolist(), log.since[closed].tolist(), strict=True))
    begun: dict[int, int] = {}
    expected: dict[int, int] = {}  # the day on which it was to close, as it was last told before it did
    cases: list[tuple[str, int, bool]] = []
    for at in np.flatnonzero(known & ~closed).tolist():
        name, since = int(log.opportunity[at]), int(log.since[at])
        begun.setdefault(name, since)
        expected[name] = int(log.expected[at])
        if name in outcome:
            following = at + 1 < len(log.since) and log.opportunity[at + 1] == name
            until = int(log.since[at + 1]) if following else ends[name]
            ages = {since - begun[name], *(edge for edge in AGES if since < begun[name] + edge < until)}
            cases += [(str(log.stage[at]), _age_class(age), outcome[name]) for age in ages]
    rate = sum(outcome.values()) / len(outcome)
    slips = np.array([ends[name] - expected[name] for name, won in outcome.items() if won and name in expected])
    return Chances(
        rate, *_calibrated(cases, rate), slips.astype(np.int64) if len(slips) else np.zeros(1, dtype=np.int64)
    )


def _calibrated(
    cases: Sequence[tuple[str, int, bool]], rate: float
) -> tuple[IsotonicRegression | None, dict[tuple[str, int], float]]:
    """Rates by stage and age, drawn towards the overall one, and then in the order of what was won."""
    counts: dict[tuple[str, int], list[int]] = {}
    for stage, age, won in cases:
        found = counts.setdefault((stage, age), [0, 0])
        found[0] += won
        found[1] += 1
    scores = {key: (won + PRIOR * rate) / (all_ + PRIOR) for key, (won, all_) in counts.items()}
    if len(scores) < 2:  # noqa: PLR2004  nothing to put in order
        return None, scores
    line = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    line.fit([scores[stage, age] for stage, age, _ in cases], [float(won) for _, _, won in cases])
    return line, scores


def _age_class(age: int) -> int:
    return int(np.searchsorted(AGES, age, side="right"))


def expected_ahead(log: Log, panel: Panel, horizon: int) -> Ahead:
    """What the open opportunities let expect after the end of the histories [unit of demand].

    w = sum of qty x P(win | stage, age) x P(close in the period); `committed` counts whole, in its expected period.
    """
    freq, end = panel.calendar.freq, int(panel.ends.max())
    today = int(first_day(np.array([end + 1]), freq)[0].astype(np.int64)) - 1
    states, chances = states_at(log, today), chances_at(log, today)
    weighted, committed = np.zeros((len(panel.keys), horizon)), np.zeros((len(panel.keys), horizon))
    slips = np.sort(chances.slips)
    for product, qty, stage, age, due in zip(*(one.tolist() for one in states), strict=True):
        if product < 0 or stage in {WON, LOST}:
            continue
        if stage == COMMITTED:
            step = int(ordinal(np.array([due], "M8[D]"), freq)[0]) - end - 1
            if 0 <= step < horizon:
                committed[product, step] += qty
            continue
        days = due + slips
        days = days[days > today] if (days > today).any() else np.array([today + 1])
        steps = ordinal(days.astype("datetime64[D]"), freq) - end - 1
        share = np.bincount(steps[steps < horizon], minlength=horizon)[:horizon] / len(steps)
        weighted[product] += qty * chances.of(stage, age) * share
    return Ahead(weighted, committed)


def fitted_weights(errors: Array, surplus: Array, scale: Array) -> Array:
    """Beta of each step ahead, 0..1 [1]: how much of the pipeline's surplus became demand at past origins.

    Least squares of (demand - forecast) on (pipeline - its usual size), each by the scale of its product; drawn to none
    as far as it may be chance: beta x max(0, 1 - (2 SE / beta)^2).

    >>> surplus = np.array([[[1.0], [-1.0]], [[2.0], [-2.0]]])
    >>> fitted_weights(surplus * 0.5, surplus, np.ones(2)).round(6).tolist()
    [0.5]
    """
    y, x = errors / scale[:, None], surplus / scale[:, None]
    told = np.isfinite(y)
    y, x = np.where(told, y, 0.0), np.where(told, x, 0.0)
    squares = (x**2).sum(axis=(0, 1))
    slope = np.divide((x * y).sum(axis=(0, 1)), squares, out=np.zeros_like(squares), where=squares > 0)
    freedom = np.maximum(told.sum(axis=(0, 1)) - 1, 1)
    left = ((y - slope * x) ** 2).sum(axis=(0, 1)) / freedom
    variance = np.divide(left, squares, out=np.zeros_like(squares), where=squares > 0)
    doubt = np.divide(SURE**2 * variance, slope**2, out=np.ones_like(slope), where=slope > 0)
    return np.asarray(np.clip(slope * np.maximum(0, 1 - doubt), 0, 1))
