"""Systems that answer nonsense: a clear sentence or one parked record; the rest flows, and nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.acceptance.bad_input_world import BadWorld, Told, bad_world
from tests.acceptance.lying_proxy import Choice, Exchange, Rewrite
from tests.acceptance.sandbox_world import side_door

pytestmark = pytest.mark.slow

Row = dict[str, Any]
WAYS = (("sync",), ("sync", "--full"))  #: what has changed, and everything
PAGE = {"crm": "GET /api/customers", "erp": "GET /rest/partners"}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BadWorld]:
    with bad_world(tmp_path_factory.mktemp("answers") / "world", quick=True) as made:
        yield made


def instead(body: bytes, content_type: str = "") -> Choice:
    """Every answer is this."""
    lie = Rewrite(body=lambda _: body, content_type=content_type)
    return lambda _: lie


def customers(change: Callable[[list[Row]], list[Row]]) -> Choice:
    """Every answer about customers of the CRM, with other rows."""

    def rewritten(body: bytes) -> bytes:
        document = json.loads(body)
        if "data" in document:
            return json.dumps({**document, "data": change(document["data"])}).encode()
        return json.dumps(change([document])[0]).encode() if "id" in document else body

    return about_customers(rewritten)


def about_customers(rewritten: Callable[[bytes], bytes]) -> Choice:
    lie = Rewrite(body=rewritten)
    return lambda one: lie if one.method == "GET" and one.path.startswith("/api/customers") else None


def each(change: Callable[[Row], object]) -> Callable[[list[Row]], list[Row]]:
    def changed(rows: list[Row]) -> list[Row]:
        for row in rows:
            change(row)
        return rows

    return changed


def phone_in(bad: BadWorld, customer: Row) -> str:
    return bad.partner_of(customer)["Phone"]


def parked_alone(bad: BadWorld, told: Told, customer: Row, message: str) -> None:
    """Only this record is parked, by its name, and everybody can read why."""
    parked, shown = bad("parked", "--json"), bad("parked")

    assert told.code == 0, told.out
    assert told.paused == {}
    assert [(row["system"], row["key"]) for row in parked.parked] == [("crm", customer["id"])]
    assert parked.parked[0]["label"] == customer["name"]
    assert message in " ".join(shown.out.split())
    assert "correct the record there" in shown.out


def read_by_key(bad: BadWorld) -> None:
    """Let the next pass ask for what is parked by its key."""
    assert bad("parked", "--retry").code == 0


# --- a whole system --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["crm", "erp"])
def test_html_instead_of_json_pauses_that_system_alone(bad: BadWorld, system: str):
    customer, number = bad.customers()[0], f"+49305556{len(system):03}"
    bad.world.crm.change("customers", customer["id"], {"phone": number})
    with bad.proxy(system).lying(instead(b"<html>Please sign in</html>", "text/html")):
        told, check = bad("sync", "--json"), bad("check")

    what = f"{system} answered HTML instead of JSON at {PAGE[system]}"
    assert (told.code, check.code) == (3, 1)
    assert list(told.paused) == [system]
    assert told.paused[system].startswith(what)
    assert what in " ".join(check.out.split())
    assert f"check systems.{system}.url" in told.paused[system]
    bad.comes_to_rest()
    assert phone_in(bad, customer) == number


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'{"error": {"code": "down", "message": "Down for maintenance"}}', "Down for maintenance"),
        (b'{"status": "ERROR", "text": "quota"}', "without a list at data. If it lasts, check"),
        (b"[" * 100_000, "JSON that ends too early or is none"),
    ],
)
def test_an_error_that_hides_behind_http_200_is_no_empty_list(bad: BadWorld, body: bytes, what: str):
    with bad.crm.lying(instead(body)):
        told = bad("sync", "--full", "--json")

    assert told.code == 3
    assert what in told.paused["crm"]
    assert not any(one["reads"].get("deleted", 0) for one in told.document["accounts"])
    assert bad.differences() == []


def test_a_write_that_is_answered_with_an_error_behind_http_200_is_refused_alone(bad: BadWorld):
    """The ERP says ok: false with HTTP 200 for one of two records."""
    first, second = bad.customers()[:2]
    bad.world.crm.change("customers", first["id"], {"phone": "+493055560011"})
    wrong = bad.world.crm.create("customers", {"name": "Number Is No Country", "country": "Germany", "tax_id": "NO1"})
    lie = Rewrite(body=lambda _: b'{"ok": false, "row": 0, "code": "E103", "msg": "Country expected"}')

    def choose(one: Exchange) -> Rewrite | None:
        return lie if one.method == "POST" and one.path.startswith("/rest/partners") else None

    with bad.erp.lying(choose):
        bad.world.crm.change("customers", second["id"], {"phone": "+493055560012"})
        told, parked = bad("sync", "--json"), bad("parked", "--json")

    assert told.code == 0, told.out
    assert {row["message"] for row in parked.parked} == {"Country expected"}
    assert "Number Is No Country" in {row["label"] for row in parked.parked}
    assert bad("parked", "--retry").code == 0
    bad.comes_to_rest()
    assert [row["VatNo"] for row in bad.world.erp.every("partners")].count("NO1") == 1
    assert bad.partner_of(wrong)["Name1"] == "Number Is No Country"


# --- a schema that changed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda row: row.pop("email"), "`email` is gone"),
        (lambda row: row.update(email=[row["email"]]), "`email` was text and is list"),
    ],
)
def test_a_schema_that_changed_pauses_that_mapping_alone(bad: BadWorld, change: Callable[[Row], object], what: str):
    assert bad("sync").code == 0
    with bad.crm.lying(customers(each(change))):
        told, check = bad("sync", "--full", "--json"), bad("check")

    assert (told.code, check.code) == (3, 1)
    assert list(told.paused) == ["customers crm"]
    assert what in told.paused["customers crm"]
    assert "Correct the mapping" in told.paused["customers crm"]
    assert re.search(r"(mapping/crm_customer|flows/customers|syncline)\.yaml:\d+:\d+  ", check.out)
    assert {(one["flow"], one["system"]) for one in told.document["accounts"] if one["read"]} >= {
        ("orders", "crm"), ("products", "crm"),
    }  # fmt: skip
    bad.comes_to_rest()


def test_a_field_that_is_empty_wherever_one_looks_is_no_changed_schema(bad: BadWorld):
    assert bad("sync").code == 0
    with bad.crm.lying(customers(each(lambda row: row.update(phone=None)))):
        check = bad("check")

    assert "changed `phone`" not in check.out
    assert check.code == 0, check.out


def test_a_field_whose_type_changed_parks_its_records_when_no_schema_is_looked_at(bad: BadWorld):
    with (
        bad.edited("systems/crm.yaml", "customers:\n  schema: sample\n", "customers:\n"),
        bad.crm.lying(customers(each(lambda row: row.update(email={"work": row["email"]})))),
    ):
        told, check = bad("sync", "--full", "--json"), bad("check")
        parked = bad("parked", "--json").parked

    assert told.code == 0
    assert len(parked) == len(bad.world.crm.every("customers"))
    assert all("this is an object, not text" in row["message"] for row in parked)
    assert re.search(r"mapping/crm_customer\.yaml:2:\d+  `email`", check.out)
    assert bad.differences() == []
    bad.comes_to_rest()


def test_a_key_that_was_renamed_stops_the_flow_and_blames_no_record(bad: BadWorld):
    with bad.crm.lying(customers(each(lambda row: row.update(uuid=row.pop("id"))))):
        told = bad("sync", "--full", "--json")

    assert told.code == 3
    assert "crm shows no `id` in any of" in told.paused["customers crm"]
    assert "correct systems.crm.resources.customers.key" in told.paused["customers crm"]
    assert bad("parked", "--json").parked == []
    bad.comes_to_rest()


# --- one record ------------------------------------------------------------------------------------------------------


def test_a_record_of_10_mb_is_parked_alone(bad: BadWorld):
    big, other = bad.customers()[:2]
    before = phone_in(bad, big)

    def grow(row: Row) -> None:
        if row["id"] == big["id"]:
            row["notes"] = "x" * 10_000_000

    bad.world.crm.change("customers", big["id"], {"phone": "+493055570001"})
    bad.world.crm.change("customers", other["id"], {"phone": "+493055570002"})
    with bad.crm.lying(customers(each(grow))):
        for words in WAYS:
            parked_alone(bad, bad(*words, "--json"), big, "larger than 1,048,576 bytes")
        assert (phone_in(bad, other), phone_in(bad, big)) == ("+493055570002", before)
        read_by_key(bad)
        parked_alone(bad, bad("sync", "--json"), big, "larger than 1,048,576 bytes")

    read_by_key(bad)
    assert bad("sync").code == 0
    assert phone_in(bad, big) == "+493055570001"
    bad.comes_to_rest()


def test_invalid_utf_8_in_one_record_parks_it_alone(bad: BadWorld):
    torn, other = bad.customers()[2:4]

    def tear(body: bytes) -> bytes:
        at = body.find(b'"name":', body.find(torn["id"].encode()))
        return body if torn["id"].encode() not in body else body[: at + 9] + b"\xff\xfe" + body[at + 9 :]

    bad.world.crm.change("customers", torn["id"], {"phone": "+493055580001"})
    bad.world.crm.change("customers", other["id"], {"phone": "+493055580002"})
    with bad.crm.lying(about_customers(tear)):
        for words in WAYS:
            parked_alone(bad, bad(*words, "--json"), torn, "not UTF-8 at byte")
        assert phone_in(bad, other) == "+493055580002"
        read_by_key(bad)
        parked_alone(bad, bad("sync", "--json"), torn, "that is not UTF-8 at byte")

    bad.comes_to_rest()
    assert phone_in(bad, torn) == "+493055580001"


def test_a_record_without_a_key_is_parked_and_forgotten_once_it_has_one(bad: BadWorld):
    nameless, other = bad.customers()[:2]

    def strip(row: Row) -> None:
        if row["id"] == nameless["id"]:
            del row["id"]

    bad.world.crm.change("customers", other["id"], {"phone": "+493055590011"})
    with bad.crm.lying(lambda one: customers(each(strip))(one) if "limit" in one.query else None):
        told, parked = bad("sync", "--full", "--json"), bad("parked", "--json").parked

    assert told.code == 0, told.out
    assert [row["key"][0] for row in parked] == ["#"]
    assert "id" in parked[0]["message"]
    assert phone_in(bad, other) == "+493055590011"
    bad.comes_to_rest()


# --- a key twice -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("differs", [False, True])
def test_a_key_twice_in_one_page_is_one_record(bad: BadWorld, differs: bool):
    """The two rows may differ: then the record itself is asked, which shows what is true."""
    twice, other = bad.customers()[:2]
    true, number = f"+493055600{differs:02}1", f"+493055600{differs:02}2"

    def doubled(rows: list[Row]) -> list[Row]:
        wrong = {"phone": "+49301110000"} if differs else {}
        return [copy for row in rows for copy in ([row, {**row, **wrong}] if row["id"] == twice["id"] else [row])]

    bad.world.crm.change("customers", twice["id"], {"phone": true})
    bad.world.crm.change("customers", other["id"], {"phone": number})
    with bad.crm.lying(lambda one: customers(doubled)(one) if "limit" in one.query else None):
        told = bad("sync", "--full", "--json")

    assert told.code == 0, told.out
    assert (phone_in(bad, twice), phone_in(bad, other)) == (true, number)
    assert bad.differences() == []
    bad.comes_to_rest()


@pytest.mark.parametrize("known", [True, False])
def test_a_key_on_two_pages_is_one_record(bad: BadWorld, known: bool):
    """A listing that is edited while it is read shows a record twice; a new one is created once."""
    if known:
        twice = bad.customers()[0]
        bad.world.crm.change("customers", twice["id"], {"phone": "+493055610001"})
    else:
        fields = {"name": "Twice Shown GmbH", "tax_id": "TWICE1", "country": "Germany"}
        twice = bad.world.crm.create("customers", fields)

    def twice_paged(body: bytes) -> bytes:
        document = json.loads(body)
        shown = {row["id"] for row in document["data"]}
        again = [bad.world.crm.get("customers", twice["id"])] if twice["id"] not in shown else []
        return json.dumps({**document, "data": again + document["data"]}).encode()

    with bad.edited("systems/crm.yaml", "size_param: limit, size: 500", "size_param: limit, size: 10"):
        with bad.crm.lying(lambda one: about_customers(twice_paged)(one) if "limit" in one.query else None):
            told = bad("sync", "--full", "--json")

        assert told.code == 0, told.out
        assert len(bad.crm.asked) > 3
    assert [row["VatNo"] for row in bad.world.erp.every("partners")].count(twice["tax_id"].upper()) == 1
    bad.comes_to_rest()


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_record_from_the_future_does_not_hide_what_changes_until_then(bad: BadWorld):
    early, later = bad.customers()[:2]

    def ahead(row: Row) -> None:
        if row["id"] == early["id"]:
            row["updated_at"] = "2099-01-01T00:00:00.000Z"

    bad.world.crm.change("customers", early["id"], {"phone": "+493055620001"})
    with bad.crm.lying(customers(each(ahead))):
        first = bad("sync", "--json")
    bad.world.crm.change("customers", later["id"], {"phone": "+493055620002"})
    bad.world.crm.change("customers", early["id"], {"phone": "+493055620003"})
    second = bad("sync", "--json")

    assert (first.code, second.code) == (0, 0)
    assert (phone_in(bad, early), phone_in(bad, later)) == ("+493055620003", "+493055620002")
    bad.comes_to_rest()


@pytest.mark.parametrize("system", ["crm", "erp"])
def test_a_system_whose_clock_was_a_year_ahead_for_a_while_loses_no_edit(bad: BadWorld, system: str):
    url = bad.world.crm_url if system == "crm" else bad.world.erp_url
    first, second = bad.customers()[:2]

    def telephone(customer: Row, phone: str) -> None:
        if system == "crm":
            bad.world.crm.change("customers", customer["id"], {"phone": phone})
        else:
            bad.world.erp.change("partners", bad.partner_of(customer)["PartnerNo"], {"Phone": phone})

    side_door(url, "faults", {"clock_skew_s": 365 * 86_400})
    telephone(first, "+493055630001" if system == "crm" else "+493055630002")
    wrong = bad("sync", "--json")
    side_door(url, "faults", {})
    telephone(second, "+493055630003" if system == "crm" else "+493055630004")
    right = bad("sync", "--json")

    assert (wrong.code, right.code) == (0, 0)
    assert bad.differences() == []
    bad.comes_to_rest()
