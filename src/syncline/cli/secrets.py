"""`syncline secrets`: the encrypted store of a project folder.

A value is never an argument: arguments can be read by every process of the machine, and stay in the shell's history.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Protocol

import typer

from syncline.cli.ending import refuse
from syncline.cli.lazy import Asked, Command, Group, asked_of

app = typer.Typer(
    cls=Group,
    name="secrets",
    help="Keep secrets in the project folder, encrypted.\n\n"
    "`${secret:NAME}` is looked up in the environment (SYNCLINE_SECRET_NAME, then NAME), in `.env`, then here. The "
    "key is SYNCLINE_KEY, or a file beside the store.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Kept(Protocol):
    """What is asked of the encrypted store, which is loaded when it is used."""

    def names(self) -> Sequence[str]:
        """The names that it holds."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        ...

    def remove(self, name: str) -> bool:
        """Forget a secret; was it there?"""
        ...


Name = Annotated[str, typer.Argument(metavar="NAME", help="As in ${secret:NAME}.")]


@app.command("set", cls=Command)
def set_secret(context: typer.Context, name: Name) -> None:
    """Keep a secret; it is asked for without being shown, or read from stdin."""
    asked = asked_of(context)
    if sys.stdin.isatty():
        value = str(typer.prompt(f"{name} (not shown)", hide_input=True, err=True))
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    _store(asked).set(name, value)
    _tell(asked, {"set": name}, f"{name} is kept, encrypted, in {asked.folder() / '.syncline'}.")


@app.command("list", cls=Command)
def list_secrets(context: typer.Context) -> None:
    """Name the secrets that are kept; values are never shown."""
    asked = asked_of(context)
    names = _store(asked).names()
    _tell(asked, {"secrets": names}, "\n".join(names) or "No secret is kept here.")


@app.command("remove", cls=Command)
def remove_secret(context: typer.Context, name: Name) -> None:
    """Forget a secret."""
    asked = asked_of(context)
    if not _store(asked).remove(name):
        refuse(f"There is no secret {name}. See `syncline secrets list`.")
    _tell(asked, {"removed": name}, f"{name} is forgotten.")


def _store(asked: Asked) -> Kept:
    from syncline.security import EncryptedSecrets

    folder = asked.folder()
    if not (folder / "syncline.yaml").is_file():
        from syncline.errors import SetupError

        msg = f"There is no syncline.yaml in {folder}."
        raise SetupError(msg, cure="Go to the project folder, or make one with `syncline init`.")
    return EncryptedSecrets(folder / ".syncline", os.environ)


def _tell(asked: Asked, body: object, sentence: str) -> None:
    from syncline.cli.show import Screen, document

    if asked.json:
        document(body)
    else:
        screen = Screen(asked)
        for line in sentence.splitlines():
            screen.line(line)
