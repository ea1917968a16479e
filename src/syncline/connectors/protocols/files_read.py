"""Taking files in: each when it is whole, once, with all its records in one transaction."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import msgspec

from syncline.connectors.protocols.files_excel import excel_rows
from syncline.connectors.protocols.files_folder import Seen, files_in
from syncline.connectors.protocols.files_log import FileLog, keep_record
from syncline.connectors.protocols.files_options import FileReading, FilesOptions, FilesResource
from syncline.connectors.protocols.files_rows import Row, text_rows
from syncline.connectors.protocols.json_values import as_record
from syncline.connectors.protocols.local_log import counted
from syncline.connectors.protocols.stamps import micros
from syncline.env import Env
from syncline.errors import RejectedError, TransientError

_PIECE = 1 << 20
_DIGEST = 16


class Intake:
    """Takes the files of one resource into the log."""

    def __init__(
        self, name: str, resource: FilesResource, options: FilesOptions, folder: Path, log: FileLog, env: Env
    ) -> None:
        self._name = name
        self._resource = resource
        self._options = options
        self._folder = folder
        self._log = log
        self._env = env
        #: How files are understood: when that changes, one that was refused is tried again.
        self._asked = blake2b(msgspec.json.encode(resource), digest_size=_DIGEST).hexdigest()

    def take_in(self) -> TransientError | None:
        """Every file that is whole and was not read yet, in the order of their names; why one could not be read.

        What stands in the others is taken in all the same.
        """
        reading = self._resource.read
        if reading is None:
            return None
        own = {row[0] for row in self._log.rows("SELECT name FROM written")}
        found = [one for one in files_in(self._folder, reading.pattern) if one.path.name not in own]
        known = {
            name: (size, modified, refused, digest)
            for name, size, modified, refused, digest in self._log.rows(
                "SELECT name, size, modified, refused, digest FROM file WHERE resource = ? AND size >= 0", (self._name,)
            )
        }
        self._forget_gone({one.path.name for one in found}, known, reading)
        unread: TransientError | None = None
        for one in found:
            size, modified, refused, digest = known.get(one.path.name, (-1, 0, "", ""))
            if (size, modified) == (one.size, one.modified) and (not refused or digest == self._asked):
                if not refused:
                    self._put_away(one.path, reading)
            elif self._is_ready(one, reading):
                try:
                    self._take(one, reading)
                except TransientError as error:
                    if not isinstance(error.__cause__, OSError):  # the log itself cannot be used
                        raise
                    unread = unread or error
        return unread

    def _is_ready(self, one: Seen, reading: FileReading) -> bool:
        if reading.ready == "rename":
            return True
        if reading.ready == "done":
            return _is_vouched_for(one)
        return micros(self._env.now()) - one.modified // 1_000 >= reading.age * 1e6

    def _forget_gone(self, here: set[str], known: Mapping[str, object], reading: FileReading) -> None:
        """What was wrong with files that a person has taken away is settled."""
        gone = [name for name in known if name not in here and not (self._folder / reading.moved / name).is_file()]
        if not gone:
            return
        with self._log.transaction() as connection:
            for name in gone:
                connection.execute("DELETE FROM broken WHERE resource = ? AND file = ?", (self._name, name))
                connection.execute(
                    "UPDATE file SET size = -1, refused = '' WHERE resource = ? AND name = ? AND size >= 0",
                    (self._name, name),
                )

    def _take(self, one: Seen, reading: FileReading) -> None:
        try:
            with one.path.open("rb") as file:
                digest = self._digest(file)
                with self._log.transaction() as connection:
                    refused = self._read(connection, one, file, digest, reading)
        except EOFError:  # it is not whole yet, and nothing of it was kept
            return
        except OSError as error:
            msg = f"{one.path.name} cannot be read: {error.strerror}."
            raise TransientError(msg, cure="May the hub read it?") from error
        if not refused:
            self._put_away(one.path, reading)

    def _digest(self, file: BinaryIO) -> str:
        """What the file says, as it is understood now."""
        made = blake2b(self._asked.encode(), digest_size=_DIGEST)
        while piece := file.read(_PIECE):
            made.update(piece)
        return made.hexdigest()

    def _read(
        self, connection: sqlite3.Connection, one: Seen, file: BinaryIO, digest: str, reading: FileReading
    ) -> str:
        """Take the file's records in; why it was refused, "" where it was not."""
        last = connection.execute(
            "SELECT coalesce(max(stamp), 0) FROM record WHERE resource = ?", (self._name,)
        ).fetchone()[0]
        stamp = counted(connection, f"stamp {self._name}", at_least=max(last + 1, micros(self._env.now())))
        connection.execute("DELETE FROM broken WHERE resource = ? AND file = ?", (self._name, one.path.name))
        refused = ""
        if not self._is_known(connection, one.path.name, digest):
            connection.execute("SAVEPOINT whole")
            try:
                self._records(connection, one, file, stamp)
            except RejectedError as error:
                connection.execute("ROLLBACK TO whole")
                refused = str(error)
                self._note(connection, one.path.name, 0, "", refused, stamp)
        told = os.fstat(file.fileno())
        if (told.st_size, told.st_mtime_ns) != (one.size, one.modified):
            raise EOFError  # somebody wrote the file while it was read: its end is not there yet
        told_by = self._asked if refused else digest
        connection.execute(
            "INSERT OR REPLACE INTO file (resource, name, digest, size, modified, stamp, refused) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._name, one.path.name, told_by, one.size, one.modified, stamp, refused),
        )
        return refused

    def _is_known(self, connection: sqlite3.Connection, name: str, digest: str) -> bool:
        """Is it the file that was read last, with another time? The same content in any other file is a new fact."""
        newest = connection.execute(
            "SELECT name, digest FROM file WHERE resource = ? AND refused = '' ORDER BY stamp DESC LIMIT 1",
            (self._name,),
        ).fetchone()
        return bool(newest == (name, digest))

    # --- records ------------------------------------------------------------------------------------------------------

    def _records(self, connection: sqlite3.Connection, one: Seen, file: BinaryIO, stamp: int) -> None:
        if one.size > self._options.file_limit:
            raise RejectedError("is longer than a file may be")
        file.seek(0)
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS taken (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        connection.execute("DELETE FROM taken")
        broken = 0
        for row in self._rows(file):
            problem = row.problem or self._keep(connection, row, one.path.name, stamp)
            if problem:
                broken += 1
                self._note(connection, one.path.name, row.line, self._key(row), problem, stamp)
        taken = connection.execute("SELECT count(*) FROM taken").fetchone()[0]
        if self._resource.read and self._resource.read.mode == "whole":
            self._bury_missing(connection, stamp, taken=taken, broken=broken)

    def _rows(self, file: BinaryIO) -> Iterator[Row]:
        limit = self._options.record_limit
        if self._resource.format == "excel":
            return excel_rows(file, self._resource, limit, self._options.file_limit)
        return text_rows(file, self._resource, limit)

    def _key(self, row: Row) -> str:
        value = row.fields.get(self._resource.key)
        return "" if value is None or isinstance(value, dict | list) else str(value).strip()

    def _keep(self, connection: sqlite3.Connection, row: Row, file: str, stamp: int) -> str:
        """Keep one record; what is wrong with it, "" where nothing is."""
        key = self._key(row)
        if not key:
            return f"has no {self._resource.key}"
        lacking = [name for name in self._resource.fields if name not in row.fields]
        if lacking:
            return f"lacks {', '.join(lacking)}"
        raw = as_record(row.fields)
        if len(raw) > self._options.record_limit:
            return "is longer than a record may be"
        done = connection.execute("INSERT OR IGNORE INTO taken (key, line) VALUES (?, ?)", (key, row.line))
        if not done.rowcount:
            first = connection.execute("SELECT line FROM taken WHERE key = ?", (key,)).fetchone()[0]
            return f"has the key {key}, as line {first} has, which counts"
        is_deleted = bool(self._resource.deleted) and all(
            str(row.fields.get(name)) == value for name, value in self._resource.deleted.items()
        )
        marker = row.fields.get(self._resource.marker) if self._resource.marker else None
        keep_record(
            connection, self._name, key, raw, stamp=stamp, marker=str(marker or ""), deleted=is_deleted, file=file
        )
        return ""

    def _bury_missing(self, connection: sqlite3.Connection, stamp: int, *, taken: int, broken: int) -> None:
        """A whole file was read: what it lacks is deleted, unless it may stand in a row that could not be read."""
        if not taken:
            raise RejectedError("holds no record, and is said to hold them all")
        if broken:
            return
        connection.execute(
            "UPDATE record SET deleted = 1, stamp = ? WHERE resource = ? AND deleted = 0 "
            "AND key NOT IN (SELECT key FROM taken)",
            (stamp, self._name),
        )

    def _note(self, connection: sqlite3.Connection, file: str, line: int, key: str, reason: str, stamp: int) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO broken (resource, file, line, key, reason, stamp) VALUES (?, ?, ?, ?, ?, ?)",
            (self._name, file, line, key, reason, stamp),
        )

    def _put_away(self, path: Path, reading: FileReading) -> None:
        """A file that was read goes where it is not looked for again; a file there that has its name is kept."""
        if reading.after != "move":
            return
        folder = self._folder / reading.moved
        try:
            folder.mkdir(exist_ok=True)
            target, number = folder / path.name, 1
            while target.exists():
                target, number = folder / f"{path.stem}.{number}{path.suffix}", number + 1
            path.rename(target)
            path.with_name(f"{path.name}.done").unlink(missing_ok=True)
        except OSError as error:
            msg = f"{path.name} was read and cannot be moved to {folder}: {error.strerror}."
            raise TransientError(msg, cure="May the hub write there? It is not read again.") from error


def _is_vouched_for(one: Seen) -> bool:
    """Does NAME.done lie beside it? An older one vouches for a file that had this name before."""
    try:
        told = one.path.with_name(f"{one.path.name}.done").lstat()
    except OSError:
        return False
    return stat.S_ISREG(told.st_mode) and told.st_mtime_ns >= one.modified
