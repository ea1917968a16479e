"""`syncline normalisers`: what systems do to the values that they store, and which of it is not to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from syncline.cli.ending import refuse
from syncline.cli.lazy import Asked, Command, asked_of
from syncline.cli.show import DIM, HEAD, WAITS, Cell, Screen, counted, document
from syncline.model.report import Normaliser

app = typer.Typer()

_PLACE_PARTS = 3  #: system, entity, field
_SAYS = {
    "declared": "the contract says so",
    "observed": "not believed yet",
    "refused": "refused: taken for a person's edit",
}


@app.command(cls=Command)
def normalisers(
    context: typer.Context,
    place: Annotated[str | None, typer.Argument(metavar="SYSTEM.ENTITY.FIELD", help="One field's.")] = None,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which of them.")] = None,
    *,
    no: Annotated[bool, typer.Option("--refuse", help="Do not believe it, now or later.")] = False,
) -> None:
    """List what systems do to values (trim, truncate, upper...), or refuse one.

    A system that cuts a name to 40 characters has not edited it. What no contract declares is learned from samples that
    agree. `syncline normalisers erp.customer.name truncate:40 --refuse` takes it for an edit from then on.
    """
    from syncline.app import open_hub, operations

    asked = asked_of(context)
    if no:
        _refuse(asked, place, name)
        return
    with open_hub(asked.folder(), writing=False) as hub:
        rows = [row for row in operations.normalisers(hub) if place in (None, _place(row)) and name in (None, row.name)]
    if asked.json:
        document({"normalisers": rows})
    else:
        _show(Screen(asked), rows)


def _refuse(asked: Asked, place: str | None, name: str | None) -> None:
    from syncline.app import open_hub, operations

    parts = (place or "").split(".", 2)
    if len(parts) != _PLACE_PARTS or name is None:
        refuse("Which one? syncline normalisers SYSTEM.ENTITY.FIELD NAME --refuse.")
    system, entity, field = parts
    with open_hub(asked.folder()) as hub:
        row = operations.refuse_normaliser(hub, system, entity, field, name)
    if asked.json:
        document(row)
    else:
        Screen(asked).line(f"{_place(row)}: {row.name} is refused. What {row.system} shows there is an edit.")


def _place(row: Normaliser) -> str:
    return f"{row.system}.{row.entity}.{row.field}"


def _show(screen: Screen, rows: Sequence[Normaliser]) -> None:
    if not rows:
        screen.line("No system was seen to change values that it stores.")
        return
    table: list[Sequence[Cell]] = [
        (
            (_place(row), HEAD), row.name, (row.origin, WAITS if row.origin == "observed" else DIM),
            (_SAYS.get(row.origin) or f"from {counted(row.samples, 'sample')}", DIM),
        )
        for row in rows
    ]  # fmt: skip
    screen.table(table)
