"""Drift counts every field once, by one cause; nothing hides, and repair makes the unexplained go away."""

import pytest

from syncline.app import operations
from syncline.engine.people import with_delta
from syncline.errors import SetupError
from syncline.merging import Shadow
from syncline.model.report import DriftCount, DriftRow
from syncline.model.state import Stream
from tests.integration.fakes import World, agreed

ERP = Stream("erp", "client")


def only(acme: World) -> DriftRow:
    (row,) = operations.drift(acme.hub)
    return row


def test_systems_in_agreement_do_not_differ(acme: World):
    agreed(acme, 4)

    row = only(acme)

    assert row.total == DriftCount(fields=24, equal=24)
    assert (row.left, row.right, row.records, row.by_field) == ("crm", "erp", 4, {})
    assert row.verified_through > 0


def test_every_cause_is_counted_and_they_add_up(acme: World):
    first, second, third, fourth, _fifth = agreed(acme, 5)
    acme.crm.edit("customers", first[0], email="a@example.com")
    acme.erp.edit("partners", first[1], mail="b@example.com")
    acme.crm.edit("customers", second[0], phone="refused")
    acme.erp.refuses = lambda fields: "bad number" if fields.get("tel") == "refused" else ""
    operations.sync(acme.hub)
    acme.crm.edit("customers", third[0], city="Rome", phone="+49 33")
    operations.plan(acme.hub)
    lose(acme, fourth[1], "city", "Atlantis")

    row = only(acme)

    assert row.total == DriftCount(fields=30, equal=25, conflict=1, parked=1, in_flight=2, unexplained=1)
    assert row.total.fields == row.total.equal + 1 + 1 + 2 + 1
    assert row.by_field["city"] == DriftCount(fields=5, equal=3, in_flight=1, unexplained=1)
    assert row.unexplained == (f"client:{fourth[1]}.city",)


def lose(acme: World, key: str, field: str, shows: str) -> None:
    """A shadow that says another value than canon, while no write is planned: what must never happen."""
    bound = acme.hub.of_entity("client")
    link = acme.hub.store.links(ERP, [key])[key]
    position = bound.position(field)
    canon = "Bonn"
    with acme.hub.store.transaction() as tx:
        tx.update_links(ERP, [with_delta(link, {position: Shadow(canon, shows, 1)})])
    acme.erp.edit("partners", key, town=shows)


def test_a_write_that_waits_for_long_is_blocked_and_no_longer_in_flight(acme: World):
    ((crm, _erp),) = agreed(acme)
    acme.crm.edit("customers", crm, city="Rome")
    operations.plan(acme.hub)
    assert only(acme).total.in_flight == 1

    acme.env.sleep(301)

    assert only(acme).total == DriftCount(fields=6, equal=5, blocked=1)


def test_a_record_that_a_system_lacks_counts_with_all_its_fields(acme: World):
    agreed(acme)
    acme.crm.create("customers", {"name": "New", "city": "Bonn", "limit": 1})
    operations.plan(acme.hub)

    row = only(acme)

    assert row.records == 2
    assert row.total.in_flight == 3
    assert row.total.fields == 12


def test_repair_makes_the_unexplained_go_away(acme: World):
    ((_crm, erp),) = agreed(acme)
    lose(acme, erp, "city", "Atlantis")

    (row,) = operations.drift(acme.hub, repair=True)

    assert row.repaired == 1
    assert row.total == DriftCount(fields=6, equal=6)
    assert acme.erp.show("partners", erp)["town"] == acme.crm.show("customers", _crm)["city"]


def test_a_value_that_the_system_normalises_is_equal(acme: World):
    bound = acme.hub.of_entity("client")
    bound.sides["erp"].normalisers[bound.position("name")] = ["upper"]
    acme.erp.stores = lambda fields: {**fields, "label": str(fields["label"]).upper()} if "label" in fields else fields

    ((_crm, erp),) = agreed(acme)

    assert acme.erp.show("partners", erp)["label"] == "COMPANY 1"
    assert only(acme).total == DriftCount(fields=6, equal=6)


def test_drift_of_a_flow_that_there_is_not_is_refused(acme: World):
    with pytest.raises(SetupError, match="There is no flow"):
        operations.drift(acme.hub, ["nothing"])
