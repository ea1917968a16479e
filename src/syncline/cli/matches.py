"""How the match stage is told, and how its questions are asked."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from syncline.cli.ledgers import show_waiting
from syncline.cli.show import DIM, HEAD, WAITS, Cell, Screen, counted, number, short_key, value
from syncline.model.report import Candidate, MatchReport, MatchSide, Question


def show_matches(screen: Screen, reports: Sequence[MatchReport]) -> None:
    """Per flow a line for each way in which records found each other, one column per system."""
    for report in reports:
        _show_match(screen, report)
    created = sum(side.only_here for report in reports for side in report.sides if side.created_in)
    told = f"{counted(created, 'record')} would be created" if created else "Nothing would be created"
    screen.line(f"Nothing has been written. {told}: ", ("syncline plan", HEAD), " shows them field by field.")


def _show_match(screen: Screen, report: MatchReport) -> None:
    sides = report.sides
    head: list[Cell] = [(report.flow, HEAD), *((side.system, DIM) for side in sides), ""]
    rows: list[Sequence[Cell]] = [head, ("  records", *(number(side.records) for side in sides), "")]
    rules = dict.fromkeys(rule for side in sides for rule in side.rules)
    rows += [(f"  linked {rule}", *(_count(side.rules.get(rule, 0)) for side in sides), "") for rule in rules]
    if any(side.asked for side in sides):
        review = f"syncline match {report.flow} --review"
        rows.append((("  to be asked", WAITS), *(_count(side.asked) for side in sides), review))
    rows.append(("  only there", *(_count(side.only_here) for side in sides), _fate(sides)))
    screen.table(rows, indent=0, align="<" + ">" * len(sides) + "<", gap=3)
    show_waiting(screen, (), report.paused)
    for side in sides:
        if not side.read and side.system not in report.paused:
            screen.line((f"  {side.system} has not been read to its end; run this again", WAITS))


def _count(count: int) -> str:
    return number(count) if count else "-"


def _fate(sides: Sequence[MatchSide]) -> str:
    told = [
        f"{side.system}'s will be created in {' and '.join(systems)}{when}"
        for side in sides
        for systems, when in ((side.created_in, ""), (side.created_when, " once they meet its condition"))
        if side.only_here and systems
    ]
    return "; ".join(told)


def show_question(screen: Screen, question: Question, place: str) -> None:
    """A record and what it may be, the fields of each candidate below one another."""
    screen.line((f"{question.flow} {place}: ", DIM), (question.label, HEAD), f"  ({question.system} {question.key})")
    screen.line(f"  {question.reason}", hang=2)
    for candidate in question.candidates:
        keys = ", ".join(f"{system} {short_key(key)}" for system, key in candidate.keys.items())
        screen.line(("  #" + str(candidate.eid), HEAD), f"  {candidate.label}  ({keys})")
        screen.line(" " * 6, (_fields(candidate), DIM), hang=6)


def _fields(candidate: Candidate) -> str:
    filled = {name: one for name, one in candidate.fields.items() if one not in (None, "", [], {})}
    return " · ".join(f"{name} {value(one, 30)}" for name, one in list(filled.items())[:6])


def ask(question: Question) -> str:
    """The person's choice: "new", an eid, "" to leave it open, "stop" to end."""
    known = {str(candidate.eid) for candidate in question.candidates}
    while True:
        said = str(typer.prompt("  Which one? number, new, skip or stop", default="skip")).strip().lstrip("#").lower()
        if said in {"skip", ""}:
            return ""
        if said in known or said in {"new", "stop"}:
            return said
        typer.echo(f"  Choose {', '.join(sorted(known))}, new, skip or stop.")
