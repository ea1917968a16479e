"""Reading Tryton: documents by key, by field and by change, a page at a time and never record by record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from syncline.connectors.systems.tryton.documents import Document, document
from syncline.connectors.systems.tryton.fields import MARKER_PREFIX, Picked, Resource, Rules
from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.values import (
    Kind,
    Row,
    at_path,
    children_at,
    instant_of,
    rows_of,
    sent,
    stamp_of,
)
from syncline.errors import RejectedError
from syncline.model.page import Cursor, Page

_BY_ID = [["id", "ASC"]]
_CHANGED = "last_modified_at"


class Reader:
    """The reading half of the connector."""

    def __init__(self, session: Session, rules: Rules) -> None:
        self._session = session
        self._rules = rules
        self._lacking: dict[str, frozenset[str]] = {}

    def by_keys(self, resource: Resource, keys: Sequence[str]) -> dict[str, Document]:
        """The documents that exist, by key."""
        wanted = [int(key) for key in keys if key.isdecimal()]
        found: dict[str, Document] = {}
        for start in range(0, len(wanted), self._rules.page):
            chunk = wanted[start : start + self._rules.page]
            found |= {each.record.key: each for each in self._documents(resource, [["id", "in", chunk]])}
        return found

    def by_field(self, resource: Resource, field: str, value: str) -> list[Document]:
        """The documents whose field has this value; field "" is the marker."""
        return self._documents(resource, self._domain_of(resource, field, value))

    def has_unique_marker(self, resource: Resource) -> bool:
        """Does Tryton itself refuse a second record with the same marker?"""
        return self._rules.marker(resource) == "code"

    def is_dead(self, found: Document) -> bool:
        """Was it merged into another record, or is an inactive record as good as deleted here?"""
        return bool(found.merged_into) or (self._rules.inactive == "tombstone" and not found.active)

    def schema(self, resource: Resource) -> Mapping[str, str]:
        """Field -> type as Tryton describes itself."""
        return schema_of(self._session, resource)

    def pages(self, resource: Resource, since: Cursor | None) -> Iterator[Page]:
        """Every document, by key, or those that changed, oldest change first."""
        return self._every_page(resource) if since is None else self._changed_pages(resource, since)

    def _every_page(self, resource: Resource) -> Iterator[Page]:
        """The cursor stands at the newest change before the scan began: what changes meanwhile is read again."""
        begin = self._newest_change(resource)
        limits = self._scope(resource)
        last = 0
        while True:
            domain = [["id", ">", last], *limits]
            keys = [int(str(row["id"])) for row in self._rows(resource, domain, self._rules.page, _BY_ID, ["id"])]
            is_last = len(keys) < self._rules.page
            yield self._page(resource, keys, Cursor(stamp=begin) if is_last else None)
            if is_last:
                return
            last = keys[-1]

    def _changed_pages(self, resource: Resource, since: Cursor) -> Iterator[Page]:
        """First the keys with the time of their change, then the documents in that order.

        A child has a time of its own, so a sale whose invoice was posted is found by its invoice.
        """
        begin = min(since.stamp, self._newest_change(resource))  # a cursor of the future would hide what comes
        changes = self._changes(resource, max(begin - int(self._rules.overlap * 1_000_000), 0))
        ordered = sorted(changes, key=lambda key: (changes[key], key))
        for start in range(0, len(ordered), self._rules.page):
            keys = ordered[start : start + self._rules.page]
            yield self._page(resource, keys, Cursor(stamp=max(begin, changes[keys[-1]])))
        if not ordered:
            yield self._page(resource, (), Cursor(stamp=begin))

    def _newest_change(self, resource: Resource) -> int:
        rows = self._rows(resource, self._scope(resource), 1, [[_CHANGED, "DESC"]], [_CHANGED])
        return stamp_of(rows[0].get(_CHANGED)) if rows else 0

    def _changes(self, resource: Resource, floor: int) -> dict[int, int]:
        """Keys of records that changed at or after `floor`, with the newest change [µs]."""
        changes: dict[int, int] = {}
        for path in ("", *self._watched(resource)):
            field = f"{path}.{_CHANGED}" if path else _CHANGED
            for row in self._every_row(resource, [[field, ">=", instant_of(floor)]], field):
                key = int(str(row["id"]))
                changes[key] = max(changes.get(key, floor), _newest(row, path))
        return changes

    def _every_row(self, resource: Resource, domain: list[object], field: str) -> Iterator[Row]:
        last, size = 0, self._rules.page * 5
        while True:
            rows = self._rows(resource, [["id", ">", last], *domain, *self._scope(resource)], size, _BY_ID, [field])
            yield from rows
            if len(rows) < size:
                return
            last = int(str(rows[-1]["id"]))

    def _page(self, resource: Resource, keys: Sequence[int], cursor: Cursor | None) -> Page:
        found, broken = self._readable(resource, keys)
        documents = [found[key] for key in keys if key in found]
        gone = [each for each in documents if self.is_dead(each)]
        kept = [each.record for each in documents if not self.is_dead(each)]
        return Page(
            keys=[record.key for record in kept],
            raws=[record.raw for record in kept],
            versions=[record.version for record in kept],
            stamps=[record.stamp for record in kept],
            tombstones=[each.record.key for each in gone],
            cursor=cursor,
            broken=broken,
        )

    def _readable(self, resource: Resource, keys: Sequence[int]) -> tuple[dict[int, Document], list[tuple[str, str]]]:
        """Documents by key, and the records that Tryton cannot show; one of those makes it refuse the whole read."""
        if not keys:
            return {}, []
        try:
            found = self._documents(resource, [["id", "in", list(keys)]])
        except RejectedError as error:
            if len(keys) == 1:
                return {}, [(str(keys[0]), error.what)]
        else:
            return {int(each.record.key): each for each in found}, []
        middle = len(keys) // 2
        first, second = self._readable(resource, keys[:middle]), self._readable(resource, keys[middle:])
        return first[0] | second[0], [*first[1], *second[1]]

    def _scope(self, resource: Resource) -> list[object]:
        return self._rules.domains.get(resource.name, [])

    def _documents(self, resource: Resource, domain: list[object]) -> list[Document]:
        return [document(resource, row) for row in self._rows(resource, domain, None, _BY_ID, self._asked(resource))]

    def _asked(self, resource: Resource) -> list[str]:
        lacking = self._lacked(resource)
        return [name for name in resource.asked if name.partition(".")[0] not in lacking]

    def _watched(self, resource: Resource) -> list[str]:
        lacking = self._lacked(resource)
        return [path for path in resource.watched if path not in lacking]

    def _lacked(self, resource: Resource) -> frozenset[str]:
        """The optional fields that this Tryton does not have: asked for once."""
        if not resource.optional:
            return frozenset()
        known = self._lacking.get(resource.name)
        if known is None:
            there = self._session.ask(f"model.{resource.model}.fields_get", None)
            known = resource.optional - set(there if isinstance(there, Mapping) else ())
            self._lacking[resource.name] = known
        return known

    def _rows(
        self, resource: Resource, domain: list[object], limit: int | None, order: object, fields: list[str]
    ) -> Sequence[Row]:
        method = f"model.{resource.model}.search_read"
        return rows_of(self._session.ask(method, domain, 0, limit, order, fields))

    def _domain_of(self, resource: Resource, field: str, value: str) -> list[object]:
        if not field:
            return self._marker_domain(resource, value)
        if field not in resource.searchable:
            msg = f"{resource.name} cannot be searched by {field!r}."
            raise RejectedError(msg)
        for picked in resource.picked:
            if picked.name == field:
                return _picked_domain(picked, value)
        [found] = [each for each in resource.fields if each.name == field]
        return [[found.source, "=", value if found.kind is Kind.CODE else sent(found.kind, value)]]

    def _marker_domain(self, resource: Resource, value: str) -> list[object]:
        place = self._rules.marker(resource)
        if not place:
            msg = f"{resource.name} carries no marker."
            raise RejectedError(msg)
        if place == "identifier":
            return [["identifiers", "where", [["type", "=", None], ["code", "=", MARKER_PREFIX + value]]]]
        return [[place, "=", value]]


def _picked_domain(picked: Picked, value: str) -> list[object]:
    inner = [["type", "=", picked.equals], [picked.value, "=", value], ["active", "=", True]]
    return [[picked.path, "where", inner]]


def _newest(row: Row, path: str) -> int:
    if not path:
        return stamp_of(row.get(_CHANGED))
    return max((stamp_of(child.get(_CHANGED)) for child in children_at(row, path)), default=0)


def schema_of(session: Session, resource: Resource) -> Mapping[str, str]:
    """Field -> type as Tryton shows them now, for the fields that the hub sees."""
    own = _types(session, resource.model, [each.target for each in resource.fields])
    types = {each.name: own[each.target] for each in resource.fields if each.target in own}
    types |= {each.name: "char" for each in resource.picked if own}
    types |= {each.name: "char" for each in resource.firsts if own}
    for collection in resource.collections:
        if not collection.model:
            continue
        inner = _types(session, collection.model, [each.target for each in collection.fields])
        types |= {
            f"{collection.name}.{each.name}": inner[each.target] for each in collection.fields if each.target in inner
        }
    types |= {each.name: "list" for each in resource.collections if own}
    types |= {each.name: "object" for each in resource.uses if own}
    return types


def _types(session: Session, model: str, names: Sequence[str]) -> dict[str, str]:
    every = session.ask(f"model.{model}.fields_get", None)
    found = every if isinstance(every, Mapping) else {}
    return {name: str(at_path(found[name], "type")) for name in names if isinstance(found.get(name), Mapping)}
