"""Productions, bills of materials and opportunities in a real Tryton: what its form derives, and which way they go."""

import json

import pytest

from syncline.model.page import Op, Outcome
from tests.live.tryton_steps import changed, newest_cursor, read, write_one

pytestmark = pytest.mark.live


def made(erp, product, **fields):
    receipt = write_one(erp, "production", Op.CREATE, fields={"product": product, "quantity": "5", **fields})
    assert receipt.outcome is Outcome.DONE, receipt.message
    return receipt


def materials(receipt, name="inputs"):
    return sorted((one["product_code"], one["quantity"]) for one in json.loads(receipt.raw)[name])


# --- productions (trap 2) -----------------------------------------------------------


def test_a_new_production_carries_the_materials_of_its_bill(erp, tryton, products):
    receipt = made(erp, products[0])

    shown = json.loads(receipt.raw)
    assert materials(receipt) == [("P-0003STD", "10"), ("P-0004STD", "15")]
    assert materials(receipt, "outputs") == [("P-0000STD", "5")]
    assert (shown["bom"], shown["unit"], shown["state"]) == (str(tryton.facts["boms"][0]), "u", "draft")
    assert [one["number"] for one in shown["inputs"]] == [1, 2]


def test_a_bill_that_was_named_is_exploded_whatever_is_usual(erp, people, products):
    unit = people.on("product.uom.search", [["symbol", "=", "u"]], 0, 1, None)[0]
    bill = people.create(
        "production.bom", name="Other way",
        inputs=[["create", [{"product": int(products[20]), "quantity": 4.0, "unit": unit}]]],
        outputs=[["create", [{"product": int(products[0]), "quantity": 2.0, "unit": unit}]]],
    )  # fmt: skip

    receipt = made(erp, products[0], bom=str(bill), quantity="6")

    assert materials(receipt) == [("P-0020STD", "12")]


def test_another_quantity_or_product_explodes_the_bill_anew(erp, products):
    first = made(erp, products[0])

    more = write_one(erp, "production", Op.UPDATE, key=first.key, version=first.version, fields={"quantity": "7"})
    other = write_one(erp, "production", Op.UPDATE, key=first.key, fields={"product": products[1]})

    assert more.outcome is other.outcome is Outcome.DONE, other.message
    assert materials(more) == [("P-0003STD", "14"), ("P-0004STD", "21")]
    assert materials(other) == [("P-0005STD", "14"), ("P-0006STD", "21")]
    assert materials(other, "outputs") == [("P-0001STD", "7")]


def test_a_stale_version_does_not_explode_anything(erp, people, products):
    first = made(erp, products[0])
    people.on("production.write", [int(first.key)], {"reference": "by hand"})

    receipt = write_one(erp, "production", Op.UPDATE, key=first.key, version=first.version, fields={"quantity": "7"})

    assert receipt.outcome is Outcome.STALE
    assert read(erp, "production", first.key)[1]["quantity"] == "5"


def test_a_production_is_carried_out_by_buttons_and_moves_the_stock(erp, products):
    key = made(erp, products[1]).key
    cursor = newest_cursor(erp, "stock.level")

    for state in ("waiting", "assigned", "running", "completed", "done"):
        receipt = write_one(erp, "production", Op.UPDATE, key=key, fields={"state": state})
        assert (receipt.outcome is Outcome.DONE) == (state != "completed"), receipt.message

    shown = json.loads(receipt.raw)
    assert shown["state"] == "done"
    assert {one["state"] for one in [*shown["inputs"], *shown["outputs"]]} == {"done"}
    moved = {key.partition("@")[0] for key in changed(erp, "stock.level", cursor)}
    assert moved >= {products[1], *(one["product"] for one in shown["inputs"])}


def test_a_production_for_which_too_little_is_there_says_so(erp, products):
    key = made(erp, products[0], quantity="900000").key

    receipt = write_one(erp, "production", Op.UPDATE, key=key, fields={"state": "running"})

    assert receipt.outcome is Outcome.REFUSED
    assert "stays in the state 'waiting'" in receipt.message
    assert read(erp, "production", key)[1]["state"] == "waiting"


def test_a_routing_makes_works_at_its_work_centres(erp, tryton, products):
    [routing], [hall, bench] = tryton.facts["routing"], tryton.facts["work_centres"]

    receipt = made(erp, products[0], routing=str(routing), work_center=str(hall), state="waiting")

    works = json.loads(receipt.raw)["works"]
    assert [(one["sequence"], one["operation"], one["work_center"]) for one in works] == [
        (10, "Assemble", str(bench)), (11, "Test", str(bench)),
    ]  # fmt: skip


def test_the_quantity_of_a_production_that_runs_is_not_changed(erp, products):
    key = made(erp, products[0], state="running").key

    receipt = write_one(erp, "production", Op.UPDATE, key=key, fields={"quantity": "6"})

    assert receipt.outcome is Outcome.REFUSED
    assert "quantity can no longer be changed" in receipt.message


def test_archiving_a_production_cancels_it(erp, products):
    key = made(erp, products[0], state="waiting").key

    receipt = write_one(erp, "production", Op.ARCHIVE, key=key)

    assert json.loads(receipt.raw)["state"] == "cancelled"


def test_a_marker_in_the_reference_finds_the_production(erp, products):
    receipt = write_one(erp, "production", Op.CREATE, marker="m-77", fields={"product": products[0], "quantity": "1"})

    assert [one.key for one in erp.search("production", "", "m-77")] == [receipt.key]


