"""Purchases, suppliers, stock and shipments in a real Tryton: states by buttons alone, and quantities that add up."""

import json

import pytest

from syncline.model.page import Gone, Op, Outcome
from tests.live.tryton_steps import changed, newest_cursor, read, write_one

pytestmark = pytest.mark.live

SITE = "WH"


@pytest.fixture
def supplier(tryton):
    return str(tryton.facts["suppliers"][0])


@pytest.fixture
def bought(erp, supplier, products):
    lines = [{"sequence": 10, "product": products[0], "quantity": "10"}]
    receipt = write_one(
        erp, "purchase.purchase", Op.CREATE,
        fields={"party": supplier, "lines": lines, "delivery_date": "2031-05-06"},
    )  # fmt: skip
    assert receipt.outcome is Outcome.DONE, receipt.message
    return receipt


def level(erp, product):
    [record] = erp.search("stock.level", "product", product)
    return json.loads(record.raw)


# --- purchases ----------------------------------------------------------------------


def test_a_new_purchase_has_what_the_form_would_have_filled_in(bought):
    purchase = json.loads(bought.raw)

    assert (purchase["state"], purchase["currency"], purchase["warehouse"]) == ("draft", "EUR", SITE)
    assert purchase["invoice_address"]
    assert purchase["payment_term"]
    assert [(line["unit"], line["unit_price"]) for line in purchase["lines"]] == [("u", "4")]  # the supplier's price
    assert [line["delivery_date"] for line in purchase["lines"]] == ["2031-05-06"]


def test_a_purchase_goes_its_way_by_buttons_and_is_never_written_a_state(erp, bought, people):
    for state in ("quotation", "processing"):
        receipt = write_one(erp, "purchase.purchase", Op.UPDATE, key=bought.key, fields={"state": state})
        assert receipt.outcome is Outcome.DONE, receipt.message

    purchase = json.loads(receipt.raw)
    assert (purchase["state"], purchase["shipment_state"]) == ("processing", "waiting")
    assert purchase["number"]
    moves = people.on(
        "stock.move.search_count", [["origin.purchase.id", "=", int(bought.key), "purchase.line"]], 0, None
    )
    assert moves == 1


def test_a_purchase_is_not_called_done_from_outside(erp, bought):
    receipt = write_one(erp, "purchase.purchase", Op.UPDATE, key=bought.key, fields={"state": "done"})

    assert receipt.outcome is Outcome.REFUSED
    assert "Receive the goods" in receipt.message
    assert read(erp, "purchase.purchase", bought.key)[1]["state"] == "draft"


def test_the_lines_of_a_purchase_that_was_sent_are_not_touched(erp, bought):
    write_one(erp, "purchase.purchase", Op.UPDATE, key=bought.key, fields={"state": "quotation"})
    lines = [{"sequence": 10, "quantity": "11"}]

    receipt = write_one(erp, "purchase.purchase", Op.UPDATE, key=bought.key, fields={"lines": lines})

    assert receipt.outcome is Outcome.REFUSED
    assert "its lines can no longer be changed" in receipt.message


def test_an_option_says_how_far_a_new_purchase_is_moved(opened, supplier, products):
    erp = opened(advance={"purchase.purchase": "quotation"})
    lines = [{"product": products[0], "quantity": "1"}]

    receipt = write_one(erp, "purchase.purchase", Op.CREATE, fields={"party": supplier, "lines": lines})

    assert json.loads(receipt.raw)["state"] == "quotation"


def test_archiving_a_confirmed_purchase_that_is_processed_at_once_is_refused(erp, bought):
    write_one(erp, "purchase.purchase", Op.UPDATE, key=bought.key, fields={"state": "confirmed"})

    receipt = write_one(erp, "purchase.purchase", Op.ARCHIVE, key=bought.key)

    assert receipt.outcome is Outcome.REFUSED
    assert receipt.message


# --- suppliers ----------------------------------------------------------------------


def test_a_supplier_shows_its_lead_time_and_what_it_delivers(erp, tryton, supplier):
    _, with_own = read(erp, "party.supplier", supplier)
    _, without = read(erp, "party.supplier", str(tryton.facts["suppliers"][3]))

    assert (with_own["lead_time"], with_own["own_lead_time"]) == ("10", "10")
    assert without["own_lead_time"] is None
    assert without["lead_time"] == max((one["lead_time"] for one in without["products"]), key=float)
    assert {"product", "lead_time", "price", "currency"} <= without["products"][0].keys()


