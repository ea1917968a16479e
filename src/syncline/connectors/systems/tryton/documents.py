"""One record of Tryton with its children as one document: canonical bytes, version and time of the last change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import xxhash

from syncline.connectors.systems.tryton.address_uses import shown_uses
from syncline.connectors.systems.tryton.fields import Collection, Field, First, Picked, Resource
from syncline.connectors.systems.tryton.values import Row, at_path, children_at, shown, stamp_of
from syncline.model.page import Record


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A record as the hub sees it, and the row it came from."""

    record: Record
    active: bool
    merged_into: str  #: key of the record that absorbed this one
    row: Row
    fields: Mapping[str, object]


def document(resource: Resource, row: Row) -> Document:
    """The document of a row that was read with `resource.asked`."""
    key = str(row["id"])
    fields: dict[str, object] = {"id": key}
    fields |= {each.name: shown(each.kind, at_path(row, each.source)) for each in resource.fields}
    fields |= {each.name: picked_value(each, row) for each in resource.picked}
    fields |= {each.name: shown_children(each, row) for each in resource.collections}
    fields |= {each.name: first_value(each, row) for each in resource.firsts}
    for collection in resource.collections if resource.uses else ():
        fields |= shown_uses(resource.uses, shown_children(collection, row))
    record = Record(
        key=key,
        raw=msgspec.json.encode(fields),
        version=version_of(resource, row),
        stamp=last_change(resource, row),
    )
    return Document(
        record=record,
        active=bool(row.get("active", True)),
        merged_into=str(row.get("replaced_by") or ""),
        row=row,
        fields=fields,
    )


def picked_child(picked: Picked, row: Row) -> Row | None:
    """The entry that a picked value comes from: the first active one of its type."""
    for child in children_at(row, picked.path):
        if not child.get("active", True) or child.get("type") != picked.equals:
            continue
        if str(child.get(picked.value) or "").startswith(picked.prefix):
            return child
    return None


def picked_value(picked: Picked, row: Row) -> str | None:
    """The value as a record shows it."""
    child = picked_child(picked, row)
    return None if child is None else str(child.get(picked.value) or "").removeprefix(picked.prefix)


def first_value(first: First, row: Row) -> object:
    """The value of the first child that has one."""
    values = (at_path(child, first.value) for child in children_at(row, first.path))
    return shown(first.kind, next((value for value in values if value is not None), None))


def live_children(collection: Collection, row: Row) -> Sequence[Row]:
    """The children that a record shows, in Tryton's order."""
    found = [child for child in children_at(row, collection.source) if child.get("active", True)]
    if collection.only:
        found = [child for child in found if at_path(child, collection.sort) == collection.only]
    return sorted(found, key=lambda child: int(str(child["id"]))) if collection.numbered else found


def shown_children(collection: Collection, row: Row) -> list[dict[str, object]]:
    """The children as a record shows them."""
    fields = collection.fields
    shown_ones = [{"id": str(child["id"]), **shown_fields(fields, child)} for child in live_children(collection, row)]
    if not collection.numbered:
        return shown_ones
    return [{**each, "number": at} for at, each in enumerate(shown_ones, 1)]


def shown_fields(fields: Iterable[Field], row: Row) -> dict[str, object]:
    """Values by the names of the record."""
    return {each.name: shown(each.kind, at_path(row, each.source)) for each in fields}


def version_of(resource: Resource, row: Row) -> str:
    """Tryton's time stamp verbatim, and after a space a digest of the stamps of what belongs to the record."""
    stamp = str(row.get("_timestamp") or "")
    parts = [
        f"{path},{child.get('id')}:{child.get('_timestamp')}"
        for path in resource.watched
        for child in sorted(children_at(row, path), key=lambda child: str(child.get("id")))
    ]
    return f"{stamp} {xxhash.xxh3_64_hexdigest(';'.join(parts).encode())}" if parts else stamp


def own_stamp(version: str) -> str:
    """The record's own time stamp, as Tryton wants it back."""
    return version.partition(" ")[0]


def last_change(resource: Resource, row: Row) -> int:
    """When the record or one of its children was changed last [µs since 1970]."""
    children = (child for path in resource.watched for child in children_at(row, path))
    stamps = [stamp_of(child.get("last_modified_at")) for child in children]
    return max([stamp_of(row.get("last_modified_at")), *stamps])
