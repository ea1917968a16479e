"""Measure accuracy on public data: ours beside what is published and what is aimed at.

    make accuracy DATA=../data        or        .venv/bin/python benchmarks/accuracy/run.py DATA [--only 4] [--write]

Prints the table as it grows, and as its last line the same as JSON. The data are not part of this repository; DATA
names the folder that has them. --write keeps the table under docs/benchmarks, with the date and the command.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from benchmarks.accuracy import agreement, demand, identity, interaction, supply  # noqa: E402  found above
from benchmarks.accuracy.rows import Row  # noqa: E402
from syncline.env import RealEnv  # noqa: E402

PARTS: Sequence[Callable[[Path], Row | list[Row]]] = (
    *demand.ROWS, *supply.ROWS, *interaction.ROWS, *identity.ROWS, *agreement.ROWS
)  # fmt: skip
HEADS = ("row", "function", "data", "metric", "ours", "published", "target", "met")


def main() -> int:
    """Measure, print, and tell by the exit code whether every target is met."""
    parser = argparse.ArgumentParser(description="Measure accuracy on public data.")
    parser.add_argument("data", type=Path, help="the folder with the data")
    parser.add_argument("--only", type=int, action="append", metavar="ROW", help="this row of the table alone")
    parser.add_argument("--write", action="store_true", help="keep the table under docs/benchmarks")
    given = parser.parse_args()
    if not given.data.is_dir():
        parser.error(f"there is no folder {given.data}")
    began, cpu = time.monotonic(), time.process_time()
    rows = sorted(_measured(given.data, given.only))
    took = f"{time.monotonic() - began:.0f} s, {time.process_time() - cpu:.0f} CPU s"
    if given.write:
        _write(rows, took)
    print(f"\n{sum(row.met for row in rows)} of {len(rows)} targets met, in {took}")
    print(json.dumps([row._asdict() for row in rows]))
    return 0 if all(row.met for row in rows) else 1


def _measured(data: Path, only: Sequence[int] | None) -> Iterator[Row]:
    for part in PARTS:
        if only and not set(only) & set(getattr(part, "rows", only)):
            continue
        found = part(data)
        for row in [found] if isinstance(found, Row) else found:
            if not only or row.row in only:
                print(_line(row), flush=True)
                yield row


def _line(row: Row) -> str:
    told = f"{row.row:>3}  {row.function:<22} {row.data:<34} {row.metric:<34} {_figure(row.ours):>10}  "
    return f"{told}{row.target:<20} {'met' if row.met else 'NOT MET'}{'  ' + row.note if row.note else ''}"


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _write(rows: Sequence[Row], took: str) -> None:
    """A page with the date and the command."""
    now = RealEnv().now()
    about = "On public data that are not part of this repository; measured with `make accuracy DATA=...` in"
    lines = [
        f"# Accuracy, {now:%Y-%m-%d}", "", f"{about} {took}. What is not met is said.", "",
        f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}",
    ]  # fmt: skip
    for row in rows:
        cells = (str(row.row), row.function, row.data, row.metric, _figure(row.ours), row.published, row.target)
        lines.append(f"| {' | '.join(cells)} | {'yes' if row.met else '**no**'}{': ' + row.note if row.note else ''} |")
    (ROOT / f"docs/benchmarks/{now:%Y-%m-%d}-accuracy.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
