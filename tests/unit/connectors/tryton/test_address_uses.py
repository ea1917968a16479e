"""Two uses of an address, told from a list with two flags and written back into it."""

import pytest

from syncline.connectors.systems.tryton.address_uses import shown_uses, with_uses
from syncline.connectors.systems.tryton.resources import PARTY
from syncline.errors import RejectedError


def address(key="7", *, invoice=True, delivery=True, **members):
    usual = {"name": None, "street": "Weg 1", "postal_code": "50667", "city": "Köln", "country": "DE"}
    return {"id": key, **usual, "subdivision": None, "invoice": invoice, "delivery": delivery, "sequence": 1, **members}


def after(given, *addresses):
    return with_uses(PARTY.uses, given, addresses)


def shown(addresses):
    found = shown_uses(PARTY.uses, addresses)
    return [None if one is None else one["street"] for one in (found["invoice_address"], found["delivery_address"])]


def test_one_address_may_serve_both_uses():
    assert shown([address()]) == ["Weg 1", "Weg 1"]


def test_the_first_address_with_the_flag_serves_a_use():
    assert shown([address("1", invoice=False), address("2", street="Ring 2")]) == ["Ring 2", "Weg 1"]


def test_a_use_that_nothing_serves_is_null():
    assert shown([address(delivery=False)]) == ["Weg 1", None]


def test_a_change_of_one_use_parts_a_shared_address():
    made = after({"invoice_address": {"street": "Ring 2"}}, address())

    assert shown(made) == ["Ring 2", "Weg 1"]
    assert [each.get("id") for each in made] == ["7", None]


def test_the_parted_address_keeps_what_did_not_change():
    made = after({"delivery_address": {"street": "Ring 2"}}, address())

    assert made[1]["city"] == "Köln"


def test_a_change_of_both_uses_alike_changes_the_shared_address():
    both = {"street": "Ring 2"}

    made = after({"invoice_address": both, "delivery_address": both}, address())

    assert [(each["id"], each["street"]) for each in made] == [("7", "Ring 2")]


def test_different_changes_of_both_uses_keep_one_address_for_each():
    made = after({"invoice_address": {"street": "A 1"}, "delivery_address": {"street": "B 2"}}, address())

    assert shown(made) == ["A 1", "B 2"]
    assert len(made) == 2


def test_the_parted_address_is_the_first_of_its_use_though_another_has_the_flag():
    made = after({"invoice_address": {"street": "A 1"}}, address(), address("8", street="C 3", delivery=False))

    assert shown(made) == ["A 1", "Weg 1"]
    assert made[1] == address("8", street="C 3", delivery=False)


def test_an_address_of_one_use_is_changed_in_its_place():
    made = after({"invoice_address": {"city": "Bonn"}}, address(delivery=False), address("8", invoice=False))

    assert made == [address(delivery=False, city="Bonn"), address("8", invoice=False)]


def test_other_addresses_survive():
    other = address("9", invoice=False, delivery=False)

    assert other in after({"invoice_address": {"city": "Bonn"}}, address(), other)


def test_a_use_taken_away_leaves_the_address_to_the_other_use():
    assert after({"delivery_address": None}, address()) == [address(delivery=False)]


def test_an_address_without_any_use_left_goes():
    assert after({"delivery_address": {"street": None}}, address(invoice=False)) == []


def test_a_use_with_the_other_ones_address_joins_it():
    same = {"street": "Weg 1", "postal_code": "50667", "city": "Köln", "country": "DE"}

    assert after({"delivery_address": same}, address(delivery=False)) == [address()]


def test_a_new_use_gets_an_address_of_its_own():
    made = after({"delivery_address": {"street": "Ring 2"}}, address(delivery=False))

    assert made == [address(delivery=False), {"street": "Ring 2", "delivery": True, "invoice": False}]


def test_a_subdivision_of_the_former_country_does_not_stay():
    made = after(
        {"invoice_address": {"country": "FR", "subdivision": "DE-NW"}}, address(delivery=False, subdivision="DE-NW")
    )

    assert made[0]["subdivision"] is None


def test_an_unknown_member_is_refused():
    with pytest.raises(RejectedError, match="no member 'zip'"):
        after({"invoice_address": {"zip": "1"}}, address())
