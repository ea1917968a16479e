"""The command line: parses, calls, prints. One module per group of commands, loaded when it is asked for."""

from __future__ import annotations

import atexit
import gc

import typer

from syncline.cli.ending import EPILOG
from syncline.cli.lazy import Asked, Commands, everywhere

__all__ = ["Asked", "app", "main"]


def main() -> None:
    """Run the command line of this process.

    What is loaded at the start is no garbage, neither then nor at the end: looking for it takes a tenth of `--help`.
    """
    gc.set_threshold(50_000, 20, 100)
    atexit.register(gc.freeze)
    typer.main.get_command(app)()


app = typer.Typer(
    cls=Commands,
    name="syncline",
    help="Keeps a CRM in agreement, field by field, with the systems that make and deliver.",
    epilog=EPILOG,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 100, "help_option_names": ["--help", "-h"]},
)
app.callback()(everywhere)
