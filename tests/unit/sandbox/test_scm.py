"""The SCM speaks OData 4 as its README says, traps included."""

import json
from decimal import Decimal
from urllib.parse import quote

import pytest

from syncline.sandbox.companies import Population
from syncline.sandbox.process import start
from tests.unit.sandbox.caller import Caller

ROOT = "/odata/v4/scm"
MATERIAL = "BE-00013"


@pytest.fixture
def session(scm):
    """What a writer sends along."""
    given = scm.ask("GET", f"{ROOT}/", X_CSRF_Token="Fetch").headers
    return {"X-CSRF-Token": given["X-CSRF-Token"], "Cookie": given["Set-Cookie"].partition(";")[0]}


@pytest.fixture
def write(scm, session):
    def written(method, address, body=None, **headers):
        return scm.ask(method, f"{ROOT}/{address}", body, **session, **headers)

    return written


@pytest.fixture
def demand(write):
    items = [{"Material": MATERIAL, "Quantity": 2.5}]
    return write("POST", "Demands", {"SourceNumber": "O-1", "RequiredOn": "2026-03-01", "Items": items}).json


def listed(scm, address, **headers):
    return scm.ask("GET", f"{ROOT}/{quote(address, safe='?$=&,()%')}", **headers).json


def whole(scm, address):
    """All pages of a list."""
    rows = []
    while address:
        page = listed(scm, address)
        rows += page["value"]
        address = page.get("@odata.nextLink", "")
    return rows


def etag(record):
    return {"If_Match": record["@odata.etag"]}


def place(record):
    return f"Demands('{record['DemandNumber']}')"


def batch(*parts):
    return {"requests": [{"id": str(number), **part} for number, part in enumerate(parts)]}


def create(body, group=None):
    group = {"atomicityGroup": group} if group else {}
    return {"method": "POST", "url": "Demands", "headers": {}, "body": body, **group}


# --- what becomes of demands --------------------------------------------------


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("open", "PLANNED"),
        ("confirmed", "PLANNED"),
        ("won", "CANCELLED"),
        ("lost", "CANCELLED"),
        ("shipped", "COVERED"),
    ],
)
def test_a_demand_ends_with_its_source(write, demand, source, status):
    planned = write("PATCH", place(demand), {"Status": "PLANNED"}, **etag(demand)).json

    assert write("PATCH", place(demand), {"SourceStatus": source}, **etag(planned)).json["Status"] == status


# --- reading ------------------------------------------------------------------


def test_the_same_goods_and_companies_as_elsewhere_stand_under_keys_of_its_own(untouched):
    items = {row["ItemNo"]: row for row in untouched["items"]}
    materials = {row["MaterialNumber"]: row for row in untouched["Materials"]}
    stock = {}
    for row in untouched["StockLevels"]:
        stock[row["Material"]] = stock.get(row["Material"], 0) + Decimal(row["OnHand"])
    population = Population(seed=7, size=60)
    suppliers = {row["SupplierNumber"]: row for row in untouched["Suppliers"]}

    assert materials.keys() == items.keys()
    assert {key: row["Descr"] for key, row in items.items()} == {
        key: row["Description"] for key, row in materials.items()
    }
    assert stock == {key: Decimal(row["StockQty"]) for key, row in items.items()}
    assert len(suppliers) == 12
    for key, number in untouched["truth/Suppliers"].items():
        assert suppliers[key]["TaxNumber"] == population.company(number).tax_id


