"""How fast demand is forecast: monthly series with the default choice among methods, on one core.

Run it as `python benchmarks/demand_speed.py [1000 4000 16000]`; the numbers are how many series.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pyarrow as pa

from syncline.analytics.demand.forecast import forecast_demand
from syncline.analytics.demand.periods import first_day

MONTHS, HORIZON = 84, 12
END = 672  #: months since 1970


def history(series: int) -> pa.Table:
    """Levels with a yearly season, growth and noise; seeded."""
    draw = np.random.default_rng(series)
    season = 1 + draw.uniform(0, 0.5, (series, 1)) * np.sin(2 * np.pi * np.arange(MONTHS) / 12)
    growth = 1 + draw.uniform(-0.003, 0.005, (series, 1)) * np.arange(MONTHS)
    qty = draw.uniform(20, 2000, (series, 1)) * season * growth * draw.normal(1, 0.15, (series, MONTHS))
    months = first_day(np.arange(END - MONTHS, END), "M")
    keys = np.repeat(np.arange(series), MONTHS).astype(str)
    return pa.table({"key": keys, "period": pa.array(np.tile(months, series)), "qty": qty.ravel()})


def main() -> None:
    """Print one line per size."""
    for series in [int(one) for one in sys.argv[1:]] or [1000]:
        table = history(series)
        begun = time.process_time()
        forecast_demand(table, horizon=HORIZON, freq="M")
        seconds = time.process_time() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{series:>7} series  {seconds:7.1f} CPU s  {1000 * seconds / series:5.1f} per 1,000  peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
