"""One line of the table of accuracy: what was measured, beside what is published and what is aimed at."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One measured figure."""

    row: int
    function: str
    data: str
    metric: str
    ours: float
    published: str
    target: str
    met: bool
    note: str = ""
