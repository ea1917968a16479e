"""Records out of a JSON answer, in columns, without decoding what nobody asks for.

The body is split into the raw bytes of its records, and one more pass decodes only key, stamp, version and flags of all
of them. When the page has a blemish, its records are looked at one by one, and the broken ones are set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import compress
from typing import Any, TypeVar, overload

import msgspec

from syncline.connectors.protocols.paging import Landing
from syncline.connectors.protocols.paths import Flag, Shape, find, shallow, text_of
from syncline.connectors.protocols.rest_options import ResourceOptions
from syncline.connectors.protocols.stamps import newest_of, stamp_of, stamps_of
from syncline.model.page import Record

_T = TypeVar("_T")
_SHORT = 80  #: of a reason that is told about a broken record [characters]


class Late(Sequence[_T]):
    """A column that is made when somebody first looks into it: most pages hold nothing new, and nobody does."""

    __slots__ = ("_made", "_make", "_shown")

    def __init__(self, shown: Sequence[object], make: Callable[[Sequence[object]], Sequence[_T]]) -> None:
        self._shown = shown
        self._make = make
        self._made: Sequence[_T] | None = None

    @overload
    def __getitem__(self, place: int) -> _T: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[_T]: ...

    def __getitem__(self, place: int | slice) -> _T | Sequence[_T]:
        """What stands there."""
        return self._column()[place]

    def __len__(self) -> int:
        """The length of the page."""
        return len(self._shown)

    def __iter__(self) -> Iterator[_T]:
        """All of it."""
        return iter(self._column())

    def __eq__(self, other: object) -> bool:
        """The same values, in a list too."""
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # like a list

    def _column(self) -> Sequence[_T]:
        if self._made is None:
            self._made = self._make(self._shown)
        return self._made


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a list, taken apart."""

    keys: Sequence[str]
    raws: Sequence[bytes]
    versions: Sequence[str | None] | None
    stamps: Sequence[int] | None
    tombstones: Sequence[str]
    broken: Sequence[tuple[str, str]]
    newest: int  #: greatest stamp on the page, of deleted records too
    landing: Landing


