"""Keeps the state in one SQLite file: nothing to install, and every commit is on the disk before it returns."""

from __future__ import annotations

import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from operator import lt
from pathlib import Path
from typing import Any, Final

import apsw

from syncline.errors import SetupError, StoreFailedError, StoreLostError, SynclineError
from syncline.model.state import Stream
from syncline.ports.inbox import Inbox
from syncline.ports.store import Store
from syncline.store.file_lock import FileLock
from syncline.store.inbox import FILE_ENDING, stored_inbox
from syncline.store.migrating import applied_migrations, migrate, require_current
from syncline.store.queries import fill, load_queries
from syncline.store.session import NOWHERE, Row, table_words, unkeepable
from syncline.store.state import StoredState

_MEMORY = ":memory:"
_PATIENCE = 5000  # [ms] for a reader's lock; a second hub is refused at once
_STATEMENTS = 500  # prepared statements kept; about 20 per stream
_ORDERED: Final = {"insert_entities": 0, "insert_links": 1}  # the column whose order decides: eid, key
_HEADER = 100  # bytes with which every SQLite file begins
_WIDTH = 50  # rows in one statement
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -32768;
PRAGMA foreign_keys = OFF;
PRAGMA temp_store = MEMORY;
"""
_WORDS: Final = {"texts": "carray(?) AS wanted", "integers": "carray(?) AS wanted"}
_QUERIES: Final = load_queries(
    "records.sql", "work.sql", "history.sql", "inbox.sql", "sqlite/dialect.sql", words=_WORDS
)


def open_sqlite(path: str, *, lock: bool) -> Store:
    """Open the file, make it where it is missing, and bring its tables up to date."""
    if path == _MEMORY:
        return _opened(SqliteSession(path, writable=True), writable=True)
    place = Path(path).absolute()
    if not lock:
        if not place.exists():
            msg = f"There is no store at {place} yet."
            raise SetupError(msg, cure="Run `syncline sync` once, then ask again.")
        return _opened(SqliteSession(str(place), writable=False), writable=False)
    held = FileLock(place)
    try:
        _refuse_emptied(place, held)
        if not place.exists():  # it holds people's data: made for its owner's eyes alone
            place.touch(mode=0o600)
        store = _opened(SqliteSession(str(place), writable=True, held=held), writable=True)
        held.mark()
    except BaseException:
        held.release()
        raise
    return store


def open_sqlite_inbox(path: str) -> Inbox:
    """The inbox of the store at `path`: a file beside it, so that neither waits for the other's lock."""
    session = SqliteSession(path if path == _MEMORY else f"{Path(path).absolute()}{FILE_ENDING}", writable=True)
    session.script(_PRAGMAS)
    return stored_inbox(session)


def _refuse_emptied(place: Path, held: FileLock) -> None:
    """SQLite takes a file without its header for a new one; so would we, and ask nobody who was who."""
    if held.marked and (not place.exists() or place.stat().st_size < _HEADER):
        msg = f"The store {place} is empty or gone, though a hub has kept its state there."
        cure = f"Restore it from a backup. To begin anew, as if nothing were known, remove {place}.lock, too."
        raise StoreFailedError(msg, cure=cure)


def _opened(session: SqliteSession, *, writable: bool) -> Store:
    try:
        applied_migrations(session, "sqlite", label=session.label)  # before anything is changed in a stranger's file
        if writable:
            session.script(_PRAGMAS)
            migrate(session, "sqlite", label=session.label)
        else:
            require_current(session, "sqlite", label=session.label)
    except BaseException:
        session.close()
        raise
    return StoredState(session, writable=writable)


def _ascends(values: Sequence[Any]) -> bool:
    return all(map(lt, values, islice(values, 1, None)))


