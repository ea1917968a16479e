"""Keeps the state on a PostgreSQL server, in a schema of its own, so that several hubs can share a database."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
import xxhash
from psycopg import errors

from syncline.errors import SetupError, StoreBusyError, StoreFailedError, StoreLostError, SynclineError
from syncline.model.state import Stream
from syncline.ports.inbox import Inbox
from syncline.ports.store import Store
from syncline.store.inbox import stored_inbox
from syncline.store.migrating import applied_migrations, migrate, require_current
from syncline.store.queries import fill, load_queries
from syncline.store.session import NOWHERE, Row, check_names, table_words, unkeepable
from syncline.store.state import StoredState

_FAMILY: Final = 1_398_361_667  # the first half of every hub's advisory lock: "SYNC"
_PATIENCE = "1s"  # for a hub that is just going; a server notices the end of a killed one within milliseconds
_FEW = 20  # rows up to which COPY costs more than it saves
_SETTINGS = """
SET client_min_messages = warning;
SET synchronous_commit = on;
SET jit = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
"""  # every join here is a page of keys into an index; a staging table has no statistics to tell the planner so

_WORDS: Final = {
    "texts": "unnest(CAST(? AS text[])) AS wanted(value)",
    "integers": "unnest(CAST(? AS bigint[])) AS wanted(value)",
}
_QUERIES: Final = load_queries(
    "records.sql", "work.sql", "history.sql", "inbox.sql", "postgres/dialect.sql", words=_WORDS
)
_COPIED: Final = {
    "insert_entities": ("int8", "int2", "int8", "bytea", "bytea"),
    "insert_links": ("int8", "text", "int2", "bytea", "text", "bytea", "int8", "int8"),
    "update_entities": ("int2", "int8", "bytea", "bytea", "int8"),
    "update_links": ("int2", "bytea", "text", "bytea", "int8", "int8", "int8"),
    "touch_links": ("bytea", "text", "int8", "int8"),
    "put_matching": ("int8", "int8", "int8"),
}


def open_postgres(url: str, *, lock: bool) -> Store:
    """Connect, take the schema for this process, and bring its tables up to date."""
    server, schema = split_url(url)
    session = PostgresSession(server, schema, writable=lock)
    try:
        applied_migrations(session, "postgres", label=session.label)
        ready = migrate if lock else require_current
        ready(session, "postgres", label=session.label)
        for name in ("wind_intents", "wind_conflicts") if lock else ():
            session.rows(name)
    except BaseException:
        session.close()
        raise
    return StoredState(session, writable=lock)


def open_postgres_inbox(url: str) -> Inbox:
    """The inbox of the store at `url`: tables of its schema, over a connection of its own."""
    server, schema = split_url(url)
    return stored_inbox(PostgresSession(server, schema, writable=True, lock=False))


def split_url(url: str) -> tuple[str, str]:
    """The server's own URL, and the schema that the hub has there."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema = options.pop("schema", "syncline")
    check_names(Stream(schema, schema))
    return urlunsplit(parts._replace(query=urlencode(options))), schema


