"""Rows as records: canonical JSON in the order of the columns, with key, version, stamp and lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from syncline.connectors.protocols.sql_layout import Layout, Lines
from syncline.connectors.protocols.stamps import micros
from syncline.errors import RejectedError
from syncline.model.page import Page, Record

_encode = msgspec.json.Encoder(decimal_format="string").encode
_DIGEST = 12  #: length of a version [bytes]
_LINES = 20_000  #: of one page of records: more would not be bounded

Row = Sequence[Any]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Records in columns of equal length."""

    keys: Sequence[str]
    raws: Sequence[bytes]
    versions: Sequence[str]
    stamps: Sequence[int]
    markers: Sequence[str]
    deleted: Sequence[bool]


class Recorder:
    """Makes records of rows that were read with the columns of a layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        options, place = layout.options, layout.columns.place
        self._key = place[layout.key]
        self._width = len(layout.shown)
        self._stamp = place[options.since.column] if options.since else -1
        self._version = place[options.version] if options.version else -1
        self._marker = place[options.marker.column] if options.marker else -1
        self._flag = place[options.deleted.column] if options.deleted else -1

    def found(self, connection: Connection, rows: Sequence[Row], *, lock: bool = False) -> Found:
        """The records of these rows; ValueError where one cannot be read."""
        values = self.layout.columns.decoded(rows)
        keys = [str(row[self._key]) for row in values]
        inside = {
            field: self._lines(connection, lines, [row[self._key] for row in rows], lock=lock)
            for field, lines in self.layout.lines.items()
        }
        raws = self._raws(values, keys, inside)
        stamps = [_micros(row[self._stamp]) for row in values] if self._stamp >= 0 else [0] * len(values)
        for _, newest in inside.values():
            stamps = [max(stamp, newest.get(key, 0)) for stamp, key in zip(stamps, keys, strict=True)]
        return Found(
            keys=keys,
            raws=raws,
            versions=self._versions(values, raws, keys, inside),
            stamps=stamps,
            markers=["" if self._marker < 0 else _text(row[self._marker]) for row in values],
            deleted=[self._flag >= 0 and self.layout.is_deleted(row[self._flag]) for row in values],
        )

    def _raws(self, values: Sequence[Row], keys: Sequence[str], inside: Mapping[str, Inside]) -> list[bytes]:
        names, width = self.layout.shown, self._width
        if not inside:
            whole = width == len(self.layout.columns.names)
            return [
                _encode(dict(zip(names, row if whole else row[:width], strict=True))) for row in values
            ]  # fmt: skip
        return [
            _encode(
                dict(zip(names, row[:width], strict=True))
                | {field: lines.get(key, []) for field, (lines, _) in inside.items()}
            )
            for row, key in zip(values, keys, strict=True)
        ]

    def _versions(
        self, values: Sequence[Row], raws: Sequence[bytes], keys: Sequence[str], inside: Mapping[str, Inside]
    ) -> list[str]:
        """A digest of the whole record, or its version's column with a digest of the lines."""
        if self._version < 0:
            return [_digest(raw) for raw in raws]
        told = [version_text(row[self._version]) for row in values]
        if not inside:
            return told
        lines = ([found.get(key, []) for found, _ in inside.values()] for key in keys)
        return [f"{version}-{_digest(_encode(one))}" for version, one in zip(told, lines, strict=True)]

    def _lines(self, connection: Connection, lines: Lines, keys: Sequence[object], *, lock: bool) -> Inside:
        """By the parent's key: its lines in order, and the newest stamp of them."""
        if not keys:
            return {}, {}
        table, options = lines.table, lines.options
        parent, order = table.column(options.parent), [table.column(options.order)] if options.order else []
        query = (
            select(*lines.columns.clauses)
            .where(parent.in_(keys))
            .order_by(parent, *order, table.column(lines.key))
            .limit(_LINES + 1)
        )
        rows = connection.execute(query.with_for_update() if lock else query).fetchall()
        if len(rows) > _LINES:
            raise RejectedError(
                f"{table.name} has more than {_LINES} lines for {len(keys)} records.",
                cure="Lower the option page of the system.",
            )
        return _inside(lines, lines.columns.decoded(rows))


#: Lines, and the newest stamp, by the parent's key.
Inside = tuple[Mapping[str, Sequence[Mapping[str, object]]], Mapping[str, int]]


def _inside(lines: Lines, values: Iterable[Row]) -> Inside:
    found: dict[str, list[Mapping[str, object]]] = {}
    newest: dict[str, int] = {}
    place, width = lines.columns.place, len(lines.shown)
    parent, since = place[lines.options.parent], place.get(lines.options.since, -1)
    key = place[lines.key]
    for row in values:
        owner = str(row[parent])
        line = dict(zip(lines.shown, row[:width], strict=True))
        line[lines.key] = str(row[key])
        found.setdefault(owner, []).append(line)
        if since >= 0:
            newest[owner] = max(newest.get(owner, 0), _micros(row[since]))
    return found, newest


def _digest(said: bytes) -> str:
    return blake2b(said, digest_size=_DIGEST).hexdigest()


def version_text(value: object) -> str:
    """A value of the version's column as text."""
    return value.isoformat() if isinstance(value, datetime) else _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else str(value)


def _micros(value: object) -> int:
    """A stamp; 0 where there is none."""
    if not isinstance(value, datetime):
        return 0
    return micros(value if value.tzinfo else value.replace(tzinfo=UTC))


def pieces(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """Rows in portions."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def records(page: Page) -> list[Record]:
    """The records of a page, one by one."""
    stamps = page.stamps or [0] * len(page.keys)
    versions = page.versions or [None] * len(page.keys)
    return [
        Record(key=key, raw=raw, version=version, stamp=stamp)
        for key, raw, version, stamp in zip(page.keys, page.raws, versions, stamps, strict=True)
    ]


def joined(*pages: Page) -> Page:
    """Several pages as one."""
    stamps = [stamp for page in pages for stamp in page.stamps or ()]
    return Page(
        keys=[key for page in pages for key in page.keys],
        raws=[raw for page in pages for raw in page.raws],
        versions=[version for page in pages for version in page.versions or ()],
        stamps=stamps if any(page.stamps for page in pages) else None,
        tombstones=[key for page in pages for key in page.tombstones],
        broken=[one for page in pages for one in page.broken],
    )
