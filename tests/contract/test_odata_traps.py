"""Traps that OData services lay, each seen at a real one: the odata connector steps into none."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from syncline.connectors.protocols.odata import ODataConnector
from syncline.errors import SetupError, TransientError
from syncline.model.page import Cursor, Gone, Item, Op, Outcome
from tests.contract.canned_server import answer, canned
from tests.contract.odata_description import DESCRIPTIONS
from tests.contract.odata_kit import PRODUCTS, connected, creates, product, written
from tests.contract.odata_system import ROOT, Manner, serving


def everything(connector: ODataConnector, since: Cursor | None = None) -> list[str]:
    return [key for page in connector.list("products", since) for key in page.keys]


# --- conditions and tokens --------------------------------------------------------------------------------------------


def test_a_token_that_has_ended_is_fetched_again_and_the_write_is_done_once():
    with (
        serving(Manner(csrf=True)) as (application, server),
        connected(server.url, csrf=True) as connector,
    ):
        first = written(connector, creates(product(0)))[0]
        application.sessions.clear()

        second = written(connector, creates(product(1)))[0]

        assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)
        assert len(application.sets["Products"]) == 2
        assert len(application.sessions) == 1


def test_a_service_that_wants_a_token_nobody_fetches_needs_a_person():
    with serving(Manner(csrf=True)) as (application, server), connected(server.url) as connector:
        with pytest.raises(SetupError, match="does not allow"):
            written(connector, creates(product(0)))

        assert application.sets["Products"] == {}


def test_a_write_without_the_condition_that_the_service_wants_needs_a_person():
    plain = PRODUCTS | {"etag": False}
    with (
        serving(Manner(version="v2")) as (application, server),
        connected(server.url, version="v2", resources={"products": plain}) as connector,
    ):
        key = written(connector, creates(product(0)))[0].key
        change = Item(ref=1, op=Op.UPDATE, key=key, fields={"name": "Other"})

        with pytest.raises(SetupError, match=r"If-Match.*etag to true"):
            written(connector, [change])
        assert application.sets["Products"][key]["name"] == "Bolt 0"


def test_an_update_of_what_is_gone_makes_no_new_entity():
    """In version 4 a PATCH of an unknown key may be a create."""
    unknown = "00000000-0000-4000-8000-000000000000"
    with serving(Manner(etag=False)) as (application, server):
        resources = {"products": PRODUCTS | {"etag": False}}
        with connected(server.url, resources=resources) as connector:
            connector.check()
            receipts = written(connector, [Item(ref=1, op=Op.UPDATE, key=unknown, fields={"name": "Ghost"})])

        assert receipts[1].outcome is Outcome.GONE
        assert server.asked[-1].headers["if-match"] == "*"
        assert application.sets["Products"] == {}


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_next_link_to_another_place_is_not_followed():
    with serving(Manner(page=2)) as (application, server), connected(server.url) as connector:
        written(connector, creates(*map(product, range(5))))
        application.elsewhere = "http://127.0.0.1:9"

        with pytest.raises(SetupError, match="outside its service"):
            everything(connector)


def test_a_next_link_to_another_service_of_the_same_host_is_not_followed():
    def script(asked):
        if "$metadata" in asked.target:
            return answer(DESCRIPTIONS["v4"].encode())
        return answer(b'{"value":[],"@odata.nextLink":"/erp/service/../admin/Products?$skiptoken=1"}')

    with canned(script) as server, connected(server.url) as connector:
        with pytest.raises(SetupError, match="outside its service"):
            everything(connector)
        assert all(asked.target.startswith(ROOT) for asked in server.asked)


def test_a_delta_link_that_is_no_longer_known_means_reading_everything_anew():
    tracked = {"products": PRODUCTS | {"delta": True}}
    with (
        serving(Manner(tracks=True, page=3)) as (application, server),
        connected(server.url, resources=tracked) as connector,
    ):
        written(connector, creates(*map(product, range(7))))
        cursor = [page.cursor for page in connector.list("products", None)][-1]
        assert cursor is not None
        assert cursor.token
        application.expired = 1_000

        pages = list(connector.list("products", cursor))

        assert sum(len(page.keys) for page in pages) == 7
        assert pages[-1].cursor is not None
        assert pages[-1].cursor.token


def test_a_removed_entity_of_a_delta_link_is_a_tombstone_and_other_changes_are_records():
    tracked = {"products": PRODUCTS | {"delta": True}}
    with (
        serving(Manner(tracks=True, page=3)) as (_, server),
        connected(server.url, resources=tracked) as connector,
    ):
        keys = [receipt.key for _, receipt in sorted(written(connector, creates(*map(product, range(4)))).items())]
        cursor = [page.cursor for page in connector.list("products", None)][-1]
        written(connector, [Item(ref=1, op=Op.DELETE, key=keys[0])])
        written(connector, [Item(ref=2, op=Op.UPDATE, key=keys[1], fields={"name": "New name"})])

        pages = list(connector.list("products", cursor))

        assert [key for page in pages for key in page.tombstones] == [keys[0]]
        assert [key for page in pages for key in page.keys] == [keys[1]]


def test_a_list_that_is_cut_off_is_no_short_list():
    with serving(Manner()) as (application, server), connected(server.url) as connector:
        written(connector, creates(product(0), product(1)))
        application.cut = 40

        with pytest.raises(TransientError):
            everything(connector)
        assert len(everything(connector)) == 2


def test_what_a_page_cannot_show_is_set_aside_alone():
    good = b'{"ID":"00000000-0000-4000-8000-000000000001","sku":"A"}'
    rows = [good, b'{"sku":"no key"}', b'{"ID":"00000000-0000-4000-8000-000000000002","sku":"\xff"}', b"7"]

    def script(asked):
        if "$metadata" in asked.target:
            return answer(DESCRIPTIONS["v4"].encode())
        return answer(b'{"value":[' + b",".join(rows) + b"]}")

    with canned(script) as server, connected(server.url) as connector:
        page = next(iter(connector.list("products", None)))

        assert page.keys == ["00000000-0000-4000-8000-000000000001"]
        assert len(page.broken) == 3
        assert all(reason for _, reason in page.broken)


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
        b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><lolz>&b;</lolz>',
        b"<x>" * 5_000,
        b"<html><body>Sign in</body></html>",
        b"{}",
        b"",
    ],
    ids=["entity", "external", "laughs", "deep", "page", "json", "empty"],
)
def test_a_description_that_may_not_be_read_stops_reads_and_sends_no_write(hostile):
    with canned(lambda _: answer(hostile)) as server, connected(server.url) as connector:
        with pytest.raises(TransientError, match="describes itself"):
            everything(connector)
        receipts = written(connector, creates(product(0)))

        assert receipts[0].outcome is Outcome.BUSY
        assert {asked.method for asked in server.asked} == {"GET"}


def test_a_set_that_the_service_does_not_know_is_named_with_those_it_knows():
    with (
        serving(Manner()) as (_, server),
        connected(server.url, resources={"products": {"set": "Prodcts"}}) as connector,
        pytest.raises(SetupError, match="Items, Products"),
    ):
        everything(connector)


def test_lines_are_made_with_their_parent_and_changed_in_version_4_alone():
    lines = [{"no": 1, "quantity": "2.500"}]
    with serving(Manner()) as (application, server), connected(server.url) as connector:
        key = written(connector, creates(product(0) | {"lines": lines}))[0].key
        changed = Item(ref=2, op=Op.UPDATE, key=key, fields={"lines": [{"no": 2, "quantity": "1"}]})

        assert written(connector, [changed])[2].outcome is Outcome.DONE
        stored = application.sets["Products"][key]["lines"]
        assert [(line["no"], str(line["quantity"])) for line in stored] == [(2, "1")]
    with serving(Manner(version="v2")) as (application, server), connected(server.url, version="v2") as connector:
        key = written(connector, creates(product(0) | {"lines": lines}))[0].key

        refused = written(connector, [Item(ref=2, op=Op.UPDATE, key=key, fields={"lines": []})])[2]

        assert application.sets["Products"][key]["lines"] == [{"no": 1, "quantity": "2.500"}]
        assert refused.outcome is Outcome.REFUSED
        assert "lines a resource of its own" in refused.message


def test_a_key_that_its_type_cannot_hold_is_nobodys_and_is_not_asked_for():
    with serving(Manner()) as (_, server), connected(server.url) as connector:
        connector.check()
        before = len(server.asked)

        found = connector.get("products", ["../$metadata", "x' or 1 eq 1"])

        assert found == [Gone(key="../$metadata"), Gone(key="x' or 1 eq 1")]
        assert len(server.asked) == before


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
@pytest.mark.parametrize(
    "body", [b"<html><body>Sign in</body></html>", b'{"error":{"code":"BUSY","message":"later"}}', b'{"ID":"0000']
)
def test_a_page_an_error_or_half_an_answer_behind_200_is_no_done_write(body, op):
    def script(asked):
        if asked.target.endswith("$metadata"):
            return answer(DESCRIPTIONS["v4"].encode(), Content_Type="application/xml")
        return answer(body)

    with canned(script) as server, connected(server.url) as connector:
        item = Item(ref=1, op=op, key="00000000-0000-4000-8000-000000000000", fields={"name": "New"}, version='W/"1"')

        assert written(connector, [item])[1].outcome is Outcome.DOUBT


@pytest.mark.parametrize(("code", "outcome"), [("UNIQUE", Outcome.REFUSED), ("CRASH", Outcome.DOUBT)])
@pytest.mark.parametrize("codes", [{"UNIQUE": "refused"}, {}])
def test_a_500_is_a_doubt_unless_its_code_is_known(code, outcome, codes):
    def script(asked):
        if "$metadata" in asked.target:
            return answer(DESCRIPTIONS["v4"].encode())
        body = b'{"error":{"code":"' + code.encode() + b'","message":"no"}}'
        return answer(body, "500 Internal Server Error")

    with canned(script) as server, connected(server.url, codes=codes) as connector:
        receipt = written(connector, creates(product(0)))[0]

        assert receipt.outcome is (outcome if codes else Outcome.DOUBT)
        assert len([asked for asked in server.asked if asked.method == "POST"]) == 1


def test_an_entity_that_has_left_a_tracked_list_is_looked_at_before_it_counts_as_deleted():
    stays, went = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"

    def script(asked):
        if "$metadata" in asked.target:
            return answer(DESCRIPTIONS["v4"].encode())
        if f"({stays})" in asked.target:
            return answer(f'{{"ID":"{stays}","sku":"S","modifiedAt":"2026-01-01T00:00:00Z"}}'.encode())
        if "Products(" in asked.target or "filter" in asked.target:
            return answer(b"{}", "404 Not Found")
        rows = ",".join(f'{{"@removed":{{"reason":"changed"}},"ID":"{key}"}}' for key in (stays, went))
        return answer(f'{{"value":[{rows}],"@odata.deltaLink":"Products?$deltatoken=7"}}'.encode())

    resources = {"products": PRODUCTS | {"delta": True, "expand": {}}}
    with canned(script) as server, connected(server.url, resources=resources) as connector:
        page = next(iter(connector.list("products", Cursor(token="/Products?$deltatoken=1"))))

        assert page.keys == [stays]
        assert page.tombstones == [went]
        assert page.cursor is not None
        assert page.cursor.token.endswith("$deltatoken=7")


@pytest.mark.parametrize(("field", "asked_for"), [("day", "day ge 2026-01-09"), ("count", "")])
def test_changes_are_asked_for_by_the_type_of_what_shows_them(field, asked_for):
    own = '<Property Name="day" Type="Edm.Date"/><Property Name="count" Type="Edm.Int32"/><Property Name="sku"'
    description = DESCRIPTIONS["v4"].replace('<Property Name="sku"', own)

    def script(asked):
        return answer(description.encode() if "$metadata" in asked.target else b'{"value":[]}')

    resources = {"products": {"set": "Products", "since": field}}
    since = Cursor(stamp=1_768_003_200_000_000)  # 2026-01-10
    with canned(script) as server, connected(server.url, resources=resources) as connector:
        if not asked_for:
            with pytest.raises(SetupError, match=r"count is Edm\.Int32, and no time"):
                everything(connector, since)
            return
        everything(connector, since)

        assert asked_for in unquote(server.asked[-1].target)
