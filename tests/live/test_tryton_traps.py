"""What a real Tryton does to an integration, one test per trap, and people who work in it at the same time."""

import json
import sqlite3
import threading
import time

import pytest

from syncline.errors import SetupError
from syncline.model.page import Gone, Item, Op, Outcome
from tests.live.tryton_server import DATABASE, LIMITED_PASSWORD, LIMITED_USER
from tests.live.tryton_steps import LosingProxy, a_party, a_sale, changed, newest_cursor, read, write, write_one

pytestmark = pytest.mark.live


# --- answers that are errors (traps 5, 12, 13) --------------------------------------


def test_a_database_that_is_not_there_needs_a_person(opened):
    with pytest.raises(SetupError, match="no database 'elsewhere'"):
        opened(database="elsewhere").check()


def test_an_expired_session_is_renewed_without_a_word(erp, tryton):
    erp.check()
    with sqlite3.connect(tryton.folder / f"{DATABASE}.sqlite") as database:
        database.execute("DELETE FROM ir_session")
    database.close()

    assert "Seeded Manufacturing" in erp.check()


def test_what_a_clerk_may_not_write_is_refused_in_words(opened, products):
    clerk = opened(user=LIMITED_USER, password=LIMITED_PASSWORD)

    receipt = write_one(clerk, "product.product", Op.UPDATE, key=products[0], fields={"name": "Mine"})

    assert receipt.outcome is Outcome.REFUSED
    assert "not allowed" in receipt.message


def test_a_party_that_a_sale_refers_to_is_not_deleted(erp, customer, products):
    a_sale(erp, customer, products)

    receipt = write_one(erp, "party.party", Op.DELETE, key=customer)

    assert receipt.outcome is Outcome.REFUSED
    assert receipt.message


def test_a_party_that_a_person_deleted_is_gone(erp, people):
    key = a_party(erp).key
    people.delete_party(int(key))

    assert erp.get("party.party", [key]) == [Gone(key=key)]
    assert write_one(erp, "party.party", Op.UPDATE, key=key, fields={"name": "x"}).outcome is Outcome.GONE
    assert key not in changed(erp, "party.party", None)


def test_a_warning_is_told_and_the_product_stays(erp, products):
    receipt = write_one(erp, "product.product", Op.ARCHIVE, key=products[10])

    assert receipt.outcome is Outcome.REFUSED
    assert "still some quantities" in receipt.message
    assert read(erp, "product.product", products[10])[1]["active"] is True


def test_a_warning_that_the_options_name_is_acknowledged(opened, products):
    erp = opened(skip_warnings=["deactivate_product_with_stock"])

    receipt = write_one(erp, "product.product", Op.ARCHIVE, key=products[11])

    assert receipt.outcome is Outcome.DONE
    assert json.loads(receipt.raw)["active"] is False


def test_a_record_that_tryton_cannot_show_is_reported_alone(erp, people):
    good = a_party(erp).key
    bad = people.create("party.party", name="Broken", addresses=[["create", [{"country": 4711}]]])

    pages = list(erp.list("party.party", None))

    assert [key for page in pages for key, _ in page.broken] == [str(bad)]
    assert good in {key for page in pages for key in page.keys}
    people.delete_party(bad)


def test_a_create_whose_answer_is_lost_is_in_doubt_and_found_by_its_marker(opened, tryton):
    proxy = LosingProxy(tryton.url, "model.party.party.create")
    try:
        erp = opened(url=proxy.url)
        receipt = write_one(erp, "party.party", Op.CREATE, marker="lost-answer", fields={"name": "Lost"})
        found = erp.search("party.party", "", "lost-answer")
    finally:
        proxy.close()

    assert receipt.outcome is Outcome.DOUBT
    assert list(erp.markers("party.party", [record.raw for record in found])) == ["lost-answer"]


# --- locks and lists (traps of 3.4, 10, 11) -----------------------------------------


def test_a_record_that_a_person_changed_is_stale_and_its_neighbours_are_written(erp, people):
    parties = [a_party(erp) for _ in range(5)]
    people.rename_party(int(parties[2].key), "By a person")
    items = [
        Item(ref=number, op=Op.UPDATE, key=each.key, version=each.version, fields={"name": f"By the hub {number}"})
        for number, each in enumerate(parties)
    ]

    receipts = write(erp, "party.party", *items)

    assert [receipts[number].outcome is Outcome.DONE for number in range(5)] == [True, True, False, True, True]
    assert receipts[2].outcome is Outcome.STALE
    assert read(erp, "party.party", parties[2].key)[1]["name"] == "By a person"


