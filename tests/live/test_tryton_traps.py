"""What a real Tryton does to an integration, one test per trap, and people who work in it at the same time."""

import json
import sqlite3
import threading
import time

import pytest

from syncline.connectors.systems.tryton import SPEC
from syncline.env import RealEnv
from syncline.errors import SetupError
from syncline.model.page import Batch, Gone, Item, Op, Outcome
from tests.live.tryton_people import People
from tests.live.tryton_server import DATABASE, LIMITED_PASSWORD, LIMITED_USER

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def opened(tryton):
    connectors = []

    def open_one(**options):
        connectors.append(SPEC.open("erp", {**tryton.options, "overlap": 0.0, **options}, RealEnv()))
        return connectors[-1]

    yield open_one
    for each in connectors:
        each.close()


@pytest.fixture(scope="module")
def erp(opened):
    return opened()


@pytest.fixture
def people(tryton):
    return People(tryton)


@pytest.fixture
def products(tryton):
    return [str(key) for key in tryton.facts["products"]]


@pytest.fixture
def customer(tryton):
    return str(tryton.facts["customers"][20])


def write(connector, resource, *items):
    batch = Batch(resource=resource, items=items, send_by=time.monotonic() + 30)
    return {receipt.ref: receipt for receipt in connector.write(batch)}


def write_one(connector, resource, op, **item):
    return write(connector, resource, Item(ref=1, op=op, **item))[1]


def read(connector, resource, key):
    record = connector.get(resource, [key])[0]
    return record, json.loads(record.raw)


def newest_cursor(connector, resource):
    return [page.cursor for page in connector.list(resource, None)][-1]


def changed(connector, resource, cursor):
    return [key for page in connector.list(resource, cursor) for key in page.keys]


def a_party(connector, **fields):
    addresses = [{"street": "Weg 1", "city": "Köln", "country": "DE", "invoice": True, "delivery": True}]
    receipt = write_one(
        connector,
        "party.party",
        Op.CREATE,
        fields={"name": "Trap GmbH", "phone": "+49 30 1", "addresses": addresses, **fields},
    )
    assert receipt.outcome is Outcome.DONE, receipt.message
    return receipt


def a_sale(connector, customer, products, **fields):
    lines = [{"product": products[0], "quantity": "2"}, {"product": products[1], "quantity": "1.0"}]
    receipt = write_one(connector, "sale.sale", Op.CREATE, fields={"party": customer, "lines": lines, **fields})
    assert receipt.outcome is Outcome.DONE, receipt.message
    return receipt


# --- the company and the form (traps 1, 2) ------------------------------------------


def test_a_company_that_is_not_there_is_said_by_the_check(opened):
    with pytest.raises(SetupError, match="the company 77"):
        opened(company=77).check()


def test_a_new_sale_has_what_the_form_would_have_filled_in(erp, customer, products):
    _, sale = read(erp, "sale.sale", a_sale(erp, customer, products).key)

    assert sale["invoice_address"]
    assert sale["shipment_address"]
    assert sale["payment_term"]
    assert sale["currency"] == "EUR"
    assert [line["unit"] for line in sale["lines"]] == ["u", "u"]
    assert all(line["taxes"] and line["unit_price"] for line in sale["lines"])


def test_a_value_that_was_given_is_kept_by_the_form(erp, customer, products):
    lines = [{"product": products[0], "quantity": "3", "unit_price": "7.77", "description": "By hand"}]

    _, sale = read(erp, "sale.sale", a_sale(erp, customer, products, lines=lines).key)

    assert sale["lines"][0]["unit_price"] == "7.77"
    assert sale["lines"][0]["description"] == "By hand"
    assert (sale["untaxed_amount"], sale["tax_amount"], sale["total_amount"]) == ("23.31", "4.43", "27.74")


def test_the_invoice_of_a_processed_sale_can_be_posted(opened, people, customer, products):
    erp = opened(confirm="process")
    _, sale = read(erp, "sale.sale", a_sale(erp, customer, products).key)

    people.post_invoice(int(sale["invoices"][0]["id"]))

    _, after = read(erp, "sale.sale", sale["id"])
    assert after["invoices"][0]["state"] == "posted"
    assert after["invoices"][0]["number"]


# --- the states of a sale (traps 3, 4, 9, 11) ---------------------------------------


