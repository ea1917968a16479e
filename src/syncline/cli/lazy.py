"""What every command shares: it is loaded when it is asked for, knows the same four options, and ends the same way.

`syncline --help` and a mistyped option must answer at once, so a command's module is imported when its name is met, and
the engine behind it when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Never, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info, get_group
from typer.models import CommandInfo

from syncline import __version__
from syncline.cli.ending import close_quietly, end_with, refuse

#: Section -> command -> the module that has it. A command group is a module of the same kind.
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Set up": {
        "init": "projects", "check": "projects", "test": "projects", "probe": "probing", "secrets": "secrets",
    },
    "Bring into agreement": {
        "match": "matching", "plan": "planning", "apply": "planning", "sync": "syncing", "run": "syncing",
        "publish": "publishing",
    },
    "Look": {
        "status": "watching", "drift": "watching", "verify": "watching", "profile": "profiles", "findings": "profiles",
        "why": "history", "history": "history",
    },
    "Decide": {
        "conflicts": "people", "parked": "people", "normalisers": "normalising", "undo": "history",
    },
    "Foresee": {"forecast": "forecasts", "supply": "supplies", "recommend": "recommends", "mine": "mines"},
    "Try out": {"sandbox": "sandboxing", "simulate": "simulating"},
}  # fmt: skip
GROUPS = frozenset({"secrets", "sandbox"})
PLACES = {name: module for section in SECTIONS.values() for name, module in section.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked of every command alike."""

    project: Path | None = None
    json: bool = False
    debug: bool = False
    no_color: bool = False

    def folder(self) -> Path:
        """The project folder: the one named, else the nearest with a syncline.yaml, from here upwards."""
        if self.project is not None:
            if not self.project.exists():
                refuse(f"There is no folder {self.project}.")
            return self.project if self.project.is_dir() else self.project.parent
        here = Path.cwd()
        return next((one for one in (here, *here.parents) if (one / "syncline.yaml").is_file()), here)


def asked_of(context: typer.Context) -> Asked:
    """The options of this command that all commands have."""
    return cast("Asked", context.obj or Asked())


def everywhere(
    project: Annotated[Path | None, typer.Option(metavar="DIR", help="The project folder (here, or upwards).")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR says the same.")] = False,
) -> None:
    """The options that every command has, before its name or behind it."""


def show_version(value: bool) -> None:
    """Say which version this is, and no more."""
    if value:
        typer.echo(f"syncline {__version__}")
        raise typer.Exit


def at_the_top(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """The option that only the top has."""


_SHARED = ("project", "json", "debug", "no_color")


def _take(context: Any) -> None:  # noqa: ANN401  a context of click, whose home differs by version
    """Move the shared options from the parameters of a command to `Asked`; what was said before its name stands."""
    context.params.pop("version", None)
    given = {name: value for name in _SHARED if (value := context.params.pop(name, None))}
    context.obj = replace(context.obj or Asked(), **given)


class Command(TyperCommand):
    """A command with the shared options at the end of its own."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401  see `_take`
        """Its own, then the shared ones."""
        own = super().get_params(ctx)
        return [*own[:-1], *_options(everywhere), *own[-1:]]  # the last is --help

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401
        """Run it with `Asked` in the context."""
        _take(ctx)
        return super().invoke(ctx)


class Group(TyperGroup):
    """A group of commands with a line for each."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """In the order in which they were written."""
        with formatter.section("Commands"):
            formatter.write_dl(_rows((name, self.commands[name]) for name in self.commands))


class Commands(TyperGroup):
    """The top: finds a command's module by its name, and ends every way a command can end."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401
        """The shared ones, and --version."""
        return [*super().get_params(ctx), *_options(at_the_top)]

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  see `_take`
        """All of them, in the order of the help."""
        return list(PLACES)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ANN401
        """The command, loaded now."""
        return load(cmd_name) if cmd_name in PLACES else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401
        """The command that is meant; the nearest name is told for one that is unknown."""
        if args and not args[0].startswith("-") and args[0] not in PLACES:
            refuse(f"There is no command `{args[0]}`. {_nearest(args[0])}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """One line per command, by section."""
        for section, names in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(_rows((name, self.get_command(ctx, name)) for name in names))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """The exit codes, line by line."""
        formatter.write_paragraph()
        for line in (self.epilog or "").splitlines():
            formatter.write(f"{line}\n")

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401
        """Run what was asked. Click would end these two in its own way, with words or codes that are not ours."""
        _take(ctx)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise typer.Abort from error
        except BrokenPipeError:
            close_quietly()
            return 0

    def main(  # type: ignore[override]  # never standalone: it ends the process itself
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,  # noqa: ANN401
    ) -> Never:
        """Run the command line; every ending has its exit code."""
        given = list(sys.argv[1:] if args is None else args)
        settings = {name: value for name, value in extra.items() if name != "standalone_mode"}
        end_with(
            lambda: super(Commands, self).main(
                args=given or ["--help"], prog_name=prog_name or "syncline", standalone_mode=False, **settings
            ),
            json="--json" in given,
            debug="--debug" in given,
        )


def load(name: str) -> TyperCommand | TyperGroup:
    """One command or group, from its module."""
    app = cast("typer.Typer", import_module(f"syncline.cli.{PLACES[name]}").app)
    if name in GROUPS:
        return get_group(app)
    info = next(one for one in app.registered_commands if _name(one) == name)
    return cast("TyperCommand", get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None))


def _name(info: CommandInfo) -> str:
    return info.name or str(getattr(info.callback, "__name__", ""))


def _options(function: Callable[..., None]) -> list[Any]:
    info = CommandInfo(callback=function)
    return list(get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None).params)


def _rows(commands: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Name and first sentence."""
    return [(name.ljust(9), (one.help or "").split(".", maxsplit=1)[0]) for name, one in commands if one]


def _nearest(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, PLACES, n=1)
    return f"Did you mean `{near[0]}`?" if near else "See `syncline --help`."
