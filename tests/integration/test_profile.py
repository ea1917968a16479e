"""A profile looks at every agreed value, and is compared with the last one that was kept."""

from pathlib import Path

from syncline.app import operations
from tests.integration.fakes import World, agreed, customer, world
from tests.integration.test_quality_rules import with_rules


def test_a_profile_tells_each_field_and_is_kept(acme: World):
    agreed(acme, 4)

    (first,) = operations.profile(acme.hub)

    assert (first.flow, first.records, first.before) == ("customers", 4, 0)
    fields = {one.field: one for one in first.fields}
    assert set(fields) == {"name", "phone", "email", "city", "tax_id", "credit"}
    assert fields["tax_id"].shapes == {"A9": 4}
    assert fields["credit"].numbers is not None
    assert fields["credit"].numbers.median == 2.5
    assert fields["city"].top == {"Bonn": 4}
    assert fields["city"].psi is None


def test_the_next_profile_sees_new_nulls_and_a_shift(acme: World):
    keys = agreed(acme, 4)
    operations.profile(acme.hub)
    for crm, _ in keys[:2]:
        acme.crm.edit("customers", crm, city="Rome", phone="")
    operations.sync(acme.hub, approved=True)

    (second,) = operations.profile(acme.hub)

    fields = {one.field: one for one in second.fields}
    assert second.before > 0
    assert fields["phone"].new_nulls == 0.5
    assert fields["city"].psi is not None
    assert fields["city"].psi > 0.2
    assert fields["name"].psi == 0.0


def test_a_look_keeps_nothing(acme: World):
    agreed(acme, 1)
    operations.profile(acme.hub, keep=False)

    assert acme.hub.store.documents("profile") == {}


def test_nothing_of_a_secret_field_is_shown_or_kept(tmp_path: Path):
    with world(tmp_path, with_rules("secret: [tax_id, credit]\n")) as made:
        made.crm.create("customers", customer(1, tax_id="SECRET-1", limit=987654))
        made.crm.create("customers", customer(2, tax_id="SECRET-1", limit=987654))
        operations.sync(made.hub, approved=True)

        (told,) = operations.profile(made.hub)

        kept = made.hub.store.documents("profile")["customers"]
        assert "SECRET" not in f"{told!r} {kept!r}"
        assert "987654" not in f"{told!r} {kept!r}"
