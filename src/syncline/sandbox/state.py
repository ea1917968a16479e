"""The disk of a simulated application: one SQLite file that survives `kill -9`.

A record is kept as its ready-made JSON beside the few columns that the
application searches by, so that a page of a list is only a join of bytes.
"""

# ruff: noqa: S608 - table and column names come from our own declarations, values are bound

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

Fields: TypeAlias = dict[str, Any]  # a record in the application's own words
Key: TypeAlias = str | int

_decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode

_STALE_MAX_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One resource and the columns it can be searched by."""

    name: str
    lookups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record as it lies on the disk."""

    key: Key
    changed: int  #: milliseconds since the epoch
    body: bytes
    listed: bool = True  #: False: only found by its key
    lookups: Mapping[str, Key | None] = field(default_factory=dict)

    def fields(self) -> Fields:
        """Decode the record, a fresh copy at every call."""
        fields: Fields = _decode(self.body)
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record that was written or removed, told after the commit."""

    resource: str
    key: Key
    what: str  #: created, updated or deleted


@dataclass(slots=True)
class Clock:
    """The application's own clock, which a fault may set wrong."""

    skew_ms: int = 0

    def now_ms(self) -> int:
        """Milliseconds since the epoch, as this application believes."""
        return time.time_ns() // 1_000_000 + self.skew_ms


