"""Creates under a condition, as they are written: what is read, and each way to write one that could never hold."""

import pytest

from syncline.model.flow import Condition
from tests.unit.config.project import ORDERS, SMALL, changed, load, problem


def per_flow(condition: str) -> str:
    return changed("    match:", f"    creates: {{erp: {{when: {condition}}}}}\n    match:")


def test_a_condition_names_fields_and_their_values(tmp_path):
    crm, erp = load(tmp_path, per_flow("{phone: [a, b], tax_id: c}")).flow("customers").flow.sides

    assert (crm.creates, crm.creates_when) == (True, ())
    assert erp.creates
    assert erp.creates_when == (Condition(field="phone", values=("a", "b")), Condition(field="tax_id", values=("c",)))


def test_a_condition_can_stand_with_its_system(tmp_path):
    text = changed("resource: party.party", "resource: party.party\n        creates: {when: {name: x}}")

    erp = load(tmp_path, text).flow("customers").flow.sides[1]

    assert erp.creates_when == (Condition(field="name", values=("x",)),)


def test_where_nothing_is_written_no_condition_has_a_meaning(tmp_path):
    text = changed("resource: party.party", "resource: party.party\n        direction: from", per_flow("{name: x}"))

    assert not load(tmp_path, text).flow("customers").flow.sides[1].creates


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("{fone: x}", "fone is no field of this flow"),
        ("{payment_terms: x}", "only erp has payment_terms"),
        ("{name: []}", "no value is named"),
        ("{credit_limit: 12.50}", "input should be a valid string"),
        ("{credit_limit: '12.50'}", "12.50: it is not written as a number such as 12.5"),
        ("{}", "at least 1 item"),
        ("[name]", "valid dictionary"),
    ],
)
def test_a_condition_that_can_never_hold_is_a_problem_at_its_place(tmp_path, condition, what):
    found = problem(tmp_path, per_flow(condition))

    assert what in found.what
    assert "creates" in found.what
    assert found.line == 10


def test_a_condition_on_what_refers_to_other_records_is_refused(tmp_path):
    text = changed("entity: order", "entity: order\n    creates: {erp: {when: {customer: '7'}}}", SMALL + ORDERS)

    assert "customer refers to other records" in problem(tmp_path, text).what
