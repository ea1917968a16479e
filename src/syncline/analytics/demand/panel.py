"""The histories of all products side by side: one array each, oldest first, no period left out.

What a table leaves open is settled here, once, and said in `flags`: a missing period is a zero, several rows of one
period are added up, a negative quantity counts as zero. A table in which no period is missing is complete as it stands,
and each product's history ends with its last row. A table with gaps lists only periods with sales: there, every
history goes on, with zeros, to the last period of the table (or to `as_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.layouts import HISTORY
from syncline.analytics.demand.periods import MOST_CELLS, Freq, checked_freq, first_day, ordinal
from syncline.analytics.tables import asked
from syncline.errors import RejectedError, SetupError

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Dates = NDArray[np.datetime64]

LARGEST, SMALLEST = 1e15, 1e-12  #: quantities between which figures mean something [base unit]


class Calendar(NamedTuple):
    """How a table names its periods: the frequency, and the day of a period that it writes."""

    freq: Freq
    offset: int = 0  #: days from the first day of a period to the day that is written
    from_end: bool = False  #: counted from the last day of the period instead

    def dates(self, ordinals: Ints) -> Dates:
        """The days that these periods are written as."""
        if self.from_end:
            return first_day(ordinals + 1, self.freq) - np.timedelta64(1, "D")
        return first_day(ordinals, self.freq) + np.timedelta64(self.offset, "D")


class Panel(NamedTuple):
    """The demand of every product [base unit/period]."""

    keys: tuple[str, ...]
    series: tuple[Array, ...]  #: oldest first, >= 0
    ends: Ints  #: ordinal of the last period of each
    flags: tuple[str, ...]  #: what was settled, in words
    calendar: Calendar

    def cut(self, periods: int) -> Panel:
        """As it was `periods` ago; products that were not there yet have an empty history."""
        series = tuple(one[: len(one) - periods] if periods else one for one in self.series)
        return self._replace(series=series, ends=self.ends - periods)


def panel_of(history: pa.Table, *, freq: str | None = None, as_of: date | None = None) -> Panel:
    """The histories in a table.

    Raises:
        RejectedError: there are no rows, or they span more periods than a history can have.
        SetupError: the rows do not fit the frequency.

    >>> table = pa.table({"key": ["a", "a"], "period": [date(2026, 1, 5), date(2026, 1, 19)], "qty": [2.0, 3.0]})
    >>> panel_of(table, freq="W").series[0].tolist()
    [2.0, 0.0, 3.0]
    """
    table = asked(HISTORY, history, name="history")
    days = table.column("period").to_numpy().astype("datetime64[D]")
    if as_of is not None:
        table, days = table.filter(pa.array(days <= np.datetime64(as_of, "D"))), days[days <= np.datetime64(as_of, "D")]
    if not len(days):
        raise RejectedError("The history has no rows.", cure="Give at least one period of one product.")
    calendar = calendar_of(days, checked_freq(freq) if freq else freq_of(days))
    encoded = table.column("key").combine_chunks().dictionary_encode()
    key, names = encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()
    periods = ordinal(days, calendar.freq)
    qty = _sensible(table.column("qty").to_numpy())
    until = int(ordinal(np.array([as_of], "M8[D]"), calendar.freq)[0]) if as_of else None
    return _filled(names, key, periods, qty, calendar, until)


def calendar_of(days: Dates, freq: Freq) -> Calendar:
    """Which day of its period a table writes: its first, its last, or the same weekday throughout."""
    numbers = ordinal(days, freq)
    starts, ends = first_day(numbers, freq), first_day(numbers + 1, freq) - np.timedelta64(1, "D")
    since = np.unique((days - starts).astype(np.int64))
    if len(since) == 1:
        return Calendar(freq, offset=int(since[0]))
    return Calendar(freq, from_end=bool((days == ends).all()))


def freq_of(days: Dates) -> Freq:
    """The coarsest frequency that the days of a table are written in.

    >>> freq_of(np.array(["2026-01-31", "2026-02-28"], "M8[D]"))
    'M'
    """
    coarse: tuple[Freq, ...] = ("Y", "Q", "M", "W")
    for freq in coarse:
        calendar = calendar_of(days, freq)
        same_day = len(np.unique(ordinal(days, freq))) > 1 and bool((calendar.dates(ordinal(days, freq)) == days).all())
        if same_day and (calendar.offset == 0 or freq == "W"):
            return freq
    return "D"


def _filled(names: Sequence[str], key: Ints, periods: Ints, qty: Array, calendar: Calendar, until: int | None) -> Panel:
    count = len(names)
    starts, ends = np.full(count, periods.max()), np.full(count, periods.min())
    np.minimum.at(starts, key, periods)
    np.maximum.at(ends, key, periods)
    if (ends - starts + 1).sum() > MOST_CELLS:
        raise RejectedError("The history spans too many periods.", cure="Correct the dates that are far off.")
    rows = np.bincount(key, minlength=count)
    _not_coarser(key, periods, calendar.freq)
    distinct = np.bincount(np.unique(np.stack([key, periods]), axis=1)[0], minlength=count)
    gaps = distinct < ends - starts + 1
    if until is not None or gaps.any():
        ends = np.full(count, until if until is not None else periods.max())
    lengths = ends - starts + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    cells = np.bincount(offsets[key] + periods - starts[key], np.maximum(qty, 0), offsets[-1]).astype(float)
    negative = np.bincount(key, qty < 0, count)
    flags = tuple(
        "; ".join(
            words
            for said, words in (
                (negative[one] > 0, f"{int(negative[one])} negative quantities counted as zero"),
                (rows[one] > distinct[one], "several rows of one period were added up"),
                (lengths[one] > distinct[one], f"{int(lengths[one] - distinct[one])} missing periods counted as zero"),
            )
            if said
        )
        for one in range(count)
    )
    series = tuple(np.split(cells, offsets[1:-1]))
    return Panel(tuple(names), series, ends, flags, calendar)


def _sensible(qty: Array) -> Array:
    """Quantities that can be calculated with: too large ones are refused, what is next to nothing is nothing."""
    if absurd := int((np.abs(qty) > LARGEST).sum()):
        raise RejectedError(
            f"{absurd} quantities of the history are larger than {LARGEST:.0e}.",
            cure="Correct them, or use a larger unit.",
        )
    return np.where(np.abs(qty) < SMALLEST, 0.0, qty)


def _not_coarser(key: Ints, periods: Ints, freq: Freq) -> None:
    """Refuse a table of quarters that is said to be of months: its gaps would become zeros."""
    order = np.lexsort((periods, key))
    steps = np.diff(periods[order])[np.diff(key[order]) == 0]
    apart = int(np.gcd.reduce(steps)) if len(steps) else 1
    if apart > 1 and len(steps) > 2 and (steps == apart).mean() > 0.9:  # noqa: PLR2004  # three rows or more, nearly all
        names = {("M", 3): "Q", ("M", 12): "Y", ("D", 7): "W", ("Q", 4): "Y"}
        better = names.get((freq, apart), "")
        raise SetupError(
            f"The rows of the history are {apart} periods of {freq} apart.",
            cure=f"Use freq={better!r}." if better else "Fill the periods between, or choose a longer period.",
        )
