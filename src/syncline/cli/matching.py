"""`syncline match`: who is who, before anything is written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from syncline.cli.ending import refuse
from syncline.cli.lazy import Asked, Command, asked_of
from syncline.cli.syncing import Flows

app = typer.Typer()

Answer = tuple[str, str, str]


@app.command(cls=Command)
def match(
    context: typer.Context,
    flows: Flows = None,
    *,
    review: Annotated[bool, typer.Option("--review", help="Be asked about the records in doubt.")] = False,
    answer: Annotated[
        Answer | None,
        typer.Option(metavar="SYSTEM KEY new|ID", help="Answer one question: a new entity, or the candidate ID."),
    ] = None,
) -> None:
    """Find which records are the same, and count what would be created. Writes nothing to any system.

    With --review the records in doubt are shown, each with its candidates; without a terminal they are only listed.
    """
    asked = asked_of(context)
    if answer:
        _answer(asked, flows or [], answer)
    elif review:
        _review(asked, flows or [])
    else:
        _match(asked, flows or [])


def _match(asked: Asked, flows: Sequence[str]) -> None:
    from syncline.app import open_hub, operations
    from syncline.cli.matches import show_matches
    from syncline.cli.progress import progress
    from syncline.cli.show import Screen, document
    from syncline.cli.stopping import stoppable

    with (
        stoppable() as stop,
        progress(asked) as bars,
        open_hub(asked.folder(), listeners=[*bars, stop], env=stop) as hub,
    ):
        reports = operations.match(hub, flows or None)
    if asked.json:
        document({"matches": reports})
    else:
        show_matches(Screen(asked), reports)


def _review(asked: Asked, flows: Sequence[str]) -> None:
    from syncline.app import open_hub, operations
    from syncline.cli.matches import ask, show_question
    from syncline.cli.show import Screen, document

    asking = not asked.json and sys.stdin.isatty() and sys.stdout.isatty()
    with open_hub(asked.folder(), writing=asking) as hub:
        names: Sequence[str | None] = flows or [None]
        found = [one for name in names for one in operations.questions(hub, name)]
        waiting = [one for one in found if not one.settled]
        if asked.json:
            document({"questions": found})
            return
        screen = Screen(asked)
        for place, question in enumerate(waiting, 1):
            show_question(screen, question, f"{place} of {len(waiting)}")
            choice = ask(question) if asking else ""
            if choice == "stop":
                break
            if choice:
                operations.answer(hub, question.flow, question.system, question.key, choice)
    if not waiting:
        screen.line("No question waits.")
    elif not asking:
        screen.line("Answer each with: syncline match FLOW --answer SYSTEM KEY new, or an ID in the place of new.")


def _answer(asked: Asked, flows: Sequence[str], answer: Answer) -> None:
    from syncline.app import open_hub, operations
    from syncline.cli.show import Screen, document

    if len(flows) != 1:
        refuse("Name the flow: syncline match FLOW --answer SYSTEM KEY new|ID.")
    with open_hub(asked.folder()) as hub:
        settled = operations.answer(hub, flows[0], *answer)
    if asked.json:
        document(settled)
    else:
        what = "a new one" if settled.settled == "new" else f"#{settled.settled}"
        Screen(asked).line(f"{settled.label} is {what}. The next `syncline sync` acts on it.")
