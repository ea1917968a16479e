"""The shape of a demand: smooth, erratic, intermittent or lumpy, and how long ago the last one was."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.layouts import CLASSES
from syncline.analytics.demand.panel import panel_of
from syncline.analytics.tables import made

ADI, CV2 = 1.32, 0.49  #: where the classes part: Syntetos, Boylan & Croston (2005)
TOO_SHORT, NO_DEMAND = "too short", "no demand"


def shape(y: NDArray[np.float64]) -> tuple[float, float, str]:
    """ADI [periods], CV2 [1] and class of one demand.

    ADI is the mean number of periods per demand, CV2 the squared coefficient of variation of the sizes.

    >>> shape(np.array([0.0, 4.0, 0.0, 4.0]))
    (2.0, 0.0, 'intermittent')
    """
    sizes = y[y > 0]
    adi = len(y) / len(sizes)
    cv2 = float(np.var(sizes) / np.mean(sizes) ** 2)
    steady = ("smooth", "erratic") if adi < ADI else ("intermittent", "lumpy")
    return adi, cv2, steady[int(cv2 >= CV2)]


def classify_demand(y: pa.Table) -> pa.Table:
    """The class of every product's demand.

    Args:
        y: `HISTORY`: key, period, qty [base unit/period]; gaps count as zeros.

    Returns:
        `CLASSES`: adi [periods], cv2 [1], cls (smooth, erratic, intermittent, lumpy, "no demand"), n_obs [periods],
        last_sale_age [periods since the last demand], flag.

    Source:
        Syntetos, Boylan & Croston (2005), On the categorization of demand patterns, JORS 56: ADI 1.32, CV2 0.49.

    >>> from datetime import date
    >>> days = [date(2026, 1, day) for day in range(1, 9)]
    >>> table = pa.table({"key": ["a"] * 8, "period": days, "qty": [3.0, 0, 0, 3, 0, 0, 3, 0]})
    >>> classify_demand(table).select(["adi", "cls", "last_sale_age"]).to_pylist()
    [{'adi': 2.6666666666666665, 'cls': 'intermittent', 'last_sale_age': 1}]
    """
    panel = panel_of(y)
    rows = [_row(key, series) for key, series in zip(panel.keys, panel.series, strict=True)]
    return made(CLASSES, {column.name: [row[place] for row in rows] for place, column in enumerate(CLASSES.columns)})


def _row(key: str, y: NDArray[np.float64]) -> tuple[str, float | None, float | None, str, int, int | None, str]:
    if not (y > 0).any():
        return key, None, None, NO_DEMAND, len(y), None, "no demand in any period"
    adi, cv2, cls = shape(y)
    flag = "fewer than 8 periods: the class may change" if len(y) < 8 else ""  # noqa: PLR2004  # said beside it
    return key, adi, cv2, cls, len(y), int(len(y) - 1 - np.flatnonzero(y > 0)[-1]), flag
