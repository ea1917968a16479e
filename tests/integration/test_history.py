"""`why` names the edit, the run and the system; `history` tells everything in order; `verify` says if it is true."""

from pathlib import Path

import msgspec
import pytest

from syncline.app import operations
from syncline.engine.audit import EntryKind, entry
from syncline.errors import SetupError
from syncline.model.report import Happening
from syncline.model.values import encode_row
from tests.integration.fakes import CUSTOMERS, PRODUCTS, World, agreed, world


def test_why_names_the_edit_its_run_and_its_system(acme: World):
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 99")
    run = operations.sync(acme.hub).run

    told = operations.why(acme.hub, f"client:{crm}.phone")

    edit = next(one for one in told.happenings if one.kind == "changed")
    assert (edit.before, edit.after, edit.run, edit.system) == ("+49 1", "+49 99", run, "crm")
    assert edit.stamp == acme.crm.table("customers")[crm].stamp
    assert (told.value, told.keys) == ("+49 99", {"crm": crm, "erp": erp})


def test_why_names_the_delivery_and_what_each_system_shows(acme: World):
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 99")
    operations.sync(acme.hub)

    told = operations.why(acme.hub, f"client:erp:{erp}.phone")

    sent = next(one for one in told.happenings if one.kind == "sent")
    assert sent.system == "erp"
    assert f"sent to erp {erp} (intent " in sent.text
    assert told.shown == {"crm": "+49 99", "erp": "+49 99"}


def test_why_goes_back_through_every_edit_to_the_first_sight(acme: World):
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 2")
    operations.sync(acme.hub)
    acme.env.sleep(60)
    acme.erp.edit("partners", erp, tel="+49 3", town="Rome")
    operations.sync(acme.hub)

    told = operations.why(acme.hub, "client:#1.phone").happenings

    chain = [(one.kind, one.system, one.after) for one in told if one.field == "phone"]
    assert chain == [("changed", "erp", "+49 3"), ("changed", "crm", "+49 2"), ("created", "crm", "+49 1")]


def test_why_names_the_normaliser_that_explains_a_difference(acme: World):
    bound = acme.hub.of_entity("client")
    bound.sides["erp"].normalisers[bound.position("name")] = ["upper"]
    acme.erp.stores = lambda fields: {**fields, "label": str(fields["label"]).upper()} if "label" in fields else fields
    ((crm, _erp),) = agreed(acme)

    told = operations.why(acme.hub, f"client:{crm}.name")

    assert told.shown == {"crm": "Company 1", "erp": "COMPANY 1", "erp normalises": "upper"}


def test_an_edit_that_was_not_taken_over_is_told_with_its_reason(acme: World):
    ((crm, _erp),) = agreed(acme)
    acme.crm.edit("customers", crm, limit=60_000)
    operations.sync(acme.hub)

    told = operations.why(acme.hub, f"client:{crm}.credit").happenings

    rejected = next(one for one in told if one.kind == "rejected")
    assert (rejected.after, rejected.system) == (60_000, "crm")
    assert "owned by erp" in rejected.text


def test_history_is_in_order_and_holds_what_why_leaves_out(acme: World):
    ((crm, erp),) = agreed(acme)
    acme.crm.edit("customers", crm, phone="+49 2")
    operations.sync(acme.hub)
    acme.crm.edit("customers", crm, city="Rome")
    operations.sync(acme.hub)

    told = operations.history(acme.hub, f"client:{erp}")

    assert [one.kind for one in told.happenings] == ["created", "sent", "changed", "sent", "changed", "sent"]
    assert [one.seq for one in told.happenings] == sorted(one.seq for one in told.happenings)
    assert told.values["city"] == "Rome"
    assert told.state == "live"


def test_history_of_one_record_holds_nothing_of_another(acme: World):
    first, second = agreed(acme, 2)
    acme.crm.edit("customers", second[0], phone="+49 22")
    operations.sync(acme.hub)

    told: tuple[Happening, ...] = operations.history(acme.hub, f"client:{first[0]}").happenings

    assert "changed" not in {one.kind for one in told}


