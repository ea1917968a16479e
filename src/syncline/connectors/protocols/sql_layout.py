"""What the options of a resource amount to on the tables that are there: checked once, then read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnClause, and_, bindparam, not_, or_, true
from sqlalchemy.sql.elements import ColumnElement

from syncline.connectors.protocols.sql_database import Database
from syncline.connectors.protocols.sql_options import (
    SqlDeleted,
    SqlLines,
    SqlOptions,
    SqlResource,
    SqlTombstones,
    SqlWrites,
)
from syncline.connectors.protocols.sql_table import Columns, Plain, Table, reflect
from syncline.connectors.protocols.sql_values import Kind, encode
from syncline.errors import SetupError

_KEYS = frozenset({Kind.INTEGER, Kind.TEXT, Kind.PADDED, Kind.UUID, Kind.DECIMAL})
_DATES = frozenset({Kind.INSTANT, Kind.UTC, Kind.LOCAL, Kind.DATE})
_TIMES = frozenset({Kind.INSTANT, Kind.UTC, Kind.LOCAL})


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """A child table inside its parent's record."""

    options: SqlLines
    table: Table
    columns: Columns  #: with parent, key and order, shown or not
    key: str
    shown: tuple[str, ...]  #: columns of a line as it is shown


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """A resource on its table."""

    options: SqlResource
    setting: str  #: where its options stand
    zone: ZoneInfo
    dialect: str
    table: Table
    key: str
    columns: Columns  #: with key, stamp, version, marker and flag, shown or not
    shown: tuple[str, ...]
    lines: Mapping[str, Lines]
    tombstones: tuple[SqlTombstones, Table] | None

    @property
    def key_column(self) -> ColumnClause[object]:
        """The clause of the key."""
        return self.table.column(self.key)

    def key_text(self, value: object) -> str:
        """A key as text."""
        return str(value).rstrip(" ") if self.table.kind(self.key) is Kind.PADDED else str(value)

    def scope(self) -> ColumnElement[bool]:
        """The condition under which a row takes part, deleted or not."""
        return self._equal(self.options.where)

    def alive(self) -> ColumnElement[bool]:
        """The condition under which a row takes part and is not deleted."""
        deleted = self.options.deleted
        return self.scope() if deleted is None else and_(self.scope(), self._not_deleted(deleted))

    def _not_deleted(self, deleted: SqlDeleted) -> ColumnElement[bool]:
        clause = self.table.column(deleted.column)
        if deleted.equals is msgspec.UNSET:
            return clause.is_(None)
        return or_(clause.is_(None), not_(clause == self.bound(deleted.column, deleted.equals)))

    def _equal(self, values: Mapping[str, object]) -> ColumnElement[bool]:
        return and_(
            true(),
            *(
                self.table.column(name).is_(None)
                if value is None
                else self.table.column(name) == self.bound(name, value)
                for name, value in values.items()
            ),
        )

    def bound(self, name: str, value: object) -> ColumnElement[object]:
        """A value of the options for a column."""
        return bindparam(None, encode(self.table.kind(name), value, self.zone), type_=Plain(), unique=True)

    def is_deleted(self, value: object) -> bool:
        """Does the decoded value of the flag's column mean that the row is deleted?"""
        deleted = self.options.deleted
        if deleted is None or value is None:
            return False
        return deleted.equals is msgspec.UNSET or value == deleted.equals or str(value) == str(deleted.equals)


def layout_of(database: Database, name: str, options: SqlOptions) -> Layout:
    """The resource as the database is now; SetupError with all that does not fit."""
    resource, setting = options.resources[name], f"systems.{database.system}.resources.{name}"
    zone = ZoneInfo(options.zone)
    table = reflect(database, resource.table, f"{setting}.table")
    tombstones = resource.tombstones
    buried = reflect(database, tombstones.table, f"{setting}.tombstones.table") if tombstones else None
    children = {
        field: reflect(database, lines.table, f"{setting}.lines.{field}.table")
        for field, lines in resource.lines.items()
    }
    problems = [*_problems(resource, table, buried), *_lasting_problems(resource, table, children)]
    for field, child in children.items():
        problems += [f"lines.{field}.{one}" for one in _line_problems(resource.lines[field], child)]
    if problems:
        msg = f"{setting} does not fit {resource.table}: {'; '.join(problems)}."
        raise SetupError(msg, cure="Correct the options, or the table.")
    key = resource.key or table.primary[0]
    shown = _shown(resource.fields, resource.where, table, key)
    inner = [name for name in dict.fromkeys([key, *_inner(resource)]) if name not in shown]
    return Layout(
        options=resource,
        setting=setting,
        zone=zone,
        dialect=database.dialect,
        table=table,
        key=key,
        columns=Columns(table, [*shown, *inner], zone, database.dialect),
        shown=shown,
        lines={
            field: _lines(resource.lines[field], child, zone, database.dialect) for field, child in children.items()
        },
        tombstones=(tombstones, buried) if tombstones and buried else None,
    )  # fmt: skip


