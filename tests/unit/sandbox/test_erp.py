"""The ERP keeps the promises of its README, and its bad habits."""

import pytest


def new(erp, **fields):
    return erp.post("/rest/partners", {"Name1": "Nord Papier", **fields})["row"]


def position(erp, **fields):
    item = erp.get("/rest/items?per_page=1")["rows"][0]["ItemNo"]
    return {"ItemNo": item, "Qty": 3, "Price": "12.5", **fields}


def document(erp, **fields):
    partner = fields.pop("PartnerNo", None) or new(erp)["PartnerNo"]
    given = {"PartnerNo": partner, "DocDate": "31.12.2026", "Positions": [position(erp)], **fields}
    return erp.ask("POST", "/rest/salesdocs", given).json


def test_a_stranger_gets_a_page_in_html(erp):
    answer = erp.ask("GET", "/rest/partners", Authorization="Basic d3Jvbmc6d3Jvbmc=")

    assert (answer.status, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert answer.raw.startswith(b"<html>")


def test_pages_are_numbered_and_cut_to_a_hundred(erp):
    first = erp.get("/rest/partners?per_page=5000")
    pages = [erp.get(f"/rest/partners?per_page=50&page={page}")["rows"] for page in (1, 2, 3, 4)]

    numbers = [partner["PartnerNo"] for page in pages for partner in page]
    assert len(first["rows"]) == 100
    assert numbers == sorted(numbers)
    assert numbers[:100] == [partner["PartnerNo"] for partner in first["rows"]]


@pytest.mark.parametrize("query", ["page=0", "per_page=0", "page=x", "changed_from=-1"])
def test_wrong_parameters_are_refused(erp, query):
    assert erp.ask("GET", f"/rest/partners?{query}").status == 400


def test_changed_from_includes_its_own_second(erp):
    made = new(erp)

    rows = erp.get(f"/rest/partners?changed_from={made['ChangedAt']}")["rows"]

    assert made in rows
    assert min(row["ChangedAt"] for row in rows) == made["ChangedAt"]


def test_values_are_cut_stripped_and_upper_cased_in_silence(erp):
    row = new(erp, Name1="n" * 41, Phone="+49 30 12", VatNo="de1", Remark=None, CreditLimit=12.345, CountryCode="de")

    shown = {name: row[name] for name in ("Name1", "Phone", "VatNo", "Remark", "CreditLimit", "CountryCode")}
    assert shown == {
        "Name1": "n" * 40,
        "Phone": "+493012",
        "VatNo": "DE1",
        "Remark": "",
        "CreditLimit": "12.35",
        "CountryCode": "DE",
    }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Name1": ""}, "E100"),
        ({"Name1": 5}, "E101"),
        ({"CreditLimit": "much"}, "E102"),
        ({"CountryCode": "Germany"}, "E103"),
        ({"Active": "yes"}, "E105"),
        ({"Addresses": [{"Type": "X"}]}, "E108"),
    ],
)
def test_wrong_values_are_refused_with_status_200(erp, fields, code):
    answer = erp.ask("POST", "/rest/partners", {"Name1": "Nord", **fields})

    assert (answer.status, answer.json["ok"], answer.json["code"]) == (200, False, code)


def test_a_foreign_key_is_taken_once(erp):
    made = new(erp, ForeignKey="hub-1")

    again = erp.ask("POST", "/rest/partners", {"Name1": "Other", "ForeignKey": "hub-1"})

    assert (again.status, again.json["PartnerNo"]) == (409, made["PartnerNo"])
    assert erp.get("/rest/partners?ForeignKey=hub-1")["rows"] == [made]


def test_a_put_changes_only_what_it_names_and_ignores_if_match(erp):
    made = new(erp, Remark="old", Addresses=[{"City": "Köln"}, {"City": "Berlin"}])
    path = f"/rest/partners/{made['PartnerNo']}"

    after = erp.ask("PUT", path, {"Addresses": [{"City": "Graz"}]}, If_Match='"0"').json["row"]

    assert (after["Remark"], after["Rev"]) == ("old", 2)
    assert [(address["No"], address["City"]) for address in after["Addresses"]] == [(1, "Graz")]