class State:
    """All tables of one application."""

    def __init__(self, path: Path, tables: Sequence[Table]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.clock = Clock()
        self.tables = {table.name: table for table in tables}
        self.stale_ms = 0
        self.told: Callable[[Change], None] | None = None  #: who hears of changes
        self._changes: list[Change] = []  # of the transaction that is open
        # Both hold until the next write: counts, and the last key before a numbered page.
        self._counts: dict[tuple[str, int, bool], int] = {}
        self._places: dict[tuple[str, int, bool, int], Key] = {}
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._depth = 0
        with self.transaction():
            self._create()

    def _create(self) -> None:
        execute = self._db.execute
        for table in self.tables.values():
            columns = "".join(f", {name}" for name in table.lookups)
            execute(
                f"CREATE TABLE IF NOT EXISTS {table.name} (key PRIMARY KEY,"
                f" changed INTEGER, listed INTEGER, body BLOB{columns})"
            )
            execute(f"CREATE INDEX IF NOT EXISTS {table.name}_changed ON {table.name} (changed, key)")
            execute(f"CREATE INDEX IF NOT EXISTS {table.name}_listed ON {table.name} (listed, key)")
            for name in table.lookups:
                execute(
                    f"CREATE INDEX IF NOT EXISTS {table.name}_{name} ON {table.name} ({name}) WHERE {name} IS NOT NULL"
                )
        execute("CREATE TABLE IF NOT EXISTS meta (name PRIMARY KEY, value)")
        execute("CREATE TABLE IF NOT EXISTS merged (resource, loser, winner, PRIMARY KEY (resource, loser))")
        execute("CREATE TABLE IF NOT EXISTS answered (token PRIMARY KEY, at INTEGER, asked, status INTEGER, body BLOB)")
        execute("CREATE TABLE IF NOT EXISTS truth (resource, key, company INTEGER, PRIMARY KEY (resource, key))")
        execute("CREATE INDEX IF NOT EXISTS answered_at ON answered (at)")
        # What lists still show while they lag behind the records.
        execute(
            "CREATE TABLE IF NOT EXISTS earlier (resource, key, changed INTEGER,"
            " listed INTEGER, body BLOB, gone INTEGER)"
        )
        execute("CREATE INDEX IF NOT EXISTS earlier_gone ON earlier (resource, gone)")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything inside or nothing; an inner one joins the outer one."""
        self._depth += 1
        try:
            if self._depth == 1:
                self._db.execute("BEGIN IMMEDIATE")
            yield
            if self._depth == 1:
                self._db.execute("COMMIT")
                self._tell()
        except BaseException:
            if self._depth == 1:
                self._changes.clear()
            if self._depth == 1 and self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        finally:
            self._depth -= 1

    def together(self) -> AbstractContextManager[None]:
        """Keep many edits of people at once."""
        return self.transaction()

    def _tell(self) -> None:
        changes, self._changes = self._changes, []
        if self.told:
            for change in changes:
                self.told(change)

    def close(self) -> None:
        """Fold the log back into the file and let go of it."""
        self._db.close()

    # --- one record -----------------------------------------------------------

    def get(self, resource: str, key: Key) -> Row | None:
        """Read one record by its key."""
        found = self._db.execute(f"SELECT key, changed, body, listed FROM {resource} WHERE key = ?", (key,)).fetchone()
        return _row(found) if found else None

    def put(self, resource: str, row: Row) -> None:
        """Write one record over whatever was there."""
        known = self._remember(resource, row.key)
        self._changes.append(Change(resource=resource, key=row.key, what="updated" if known else "created"))
        table = self.tables[resource]
        values = [row.lookups.get(name) for name in table.lookups]
        marks = ", ?" * (4 + len(values))
        self._db.execute(
            f"INSERT OR REPLACE INTO {resource} VALUES ({marks[2:]})",
            (row.key, row.changed, int(row.listed), row.body, *values),
        )

    def remove(self, resource: str, key: Key) -> None:
        """Forget one record."""
        self._remember(resource, key)
        self._changes.append(Change(resource=resource, key=key, what="deleted"))
        self._db.execute(f"DELETE FROM {resource} WHERE key = ?", (key,))

    def load(self, resource: str, rows: Iterator[Row]) -> None:
        """Write many new records at once (the seed)."""
        table = self.tables[resource]
        marks = ", ?" * (4 + len(table.lookups))
        self._db.executemany(
            f"INSERT INTO {resource} VALUES ({marks[2:]})",
            (
                (
                    row.key,
                    row.changed,
                    int(row.listed),
                    row.body,
                    *(row.lookups.get(name) for name in table.lookups),
                )
                for row in rows
            ),
        )

    def _remember(self, resource: str, key: Key) -> bool:
        """Keep how a record was, for lists that lag; was there one?"""
        self._counts.clear()
        self._places.clear()
        now = self.clock.now_ms()
        found = self._db.execute(
            f"INSERT INTO earlier SELECT ?, key, changed, listed, body, ? FROM {resource} WHERE key = ?",
            (resource, now, key),
        )
        self._db.execute(
            "DELETE FROM earlier WHERE resource = ? AND gone < ?",
            (resource, now - _STALE_MAX_MS),
        )
        return found.rowcount > 0

    # --- many records ---------------------------------------------------------

    def page_by_change(self, resource: str, after: tuple[int, Key], limit: int) -> list[Row]:
        """Read records behind a place in the order (changed, key)."""
        source, given = self._lagging(resource)
        found = self._db.execute(
            f"SELECT key, changed, body, listed FROM {source} WHERE (changed, key)"
            " > (?, ?) ORDER BY changed, key LIMIT ?",
            (*given, *after, limit),
        )
        return [_row(row) for row in found]

    def page_by_key(self, resource: str, after: Key, limit: int) -> list[Row]:
        """Read records behind a key, listed or not, in the order of keys."""
        source, given = self._lagging(resource)
        found = self._db.execute(
            f"SELECT key, changed, body, listed FROM {source} WHERE key > ? ORDER BY key LIMIT ?",
            (*given, after, limit),
        )
        return [_row(row) for row in found]

    def page_by_number(self, resource: str, *, since: int, everything: bool, skip: int, limit: int) -> list[Row]:
        """Read one numbered page in the order of keys."""
        source, given = self._lagging(resource)
        before = self._places.get((resource, since, everything, skip))
        known = before is not None and not self.stale_ms
        found = self._db.execute(
            f"SELECT key, changed, body, listed FROM {source} WHERE"
            f" {_condition(since, everything=everything)} {'AND key > ?' if known else ''}"
            " ORDER BY key LIMIT ? OFFSET ?",
            (*given, before, limit, 0) if known else (*given, limit, skip),
        )
        rows = [_row(row) for row in found]
        if rows and not self.stale_ms:
            self._places[resource, since, everything, skip + len(rows)] = rows[-1].key
        return rows

    def count(self, resource: str, *, since: int = 0, everything: bool = True) -> int:
        """Count what `page_by_number` would walk through."""
        asked = (resource, since, everything)
        if asked in self._counts and not self.stale_ms:
            return self._counts[asked]
        source, given = self._lagging(resource)
        found = self._db.execute(
            f"SELECT count(*) FROM {source} WHERE {_condition(since, everything=everything)}",
            given,
        )
        counted = int(found.fetchone()[0])
        if not self.stale_ms:
            self._counts[asked] = counted
        return counted

    def _lagging(self, resource: str) -> tuple[str, tuple[Any, ...]]:
        """Where a list reads: the table, or how it was `stale_ms` ago."""
        if not self.stale_ms:
            return resource, ()
        horizon = self.clock.now_ms() - self.stale_ms
        source = (
            f"(SELECT key, changed, listed, body FROM {resource} WHERE changed <= ?"
            " UNION ALL SELECT key, changed, listed, body FROM earlier"
            " WHERE resource = ? AND changed <= ? AND gone > ?)"
        )
        return source, (horizon, resource, horizon, horizon)

    def get_many(self, resource: str, keys: Sequence[Key]) -> list[Row]:
        """Read the records that exist among these keys."""
        marks = ", ?" * len(keys)
        found = self._db.execute(
            f"SELECT key, changed, body, listed FROM {resource} WHERE key IN ({marks[2:]}) ORDER BY key",
            tuple(keys),
        )
        return [_row(row) for row in found]

    def find(self, resource: str, column: str, value: Key) -> list[Row]:
        """Read the records with exactly this value in a searchable column."""
        found = self._db.execute(
            f"SELECT key, changed, body, listed FROM {resource} WHERE {column} = ? ORDER BY key",
            (value,),
        )
        return [_row(row) for row in found]

    def search(self, resource: str, column: str, value: Key) -> list[Row]:
        """Find as the interface does: with the lag of lists."""
        if not self.stale_ms:
            return self.find(resource, column, value)
        horizon = self.clock.now_ms() - self.stale_ms
        found = self._db.execute(
            f"SELECT key, changed, body, listed FROM {resource} WHERE {column} = ? AND changed <= ?"
            " UNION ALL SELECT key, changed, body, listed FROM earlier"
            " WHERE resource = ? AND changed <= ? AND gone > ?"
            f" AND json_extract(CAST(body AS TEXT), '$.{column}') = ? ORDER BY key",
            (value, horizon, resource, horizon, horizon, value),
        )
        return [_row(row) for row in found]

    def keys(self, resource: str) -> list[Key]:
        """Read all keys, listed or not, in order."""
        return [key for (key,) in self._db.execute(f"SELECT key FROM {resource} ORDER BY key")]

    def bodies(self, resource: str) -> list[bytes]:
        """Read every record, listed or not, in the order of keys."""
        return [body for (body,) in self._db.execute(f"SELECT body FROM {resource} ORDER BY key")]

    # --- beside the records ---------------------------------------------------

    def meta(self, name: str) -> Any:  # noqa: ANN401 - whatever was set
        """Read one remembered value."""
        found = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def set_meta(self, name: str, value: Key) -> None:
        """Remember one value."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def next_number(self, name: str) -> int:
        """Draw the next number of a sequence, from 1."""
        number = int(self.meta(name) or 0) + 1
        self.set_meta(name, number)
        return number

    def merge_into(self, resource: str, loser: Key, winner: Key) -> None:
        """Remember for ever what became of a merged record."""
        self._db.execute("INSERT OR REPLACE INTO merged VALUES (?, ?, ?)", (resource, loser, winner))

    def merged_into(self, resource: str, key: Key) -> Key | None:
        """Say what a record was merged into, if it was."""
        found = self._db.execute(
            "SELECT winner FROM merged WHERE resource = ? AND loser = ?",
            (resource, key),
        ).fetchone()
        return found[0] if found else None

    def answer_of(self, token: str, oldest: int) -> tuple[bytes, int, bytes] | None:
        """Find the answer that was given to an idempotency key."""
        self._db.execute("DELETE FROM answered WHERE at < ?", (oldest,))
        found = self._db.execute("SELECT asked, status, body FROM answered WHERE token = ?", (token,)).fetchone()
        return (found[0], found[1], found[2]) if found else None

    def keep_answer(self, token: str, asked: bytes, status: int, body: bytes) -> None:
        """Keep the answer of an idempotency key, in the write's transaction."""
        self._db.execute(
            "INSERT INTO answered VALUES (?, ?, ?, ?, ?)",
            (token, self.clock.now_ms(), asked, status, body),
        )

    def set_truth(self, resource: str, companies: Iterator[tuple[Key, int]]) -> None:
        """Note which company of the seed each record stands for."""
        self._db.executemany(
            "INSERT INTO truth VALUES (?, ?, ?)",
            ((resource, key, company) for key, company in companies),
        )

    def truth(self, resource: str) -> dict[str, int]:
        """Say which company of the seed each record stood for."""
        return {
            str(key): company
            for key, company in self._db.execute("SELECT key, company FROM truth WHERE resource = ?", (resource,))
        }


def _row(found: tuple[Key, int, bytes, int]) -> Row:
    key, changed, body, listed = found
    return Row(key=key, changed=changed, body=body, listed=bool(listed))


def _condition(since: int, *, everything: bool) -> str:
    terms = [f"changed >= {since:d}"] if since else []
    if not everything:
        terms.append("listed = 1")
    return " AND ".join(terms) or "1"