def test_a_production_without_a_quantity_is_refused(erp, products):
    receipt = write_one(erp, "production", Op.CREATE, fields={"product": products[0]})

    assert receipt.outcome is Outcome.REFUSED
    assert "its quantity" in receipt.message


# --- bills and work centres ---------------------------------------------------------


def test_the_components_of_a_bill_are_changed_by_their_place_or_id(erp, products):
    unit = {"unit": "u"}
    inputs = [{"product": products[9], "quantity": "2", **unit}, {"product": products[10], "quantity": "3", **unit}]
    outputs = [{"product": products[11], "quantity": "1", **unit}]
    first = write_one(erp, "production.bom", Op.CREATE, fields={"name": "Live", "inputs": inputs, "outputs": outputs})
    before = json.loads(first.raw)
    wanted = [
        {"number": 1, "quantity": "5"}, {"number": 3, "product": products[12], "quantity": "1", **unit},
    ]  # fmt: skip

    receipt = write_one(
        erp, "production.bom", Op.UPDATE, key=first.key, version=first.version, fields={"inputs": wanted}
    )

    after = json.loads(receipt.raw)
    assert receipt.outcome is Outcome.DONE, receipt.message
    assert [(one["product"], one["quantity"]) for one in after["inputs"]] == [(products[9], "5"), (products[12], "1")]
    assert after["inputs"][0]["id"] == before["inputs"][0]["id"]
    assert (after["product"], after["quantity"]) == (products[11], "1")


def test_a_changed_component_is_a_change_of_its_bill(erp, tryton, people):
    key = str(tryton.facts["boms"][2])
    cursor = newest_cursor(erp, "production.bom")
    one = int(read(erp, "production.bom", key)[1]["inputs"][0]["id"])

    people.on("production.bom.input.write", [one], {"quantity": 2.0})

    assert key in changed(erp, "production.bom", cursor)


def test_work_centres_and_routings_are_shown(erp, tryton):
    hall, bench = map(str, tryton.facts["work_centres"])

    _, found = read(erp, "production.work.center", bench)
    _, routing = read(erp, "production.routing", str(tryton.facts["routing"][0]))

    assert (found["name"], found["parent"], found["category"], found["warehouse"]) == (
        "Bench 1",
        hall,
        "Assembly",
        "WH",
    )
    assert [one["name"] for one in routing["steps"]] == ["Assemble", "Test"]
    assert routing["boms"] == [str(tryton.facts["boms"][0])]


# --- opportunities ------------------------------------------------------------------


@pytest.fixture
def chance(erp, customer, products):
    lines = [{"sequence": 10, "product": products[0], "quantity": "3"}]
    fields = {"party": customer, "amount": "99.5", "conversion_probability": "0.25", "lines": lines}
    receipt = write_one(erp, "sale.opportunity", Op.CREATE, marker="", fields=fields)
    assert receipt.outcome is Outcome.DONE, receipt.message
    return receipt


def test_a_new_opportunity_has_what_the_form_would_have_filled_in(chance):
    shown = json.loads(chance.raw)

    assert (shown["state"], shown["currency"], shown["amount"]) == ("lead", "EUR", "99.5")
    assert shown["number"]
    assert shown["employee"]
    assert shown["payment_term"]
    assert [(line["unit"], line["quantity"]) for line in shown["lines"]] == [("u", "3")]


def test_an_opportunity_is_won_by_the_sale_that_is_made_from_it(erp, people, chance):
    converted = write_one(erp, "sale.opportunity", Op.UPDATE, key=chance.key, fields={"state": "converted"})
    refused = write_one(erp, "sale.opportunity", Op.UPDATE, key=chance.key, fields={"state": "won"})
    [sale] = json.loads(converted.raw)["sales"]
    cursor = newest_cursor(erp, "sale.opportunity")

    people.move_sale(int(sale["id"]), "quote", "confirm")

    assert refused.outcome is Outcome.REFUSED
    assert "Confirm the sale" in refused.message
    assert chance.key in changed(erp, "sale.opportunity", cursor)
    assert read(erp, "sale.opportunity", chance.key)[1]["state"] == "won"


def test_a_lost_opportunity_keeps_its_reason_and_may_be_opened_again(erp, chance):
    lost = write_one(erp, "sale.opportunity", Op.UPDATE, key=chance.key, fields={"state": "lost"})
    told = write_one(erp, "sale.opportunity", Op.UPDATE, key=chance.key, fields={"lost_reason": "Too dear"})
    frozen = write_one(erp, "sale.opportunity", Op.UPDATE, key=chance.key, fields={"amount": "1"})
    again = write_one(erp, "sale.opportunity", Op.UPDATE, key=chance.key, fields={"state": "lead"})

    assert (lost.outcome, told.outcome, again.outcome) == (Outcome.DONE,) * 3
    assert json.loads(told.raw)["lost_reason"] == "Too dear"
    assert frozen.outcome is Outcome.REFUSED
    assert json.loads(again.raw)["state"] == "lead"


def test_an_opportunity_without_a_party_is_a_lead(erp):
    receipt = write_one(erp, "sale.opportunity", Op.CREATE, fields={"description": "Somebody called"})

    assert receipt.outcome is Outcome.DONE, receipt.message
    assert json.loads(receipt.raw)["party"] is None
