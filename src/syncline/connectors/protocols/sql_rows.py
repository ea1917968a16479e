"""Rows into a table: as few statements as the database lets us send, each value bound.

PostgreSQL takes a whole batch as one JSON value; the others take one statement with many sets of values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnClause, Connection, Text, bindparam, cast, column, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as lite
from sqlalchemy.sql.elements import ColumnElement, quoted_name
from sqlalchemy.sql.selectable import TableValuedAlias

from syncline.connectors.protocols.sql_layout import Layout
from syncline.connectors.protocols.sql_table import Table
from syncline.connectors.protocols.sql_values import Kind
from syncline.errors import RejectedError

Values = Mapping[str, object]
_KEY = "syncline_key"
_encode = msgspec.json.encode
#: What PostgreSQL reads out of JSON as it reads it out of a text.
_IN_JSON = frozenset(
    {Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.INSTANT, Kind.LOCAL, Kind.UUID}
)


class Rows:
    """Inserts and updates of one table."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._table: Table = layout.table
        self._is_postgres = layout.dialect == "postgresql"
        marker = layout.options.marker
        self._marker = marker.column if marker else ""
        self._is_unique = marker is not None and marker.unique
        since = layout.options.since
        self._touched = since.column if since and since.touch else ""

    # --- new rows -----------------------------------------------------------------------------------------------------

    def insert(self, connection: Connection, rows: Sequence[Values]) -> Sequence[str]:
        """New rows; their keys, in the order of the rows. One whose unique marker is there already is not doubled."""
        if self._is_unique and self._layout.dialect == "mysql":
            return self._insert_unless_there(connection, rows)
        known = self._layout.key if all(row.get(self._layout.key) is not None for row in rows) else ""
        known = self._marker if self._marker and all(self._marker in row for row in rows) else known
        if not known:
            return [self._insert_one(connection, row) for row in rows]
        made: dict[str, str] = {}
        for names, group in _alike(rows).items():
            made |= self._insert_many(connection, names, group)
        if known == self._layout.key:
            return [str(row[known]) for row in rows]
        return self._keys_by_marker(connection, [str(row[known]) for row in rows], made)

    def _insert_unless_there(self, connection: Connection, rows: Sequence[Values]) -> Sequence[str]:
        """The same where the database knows no conflict of one constraint alone."""
        markers = [str(row.get(self._marker, "")) for row in rows]
        there = self._marked(connection, [one for one in markers if one])
        new = [row for row, marker in zip(rows, markers, strict=True) if marker not in there]
        made = iter(self._without_conflict(connection, new))
        return [there[marker] if marker in there else next(made) for marker in markers]

    def _without_conflict(self, connection: Connection, rows: Sequence[Values]) -> Sequence[str]:
        if not rows:
            return []
        if not all(self._marker in row for row in rows):
            return [self._insert_one(connection, row) for row in rows]
        for names, group in _alike(rows).items():
            self._insert_many(connection, names, group)
        return self._keys_by_marker(connection, [str(row[self._marker]) for row in rows], {})

    def _insert_one(self, connection: Connection, row: Values) -> str:
        """One row, whose key the database gives; its key."""
        key = row.get(self._layout.key)
        if self._layout.dialect == "mysql":
            done = connection.execute(insert(self._table.clause).values(dict(row) | self._stamp()))
            return str(done.lastrowid if key is None else key)
        statement = insert(self._table.clause).values(dict(row) | self._stamp()).returning(self._layout.key_column)
        return str(connection.execute(statement).scalar_one())

    def _insert_many(self, connection: Connection, names: tuple[str, ...], rows: Sequence[Values]) -> Mapping[str, str]:
        """New rows with the same columns; marker -> key, as far as the database tells at once."""
        if self._is_postgres and all(self._table.kind(name) in _IN_JSON for name in names):
            source = _as_table(self._table, names)
            clauses: dict[str, ColumnElement[Any]] = {name: source.c[name] for name in names} | self._stamp()
            made = postgresql.insert(self._table.clause).from_select([*clauses], select(*clauses.values()))
            made = made.on_conflict_do_nothing(index_elements=[self._marker]) if self._is_unique else made
            told = [self._table.column(self._marker), self._layout.key_column] if self._marker in names else []
            done = connection.execute(made.returning(*told) if told else made, {"rows": _encode(rows).decode()})
            return {str(marker): self._layout.key_text(key) for marker, key in done.fetchall()} if told else {}
        values: dict[str, ColumnElement[Any]] = {name: bindparam(name) for name in names} | self._stamp()
        if self._is_unique and self._layout.dialect != "mysql":
            kind = postgresql if self._is_postgres else lite
            unless = kind.insert(self._table.clause).values(values)
            connection.execute(unless.on_conflict_do_nothing(index_elements=[self._marker]), [*rows])
        else:
            connection.execute(insert(self._table.clause).values(values), [*rows])
        return {}

    def _keys_by_marker(self, connection: Connection, markers: Sequence[str], made: Mapping[str, str]) -> Sequence[str]:
        missing = [marker for marker in markers if marker not in made]
        found = {**made, **self._marked(connection, missing)} if missing else made
        if not found.keys() >= {*markers}:
            raise RejectedError("the database did not keep the row, or not its marker")
        return [found[marker] for marker in markers]

    def _marked(self, connection: Connection, markers: Sequence[str]) -> dict[str, str]:
        """Marker -> key of the row that carries it."""
        marker, key = self._table.column(self._marker), self._layout.key_column
        rows = connection.execute(select(marker, key).where(marker.in_(markers)).order_by(key)).fetchall()
        found: dict[str, str] = {}
        for held, one in rows:
            found.setdefault(str(held), self._layout.key_text(one))
        return found

    # --- rows that are there ------------------------------------------------------------------------------------------

    def update(self, connection: Connection, rows: Sequence[tuple[object, Values]]) -> None:
        """Change rows by key. RejectedError where the database did not change as many as it was told to."""
        groups: dict[tuple[str, ...], list[Values]] = {}
        for key, values in rows:
            groups.setdefault(tuple(sorted(values)), []).append({**values, _KEY: key})
        for names, group in groups.items():
            if not names and not self._stamp() and not self._counted():
                continue
            changed = self._update_many(connection, names, group)
            if changed != len(group):
                raise RejectedError(f"the database changed {changed} of {len(group)} rows")

    def _update_many(self, connection: Connection, names: tuple[str, ...], rows: Sequence[Values]) -> int:
        always = self._stamp() | self._counted()
        key = self._layout.key_column
        if self._is_postgres and all(self._table.kind(name) in _IN_JSON for name in (*names, self._layout.key)):
            source = _as_table(self._table, names, self._layout.key)
            assigned = {name: source.c[name] for name in names} | always
            by_set = update(self._table.clause).values(assigned).where(key == source.c[_KEY])
            plain = [{**row, _KEY: str(row[_KEY])} for row in rows]
            return connection.execute(by_set, {"rows": _encode(plain).decode()}).rowcount
        values: dict[str, ColumnElement[Any]] = {name: bindparam(f"new_{place}") for place, name in enumerate(names)}
        given = [
            {f"new_{place}": row[name] for place, name in enumerate(names)} | {_KEY: row[_KEY]} for row in rows
        ]  # fmt: skip
        one_by_one = update(self._table.clause).values(values | always).where(key == bindparam(_KEY))
        return connection.execute(one_by_one, given).rowcount

    def bury(self, connection: Connection, keys: Sequence[object]) -> None:
        """Mark rows as deleted."""
        deleted = self._layout.options.deleted
        if deleted is None:
            return
        value = (
            _now(self._layout, deleted.column)
            if deleted.equals is msgspec.UNSET
            else self._layout.bound(deleted.column, deleted.equals)
        )
        assigned = {deleted.column: value} | self._stamp() | self._counted()
        connection.execute(update(self._table.clause).values(assigned).where(self._layout.key_column.in_(keys)))

    def _stamp(self) -> dict[str, ColumnElement[Any]]:
        """The time of the change, where the hub is to set it."""
        return {self._touched: _now(self._layout, self._touched)} if self._touched else {}

    def _counted(self) -> dict[str, ColumnElement[Any]]:
        """The next version, where the hub is to count."""
        options = self._layout.options
        return {options.version: self._table.column(options.version) + 1} if options.counts else {}