@pytest.mark.parametrize(
    ("confirm", "states"),
    [
        ("none", {"draft"}),
        ("quote", {"quotation"}),
        ("confirm", {"confirmed", "processing"}),  # without a queue Tryton processes it at once
        ("process", {"processing"}),
    ],
)
def test_a_new_sale_is_moved_as_far_as_the_option_says(opened, customer, products, confirm, states):
    erp = opened(confirm=confirm)

    receipt = a_sale(erp, customer, products)

    assert json.loads(receipt.raw)["state"] in states


def test_the_lines_of_a_processing_sale_are_not_touched(erp, people, customer, products):
    key = a_sale(erp, customer, products).key
    people.move_sale(int(key), "quote", "confirm", "process")
    before, sale = read(erp, "sale.sale", key)
    sale["lines"][0]["quantity"] = "5"

    receipt = write_one(erp, "sale.sale", Op.UPDATE, key=key, version=before.version, fields={"lines": sale["lines"]})

    assert receipt.outcome is Outcome.REFUSED
    assert "its lines can no longer be changed" in receipt.message
    assert read(erp, "sale.sale", key)[0].raw == before.raw


def test_a_processing_sale_still_takes_a_comment(erp, tryton):
    key = str(tryton.facts["sales"]["processing"])

    receipt = write_one(erp, "sale.sale", Op.UPDATE, key=key, fields={"comment": "Call first"})

    assert receipt.outcome is Outcome.DONE
    assert json.loads(receipt.raw)["comment"] == "Call first"


def test_the_lines_of_a_draft_are_changed_added_and_taken_away(erp, customer, products):
    created = a_sale(erp, customer, products)
    _, sale = read(erp, "sale.sale", created.key)
    kept = {**sale["lines"][0], "quantity": "9", "product": products[3]}
    lines = [kept, {"product": products[2], "quantity": "4"}]

    receipt = write_one(erp, "sale.sale", Op.UPDATE, key=created.key, version=created.version, fields={"lines": lines})

    after = json.loads(receipt.raw)["lines"]
    assert [(line["product"], line["quantity"]) for line in after] == [(products[3], "9"), (products[2], "4")]
    assert after[0]["id"] == sale["lines"][0]["id"]
    assert all(line["taxes"] for line in after)


def test_a_state_that_is_reached_already_is_no_error(erp, people, customer, products):
    key = a_sale(erp, customer, products).key
    people.move_sale(int(key), "quote", "confirm")

    for _ in range(2):
        receipt = write_one(erp, "sale.sale", Op.UPDATE, key=key, fields={"state": "processing"})
        assert receipt.outcome is Outcome.DONE
    late = write_one(erp, "sale.sale", Op.UPDATE, key=key, fields={"state": "quotation"})

    assert late.outcome is Outcome.DONE
    _, sale = read(erp, "sale.sale", key)
    assert sale["state"] == "processing"
    assert (len(sale["invoices"]), len(sale["shipments"])) == (1, 1)


def test_a_sale_that_cannot_be_quoted_exists_all_the_same(opened):
    erp = opened(confirm="quote")
    party = a_party(erp, addresses=[]).key

    receipt = write_one(erp, "sale.sale", Op.CREATE, marker="no-address", fields={"party": party})

    assert receipt.outcome is Outcome.DONE
    assert receipt.message
    assert json.loads(receipt.raw)["state"] == "draft"
    assert [record.key for record in erp.search("sale.sale", "", "no-address")] == [receipt.key]


def test_archiving_a_sale_cancels_it(erp, customer, products):
    key = a_sale(erp, customer, products).key

    for _ in range(2):
        receipt = write_one(erp, "sale.sale", Op.ARCHIVE, key=key)
        assert receipt.outcome is Outcome.DONE

    assert json.loads(receipt.raw)["state"] == "cancelled"


def test_a_processing_sale_is_not_cancelled(erp, tryton):
    receipt = write_one(erp, "sale.sale", Op.ARCHIVE, key=str(tryton.facts["sales"]["processing"]))

    assert receipt.outcome is Outcome.REFUSED
    assert receipt.message


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


def test_a_domain_limits_what_takes_part(opened, tryton):
    code = "C00003"
    erp = opened(domains={"party.party": [["code", "=", code]]})

    keys = changed(erp, "party.party", None)

    assert [read(erp, "party.party", key)[1]["code"] for key in keys] == [code]
