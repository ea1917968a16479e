"""What a rule cleans is an edit of its own: told, delivered, taken back, and never done twice to one value."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.app import operations
from tests.integration.fakes import World, agreed, customer, world
from tests.integration.test_quality_rules import with_rules


@pytest.fixture
def tidy(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, with_rules('clean: {name: "spaces | trim", email: lower}\n')) as made:
        yield made


def test_an_unclean_value_is_cleaned_everywhere_by_a_rule(tidy: World):
    ((crm, erp),) = agreed(tidy, 1)
    tidy.crm.edit("customers", crm, name="  Big   Company ", city="Rome")

    operations.sync(tidy.hub)

    assert tidy.crm.show("customers", crm)["name"] == "Big Company"
    assert tidy.erp.show("partners", erp)["label"] == "Big Company"
    why = operations.why(tidy.hub, f"client:crm:{crm}.name")
    told = next(one for one in why.happenings if one.kind == "changed")
    assert (told.before, told.after) == ("  Big   Company ", "Big Company")
    assert told.text == "cleaned by rule: clean name"
    assert operations.verify(tidy.hub).good
    operations.sync(tidy.hub, full=True)
    assert operations.status(tidy.hub).runs[0].accounts[0].intended == 0


def test_a_new_record_is_created_clean(tidy: World):
    crm = tidy.crm.create("customers", customer(7, name=" New  One"))

    operations.sync(tidy.hub, approved=True)

    assert [row.fields["label"] for row in tidy.erp.table("partners").values()] == ["New One"]
    assert tidy.crm.show("customers", crm)["name"] == "New One"


def test_a_plan_shows_what_would_be_cleaned(tidy: World):
    ((crm, _),) = agreed(tidy, 1)
    tidy.crm.edit("customers", crm, name="A  B")

    plan = operations.plan(tidy.hub)

    told = {(item.system, one.field): (one.before, one.after, one.reason) for item in plan.items for one in item.fields}
    assert told["crm", "name"] == ("A  B", "A B", "cleaned by rule: clean name")
    assert tidy.crm.show("customers", crm)["name"] == "A  B"
    operations.apply(tidy.hub, plan.id)
    assert tidy.crm.show("customers", crm)["name"] == "A B"


def test_undo_brings_the_value_back_and_it_is_not_cleaned_again(tidy: World):
    ((crm, erp),) = agreed(tidy, 1)
    tidy.crm.edit("customers", crm, name="A  B")
    report = operations.sync(tidy.hub)

    undone = operations.undo(tidy.hub, report.run + 1, send=True)

    assert [(row.field, row.before, row.after) for row in undone.rows] == [("name", "A  B", "A B")]
    operations.sync(tidy.hub, full=True)
    assert tidy.crm.show("customers", crm)["name"] == "A  B"
    assert tidy.erp.show("partners", erp)["label"] == "A  B"
    tidy.crm.edit("customers", crm, name="C  D")
    operations.sync(tidy.hub)
    assert tidy.crm.show("customers", crm)["name"] == "C D"


def test_a_value_that_a_person_sets_back_in_a_system_stays(tidy: World):
    ((crm, erp),) = agreed(tidy, 1)
    tidy.crm.edit("customers", crm, name="A  B")
    operations.sync(tidy.hub)
    tidy.crm.edit("customers", crm, name="A  B")

    operations.sync(tidy.hub)
    operations.sync(tidy.hub, full=True)

    assert tidy.crm.show("customers", crm)["name"] == "A  B"
    assert tidy.erp.show("partners", erp)["label"] == "A  B"


def test_a_field_in_conflict_is_left_to_the_person(tidy: World):
    ((crm, erp),) = agreed(tidy, 1)
    tidy.crm.edit("customers", crm, email="UP@example.com")
    tidy.erp.edit("partners", erp, mail="other@example.com")

    operations.sync(tidy.hub)

    assert len(operations.conflicts(tidy.hub)) == 1


def test_without_rules_nothing_is_cleaned(tmp_path: Path):
    with world(tmp_path) as made:
        ((crm, _),) = agreed(made, 1)
        made.crm.edit("customers", crm, name="A  B")
        operations.sync(made.hub)

        assert made.crm.show("customers", crm)["name"] == "A  B"


def test_what_a_crash_left_unclean_is_cleaned_by_the_next_run(tidy: World, monkeypatch: pytest.MonkeyPatch):
    ((crm, _),) = agreed(tidy, 1)
    tidy.crm.edit("customers", crm, name="A  B")
    point = tidy.env.point

    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        point(name)
        if name == "clean.before_commit":
            raise Killed

    monkeypatch.setattr(tidy.env, "point", die)
    with pytest.raises(Killed):
        operations.sync(tidy.hub)
    monkeypatch.setattr(tidy.env, "point", point)

    operations.sync(tidy.hub)

    assert tidy.crm.show("customers", crm)["name"] == "A B"
