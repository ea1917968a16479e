"""`syncline forecast`: what will be ordered, from the agreed orders or from a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from syncline.cli.lazy import Command, asked_of

app = typer.Typer()

Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the whole table: .csv or .parquet.")]
Columns = Annotated[
    str, typer.Option(metavar="OURS=THEIRS,...", help="Names of columns in the file: key=sku,date=day,qty=pieces.")
]
AsOf = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day that is looked at.")]


@app.command(cls=Command)
def forecast(
    context: typer.Context,
    *,
    orders: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Order lines (key, date, qty) instead of the agreed orders.")
    ] = None,
    columns: Columns = "",
    freq: Annotated[str, typer.Option(help="Length of a period: D, W, M, Q or Y.")] = "W",
    horizon: Annotated[int, typer.Option(help="How many periods ahead.")] = 8,
    as_of: AsOf = None,
    method: Annotated[str, typer.Option(help="One method for all products, instead of the best for each.")] = "auto",
    thorough: Annotated[bool, typer.Option("--thorough", help="Try the slow methods, too: minutes.")] = False,
    top: Annotated[int, typer.Option(min=0, help="Only so many products, those with the most demand; 0 is all.")] = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the products with the most demand: .svg or .png.")
    ] = None,
    out: Out = None,
) -> None:
    """Forecast what will be ordered of each product, with quantiles and with the method that proved itself.

    Every method is tried at past moments on what came after them, against the season of the year before; the best one
    is taken. What is not known (no second season, too few orders, data in doubt) is said.
    """
    from syncline.app.analyses.agreed import agreed_data
    from syncline.app.analyses.forecasting import Asked, forecast_agreed, forecast_file
    from syncline.cli.foretelling import draw, forecast_document, show_forecast
    from syncline.cli.show import Screen, document
    from syncline.cli.waiting import named, waiting, written
    from syncline.env import RealEnv

    asked = asked_of(context)
    wishes = Asked(freq, horizon, as_of.date() if as_of else None, method, thorough, top)
    with waiting("Forecasting", asked):
        if orders is not None:
            told = forecast_file(orders, wishes, columns=named(columns), today=RealEnv().now().date())
        else:
            with agreed_data(asked.folder()) as data:
                told = forecast_agreed(data, wishes)
    if plot:
        draw(plot, told)
    written(out, told.made.rows)
    if asked.json:
        document(forecast_document(told))
    else:
        show_forecast(Screen(asked), told)
