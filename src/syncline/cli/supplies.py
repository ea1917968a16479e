"""`syncline supply`: what to keep, what to order, and by when orders can be delivered."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from syncline.cli.lazy import Command, asked_of

app = typer.Typer()


@app.command(cls=Command)
def supply(
    context: typer.Context,
    *,
    level: Annotated[float, typer.Option(help="Share of order cycles without a stock-out.")] = 0.95,
    review: Annotated[float, typer.Option(metavar="DAYS", help="Days between two looks at the stock.")] = 7.0,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Today, where it is another day.")
    ] = None,
    tell: Annotated[
        bool, typer.Option("--tell", help="Let the planner tell the promises to the other systems: the next sync does.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the table of stocks: .csv or .parquet.")
    ] = None,
) -> None:
    """Reckon lead times, safety stocks and reorder points, and a day for each open order, from the agreed data.

    A day is kept in 80 of 100 cases; what it hangs on is said. With --tell the planner, a system like any other, holds
    these days: the flows carry them to the CRM, with history and undo, and nothing else does.
    """
    from syncline.app.analyses.agreed import agreed_data
    from syncline.app.analyses.supplying import Wanted, plan_supply, tell_supply
    from syncline.cli.show import Screen, document
    from syncline.cli.supplying import show_supply, supply_document
    from syncline.cli.waiting import refuse_the_past, waiting, written

    asked = asked_of(context)
    refuse_the_past(as_of, tell=tell)
    folder = asked.folder()
    with waiting("Planning supply", asked), agreed_data(folder) as data:
        plan = plan_supply(data, Wanted(level, review, as_of.date() if as_of else None))
        told = tell_supply(data, folder, plan) if tell else None
    written(out, plan.stocks)
    if asked.json:
        document(supply_document(plan, told))
    else:
        show_supply(Screen(asked), plan, told)