def test_a_party_that_delivers_nothing_is_no_supplier(erp, customer):
    keys = [key for page in erp.list("party.supplier", None) for key in page.keys]

    assert customer not in keys
    assert isinstance(erp.get("party.supplier", [customer])[0], Gone)


def test_another_lead_time_or_price_of_a_product_is_a_change_of_its_supplier(erp, tryton, people):
    supplier = str(tryton.facts["suppliers"][2])
    cursor = newest_cursor(erp, "party.supplier")
    before, shown = read(erp, "party.supplier", supplier)
    one = int(shown["products"][0]["id"])

    people.on(
        "purchase.product_supplier.write", [one], {"lead_time": {"__class__": "timedelta", "seconds": 33 * 86400}}
    )

    after, now = read(erp, "party.supplier", supplier)
    assert supplier in changed(erp, "party.supplier", cursor)
    assert (now["lead_time"], now["products"][0]["lead_time"]) == ("33", "33")
    assert before.version != after.version


def test_a_lead_time_and_prices_are_written_to_what_a_supplier_delivers(erp, supplier):
    [record, *_] = erp.search("purchase.product_supplier", "party", supplier)
    prices = [*json.loads(record.raw)["prices"], {"quantity": "100", "unit_price": "3.2"}]

    receipt = write_one(
        erp, "purchase.product_supplier", Op.UPDATE, key=record.key, version=record.version,
        fields={"lead_time": "12.5", "prices": prices},
    )  # fmt: skip

    shown = json.loads(receipt.raw)
    assert receipt.outcome is Outcome.DONE, receipt.message
    assert shown["lead_time"] == "12.5"
    assert [(one["quantity"], one["unit_price"]) for one in shown["prices"]][-1] == ("100", "3.2")
    assert len(shown["prices"]) == len(prices)


def test_a_supplier_is_only_read(erp, supplier):
    receipt = write_one(erp, "party.supplier", Op.UPDATE, key=supplier, fields={"name": "Other"})

    assert receipt.outcome is Outcome.REFUSED
    assert not erp.contract("party.supplier").creatable


# --- stock --------------------------------------------------------------------------


def test_stock_is_what_the_moves_of_the_warehouse_add_up_to(erp, people, products):
    before = level(erp, products[7])
    cursor = newest_cursor(erp, "stock.level")

    count(people, int(products[7]), float(before["on_hand"]) + 250)

    after = level(erp, products[7])
    assert after["id"] in changed(erp, "stock.level", cursor)
    assert (float(after["on_hand"]) - float(before["on_hand"]), after["site"], after["unit"]) == (250, SITE, "u")


def test_what_was_ordered_is_seen_to_come_on_its_day(erp, supplier, products):
    before = level(erp, products[12])
    lines = [{"product": products[12], "quantity": "6"}]
    fields = {"party": supplier, "lines": lines, "delivery_date": "2031-05-06", "state": "confirmed"}

    write_one(erp, "purchase.purchase", Op.CREATE, fields=fields)

    after = level(erp, products[12])
    assert (after["next_receipt_on"], after["next_receipt_quantity"]) == ("2031-05-06", "6")
    assert float(after["incoming"]) - float(before["incoming"]) == 6
    assert float(after["forecast"]) - float(before["forecast"]) == 6
    assert after["on_hand"] == before["on_hand"]


def test_what_is_set_aside_for_a_production_is_reserved(erp, products):
    made, part = products[2], products[7]  # the third bill takes the eighth and ninth products
    before = level(erp, part)

    receipt = write_one(erp, "production", Op.CREATE, fields={"product": made, "quantity": "4", "state": "assigned"})

    after = level(erp, part)
    assert json.loads(receipt.raw)["state"] == "assigned", receipt.message
    assert float(after["reserved"]) - float(before["reserved"]) == 8
    assert after["on_hand"] == before["on_hand"]
    assert float(after["available"]) == float(after["on_hand"]) - float(after["reserved"])


