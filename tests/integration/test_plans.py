"""A plan says what a run would write; applying it writes exactly that, or nothing."""

import pytest

from syncline.app import operations
from syncline.errors import SetupError, StalePlanError
from syncline.model.page import Item
from tests.integration.fakes import World, agreed, customer


def writes(acme: World) -> int:
    return len(acme.crm.writes) + len(acme.erp.writes)


def test_a_plan_writes_to_no_system(acme: World):
    acme.crm.create("customers", customer(1))

    plan = operations.plan(acme.hub)

    assert plan.counts == {"create": 1}
    assert writes(acme) == 0


def test_a_plan_tells_the_field_both_values_and_where_the_edit_was_made(acme: World):
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 99")

    (item,) = operations.plan(acme.hub).items

    (diff,) = item.fields
    assert (item.system, item.key, item.op) == ("erp", erp, "update")
    assert (diff.field, diff.before, diff.after, diff.reason) == ("phone", "+49 1", "+49 99", "edited in crm")


def test_a_plan_tells_that_a_value_is_put_back_and_who_owns_it(acme: World):
    ((crm, _erp),) = agreed(acme)
    acme.crm.edit("customers", crm, limit=60_000)

    (item,) = operations.plan(acme.hub).items

    (diff,) = item.fields
    assert (item.system, diff.before, diff.after) == ("crm", 60_000, 1)
    assert diff.reason == "owned by erp, put back"


def test_applying_a_plan_writes_what_it_said(acme: World):
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 99")
    plan = operations.plan(acme.hub)
    before = writes(acme)

    report = operations.apply(acme.hub, plan.id)

    assert acme.erp.show("partners", erp)["tel"] == "+49 99"
    assert writes(acme) == before + 1
    assert [account.sent for account in report.accounts if account.sent] == [{"acknowledged": 1}]


def test_a_plan_is_refused_when_the_same_field_was_edited_since(acme: World):
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 99")
    plan = operations.plan(acme.hub)
    acme.erp.edit("partners", erp, tel="+49 77")
    before = writes(acme)

    with pytest.raises(StalePlanError, match=r"Company 1 \(client, to erp\)"):
        operations.apply(acme.hub, plan.id)

    assert writes(acme) == before


def test_a_plan_is_refused_when_another_record_would_be_written_as_well(acme: World):
    first, second = agreed(acme, 2)
    acme.crm.edit("customers", first[0], phone="+49 99")
    plan = operations.plan(acme.hub)
    acme.crm.edit("customers", second[0], phone="+49 98")

    with pytest.raises(StalePlanError, match="Company 2"):
        operations.apply(acme.hub, plan.id)

    assert acme.erp.show("partners", first[1])["tel"] == "+49 1"


def test_a_plan_is_refused_when_a_system_cannot_be_asked(acme: World):
    ((crm, _erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 99")
    plan = operations.plan(acme.hub)
    acme.crm.reachable = False

    with pytest.raises(StalePlanError, match="cannot be checked"):
        operations.apply(acme.hub, plan.id)


def test_an_applied_plan_is_not_applied_again(acme: World):
    ((crm, _erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 99")
    plan = operations.plan(acme.hub)
    run = operations.apply(acme.hub, plan.id).run

    with pytest.raises(SetupError, match=f"was applied already, by run {run}"):
        operations.apply(acme.hub, plan.id)


def test_an_edit_made_while_a_plan_is_applied_is_not_part_of_it(acme: World):
    first, second = agreed(acme, 2)
    acme.crm.edit("customers", first[0], phone="+49 99")
    plan = operations.plan(acme.hub)

    def meanwhile(_item: Item) -> None:
        acme.crm.edit("customers", second[0], phone="+49 98")

    acme.erp.before_write = meanwhile
    operations.apply(acme.hub, plan.id)

    assert acme.erp.show("partners", first[1])["tel"] == "+49 99"
    assert acme.erp.show("partners", second[1])["tel"] == "+49 2"


def test_what_follows_from_an_edit_met_on_the_way_waits_for_the_next_plan(acme: World):
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 99")
    plan = operations.plan(acme.hub)
    before = len(acme.crm.writes)

    def meanwhile(_item: Item) -> None:
        if acme.erp.show("partners", erp)["tel"] == "+49 1":
            acme.erp.edit("partners", erp, tel="+49 77")

    acme.erp.before_write = meanwhile
    operations.apply(acme.hub, plan.id)

    assert len(acme.crm.writes) == before
    assert acme.erp.show("partners", erp)["tel"] == "+49 77"
    (item,) = operations.plan(acme.hub).items
    assert (item.system, item.fields[0].after) == ("crm", "+49 77")


def test_a_large_plan_says_that_it_is_held_and_applying_it_is_the_approval(acme: World):
    for number in range(130):
        acme.crm.create("customers", customer(number))

    plan = operations.plan(acme.hub)

    assert "130 creations in erp" in plan.held[0]
    assert (len(plan.items), plan.more, plan.counts) == (100, 30, {"create": 130})
    operations.apply(acme.hub, plan.id)
    assert len(acme.erp.table("partners")) == 130


def test_an_item_that_is_not_shown_can_make_a_plan_stale(acme: World):
    keys = [acme.crm.create("customers", customer(number)) for number in range(130)]
    plan = operations.plan(acme.hub)
    assert "Company 129" not in {item.label for item in plan.items}
    acme.crm.edit("customers", keys[129], city="Rome")

    with pytest.raises(StalePlanError, match="Company 129"):
        operations.apply(acme.hub, plan.id)


def test_a_saved_plan_can_be_looked_at_again(acme: World):
    acme.crm.create("customers", customer(1))
    plan = operations.plan(acme.hub)

    assert operations.load_plan(acme.hub, plan.id) == plan
    assert operations.status(acme.hub).waiting_plans == (plan.id,)


def test_an_unknown_plan_or_flow_is_refused_with_a_cure(acme: World):
    with pytest.raises(SetupError, match="Make one with: syncline plan"):
        operations.apply(acme.hub, "beef")
    with pytest.raises(SetupError, match="Flows are: customers"):
        operations.plan(acme.hub, ["costumers"])
