"""`syncline plan` and `syncline apply`: see every field that would change, then do exactly that, or nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.ending import Code, leave
from syncline.cli.lazy import Command, asked_of
from syncline.cli.syncing import Flows

app = typer.Typer()


@app.command(cls=Command)
def plan(context: typer.Context, flows: Flows = None) -> None:
    """Show, field by field, what a pass would write, and write none of it.

    The plan is saved; `syncline apply` sends exactly it, or refuses where a side has moved. Ends with 2 when something
    would change, with 3 when nothing would but something waits, else with 0.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.plans import show_plan
    from syncline.cli.progress import progress
    from syncline.cli.show import Screen, document
    from syncline.cli.stopping import stoppable

    asked = asked_of(context)
    with (
        stoppable() as stop,
        progress(asked) as bars,
        open_hub(asked.folder(), listeners=[*bars, stop], env=stop) as hub,
    ):
        told = operations.plan(hub, flows or None)
    if asked.json:
        document(told)
    else:
        show_plan(Screen(asked), told)
    leave(Code.CHANGES if told.counts else Code.WAITS if told.paused else Code.FINE)


@app.command(cls=Command)
def apply(
    context: typer.Context, plan_id: Annotated[str, typer.Argument(metavar="PLAN", help="As `syncline plan` named it.")]
) -> None:
    """Write exactly what a plan showed, or refuse because a side has moved."""
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
        report = operations.apply(hub, plan_id)
    if asked.json:
        document(report)
    else:
        show_run(Screen(asked), report)
    leave(code_of(report))
