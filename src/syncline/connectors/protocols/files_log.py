"""What is known of a folder: which files were read, what their records say, which files were written.

One small database beside the files. A file and all its records are taken in with one commit, so a crash leaves the file
unread; a written file is noted with its records before it gets its name, so a crash leaves it to be finished.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from syncline.env import Env
from syncline.errors import SetupError, TransientError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
  resource TEXT NOT NULL, key TEXT NOT NULL, raw BLOB NOT NULL, stamp INTEGER NOT NULL, marker TEXT NOT NULL DEFAULT '',
  deleted INTEGER NOT NULL DEFAULT 0, file TEXT NOT NULL, PRIMARY KEY (resource, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_stamp ON record (resource, stamp, key);
CREATE INDEX IF NOT EXISTS record_marker ON record (resource, marker) WHERE marker <> '';
CREATE TABLE IF NOT EXISTS file (
  resource TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,
  stamp INTEGER NOT NULL, refused TEXT NOT NULL DEFAULT '', PRIMARY KEY (resource, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS file_digest ON file (resource, digest);
CREATE TABLE IF NOT EXISTS broken (
  resource TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL,
  stamp INTEGER NOT NULL, PRIMARY KEY (resource, file, line)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outgoing (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS written (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class FileLog:
    """The log of one folder. Thread-safe; one transaction at a time."""

    def __init__(self, path: Path, system: str, env: Env) -> None:
        self._path = path
        self._system = system
        self._env = env
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
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            self._env.point("files.commit")
            connection.execute("COMMIT")

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
            made.executescript(_SCHEMA)
            self._open = made
        return self._open

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                msg = f"The log of {self._system} cannot be used: {error}."
                raise TransientError(msg, cure=f"Is {self._path} there, and may the hub write it?") from error
            msg = f"The log of {self._system} at {self._path} is damaged: {error}."
            raise SetupError(msg, cure="Move it away: all files are then read again.") from error
        except OSError as error:
            msg = f"The folder of {self._system} cannot be reached: {error.strerror}."
            raise TransientError(msg, cure="Is the share mounted?") from error


def counted(connection: sqlite3.Connection, name: str, *, at_least: int = 0) -> int:
    """The next number of a counter, never one that it gave before."""
    row = connection.execute(
        "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE "
        "SET value = max(value + 1, excluded.value) RETURNING value",
        (name, max(1, at_least)),
    ).fetchone()
    return int(row[0])


def keep_record(  # noqa: PLR0913  the columns of a record
    connection: sqlite3.Connection,
    resource: str,
    key: str,
    raw: bytes,
    *,
    stamp: int,
    marker: str,
    deleted: bool,
    file: str,
) -> None:
    """Keep what a record says now; one that says nothing new keeps its stamp."""
    connection.execute(
        "INSERT INTO record (resource, key, raw, stamp, marker, deleted, file) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (resource, key) DO UPDATE SET raw = excluded.raw, stamp = excluded.stamp, "
        "marker = excluded.marker, deleted = excluded.deleted, file = excluded.file "
        "WHERE raw <> excluded.raw OR deleted <> excluded.deleted",
        (resource, key, raw, stamp, marker, int(deleted), file),
    )