def test_a_list_goes_on_by_its_links_and_shows_no_more_than_asked_for(scm):
    first = listed(scm, "StockLevels?$select=OnHand", Prefer="odata.maxpagesize=50")
    seen = whole(scm, "StockLevels?$select=OnHand")

    assert len(first["value"]) == 50
    assert len({(row["Material"], row["Site"]) for row in seen}) == len(seen) == 120
    assert set(seen[0]) == {"@odata.etag", "Material", "Site", "OnHand"}


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ("Site eq 'WH-2' and OnHand gt 100", lambda row: row["Site"] == "WH-2" and row["OnHand"] > 100),
        ("not (Site eq 'WH-2' or OnHand le 100)", lambda row: row["Site"] == "WH-1" and row["OnHand"] > 100),
        ("startswith(Material,'BE')", lambda row: row["Material"].startswith("BE")),
        ("NextReceiptOn eq null", lambda row: row["NextReceiptOn"] is None),
        ("Material eq 'BE-00013' and Site eq 'WH-1'", lambda row: (row["Material"], row["Site"]) == (MATERIAL, "WH-1")),
        ("LastChanged lt 2020-01-01T00:00:00Z", lambda _: False),
    ],
)
def test_a_filter_finds_what_fits_and_nothing_else(scm, asked, fits):
    everything = whole(scm, "StockLevels")

    found = whole(scm, f"StockLevels?$filter={asked}")

    keys = [(row["Material"], row["Site"]) for row in everything if fits(row)]
    assert sorted((row["Material"], row["Site"]) for row in found) == sorted(keys)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$filter=Colour eq 'red'", 400),
        ("$filter=OnHand eq 'many'", 400),
        ("$filter=OnHand gt", 400),
        ("$filter=(OnHand gt 1", 400),
        (f"$filter={'(' * 60}OnHand gt 1{')' * 60}", 400),
        ("$orderby=OnHand", 501),
        ("$search=bolt", 501),
        ("$select=Colour", 400),
        ("$skiptoken=nonsense", 400),
        ("$deltatoken=W10", 400),
    ],
)
def test_what_is_not_understood_is_refused(scm, query, status):
    assert scm.ask("GET", f"{ROOT}/StockLevels?{quote(query, safe='$=')}").status == status


def test_numbers_are_numbers_and_times_are_in_the_zone_of_the_company(scm, demand):
    assert demand["Items"] == [
        {"ItemNumber": 10, "Material": MATERIAL, "Quantity": 2.5, "BaseUnit": "KG", "Site": "WH-1"}
    ]
    assert demand["LastChanged"].endswith("+01:00")
    assert "Items" not in listed(scm, place(demand))
    assert listed(scm, f"{place(demand)}?$expand=Items($select=Quantity)")["Items"] == [
        {"ItemNumber": 10, "Quantity": 2.5}
    ]


# --- following ----------------------------------------------------------------


def followed(scm, link):
    """What a delta link brings, and the next one."""
    rows = []
    while True:
        page = listed(scm, link)
        rows += page["value"]
        if "@odata.deltaLink" in page:
            return rows, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]


def begin(scm, name):
    page = listed(scm, name, Prefer="odata.track-changes")
    while "@odata.deltaLink" not in page:
        page = listed(scm, page["@odata.nextLink"])
    return page["@odata.deltaLink"]


def test_a_delta_link_brings_changes_and_tombstones_once(scm, write, demand):
    link = begin(scm, "Demands")
    other = write("POST", "Demands", {"SourceNumber": "O-2"}).json
    changed = write("PATCH", place(other), {"Note": "x"}, **etag(other)).json
    write("DELETE", place(demand), **etag(demand))

    rows, following = followed(scm, link)
    again, _ = followed(scm, following)

    shown = {row.get("DemandNumber", row.get("id")): row for row in rows}
    assert set(shown) == {other["DemandNumber"], place(demand)}
    assert shown[other["DemandNumber"]]["@odata.etag"] == changed["@odata.etag"]
    assert shown[place(demand)]["reason"] == "deleted"
    assert again == []


def test_a_delta_link_goes_on_page_by_page(scm, write):
    link = begin(scm, "Demands")
    parts = [create({"SourceNumber": f"many {number}"}) for number in range(130)]
    write("POST", "$batch", batch(*parts), Content_Type="application/json")

    rows, _ = followed(scm, link)

    assert {row["SourceNumber"] for row in rows} == {f"many {number}" for number in range(130)}


def test_a_delta_link_is_forgotten_after_a_day(scm):
    link = begin(scm, "Suppliers")
    scm.faults(clock_skew_s=90_000)

    assert scm.ask("GET", f"{ROOT}/{link}").status == 410


def test_a_lagging_list_lags_behind_a_delta_link_too(scm, write):
    link = begin(scm, "Demands")
    scm.faults(stale_list_s=30)
    made = write("POST", "Demands", {"SourceNumber": "late"}).json
    while_late, following = followed(scm, link)
    scm.faults()
    then, _ = followed(scm, following)

    assert while_late == []
    assert [row["DemandNumber"] for row in then] == [made["DemandNumber"]]


