"""How conflicts and parked records are told, and how a person's values are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import typer

from syncline.cli.ending import refuse
from syncline.cli.show import DIM, HEAD, WAITS, Cell, Screen, ago, counted, moment, short_key, value
from syncline.model.report import ConflictRow, Edited, ParkedRow

_MOST_ASKED = 40


def show_conflicts(screen: Screen, rows: Sequence[ConflictRow]) -> None:
    """Per conflict both values and what was agreed before, and how to decide."""
    if not rows:
        screen.line("No conflict is open.")
        return
    for row in rows:
        keys = ", ".join(f"{system} {short_key(key)}" for system, key in row.keys.items())
        how = "open" if row.state == "open" else f"{row.state}: {row.kept or row.rule} {row.who}".rstrip()
        screen.line(
            (f"{row.cid:>4}  ", HEAD), (row.label, HEAD), f"  {row.field}  ",
            (how, WAITS if row.state == "open" else DIM), (f"  {ago(row.at)} · {keys}", DIM), hang=6,
        )  # fmt: skip
        for name, ours, theirs, base in _fields(row):
            label = f"{name}  " if len(row.names) > 1 else ""
            table: list[Sequence[Cell]] = [
                (f"{label}{row.system}", value(theirs, 60), ("theirs", DIM)),
                ("agreed value", value(ours, 60), ("ours", DIM)),
                (("before", DIM), (value(base, 60), DIM), ""),
            ]
            screen.table(table, indent=6)
        if row.agreed:
            screen.line(f"      the agreed value has changed since: add --agreed {row.agreed} to your choice", hang=6)
    if any(row.state == "open" for row in rows):
        number = next(row.cid for row in rows if row.state == "open")
        screen.line(
            f"{counted(len(rows), 'conflict')}. Decide with: syncline conflicts {number} --keep ours|theirs|SYSTEM, "
            "or --value VALUE", hang=2,
        )  # fmt: skip


def _fields(row: ConflictRow) -> Sequence[tuple[str, object, object, object]]:
    names = row.names or (row.field,)
    return [
        (name, _at(row.ours, n), _at(row.theirs, n), _at(row.base, n)) for n, name in enumerate(names)
    ]  # fmt: skip


def _at(values: Sequence[object], place: int) -> object:
    return values[place] if place < len(values) else None


def show_parked(screen: Screen, rows: Sequence[ParkedRow]) -> None:
    """Per record the other system's own words, and what may help."""
    if not rows:
        screen.line("Nothing is parked.")
        return
    for row in rows:
        _show_row(screen, row)
    for word in sorted({row.kind for row in rows}, reverse=True):
        screen.line(_CURES[word], hang=2)


_CURES = {
    "write": "Correct a value with `syncline parked NUMBER --set FIELD=VALUE`, or try all again with `syncline parked "
    "--retry`.",
    "read": "What cannot be read is tried again by itself: correct the record there, or teach the mapping.",
}


def _show_row(screen: Screen, row: ParkedRow) -> None:
    where = f"to {row.system}" if row.kind == "write" else f"from {row.system}"
    tried = f"tried {counted(row.tries, 'time')}, since {moment(row.since)}"
    screen.line(
        (f"{row.number:>4}  ", HEAD), (row.label, HEAD), f"  {row.flow} {where} {short_key(row.key)}".rstrip(),
        (f"  {tried}", DIM), hang=6,
    )  # fmt: skip
    sent = _sent(row.fields) if row.kind == "write" else ""
    screen.line(" " * 6, (f'"{row.message}"', WAITS), (sent, DIM), hang=6)
    if row.suggestion:
        screen.line(" " * 6, f"try: {row.suggestion}", hang=6)


def _sent(fields: Mapping[str, object]) -> str:
    told = [f"{name} = {value(one, 30)}" for name, one in list(fields.items())[:3]]
    return f"  ({', '.join(told)}{', ...' if len(fields) > len(told) else ''})" if told else ""


def show_edited(screen: Screen, edited: Edited) -> None:
    """What a person changed."""
    screen.line((edited.label, HEAD))
    screen.table([(one.field, value(one.before), "->", value(one.after)) for one in edited.fields])
    screen.line("The next `syncline sync` tries it again.")


def given_value(text: str) -> object:
    """A value as a person types it: JSON where it is JSON, else the text itself.

    >>> given_value('{"1": {"quantity": "3"}}'), given_value("Lyon"), given_value("null")
    ({'1': {'quantity': '3'}}, 'Lyon', None)
    """
    try:
        found: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return text if isinstance(found, float) else found


def given_values(changes: Sequence[str]) -> dict[str, object]:
    """FIELD=VALUE by field."""
    values: dict[str, object] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals or not name:
            refuse(f"`{change}` is no FIELD=VALUE.")
        values[name.strip()] = given_value(text)
    return values


def ask_values(fields: Mapping[str, object]) -> dict[str, object]:
    """Ask for each value that was sent; only what was changed is given back."""
    changed: dict[str, object] = {}
    for name, before in list(fields.items())[:_MOST_ASKED]:
        shown = before if isinstance(before, str) else msgspec.json.encode(before).decode()
        said = str(typer.prompt(name, default=shown))
        if said != shown:
            changed[name] = given_value(said)
    if not changed:
        refuse("Nothing was changed, so nothing is tried again.")
    return changed
