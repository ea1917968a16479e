"""The warehouse's database: plain tables in one SQLite file, which the program shares with whoever else writes."""

# ruff: noqa: S608 - table and column names come from our own declarations, values are bound

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from syncline.sandbox.state import Clock, Fields, Key, encode
from syncline.sandbox.warehouse_words import RESOURCES, schema

_BUSY_MS = 10_000  # how long the program waits for others to finish writing


class Tables:
    """All tables of the warehouse; a record is a row with its stamps and, where it has lines, these."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.clock = Clock()
        self.stale_ms = 0
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._depth = 0
        with self.transaction():
            for statement in schema("sqlite"):
                self._db.execute(statement)

    @property
    def tables(self) -> Collection[str]:
        """Names of its resources."""
        return RESOURCES.keys()

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
        except BaseException:
            if self._depth == 1 and self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        finally:
            self._depth -= 1

    def together(self) -> AbstractContextManager[None]:
        """Each of many edits by itself: others write meanwhile, and a stamp must not wait long for its commit."""
        return nullcontext()

    def close(self) -> None:
        """Fold the log back into the file and let go of it."""
        self._db.close()

    # --- records --------------------------------------------------------------

    def get(self, resource: str, key: Key) -> Fields | None:
        """Read one record."""
        described = RESOURCES[resource]
        found = self.rows(f"SELECT * FROM {resource} WHERE {described.key} = ?", key)
        return self._lined(resource, found[0]) if found else None

    def insert(self, table: str, fields: Mapping[str, object]) -> Key:
        """Write a new row; the key that it got."""
        marks = ", ?" * len(fields)
        cursor = self._db.execute(
            f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks[2:]})", tuple(fields.values())
        )
        return int(cursor.lastrowid or 0)

    def change(self, table: str, key_column: str, key: Key, fields: Mapping[str, object]) -> None:
        """Set columns of one row."""
        columns = ", ".join(f"{name} = ?" for name in fields)
        self._db.execute(f"UPDATE {table} SET {columns} WHERE {key_column} = ?", (*fields.values(), key))

    def touch(self, resource: str, key: Key, fields: Mapping[str, object], at: str) -> None:
        """Set columns of a record, and note that it has changed."""
        described = RESOURCES[resource]
        columns = "".join(f"{name} = ?, " for name in fields)
        self._db.execute(
            f"UPDATE {resource} SET {columns}row_version = row_version + 1, changed_at = ? WHERE {described.key} = ?",
            (*fields.values(), at, key),
        )

    def remove(self, resource: str, key: Key) -> None:
        """Delete a record with its lines."""
        described = RESOURCES[resource]
        if described.lines:
            self._db.execute(f"DELETE FROM {described.lines.table} WHERE {described.lines.parent} = ?", (key,))
        self._db.execute(f"DELETE FROM {resource} WHERE {described.key} = ?", (key,))

    def rows(self, statement: str, *values: object) -> list[Fields]:
        """What a query of the program finds."""
        return [dict(row) for row in self._db.execute(statement, values)]

    def load(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Write many new rows at once (the seed)."""
        if rows:
            marks = ", ?" * len(rows[0])
            self._db.executemany(
                f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({marks[2:]})",
                [tuple(row.values()) for row in rows],
            )

    def _lined(self, resource: str, row: Fields) -> Fields:
        described = RESOURCES[resource]
        lines = described.lines
        if lines is None:
            return row
        columns = ", ".join(lines.columns)
        found = self.rows(
            f"SELECT {columns} FROM {lines.table} WHERE {lines.parent} = ? ORDER BY line_no, line_id",
            row[described.key],
        )
        return {**row, "lines": found}

    # --- for the side door and the people ---------------------------------------

    def keys(self, resource: str) -> list[Key]:
        """Read all keys, in order."""
        key = RESOURCES[resource].key
        return [row[key] for row in self.rows(f"SELECT {key} FROM {resource} ORDER BY {key}")]

    def count(self, resource: str) -> int:
        """Count the records."""
        return int(self.rows(f"SELECT count(*) AS n FROM {resource}")[0]["n"])

    def bodies(self, resource: str) -> list[bytes]:
        """Read every record as JSON, in the order of keys."""
        rows = self.rows(f"SELECT * FROM {resource} ORDER BY {RESOURCES[resource].key}")
        return [encode(self._lined(resource, row)) for row in rows]

    def meta(self, name: str) -> Any:  # noqa: ANN401 - whatever was set
        """Read one remembered value."""
        found = self.rows("SELECT value FROM program_state WHERE name = ?", name)
        return msgspec.json.decode(found[0]["value"]) if found else None

    def set_meta(self, name: str, value: object) -> None:
        """Remember one value."""
        written = encode(value).decode()
        self._db.execute(
            "INSERT INTO program_state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, written),
        )

    def next_number(self, name: str) -> int:
        """Draw the next number of a sequence, from 1."""
        number = int(self.meta(name) or 0) + 1
        self.set_meta(name, number)
        return number

    def truth(self, resource: str) -> dict[str, int]:
        """Say which company or good of the seed each record stood for."""
        return dict(self.meta(f"truth:{resource}") or {})


def written(now_ms: int) -> str:
    """A time as the warehouse keeps it: UTC, without saying so, to the millisecond."""
    return f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}.{now_ms % 1000:03}000"
