"""What Vendure does in a way of its own, each tried on a real one: stock that sales change, parcels, batches."""

import json

import pytest

from syncline.connectors.systems.vendure import SPEC
from syncline.env import RealEnv
from syncline.model.page import Batch, Gone, Item, Op, Outcome
from tests.live import vendure_server
from tests.live.vendure_server import Clerk

pytestmark = pytest.mark.live

_ENV = RealEnv()


@pytest.fixture(scope="module")
def shop(vendure):
    options = {"url": vendure, "user": vendure_server.USER, "password": vendure_server.PASSWORD, "timeout": 20}
    connector = SPEC.open("shop", options, _ENV)
    yield connector
    connector.close()


@pytest.fixture(scope="module")
def clerk(vendure):
    return Clerk(vendure)


def write(shop, resource, *items):
    batch = Batch(resource=resource, items=items, send_by=_ENV.monotonic() + 30)
    found = {receipt.ref: receipt for receipt in shop.write(batch)}
    return [found[item.ref] for item in items]


def made(shop, resource, **fields):
    receipt = write(shop, resource, Item(ref=1, op=Op.CREATE, fields=fields))[0]
    assert receipt.outcome is Outcome.DONE, receipt.message
    return receipt.key


def shown(shop, resource, key):
    return json.loads(shop.get(resource, [key])[0].raw)


def listed(shop, resource):
    pages = list(shop.list(resource, None))
    return {key: json.loads(raw) for page in pages for key, raw in zip(page.keys, page.raws, strict=True)}


def a_variant(shop, **fields):
    number = _ENV.new_id()[:12]
    return made(shop, "productVariants", sku=number, name="Bolt", price="12.34", stockOnHand=10, **fields)


@pytest.fixture
def order(shop, clerk):
    """One that is paid: two pieces of a variant."""
    mail = f"buyer-{_ENV.new_id()[:12]}@example.com"
    customer = made(shop, "customers", firstName="Ada", lastName="Byron", emailAddress=mail)
    variant = a_variant(shop)
    return clerk.an_order(variant, customer), variant


def sent(shop, key, **fields):
    return write(shop, "orders", Item(ref=1, op=Op.UPDATE, key=key, fields=fields))[0]


def test_a_sale_changes_the_stock_that_the_next_list_shows(shop, order):
    _, variant = order

    row = listed(shop, "productVariants")[variant]

    assert (row["stockOnHand"], row["stockAllocated"], row["stockAvailable"], row["price"]) == (10, 2, 8, "12.34")


def test_an_order_is_read_with_its_sums_and_lines(shop, order):
    key, variant = order

    row = listed(shop, "orders")[key]

    assert (row["state"], row["fulfillment"], row["subTotal"], row["subTotalWithTax"]) == (
        "PaymentSettled", None, "24.68", "29.37",
    )  # fmt: skip
    assert [(line["productVariant"]["id"], line["quantity"], line["unitPrice"]) for line in row["lines"]] == [
        (variant, 2, "12.34")
    ]


def test_an_order_is_sent_on_its_way_and_a_second_try_does_nothing(shop, order):
    key, _ = order

    first = sent(shop, key, fulfillment="Shipped", trackingCode="T-1")
    again = sent(shop, key, fulfillment="Shipped", trackingCode="T-1")

    assert (first.outcome, again.outcome) == (Outcome.DONE, Outcome.DONE), first.message + again.message
    row = shown(shop, "orders", key)
    assert (row["state"], row["fulfillment"], row["trackingCode"], len(row["fulfillments"])) == (
        "Shipped", "Shipped", "T-1", 1,
    )  # fmt: skip
    assert sent(shop, key, fulfillment="Delivered").outcome is Outcome.DONE
    assert shown(shop, "orders", key)["state"] == "Delivered"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"fulfillment": "Pending"}, "cannot become"),
        ({"fulfillment": "Lost"}, "cannot be written"),
        ({"fulfillment": None}, "taken back"),
        ({"trackingCode": "other"}, "number of their parcel"),
        ({"state": "Cancelled"}, "shop's own"),
    ],
)
def test_what_is_not_allowed_is_refused_in_words(shop, order, fields, says):
    key, _ = order
    sent(shop, key, fulfillment="Shipped", trackingCode="T-2")

    receipt = sent(shop, key, **fields)

    assert receipt.outcome is Outcome.REFUSED
    assert says in receipt.message


def test_goods_that_are_not_there_are_not_sent(shop, clerk, order):
    key, variant = order
    write(shop, "productVariants", Item(ref=1, op=Op.UPDATE, key=variant, fields={"stockOnHand": 1}))

    receipt = sent(shop, key, fulfillment="Shipped")

    assert receipt.outcome is Outcome.REFUSED
    assert "InsufficientStockOnHandError" in receipt.message


def test_an_unknown_order_and_a_cart_are_gone(shop, clerk):
    assert sent(shop, "999999", fulfillment="Shipped").outcome is Outcome.GONE
    assert isinstance(shop.get("orders", ["999999"])[0], Gone)


def test_one_bad_variant_costs_no_other_one(shop):
    keys = [a_variant(shop) for _ in range(3)]
    items = [
        Item(ref=place, op=Op.UPDATE, key=key, fields={"price": f"{place}.00"})
        for place, key in enumerate([*keys, "999999"], 1)
    ]

    receipts = write(shop, "productVariants", *items)

    assert [one.outcome for one in receipts] == [Outcome.DONE] * 3 + [Outcome.GONE]
    assert [shown(shop, "productVariants", key)["price"] for key in keys] == ["1.00", "2.00", "3.00"]


def test_a_product_that_was_made_for_a_variant_is_found_again(shop, clerk):
    number = f"again-{_ENV.new_id()[:12]}"
    orphan = made(shop, "products", name="Nut", slug=number)

    variant = made(shop, "productVariants", sku=number, name="Nut", price="1")
    other = made(shop, "productVariants", sku=number, name="Nut", price="2")

    assert shown(shop, "productVariants", variant)["productId"] == orphan
    assert shown(shop, "productVariants", other)["productId"] != orphan


def test_a_mail_that_is_taken_is_refused_in_vendure_s_words(shop):
    mail = f"twice-{_ENV.new_id()[:12]}@example.com"
    made(shop, "customers", firstName="Ada", lastName="Byron", emailAddress=mail)
    fields = {"firstName": "Eve", "lastName": "Byron", "emailAddress": mail}

    receipt = write(shop, "customers", Item(ref=1, op=Op.CREATE, fields=fields))[0]

    assert receipt.outcome is Outcome.REFUSED
    assert "EmailAddressConflictError" in receipt.message


def test_a_shop_that_keeps_tax_in_its_prices_says_so(shop, clerk):
    variant = a_variant(shop)
    gross = "mutation($is: Boolean) { updateChannel(input: {id: 1, pricesIncludeTax: $is}) { __typename } }"
    clerk.ask(gross, **{"is": True})
    try:
        assert "with tax" in shop.check()
        row = shown(shop, "productVariants", variant)
    finally:
        clerk.ask(gross, **{"is": False})
        shop.check()

    assert (row["price"], row["priceIncludesTax"]) == ("12.34", True)