def _shown(fields: tuple[str, ...], where: Mapping[str, object], table: Table, key: str) -> tuple[str, ...]:
    """The columns that are shown: the named ones and the key, or all but those that say which rows take part."""
    named = fields or tuple(name for name in table.columns if name not in where)
    return named if key in named else (key, *named)


def _inner(resource: SqlResource) -> Iterator[str]:
    """Columns that the connector itself needs."""
    if resource.since:
        yield resource.since.column
    if resource.version:
        yield resource.version
    if resource.marker:
        yield resource.marker.column
    if resource.deleted:
        yield resource.deleted.column


def _lines(options: SqlLines, table: Table, zone: ZoneInfo, dialect: str) -> Lines:
    key = options.key or table.primary[0]
    shown = tuple(name for name in options.fields or table.columns if name != options.parent)
    shown = shown if key in shown else (key, *shown)
    inner = [name for name in (options.parent, options.order, options.since) if name and name not in shown]
    return Lines(
        options=options,
        table=table,
        columns=Columns(table, [*shown, *dict.fromkeys(inner)], zone, dialect),
        key=key,
        shown=shown,
    )


def _problems(resource: SqlResource, table: Table, buried: Table | None) -> Iterator[str]:
    yield from _key_problems("key", resource.key, table)
    yield from _unique_problems(resource.key, table)
    named = [*resource.fields, *resource.where, *_inner(resource), *resource.search, *resource.writes.archive]
    yield from (f"there is no column {name}" for name in dict.fromkeys(named) if name not in table.columns)
    since = resource.since
    if since and since.column in table.columns and table.kind(since.column) not in _TIMES:
        yield f"since.column {since.column} holds no times but {table.columns[since.column].type}"
    marker = resource.marker
    if marker and marker.unique and marker.column in table.columns and marker.column not in table.unique:
        yield f"no unique constraint lies on the marker's column {marker.column}"
    tombstones = resource.tombstones
    if tombstones and buried:
        names = (tombstones.key, tombstones.at)
        yield from (f"{tombstones.table} has no column {name}" for name in names if name not in buried.columns)
        if tombstones.at in buried.columns and buried.kind(tombstones.at) not in _TIMES:
            yield f"tombstones.at {tombstones.at} holds no times"
    deleted = resource.deleted
    buries = deleted is not None and resource.writes.delete == "soft" and deleted.equals is msgspec.UNSET
    if deleted and buries and table.types.get(deleted.column) and table.kind(deleted.column) not in _DATES:
        yield f"deleted.equals is missing: {deleted.column} holds no times"
    yield from _byte_problems(resource, resource.fields or tuple(table.columns), table)


def _lasting_problems(resource: SqlResource, table: Table, children: Mapping[str, Table]) -> Iterator[str]:
    """A write that cannot be taken back would be done again when its batch is halved."""
    if resource.writes == SqlWrites():
        return
    written = [table, *(child for field, child in children.items() if resource.lines[field].writes)]
    for one in written:
        if one.lasting:
            yield f"{one.name} is kept by {one.lasting}, without transactions: make it InnoDB, or offer no writes"


def _byte_problems(resource: SqlResource, names: tuple[str, ...], table: Table) -> Iterator[str]:
    if resource.binary == "refuse":
        held = [name for name in names if name in table.columns and table.kind(name) is Kind.BYTES]
        if held:
            yield f"{', '.join(held)} holds bytes: name the other columns in fields, or set binary: base64"


def _key_problems(where: str, key: str, table: Table) -> Iterator[str]:
    if not key and len(table.primary) != 1:
        told = f"of {len(table.primary)} columns" if table.primary else "missing"
        yield f"the primary key is {told}: name one column in {where}, or read a view that has one"
    name = key or (table.primary[0] if table.primary else "")
    if name and name not in table.columns:
        yield f"{where} {name} is no column"
    elif name and table.kind(name) not in _KEYS:
        yield f"{where} {name} is {table.columns[name].type}, which cannot be a key"


def _unique_problems(key: str, table: Table) -> Iterator[str]:
    """A key that two rows of a table can share would make them one record. What a view shows is its author's word."""
    if table.is_view or key not in table.columns or [*table.primary] == [key]:
        return
    if key not in table.unique or table.columns[key].nullable:
        yield f"key {key} is not unique and not null: name another column, or add both constraints"


def _line_problems(options: SqlLines, table: Table) -> Iterator[str]:
    yield from _key_problems("key", options.key, table)
    named = [options.parent, *options.fields, *filter(None, (options.order, options.since))]
    yield from (f"there is no column {name}" for name in named if name not in table.columns)
    if options.since in table.columns and table.kind(options.since) not in _TIMES:
        yield f"since {options.since} holds no times"
