"""`syncline profile` and `syncline findings`: what the values look like, and which of them break a rule."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.lazy import Command, asked_of
from syncline.cli.syncing import Flows

app = typer.Typer()


@app.command(cls=Command)
def profile(
    context: typer.Context,
    flows: Flows = None,
    *,
    look: Annotated[bool, typer.Option("--look", help="Keep nothing: also while another hub is at work.")] = False,
) -> None:
    """Show what the agreed values look like, field by field, and what has changed since the last profile.

    Blanks, distinct values, shapes, lengths, numbers with outliers, and PSI against the last profile: above 0.1 it is
    worth a look, above 0.2 something has changed. Of fields marked secret no value is shown or kept.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.figuring import show_profiles
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    with open_hub(asked.folder(), writing=not look) as hub:
        made = operations.profile(hub, flows or None, keep=not look)
    if asked.json:
        document({"profiles": made})
    else:
        show_profiles(Screen(asked), made)


@app.command(cls=Command)
def findings(context: typer.Context, flows: Flows = None) -> None:
    """List the records that flow although they break a rule of severity `warn`, each with its cure.

    What breaks a rule of severity `park` is listed by `syncline parked`; what pauses a flow, by `syncline status`.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.figuring import show_findings
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    with open_hub(asked.folder(), writing=False) as hub:
        rows = operations.findings(hub, flows or None)
    if asked.json:
        document({"findings": rows})
    else:
        show_findings(Screen(asked), rows)
