"""Vendure's records as the hub sees them, and what is refused before Vendure would take it for something else."""

import msgspec
import pytest

from syncline.connectors.systems.vendure.shapes import Shape
from syncline.connectors.systems.vendure.shop import Facts
from syncline.errors import RejectedError
from syncline.model.page import Item, Op

FACTS = Facts(channel="default", currency="EUR", gross=False, language="de", digits=2, locations=("1",))
VARIANTS = Shape(resource="productVariants")
_LEVELS = [
    {"stockLocationId": "1", "stockOnHand": 9, "stockAllocated": 2},
    {"stockLocationId": "2", "stockOnHand": 30, "stockAllocated": 0},
]
_ROW = {
    "id": "7", "sku": "B-1", "name": "Bolzen", "enabled": True, "productId": "3",
    "prices": [{"price": 999, "currencyCode": "USD"}, {"price": 1234, "currencyCode": "EUR"}],
    "options": [{"code": "red", "group": {"code": "colour"}}], "stockLevels": _LEVELS,
}  # fmt: skip


def shown(shape, row, facts=FACTS):
    return msgspec.json.decode(shape.shown([msgspec.json.encode(row)], facts)[0])


def sent(fields, op=Op.UPDATE, resource="productVariants", facts=FACTS, location=""):
    shape = Shape(resource=resource, location=location)
    return shape.sent(Item(ref=1, op=op, key="7", fields=fields), facts)


def test_a_variant_shows_the_price_of_its_channel_and_the_stock_of_all_places():
    row = shown(VARIANTS, _ROW)

    assert (row["price"], row["currencyCode"], row["priceIncludesTax"]) == ("12.34", "EUR", False)
    assert (row["stockOnHand"], row["stockAllocated"], row["stockAvailable"]) == (39, 2, 37)
    assert row["options"] == ["colour=red"]


def test_a_place_of_stock_stands_for_itself():
    row = shown(Shape(resource="productVariants", location="2"), _ROW)

    assert (row["stockOnHand"], row["stockAvailable"]) == (30, 30)


def test_a_variant_without_a_price_in_this_channel_has_none():
    assert shown(VARIANTS, {**_ROW, "prices": []})["price"] is None


def test_digits_of_money_are_the_server_s():
    assert shown(VARIANTS, _ROW, msgspec.structs.replace(FACTS, digits=3))["price"] == "1.234"


def test_what_is_no_variant_is_said():
    with pytest.raises(ValueError, match="missing"):
        shown(VARIANTS, {"id": "7"})


def test_prices_and_stock_are_written_in_vendure_s_own_words():
    fields = sent({"price": "12.5", "stockOnHand": "4", "currencyCode": "EUR", "name": "Bolzen"})

    assert fields == {
        "price": 1250, "stockLevels": [{"stockLocationId": "1", "stockOnHand": 4}],
        "translations": [{"languageCode": "de", "name": "Bolzen"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"price": "12.345"}, "keeps 2 digits"),
        ({"price": "much"}, "no amount"),
        ({"price": "NaN"}, "no amount"),
        ({"price": "1e400"}, "no amount|too large"),
        ({"price": True}, "no amount"),
        ({"price": None}, "has a price"),
        ({"price": "1", "currencyCode": "USD"}, "prices in EUR"),
        ({"stockOnHand": "1.5"}, "0 digits"),
        ({"stockAllocated": 3}, "shop's own"),
        ({"productId": "8"}, "stays with its product"),
    ],
)
def test_what_vendure_would_take_for_something_else_is_refused(fields, says):
    with pytest.raises(RejectedError, match=says):
        sent(fields)


def test_stock_of_several_places_is_written_where_the_options_say():
    facts = msgspec.structs.replace(FACTS, locations=("1", "2"))

    assert sent({"stockOnHand": 4}, facts=facts, location="2")["stockLevels"][0]["stockLocationId"] == "2"
    with pytest.raises(RejectedError, match="several places"):
        sent({"stockOnHand": 4}, facts=facts)


def test_a_new_product_has_a_slug_and_a_description():
    fields = sent({"name": "Größe & Öl"}, op=Op.CREATE, resource="products")

    [translation] = fields["translations"]
    assert translation == {"languageCode": "de", "name": "Größe & Öl", "slug": "grosse-ol", "description": ""}


def test_an_update_writes_the_given_words_alone():
    assert sent({"description": None}, resource="products") == {
        "translations": [{"languageCode": "de", "description": ""}]
    }


def _order(state, *parcels):
    amounts = dict.fromkeys(
        ["subTotal", "subTotalWithTax", "shipping", "shippingWithTax", "total", "totalWithTax"], 1050
    )
    line = dict.fromkeys(["unitPrice", "unitPriceWithTax", "linePrice", "linePriceWithTax"], 525)
    fulfillments = [{"id": str(at), "state": one, "trackingCode": f"T{at}"} for at, one in enumerate(parcels)]
    return {
        "id": "1", "state": state, "lines": [{"id": "5", "quantity": 2, **line}], "payments": None,
        "fulfillments": fulfillments, **amounts,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("order", "far", "code"),
    [
        (_order("PaymentSettled"), None, None),
        (_order("PaymentSettled", "Cancelled"), None, None),
        (_order("PaymentSettled", "Pending"), "Pending", "T0"),
        (_order("PartiallyShipped", "Shipped", "Pending"), "PartiallyShipped", "T1"),
        (_order("Delivered", "Delivered"), "Delivered", "T0"),
    ],
)
def test_an_order_tells_how_far_its_goods_are(order, far, code):
    row = shown(Shape(resource="orders"), order)

    assert (row["fulfillment"], row["trackingCode"]) == (far, code)
    assert (row["total"], row["lines"][0]["unitPrice"]) == ("10.50", "5.25")
