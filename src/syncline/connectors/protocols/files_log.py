"""What is known of a folder: which files were read, what their records say, which files were written.

One small database beside the files. A file and all its records are taken in with one commit, so a crash leaves the file
unread; a written file is noted with its records before it gets its name, so a crash leaves it to be finished.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from syncline.connectors.protocols.local_log import LocalLog
from syncline.env import Env

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


class FileLog(LocalLog):
    """The log of one folder. Thread-safe; one transaction at a time."""

    def __init__(self, path: Path, system: str, env: Env) -> None:
        super().__init__(
            path, env, schema=_SCHEMA, name=f"The log of {system}", point="files.commit",
            place=f"The folder of {system}", cure="Move it away: all files are then read again.",
        )  # fmt: skip


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