@pytest.mark.parametrize(
    ("reference", "cure"),
    [
        ("client:C1.nothing", "names no field of client. Fields are: name"),
        ("client:C77.phone", "No client is known as"),
        ("supplier:C1.phone", "Entities are: client"),
        ("client", "does not name a record"),
    ],
)
def test_what_names_nothing_is_refused_with_a_cure(acme: World, reference: str, cure: str):
    agreed(acme)

    with pytest.raises(SetupError, match=cure):
        operations.why(acme.hub, reference)


def test_a_key_of_two_records_must_be_told_apart(acme: World):
    agreed(acme, 2)
    made = acme.erp.create("partners", {"label": "Nine", "town": "Oslo", "vat": "T9", "credit": 9})
    acme.erp.table("partners")["C2"] = acme.erp.table("partners").pop(made)
    operations.sync(acme.hub)

    with pytest.raises(SetupError, match="is a key of 2 different records"):
        operations.history(acme.hub, "client:C2")
    assert operations.history(acme.hub, "client:crm:C2").label == "Company 2"


def test_verify_finds_nothing_where_nothing_is_wrong(acme: World):
    ((crm, erp), *_others) = agreed(acme, 3)
    acme.crm.edit("customers", crm, phone="+49 2", email="a@example.com")
    acme.erp.edit("partners", erp, mail="b@example.com")
    run = operations.sync(acme.hub).run
    operations.undo(acme.hub, run, send=True)

    report = operations.verify(acme.hub)

    assert report.good
    assert (report.entities, report.broken, report.differing) == (3, (), ())
    assert operations.verify(acme.hub, 2).entities == 2


def test_verify_finds_canon_that_the_log_does_not_tell(acme: World):
    agreed(acme, 2)
    entity = acme.hub.store.entities("client", [2])[2]
    forged = msgspec.structs.replace(entity, canon=encode_row(["Forged", "+49 2", "2@example.com", "Bonn", "T2", 2]))
    with acme.hub.store.transaction() as tx:
        tx.update_entities("client", [forged])

    assert operations.verify(acme.hub).differing == ("client #2: name",)


def test_verify_finds_a_page_that_does_not_follow(acme: World):
    agreed(acme)
    page = acme.hub.journal.page(
        kind="merge client", system="crm", cause=1, at=acme.hub.now(),
        entries=[entry(EntryKind.CHANGED, 1, "latest", "accepted", 0, "Company 1", 1, "Forged")],
    )  # fmt: skip
    with acme.hub.store.transaction() as tx:
        tx.append_audit(msgspec.structs.replace(page, hash=bytes(32)))

    report = operations.verify(acme.hub)

    assert report.broken == (page.seq,)
    assert report.differing == ("client #1: name",)


def test_verify_finds_a_page_whose_bytes_were_damaged(acme: World):
    agreed(acme)
    page = acme.hub.journal.page(
        kind="merge client", system="crm", cause=1, at=acme.hub.now(), entries=[entry(EntryKind.LINKED, 1, "C9", "x")]
    )
    with acme.hub.store.transaction() as tx:
        tx.append_audit(msgspec.structs.replace(page, body=page.body[:10] + b"damage"))

    assert operations.verify(acme.hub).broken == (page.seq,)


def test_the_log_tells_a_customer_from_a_product_of_the_same_number(tmp_path: Path):
    with world(tmp_path, CUSTOMERS + PRODUCTS) as acme:
        ((crm, _erp),) = agreed(acme)
        sku = acme.crm.create("goods", {"sku": "A-1", "title": "Anvil"})
        operations.sync(acme.hub)
        acme.crm.edit("goods", sku, title="Great anvil")
        run = operations.sync(acme.hub).run

        customer_told = operations.history(acme.hub, f"client:{crm}")
        product_told = operations.history(acme.hub, "article:#1")
        undone = operations.undo(acme.hub, run)

    assert [one.kind for one in customer_told.happenings] == ["created", "sent"]
    assert [one.kind for one in product_told.happenings] == ["created", "sent", "changed", "sent"]
    assert [(row.entity, row.field) for row in undone.rows] == [("article", "title")]
