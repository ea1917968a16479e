"""What Tryton says of its fields names everything that a mapping can name, so that a check finds wrong names alone."""

import pytest

from syncline.connectors.systems.tryton.reading import schema_of
from syncline.connectors.systems.tryton.resources import PARTY, PRODUCT, SALE
from tests.unit.connectors.tryton.fake_tryton import FakeWire, session_on


@pytest.mark.parametrize("resource", [PARTY, PRODUCT, SALE], ids=lambda each: each.model)
def test_every_name_of_a_record_has_a_type(resource):
    described = {each.target: {"type": "char"} for each in resource.fields}
    inner = {
        each.model: {one.target: {"type": "char"} for one in each.fields} for each in resource.collections if each.model
    }
    models = {resource.model: described, **inner}
    wire = FakeWire(**{f"model.{model}.fields_get": fields for model, fields in models.items()})

    types = schema_of(session_on(wire), resource)

    parts = [*resource.fields, *resource.picked, *resource.collections, *resource.uses]
    assert {each.name for each in parts} <= types.keys()
    assert all(types[each.name] == "object" for each in resource.uses)
