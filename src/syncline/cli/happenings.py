"""How the past is told: one line per happening."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncline.cli.ledgers import show_run
from syncline.cli.show import DIM, HEAD, WAITS, Cell, Screen, counted, moment, short_key, value
from syncline.model.report import Happening, History, UndoReport, UndoRow, Why

_MOST = 20  #: rows of an undo that are shown
_TROUBLE = frozenset({"rejected", "refused", "conflict"})


def show_why(screen: Screen, told: Why) -> None:
    """The value, what each system shows where it differs, and the happenings behind it, newest first."""
    screen.line((value(told.value, 90), HEAD), (f"   {told.field} of {told.label}", DIM), hang=2)
    for system, shown in told.shown.items():
        if shown != told.value:
            screen.line(f"  {system} shows {value(shown, 80)}", hang=4)
    _show_happenings(screen, told.happenings, of_field=True)


def show_history(screen: Screen, told: History) -> None:
    """The entity as it is, and how it became so."""
    screen.line((told.label, HEAD), (f"   {told.entity} #{told.eid}, {_keys(told.keys)}, {told.state}", DIM), hang=2)
    filled = {name: one for name, one in told.values.items() if one not in (None, "", [], {})}
    screen.table([(name, value(one, 60)) for name, one in filled.items()], indent=2)
    screen.blank()
    _show_happenings(screen, told.happenings)


def _keys(keys: Mapping[str, str]) -> str:
    return ", ".join(f"{system} {short_key(key)}" for system, key in keys.items()) or "no record"


def _show_happenings(screen: Screen, happenings: Iterable[Happening], *, of_field: bool = False) -> None:
    rows = [
        (moment(one.at), (f"run {one.run}" if one.run else one.who, DIM), _told(one, of_field=of_field))
        for one in happenings
    ]
    screen.table(rows, indent=2)
    if not rows:
        screen.line("  Nothing is written down about it.")


def _told(one: Happening, *, of_field: bool) -> Cell:
    """What happened, and to which value; the field is left out where all is about one."""
    told = one.text
    if one.kind == "changed" and one.field and one.before != one.after:
        change = f"{value(one.before, 40)} -> {value(one.after, 40)}"
        told = f"{told}: {change}" if of_field else f"{one.field} {change}: {told}"
    return told, WAITS if one.kind in _TROUBLE else ""


def show_undo(screen: Screen, report: UndoReport) -> None:
    """What comes back, what does not and why."""
    if not report.rows and not report.left:
        screen.line(f"Run {report.undone} changed nothing that could be taken back.")
        return
    changed = [one for one in report.rows if not one.field or one.before != one.after]
    screen.table([_row(one) for one in changed[:_MOST]], indent=2)
    _more(screen, len(changed))
    if report.left:
        screen.line((f"{len(report.left):,} not undone:", WAITS))
        screen.table([(*_row(one)[:2], one.reason) for one in report.left[:_MOST]], indent=2)
        _more(screen, len(report.left))
    screen.line(f"Run {report.undone}: {counted(len(report.rows), 'change')} taken back, {len(report.left):,} left.")
    if report.sent:
        show_run(screen, report.sent)
    elif report.rows:
        screen.line("Nothing is sent yet: syncline plan shows it, syncline sync sends it.")


def _row(one: UndoRow) -> tuple[str, str, str]:
    back = f"{value(one.after, 30)} -> {value(one.before, 30)}" if one.field else one.what
    return one.label, one.field, back


def _more(screen: Screen, count: int) -> None:
    if count > _MOST:
        screen.line((f"  ... and {count - _MOST:,} more (--json shows all)", DIM))
