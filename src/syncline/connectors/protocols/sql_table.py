"""A table as the database describes it: only names that it has shown itself are ever written into a statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnClause, Connection, TableClause, Text, cast, column, inspect, table, text
from sqlalchemy import types as sql
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement, quoted_name

from syncline.connectors.protocols.sql_database import Database
from syncline.connectors.protocols.sql_errors import fate_of
from syncline.connectors.protocols.sql_values import Decode, Kind, decoder, encode
from syncline.errors import SetupError

_ENGINE = text(
    """
    SELECT engines.engine FROM information_schema.tables
    JOIN information_schema.engines ON engines.engine = tables.engine
    WHERE tables.table_name = :name AND tables.table_schema = coalesce(nullif(:schema, ''), database())
      AND coalesce(engines.transactions, 'NO') <> 'YES'
    """
)


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column."""

    name: str
    kind: Kind
    type: str  #: in the database's own words
    nullable: bool
    sql_type: sql.TypeEngine[object]


class Plain(sql.UserDefinedType[Any]):
    """Values cross as the driver takes and gives them, without a cast to a type that was guessed from them."""

    cache_ok = True


class Table:
    """One table or view, its columns, and the clauses that name them."""

    def __init__(
        self,
        name: str,
        columns: Sequence[Column],
        primary: Sequence[str],
        unique: frozenset[str],
        *,
        lasting: str = "",
        is_view: bool = False,
    ) -> None:
        self.name = name
        self.lasting = lasting  #: the engine that keeps it, where that knows no transactions
        self.is_view = is_view
        self.columns = {one.name: one for one in columns}
        self.primary = primary
        self.unique = unique  #: columns that alone are unique
        schema, _, bare = name.rpartition(".")
        self.clause: TableClause = table(
            quoted_name(bare, quote=True),
            *(column(quoted_name(one.name, quote=True), Plain()) for one in columns),
            schema=quoted_name(schema, quote=True) if schema else None,
        )

    def column(self, name: str) -> ColumnClause[Any]:
        """The clause of a column, for comparisons and assignments."""
        return self.clause.c[name]

    def shown(self, name: str) -> ColumnElement[Any]:
        """The clause of a column as it is read."""
        if self.columns[name].kind in {Kind.OTHER, Kind.JSON}:
            return cast(self.column(name), Text).label(name)
        return self.column(name)

    def kind(self, name: str) -> Kind:
        """What a column holds."""
        return self.columns[name].kind

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Column -> type, in the database's own words."""
        return {one.name: one.type for one in self.columns.values()}


