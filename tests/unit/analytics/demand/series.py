"""Small histories for the tests of demand: seeded, so that they are the same each time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from syncline.analytics.demand.periods import Freq, first_day

END = {"D": 15_000, "W": 2_100, "M": 600, "Q": 200, "Y": 50}


def history(series: Mapping[str, np.ndarray], freq: Freq) -> pa.Table:
    """Series that end in the same period."""
    periods = np.concatenate([np.arange(END[freq] - len(y), END[freq]) for y in series.values()])
    keys = [key for key, y in series.items() for _ in y]
    qty = np.concatenate([np.asarray(y, dtype=float) for y in series.values()])
    return pa.table({"key": keys, "period": pa.array(first_day(periods, freq)), "qty": qty})


def first_after(freq: Freq) -> date:
    """The first period that is forecast."""
    return first_day(np.array([END[freq]]), freq)[0].item()


def seasonal_months(products: int, months: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Levels with a yearly season, a little growth and noise."""
    draw = np.random.default_rng(seed)
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(months) / 12)
    levels = draw.uniform(50, 500, products)
    growth = 1 + draw.uniform(0, 0.004, products)[:, None] * np.arange(months)
    return {f"p{at:03d}": level * season * growth[at] * draw.normal(1, 0.1, months) for at, level in enumerate(levels)}


def sparse_weeks(products: int, weeks: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Now and then an order of some units."""
    draw = np.random.default_rng(seed)
    chance = draw.uniform(0.1, 0.5, products)
    size = draw.uniform(2, 20, products)
    return {
        f"s{at:03d}": (draw.random(weeks) < chance[at]) * np.ceil(draw.gamma(2, size[at] / 2, weeks))
        for at in range(products)
    }
