"""A mapping of a canonical entity is held to its definition: fields, kinds, references, lines, cases."""

import subprocess
import sys

import pytest

from syncline.errors import ConfigProblem
from tests.unit.config.project import SMALL, changed, load, problem, problems, write

ORDERS = """
  products:
    entity: product
    match: [[sku]]
    systems:
      crm: {resource: products, map: {sku: sku, name: name}}
      erp: {resource: items, map: {sku: code, name: label}}
  orders:
    entity: sales_order
    systems:
      crm:
        resource: orders
        map:
          number: number
          customer: "customer_id | ref(customer)"
          ordered_on: "ordered_on | date"
          state: "state | enum(a: open, b: shipped)"
          total: "total | decimal(2)"
          complete_only: "whole | boolean"
          tags: "labels | list"
          delay_days: "late | integer"
          lines:
            each: rows
            key: number
            map: {number: no, product: "item | ref(product)", quantity: "qty | decimal(3)", x_shelf: shelf}
      erp:
        resource: sales
        map:
          number: number
          customer: "party | ref(customer)"
          lines: {each: lines, key: number, map: {number: seq, product: "product | ref(product)"}}
"""
SHOP = SMALL + ORDERS


def with_field(old: str, new: str) -> str:
    return changed(old, new, SHOP)


def told(found: ConfigProblem, text: str, at: str) -> None:
    """The problem points at the first `at` of the text."""
    before = text[: text.index(at)]
    assert (found.line, found.column) == (before.count("\n") + 1, len(before) - before.rfind("\n"))


def test_an_entity_of_the_glossary_is_read(tmp_path):
    project = load(tmp_path, SHOP)

    assert [one.flow.entity for one in project.flows] == ["customer", "product", "sales_order"]
    assert project.flow("orders").flow.lines == {"lines"}


def test_a_field_that_the_entity_does_not_have_is_told_with_its_place_and_two_cures(tmp_path):
    text = changed("map: {name: name, phone: phone, tax_id: tax_id", "map: {name: name, fone: tel, tax_id: tax_id")
    found = next(one for one in problems(tmp_path, text) if "fone" in one.what)

    told(found, text, "fone: tel")
    assert found.what == "flows.customers.systems.crm.map: customer has no field fone."
    assert found.cure == "Did you mean `phone`? A field of your own begins with x_: `x_fone`."


def test_a_field_like_no_other_is_told_how_to_be_carried(tmp_path):
    found = problem(tmp_path, changed("payment_terms: terms}", "favourite_colour: terms}"))

    assert found.cure == "A field of your own begins with x_: `x_favourite_colour`."


def test_a_project_may_add_fields_and_entities_of_its_own(tmp_path):
    text = changed("payment_terms: terms}", "x_colour: 'colour | integer', x_at: \"at | instant\"}")
    project = load(tmp_path, text.replace("entity: customer", "entity: spaceship").replace("name: name", "hull: name")
                   .replace("score: [name, phone]", "score: [hull, phone]"))  # fmt: skip

    assert project.flows[0].flow.entity == "spaceship"
    assert [field.name for field in load(tmp_path, text).flows[0].flow.fields][-2:] == ["x_colour", "x_at"]


def test_the_place_in_a_file_of_its_own_is_told(tmp_path):
    text = changed("map: {name: name, phone: phone, tax_id: vat", "map: maps/erp.yaml\n      #")
    found = next(
        one
        for one in problems(
            tmp_path, text, maps__erp="name: name\nphone: phone\nvat: vat\ntax_id: x\ncredit_limit: y\n"
        )
        if "vat" in one.what
    )

    assert (found.file, found.line, found.column) == ("maps/erp.yaml", 3, 1)


