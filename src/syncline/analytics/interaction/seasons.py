"""How purchases of the coming weeks differ from the mean week, by the same weeks of a year ago."""

from __future__ import annotations

from datetime import date

import numpy as np

from syncline.analytics.interaction.purchases import DAYS_A_WEEK, Purchases, number_of

WEEKS_A_YEAR = 52
_LEAST, _MOST = 0.25, 4.0  #: what a season is believed to do
_FEWEST = 100  #: repeats in either window


def season_of(purchases: Purchases, as_of: date, weeks: int) -> tuple[float, str]:
    """Repeats per customer and week a year before the coming weeks, over those of all the last year; and a reservation.

    1 and a reservation where the purchases do not go back that far, or are too few.

    >>> few = Purchases(["a"], np.array([0]), np.array([20_000]), np.array([1.0]))
    >>> season_of(few, date(2024, 10, 5), 4)
    (1.0, 'The purchases do not go back a year: a season cannot be seen, and is not in the figures.')
    """
    end = number_of(as_of)
    year = WEEKS_A_YEAR * DAYS_A_WEEK
    first = purchases.day[purchases.first_row]
    if int(first.min()) > end - year - 1:
        return 1.0, "The purchases do not go back a year: a season cannot be seen, and is not in the figures."
    span = min(weeks * DAYS_A_WEEK, year)
    counts, rates = [], []
    for low, high in ((end - year, end - year + span), (end - year, end)):
        repeat = (purchases.day > low) & (purchases.day <= high) & (purchases.day > first[purchases.of])
        exposed = np.clip(high - np.maximum(first, low), 0, None).sum()
        counts.append(int(repeat.sum()))
        rates.append(counts[-1] / exposed if exposed else 0.0)
    if min(counts) < _FEWEST or min(rates) <= 0:
        return 1.0, "Too few purchases a year ago to see a season: it is not in the figures."
    return float(np.clip(rates[0] / rates[1], _LEAST, _MOST)), ""
