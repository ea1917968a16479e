"""Entities out of an answer of OData, in columns and in one form, whichever request has brought them.

What a service adds for its own use (`@odata.…`, `__metadata`) is taken off, and the names are sorted: a list, a get and
the answer to a write then show the same bytes for the same entity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b

import msgspec

from syncline.connectors.protocols.odata_envelope import Wrapped, envelope_of
from syncline.connectors.protocols.odata_metadata import EntityType, Metadata
from syncline.connectors.protocols.odata_options import EntitySet
from syncline.connectors.protocols.odata_values import Bodies, key_at, key_of
from syncline.connectors.protocols.paths import Flag, find, shallow, text_of
from syncline.connectors.protocols.stamps import stamp_of
from syncline.model.page import Record

_SHORT = 80  #: of a reason that is told about a broken entity [characters]
_encode = msgspec.json.Encoder(order="deterministic", decimal_format="number").encode
_plainly = msgspec.json.Decoder(float_hook=Decimal).decode
_Row = dict[str, msgspec.Raw]
_row_of = msgspec.json.Decoder(_Row).decode
_text = msgspec.json.Decoder(str | int | bool | None).decode


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a list, taken apart."""

    keys: Sequence[str]
    raws: Sequence[bytes]
    versions: Sequence[str | None] | None
    stamps: Sequence[int] | None
    tombstones: Sequence[str]
    left: Sequence[str]  #: keys that a delta link no longer tells of, though they may still be there
    broken: Sequence[tuple[str, str]]
    last: Sequence[str]  #: values of the last entity's key
    next: str
    delta: str


class Reader:
    """How the entities of one set look."""

    def __init__(
        self, *, resource: EntitySet, entity: EntityType, metadata: Metadata, bodies: Bodies, limit: int
    ) -> None:
        self._resource = resource
        self._entity = entity
        self._metadata = metadata
        self._bodies = bodies
        self._limit = limit
        self._wanted: frozenset[str] | None = None
        if resource.select:
            marker = [resource.marker.field] if resource.marker else []
            self._wanted = frozenset([*entity.keys, *resource.select, *resource.expand, *marker, resource.since])

    # --- lists ----------------------------------------------------------------

    def listing(self, body: bytes, version: str) -> Listing | None:
        """The page in columns; None where the answer has no list.

        Raises:
            ValueError: The body is no JSON.
        """
        with shallow():
            found = envelope_of(body, version)
            if found is None:
                return None
            pieces, following, delta = found
            taken = _Taken(self._resource)
            for piece in pieces:
                self._take(bytes(piece), version, taken)
        return taken.listing(following, delta)

    def _take(self, raw: bytes, version: str, taken: _Taken) -> None:
        """One row: an entity, a tombstone, or something broken."""
        try:
            if not raw.isascii():
                raw.decode()
            row = _row_of(raw)
        except ValueError as error:
            reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:_SHORT]
            taken.broken.append((_keyless(raw), reason))
            return
        if version == "v4" and self._take_removed(row, taken):
            return
        try:
            values = self._key(row)
            key = key_of(values, self._entity.keys)
        except ValueError as error:
            taken.broken.append((_keyless(raw), str(error)[:_SHORT]))
            return
        taken.last = values
        if len(raw) > self._limit:
            taken.broken.append((key, f"larger than {self._limit:,} bytes"))
            return
        if self._flag(row):
            taken.tombstones.append(key)
            return
        shown, stamp = _etag(row, version), self._time(row, version)
        taken.add(Record(key=key, raw=self._canonical(row, version), version=shown, stamp=stamp))

    def _take_removed(self, row: _Row, taken: _Taken) -> bool:
        """A row of a delta link that says that an entity is no longer there, in the words of 4.0 or 4.01."""
        shown = row.get("@removed", row.get("@odata.removed"))
        is_old = "@odata.context" in row and bytes(row["@odata.context"]).endswith(b'$deletedEntity"')
        if shown is None and not is_old:
            return False
        said = _plainly(shown) if shown is not None else _plainly(row.get("reason", b"null"))
        reason = text_of(find(said, "reason") if isinstance(said, Mapping) else said)
        address = row.get("@id", row.get("@odata.id", row.get("id")))
        try:
            key = key_of(self._key(row), self._entity.keys)
        except ValueError:
            key = key_at(text_of(_plainly(address)), self._entity) if address is not None else ""
        if not key:
            taken.broken.append((_keyless(_encode(row)), "a removed entity that does not say which"))
        else:
            (taken.left if reason == "changed" else taken.tombstones).append(key)
        return True

    def _key(self, row: _Row) -> list[str]:
        values = [text_of(_text(row[name])) if name in row else "" for name in self._entity.keys]
        if "" in values:
            msg = f"it shows no `{self._entity.keys[values.index('')]}`"
            raise ValueError(msg)
        return values

    def _time(self, row: _Row, version: str) -> int:
        name = self._resource.since
        if not name or name not in row:
            return 0
        shown = _plainly(row[name])
        return stamp_of(self._bodies.shown(shown, self._entity.properties.get(name)) if version == "v2" else shown)

    def _flag(self, row: _Row) -> bool:
        """Is this row itself a tombstone?"""
        flag = self._resource.tombstones
        return flag is not None and flag.field in row and flag.holds(_plainly(row[flag.field]))

    # --- one form -------------------------------------------------------------

    def _canonical(self, row: _Row, version: str) -> bytes:
        if version == "v2":
            return _encode(self._plain_v2(_plainly(_encode(row)), self._entity, self._wanted))
        wanted, plain = self._wanted, {}
        for name, raw in row.items():
            if "@" in name or (wanted is not None and name not in wanted):
                continue
            value = bytes(raw)
            plain[name] = _undecorated(_plainly(value)) if value[:1] in {b"{", b"["} else raw
        return _encode(plain)

    def _plain_v2(self, row: Mapping[str, object], entity: EntityType, wanted: frozenset[str] | None) -> object:
        plain: dict[str, object] = {}
        for name, value in row.items():
            if name.startswith("__") or (wanted is not None and name not in wanted):
                continue
            way = entity.ways.get(name)
            if way is None:
                plain[name] = self._bodies.shown(value, entity.properties.get(name))
            elif not (isinstance(value, Mapping) and "__deferred" in value):
                plain[name] = self._nested_v2(value, self._metadata.types.get(way.type))
        return plain

    def _nested_v2(self, value: object, entity: EntityType | None) -> object:
        inner = value["results"] if isinstance(value, Mapping) and "results" in value else value
        if entity is None:
            return inner
        if isinstance(inner, list):
            return [self._plain_v2(one, entity, None) if isinstance(one, Mapping) else one for one in inner]
        return self._plain_v2(inner, entity, None) if isinstance(inner, Mapping) else inner

    # --- single entities --------------------------------------------------------

    def record(self, body: bytes, version: str, etag: str = "") -> Record:
        """The entity that an answer shows. `etag` comes from a header.

        Raises:
            ValueError: It is none, or too large.
        """
        with shallow():
            raw = bytes(msgspec.json.decode(body, type=Wrapped).d) if version == "v2" else body
            raw.decode()
            row = _row_of(raw)
            if version == "v2" and "results" in row and self._entity.keys[0] not in row:
                row = _row_of(bytes(row["results"]))
            key = key_of(self._key(row), self._entity.keys)
            plain = self._canonical(row, version)
        if len(plain) > self._limit:
            msg = f"larger than {self._limit:,} bytes"
            raise ValueError(msg)
        shown = _etag(row, version) or etag or None
        return Record(key=key, raw=plain, version=shown, stamp=self._time(row, version))

    def key(self, values: Sequence[str]) -> str:
        """The key of these values."""
        return key_of(values, self._entity.keys)

    def marker(self, raw: bytes) -> str:
        """The hub's marker in a record; "" where there is none."""
        marker = self._resource.marker
        if marker is None:
            return ""
        try:
            return text_of(find(msgspec.json.decode(raw), marker.field))
        except ValueError:
            return ""

    def is_gone(self, raw: bytes) -> bool:
        """Does the record itself say that it counts as deleted?"""
        return any(flag is not None and flag.holds(find(msgspec.json.decode(raw), flag.field)) for flag in self._flags)

    @property
    def _flags(self) -> Sequence[Flag | None]:
        return self._resource.gone_when, self._resource.tombstones


