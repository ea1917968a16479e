"""The match stage shows what it found and asks where it is not sure; an answer is acted on by the next run."""

import pytest

from syncline.app import operations
from syncline.errors import SetupError
from syncline.model.report import Question
from tests.integration.fakes import World, customer


@pytest.fixture
def asked(acme: World) -> Question:
    """A partner of the ERP that is nearly a customer of the CRM."""
    acme.crm.create("customers", customer(1, name="Jade River Trading", city="Wuhan", tax_id=None))
    acme.erp.create("partners", {"label": "Jade River Traders Ltd", "town": "Wuhan", "vat": None, "credit": 1})
    operations.match(acme.hub)
    (question,) = operations.questions(acme.hub)
    return question


def test_a_match_counts_by_rule_and_writes_nothing(acme: World):
    for number in (1, 2, 3):
        acme.crm.create("customers", customer(number))
    acme.erp.create("partners", {"label": "Company 2", "town": "Bonn", "vat": "T2", "credit": 2})
    acme.erp.create("partners", {"label": "Alone", "town": "Oslo", "vat": "T9", "credit": 2})

    (report,) = operations.match(acme.hub)

    crm, erp = report.sides
    assert (crm.system, crm.records, crm.linked, crm.only_here, crm.created_in) == ("crm", 3, 1, 2, ("erp",))
    assert (erp.records, erp.linked, erp.only_here, erp.rules) == (2, 1, 1, {"by tax_id": 1})
    assert acme.crm.writes == acme.erp.writes == []


def test_a_second_match_counts_nothing_twice(acme: World):
    acme.crm.create("customers", customer(1))
    acme.erp.create("partners", {"label": "Company 1", "town": "Bonn", "vat": "T1", "credit": 2})
    operations.match(acme.hub)

    (report,) = operations.match(acme.hub)

    assert report.sides[1].rules == {"by tax_id": 1}


def test_a_question_shows_the_candidate_in_its_own_words(asked: Question):
    (candidate,) = asked.candidates

    assert (asked.system, asked.label) == ("erp", "Jade River Traders Ltd")
    assert candidate.label == "Jade River Trading"
    assert candidate.fields["city"] == "Wuhan"
    assert candidate.keys == {"crm": "C1"}


def test_the_answer_that_it_is_the_candidate_links_the_two(acme: World, asked: Question):
    operations.answer(acme.hub, "customers", "erp", asked.key, f"#{asked.candidates[0].eid}")

    operations.sync(acme.hub)

    assert operations.history(acme.hub, "client:C1").keys == {"crm": "C1", "erp": asked.key}
    assert operations.questions(acme.hub) == []
    assert (len(acme.crm.table("customers")), len(acme.erp.table("partners"))) == (1, 1)


def test_the_answer_that_it_is_new_creates_each_in_the_other_system(acme: World, asked: Question):
    operations.answer(acme.hub, "customers", "erp", asked.key, "new")

    operations.sync(acme.hub)

    assert operations.questions(acme.hub) == []
    assert (len(acme.crm.table("customers")), len(acme.erp.table("partners"))) == (2, 2)


def test_an_answer_that_names_nothing_is_refused(acme: World, asked: Question):
    with pytest.raises(SetupError, match="There is no client #99"):
        operations.answer(acme.hub, "customers", "erp", asked.key, "#99")
    with pytest.raises(SetupError, match="Nothing is asked about erp E9"):
        operations.answer(acme.hub, "customers", "erp", "E9", "new")

    (still,) = operations.questions(acme.hub)
    assert still.settled == ""


def test_an_entity_is_the_answer_for_one_record_alone(acme: World):
    acme.crm.create("customers", customer(1))
    for number in (1, 2):
        acme.erp.create("partners", {"label": f"Double {number}", "town": "Rome", "vat": "T1", "credit": 1})
    operations.match(acme.hub)
    first, second = operations.questions(acme.hub)
    operations.answer(acme.hub, "customers", "erp", first.key, "#1")

    with pytest.raises(SetupError, match=f"was the answer for erp {first.key}"):
        operations.answer(acme.hub, "customers", "erp", second.key, "#1")


@pytest.mark.usefixtures("asked")
def test_a_create_that_a_question_holds_back_is_not_counted_in_a_plan(acme: World):
    plan = operations.plan(acme.hub)

    assert (plan.counts, plan.waiting) == ({}, 1)
    assert plan.items[0].waits == "may be record E1 of erp: a person decides (syncline match)"