# --- writing ------------------------------------------------------------------


def test_who_writes_needs_the_token_of_a_session(scm, write):
    without = scm.ask("POST", f"{ROOT}/Demands", {"SourceNumber": "x"})
    with_it = write("POST", "Demands", {"SourceNumber": "x"})

    assert (without.status, without.headers["X-CSRF-Token"], with_it.status) == (403, "Required", 201)


def test_a_change_needs_the_etag_that_was_read(write, demand):
    without = write("PATCH", place(demand), {"Note": "a"})
    fresh = write("PATCH", place(demand), {"Note": "b"}, **etag(demand))
    stale = write("PATCH", place(demand), {"Note": "c"}, **etag(demand))
    whatever = write("PATCH", place(demand), {"Note": "d"}, If_Match="*")

    assert [one.status for one in (without, fresh, stale, whatever)] == [428, 200, 412, 200]
    assert whatever.json["Note"] == "d"
    assert write("DELETE", place(demand), **etag(demand)).status == 412


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"SourceNumber": None}, "SourceNumber"),
        ({"SourceNumber": "x", "Colour": "red"}, "Colour"),
        ({"SourceNumber": "x", "Probability": 101}, "Probability"),
        ({"SourceNumber": "x", "RequiredOn": "01.03.2026"}, "RequiredOn"),
        ({"SourceNumber": "x", "Items": [{"Material": "none"}]}, "Items/Material"),
        ({"SourceNumber": "x", "Items": [{"Material": MATERIAL, "Quantity": "lots"}]}, "Items/Quantity"),
    ],
)
def test_a_wrong_value_is_refused_with_its_target(write, body, target):
    refused = write("POST", "Demands", body)

    assert (refused.status, refused.json["error"]["target"]) == (400, target)


def test_a_reference_and_a_brought_key_are_taken_once(write):
    first = write("POST", "Materials", {"MaterialNumber": "XX-1", "Description": " Bolt ", "ExternalReference": "r1"})
    again = write("POST", "Materials", {"MaterialNumber": "XX-1", "Description": "Bolt"})
    marked = write("POST", "Materials", {"MaterialNumber": "XX-2", "Description": "Bolt", "ExternalReference": "r1"})

    assert (first.json["Description"], again.status, marked.status) == ("Bolt", 409, 409)
    assert again.json["error"]["code"] == marked.json["error"]["code"] == "DUPLICATE"


def test_a_key_that_comes_back_has_another_etag(write):
    made = write("POST", "Materials", {"MaterialNumber": "XX-9", "Description": "Bolt"}).json
    write("DELETE", "Materials('XX-9')", **etag(made))
    again = write("POST", "Materials", {"MaterialNumber": "XX-9", "Description": "Bolt"}).json

    assert write("PATCH", "Materials('XX-9')", {"Description": "Nut"}, **etag(made)).status == 412
    assert again["@odata.etag"] != made["@odata.etag"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Materials('nobody')", 404),
        ("Materials('O''Hara')", 404),
        ("Materials('')", 404),
        ("Materials('a%2Fb')", 404),
        ("Materials('a'", 404),
        ("Materials(7)", 400),
        ("Materials('a','b')", 400),
        ("StockLevels('BE-00013')", 400),
        ("StockLevels(Site='WH-1',Material='BE-00013')", 400),
        ("Colours", 404),
    ],
)
def test_an_address_of_nothing_is_refused(scm, address, status):
    assert scm.ask("GET", f"{ROOT}/{address}").status == status


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"Note":' + b"[" * 100_000, b'{"SourceNumber":1e400}'])
def test_a_body_that_is_no_entity_is_refused(write, body):
    assert write("POST", "Demands", body).status == 400


def test_what_is_available_is_what_nobody_has_reserved(scm, write):
    address = f"StockLevels(Material='{MATERIAL}',Site='WH-1')"
    before = listed(scm, address)

    after = write("PATCH", address, {"OnHand": 50, "Reserved": 8.5, "Available": 1}, **etag(before)).json

    assert (after["Available"], after["BaseUnit"]) == (41.5, "KG")


