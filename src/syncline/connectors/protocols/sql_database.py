"""One database: its connections, what a session begins with, and transactions whose end is known, or a doubt."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from syncline.connectors.protocols.sql_errors import Verdict, fate_of, verdict_of, words_of
from syncline.connectors.protocols.sql_options import SqlOptions
from syncline.env import Env
from syncline.errors import BusyError, DoubtError, RejectedError

_PORTS = {"postgresql": 5432, "mysql": 3306}
_STEPS = 20_000  #: of SQLite's machine between two looks at the clock
_WRITING = "syncline_writing"  #: mark of a connection whose transaction will write


class Database:
    """Connections to one database. Thread-safe."""

    def __init__(self, system: str, options: SqlOptions, env: Env) -> None:
        self.system = system
        self.dialect = options.dialect
        self.place = options.place
        self._timeout = options.timeout
        self._env = env
        self._engine = _engine(options, env)

    def __repr__(self) -> str:
        """Where it leads; no secret."""
        return f"Database({self.place})"

    @property
    def engine(self) -> Engine:
        """For reflection."""
        return self._engine

    @contextmanager
    def reading(self, place: str) -> Iterator[Connection]:
        """A connection for reads, each statement alone; raises the fates of `errors`."""
        try:
            with self._engine.connect() as connection:
                if self.dialect != "sqlite":  # its driver is in that mode from the start
                    connection.execution_options(isolation_level="AUTOCOMMIT")
                yield connection
        except SQLAlchemyError as error:
            raise fate_of(error, self.system, place) from error

    @contextmanager
    def writing(self, place: str) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block.

        Raises:
            RejectedError: The values of a record were refused. Nothing was written.
            DoubtError: The answer to the commit was lost.
            TransientError: Nothing was written.
            SetupError: Nothing was written.
        """
        latest = self._env.monotonic() + self._timeout
        try:
            with self._engine.connect().execution_options(**{_WRITING: True}) as connection:
                yield connection
                if self._env.monotonic() > latest:
                    connection.rollback()
                    raise BusyError(f"{self.system} took longer than a write may; it was taken back.")
                self._commit(connection, place)
        except SQLAlchemyError as error:
            if verdict_of(error) is Verdict.RECORD:
                raise RejectedError(words_of(error)) from error
            raise fate_of(error, self.system, place) from error

    def _commit(self, connection: Connection, place: str) -> None:
        self._env.point("sql.commit")
        try:
            connection.commit()
        except SQLAlchemyError as error:
            if verdict_of(error) is not Verdict.LOST:
                raise
            raise DoubtError(
                f"{self.system} did not answer the commit at {place}: {words_of(error)}.",
                cure="The hub reads the records again before it goes on.",
            ) from error

    def close(self) -> None:
        """Let connections go."""
        self._engine.dispose()


def _engine(options: SqlOptions, env: Env) -> Engine:
    pooled: dict[str, Any] = {
        "poolclass": QueuePool,
        "pool_size": options.connections,
        "max_overflow": 0,
        "pool_timeout": options.timeout,
        "hide_parameters": True,
        "pool_pre_ping": options.dialect != "sqlite",
    }
    if options.dialect == "sqlite":
        return _sqlite(options, env, pooled)
    if options.dialect == "postgresql":
        return create_engine(_url(options, "postgresql+psycopg"), connect_args=_postgres(options), **pooled)
    engine = create_engine(_url(options, "mysql+pymysql"), connect_args=_mysql(options), **pooled)
    event.listen(engine, "connect", _mysql_session(options))
    return engine.execution_options(isolation_level="READ COMMITTED")


def _url(options: SqlOptions, driver: str) -> URL:
    parts = urlsplit(options.url)
    user, password = options.account
    host = None if options.socket else parts.hostname
    port = (parts.port or _PORTS[options.dialect]) if host else None
    return URL.create(driver, user or None, password or None, host, port, unquote(parts.path[1:]))


def _postgres(options: SqlOptions) -> dict[str, Any]:
    milliseconds = {"statement_timeout": options.timeout, "lock_timeout": options.lock_timeout,
                    "idle_in_transaction_session_timeout": options.timeout}  # fmt: skip
    settings = [f"-c {name}={round(seconds * 1_000)}" for name, seconds in milliseconds.items()]
    given: dict[str, Any] = {
        "connect_timeout": round(options.connect_timeout),
        "application_name": "syncline",
        "client_encoding": "utf8",
        "options": " ".join([*settings, "-c timezone=UTC", "-c datestyle=ISO", "-c extra_float_digits=1"]),
        "tcp_user_timeout": round(options.timeout * 1_000),
        "sslmode": "verify-full" if _is_verified(options) else "disable",
    }
    if options.socket:
        given["host"] = options.socket
    if _is_verified(options):
        given["sslrootcert"] = options.tls.ca_file or "system"
        given["ssl_min_protocol_version"] = "TLSv1.2"
    if options.tls.cert_file:
        given |= {"sslcert": options.tls.cert_file, "sslkey": options.tls.key_file}
    return given


def _mysql(options: SqlOptions) -> dict[str, Any]:
    given: dict[str, Any] = {
        "connect_timeout": round(options.connect_timeout),
        "read_timeout": round(options.timeout) + 1,
        "write_timeout": round(options.timeout) + 1,
        "charset": "utf8mb4",
        "local_infile": False,
        "autocommit": False,
    }
    if options.socket:
        given["unix_socket"] = options.socket
    if _is_verified(options):
        context = ssl.create_default_context(cafile=options.tls.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if options.tls.cert_file:
            context.load_cert_chain(options.tls.cert_file, options.tls.key_file)
        given["ssl"] = context
    else:
        given["ssl_disabled"] = True
    return given


def _mysql_session(options: SqlOptions) -> Any:  # noqa: ANN401  a listener of SQLAlchemy
    """What a session of MySQL or MariaDB begins with: strict values, UTC, limits."""

    def begin(raw: Any, _record: object) -> None:  # noqa: ANN401  a connection of the driver
        with raw.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            is_mariadb = "mariadb" in str(cursor.fetchone()[0]).lower()
            longest = (
                f"max_statement_time = {options.timeout:g}"
                if is_mariadb
                else f"max_execution_time = {round(options.timeout * 1_000)}"
            )
            cursor.execute(
                "SET SESSION time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), "
                f"innodb_lock_wait_timeout = {max(1, round(options.lock_timeout))}, {longest}"
            )

    return begin


def _is_verified(options: SqlOptions) -> bool:
    return not options.is_here if options.tls.mode is None else options.tls.mode == "verify"


def _sqlite(options: SqlOptions, env: Env, pooled: dict[str, Any]) -> Engine:
    path = Path(unquote(urlsplit(options.url).path[1:]))

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",  # never makes a file that is not there
            uri=True,
            timeout=options.lock_timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA trusted_schema = OFF")
        return raw

    engine = create_engine("sqlite://", creator=connect, **pooled)
    event.listen(engine, "begin", _begin_sqlite)
    _limit_time(engine, options, env)
    return engine


def _begin_sqlite(connection: Connection) -> None:
    """The driver begins no transaction by itself; one that will write takes the lock first, or it could fail later."""
    if connection.get_execution_options().get(_WRITING):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _limit_time(engine: Engine, options: SqlOptions, env: Env) -> None:
    """Interrupt statements that take too long; SQLite has no setting for it."""

    def before(connection: Connection, *_: object) -> None:
        latest = env.monotonic() + options.timeout
        raw = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        raw.set_progress_handler(lambda: env.monotonic() > latest, _STEPS)

    event.listen(engine, "before_cursor_execute", before)
