"""Made histories of buying whose truth is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

START = date(2024, 1, 1)


def buying(count: int, *, seed: int, weeks: int, leaving: tuple[float, float] | None = (0.8, 2.5)) -> pa.Table:
    """Orders of customers as BG/NBD says them: rates gamma(0.5, 6 weeks), leaving with beta; None: nobody leaves."""
    random = np.random.default_rng(seed)
    rows: list[tuple[str, date, float]] = []
    for customer in range(count):
        rate = random.gamma(0.5) / 6.0
        p = random.beta(*leaving) if leaving else 0.0
        level = 6.0 * 16.0 / random.gamma(4.0)
        day = float(random.uniform(0, 12 * 7))
        end = weeks * 7
        first = day
        while day < end:
            rows.append((f"c{customer}", START + timedelta(days=int(day)), float(random.gamma(6.0) * level / 6.0)))
            if rate < 1e-6 or (day > first and random.random() < p):
                break
            day += random.exponential(1 / rate) * 7
    names, days, amounts = zip(*rows, strict=True)
    return pa.table({"customer": names, "day": days, "amount": amounts})


def orders(*rows: tuple[str, date, float]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(dict(zip(("customer", "day", "amount"), map(list, columns), strict=True)))


def lines(*rows: tuple[str, str], day: date = START) -> pa.Table:
    """Each customer has one order of these products."""
    customers, products = zip(*rows, strict=True)
    return pa.table({"customer": customers, "order": customers, "product": products, "day": [day] * len(rows)})
