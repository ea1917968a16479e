"""What Tryton says of its fields names everything that a mapping can name, so that a check finds wrong names alone."""

import pytest

from syncline.connectors.systems.tryton.reading import schema_of
from syncline.connectors.systems.tryton.resources import RESOURCES
from tests.unit.connectors.tryton.fake_tryton import FakeWire, session_on

_OURS = {"stock.level", "party.supplier"}  #: put together by readers of their own
_OF_TRYTON = [each for each in RESOURCES.values() if each.name not in _OURS]


@pytest.mark.parametrize("resource", _OF_TRYTON, ids=lambda each: each.name)
def test_every_name_of_a_record_has_a_type(resource):
    described = {each.target: {"type": "char"} for each in resource.fields}
    inner = {
        each.model: {one.target: {"type": "char"} for one in each.fields} for each in resource.collections if each.model
    }
    models = {resource.model: described, **inner}
    wire = FakeWire(**{f"model.{model}.fields_get": fields for model, fields in models.items()})

    types = schema_of(session_on(wire), resource)

    parts = [*resource.fields, *resource.picked, *resource.firsts, *resource.collections, *resource.uses]
    assert {each.name for each in parts} <= types.keys()
    assert all(types[each.name] == "object" for each in resource.uses)
