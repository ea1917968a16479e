"""`syncline recommend`: what to say to whom, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from syncline.cli.lazy import Command, asked_of

app = typer.Typer()


@app.command(cls=Command)
def recommend(
    context: typer.Context,
    *,
    margin: Annotated[float, typer.Option(min=0.001, max=1.0, help="Share of an order that is earned.")] = 0.3,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Today, where it is another day.")
    ] = None,
    tell: Annotated[
        bool, typer.Option("--tell", help="Let the planner tell it to the other systems: the next sync does.")
    ] = False,
) -> None:
    """Say what customers are worth, who may leave, what to offer, and who must be told of another day.

    Each advice has its reason and what it may bring. With --tell the planner holds worth and risk of each customer, and
    a task for each call that a person should make: the flows carry them to the CRM.
    """
    from syncline.app.analyses.agreed import agreed_data
    from syncline.app.analyses.recommending import Assumed, advise, tell_advice
    from syncline.app.analyses.supplying import Wanted, plan_supply
    from syncline.cli.recommending import advice_document, show_advice
    from syncline.cli.show import Screen, document
    from syncline.cli.waiting import refuse_the_past, waiting

    asked = asked_of(context)
    refuse_the_past(as_of, tell=tell)
    folder = asked.folder()
    day = as_of.date() if as_of else None
    with waiting("Looking at customers", asked), agreed_data(folder) as data:
        advice = advise(data, folder, plan_supply(data, Wanted(as_of=day)), Assumed(margin=margin, as_of=day))
        told = tell_advice(data, folder, advice) if tell else None
    if asked.json:
        document(advice_document(advice, told))
    else:
        show_advice(Screen(asked), advice, told)