#: what is replaced, by what, the text that the problem points at, what is said, and the cure
WRONG = {
    "a date that is a moment": (
        '"ordered_on | date"', '"ordered_on | instant"', "ordered_on: ",
        "ordered_on of sales_order is of the kind `date`, and its converter gives the kind `instant`", "`| date`",
    ),
    "a date that is any text": (
        '"ordered_on | date"', '"day | trim"', "ordered_on: ", "gives the kind `text`", "`| date`",
    ),
    "an amount that is whole": ('"total | decimal(2)"', '"total | integer"', "total: ", "money", "`| decimal`"),
    "an amount that is text": (
        '"total | decimal(2)"', '"total | trim"', "total: ", "gives the kind `text`", "`x_total`",
    ),
    "a state that is none": (
        "b: shipped)", "b: sent)", "state: ", "`sent` is not: it is none of draft, open,", "enum(theirs: ours",
    ),
    "a fixed state that is none": (
        '"state | enum(a: open, b: shipped)"', "const(new)", "state: ", "`new` is not", "draft, open",
    ),
    "a truth that is text": ('"whole | boolean"', '"whole | trim"', "complete_only", "yes or no", "`| boolean`"),
    "a truth of words": ('"whole | boolean"', '"w | enum(J: yes)"', "complete_only", "neither true nor", "boolean"),
    "a set that is text": ('"labels | list"', '"labels | json"', "tags: ", "set of texts", "`| list`"),
    "a whole number of text": ('"late | integer"', '"late | decimal"', "delay_days", "whole number", "`| integer`"),
    "a joined text": ('"late | integer"', '"concat(a, b)"', "delay_days", "gives the kind `text`", "`| integer`"),
    "a reference to something else": (
        '"customer_id | ref(customer)"', '"customer_id | ref(product)"', 'customer: "customer_id',
        "customer of sales_order is a reference to customer", "`| ref(customer)`",
    ),
    "a reference that is a plain value": (
        '"customer_id | ref(customer)"', '"customer_id"', 'customer: "customer_id',
        "is a reference to customer", "`x_customer` may hold anything",
    ),
    "a plain value that is a reference": (
        '"ordered_on | date"', '"a | ref(customer)"', "ordered_on: ", "is no reference", "Take `ref(customer)` away",
    ),
    "lines that are a value": (
        "{each: lines, key: number, map: {number: seq, product: \"product | ref(product)\"}}", "lines", "lines: lines",
        "lines of sales_order are lines", "key: number",
    ),
    "a value that is lines": (
        'total: "total | decimal(2)"', "total: {each: t, key: n, map: {n: n}}", "total: ", "is one value, not lines",
        "path in the record",
    ),
    "a field that its lines do not have": (
        'quantity: "qty | decimal(3)"', "quantty: qty", "quantty", "lines of sales_order has no field quantty",
        "`quantity`",
    ),
    "a line's reference to something else": (
        '"item | ref(product)"', '"item | ref(customer)"', 'product: "item', "is a reference to product",
        "ref(product)",
    ),
    "a line's amount that is a truth": (
        '"qty | decimal(3)"', '"qty | boolean"', 'quantity: "qty', "gives the kind `yes or no`", "decimal",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_a_mapping_that_cannot_give_its_field_is_told(tmp_path, case):
    old, new, at, what, cure = case
    text = with_field(old, new)
    found = problem(tmp_path, text)

    told(found, text, at)
    assert what in found.what
    assert cure in found.cure


#: converters that give what a field of the entity holds, and texts that may be anything
RIGHT = [
    ('"ordered_on | date"', "ordered_on"), ('"ordered_on | date"', "\"ordered_on | date('DD.MM.YYYY')\""),
    ('"ordered_on | date"', "\"day | date | empty('')\""), ('"total | decimal(2)"', '"total | minor(2)"'),
    ('"total | decimal(2)"', '"total | number | scale(0.01)"'),
    ('"total | decimal(2)"', '"total | decimal | default(0)"'),
    ('"whole | boolean"', '"whole | enum(J: true, N: false)"'), ('"whole | boolean"', "const(true)"),
    ('"late | integer"', '"late | enum(a: 1, b: 2)"'), ('"labels | list"', "\"labels | tags(';')\""),
    ("number: number\n          customer: \"customer_id", "number: 'no | integer'\n          customer: \"customer_id"),
    ('"state | enum(a: open, b: shipped)"', '"state | lower"'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), RIGHT)
def test_a_mapping_that_gives_its_field_is_read(tmp_path, old, new):
    assert load(tmp_path, with_field(old, new)).flow("orders").flow.entity == "sales_order"


def test_what_a_converter_of_the_project_gives_is_believed_unless_it_says_so(tmp_path):
    text = with_field('"total | decimal(2)"', '"total | worth"')
    program = """
from syncline.mapping import Converter, ConverterSpec
from syncline.model.definitions import Kind
CONVERTERS = [ConverterSpec(name="worth", summary=".", example="a | worth", build=lambda _: Converter(get=str){gives})]
"""
    (tmp_path / "converters.py").write_text(program.replace("{gives}", ""))
    load(tmp_path, text)
    (tmp_path / "converters.py").write_text(program.replace("{gives}", ", gives=Kind.DATE"))

    assert "its converter gives the kind `date`" in problem(tmp_path, text).what


def test_lines_have_one_key_in_all_systems(tmp_path):
    text = changed("{each: lines, key: number, map: {number: seq,", "{each: lines, key: x_id, map: {x_id: seq,", SHOP)
    found = problem(tmp_path, text)

    assert found.what.endswith("the lines of sales_order have different keys: number in crm, x_id in erp.")
    assert found.cure == "Use one for all, such as key: number."


ADDRESS = changed(
    "{name: name, phone: phone, tax_id: tax_id,", "{name: name, phone: phone, tax_id: tax_id, street: s, city: c,",
    changed("{name: name, phone: phone, tax_id: vat,", "{name: name, phone: phone, tax_id: vat, street: s, city: c,"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "noted"),
    [
        ("phone: latest", "phone: latest", False),  # all of it comes from the CRM
        ("phone: latest", "phone: latest, city: latest", True),
        ("phone: latest", "phone: latest, city: {owner: erp}", True),
        ("    match:", "    groups: {place: [street, city]}\n    match:", False),
        ("phone: latest}", "phone: latest, place: latest}\n    groups: {place: [street, city]}", False),
    ],
)
def test_it_is_noted_where_two_systems_may_make_half_an_address_each(tmp_path, old, new, noted):
    (flow,) = load(tmp_path, changed(old, new, ADDRESS)).flows

    assert any("groups: {billing_address: [street, city]}" in note for note in flow.notes) == noted


def test_the_values_of_a_case_are_those_of_the_entity(tmp_path):
    cases = """
        - name: a wrong day, a wrong state, and a wrong number of a line
          system: crm
          record: {}
          entity:
            number: A-1
            ordered_on: 01.03.2026
            state: sent
            total: "12.50"
            x_nothing: null
            lines: {"1": {number: 1, product: p1, quantity: 3, x_shelf: [1]}}
    """
    text = changed("    entity: sales_order", "    entity: sales_order\n    cases: cases.yaml", SHOP)
    found = [one for one in problems(tmp_path, text, cases=cases) if "x_nothing" not in one.what]

    assert [(one.file, one.line) for one in found] == [("cases.yaml", line) for line in (7, 8, 9, 11)]
    assert [one.what.split("`")[1] for one in found] == [
        "date", "word of a list", "money", "quantity",
    ]  # fmt: skip
    assert "`date` makes it" in found[0].cure


READ = """
import sys
from pathlib import Path
from syncline.config import load_project
from syncline.security import EnvSecrets
environ = {"CRM_URL": "http://crm.example", "SYNCLINE_SECRET_CRM_TOKEN": "x"}
load_project(Path(sys.argv[1]), environ=environ, secrets=EnvSecrets(environ))
print([name for name in sys.modules if name.startswith("syncline.model.entities.")])
"""


def test_only_the_definitions_that_a_project_uses_are_read(tmp_path):
    """Each costs a little, and a short pass should not pay for what it does not use."""
    asked = [sys.executable, "-c", READ, str(write(tmp_path, SMALL))]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "['syncline.model.entities.customers']"