def test_a_phone_that_a_person_changed_beside_the_party_is_not_overwritten(erp, people):
    party = a_party(erp)
    people.change_phone(int(party.key), "+49 30 999")

    receipt = write_one(
        erp, "party.party", Op.UPDATE, key=party.key, version=party.version, fields={"phone": "+49 30 2"}
    )

    assert receipt.outcome is Outcome.STALE
    assert read(erp, "party.party", party.key)[1]["phone"] == "+49 30 999"


def test_a_name_and_a_phone_of_one_party_do_not_disturb_each_other(erp, people):
    party = a_party(erp)
    people.change_phone(int(party.key), "+49 30 999")

    receipt = write_one(erp, "party.party", Op.UPDATE, key=party.key, version=party.version, fields={"name": "Renamed"})

    assert receipt.outcome is Outcome.DONE
    assert json.loads(receipt.raw)["phone"] == "+49 30 999"


def test_mechanisms_and_tax_number_are_set_changed_and_taken_away(erp):
    party = a_party(erp, tax_identifier="DE111111117", email="a@one.example.com")
    fields = {"email": "b@one.example.com", "phone": None, "website": "https://one.example.com", "tax_identifier": ""}

    receipt = write_one(erp, "party.party", Op.UPDATE, key=party.key, version=party.version, fields=fields)

    after = json.loads(receipt.raw)
    assert (after["email"], after["phone"], after["website"], after["tax_identifier"]) == (
        "b@one.example.com",
        None,
        "https://one.example.com",
        None,
    )


def test_an_address_that_is_taken_away_stays_with_the_sale_that_uses_it(erp, products):
    party = a_party(erp)
    sale = a_sale(erp, party.key, products)
    used = json.loads(sale.raw)["invoice_address"]
    addresses = [{"street": "Neu 2", "city": "Wien", "country": "AT", "invoice": True}]

    receipt = write_one(
        erp, "party.party", Op.UPDATE, key=party.key, version=party.version, fields={"addresses": addresses}
    )

    assert [each["street"] for each in json.loads(receipt.raw)["addresses"]] == ["Neu 2"]
    assert read(erp, "sale.sale", sale.key)[1]["invoice_address"] == used


def test_one_address_of_two_is_changed_and_keeps_its_id(erp):
    streets = [{"street": "A 1", "country": "DE", "subdivision": "DE-NW"}, {"street": "B 2"}]
    party = a_party(erp, addresses=streets)
    addresses = json.loads(party.raw)["addresses"]
    addresses[1]["city"] = "Bonn"

    receipt = write_one(
        erp, "party.party", Op.UPDATE, key=party.key, version=party.version, fields={"addresses": addresses}
    )

    assert json.loads(receipt.raw)["addresses"] == addresses


def test_addresses_without_ids_are_known_by_the_key_field(opened):
    erp = opened(address_key="name")
    party = a_party(erp, addresses=[{"name": "Werk", "city": "Köln"}, {"name": "Büro", "city": "Bonn"}])
    before = {each["name"]: each["id"] for each in json.loads(party.raw)["addresses"]}
    addresses = [{"name": "Werk", "city": "Aachen"}]

    receipt = write_one(erp, "party.party", Op.UPDATE, key=party.key, fields={"addresses": addresses})

    [only] = json.loads(receipt.raw)["addresses"]
    assert (only["id"], only["city"]) == (before["Werk"], "Aachen")


def test_a_price_is_written_as_an_exact_decimal(erp, people, products, tryton):
    people.change_price(tryton.facts["products"][5], "10.5")
    before, _ = read(erp, "product.product", products[5])

    receipt = write_one(
        erp, "product.product", Op.UPDATE, key=products[5], version=before.version, fields={"list_price": "9.9900"}
    )
    refused = write_one(erp, "product.product", Op.UPDATE, key=products[5], fields={"list_price": "1.23456"})

    assert json.loads(receipt.raw)["list_price"] == "9.99"
    assert refused.outcome is Outcome.REFUSED


