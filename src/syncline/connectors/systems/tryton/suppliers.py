"""Suppliers: the parties that deliver something, each with what it delivers, how quickly, and for how much.

Tryton keeps a lead time with the party, and one with each product that it delivers; both are seen by what belongs to
the party, so a changed price or lead time is a change of the supplier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec
import xxhash

from syncline.connectors.systems.tryton.documents import Document
from syncline.connectors.systems.tryton.fields import Resource, Rules
from syncline.connectors.systems.tryton.reading import Reader, schema_of
from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.values import (
    Kind,
    Row,
    at_path,
    children_at,
    decimal_text,
    instant_of,
    rows_of,
    shown,
    stamp_of,
)
from syncline.errors import RejectedError
from syncline.model.page import Cursor, Page

_BY_ID = [["id", "ASC"]]
_CHANGED = "last_modified_at"
_DELIVERED = "purchase.product_supplier"
_FIELDS = [
    "party", "product", "product.code", "template", "template.code", "code", "name", "lead_time", "currency.code",
    "sequence", "active", "_timestamp", _CHANGED, "prices.quantity", "prices.unit_price", "prices._timestamp",
    f"prices.{_CHANGED}", "unit.symbol",
]  # fmt: skip
_OWN = ["supplier_lead_times", "where", [["supplier_lead_time", "!=", None]]]


class SupplierReader:
    """The reading half of the connector, for suppliers."""

    def __init__(self, session: Session, reader: Reader, rules: Rules) -> None:
        self._session = session
        self._reader = reader
        self._rules = rules

    def by_keys(self, resource: Resource, keys: Sequence[str]) -> dict[str, Document]:
        """The suppliers that exist, by key; a party that delivers nothing is none."""
        wanted = [int(key) for key in keys if key.isdecimal()]
        found: dict[str, Document] = {}
        for start in range(0, len(wanted), self._rules.page):
            found |= {each.record.key: each for each in self._documents(resource, wanted[start:][: self._rules.page])}
        return found

    def by_field(self, resource: Resource, field: str, value: str) -> list[Document]:
        """The suppliers whose party has this value."""
        if not field:
            raise RejectedError(f"{resource.name} carries no marker.")
        parties = self._reader.by_field(resource, field, value)
        return self._documents(resource, [int(each.record.key) for each in parties])

    def has_unique_marker(self, resource: Resource) -> bool:
        """Suppliers carry none."""
        return False

    def is_dead(self, found: Document) -> bool:
        """As with any party."""
        return self._reader.is_dead(found)

    def schema(self, resource: Resource) -> Mapping[str, str]:
        """As Tryton describes the party, and what we lay beside it."""
        ours = dict.fromkeys(("lead_time", "email", "phone", "website"), "char")
        place = dict.fromkeys(("street", "postal_code", "city", "country"), "char")
        return {**schema_of(self._session, resource), **ours, **place, "products": "list"}

    def pages(self, resource: Resource, since: Cursor | None) -> Iterator[Page]:
        """Every supplier by key, or those of which anything changed."""
        return self._every_page(resource) if since is None else self._changed_pages(resource, since)

    def _every_page(self, resource: Resource) -> Iterator[Page]:
        begin = self._newest_change()
        keys = sorted(self._suppliers())
        for start in range(0, max(len(keys), 1), self._rules.page):
            is_last = start + self._rules.page >= len(keys)
            yield self._page(
                self._documents(resource, keys[start : start + self._rules.page]),
                Cursor(stamp=begin) if is_last else None,
            )

    def _changed_pages(self, resource: Resource, since: Cursor) -> Iterator[Page]:
        newest = self._newest_change()
        begin = min(since.stamp, newest)
        floor = instant_of(max(begin - int(self._rules.overlap * 1_000_000), 0))
        changed = {key for path in ("", "prices") for key in self._delivering(_under(path, floor))}
        for path in ("", "addresses", "contact_mechanisms", "supplier_lead_times"):
            changed |= {int(str(row["id"])) for row in self._every_row("party.party", _under(path, floor), ["id"])}
        keys = sorted(changed & self._suppliers())
        for start in range(0, max(len(keys), 1), self._rules.page):
            is_last = start + self._rules.page >= len(keys)
            found = self._documents(resource, keys[start : start + self._rules.page])
            yield self._page(found, Cursor(stamp=newest) if is_last else None)

    def _suppliers(self) -> set[int]:
        """Parties that deliver a product, or have a lead time as suppliers."""
        own = {int(str(row["id"])) for row in self._every_row("party.party", [_OWN], ["id"])}
        return own | set(self._delivering([]))

    def _delivering(self, domain: list[object]) -> Iterator[int]:
        yield from (int(str(row["party"])) for row in self._every_row(_DELIVERED, domain, ["party"]))

    def _newest_change(self) -> int:
        """Of anything that makes a supplier [µs]."""
        stamps = [0]
        models = ("party.party", "party.address", "party.contact_mechanism", _DELIVERED, f"{_DELIVERED}.price")
        for model in models:
            method = f"model.{model}.search_read"
            rows = rows_of(self._session.ask(method, [], 0, 1, [[_CHANGED, "DESC"]], [_CHANGED]))
            stamps += [stamp_of(row.get(_CHANGED)) for row in rows]
        return max(stamps)

    def _documents(self, resource: Resource, keys: Sequence[int]) -> list[Document]:
        if not keys:
            return []
        rows = self._session.ask(
            f"model.{_DELIVERED}.search_read", [["party", "in", list(keys)]], 0, None, _BY_ID, _FIELDS
        )
        delivered: dict[int, list[Row]] = defaultdict(list)
        for row in rows_of(rows):
            delivered[int(str(row["party"]))].append(row)
        parties = self._reader.by_keys(resource, [str(key) for key in keys])
        made = [_supplier(parties[str(key)], delivered[key]) for key in keys if str(key) in parties]
        return [each for each in made if each.fields["products"] or each.fields["own_lead_time"] is not None]

    def _every_row(self, model: str, domain: list[object], fields: list[str]) -> Iterator[Row]:
        last, size = 0, self._rules.page * 5
        while True:
            method = f"model.{model}.search_read"
            found = self._session.ask(method, [["id", ">", last], *domain], 0, size, _BY_ID, fields)
            rows = rows_of(found)
            yield from rows
            if len(rows) < size:
                return
            last = int(str(rows[-1]["id"]))

    def _page(self, found: Sequence[Document], cursor: Cursor | None) -> Page:
        kept = [each.record for each in found if not self.is_dead(each)]
        return Page(
            keys=[record.key for record in kept],
            raws=[record.raw for record in kept],
            versions=[record.version for record in kept],
            stamps=[record.stamp for record in kept],
            tombstones=[each.record.key for each in found if self.is_dead(each)],
            cursor=cursor,
        )


def _under(path: str, floor: Row) -> list[object]:
    return [[f"{path}.{_CHANGED}" if path else _CHANGED, ">=", floor]]


def _supplier(party: Document, delivered: Sequence[Row]) -> Document:
    """The party, and what it delivers."""
    products = [_product(row) for row in delivered if row.get("active", True)]
    own = party.fields["own_lead_time"]
    times = [Decimal(str(each["lead_time"])) for each in products if each["lead_time"] is not None]
    usual = own if own is not None else decimal_text(max(times)) if times else None
    address = next(iter(_listed(party.fields["addresses"])), {})
    ours = {name: address.get(name) for name in ("street", "postal_code", "city", "country")}
    mechanisms = _listed(party.fields["mechanisms"])
    reached = {
        kind: next((each["value"] for each in mechanisms if each["type"] == kind), None)
        for kind in ("email", "phone", "website")
    }
    hidden = {"addresses", "mechanisms", "lead_times"}
    plain = {name: value for name, value in party.fields.items() if name not in hidden}
    fields: dict[str, object] = {**plain, "lead_time": usual, **reached, **ours, "products": products}
    stamps = [
        f"{row['id']}:{row.get('_timestamp')}"
        + "".join(str(each.get("_timestamp")) for each in children_at(row, "prices"))
        for row in delivered
    ]
    version = f"{party.record.version}/{xxhash.xxh3_64_hexdigest(';'.join(stamps).encode())}"
    changes = [stamp_of(each.get(_CHANGED)) for row in delivered for each in (row, *children_at(row, "prices"))]
    record = msgspec.structs.replace(
        party.record,
        raw=msgspec.json.encode(fields),
        version=version,
        stamp=max([party.record.stamp, *changes]),
    )
    return msgspec.structs.replace(party, record=record, fields=fields)


def _listed(value: object) -> Sequence[Mapping[str, object]]:
    return value if isinstance(value, list) else []


def _product(row: Row) -> dict[str, object]:
    prices = children_at(row, "prices")
    first = prices[0] if prices else {}
    return {
        "id": str(row["id"]),
        "product": shown(Kind.REFERENCE, row.get("product")),
        "product_code": at_path(row, "product.code") or at_path(row, "template.code"),
        "template": shown(Kind.REFERENCE, row.get("template")),
        "supplier_code": row.get("code"),
        "lead_time": shown(Kind.DAYS, row.get("lead_time")),
        "price": shown(Kind.DECIMAL, first.get("unit_price")),
        "minimum_quantity": shown(Kind.NUMBER, first.get("quantity")),
        "currency": at_path(row, "currency.code"),
        "unit": at_path(row, "unit.symbol"),
    }
