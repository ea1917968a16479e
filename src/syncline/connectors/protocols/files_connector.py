"""The files connector at work: what the files say is kept in a log, and read and searched there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from syncline.connectors.protocols.files_log import FileLog
from syncline.connectors.protocols.files_options import FilesOptions, FilesResource
from syncline.connectors.protocols.files_read import Intake
from syncline.connectors.protocols.files_write import Outbox, version_of
from syncline.connectors.protocols.json_values import exact_object
from syncline.connectors.protocols.options import configured
from syncline.connectors.protocols.stamps import SECOND, micros
from syncline.env import Env
from syncline.errors import SetupError, TransientError
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Outcome, Page, Receipt, Record

_EFFECT = 5.0  #: longest time that a write may hang on a slow disk and still happen [s]
_HITS = 100  #: of a search
_PAGE = "SELECT key, raw, stamp, deleted FROM record WHERE resource = ?"


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that deals with one resource."""

    options: FilesResource
    contract: Contract
    intake: Intake
    outbox: Outbox


class FilesConnector:
    """One folder. Thread-safe."""

    def __init__(self, system: str, options: FilesOptions, env: Env) -> None:
        self._system = system
        self._options = options
        self._env = env
        self._folder = Path(options.folder)
        place = Path(options.log) if options.log else self._folder / ".syncline" / f"{system}.sqlite"
        self._log = FileLog(place, system, env)
        self._parts = {
            name: _Parts(
                options=resource,
                contract=contract_of(resource, options),
                intake=Intake(name, resource, options, self._folder, self._log, env),
                outbox=Outbox(name, resource, options, self._folder, self._log, env),
            )
            for name, resource in options.resources.items()
        }

    def __repr__(self) -> str:
        """System and folder."""
        return f"FilesConnector({self._system} at {self._folder})"

    def contract(self, resource: str) -> Contract:
        """What the configuration promises about `resource`."""
        return self._of(resource).contract

    def check(self) -> str:
        """Look at the folder; one line about it."""
        self._reach()
        if any(parts.options.write for parts in self._parts.values()) and not os.access(self._folder, os.W_OK):
            msg = f"{self._system} may not write to {self._folder}."
            raise SetupError(msg, cure="Give the hub's account the right.")
        files = self._log.rows("SELECT count(*), coalesce(sum(refused <> ''), 0) FROM file")[0]
        broken = self._log.rows("SELECT count(*) FROM broken WHERE line > 0")[0][0]
        told = f"{self._system} reaches {self._folder}: {files[0]} files read"
        return f"{told}, {files[1]} of them refused, {broken} lines set aside." if files[1] or broken else f"{told}."

    def schema(self, resource: str) -> Mapping[str, str]:
        """The columns that a file must have; empty where none are named."""
        options = self._of(resource).options
        return dict.fromkeys((options.key, *options.fields), "text") if options.fields else {}

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Take in what is new; pages of records that changed at or after `since`, or of all of them."""
        parts = self._of(resource)
        self._reach()
        parts.outbox.publish()
        unread = parts.intake.take_in()
        stamp, now = since.stamp if since else 0, micros(self._env.now())
        return _Pages(self._log, resource, stamp, now, self._options.page, unread)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """What the files say of these records, in the order of `keys`."""
        self._of(resource)
        self._reach()
        found: dict[str, Record] = {}
        for key in dict.fromkeys(keys):
            for row in self._log.rows(f"{_PAGE} AND key = ? AND deleted = 0", (resource, key)):
                found[key] = _record(row)
        return [found.get(key, Gone(key=key)) for key in keys]

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Records whose field equals `value`; field "" is the marker. Letter case counts."""
        options = self._of(resource).options
        self._reach()
        if not field and options.marker:
            rows = self._log.rows(f"{_PAGE} AND marker = ? AND marker <> '' AND deleted = 0", (resource, value))
            return [_record(row) for row in rows]
        if not field or field not in options.search:
            msg = f"{self._system}.{resource} cannot be searched by {field or 'the marker'}."
            raise SetupError(msg, cure=f"Name the field in systems.{self._system}.resources.{resource}.search.")
        found: list[Record] = []
        for page in _Pages(self._log, resource, 0, 0, self._options.page):
            for place, raw in enumerate(page.raws):
                shown = exact_object(raw).get(field)
                if shown is not None and str(shown) == value and len(found) < _HITS:
                    found.append(_record((page.keys[place], raw, (page.stamps or [0])[place], 0)))
        return found

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The hub's marker in each record; "" where there is none."""
        name = self._of(resource).options.marker
        shown = (exact_object(raw).get(name) if name else None for raw in raws)
        return ["" if one is None else str(one) for one in shown]

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Write one file with the whole batch."""
        parts = self._of(batch.resource)
        try:
            self._reach()
            parts.outbox.publish()
        except TransientError as error:
            return [Receipt(ref=item.ref, outcome=Outcome.BUSY, message=str(error)) for item in batch.items]
        return parts.outbox.write(batch.items, batch.send_by)

    def close(self) -> None:
        """Let the log go."""
        self._log.close()

    def _reach(self) -> None:
        """A folder that is not there is no empty folder."""
        if not self._folder.is_dir():
            msg = f"{self._system} cannot reach the folder {self._folder}."
            raise TransientError(msg, cure="Is the share mounted?")

    def _of(self, resource: str) -> _Parts:
        return configured(self._system, self._parts, resource)


class _Pages:
    """One read of the log, page by page, then what could not be read, then the cursor.

    A file that nobody could open ends it with its error instead: there is no cursor, and the list is not complete.
    """

    def __init__(
        self, log: FileLog, resource: str, since: int, now: int, size: int, unread: TransientError | None = None
    ) -> None:
        self._log = log
        self._resource = resource
        self._since = 0 if since > now + SECOND else since
        self._size = size
        self._unread = unread
        self._after: tuple[int, str] = (self._since, "")
        self._newest = self._since
        self._is_over = False

    def __iter__(self) -> _Pages:
        return self

    def __next__(self) -> Page:
        if self._is_over and self._unread:
            raise self._unread
        if self._is_over:
            raise StopIteration
        stamp, key = self._after
        rows = self._log.rows(
            f"{_PAGE} AND (stamp, key) > (?, ?) AND (deleted = 0 OR ?) ORDER BY stamp, key LIMIT ?",
            (self._resource, stamp, key, bool(self._since), self._size),
        )
        if rows:
            self._after = (rows[-1][2], rows[-1][0])
            self._newest = max(self._newest, rows[-1][2])
        self._is_over = len(rows) < self._size
        is_complete = self._is_over and bool(self._newest) and self._unread is None
        alive = [row for row in rows if not row[3]]
        return Page(
            keys=[row[0] for row in alive],
            raws=[row[1] for row in alive],
            versions=[version_of(row[1]) for row in alive],
            stamps=[row[2] for row in alive],
            tombstones=[row[0] for row in rows if row[3]],
            broken=self._broken() if self._is_over else (),
            cursor=Cursor(stamp=self._newest) if is_complete else None,
        )

    def _broken(self) -> Sequence[tuple[str, str]]:
        """Lines that could not be read, by file and line."""
        rows = self._log.rows(
            "SELECT file, line, key, reason, stamp FROM broken WHERE resource = ? AND stamp >= ? ORDER BY file, line",
            (self._resource, self._since),
        )
        return [
            (f"#{file}:{line}" if line else f"#{file}", f"{file} line {line} {reason}" if line else f"{file} {reason}")
            for file, line, _, reason, _ in rows
        ]


def _record(row: tuple[str, bytes, int, int]) -> Record:
    return Record(key=row[0], raw=row[1], version=version_of(row[1]), stamp=row[2])


def contract_of(resource: FilesResource, options: FilesOptions) -> Contract:
    """What the configuration amounts to."""
    writes, reading = resource.write is not None, resource.read
    tells = reading is not None and (reading.mode == "whole" or bool(resource.deleted))
    contract = Contract(
        precision=1e-6,
        lag=0.0,
        settle=0.0,
        effect=_EFFECT,
        skew=1.0,
        incremental=True,
        stamped=True,
        locking=Locking.ETAG,
        deletes=Deletes.TOMBSTONES if tells or (writes and resource.write and resource.write.op) else Deletes.SWEEP,
        read_back=ReadBack.BODY,
        batch=BatchShape(size=options.batch, atomic=False),
        marker=bool(resource.marker),
        marker_unique=bool(resource.marker),
        creatable=writes,
        deletable=resource.write is not None and bool(resource.write.op),
        archivable=False,
        searchable=frozenset(resource.search),
        limits=Limits(per_second=200.0, burst=200),
    )
    promise = resource.contract
    return replace(
        contract,
        effect=contract.effect if promise.effect is None else promise.effect,
        skew=contract.skew if promise.skew is None else promise.skew,
        normalisers=promise.normalisers,
    )
