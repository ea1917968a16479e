"""Levels are put together from quantities, planned moves and places; a page of products takes few calls."""

import json

import pytest

from syncline.connectors.systems.tryton.fields import Rules
from syncline.connectors.systems.tryton.levels import LevelReader
from syncline.connectors.systems.tryton.supply import LEVEL
from syncline.errors import RejectedError
from syncline.model.page import Cursor
from tests.unit.connectors.tryton.fake_tryton import FakeWire, session_on

PLACES = [
    {"id": 3, "code": "STO", "name": "Storage", "type": "storage", "warehouse": 5, "parent": 5},
    {"id": 4, "code": None, "name": "Input", "type": "storage", "warehouse": 5, "parent": 5},
    {"id": 5, "code": "WH", "name": "Warehouse", "type": "warehouse", "warehouse": 5, "parent": None},
    {"id": 6, "code": None, "name": "Nowhere", "type": "storage", "warehouse": None, "parent": None},
]
PRODUCTS = [{"id": key, "code": f"P{key}", "default_uom.": {"id": 1, "symbol": "u"}, "active": True} for key in (1, 2)]
DAY = {"__class__": "date", "year": 2031, "month": 5, "day": 6}
LATER = {**DAY, "day": 9}
STAMP = {
    "__class__": "datetime", "year": 2026, "month": 3, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 5,
}  # fmt: skip


def reader_on(*, moves=(), changed=(), page=200, levels="warehouse"):
    def quantities(keys, fields, context):
        on_hand = 10.0 if 5 in context["locations"] or 3 in context["locations"] else 0.0
        free = on_hand - (4.0 if context.get("stock_assign") else 0.0)
        return [{"id": key, "quantity": free, "forecast_quantity": on_hand + 1.0} for key in keys]

    def feed(domain, offset, limit, order, fields, context):
        if "planned_date" in fields:
            return list(moves)
        if order == [["last_modified_at", "DESC"]]:
            return [{"id": 1, "last_modified_at": STAMP}]
        return list(changed)

    def goods(domain, offset, limit, order, fields, context):
        if "code" not in fields:  # the feed of changes
            return [{"id": 1, "last_modified_at": STAMP}] if order == [["last_modified_at", "DESC"]] else []
        floor = next((value for name, sign, value in domain if (name, sign) == ("id", ">")), 0)
        keys = next((value for name, sign, value in domain if (name, sign) == ("id", "in")), None)
        found = [row for row in PRODUCTS if row["id"] > floor and (keys is None or row["id"] in keys)]
        return found[:limit]

    wire = FakeWire(**{
        "model.stock.location.search_read": PLACES,
        "model.product.product.search_read": goods,
        "model.product.product.read": quantities,
        "model.stock.move.search_read": feed,
    })  # fmt: skip
    return LevelReader(session_on(wire), Rules(company=1, page=page, levels=levels)), wire


def shown(document):
    return json.loads(document.record.raw)


def test_a_level_says_what_is_there_what_is_set_aside_and_what_comes_next():
    moves = [
        {"id": 1, "product": 1, "planned_date": DAY, "internal_quantity": 2.0, "to_location": 4},
        {"id": 2, "product": 1, "planned_date": DAY, "internal_quantity": 0.5, "to_location": 4},
        {"id": 3, "product": 1, "planned_date": LATER, "internal_quantity": 7.0, "to_location": 3},
        {"id": 4, "product": 1, "planned_date": None, "internal_quantity": 1.0, "to_location": 3},
    ]
    reader, _ = reader_on(moves=moves)

    level = shown(reader.by_keys(LEVEL, ["1@5"])["1@5"])

    assert level == {
        "id": "1@5", "product": "1", "product_code": "P1", "site": "WH", "location": "", "unit": "u",
        "on_hand": "10", "reserved": "4", "available": "6", "forecast": "11", "incoming": "10.5",
        "next_receipt_on": "2031-05-06", "next_receipt_quantity": "2.5",
    }  # fmt: skip


def test_every_product_has_a_level_at_every_place_and_a_place_outside_any_warehouse_has_none():
    reader, _ = reader_on(levels="location", page=1)

    pages = list(reader.pages(LEVEL, None))

    assert [key for page in pages for key in page.keys] == ["1@3", "1@4", "2@3", "2@4"]
    assert [page.cursor for page in pages[:-1]] == [None] * (len(pages) - 1)
    assert isinstance(pages[-1].cursor, Cursor)


def test_a_move_within_the_warehouse_changes_the_levels_of_its_two_locations():
    moved = [{"id": 9, "product": 2, "from_location": 4, "to_location": 3, "last_modified_at": STAMP}]
    by_location, _ = reader_on(changed=moved, levels="location")
    by_warehouse, _ = reader_on(changed=moved)

    assert [key for page in by_location.pages(LEVEL, Cursor(stamp=1)) for key in page.keys] == ["2@3", "2@4"]
    assert [key for page in by_warehouse.pages(LEVEL, Cursor(stamp=1)) for key in page.keys] == ["2@5"]


@pytest.mark.parametrize("key", ["1", "1@", "@5", "a@5", "1@9", "99@5", ""])
def test_a_key_that_names_no_product_at_no_place_is_not_there(key):
    reader, _ = reader_on()

    assert reader.by_keys(LEVEL, [key]) == {}


def test_a_page_of_products_takes_as_many_calls_as_one_product():
    one, few = reader_on()
    list(one.by_keys(LEVEL, ["1@5"]))
    calls = len(few.calls)
    both, wire = reader_on()

    both.by_keys(LEVEL, ["1@5", "2@5"])

    assert len(wire.calls) == calls


def test_a_level_is_searched_by_its_product_alone():
    reader, _ = reader_on()

    assert [one.record.key for one in reader.by_field(LEVEL, "product", "2")] == ["2@5"]
    with pytest.raises(RejectedError, match="site"):
        reader.by_field(LEVEL, "site", "WH")
