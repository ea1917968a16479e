"""`syncline conflicts` and `syncline parked`: what waits for a person, and how to decide it."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from syncline.cli.ending import refuse
from syncline.cli.lazy import Asked, Command, asked_of

app = typer.Typer()


@app.command(cls=Command)
def conflicts(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(metavar="NUMBER", help="Decide this one.")] = None,
    *,
    keep: Annotated[str | None, typer.Option(metavar="ours|theirs|SYSTEM", help="Whose value stays.")] = None,
    value: Annotated[str | None, typer.Option(metavar="VALUE", help="Another value instead, as text or JSON.")] = None,
    agreed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Which agreed value you saw, where the list names one.")
    ] = 0,
    every: Annotated[bool, typer.Option("--all", help="List those settled by rule or by a person, too.")] = False,
) -> None:
    """List fields that were edited on two sides at once, or decide one.

    A field with an open conflict is frozen; the rest of the record flows. `syncline conflicts 12 --keep crm` decides
    number 12; the next `syncline sync` sends it. The loser is kept in the history.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.decisions import show_conflicts
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    if number is not None and (keep is not None or value is not None):
        _resolve(asked, number, keep, value, agreed)
        return
    if number is None and (keep is not None or value is not None):
        refuse("Which one? syncline conflicts NUMBER --keep ours|theirs|SYSTEM.")
    with open_hub(asked.folder(), writing=False) as hub:
        rows = [
            row for row in operations.conflicts(hub, every=every or number is not None) if number in (None, row.cid)
        ]
    if number is not None and not rows:
        refuse(f"There is no conflict {number}. See `syncline conflicts --all`.")
    if asked.json:
        document({"conflicts": rows})
    else:
        show_conflicts(Screen(asked), rows)


def _resolve(asked: Asked, number: int, keep: str | None, value: str | None, agreed: int) -> None:
    from syncline.app import open_hub, operations
    from syncline.cli.decisions import given_value
    from syncline.cli.show import Screen, document

    if keep is not None and value is not None:
        refuse("Give --keep or --value, not both.")
    chosen = {"value": given_value(value)} if value is not None else {}
    with open_hub(asked.folder()) as hub:
        row = operations.resolve(hub, number, keep or "value", who=getpass.getuser(), agreed=agreed, **chosen)
    if asked.json:
        document(row)
    else:
        Screen(asked).line(f"{row.label}, {row.field}: decided ({row.kept}). The next `syncline sync` sends it.")


@app.command(cls=Command)
def parked(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(metavar="NUMBER", help="This one.")] = None,
    *,
    retry: Annotated[bool, typer.Option("--retry", help="Try it again, or all of them.")] = False,
    edit: Annotated[bool, typer.Option("--edit", help="Correct its values one by one, then try it again.")] = False,
    change: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Correct a value, then try it again.")
    ] = None,
) -> None:
    """List records that were refused, in the other system's own words; correct them and try again.

    One refused record never holds up another. Values are canonical ones, as `syncline history` shows them.
    """
    from syncline.app import open_hub, operations
    from syncline.cli.decisions import show_parked
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    if edit or change:
        _edit(asked, number, change or [])
        return
    with open_hub(asked.folder(), writing=retry) as hub:
        rows = operations.retry(hub, number) if retry else operations.parked(hub)
    shown = rows if retry else [row for row in rows if number in (None, row.number)]
    if number is not None and not shown:
        refuse(f"Nothing is parked as {number}. See `syncline parked`.")
    if asked.json:
        document({"retried" if retry else "parked": shown})
    elif retry:
        Screen(asked).line(f"{len(shown)} will be tried again by the next `syncline sync`.")
    else:
        show_parked(Screen(asked), shown)


def _edit(asked: Asked, number: int | None, changes: Sequence[str]) -> None:
    from syncline.app import open_hub, operations
    from syncline.cli.decisions import ask_values, given_values, show_edited
    from syncline.cli.show import Screen, document

    if number is None:
        refuse("Which one? syncline parked NUMBER --set FIELD=VALUE.")
    if not changes and not sys.stdin.isatty():
        refuse("There is no terminal to ask at; give the values with --set FIELD=VALUE.")
    values = given_values(changes)
    with open_hub(asked.folder()) as hub:
        row = next((one for one in operations.parked(hub) if one.number == number), None)
        if row is None:
            refuse(f"Nothing is parked as {number}. See `syncline parked`.")
        edited = operations.edit_and_retry(hub, number, values or ask_values(row.fields), who=getpass.getuser())
    if asked.json:
        document(edited)
    else:
        show_edited(Screen(asked), edited)