def test_a_supplier_that_is_needed_stays(scm, write):
    used = next(row["Supplier"] for row in scm.dump("Materials") if row["Supplier"])

    refused = write("DELETE", f"Suppliers('{used}')", If_Match="*")

    assert (refused.status, refused.json["error"]["code"]) == (400, "IN_USE")


# --- batches ------------------------------------------------------------------


def test_parts_of_a_batch_stand_alone_and_the_first_error_ends_it_unless_told_otherwise(scm, write):
    parts = [create({"SourceNumber": f"alone {number}" if number != 1 else None}) for number in range(3)]

    stopped = write("POST", "$batch", batch(*parts), Content_Type="application/json").json["responses"]
    gone_on = write("POST", "$batch", batch(*parts), Content_Type="application/json", Prefer="continue-on-error").json[
        "responses"
    ]

    assert {one["id"]: one["status"] for one in stopped} == {"0": 201, "1": 400}
    assert {one["id"]: one["status"] for one in gone_on} == {"0": 201, "1": 400, "2": 201}


def test_a_group_that_is_rolled_back_still_says_created(scm, write):
    before = len(scm.dump("Demands"))
    parts = [create({"SourceNumber": name}, "g") for name in ("first", None, "third")]

    answers = write("POST", "$batch", batch(*parts), Content_Type="application/json").json["responses"]

    assert {one["id"]: one["status"] for one in answers} == {"0": 201, "1": 400, "2": 424}
    assert next(one for one in answers if one["id"] == "0")["body"]["SourceNumber"] == "first"
    assert len(scm.dump("Demands")) == before


def test_a_changeset_that_is_rolled_back_is_one_error(scm, write):
    before = len(scm.dump("Demands"))
    kind = "multipart/mixed; boundary=b"
    parts = "".join(
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: {number}\r\n\r\nPOST Demands HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
        f"{json.dumps({'SourceNumber': name})}\r\n"
        for number, name in enumerate(("Kölner Straße", None))
    )
    body = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n".encode()

    answered = write("POST", "$batch", body, Content_Type=kind)

    assert (answered.raw.count(b"HTTP/1.1 "), answered.raw.count(b"HTTP/1.1 400")) == (1, 1)
    assert len(scm.dump("Demands")) == before


@pytest.mark.parametrize("body", [b"", b"{}", b'{"requests":7}', b"\xff", b"--b\r\n", b'{"requests":' + b"[" * 100_000])
def test_what_is_no_batch_is_refused(write, body):
    for kind in ("application/json", "multipart/mixed; boundary=b"):
        assert write("POST", "$batch", body, Content_Type=kind).status in {400, 415}


def test_a_stranger_is_answered_in_plain_text(scm):
    refused = scm.ask("GET", f"{ROOT}/Demands", Authorization="Basic eDp5")

    assert (refused.status, refused.raw) == (401, b"Unauthorized")


def test_people_plan_and_buy(scm):
    done = scm.post("/_sandbox/people", {"edits": 60, "seed": 4})["done"]

    assert len(done) == 60
    assert {one["resource"] for one in done} >= {"Materials", "Suppliers", "StockLevels", "PurchaseOrders"}
    assert any(one["action"] == "add_line" for one in done)


def test_a_killed_scm_keeps_what_was_answered_and_its_delta_links(tmp_path):
    first = start("scm", data=tmp_path, size=10)
    caller = Caller(process=first)
    link = begin(caller, "Demands")
    given = caller.ask("GET", f"{ROOT}/", X_CSRF_Token="Fetch").headers
    session = {"X-CSRF-Token": given["X-CSRF-Token"], "Cookie": given["Set-Cookie"].partition(";")[0]}
    made = caller.ask("POST", f"{ROOT}/Demands", {"SourceNumber": "kept"}, **session).json
    first.kill()

    with start("scm", data=tmp_path, port=first.port) as back:
        again = Caller(process=back)
        rows, _ = followed(again, link)
        old_session = again.ask("POST", f"{ROOT}/Demands", {"SourceNumber": "more"}, **session)

    assert [row["DemandNumber"] for row in rows] == [made["DemandNumber"]]
    assert (old_session.status, old_session.headers["X-CSRF-Token"]) == (403, "Required")
