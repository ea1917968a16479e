"""Stock levels: what of each product is at each place. Tryton keeps no such records; it reckons them from moves.

A level is known by its product and its place, `12@5`. Each is there from the day on which both are, with 0 where there
is nothing, so that nothing appears and vanishes with every delivery. Quantities are in the product's own unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
import xxhash

from syncline.connectors.systems.tryton.documents import Document
from syncline.connectors.systems.tryton.fields import Resource, Rules
from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.values import (
    Kind,
    Row,
    at_path,
    decimal_text,
    instant_of,
    number_of,
    rows_of,
    shown,
    stamp_of,
)
from syncline.errors import RejectedError
from syncline.model.page import Cursor, Page, Record

_BY_ID = [["id", "ASC"]]
_CHANGED = "last_modified_at"
_GOODS = [["type", "in", ["goods", "assets"]], ["consumable", "=", False]]
_PRODUCT = ["code", "default_uom.symbol", "active"]
_RECEIPT = ["product", "planned_date", "internal_quantity", "to_location"]
_FEED = ["product", "from_location", "to_location", _CHANGED]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A warehouse or a location in one."""

    key: int
    site: str
    location: str
    inside: frozenset[int]  #: locations that belong to it, itself among them


class LevelReader:
    """The reading half of the connector, for levels."""

    def __init__(self, session: Session, rules: Rules) -> None:
        self._session = session
        self._rules = rules

    def by_keys(self, resource: Resource, keys: Sequence[str]) -> dict[str, Document]:
        """The levels that exist, by key."""
        pairs = {key: pair for key in keys if (pair := _pair(key))}
        places = self._places()
        products = sorted({product for product, _ in pairs.values()})
        found: dict[str, Document] = {}
        for start in range(0, len(products), self._rules.page):
            chunk = products[start : start + self._rules.page]
            wanted = {place for product, place in pairs.values() if product in set(chunk)}
            some = [place for place in places if place.key in wanted]
            found |= {each.record.key: each for each in self._documents(self._products(chunk), some)}
        return {key: found[key] for key in pairs if key in found}

    def by_field(self, resource: Resource, field: str, value: str) -> list[Document]:
        """The levels of a product."""
        if field not in resource.searchable:
            msg = f"{resource.name} cannot be searched by {field!r}."
            raise RejectedError(msg)
        keys = [int(value)] if value.isdecimal() else []
        return self._documents(self._products(keys), self._places())

    def has_unique_marker(self, resource: Resource) -> bool:
        """Levels carry none."""
        return False

    def is_dead(self, found: Document) -> bool:
        """Is the product not in use any more?"""
        return not found.active and self._rules.inactive == "tombstone"

    def schema(self, resource: Resource) -> Mapping[str, str]:
        """The fields are ours."""
        return {"id": "text", **{each.name: each.kind.value for each in resource.fields}}

    def pages(self, resource: Resource, since: Cursor | None) -> Iterator[Page]:
        """Every level, by product; or those whose moves or product changed."""
        return self._every_page(resource) if since is None else self._changed_pages(since)

    def _every_page(self, resource: Resource) -> Iterator[Page]:
        begin, places, last = self._newest_change(), self._places(), 0
        limits = [*_GOODS, *self._rules.domains.get(resource.name, [])]
        while True:
            rows = self._rows("product.product", [["id", ">", last], *limits], self._rules.page, _PRODUCT)
            is_last = len(rows) < self._rules.page
            yield self._page(self._documents(rows, places), Cursor(stamp=begin) if is_last else None)
            if is_last:
                return
            last = int(str(rows[-1]["id"]))

    def _changed_pages(self, since: Cursor) -> Iterator[Page]:
        begin = min(since.stamp, self._newest_change())
        places = self._places()
        floor = instant_of(max(begin - int(self._rules.overlap * 1_000_000), 0))
        changed, newest = self._changes(floor, places)
        ordered = sorted(changed)
        for start in range(0, len(ordered), self._rules.page):
            chunk = ordered[start : start + self._rules.page]
            found = self._documents(self._products(chunk), places)
            touched = [each for each in found if _is_touched(each, changed)]
            is_last = start + self._rules.page >= len(ordered)
            yield self._page(touched, Cursor(stamp=max(begin, newest)) if is_last else None)
        if not ordered:
            yield self._page([], Cursor(stamp=begin))

    def _changes(self, floor: Row, places: Sequence[Place]) -> tuple[Mapping[int, set[int]], int]:
        """Product -> places whose moves, or whose product, changed at or after `floor`; the newest change [µs]."""
        changed: dict[int, set[int]] = defaultdict(set)
        newest = 0
        for row in self._every_row("stock.move", floor, _FEED):
            ends = {row.get("from_location"), row.get("to_location")}
            changed[int(str(row["product"]))] |= {place.key for place in places if place.inside & ends}
            newest = max(newest, stamp_of(row.get(_CHANGED)))
        for row in self._every_row("product.product", floor, [_CHANGED]):
            changed[int(str(row["id"]))] |= {place.key for place in places}
            newest = max(newest, stamp_of(row.get(_CHANGED)))
        return changed, newest

    def _newest_change(self) -> int:
        """Of a move or a product [µs]."""
        stamps = []
        for model in ("stock.move", "product.product"):
            method = f"model.{model}.search_read"
            rows = rows_of(self._session.ask(method, [], 0, 1, [[_CHANGED, "DESC"]], [_CHANGED]))
            stamps += [stamp_of(row.get(_CHANGED)) for row in rows]
        return max(stamps, default=0)

    def _places(self) -> list[Place]:
        """Warehouses, or the locations in them that hold goods; those that are not in use hold none."""
        fields = ["code", "name", "type", "warehouse", "parent"]
        kinds = ["warehouse", "storage", "view"]
        rows = self._rows("stock.location", [["type", "in", kinds], ["active", "=", True]], None, fields)
        sites = {row["id"]: _called(row) for row in rows if row["type"] == "warehouse"}
        if self._rules.levels == "location":
            return [
                Place(key=int(str(row["id"])), site=sites[row["warehouse"]], location=_called(row),
                      inside=frozenset({int(str(row["id"]))}))
                for row in rows if row["type"] == "storage" and row["warehouse"] in sites
            ]  # fmt: skip
        inside: dict[object, set[int]] = defaultdict(set)
        for row in rows:
            inside[row["id"] if row["type"] == "warehouse" else row["warehouse"]].add(int(str(row["id"])))
        return [
            Place(key=int(str(key)), site=site, location="", inside=frozenset(inside[key]))
            for key, site in sites.items()
        ]

    def _documents(self, products: Sequence[Row], places: Sequence[Place]) -> list[Document]:
        if not products or not places:
            return []
        keys = [int(str(row["id"])) for row in products]
        coming = self._receipts(keys, places)
        amounts = {place.key: self._amounts(keys, place) for place in places}
        return [
            _document(row, place, amounts[place.key].get(int(str(row["id"])), {}),
                      coming.get((int(str(row["id"])), place.key), ()))
            for row in products for place in places
        ]  # fmt: skip

    def _amounts(self, products: Sequence[int], place: Place) -> dict[int, dict[str, object]]:
        """What is there, what of it is set aside, and what will be when all that is planned has happened."""
        at = {"locations": [place.key], "with_childs": self._rules.levels == "warehouse"}
        fields = ["quantity", "forecast_quantity"]
        found = {int(str(row["id"])): dict(row) for row in self._quantities(at, products, fields)}
        for row in self._quantities({**at, "stock_assign": True}, products, ["quantity"]):
            found[int(str(row["id"]))]["free"] = row.get("quantity")
        return found

    def _quantities(self, at: Mapping[str, object], products: Sequence[int], fields: list[str]) -> Sequence[Row]:
        return rows_of(self._session.ask_at(at, "model.product.product.read", list(products), fields))

    def _receipts(self, products: Sequence[int], places: Sequence[Place]) -> dict[tuple[int, int], list[Row]]:
        """Planned moves into each place from outside of it, the soonest first."""
        locations = sorted({each for place in places for each in place.inside})
        domain = [
            ["product", "in", list(products)], ["state", "in", ["draft", "assigned"]],
            ["to_location", "in", locations], ["from_location.type", "in", ["supplier", "production"]],
        ]  # fmt: skip
        method = "model.stock.move.search_read"
        rows = rows_of(self._session.ask(method, domain, 0, None, [["planned_date", "ASC"], ["id", "ASC"]], _RECEIPT))
        coming: dict[tuple[int, int], list[Row]] = defaultdict(list)
        for row in rows:
            for place in places:
                if row["to_location"] in place.inside:
                    coming[int(str(row["product"])), place.key].append(row)
        return coming

    def _products(self, keys: Sequence[int]) -> Sequence[Row]:
        return self._rows("product.product", [["id", "in", list(keys)], *_GOODS], None, _PRODUCT) if keys else ()

    def _rows(self, model: str, domain: Sequence[object], limit: int | None, fields: list[str]) -> Sequence[Row]:
        return rows_of(self._session.ask(f"model.{model}.search_read", list(domain), 0, limit, _BY_ID, fields))

    def _every_row(self, model: str, floor: Row, fields: list[str]) -> Iterator[Row]:
        last, size = 0, self._rules.page * 5
        while True:
            rows = self._rows(model, [["id", ">", last], [_CHANGED, ">=", floor]], size, fields)
            yield from rows
            if len(rows) < size:
                return
            last = int(str(rows[-1]["id"]))

    def _page(self, found: Iterable[Document], cursor: Cursor | None) -> Page:
        kept = [each for each in found if not self.is_dead(each)]
        gone = [each for each in found if self.is_dead(each)]
        return Page(
            keys=[each.record.key for each in kept],
            raws=[each.record.raw for each in kept],
            versions=[each.record.version for each in kept],
            tombstones=[each.record.key for each in gone],
            cursor=cursor,
        )


