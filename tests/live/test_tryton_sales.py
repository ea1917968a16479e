"""Sales in a real Tryton: what its form fills in, what its states allow, and what the hub must not touch."""

import json

import pytest

from syncline.errors import SetupError
from syncline.model.page import Op, Outcome
from tests.live.tryton_steps import a_party, a_sale, read, write_one

pytestmark = pytest.mark.live


# --- the company and the form (traps 1, 2) ------------------------------------------


def test_a_company_that_is_not_there_is_said_by_the_check(opened):
    with pytest.raises(SetupError, match="company 77"):
        opened(company=77).check()


def test_a_new_sale_has_what_the_form_would_have_filled_in(erp, customer, products):
    _, sale = read(erp, "sale.sale", a_sale(erp, customer, products).key)

    assert sale["invoice_address"]
    assert sale["shipment_address"]
    assert sale["payment_term"]
    assert sale["currency"] == "EUR"
    assert [line["unit"] for line in sale["lines"]] == ["u", "u"]
    assert all(line["taxes"] and line["unit_price"] for line in sale["lines"])


def test_a_value_that_was_given_is_kept_by_the_form(erp, customer, products):
    lines = [{"product": products[0], "quantity": "3", "unit_price": "7.77", "description": "By hand"}]

    _, sale = read(erp, "sale.sale", a_sale(erp, customer, products, lines=lines).key)

    assert sale["lines"][0]["unit_price"] == "7.77"
    assert sale["lines"][0]["description"] == "By hand"
    assert (sale["untaxed_amount"], sale["tax_amount"], sale["total_amount"]) == ("23.31", "4.43", "27.74")


def test_a_draft_that_goes_to_another_party_takes_its_addresses(erp, customer, products):
    other = a_party(erp, name="Other GmbH")
    made = a_sale(erp, customer, products)
    _, before = read(erp, "sale.sale", made.key)

    receipt = write_one(erp, "sale.sale", Op.UPDATE, key=made.key, fields={"party": other.key})

    _, after = read(erp, "sale.sale", made.key)
    _, party = read(erp, "party.party", other.key)
    assert receipt.outcome is Outcome.DONE, receipt.message
    assert (after["party"], after["invoice_address"]) == (other.key, party["addresses"][0]["id"])
    assert before["invoice_address"] != after["invoice_address"]


def test_a_sale_for_a_party_that_was_deleted_is_not_made(erp, people, products):
    party = a_party(erp, name="Short-lived GmbH")
    people.delete_party(int(party.key))

    receipt = write_one(
        erp, "sale.sale", Op.CREATE, fields={"party": party.key, "lines": [{"product": products[0], "quantity": "1"}]}
    )

    assert receipt.outcome is Outcome.BUSY
    assert "not there any more" in receipt.message


def test_the_invoice_of_a_processed_sale_can_be_posted(opened, people, customer, products):
    erp = opened(confirm="process")
    _, sale = read(erp, "sale.sale", a_sale(erp, customer, products).key)

    people.post_invoice(int(sale["invoices"][0]["id"]))

    _, after = read(erp, "sale.sale", sale["id"])
    assert after["invoices"][0]["state"] == "posted"
    assert after["invoices"][0]["number"]


# --- the states of a sale (traps 3, 4, 9, 11) ---------------------------------------


@pytest.mark.parametrize(
    ("confirm", "states"),
    [
        ("none", {"draft"}),
        ("quote", {"quotation"}),
        ("confirm", {"confirmed", "processing"}),  # without a queue Tryton processes it at once
        ("process", {"processing"}),
    ],
)
def test_a_new_sale_is_moved_as_far_as_the_option_says(opened, customer, products, confirm, states):
    erp = opened(confirm=confirm)

    receipt = a_sale(erp, customer, products)

    assert json.loads(receipt.raw)["state"] in states


def test_the_lines_of_a_processing_sale_are_not_touched(erp, people, customer, products):
    key = a_sale(erp, customer, products).key
    people.move_sale(int(key), "quote", "confirm", "process")
    before, sale = read(erp, "sale.sale", key)
    sale["lines"][0]["quantity"] = "5"

    receipt = write_one(erp, "sale.sale", Op.UPDATE, key=key, version=before.version, fields={"lines": sale["lines"]})

    assert receipt.outcome is Outcome.REFUSED
    assert "its lines can no longer be changed" in receipt.message
    assert read(erp, "sale.sale", key)[0].raw == before.raw


