"""References that go in a circle in one system: every record is taken, and the circle is closed everywhere."""

from collections.abc import Iterator

import pytest

from syncline.app import operations
from syncline.errors import RejectedError
from tests.integration.test_agreement_reads import TREE
from tests.integration.world import CUSTOMERS, PAGE, World, customer

COUPLES = (
    CUSTOMERS.replace("since: since, street: street", 'since: since, first: "contact | ref(person)", street: street')
    .replace("since: since, street: road", 'since: since, first: "person | ref(person)", street: road')
    .replace("lines: {each: lines, key: no, map: {no: no, qty: qty, text: text}}", "number: number")
    .replace("lines: {each: rows, key: no, map: {no: no, qty: qty, text: text}}", "number: number")
    + """\
  contacts:
    entity: person
    own: {"*": latest}
    required: [account]
    match: [[mail]]
    systems:
      crm: {resource: people, map: {mail: mail, account: "account | ref(client)"}}
      erp: {resource: persons, map: {mail: mail, account: "partner | ref(client)"}}
"""
)


@pytest.fixture
def tree() -> Iterator[World]:
    made = World(TREE)
    yield made
    made.close()


def heads(world: World) -> dict[object, object]:
    """Tax number -> tax number of the parent, as the ERP shows them."""
    partners = world.erp.live("partners")
    return {row["vat"]: partners[str(row["head"])]["vat"] if row.get("head") else None for row in partners.values()}


def test_two_records_of_one_page_that_refer_to_each_other_are_both_taken(tree):
    tree.crm.add("customers", **customer(1), parent="C2")
    tree.crm.add("customers", **customer(2), parent="C1")
    tree.rest()

    assert heads(tree) == {"T1": "T2", "T2": "T1"}


def test_a_record_that_refers_to_itself_is_taken(tree):
    tree.crm.add("customers", **customer(1), parent="C1")
    tree.rest()

    assert heads(tree) == {"T1": "T1"}


def test_a_circle_over_several_pages_is_taken_with_what_hangs_on_it(tree):
    last = 2 * PAGE + 1
    for number in range(1, last):
        tree.crm.add("customers", **customer(number), parent=f"C{number + 1}")
    tree.crm.add("customers", **customer(last), parent="C1")
    tree.crm.add("customers", **customer(last + 1), parent="C1")
    tree.rest()

    circle = {f"T{number}": f"T{number + 1}" for number in range(1, last)} | {f"T{last}": "T1"}
    assert heads(tree) == circle | {f"T{last + 1}": "T1"}


def test_a_plan_shows_a_circle_whole(tree):
    tree.sync()
    tree.crm.add("customers", **customer(1), parent="C2")
    tree.crm.add("customers", **customer(2), parent="C1")
    tree.clock.sleep(60)
    hub = tree.open()
    operations.apply(hub, operations.plan(hub).id)

    assert heads(tree) == {"T1": "T2", "T2": "T1"}


def test_a_circle_of_records_that_exist_on_both_sides_is_linked_and_nothing_is_written(tree):
    for number, other in ((1, 2), (2, 1)):
        tree.crm.add("customers", **customer(number), parent=f"C{other}")
        row = {"label": f"Company {number}", "tel": f"+49 {number}", "mail": f"{number}@example.com"}
        tree.erp.add("partners", **row, vat=f"T{number}", head=f"E{other}")
    tree.rest()

    assert tree.written == 0
    assert heads(tree) == {"T1": "T2", "T2": "T1"}


def test_a_reference_that_is_not_read_yet_is_not_written_over(tree):
    first = tree.crm.add("customers", **customer(1))
    tree.rest()
    third = tree.erp.add("partners", label="Company 3", vat="T3", head="E3")
    tree.erp.add("partners", label="Company 4", vat="T4", head="E2")
    tree.crm.add("customers", name="Company 3", tax="T3", parent=first)
    read = iter([""])

    def unreadable(what: str) -> str:
        """Each is read once, without its parent, and not again."""
        if what == "get" and next(read, "no") == "no":
            raise RejectedError("it cannot be shown", cure="Look at it.")
        return ""

    tree.erp.read_fault = unreadable
    tree.sync()
    before = tree.erp.show("partners", third)["head"]
    tree.erp.read_fault = lambda _what: ""
    tree.rest()

    assert before == "E3"
    assert [one.kept for one in operations.conflicts(tree.open(), every=True) if one.field == "parent"]


def test_a_circle_between_two_entity_types_is_broken_at_the_reference_that_may_be_empty():
    couples = World(COUPLES)
    couples.crm.add("customers", **customer(1), contact="C2")
    couples.crm.add("people", mail="ada@example.com", account="C1")
    couples.rest()

    [(partner, company)] = couples.erp.live("partners").items()
    [(person, fields)] = couples.erp.live("persons").items()
    assert (company["person"], fields["partner"]) == (person, partner)
    couples.close()
