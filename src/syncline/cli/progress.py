"""Progress while a pass runs: one line per flow and system, on a terminal only, gone when the ledger is printed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from syncline.cli.lazy import Asked
from syncline.model.event import Event
from syncline.ports.listener import Listener


@contextmanager
def progress(asked: Asked) -> Iterator[Sequence[Listener]]:
    """Listeners that draw; none where nobody looks."""
    if asked.json or not sys.stderr.isatty():
        yield []
        return
    console = Console(stderr=True, no_color=asked.no_color or None)
    columns = (
        TextColumn("{task.description}", style="bold", markup=False),
        TextColumn("{task.fields[system]}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[read]:>9,} read"),
        TextColumn("{task.fields[sent]:>7,} sent"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}", style="yellow", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield [Bars(bars)]


class Bars:
    """A listener with one bar per flow and system. How many records there are is known by no one beforehand."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._read: Counter[TaskID] = Counter()
        self._sent: Counter[TaskID] = Counter()

    def hear(self, event: Event) -> None:
        """Count, and draw."""
        task = self._task(event)
        if event.kind == "read":
            self._read[task] += event.counts.get("read", 0)
        elif event.kind == "sent":
            self._sent[task] += event.counts.get("sent", 0)
        state = event.kind if event.kind in {"paused", "waiting"} else ""
        self._bars.update(task, read=self._read[task], sent=self._sent[task], state=state)

    def _task(self, event: Event) -> TaskID:
        place = (event.flow, event.system)
        if place not in self._tasks:
            self._tasks[place] = self._bars.add_task(
                event.flow, total=None, system=event.system, read=0, sent=0, state=""
            )
        return self._tasks[place]