def _pair(key: str) -> tuple[int, int] | None:
    """Product and place of a key; None for what is none."""
    product, at, place = key.partition("@")
    return (int(product), int(place)) if at and product.isdecimal() and place.isdecimal() else None


def _is_touched(found: Document, changed: Mapping[int, set[int]]) -> bool:
    pair = _pair(found.record.key)
    return pair is not None and pair[1] in changed[pair[0]]


def _called(row: Row) -> str:
    return str(row.get("code") or row.get("name") or row["id"])


def _document(product: Row, place: Place, amounts: Mapping[str, object], coming: Sequence[Row]) -> Document:
    on_hand, free = number_of(amounts.get("quantity")), number_of(amounts.get("free"))
    fields: dict[str, object] = {
        "id": f"{product['id']}@{place.key}",
        "product": str(product["id"]),
        "product_code": product.get("code"),
        "site": place.site,
        "location": place.location,
        "unit": at_path(product, "default_uom.symbol"),
        "on_hand": decimal_text(on_hand),
        "reserved": decimal_text(on_hand - free),
        "available": decimal_text(free),
        "forecast": decimal_text(number_of(amounts.get("forecast_quantity"))),
        "incoming": decimal_text(sum((number_of(row.get("internal_quantity")) for row in coming), number_of(0))),
        **_next_receipt(coming),
    }
    raw = msgspec.json.encode(fields)
    record = Record(key=str(fields["id"]), raw=raw, version=xxhash.xxh3_64_hexdigest(raw))
    return Document(record=record, active=bool(product.get("active", True)), merged_into="", row={}, fields=fields)


def _next_receipt(coming: Sequence[Row]) -> dict[str, object]:
    """The soonest planned receipt, and all that comes on that day."""
    dated = [(shown(Kind.DATE, row["planned_date"]), row) for row in coming if row.get("planned_date")]
    if not dated:
        return {"next_receipt_on": None, "next_receipt_quantity": None}
    soonest = dated[0][0]
    there = sum((number_of(row.get("internal_quantity")) for on, row in dated if on == soonest), number_of(0))
    return {"next_receipt_on": soonest, "next_receipt_quantity": decimal_text(there)}
