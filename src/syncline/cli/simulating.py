"""`syncline simulate`: would these flows agree, whatever people, systems and crashes do? Tried without any system."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from syncline.cli.ending import Code, leave
from syncline.cli.lazy import Asked, Command, asked_of

app = typer.Typer()


@app.command(cls=Command)
def simulate(
    context: typer.Context,
    histories: Annotated[int, typer.Option("--histories", metavar="N", min=1, help="How many histories.")] = 100,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="The seed of the first one.")] = 1,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Cut what breaks down, and keep it there.")
    ] = None,
) -> None:
    """Play histories of people, faults and crashes against simulated systems, and check what Syncline promises.

    Nothing outside is touched: the flows, mappings and rules are those of --project, or of a reference project; the
    hub is the real one; the systems, the people and the time are simulated. A seed repeats bit for bit. Ends with 1
    when a promise was broken.
    """
    from syncline.app import open_project
    from syncline.simulation.campaign import Judged, run_campaign
    from syncline.simulation.shape import reference, shape_of

    asked = asked_of(context)
    shape = shape_of(open_project(asked.folder())) if asked.project else reference()

    with _bar(asked, histories) as moved:

        def told(one: Judged) -> None:
            moved()
            _tell(one, asked)

        made = run_campaign(shape, seed, histories, told)
    if keep is not None and made.broken:
        from syncline.simulation.keeping import keep_smallest

        for one in made.broken:
            _say(asked, f"kept as {keep_smallest(shape, one, keep)}")
    if asked.json:
        from syncline.cli.show import document

        found = [
            {"seed": one.seed, "invariant": broken.invariant, "what": broken.what, "command": _command(one.seed, asked)}
            for one in made.broken
            for broken in one.violations
        ]
        counts = {"histories": made.histories, "violations": made.violations, "crashes": made.crashes}
        document({**counts, "edits": made.edits, "windows": made.windows, "found": found, "met": dict(made.counts)})
    else:
        _say(asked, str(made))
    if made.violations:
        leave(Code.ERROR)
    leave(Code.FINE if made.histories == histories else Code.INTERRUPTED)


def _tell(one: object, asked: Asked) -> None:
    """What a history has broken, and how to see it again."""
    from syncline.simulation.campaign import Judged

    if isinstance(one, Judged) and one.violations and not asked.json:
        for invariant in dict.fromkeys(broken.invariant for broken in one.violations):
            what = [broken.what for broken in one.violations if broken.invariant == invariant]
            more = f" (and {len(what) - 1} more)" if len(what) > 1 else ""
            _say(asked, f"seed {one.seed}  {invariant}: {what[0]}{more}")
        _say(asked, f"  again: {_command(one.seed, asked)}")


def _command(seed: int, asked: Asked) -> str:
    project = ["--project", str(asked.project)] if asked.project else []
    return shlex.join(["syncline", "simulate", *project, "--histories", "1", "--seed", str(seed)])


def _say(asked: Asked, line: str) -> None:
    if not asked.json:
        from syncline.cli.show import Screen

        Screen(asked).line(line)


@contextmanager
def _bar(asked: Asked, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal; nothing where nobody looks."""
    if asked.json or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, no_color=asked.no_color or None), transient=True) as bars:
        task = bars.add_task("histories", total=total)
        yield lambda: bars.advance(task)