class PostgresSession:
    """One connection, whose advisory lock keeps other hubs out for as long as it lasts."""

    def __init__(self, server: str, schema: str, *, writable: bool, lock: bool = True) -> None:
        self.label = f"The store in schema {schema}"
        self._server = server
        self._schema = schema
        self._writable = writable
        self._lock = lock and writable
        self._sql: dict[tuple[str, Stream], bytes] = {}
        self._inside = False
        self._ended = False
        self._connect()

    def _connect(self) -> None:
        name = f"syncline {os.getpid()}"
        with self._explained():
            self._connection = psycopg.connect(self._server, autocommit=True, application_name=name, connect_timeout=10)
            self._cursor = self._connection.cursor(binary=True)
        self.label = f"The store in schema {self._schema} of database {self._connection.info.dbname}"
        try:
            self.script(_SETTINGS)
            if self._lock:
                self._take_lock()
                self._make_schema()
            self.script(f'SET search_path = "{self._schema}"')
            if self._lock:
                self.script(_QUERIES["make_staging"])
        except BaseException:
            self._connection.close()
            raise

    def _take_lock(self) -> None:
        mine = (_FAMILY, xxhash.xxh32_intdigest(self._schema.encode()) >> 1)
        self.script(f"SET lock_timeout = '{_PATIENCE}'")
        try:
            self._cursor.execute(self._statement("take_lock", NOWHERE), mine)
        except errors.LockNotAvailable as error:
            holders = [name.removeprefix("syncline ") for (name,) in self.rows("lock_holder", mine)]
            msg = f"{self.label} is in use by another hub (process {', '.join(holders) or 'unknown'})."
            raise StoreBusyError(msg, cure="Stop that process first, or give this hub a schema of its own.") from error
        self.script("SET lock_timeout = 0")

    def _make_schema(self) -> None:
        if not self.rows("has_schema", (self._schema,)):
            self.script(f'CREATE SCHEMA "{self._schema}"')

    def rows(self, name: str, values: Sequence[object] = (), of: Stream = NOWHERE) -> Sequence[Row]:
        """Run a named query; all its rows."""
        with self._explained():
            cursor = self._ready().execute(self._statement(name, of), values)
            return cursor.fetchall() if cursor.description else []

    def page(self, name: str, rows: Iterable[Row], of: Stream = NOWHERE) -> None:
        """Run a named statement once for each row, or copy them all at once where they are many."""
        page = list(rows)
        with self._explained():
            if len(page) > _FEW and name in _COPIED:
                self._copy(name, page, of)
            elif page:
                self._ready().executemany(self._statement(name, of), page)

    def _copy(self, name: str, page: list[Row], of: Stream) -> None:
        cursor = self._ready()
        with cursor.copy(self._statement(f"copy_{name}", of)) as copy:
            copy.set_types(_COPIED[name])
            for row in page:
                copy.write_row(row)
        if f"merge_{name}" in _QUERIES:
            cursor.execute(self._statement(f"merge_{name}", of))
            cursor.execute(self._statement(f"clear_{name}", of))

    def _statement(self, name: str, of: Stream) -> bytes:
        return self._sql.get((name, of)) or self._fill(name, of)

    def _fill(self, name: str, of: Stream) -> bytes:
        statement = fill(_QUERIES[name], table_words(of)).replace("?", "%s").encode()
        return self._sql.setdefault((name, of), statement)

    def _ready(self) -> psycopg.Cursor[Row]:
        """The cursor; a connection that was lost outside of a transaction is made anew, lock and all."""
        if self._connection.closed and not self._inside and not self._ended:
            self._connect()
        return self._cursor

    def texts(self, values: Sequence[str]) -> object:
        """An array."""
        return list(values)

    def integers(self, values: Sequence[int]) -> object:
        """An array."""
        return list(values)

    def script(self, sql: str) -> None:
        """Run several statements."""
        with self._explained():
            self._connection.execute(sql.encode())

    def is_new(self) -> bool:
        """The schema has no table."""
        return not self.rows("any_table")

    def begin(self) -> None:
        """Start a transaction; the advisory lock has made this the only writer."""
        if not self._writable:
            msg = f"{self.label} was opened for reading alone."
            raise SetupError(msg, cure="Open it as the hub to change it.")
        with self._explained():
            self._ready().execute("BEGIN")
        self._inside = True

    def look(self) -> None:
        """The moment is that of the first read."""
        with self._explained():
            self._ready().execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._inside = True

    def commit(self) -> None:
        """Wait until the server has it on its disk."""
        self.script("COMMIT")
        self._inside = False

    def rollback(self) -> None:
        """Undo, unless the connection is gone, and the transaction with it."""
        self._inside = False
        if not self._connection.closed:
            self.script("ROLLBACK")

    def close(self) -> None:
        """Hang up; the server lets the lock go."""
        self._ended = True
        self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise self._explain(error) from error
        except UnicodeEncodeError as error:
            raise unkeepable(error) from error

    def _explain(self, error: psycopg.Error) -> SynclineError:
        """What a person can do about it. The server's own words, without the rows that it may quote."""
        if isinstance(error, psycopg.DataError):
            return unkeepable(error)
        words = error.diag.message_primary or str(error).partition("\n")[0] or type(error).__name__
        for kinds, fate, what, cure in _FAILURES:
            if isinstance(error, kinds):
                return fate(f"{self.label} {what} ({words}).", cure=cure)
        return SetupError(f"{self.label} failed: {words}.", cure="Report this with the steps that led to it.")


_FAILURES: Final[tuple[tuple[tuple[type[psycopg.Error], ...], type[SynclineError], str, str], ...]] = (
    ((errors.DiskFull,), StoreFailedError, "has no room left on its disk", "Free some space there, then run again."),
    (
        (psycopg.IntegrityError,),
        SetupError,
        "refused a row that is there already",
        "Run again; report it if it comes back.",
    ),
    (
        (errors.InsufficientPrivilege,),
        StoreFailedError,
        "may not be written to",
        "Give the hub's user the rights on its schema.",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        StoreFailedError,
        "is on a server that only reads",
        "Name the primary server in `store:`.",
    ),
    (
        (psycopg.OperationalError,),
        StoreLostError,
        "cannot be reached",
        "Check that the server runs and that `store:` names it.",
    ),
)
