"""`syncline sandbox`: simulated applications to play with, and what simulated people and bad weather do to them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncline.cli.ending import Code, leave, refuse
from syncline.cli.lazy import Asked, Command, Group, asked_of

app = typer.Typer(
    cls=Group,
    name="sandbox",
    help="Start simulated business applications to try things out on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

System = Annotated[
    str | None,
    typer.Option("--system", metavar="NAME", help="Only this one, as crm or mes; all that run unless named."),
]


@app.command(cls=Command)
def up(  # noqa: PLR0913  each is an option
    context: typer.Context,
    *,
    size: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="Customers in the CRM.")] = 200,
    seed: Annotated[int, typer.Option(metavar="N", help="What the first records are drawn from.")] = 7,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME[=PORT]",
            help="Also start scm, warehouse, mes or products; may be given several times.",
        ),
    ] = None,
    crm_port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0: any free port.")] = 8101,
    erp_port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0: any free port.")] = 8102,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what is there and begin anew.")] = False,
) -> None:
    """Start a CRM and an ERP on this machine, and keep them until Ctrl-C.

    With others beside them where --with names them: an SCM (OData), a warehouse (a database and a folder of files), an
    MES (REST), a product management (GraphQL; its library comes with `pip install 'syncline[sandbox]'`). Their records
    stay in .syncline/sandbox of the project folder. One JSON line names the addresses with --json.
    """
    from syncline.cli.playground import Playground, further

    asked = asked_of(context)
    ports = {"crm": crm_port, "erp": erp_port, **further(more or [])}
    Playground(folder=_folder(asked), asked=asked).up(size=size, seed=seed, ports=ports, fresh=fresh)
    leave(Code.FINE)


@app.command(cls=Command)
def people(
    context: typer.Context,
    *,
    edits: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many edits.")] = 10,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed on the same records gives the same edits.")] = 1,
    system: System = None,
) -> None:
    """Let simulated people edit, create and delete records in the sandbox."""
    from syncline.cli.playground import Playground, show_edits

    asked = asked_of(context)
    done = Playground(folder=_folder(asked), asked=asked).post(system, "people", {"edits": edits, "seed": seed})
    show_edits(asked, done)


@app.command(cls=Command)
def faults(
    context: typer.Context,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=NUMBER", help="As rate_429=0.1 timeout_after_effect=0.05.")
    ] = None,
    *,
    system: System = None,
    off: Annotated[bool, typer.Option("--off", help="No faults any more.")] = False,
) -> None:
    """Make the sandbox's connections fail at random, or show which faults are on.

    Rates are shares of requests, 0 to 1: rate_429, rate_401, rate_500_before, rate_500_after, timeout_before_effect,
    timeout_after_effect, late_effect, truncate, html, error_200, duplicate; of webhooks webhook_drop,
    webhook_duplicate, webhook_reorder, webhook_late; of the warehouse's files half_file, bad_row.
    """
    from syncline.cli.playground import Playground, show_faults

    asked = asked_of(context)
    playground = Playground(folder=_folder(asked), asked=asked)
    if settings or off:
        shown = playground.post(system, "faults", _numbers(settings or []))
    else:
        shown = playground.get(system, "faults")
    show_faults(asked, shown)


@app.command(cls=Command)
def stats(context: typer.Context, *, system: System = None) -> None:
    """Show what the sandbox's applications counted: records, requests, writes."""
    from syncline.cli.playground import Playground, show_stats

    asked = asked_of(context)
    show_stats(asked, Playground(folder=_folder(asked), asked=asked).get(system, "stats"))


def _folder(asked: Asked) -> Path:
    return asked.folder() / ".syncline" / "sandbox"


def _numbers(settings: list[str]) -> dict[str, object]:
    numbers: dict[str, object] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        try:
            number = float(text)
        except ValueError:
            equals = ""
        if not equals:
            refuse(f"`{setting}` is no NAME=NUMBER.")
        numbers[name] = int(number) if number.is_integer() else number
    return numbers
