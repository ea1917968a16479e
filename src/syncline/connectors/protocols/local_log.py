"""A small database of one connector: what it must remember beside the hub's own state."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from syncline.env import Env
from syncline.errors import SetupError, TransientError


class LocalLog:
    """One SQLite file, made when it is first needed. Thread-safe; one transaction at a time."""

    def __init__(  # noqa: PLR0913  what it is called when it fails
        self, path: Path, env: Env, *, schema: str, name: str, place: str, point: str, cure: str
    ) -> None:
        self._path = path
        self._env = env
        self._schema = schema
        self._name = name
        self._place = place
        self._point = point
        self._cure = cure
        self._lock = threading.RLock()
        self._open: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside the block with one commit, or nothing of it."""
        with self._lock, self._told():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                self._env.point(self._point)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # some failures have rolled back already
                    connection.execute("ROLLBACK")
                raise

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._lock, self._told():
            return self._connection().execute(statement, values).fetchall()

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._path.parent.mkdir(exist_ok=True)
            made = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10.0)
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = FULL")
            made.executescript(self._schema)
            self._open = made
        return self._open

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                msg = f"{self._name} cannot be used: {error}."
                raise TransientError(msg, cure=f"Is {self._path} there, and may the hub write it?") from error
            msg = f"{self._name} at {self._path} is damaged: {error}."
            raise SetupError(msg, cure=self._cure) from error
        except OSError as error:
            msg = f"{self._place} cannot be reached: {error.strerror}."
            raise TransientError(msg, cure="Is the share mounted?") from error


def counted(connection: sqlite3.Connection, name: str, *, at_least: int = 0) -> int:
    """The next number of a counter, never one that it gave before."""
    row = connection.execute(
        "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE "
        "SET value = max(value + 1, excluded.value) RETURNING value",
        (name, max(1, at_least)),
    ).fetchone()
    return int(row[0])
