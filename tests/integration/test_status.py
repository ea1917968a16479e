"""Status and the report of a run: every number leads to rows, and agreement is not claimed where something stands."""

import msgspec

from syncline.app import operations
from syncline.engine.runs import open_run
from tests.integration.fakes import World, agreed, customer


def test_a_run_that_leaves_nothing_says_that_all_agree(acme: World):
    agreed(acme, 3)

    report = operations.sync(acme.hub)

    assert report.agreement is not None
    assert (report.agreement.records, report.agreement.agreed) == (3, 3)
    assert report.agreement.verified_through == report.started


def test_what_stands_in_the_way_is_not_in_agreement(acme: World):
    first, second, _third = agreed(acme, 3)
    acme.crm.edit("customers", first[0], email="a@example.com")
    acme.erp.edit("partners", first[1], mail="b@example.com")
    acme.crm.edit("customers", second[0], phone="bad")
    acme.erp.refuses = lambda fields: "no" if fields.get("tel") == "bad" else ""

    found = operations.sync(acme.hub).agreement

    assert found is not None
    assert (found.records, found.agreed, found.conflicts, found.parked) == (3, 1, 1, 1)


def test_a_system_that_is_away_is_named_and_not_verified(acme: World):
    agreed(acme)
    before = operations.status(acme.hub).streams[1].verified_through
    acme.erp.reachable = False

    report = operations.sync(acme.hub)

    assert "erp cannot be reached" in report.paused["erp"]
    after = {one.system: one.verified_through for one in operations.status(acme.hub).streams}
    assert after["erp"] == before
    assert after["crm"] == report.started


def test_status_names_interrupted_runs(acme: World):
    agreed(acme)
    number = open_run(acme.hub, full=False, approved=False, send=True).number

    assert operations.status(acme.hub).interrupted == (number,)


def test_status_counts_what_waits(acme: World):
    ((crm, _erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 9")
    acme.crm.create("customers", customer(2))
    operations.plan(acme.hub)

    erp = next(one for one in operations.status(acme.hub).streams if one.system == "erp")

    assert (erp.entities, erp.links, erp.planned, erp.matched) == (2, 1, 2, True)


def test_a_refused_normaliser_is_not_believed_again(acme: World):
    acme.erp.stores = lambda fields: {**fields, "label": str(fields["label"]).upper()} if "label" in fields else fields
    agreed(acme, 3)
    (learned,) = operations.normalisers(acme.hub)
    assert (learned.field, learned.name, learned.origin, learned.samples) == ("name", "upper", "learned", 3)

    operations.refuse_normaliser(acme.hub, "erp", "client", "name", "upper")

    assert [one.origin for one in operations.normalisers(acme.hub)] == ["refused"]
    bound = acme.hub.of_entity("client")
    assert bound.sides["erp"].shows(bound.position("name"), "Acme") == "Acme"


def test_every_report_is_json(acme: World):
    ((crm, erp), _other) = agreed(acme, 2)
    acme.crm.edit("customers", crm, email="a@example.com", phone="+49 9")
    acme.erp.edit("partners", erp, mail="b@example.com")
    run = operations.sync(acme.hub)
    hub = acme.hub
    reports = [
        run, operations.plan(hub), operations.match(hub), operations.questions(hub), operations.status(hub),
        operations.drift(hub), operations.conflicts(hub, every=True), operations.parked(hub),
        operations.why(hub, f"client:{crm}.phone"), operations.history(hub, f"client:{crm}"),
        operations.undo(hub, run.run), operations.verify(hub), operations.normalisers(hub),
    ]  # fmt: skip

    for one in reports:
        assert msgspec.json.decode(msgspec.json.encode(one)) is not None
