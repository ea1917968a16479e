"""A production is written with what Tryton's form shows, and with nothing else of it."""

import pytest

from syncline.connectors.systems.tryton.production_forms import ProductionForm
from syncline.errors import RejectedError
from tests.unit.connectors.tryton.fake_tryton import FakeWire, session_on

DEFAULTS = {
    "company": 1,
    "warehouse": 5,
    "warehouse.": {"rec_name": "WH"},
    "location": 9,
    "type": "assembly",
    "state": "draft",
}
MOVE = {
    "id": None, "product": 4, "product.": {"rec_name": "Part"}, "quantity": 10.0, "unit": 1, "from_location": 3,
    "to_location": 9, "company": 1, "currency": None, "unit_price": None, "state": "draft", "create_uid": 2,
}  # fmt: skip
KEPT = {"product", "quantity", "unit", "from_location", "to_location", "company", "currency", "unit_price"}


def form_on(bills=({"id": 1, "bom": 7},)):
    def exploded(form, changed, context):
        inputs = {"inputs": {"add": [[0, {**MOVE, "quantity": form["quantity"] * 2}]]}} if form["bom"] else {}
        return {**inputs, "unit": 1, "unit.": {"rec_name": "Unit"}}

    wire = FakeWire(**{
        "model.production.default_get": DEFAULTS,
        "model.production.on_change": exploded,
        "model.product.product-production.bom.search_read": list(bills),
    })  # fmt: skip
    return ProductionForm(session_on(wire)), wire


def test_the_usual_bill_is_exploded_and_only_what_a_move_needs_is_sent():
    form, _ = form_on()

    values = form.header({"product": 2, "quantity": 5.0})

    [[verb, [move]]] = values["inputs"]
    assert (verb, move["quantity"], set(move)) == ("create", 10.0, KEPT)
    assert (values["bom"], values["unit"], values["warehouse"]) == (7, 1, 5)
    assert not {"state", "warehouse.", "outputs"} & values.keys()


def test_a_bill_that_is_given_is_not_looked_for():
    form, wire = form_on()

    values = form.header({"product": 2, "quantity": 5.0, "bom": 8, "unit": 3})

    assert (values["bom"], values["unit"]) == (8, 3)
    assert "model.product.product-production.bom.search_read" not in wire.methods()


def test_a_product_without_a_bill_has_no_materials():
    form, _ = form_on(bills=())

    values = form.header({"product": 2, "quantity": 5.0})

    assert not {"inputs", "outputs", "bom"} & values.keys()


@pytest.mark.parametrize("given", [{}, {"product": 2}, {"quantity": 5.0}, {"product": None, "quantity": 5.0}])
def test_a_production_of_nothing_is_refused(given):
    form, _ = form_on()

    with pytest.raises(RejectedError, match="its product and its quantity"):
        form.header(given)


def test_another_quantity_replaces_the_materials_and_another_date_does_not():
    form, _ = form_on()
    row = {"id": 1, "product": 2, "bom": 7, "quantity": 5.0, "unit.": {"id": 1}, "inputs.": [{"id": 33}, {"id": 34}]}

    more = form.changed({"quantity": 6.0}, row)

    [gone, [verb, [move]]] = more["inputs"]
    assert (gone, verb, move["quantity"]) == (["delete", [33, 34]], "create", 12.0)
    assert more["outputs"] == []
    assert form.changed({"planned_date": None}, row) == {}


def test_another_product_takes_its_own_bill():
    form, _ = form_on(bills=({"id": 2, "bom": 12},))
    row = {"id": 1, "product": 2, "bom": 7, "quantity": 5.0, "unit": 1, "inputs.": []}

    assert form.changed({"product": 3}, row)["bom"] == 12