def test_sixteen_creates_at_once_refuse_none_and_lose_none(erp):
    outcomes = {}

    def create(number):
        for _ in range(40):
            item = Item(ref=number, op=Op.CREATE, marker=f"crowd-{number}", fields={"name": f"Crowd {number}"})
            outcomes[number] = write(erp, "party.party", item)[number]
            if outcomes[number].outcome is not Outcome.BUSY:
                return
            time.sleep(outcomes[number].wait)  # what the receipt asks for

    threads = [threading.Thread(target=create, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {each.outcome for each in outcomes.values()} == {Outcome.DONE}
    assert [len(erp.search("party.party", "", f"crowd-{number}")) for number in range(16)] == [1] * 16


# --- changes that are not the record's own (3.3) ------------------------------------


def test_a_phone_or_an_address_changed_beside_the_party_shows_the_party(erp, people):
    one, two, three = (a_party(erp) for _ in range(3))
    address = int(json.loads(three.raw)["addresses"][0]["id"])
    cursor = newest_cursor(erp, "party.party")

    people.change_phone(int(one.key), "+49 30 3")
    people.add_address(int(two.key), city="Graz")
    people.change_address(address, active=False)

    assert {one.key, two.key, three.key} <= set(changed(erp, "party.party", cursor))
    assert read(erp, "party.party", three.key)[1]["addresses"] == []


def test_an_invoice_that_is_posted_and_a_shipment_that_leaves_show_their_sale(opened, people, customer, products):
    erp = opened(confirm="process")
    _, sale = read(erp, "sale.sale", a_sale(erp, customer, products).key)

    cursor = newest_cursor(erp, "sale.sale")
    people.post_invoice(int(sale["invoices"][0]["id"]))
    assert sale["id"] in changed(erp, "sale.sale", cursor)

    cursor = newest_cursor(erp, "sale.sale")
    people.ship(int(sale["shipments"][0]["id"]))
    assert sale["id"] in changed(erp, "sale.sale", cursor)
    assert read(erp, "sale.sale", sale["id"])[1]["shipment_state"] == "sent"


def test_a_price_that_is_changed_in_the_template_shows_the_product(erp, people, products, tryton):
    cursor = newest_cursor(erp, "product.product")

    people.change_price(tryton.facts["products"][6], "77.7")

    assert products[6] in changed(erp, "product.product", cursor)
    assert read(erp, "product.product", products[6])[1]["list_price"] == "77.7"


def test_ties_are_read_over_the_edge_of_a_page(opened, tryton):
    erp = opened(page=7)
    cursor = newest_cursor(erp, "party.party")
    items = [Item(ref=number, op=Op.CREATE, fields={"name": f"Tie {number}"}) for number in range(30)]

    created = {receipt.key for receipt in write(erp, "party.party", *items).values()}

    pages = list(erp.list("party.party", cursor))
    assert created <= {key for page in pages for key in page.keys}
    assert [page.cursor.stamp for page in pages] == sorted(page.cursor.stamp for page in pages)
    assert (
        len({stamp for page in pages for key, stamp in zip(page.keys, page.stamps, strict=True) if key in created}) == 1
    )


def test_an_inactive_party_is_a_record_or_a_tombstone_as_the_option_says(erp, opened):
    key = a_party(erp).key
    write_one(erp, "party.party", Op.ARCHIVE, key=key)
    strict = opened(inactive="tombstone")

    assert read(erp, "party.party", key)[1]["active"] is False
    assert key in changed(erp, "party.party", None)
    assert strict.get("party.party", [key]) == [Gone(key=key)]
    assert key in {dead for page in strict.list("party.party", None) for dead in page.tombstones}


def test_a_party_that_a_person_merged_into_another_names_it(erp, people):
    loser, winner = a_party(erp).key, a_party(erp).key
    cursor = newest_cursor(erp, "party.party")

    people.merge_parties(int(loser), int(winner))

    assert erp.get("party.party", [loser]) == [Gone(key=loser, merged_into=winner)]
    assert loser in {dead for page in erp.list("party.party", cursor) for dead in page.tombstones}


def test_a_domain_limits_what_takes_part(opened, tryton):
    code = "C00003"
    erp = opened(domains={"party.party": [["code", "=", code]]})

    keys = changed(erp, "party.party", None)

    assert [read(erp, "party.party", key)[1]["code"] for key in keys] == [code]