def test_stock_by_location_adds_up_to_the_warehouse(opened, products):
    by_warehouse, by_location = opened(), opened(levels="location")

    whole = level(by_warehouse, products[3])
    parts = [json.loads(record.raw) for record in by_location.search("stock.level", "product", products[3])]

    assert len(parts) > 1
    assert {part["site"] for part in parts} == {SITE}
    assert sum(float(part["on_hand"]) for part in parts) == float(whole["on_hand"])


def test_every_level_is_read_once_in_small_pages(opened, tryton):
    keys = [key for page in opened(page=5).list("stock.level", None) for key in page.keys]

    assert len(keys) == len(set(keys)) >= len(tryton.facts["products"])


# --- shipments ----------------------------------------------------------------------


def test_a_shipment_tells_its_sale_its_goods_and_where_it_can_be_followed(erp, people, customer, products):
    sale = write_one(
        erp, "sale.sale", Op.CREATE,
        fields={"party": customer, "lines": [{"product": products[1], "quantity": "2"}], "state": "processing"},
    )  # fmt: skip
    key = json.loads(sale.raw)["shipments"][0]["id"]
    cursor = newest_cursor(erp, "stock.shipment.out")

    receipt = write_one(erp, "stock.shipment.out", Op.UPDATE, key=key, fields={"tracking_number": "JJD42"})
    people.ship(int(key))

    _, shipment = read(erp, "stock.shipment.out", key)
    assert receipt.outcome is Outcome.DONE, receipt.message
    assert key in changed(erp, "stock.shipment.out", cursor)
    assert (shipment["sale"], shipment["state"], shipment["tracking_number"]) == (sale.key, "done", "JJD42")
    assert [(line["product"], line["quantity"]) for line in shipment["lines"]] == [(products[1], "2")]
    assert "Parcel Express" in shipment["carrier"]


def test_a_shipment_is_packed_by_buttons_and_a_warning_of_tryton_is_a_refusal(opened, people, customer, products):
    careful, bold = opened(), opened(skip_warnings=["no_carrier"])
    fields = {"party": customer, "lines": [{"product": products[1], "quantity": "1"}], "state": "processing"}
    key = json.loads(write_one(careful, "sale.sale", Op.CREATE, fields=fields).raw)["shipments"][0]["id"]

    refused = write_one(careful, "stock.shipment.out", Op.UPDATE, key=key, fields={"state": "packed"})
    packed = write_one(bold, "stock.shipment.out", Op.UPDATE, key=key, fields={"state": "packed"})

    assert refused.outcome is Outcome.REFUSED
    assert "carrier" in refused.message
    assert packed.outcome is Outcome.DONE, packed.message
    assert json.loads(packed.raw)["state"] == "packed"


def test_goods_that_come_in_name_their_purchase(erp, people, bought, supplier):
    write_one(erp, "purchase.purchase", Op.UPDATE, key=bought.key, fields={"state": "processing"})
    moves = people.on(
        "stock.move.search", [["origin.purchase.id", "=", int(bought.key), "purchase.line"]], 0, None, None
    )
    [site] = people.on(
        "stock.location.search_read", [["type", "=", "warehouse"]], 0, 1, None, ["input_location", "storage_location"]
    )
    places = {
        "warehouse": site["id"],
        "warehouse_input": site["input_location"],
        "warehouse_storage": site["storage_location"],
    }
    key = people.create("stock.shipment.in", supplier=int(supplier), **places, incoming_moves=[["add", moves]])

    receipt = write_one(erp, "stock.shipment.in", Op.UPDATE, key=str(key), fields={"state": "done"})

    shipment = json.loads(receipt.raw)
    assert receipt.outcome is Outcome.DONE, receipt.message
    assert (shipment["purchase"], shipment["state"]) == (bought.key, "done")
    assert [line["quantity"] for line in shipment["lines"]] == ["10"]
    assert read(erp, "purchase.purchase", bought.key)[1]["shipment_state"] == "received"


def test_shipments_are_not_made_here(erp, supplier):
    receipt = write_one(erp, "stock.shipment.in", Op.CREATE, fields={"reference": "X"})

    assert receipt.outcome is Outcome.REFUSED
    assert "made by Tryton itself" in receipt.message


def count(people, product, quantity):
    [place] = people.on("stock.location.search", [["code", "=", "STO"]], 0, 1, None)
    key = people.create(
        "stock.inventory", location=place, lines=[["create", [{"product": product, "quantity": quantity}]]]
    )
    people.on("stock.inventory.confirm", [key])
