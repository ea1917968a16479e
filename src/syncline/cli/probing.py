"""`syncline probe`: does a system do what its contract declares?"""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from syncline.cli.ending import Code, leave, refuse
from syncline.cli.lazy import Command, asked_of

app = typer.Typer()


@app.command(cls=Command)
def probe(
    context: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system to measure.")],
    flow: Annotated[str | None, typer.Argument(metavar="FLOW", help="Only the resource of this flow.")] = None,
    *,
    write: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Also write to this record, which is put back. Needs FLOW."),
    ] = None,
) -> None:
    """Measure what a system's contract declares, and show both side by side.

    Only reads, unless a scratch record is named with --write. Ends with 1 where the system falls short of its contract.
    """
    from syncline.app import open_project
    from syncline.app.measures import Subject
    from syncline.app.opening import open_connector
    from syncline.app.probing import probe as measure
    from syncline.cli.probes import show_probe
    from syncline.cli.show import Screen, document
    from syncline.env import RealEnv

    if write and not flow:
        refuse("Name the flow, too: syncline probe SYSTEM FLOW --write KEY.")
    asked, env = asked_of(context), RealEnv()
    project = open_project(asked.folder())
    settings = project.systems.get(system)
    if settings is None:
        refuse(f"There is no system `{system}`. Known: {', '.join(project.systems)}.")
    with closing(open_connector(settings, env)) as connector:
        reports = [
            measure(
                Subject(system=system, resource=side.resource, connector=connector, lens=one.lenses[system], env=env),
                scratch=write or "",
            )
            for one in project.flows
            for side in one.flow.sides
            if side.system == system and flow in (None, one.flow.name)
        ]
    if not reports:
        refuse(f"No flow `{flow}` uses {system}.")
    if asked.json:
        document({"probes": reports})
    else:
        show_probe(Screen(asked), reports)
    short = any(one.agrees is False for report in reports for one in report.measures)
    leave(Code.ERROR if short else Code.FINE)
