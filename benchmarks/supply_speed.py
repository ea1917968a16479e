"""Speed of supply planning at 1x, 4x and 16x: CPU seconds and resident memory.

python -m benchmarks.supply_speed ../shared/data
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa

from benchmarks.accuracy.adventureworks import bill_of_materials
from benchmarks.accuracy.supply import allocation_case
from syncline.analytics.supply.allocate import allocate
from syncline.analytics.supply.explode_bom import explode_bom
from syncline.analytics.supply.explosion import explosion

_TIMES = (1, 4, 16)
_DAY = date(2025, 1, 1)


def measured(name: str, call: Callable[[], int]) -> None:
    """One line: what, how many rows came out, CPU seconds, and the most memory so far."""
    before = time.process_time()
    rows = call()
    seconds = time.process_time() - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<58}{rows:>10,} rows {seconds:8.2f} s {memory:8.0f} MB")


def copies(table: pa.Table, times: int, columns: tuple[str, ...]) -> pa.Table:
    """The table several times over, with the names in `columns` made different."""
    found = []
    for copy in range(times):
        one = table
        for name in columns:
            values = pa.array([f"{value}#{copy}" for value in table.column(name).to_pylist()])
            one = one.set_column(one.column_names.index(name), name, values)
        found.append(one)
    return pa.concat_tables(found)


def main(data: Path) -> None:
    """Print the table."""
    bom = bill_of_materials(data / "adventureworks")
    explosion(bom, on=_DAY)  # loads what a first call loads
    for times in _TIMES:
        more = copies(bom, times, ("assembly", "component"))
        measured(f"{times}x explosion of 238 assemblies to 4 levels", lambda more=more: len(explosion(more, on=_DAY)))
    tops = sorted(set(bom.column("assembly").to_pylist()))
    for times in _TIMES:
        count = len(tops) * 5 * times
        wanted = pa.table({
            "product": tops * 5 * times, "period": [_DAY] * count, "qty": [1.0] * count,
            "pegged_to": [str(place) for place in range(count)],
        })  # fmt: skip
        measured(
            f"{times}x requirements of {count:,} orders",
            lambda wanted=wanted: len(explode_bom(wanted, bom, effective_date=_DAY)),
        )
    orders, weights, supply, parts = allocation_case(data)
    for times in _TIMES:
        lines = copies(orders, times, ("order_line",))
        measured(
            f"{times}x allocation of {len(lines):,} order lines",
            lambda lines=lines: len(allocate(lines, supply, parts, weights=weights).lines),
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