class SqliteSession:
    """One connection, and the lock that keeps other hubs out."""

    def __init__(self, path: str, *, writable: bool, held: FileLock | None = None) -> None:
        self.label = f"The store {path}"
        self._held = held
        self._sql: dict[tuple[str, Stream], str] = {}
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE if writable else apsw.SQLITE_OPEN_READONLY
        with self._explained():
            self._connection = apsw.Connection(path, flags=flags, statementcachesize=_STATEMENTS)
            self._connection.set_busy_timeout(_PATIENCE)
            # Without this, many a statement is compiled anew each time its values change: 20 µs instead of 5.
            self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)

    def rows(self, name: str, values: Sequence[object] = (), of: Stream = NOWHERE) -> Sequence[Row]:
        """Run a named query; all its rows."""
        sql = self._sql.get((name, of)) or self._fill(name, of)
        try:
            return self._connection.execute(sql, values).fetchall()
        except apsw.Error as error:
            raise self._explain(error) from error

    def page(self, name: str, rows: Iterable[Row], of: Stream = NOWHERE) -> None:
        """Run a named statement for each row."""
        sql = self._sql.get((name, of)) or self._fill(name, of)
        try:
            if name in _ORDERED:
                rows = self._insert_ordered(sql, list(rows), _ORDERED[name])
            self._connection.executemany(sql, rows)
        except apsw.Error as error:
            raise self._explain(error) from error

    def _insert_ordered(self, sql: str, rows: list[Row], column: int) -> list[Row]:
        """Insert rows in ascending order, many to a statement; what is left is for single ones.

        Measured: a third less time for a first load whose keys ascend, a fifth more where they do not.
        """
        full = len(rows) - len(rows) % _WIDTH
        if not full or not _ascends([row[column] for row in rows]):
            return rows
        head, _, one = sql.rpartition("VALUES ")
        wide = f"{head}VALUES {', '.join([one] * _WIDTH)}"
        self._connection.executemany(wide, (tuple(chain(*rows[at : at + _WIDTH])) for at in range(0, full, _WIDTH)))
        return rows[full:]

    def _fill(self, name: str, of: Stream) -> str:
        sql = fill(_QUERIES[name], table_words(of))
        return self._sql.setdefault((name, of), sql)

    def texts(self, values: Sequence[str]) -> object:
        """An array that SQLite reads without asking Python for each."""
        try:
            return apsw.carray(tuple(values))
        except ValueError as error:
            raise unkeepable(error) from error

    def integers(self, values: Sequence[int]) -> object:
        """An array that SQLite reads without asking Python for each."""
        return apsw.carray(array.array("q", values))

    def script(self, sql: str) -> None:
        """Run several statements. Each stops at its first row until that is fetched, and the next ones with it."""
        with self._explained():
            self._connection.execute(sql).fetchall()

    def is_new(self) -> bool:
        """The file has no table."""
        with self._explained():
            return not self._connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()

    def begin(self) -> None:
        """Take the write lock at once, so that nothing fails half-way for want of it."""
        self.script("BEGIN IMMEDIATE")

    def look(self) -> None:
        """The moment is that of the first read."""
        self.script("BEGIN")

    def commit(self) -> None:
        """Write to the disk."""
        self.script("COMMIT")

    def rollback(self) -> None:
        """Undo, unless SQLite has done so itself (a full disk)."""
        if self._connection.in_transaction:
            self.script("ROLLBACK")

    def close(self) -> None:
        """Close the file, then let the next hub in."""
        self._connection.close()
        if self._held is not None:
            self._held.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise self._explain(error) from error

    def _explain(self, error: apsw.Error) -> SynclineError:
        """What a person can do about it."""
        for kinds, fate, what, cure in _FAILURES:
            if isinstance(error, kinds):
                return fate(f"{self.label} {what} ({error}).", cure=cure)
        return SetupError(f"{self.label} failed: {error}.", cure="Report this with the steps that led to it.")


_FAILURES: Final[tuple[tuple[tuple[type[apsw.Error], ...], type[SynclineError], str, str], ...]] = (
    (
        (apsw.FullError,),
        StoreFailedError,
        "has no room left on its disk",
        "Free some space, then run again; nothing was lost.",
    ),
    ((apsw.BusyError, apsw.LockedError), StoreLostError, "is locked by another program", "Close it, or try again."),
    (
        (apsw.ReadOnlyError, apsw.PermissionsError),
        StoreFailedError,
        "may not be written to",
        "Make the file and its folder writable.",
    ),
    (
        (apsw.CorruptError, apsw.NotADBError),
        StoreFailedError,
        "is damaged or no SQLite file",
        "Restore it from a backup.",
    ),
    (
        (apsw.CantOpenError,),
        StoreFailedError,
        "cannot be opened",
        "Check that the path is a file that you may read and write.",
    ),
    ((apsw.IOError,), StoreFailedError, "could not be read or written", "Check the disk, then run again."),
    (
        (apsw.ConstraintError,),
        SetupError,
        "refused a row that is there already",
        "Run again; report it if it comes back.",
    ),
)