class _Taken:
    """A page on its way into columns."""

    def __init__(self, resource: EntitySet) -> None:
        self._resource = resource
        self._keys: list[str] = []
        self._raws: list[bytes] = []
        self._versions: list[str | None] = []
        self._stamps: list[int] = []
        self.tombstones: list[str] = []
        self.left: list[str] = []
        self.broken: list[tuple[str, str]] = []
        self.last: Sequence[str] = ()

    def add(self, record: Record) -> None:
        """One more entity."""
        self._keys.append(record.key)
        self._raws.append(record.raw)
        self._versions.append(record.version)
        self._stamps.append(record.stamp)

    def listing(self, following: str, delta: str) -> Listing:
        """The columns."""
        return Listing(
            keys=self._keys,
            raws=self._raws,
            versions=self._versions if self._resource.etag else None,
            stamps=self._stamps if self._resource.since else None,
            tombstones=self.tombstones,
            left=self.left,
            broken=self.broken,
            last=self.last,
            next=following,
            delta=delta,
        )


def _etag(row: _Row, version: str) -> str | None:
    if version == "v2":
        shown = row.get("__metadata")
        return text_of(find(_plainly(shown), "etag")) or None if shown is not None else None
    raw = row.get("@odata.etag", row.get("@etag"))
    return None if raw is None else text_of(_text(raw)) or None


def _undecorated(value: object) -> object:
    """A nested value without what the service adds."""
    if isinstance(value, dict):
        return {name: _undecorated(inner) for name, inner in value.items() if "@" not in name}
    return [_undecorated(one) for one in value] if isinstance(value, list) else value


def _keyless(raw: bytes) -> str:
    """A name for a row without a key: the same wherever it is listed, another for another row."""
    return f"#{blake2b(raw, digest_size=6).hexdigest()}"
