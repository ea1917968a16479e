"""Lines of a child table: the list of a record is compared with the rows that are there, and the difference written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, select, update

from syncline.connectors.protocols.json_values import as_json, exact_value
from syncline.connectors.protocols.sql_layout import Layout, Lines
from syncline.connectors.protocols.sql_values import encode
from syncline.errors import RejectedError

Line = Mapping[str, object]
_PLACE = frozenset({"line_parent", "line_key"})


class _Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the lines of some parents, as values that are bound."""

    new: list[dict[str, object]] = []
    changed: list[dict[str, object]] = []
    gone: list[tuple[object, object]] = []  #: parent and key


def write_lines(
    connection: Connection,
    lines: Lines,
    layout: Layout,
    parents: Mapping[str, object],
    given: Mapping[str, Sequence[Line]],
) -> None:
    """Make the lines of each parent those that are given; RejectedError where one does not fit."""
    if not lines.options.writes:
        raise RejectedError(f"{lines.table.name} is not to be written")
    table, options = lines.table, lines.options
    parent = table.column(options.parent)
    query = select(*lines.columns.clauses).where(parent.in_(list(parents.values()))).with_for_update()
    rows = lines.columns.decoded(connection.execute(query).fetchall())
    held: dict[str, dict[str, Line]] = {key: {} for key in given}
    for row in rows:
        line = dict(zip(lines.columns.names, row, strict=True))
        held[str(line[options.parent])][str(line[lines.key])] = line
    found = _Difference(new=[], changed=[], gone=[])
    for key, wanted in given.items():
        _compare(lines, layout, parents[key], held[key], wanted, found)
    _send(connection, lines, found)


def _compare(
    lines: Lines, layout: Layout, parent: object, held: Mapping[str, Line], wanted: Sequence[Line], found: _Difference
) -> None:
    options, kept = lines.options, set()
    for place, line in enumerate(wanted, start=1):
        key = line.get(lines.key)
        values = {name: value for name, value in line.items() if name != options.parent}
        if options.order and options.order not in lines.shown:
            values[options.order] = place
        there = held.get(str(key)) if key not in {None, ""} else None
        if there is None:
            made = _bound(
                lines,
                layout,
                {name: value for name, value in values.items() if value not in {None, ""} or name != lines.key},
            )
            found.new.append({**made, options.parent: parent})
            continue
        if str(key) in kept:
            raise RejectedError(f"{lines.table.name} {key} stands twice in the list")
        kept.add(str(key))
        changed = {
            name: value for name, value in values.items() if name != lines.key and not _is_same(value, there.get(name))
        }
        if changed:
            keys = _bound(lines, layout, {lines.key: key})
            found.changed.append(_bound(lines, layout, changed) | {"line_parent": parent, "line_key": keys[lines.key]})
    gone = [key for key in held if key not in kept]
    found.gone.extend((parent, _bound(lines, layout, {lines.key: key})[lines.key]) for key in gone)


def _is_same(wanted: object, there: object) -> bool:
    if isinstance(there, msgspec.Raw):
        return bool(exact_value(as_json(wanted)) == exact_value(bytes(there)))
    return bool(msgspec.to_builtins(wanted) == msgspec.to_builtins(there))


def _bound(lines: Lines, layout: Layout, line: Line) -> dict[str, object]:
    made: dict[str, object] = {}
    for name, value in line.items():
        if name not in lines.table.columns:
            raise RejectedError(f"{lines.table.name} has no column {name}")
        try:
            made[name] = encode(lines.table.kind(name), value, layout.zone)
        except ValueError as error:
            raise RejectedError(f"{lines.table.name}.{name} {error}") from error
    return made


def _send(connection: Connection, lines: Lines, found: _Difference) -> None:
    table = lines.table
    parent, key = table.column(lines.options.parent), table.column(lines.key)
    if found.gone:
        which = and_(parent == bindparam("line_parent"), key == bindparam("line_key"))
        gone = [{"line_parent": one, "line_key": line} for one, line in found.gone]
        connection.execute(delete(table.clause).where(which), gone)
    for names, group in _alike(found.changed).items():
        values: dict[str, ColumnElement[Any]] = {name: bindparam(name) for name in names if name not in _PLACE}
        which = and_(parent == bindparam("line_parent"), key == bindparam("line_key"))
        connection.execute(update(table.clause).values(values).where(which), [*group])
    for names, group in _alike(found.new).items():
        connection.execute(insert(table.clause).values({name: bindparam(name) for name in names}), [*group])


def _alike(rows: Sequence[dict[str, object]]) -> Mapping[tuple[str, ...], list[dict[str, object]]]:
    groups: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(row)
    return groups
