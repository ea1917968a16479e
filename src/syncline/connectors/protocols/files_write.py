"""Writing files: a new one for each batch, which nobody sees before it is whole and on the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec

from syncline.connectors.protocols.files_content import content_of
from syncline.connectors.protocols.files_log import FileLog, keep_record
from syncline.connectors.protocols.files_options import ENDINGS, FilesOptions, FilesResource, FileWriting
from syncline.connectors.protocols.json_values import as_record, exact_object
from syncline.connectors.protocols.local_log import counted
from syncline.connectors.protocols.stamps import micros
from syncline.env import Env
from syncline.errors import TransientError
from syncline.model.page import Item, Op, Outcome, Receipt

_DIGEST = 12
_OPS = {Op.CREATE: "create", Op.UPDATE: "update", Op.DELETE: "delete"}


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a new file."""

    item: Item
    key: str
    fields: Mapping[str, object]
    marker: str


class Outbox:
    """Writes the files of one resource."""

    def __init__(
        self, name: str, resource: FilesResource, options: FilesOptions, folder: Path, log: FileLog, env: Env
    ) -> None:
        self._name = name
        self._resource = resource
        self._limit = options.record_limit
        self._folder = folder
        self._log = log
        self._env = env

    def write(self, items: Sequence[Item], send_by: float) -> list[Receipt]:
        """One file with all that can be written, made before `send_by` or never, and a receipt for each item."""
        writing = self._resource.write
        if writing is None:
            return [_receipt(item, Outcome.REFUSED, message="nothing is written here") for item in items]
        temporary: Path | None = None
        receipts: list[Receipt] = []
        try:
            with self._log.transaction() as connection:
                lines = self._lines(connection, items, receipts)
                if self._env.monotonic() > send_by:  # whoever held the folder or its log has held it too long
                    return [_receipt(item, Outcome.BUSY, message="not sent in time") for item in items]
                if not lines:
                    return receipts
                temporary = self._file(connection, lines, writing)
                done = self._kept(connection, lines, temporary.name)
        except TransientError as error:
            _forget(temporary)
            return [_receipt(item, Outcome.BUSY, message=str(error)) for item in items]
        except OSError as error:
            _forget(temporary)
            told = f"the file cannot be written: {error.strerror}"
            return [_receipt(item, Outcome.BUSY, message=told) for item in items]
        try:
            self.publish()
        except TransientError as error:  # it is whole and noted, and gets its name later
            doubts = [_receipt(line.item, Outcome.DOUBT, message=str(error)) for line in lines]
            return [*receipts, *doubts]
        return [*receipts, *done]

    # --- what goes into the file --------------------------------------------------------------------------------------

    def _lines(self, connection: sqlite3.Connection, items: Sequence[Item], receipts: list[Receipt]) -> list[_Line]:
        """The records of the file, whole; receipts for what cannot go in."""
        lines: dict[str, _Line] = {}
        for item in items:
            found = self._line(connection, item)
            if isinstance(found, Receipt):
                receipts.append(found)
            elif found.key in lines:
                receipts.append(_receipt(item, Outcome.BUSY, message="another change of this record goes first"))
            else:
                lines[found.key] = found
        return list(lines.values())

    def _line(self, connection: sqlite3.Connection, item: Item) -> _Line | Receipt:
        if item.op is Op.CREATE:
            return self._new(connection, item)
        row = connection.execute(
            "SELECT raw, marker FROM record WHERE resource = ? AND key = ? AND deleted = 0", (self._name, item.key)
        ).fetchone()
        if row is None:
            return _receipt(item, Outcome.GONE)
        if item.version is not None and item.version != version_of(row[0]):
            return _receipt(item, Outcome.STALE, message="a file has brought another version")
        if item.op is Op.ARCHIVE or (item.op is Op.DELETE and not (self._resource.write and self._resource.write.op)):
            return _receipt(item, Outcome.REFUSED, message="a file cannot say this: name the column write.op")
        fields = exact_object(row[0]) | dict(item.fields)
        if str(fields[self._resource.key]) != item.key:
            return _receipt(item, Outcome.REFUSED, message=f"{self._resource.key} is the key, and cannot be changed")
        return self._fit(item, item.key, fields, row[1])

    def _new(self, connection: sqlite3.Connection, item: Item) -> _Line | Receipt:
        given = item.fields.get(self._resource.key)
        key = self._env.new_id() if given is None or given == "" else str(given)
        marked = None
        if self._resource.marker and item.marker:
            marked = connection.execute(
                "SELECT key, raw, stamp FROM record WHERE resource = ? AND marker = ? AND deleted = 0",
                (self._name, item.marker),
            ).fetchone()
        if marked:
            return _receipt(
                item, Outcome.DONE, key=marked[0], raw=marked[1], version=version_of(marked[1]), stamp=marked[2]
            )
        taken = "SELECT 1 FROM record WHERE resource = ? AND key = ? AND deleted = 0"
        if connection.execute(taken, (self._name, key)).fetchone():
            return _receipt(item, Outcome.REFUSED, message=f"there is a record with the key {key}")
        fields = {**item.fields, self._resource.key: key if given is None or given == "" else given}
        if self._resource.marker and item.marker:
            fields[self._resource.marker] = item.marker
        return self._fit(item, key, fields, item.marker)

    def _fit(self, item: Item, key: str, fields: dict[str, object], marker: str) -> _Line | Receipt:
        named = self._resource.fields
        unknown = [name for name in item.fields if named and name not in named]
        if unknown:
            return _receipt(item, Outcome.REFUSED, message=f"the files have no column {', '.join(unknown)}")
        if self._resource.write and self._resource.write.op:
            fields[self._resource.write.op] = _OPS[item.op]
        try:
            size = len(raw := as_record(fields))
            exact_object(raw)  # what is no number is no JSON
        except (TypeError, ValueError, msgspec.MsgspecError):
            return _receipt(item, Outcome.REFUSED, message="it holds a value that no file can hold")
        if size > self._limit:
            return _receipt(item, Outcome.REFUSED, message=f"it is longer than {self._limit} bytes")
        if self._resource.write and not self._is_encodable(fields, self._resource.write):
            return _receipt(item, Outcome.REFUSED, message=f"it holds a letter that {self._resource.encoding} has not")
        if any(isinstance(value, str) and "\x00" in value for value in fields.values()):
            return _receipt(item, Outcome.REFUSED, message="it holds a zero byte")
        return _Line(item=item, key=key, fields=fields, marker=marker)

    def _is_encodable(self, fields: Mapping[str, object], writing: FileWriting) -> bool:
        """Can a file of this encoding hold the record, as it will stand there?"""
        try:
            content_of([fields], self._resource, writing)
        except UnicodeError:
            return False
        return True

    # --- the file -----------------------------------------------------------------------------------------------------

    def _file(self, connection: sqlite3.Connection, lines: Sequence[_Line], writing: FileWriting) -> Path:
        """Write the file under a name that nobody looks at, and note which name it is to get."""
        while True:
            number = counted(connection, f"file {self._name}")
            name = writing.name.replace("{resource}", self._name).replace("{sequence}", f"{number:010}")
            final = self._folder / (name + ENDINGS[self._resource.format])
            temporary = _hidden(final)
            if final.exists():
                continue  # the log was lost, the files were not
            temporary.unlink(missing_ok=True)  # what a crash left of a file that nobody has noted
            break
        with temporary.open("xb") as file:
            file.write(content_of([line.fields for line in lines], self._resource, writing))
            file.flush()
            os.fsync(file.fileno())
        connection.execute("INSERT INTO outgoing (name) VALUES (?)", (final.name,))
        connection.execute("INSERT OR IGNORE INTO written (name) VALUES (?)", (final.name,))
        return temporary

    def _kept(self, connection: sqlite3.Connection, lines: Sequence[_Line], file: str) -> list[Receipt]:
        """Note what the file says; receipts for its records."""
        stamp = counted(connection, f"stamp {self._name}", at_least=micros(self._env.now()))
        receipts = []
        for line in lines:
            is_deleted, raw = line.item.op is Op.DELETE, as_record(line.fields)
            keep_record(
                connection, self._name, line.key, raw, stamp=stamp, marker=line.marker, deleted=is_deleted, file=file
            )
            held = connection.execute(
                "SELECT stamp FROM record WHERE resource = ? AND key = ?", (self._name, line.key)
            ).fetchone()[0]
            shown = None if is_deleted else raw
            version = None if is_deleted else version_of(raw)
            receipts.append(_receipt(line.item, Outcome.DONE, key=line.key, raw=shown, version=version, stamp=held))
        return receipts

    def publish(self) -> None:
        """Give every file that is noted its name. What a crash has left is finished here."""
        names = [row[0] for row in self._log.rows("SELECT name FROM outgoing ORDER BY name")]
        for name in names:
            final = self._folder / name
            try:
                if _hidden(final).exists():
                    _hidden(final).rename(final)  # one step; the name is new, or the sequence would have gone on
                _sync_folder(self._folder)
            except OSError as error:
                msg = f"{name} cannot get its name in {self._folder}: {error.strerror}."
                raise TransientError(msg, cure="Is the share mounted, and may the hub write there?") from error
            with self._log.transaction() as connection:
                connection.execute("DELETE FROM outgoing WHERE name = ?", (name,))


def version_of(raw: bytes) -> str:
    """What a record says, as its version."""
    return blake2b(raw, digest_size=_DIGEST).hexdigest()


def _hidden(final: Path) -> Path:
    return final.with_name(f".{final.name}.tmp")


def _forget(temporary: Path | None) -> None:
    if temporary is not None:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _receipt(  # noqa: PLR0913  the fields of a receipt
    item: Item,
    outcome: Outcome,
    *,
    message: str = "",
    key: str = "",
    raw: bytes | None = None,
    version: str | None = None,
    stamp: int = 0,
) -> Receipt:
    return Receipt(
        ref=item.ref, outcome=outcome, key=key or item.key, raw=raw, version=version, stamp=stamp, message=message
    )