class Columns:
    """Some columns of a table in a fixed order, and how their values are decoded."""

    def __init__(self, of: Table, names: Sequence[str], zone: ZoneInfo, dialect: str) -> None:
        self.table = of
        self.names = tuple(names)
        self.clauses = [of.shown(name) for name in self.names]
        self.place = {name: place for place, name in enumerate(self.names)}
        made = {name: decoder(of.kind(name), zone, dialect) for name in self.names}
        self._decode: dict[int, Decode] = {self.place[name]: one for name, one in made.items() if one}

    def decoded(self, rows: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
        """Rows with values as mappings expect them; ValueError where one value is not what its column says."""
        if not self._decode or not rows:
            return rows
        columns = list(zip(*rows, strict=True))
        for place, decode in self._decode.items():
            columns[place] = tuple(decode(columns[place]))
        return list(zip(*columns, strict=True))


def reflect(database: Database, name: str, setting: str) -> Table:
    """The table of this name as it is now; SetupError when there is none."""
    schema, _, bare = name.rpartition(".")
    try:
        with database.engine.connect() as connection:
            inspector = inspect(connection)
            found = inspector.get_columns(bare, schema=schema or None)
            is_view = bare in _without_constraints(inspector, schema or None)
            primary = [] if is_view else inspector.get_pk_constraint(bare, schema=schema or None)["constrained_columns"]
            unique = frozenset() if is_view else _unique(inspector, bare, schema or None, primary)
            lasting = _lasting(connection, bare, schema) if database.dialect == "mysql" else ""
    except NoSuchTableError as error:
        msg = f"{database.system} has no table {name}."
        raise SetupError(msg, cure=f"Correct {setting}, or give the account the right to see it.") from error
    except SQLAlchemyError as error:
        raise fate_of(error, database.system, f"the description of {name}") from error
    dialect = database.dialect
    columns = [
        Column(
            name=str(one["name"]),
            kind=kind_of(one, dialect),
            type=_type_of(one, database),
            nullable=bool(one["nullable"]),
            sql_type=one["type"],
        )
        for one in found
    ]
    return Table(name, columns, primary, unique, lasting=lasting, is_view=is_view)


def _without_constraints(inspector: Inspector, schema: str | None) -> list[str]:
    """Names of views and of what else can say nothing of its keys."""
    names = inspector.get_view_names(schema=schema)
    if isinstance(inspector, postgresql.base.PGInspector):
        names += inspector.get_materialized_view_names(schema=schema) + inspector.get_foreign_table_names(schema=schema)
    return names


def _lasting(connection: Connection, bare: str, schema: str) -> str:
    """The engine of a table of MySQL whose writes last at once, because it has no transactions; else ""."""
    found = connection.execute(_ENGINE, {"name": bare, "schema": schema}).scalar()
    return str(found or "")


def _unique(inspector: Inspector, bare: str, schema: str | None, primary: Sequence[str]) -> frozenset[str]:
    """Columns that are unique by themselves, without a condition."""
    # SQLite makes an index of each constraint, of those too that are not found in the text of the table.
    every = {"include_auto_indexes": True} if inspector.dialect.name == "sqlite" else {}

    def alone() -> Iterator[Sequence[str | None]]:
        yield primary
        for constraint in inspector.get_unique_constraints(bare, schema=schema):
            yield constraint["column_names"]
        for index in inspector.get_indexes(bare, schema=schema, **every):
            is_partial = any(
                key.endswith("_where") and value for key, value in index.get("dialect_options", {}).items()
            )
            if index["unique"] and not is_partial:
                yield index["column_names"]

    return frozenset(str(names[0]) for names in alone() if len(names) == 1)


def _type_of(one: ReflectedColumn, database: Database) -> str:
    try:
        return str(one["type"].compile(database.engine.dialect)).lower()
    except SQLAlchemyError:  # a type that only this server has
        return type(one["type"]).__name__.lower()


#: The first that a type is decides.
_KINDS: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
    ((sql.Boolean, mysql.BOOLEAN), Kind.BOOLEAN),
    (sql.Integer, Kind.INTEGER),
    (sql.Float, Kind.FLOAT),
    (sql.Numeric, Kind.DECIMAL),
    (sql.Date, Kind.DATE),
    (sql.Time, Kind.TIME),
    (sql.Uuid, Kind.UUID),
    (sql.JSON, Kind.JSON),
    (sql._Binary, Kind.BYTES),  # noqa: SLF001  what all types of bytes inherit
    (postgresql.BYTEA, Kind.BYTES),
    (sql.String, Kind.TEXT),
)


def kind_of(one: ReflectedColumn, dialect: str) -> Kind:
    """What a column of this type holds."""
    given = one["type"]
    if isinstance(given, postgresql.DOMAIN):
        given = given.data_type
    if isinstance(given, mysql.TINYINT) and given.display_width == 1:
        return Kind.BOOLEAN
    if isinstance(given, sql.DateTime):
        if dialect == "mysql" and isinstance(given, mysql.TIMESTAMP):
            return Kind.UTC  # the server converts it to the zone of the session
        return Kind.INSTANT if given.timezone else Kind.LOCAL
    if isinstance(given, sql.CHAR) and dialect == "postgresql":
        return Kind.PADDED
    if isinstance(given, mysql.SET | sql.ARRAY | mysql.BIT | postgresql.BIT):
        return Kind.OTHER
    return next((kind for kind_type, kind in _KINDS if isinstance(given, kind_type)), Kind.OTHER)


def key_of(kind: Kind, key: str) -> object | None:
    """A key as it is bound; None where no row can have it.

    >>> key_of(Kind.INTEGER, "12"), key_of(Kind.INTEGER, "012"), key_of(Kind.TEXT, "012")
    (12, None, '012')
    """
    if kind not in {Kind.INTEGER, Kind.UUID}:
        return None if "\x00" in key else key
    try:
        bound = encode(kind, key, ZoneInfo("UTC"))
    except ValueError:
        return None
    return bound if str(bound) == key else None
