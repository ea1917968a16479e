"""What the commands of analyses share: a sign that something is going on, names of columns, results in files."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from syncline.cli.ending import refuse
from syncline.cli.lazy import Asked


@contextmanager
def waiting(what: str, asked: Asked) -> Iterator[None]:
    """A bar that moves, and how long it has been; on a terminal only, and gone at the end."""
    try:
        with _bar(what, asked):
            yield
    finally:
        atexit.unregister(gc.freeze)  # what DuckDB holds must be collected at the end, or it complains


@contextmanager
def _bar(what: str, asked: Asked) -> Iterator[None]:
    if asked.json or not sys.stderr.isatty():
        yield
        return
    console = Console(stderr=True, no_color=asked.no_color or None)
    columns = (
        TextColumn("{task.description}", style="bold", markup=False),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        bars.add_task(what, total=None)
        yield


def named(columns: str) -> Mapping[str, str]:
    """Names of columns, as `ours=theirs,...` says them.

    >>> named("key=sku, qty=pieces")
    {'key': 'sku', 'qty': 'pieces'}
    """
    pairs = [one.partition("=") for one in columns.split(",") if one.strip()]
    for ours, _, theirs in pairs:
        if not ours.strip() or not theirs.strip():
            refuse(f"`{columns}` names no columns. Write ours=theirs, such as key=sku,date=day,qty=pieces.")
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def refuse_the_past(as_of: datetime | None, *, tell: bool) -> None:
    """What follows from another day is to be looked at, not to be told to anybody."""
    if tell and as_of is not None:
        refuse("What is reckoned as of another day is not told. Leave out --as-of, or --tell.")


def written(out: Path | None, table: object) -> None:
    """The whole table in a file, where one was asked for."""
    if out is not None:
        from syncline.analytics.dataset.files import write_table

        write_table(out, table)
