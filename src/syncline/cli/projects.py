"""`syncline init`, `syncline check` and `syncline test`: make a project folder, and try it before it is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Never

import typer

from syncline.cli.ending import Code, leave, refuse
from syncline.cli.lazy import Asked, Command, asked_of
from syncline.cli.syncing import Flows

app = typer.Typer()

_IGNORED = "# the state, the key and the secrets of this project\n.syncline/\n.env\n"


@app.command(cls=Command)
def init(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="The new project folder (here).")] = None,
    *,
    blueprint: Annotated[
        str | None, typer.Option("--blueprint", "-b", metavar="NAME", help="Which blueprint to begin with.")
    ] = None,
) -> None:
    """Make a project folder from a blueprint; without one, list the blueprints."""
    from syncline.config import blueprints, write_blueprint

    asked = asked_of(context)
    if blueprint is None:
        _list_blueprints(asked, blueprints())
    target = (folder or asked.project or Path.cwd()).resolve()
    written = write_blueprint(blueprint, target)
    ignored = target / ".gitignore"
    if not ignored.exists():
        ignored.write_text(_IGNORED)
        written.append(ignored)
    _show_written(asked, target, [str(path.relative_to(target)) for path in written], blueprint)


def _list_blueprints(asked: Asked, known: dict[str, str]) -> Never:
    from syncline.cli.show import Screen, document

    if asked.json:
        document({"blueprints": known})
        leave(Code.FINE)
    screen = Screen(asked)
    screen.table(list(known.items()))
    refuse("Choose one: syncline init --blueprint NAME.")


def _show_written(asked: Asked, folder: Path, names: list[str], blueprint: str) -> None:
    from syncline.cli.show import DIM, HEAD, Screen, counted, document

    if asked.json:
        document({"folder": str(folder), "files": names})
        return
    screen = Screen(asked)
    where = "here" if folder == Path.cwd() else f"in {folder}"
    screen.line(f"Made {counted(len(names), 'file')} {where}:")
    screen.line("  ", (" ".join(names), DIM), hang=2)
    steps = [] if folder == Path.cwd() else [(f"cd {folder}", "")]
    if blueprint == "sandbox":
        steps.append(("syncline sandbox up", "starts the two applications; go on in another terminal"))
    else:
        steps.append(("edit syncline.yaml", "the addresses of your two systems; secrets: syncline secrets set NAME"))
    steps += [
        ("syncline check", "tries the connections, and the mappings on real records"),
        ("syncline match", "who is who, before anything is written"),
        ("syncline plan", "every field that would change"),
        ("syncline sync", "brings the systems into agreement"),
    ]
    screen.line("Next:")
    screen.table([((command, HEAD), (told, DIM)) for command, told in steps], gap=3)


@app.command(cls=Command)
def check(context: typer.Context) -> None:
    """Try the configuration, the connections, and the mappings on real records. Writes nothing.

    Every problem is told at once, each as file:line:column with its cure. Ends with 1 when there is one.
    """
    from syncline.app.checking import check as run_checks
    from syncline.cli.checks import show_check
    from syncline.cli.show import Screen, document
    from syncline.env import RealEnv

    asked = asked_of(context)
    report = run_checks(asked.folder(), RealEnv())
    if asked.json:
        document(report)
    else:
        show_check(Screen(asked), report)
    leave(Code.ERROR if any(one.grave for one in report.findings) else Code.FINE)


@app.command(cls=Command)
def test(context: typer.Context, flows: Flows = None) -> None:  # noqa: PT028  a command, no test
    """Run the mapping cases of the project. No system is asked.

    A case is a record and the entity that it must become, in the file that a flow names under `cases`.
    """
    from syncline.app import open_project
    from syncline.app.cases import run_cases
    from syncline.cli.checks import show_cases
    from syncline.cli.daemon import refuse_unknown
    from syncline.cli.show import Screen, document

    asked = asked_of(context)
    project = open_project(asked.folder())
    refuse_unknown(project, flows or [])
    results = run_cases(project, flows or [])
    if asked.json:
        document({"cases": results})
    else:
        show_cases(Screen(asked), results)
    leave(Code.ERROR if any(one.differences for one in results) else Code.FINE)