def test_a_processing_sale_still_takes_a_comment(erp, tryton):
    key = str(tryton.facts["sales"]["processing"])

    receipt = write_one(erp, "sale.sale", Op.UPDATE, key=key, fields={"comment": "Call first"})

    assert receipt.outcome is Outcome.DONE
    assert json.loads(receipt.raw)["comment"] == "Call first"


def test_the_lines_of_a_draft_are_changed_added_and_taken_away(erp, customer, products):
    created = a_sale(erp, customer, products)
    _, sale = read(erp, "sale.sale", created.key)
    kept = {**sale["lines"][0], "quantity": "9", "product": products[3]}
    lines = [kept, {"product": products[2], "quantity": "4"}]

    receipt = write_one(erp, "sale.sale", Op.UPDATE, key=created.key, version=created.version, fields={"lines": lines})

    after = json.loads(receipt.raw)["lines"]
    assert [(line["product"], line["quantity"]) for line in after] == [(products[3], "9"), (products[2], "4")]
    assert after[0]["id"] == sale["lines"][0]["id"]
    assert all(line["taxes"] for line in after)


def test_lines_without_ids_are_known_by_their_sequence(erp, customer, products):
    lines = [{"sequence": 10 * number, "product": products[number], "quantity": "1"} for number in (1, 2, 3)]
    created = a_sale(erp, customer, products, lines=lines)
    before = {line["sequence"]: line["id"] for line in json.loads(created.raw)["lines"]}
    lines = [{"sequence": "30", "quantity": "7.0"}, {"sequence": "10", "product": products[1]}]

    receipt = write_one(erp, "sale.sale", Op.UPDATE, key=created.key, version=created.version, fields={"lines": lines})

    after = [(line["id"], line["sequence"], line["quantity"]) for line in json.loads(receipt.raw)["lines"]]
    assert after == [(before[10], 10, "1"), (before[30], 30, "7")]


def test_a_state_that_is_reached_already_is_no_error(erp, people, customer, products):
    key = a_sale(erp, customer, products).key
    people.move_sale(int(key), "quote", "confirm")

    for _ in range(2):
        receipt = write_one(erp, "sale.sale", Op.UPDATE, key=key, fields={"state": "processing"})
        assert receipt.outcome is Outcome.DONE
    late = write_one(erp, "sale.sale", Op.UPDATE, key=key, fields={"state": "quotation"})

    assert late.outcome is Outcome.DONE
    _, sale = read(erp, "sale.sale", key)
    assert sale["state"] == "processing"
    assert (len(sale["invoices"]), len(sale["shipments"])) == (1, 1)


def test_a_sale_that_cannot_be_quoted_exists_all_the_same(opened):
    erp = opened(confirm="quote")
    party = a_party(erp, addresses=[]).key

    receipt = write_one(erp, "sale.sale", Op.CREATE, marker="no-address", fields={"party": party})

    assert receipt.outcome is Outcome.DONE
    assert receipt.message
    assert json.loads(receipt.raw)["state"] == "draft"
    assert [record.key for record in erp.search("sale.sale", "", "no-address")] == [receipt.key]


def test_archiving_a_sale_cancels_it(erp, customer, products):
    key = a_sale(erp, customer, products).key

    for _ in range(2):
        receipt = write_one(erp, "sale.sale", Op.ARCHIVE, key=key)
        assert receipt.outcome is Outcome.DONE

    assert json.loads(receipt.raw)["state"] == "cancelled"


def test_a_processing_sale_is_not_cancelled(erp, tryton):
    receipt = write_one(erp, "sale.sale", Op.ARCHIVE, key=str(tryton.facts["sales"]["processing"]))

    assert receipt.outcome is Outcome.REFUSED
    assert receipt.message


def test_a_product_that_is_not_sold_is_refused_and_stops_nobody_else(erp, people, customer, products):
    unit = people.on("product.uom.search", [["symbol", "=", "u"]], 0, 1, None)[0]
    part = people.create("product.template", name="Part", default_uom=unit, type="goods", products=[["create", [{}]]])
    [product] = people.read("product.template", part, "products")["products"]
    fields = {"party": customer, "lines": [{"product": str(product), "quantity": "1"}]}

    receipt = write_one(erp, "sale.sale", Op.CREATE, fields=fields)

    assert receipt.outcome is Outcome.REFUSED
    assert "is not salable" in receipt.message
    assert a_sale(erp, customer, products).outcome is Outcome.DONE
