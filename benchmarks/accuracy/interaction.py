"""Row 8: customer value on CDNOW, against the published parameters."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.accuracy.rows import Row
from syncline.analytics.interaction import repeats, spend
from syncline.analytics.interaction.purchases import Floats, Summary

_BGNBD = {"r": 0.2426, "alpha": 4.4136, "a": 0.7930, "b": 2.4260}
_GAMMA = {"p": 6.25, "q": 3.74, "v": 15.44}
_LL = -9582.4
_NEAR, _NEAR_LL, _NEAR_GAMMA = 0.001, 0.05, 0.02


def customer_value(data: Path) -> list[Row]:
    """Parameters of BG/NBD, their likelihood, and parameters of Gamma-Gamma."""
    table = _read(data / "cdnow" / "cdnow_customers_summary_with_transactions.csv")
    customer, x, recency, age, value = table.T
    model = repeats.fitted(repeats.counted(Summary([str(one) for one in customer], x, recency, age, value)))
    money = spend.fitted(x[x > 0], value[x > 0])
    return [
        *(_row("BG/NBD", name, getattr(model, name), told, _NEAR, digits=4) for name, told in _BGNBD.items()),
        _row("BG/NBD", "LL", model.loglik, _LL, _NEAR_LL, digits=2),
        *(
            _row("Gamma-Gamma", name, getattr(money, name), told, _NEAR_GAMMA, digits=3)
            for name, told in _GAMMA.items()
        ),
    ]


def _row(model: str, name: str, ours: float, told: float, near: float, *, digits: int) -> Row:
    met = bool(abs(ours - told) <= near)
    return Row(8, "clv", "CDNOW", f"{model} {name}", round(float(ours), digits), f"{told}", f"within {near}", met)


def _read(path: Path) -> Floats:
    with path.open(encoding="utf-8", newline="") as file:
        rows: Sequence[Sequence[str]] = [row for row in csv.reader(file) if row and row[0].isdigit()]
    return np.array(rows, dtype=np.float64)


ROWS: tuple[Callable[[Path], Row | list[Row]], ...] = (customer_value,)
