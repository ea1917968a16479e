"""`syncline publish`: tell others what was agreed."""

from __future__ import annotations

import typer

from syncline.cli.ending import Code, leave
from syncline.cli.lazy import Command, asked_of

app = typer.Typer()


@app.command(cls=Command)
def publish(context: typer.Context) -> None:
    """Tell others what was agreed and not told yet, as `publish` in syncline.yaml says.

    Each change is one CloudEvent, told at least once, those of one entity in their order. Ends with 3 when some wait.
    """
    from syncline.app import open_hub, open_project
    from syncline.cli.announcing import sentence, tell
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    project = open_project(asked.folder())
    with open_hub(asked.folder()) as hub:
        told = tell(hub, project)
    if asked.json:
        document(told)
    else:
        Screen(asked).line(sentence(told))
    leave(Code.WAITS if told.waits else Code.FINE)
