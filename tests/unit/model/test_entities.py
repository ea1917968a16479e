"""Every canonical entity is well formed: its references, currencies, units, keys and groups exist."""

import re
import subprocess
import sys

import pytest

from syncline.model.definitions import FieldDefinition, Kind, is_extension
from syncline.model.entities import ENTITIES, definition

NAME = re.compile(r"[a-z][a-z0-9_]*")
UNITS = {"", "%", "d", "h", "min", "months"}
each_entity = pytest.mark.parametrize("entity", [definition(name) for name in ENTITIES], ids=ENTITIES)


def scopes(entity) -> list[tuple[str, tuple[FieldDefinition, ...]]]:
    """The entity's own fields, and those of each of its lines."""
    return [(entity.name, entity.fields), *((lines.name, lines.fields) for lines in entity.lines)]


def test_the_glossary_is_complete():
    assert set(ENTITIES) == {
        "customer", "contact", "interaction", "campaign", "opportunity", "service_case", "need",
        "product", "price", "bill_of_materials", "stock_level", "supplier", "purchase_order", "shipment",
        "work_order", "work_centre", "sales_order", "invoice",
    }  # fmt: skip


@each_entity
def test_an_entity_is_found_by_its_own_name(entity):
    assert definition(entity.name) is entity
    assert entity.meaning
    assert entity.standard.endswith(".")


@each_entity
def test_names_are_words_and_stand_once(entity):
    names = list(entity.names())
    assert len(set(names)) == len(names)

    for _, fields in scopes(entity):
        told = [one.name for one in fields]
        assert len(set(told)) == len(told)
        assert [name for name in told if not NAME.fullmatch(name) or is_extension(name)] == []


@each_entity
def test_every_field_says_what_it_means(entity):
    for _, fields in scopes(entity):
        assert [one.name for one in fields if not one.meaning or len(one.meaning) > 90] == []


@each_entity
def test_references_lead_to_entities(entity):
    references = [one for _, fields in scopes(entity) for one in fields if one.kind is Kind.REFERENCE]

    assert [one.name for one in references if one.of not in ENTITIES] == []


@each_entity
def test_an_amount_has_a_currency_and_a_quantity_a_unit(entity):
    measures = {Kind.MONEY: Kind.CURRENCY, Kind.QUANTITY: Kind.UNIT}
    for _, fields in scopes(entity):
        by_name = {one.name: one for one in (*entity.fields, *fields)}
        for one in fields:
            if one.kind in measures:
                assert by_name[one.of].kind is measures[one.kind], one.name


@each_entity
def test_only_a_choice_has_choices_and_only_a_number_a_unit(entity):
    for _, fields in scopes(entity):
        for one in fields:
            assert bool(one.choices) == (one.kind is Kind.CHOICE), one.name
            assert len(set(one.choices)) == len(one.choices)
            assert one.unit in UNITS
            assert not one.unit or one.kind in {Kind.INTEGER, Kind.DECIMAL}, one.name
            assert bool(one.of) == (one.kind in {Kind.REFERENCE, Kind.MONEY, Kind.QUANTITY}), one.name


@each_entity
def test_lines_are_named_by_a_field_that_is_never_null_and_means_the_same_everywhere(entity):
    for lines in entity.lines:
        key = lines.field(lines.key)
        assert key is not None
        assert not key.nullable
        assert key.kind is not Kind.REFERENCE, "each system has its own key of another entity"


@each_entity
def test_groups_name_fields_and_no_field_stands_in_two(entity):
    members = [name for names in entity.groups.values() for name in names]

    assert [name for name in members if entity.field(name) is None] == []
    assert len(set(members)) == len(members)
    assert set(entity.groups) & set(entity.names()) == set()


def test_what_is_asked_for_by_name_is_there():
    customer, order = definition("customer"), definition("sales_order")
    assert customer is not None
    assert order is not None

    assert customer.field("spaceship") is None
    assert customer.lines_of("lines") is None
    assert order.field("lines") is None
    assert order.lines_of("lines").field("promise_date").kind is Kind.DATE
    assert definition("spaceship") is None


def test_only_the_entities_of_a_project_are_loaded():
    asked = (
        "import sys; from syncline.model.entities import definition; definition('customer'); definition('none');"
        "print([name for name in sys.modules if name.startswith('syncline.model.entities.')])"
    )
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout

    assert told.strip() == "['syncline.model.entities.customers']"
