"""`syncline why`, `syncline history` and `syncline undo`: what happened, and how to take it back."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from syncline.cli.ending import Code, leave
from syncline.cli.lazy import Command, asked_of

app = typer.Typer()


@app.command(cls=Command)
def why(
    context: typer.Context,
    reference: Annotated[
        str, typer.Argument(metavar="ENTITY:KEY.FIELD", help="As customer:C00342.phone, customer:crm:a8c1.phone.")
    ],
) -> None:
    """Say why a field has its value: which edit, from where, by which rule."""
    from syncline.app import open_hub, operations
    from syncline.cli.happenings import show_why
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    with open_hub(asked.folder(), writing=False) as hub:
        told = operations.why(hub, reference)
    if asked.json:
        document(told)
    else:
        show_why(Screen(asked), told)


@app.command(cls=Command)
def history(
    context: typer.Context,
    reference: Annotated[
        str, typer.Argument(metavar="ENTITY:KEY", help="As customer:C00342, customer:crm:a8c1 or customer:#12.")
    ],
) -> None:
    """Show everything that happened to one entity, oldest first."""
    from syncline.app import open_hub, operations
    from syncline.cli.happenings import show_history
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    with open_hub(asked.folder(), writing=False) as hub:
        told = operations.history(hub, reference)
    if asked.json:
        document(told)
    else:
        show_history(Screen(asked), told)


@app.command(cls=Command)
def undo(
    context: typer.Context,
    run: Annotated[int, typer.Argument(min=1, metavar="RUN", help="As `syncline status` numbers it.")],
    *,
    send: Annotated[bool, typer.Option("--send", help="Write it to the systems now.")] = False,
    creations: Annotated[
        bool, typer.Option("--creations", help="Also delete again, by each flow's policy, the records that it made.")
    ] = False,
) -> None:
    """Take back what a run changed, except where somebody edited it since.

    What was sent is not unsent: the former values come back as new changes. Without --send they wait for the next
    `syncline sync`. What was created stays; with --creations the hub's copies are deleted, never the record that
    somebody entered.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.happenings import show_undo
    from syncline.cli.ledgers import code_of
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    with open_hub(asked.folder()) as hub:
        report = operations.undo(hub, run, send=send, creations=creations, who=getpass.getuser())
    if asked.json:
        document(report)
    else:
        show_undo(Screen(asked), report)
    leave(code_of(report.sent) if report.sent else Code.FINE)