def _alike(rows: Sequence[Values]) -> Mapping[tuple[str, ...], Sequence[Values]]:
    """Rows with the same columns together."""
    names = rows[0].keys()
    if all(row.keys() == names for row in rows):
        return {tuple(names): rows}
    groups: dict[tuple[str, ...], list[Values]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(row)
    return groups


def _as_table(table: Table, names: Sequence[str], key: str = "") -> TableValuedAlias:
    """The parameter `rows`, a JSON list of objects, as a table with these columns in their own types."""
    columns = [_typed(table, name) for name in names]
    if key:
        columns.append(_typed(table, key, _KEY))
    made = func.json_to_recordset(cast(bindparam("rows", type_=Text), postgresql.JSON))
    return made.table_valued(*columns, name="given").render_derived(with_types=True)


def _typed(table: Table, name: str, shown_as: str = "") -> ColumnClause[object]:
    """A column of the table in its own type."""
    return column(quoted_name(shown_as or name, quote=True), table.columns[name].sql_type)


def _now(layout: Layout, name: str) -> ColumnElement[Any]:
    """The server's clock for a column of this kind."""
    kind = layout.table.kind(name)
    if layout.dialect == "sqlite":
        return func.strftime("%Y-%m-%d" if kind is Kind.DATE else "%Y-%m-%d %H:%M:%f", "now")
    if kind is Kind.DATE:
        return func.current_date()
    if layout.dialect == "postgresql":
        return func.now() if kind is Kind.INSTANT else func.timezone(layout.zone.key, func.now())
    now = func.utc_timestamp(6)
    return now if kind is Kind.UTC or layout.zone.key == "UTC" else func.convert_tz(now, "+00:00", layout.zone.key)