def test_a_deleted_partner_leaves_the_lists_but_can_be_read(erp):
    made = new(erp, ForeignKey="hub-gone")
    number = made["PartnerNo"]

    erp.ask("DELETE", f"/rest/partners/{number}")

    assert erp.get(f"/rest/partners/{number}")["Active"] is False
    assert erp.get("/rest/partners?ForeignKey=hub-gone")["rows"] == []
    assert len(erp.get("/rest/partners?ForeignKey=hub-gone&inactive=1")["rows"]) == 1
    assert [row["PartnerNo"] for row in erp.get(f"/rest/partners?nos={number},9")["rows"]] == [number]
    since = made["ChangedAt"]
    listed = erp.get(f"/rest/partners?changed_from={since}")["rows"]
    assert number not in [row["PartnerNo"] for row in listed]


def test_a_bulk_writes_all_rows_in_order_or_none(erp):
    before = erp.get("/_sandbox/stats")
    known = new(erp)["PartnerNo"]

    good = erp.post("/rest/partners/bulk", {"rows": [{"Name1": "One"}, {"PartnerNo": known, "Name1": "Two"}]})
    bad = erp.ask("POST", "/rest/partners/bulk", {"rows": [{"Name1": "Three"}, {"Name1": "Four"}, {"Name1": ""}]})

    after = erp.get("/_sandbox/stats")
    assert [row["Name1"] for row in good["rows"]] == ["One", "Two"]
    assert (bad.status, bad.json["ok"], bad.json["row"]) == (200, False, 2)
    assert after["records"]["partners"] - before["records"]["partners"] == 2
    assert after["creates"] - before["creates"] == 2


def test_documents_are_summed_with_tax(erp):
    row = document(erp)["row"]

    assert row["Positions"][0]["Qty"] == "3.000"
    assert (row["NetTotal"], row["TaxTotal"], row["GrossTotal"]) == ("37.50", "7.13", "44.63")


def test_an_unknown_partner_is_refused_with_400(erp):
    answer = erp.ask("POST", "/rest/salesdocs", {"PartnerNo": 99})

    assert (answer.status, answer.json["msg"]) == (400, "Partner 99 unknown")


def test_numbers_come_late(erp):
    made = document(erp)["row"]
    path = f"/rest/salesdocs/{made['DocNo']}"

    confirmed = erp.ask("PUT", path, {"State": 20}).json["row"]
    delivered, invoiced, refused = (erp.post(f"{path}/advance", {}) for _ in range(3))

    assert (made["OrderNo"], confirmed["OrderNo"][:3]) == ("", "SO-")
    assert (delivered["row"]["State"], delivered["row"]["InvoiceNo"]) == (30, "")
    assert (invoiced["row"]["InvoiceNo"][:3], invoiced["row"]["InvoiceTotal"]) == ("RE-", "44.63")
    assert refused["ok"] is False


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"State": 30}, "E210"),
        ({"State": 20, "Positions": []}, "E204"),
        ({"Positions": [{"ItemNo": "none"}]}, "E202"),
        ({"DocDate": "2026-12-31"}, "E106"),
    ],
)
def test_documents_are_refused_for_a_reason(erp, fields, code):
    assert document(erp, **fields)["code"] == code


def test_a_blocked_partner_gets_no_confirmation(erp):
    partner = new(erp, Blocked=True)["PartnerNo"]
    made = document(erp, PartnerNo=partner)["row"]

    assert erp.post(f"/rest/salesdocs/{made['DocNo']}/advance", {})["code"] == "E203"


def test_items_bring_their_own_number(erp):
    made = erp.post("/rest/items", {"ItemNo": "NEW-1", "Descr": "Bearing", "ListPrice": 1250})
    again = erp.ask("POST", "/rest/items", {"ItemNo": "NEW-1", "Descr": "Bearing"})

    assert made["row"]["ListPrice"] == 1250
    assert (again.status, again.json["ItemNo"]) == (409, "NEW-1")
    assert erp.get("/rest/items?nos=NEW-1")["rows"] == [made["row"]]


def test_numbered_pages_shift_when_a_record_leaves_them(erp):
    first, second = (erp.get(f"/rest/partners?page={page}&per_page=10")["rows"] for page in (1, 2))
    erp.ask("DELETE", f"/rest/partners/{first[0]['PartnerNo']}")

    again = erp.get("/rest/partners?page=2&per_page=10")["rows"]

    assert again[0] == second[1]
    assert erp.get("/rest/partners?per_page=1")["pages"] == len(
        [partner for partner in erp.dump("partners") if partner["Active"]]
    )
