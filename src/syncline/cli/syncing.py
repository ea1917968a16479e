"""`syncline sync` and `syncline run`: one pass, or a pass whenever a schedule says so."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.ending import Code, leave
from syncline.cli.lazy import Asked, Command, asked_of

app = typer.Typer()

Flows = Annotated[list[str] | None, typer.Argument(metavar="FLOW", help="Only these flows; all unless named.")]


@app.command(cls=Command)
def sync(
    context: typer.Context,
    flows: Flows = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Read every record, not only what changed.")] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="Agree to more creations or deletions than usual.")
    ] = False,
) -> None:
    """Bring flows into agreement once and print the ledger.

    Reads what changed, merges field by field, writes the differences, and says what became of every record. What cannot
    be settled now waits, alone; everything else flows.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.ledgers import code_of, show_run
    from syncline.cli.progress import progress
    from syncline.cli.show import Screen, document
    from syncline.cli.stopping import stoppable

    asked = asked_of(context)
    with (
        stoppable() as stop,
        progress(asked) as bars,
        open_hub(asked.folder(), listeners=[*bars, stop], env=stop) as hub,
    ):
        report = operations.sync(hub, flows or None, full=full, approved=approve)
    if asked.json:
        document(report)
    else:
        show_run(Screen(asked), report)
    leave(code_of(report))


@app.command(cls=Command)
def run(context: typer.Context, flows: Flows = None) -> None:
    """Keep flows in agreement until stopped, as their schedules say.

    One line per pass; with --json one JSON document per line. Ctrl-C or SIGTERM ends it after the page at hand, within
    ten seconds in any case, a second one at once. Schedules are the `when` of each flow: `every`, `cron` and `webhook`.
    Where a flow waits for webhooks, or `server` is set, it answers over HTTP: webhooks, health and metrics.
    """
    from syncline.app import open_project
    from syncline.cli.daemon import STOP_WITHIN, timers_of, work
    from syncline.cli.stopping import stoppable

    asked = asked_of(context)
    project = open_project(asked.folder())
    timers = timers_of(project, flows or [])
    with stoppable(STOP_WITHIN) as stop:
        work(project, timers, stop, asked)
    _say_goodbye(asked)
    leave(Code.FINE)


def _say_goodbye(asked: Asked) -> None:
    if not asked.json:
        from syncline.cli.show import Screen

        Screen(asked).line("Stopped. Nothing is lost.")
