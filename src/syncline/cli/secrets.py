"""`syncline secrets`: the encrypted store of a project folder."""

from __future__ import annotations

import typer

app = typer.Typer(help="Keep secrets in the project folder, encrypted.")