class Reader:
    """How records of one resource look."""

    def __init__(self, resource: ResourceOptions, *, flag: Flag | None, record_limit: int) -> None:
        self._resource = resource
        self._limit = record_limit
        row: dict[str, tuple[str, object]] = {"key": (resource.key, int | str)}
        if resource.since:
            row["stamp"] = (resource.since.field, object)
        if resource.version and resource.version.field:
            row["version"] = (resource.version.field, object)
        if resource.tombstones:
            row["gone"] = (resource.tombstones.field, object)
        self._row = Shape(row, required=("key",))
        self._row_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self._row.type)
        self._rows_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[self._row.type])  # type: ignore[name-defined]  # made at run time
        self._marker = Shape({"marker": (resource.marker.field, object)}) if resource.marker else None
        paging = resource.paging
        wanted: dict[str, tuple[str, object]] = {
            name: (path, object)
            for name, path in {
                "next": paging.next,
                "pages": paging.pages,
                "total": paging.total,
                "more": paging.more,
                "flag": flag.field if flag else "",
            }.items()
            if path
        }
        self._flag = flag
        self._envelope: Shape | None = None
        self._split: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[msgspec.Raw])
        self._columns: msgspec.json.Decoder[Any] = self._rows_decoder
        if resource.rows:
            self._envelope = Shape({"rows": (resource.rows, list[msgspec.Raw]), **wanted})
            self._split = msgspec.json.Decoder(self._envelope.type)
            self._thin = Shape({"rows": (resource.rows, list[self._row.type])})  # type: ignore[name-defined]  # made at run time
            self._columns = msgspec.json.Decoder(self._thin.type)

    # --- lists ----------------------------------------------------------------

    def listing(self, body: bytes, link: str) -> Listing | None:
        """The page in columns; None where the answer has no list.

        Raises:
            ValueError: The body is no JSON.
        """
        with shallow():
            split = self._envelope_of(body)
            if split is None:
                return None
            pieces, document = split
            raws = list(map(bytes, pieces))
            rows = self._all_rows(body, raws)
        broken: list[tuple[str, str]] = []
        if rows is None:
            raws, rows, broken = self._one_by_one(raws)
        return self._in_columns(rows, raws, broken, self._landing(document, link, pieces))

    def _envelope_of(self, body: bytes) -> tuple[list[msgspec.Raw], object] | None:
        try:
            document = self._split.decode(body)
        except msgspec.ValidationError:
            return None
        if self._envelope is None:
            return document, None
        reads = self._envelope.reads
        if self._flag and self._flag.holds(reads["flag"](document)):
            return None
        pieces = reads["rows"](document)
        return None if pieces is None else (pieces, document)

    def _all_rows(self, body: bytes, raws: Sequence[bytes]) -> Sequence[object] | None:
        """Every record's few fields at once; None where the page has a blemish."""
        if raws and max(map(len, raws)) > self._limit:
            return None
        try:
            if not body.isascii():
                body.decode()
            found = self._columns.decode(body)
        except ValueError:  # a wrong shape, or bytes that are no UTF-8
            return None
        rows: Sequence[object] = self._thin.reads["rows"](found) if self._envelope else found
        return rows

    def _one_by_one(self, raws: Sequence[bytes]) -> tuple[list[bytes], list[object], list[tuple[str, str]]]:
        kept: list[bytes] = []
        rows: list[object] = []
        broken: list[tuple[str, str]] = []
        for raw in raws:
            reason = self.unfit(raw)
            row = None
            try:  # whatever is wrong with it, its key may be told
                row = self._row_decoder.decode(raw.decode(errors="replace"))
            except ValueError as error:
                reason = reason or str(error)[:_SHORT]
            if reason or row is None:
                key = text_of(self._row.reads["key"](row)) if row is not None else ""
                broken.append((key or _keyless(raw), reason))
            else:
                kept.append(raw)
                rows.append(row)
        return kept, rows, broken

    def _in_columns(
        self, rows: Sequence[object], raws: Sequence[bytes], broken: Sequence[tuple[str, str]], landing: Landing
    ) -> Listing:
        reads = self._row.reads
        keys: Sequence[str] = list(map(str, map(reads["key"], rows)))
        times = list(map(reads["stamp"], rows)) if "stamp" in reads else None
        newest = newest_of(times) if times else 0
        stamps: Sequence[int] | None = None if times is None else Late(times, stamps_of)
        shown = list(map(reads["version"], rows)) if "version" in reads else None
        versions: Sequence[str | None] | None = None if shown is None else Late(shown, _versions)
        landing = msgspec.structs.replace(landing, keys=[*keys, *(key for key, _ in broken)] if broken else keys)
        tombstones: Sequence[str] = ()
        flag = self._resource.tombstones
        if flag is not None:
            kept = [not flag.holds(value) for value in map(reads["gone"], rows)]
            if not all(kept):
                tombstones = [key for key, stays in zip(keys, kept, strict=True) if not stays]
                keys, raws = list(compress(keys, kept)), list(compress(raws, kept))
                stamps = list(compress(stamps, kept)) if stamps is not None else None
                versions = list(compress(versions, kept)) if versions is not None else None
        return Listing(
            keys=keys,
            raws=raws,
            versions=versions,
            stamps=stamps,
            tombstones=tombstones,
            broken=broken,
            newest=newest,
            landing=landing,
        )

    def _landing(self, document: object, link: str, pieces: Sequence[msgspec.Raw]) -> Landing:
        reads = self._envelope.reads if self._envelope else {}
        said = {name: reads[name](document) for name in ("next", "pages", "total", "more") if name in reads}
        return Landing(keys=(), last=bytes(pieces[-1]) if pieces else b"", link=link, **said)

    # --- single records -------------------------------------------------------

    def unfit(self, raw: bytes) -> str:
        """Why a record cannot be taken whatever it says; "" when it can."""
        if len(raw) > self._limit:
            return f"larger than {self._limit:,} bytes"
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            return f"not UTF-8 at byte {error.start:,} of the record"
        return ""

    def record(self, raw: bytes, *, version: str = "") -> Record:
        """The record. `version` comes from a header.

        Raises:
            ValueError: It is `unfit`, or no JSON object with a key.
        """
        if reason := self.unfit(raw):
            raise ValueError(reason)
        row = self._row_decoder.decode(raw)
        reads = self._row.reads
        shown = text_of(reads["version"](row)) if "version" in reads else version
        stamp = stamp_of(reads["stamp"](row)) if "stamp" in reads else 0
        return Record(key=text_of(reads["key"](row)), raw=raw, version=shown or None, stamp=stamp)

    def marker(self, raw: bytes) -> str:
        """The hub's marker in the record; "" where there is none."""
        if self._marker is None:
            return ""
        try:
            return text_of(self._marker.reads["marker"](msgspec.json.decode(raw, type=self._marker.type)))
        except ValueError:
            return ""

    def is_gone(self, raw: bytes) -> bool:
        """Does the record itself say that it counts as deleted?"""
        flag = self._resource.gone_when
        return flag is not None and flag.holds(find(msgspec.json.decode(raw), flag.field))


def _keyless(raw: bytes) -> str:
    """A name for a record without a key: the same wherever it is listed, another for another record."""
    return f"#{blake2b(raw, digest_size=6).hexdigest()}"


def _versions(shown: Sequence[object]) -> list[str | None]:
    if set(map(type, shown)) == {int}:
        return list(map(str, shown))
    return [text_of(value) or None for value in shown]


def raw_at(body: bytes, path: str) -> bytes | None:
    """The bytes of the JSON value at a place; None where there is none.

    Raises:
        ValueError: The body is no JSON.
    """
    with shallow():
        if not path:
            return bytes(msgspec.json.decode(body, type=msgspec.Raw))
        shape = Shape({"found": (path, msgspec.Raw)})
        found = shape.reads["found"](msgspec.json.decode(body, type=shape.type))
    return None if found is None else bytes(found)
