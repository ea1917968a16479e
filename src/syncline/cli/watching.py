"""`syncline status`, `syncline drift` and `syncline verify`: where the systems stand, and whether the log is true."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.ending import Code, leave
from syncline.cli.lazy import Command, asked_of
from syncline.cli.syncing import Flows

app = typer.Typer()


@app.command(cls=Command)
def status(context: typer.Context) -> None:
    """Show how far each system has been read, and what waits there.

    Reads the state only, so it answers while another hub is at work.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.show import Screen, document
    from syncline.cli.standing import show_status

    asked = asked_of(context)
    with open_hub(asked.folder(), writing=False) as hub:
        told = operations.status(hub)
    if asked.json:
        document(told)
    else:
        show_status(Screen(asked), told)


@app.command(cls=Command)
def drift(
    context: typer.Context,
    flows: Flows = None,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Plan anew what differs without a reason.")] = False,
) -> None:
    """Compare the systems field by field, say why they differ, and show the figures of the sync.

    Ends with 3 when a difference has no reason.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.figuring import show_figures
    from syncline.cli.show import Screen, document
    from syncline.cli.standing import show_drift

    asked = asked_of(context)
    with open_hub(asked.folder(), writing=repair) as hub:
        rows = operations.drift(hub, flows or None, repair=repair)
        figures = operations.figures(hub, flows or None)
    if asked.json:
        document({"drift": rows, "figures": figures})
    else:
        screen = Screen(asked)
        show_drift(screen, rows)
        screen.blank()
        show_figures(screen, figures)
    leave(Code.WAITS if any(row.total.unexplained for row in rows) else Code.FINE)


@app.command(cls=Command)
def verify(
    context: typer.Context,
    *,
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Compare only N entities of each type.")
    ] = None,
) -> None:
    """Check the audit log: is its chain whole, and does it explain every value?"""
    from syncline.app import open_hub, operations
    from syncline.cli.show import BAD, GOOD, Screen, counted, document

    asked = asked_of(context)
    with open_hub(asked.folder(), writing=False) as hub:
        report = operations.verify(hub, sample)
    if asked.json:
        document({**_fields(report), "good": report.good})
    else:
        screen = Screen(asked)
        compared = counted(report.entities, "entity", "entities")
        screen.line(f"{counted(report.pages, 'page')} of the log, {compared} compared")
        for seq in report.broken:
            screen.line((f"page {seq} does not follow from the one before it: it was changed outside syncline", BAD))
        for one in report.differing:
            screen.line(("differs from what the log says: ", BAD), one, hang=2)
        if report.good:
            screen.line(("the chain is whole and explains every value", GOOD))
    leave(Code.FINE if report.good else Code.ERROR)


def _fields(report: object) -> dict[str, object]:
    import msgspec

    built: dict[str, object] = msgspec.to_builtins(report)
    return built
