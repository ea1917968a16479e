"""Traps that SOAP services lay, and what a hostile one sends: the soap connector steps into none."""

from __future__ import annotations

import json

import pytest

from syncline.errors import RejectedError, SetupError, TransientError
from syncline.model.page import Batch, Gone, Item, Op, Outcome, Receipt
from syncline.ports.connector import Connector
from tests.contract.canned_server import answer, canned
from tests.contract.soap_documents import XML, description, envelope, fault, items, opened, shop
from tests.contract.soap_kit import BAD, BY_CURSOR, BY_OFFSET, ORDERS, connected, creates, everything, order, written
from tests.contract.soap_system import PASSWORD, serving

URL = "http://127.0.0.1:9/shop"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


def put(connector: Connector, **fields: object) -> Receipt:
    item = Item(ref=1, op=Op.CREATE, fields=fields)
    return connector.write(Batch(resource="items", items=[item], send_by=float("inf")))[0]


def listed(connector: Connector) -> list[dict[str, object]]:
    return [json.loads(raw) for page in connector.list("items", None) for raw in page.raws]


# --- answers that nobody may trust ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (BOMB.encode() + items("<id>&i;</id>"), "document type"),
        (b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + items("<id>1</id>"), "document type"),
        (b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + items("<id>&f;</id>"), "document type"),
        (items("<x>" * 100 + "</x>" * 100), "nested too deep"),
        (items("<id>1</id>")[:-30], "no whole XML"),
        (items("<id>1</id>") + b"<more/>", "no whole XML"),
        (b"", "no whole XML"),
        (b"<html><body>Sign in</body></html>", "no envelope"),
        (b"<Envelope><Body><ListResponse/></Body></Envelope>", "no envelope"),
        (envelope(""), "without an answer"),
        (envelope("<OtherResponse><id>1</id></OtherResponse>"), "something else"),
        (envelope('<ListResponse><item href="#1"/></ListResponse>'), "elsewhere in the answer"),
        (items("<id>\xff</id>").decode().encode("latin-1"), "no whole XML"),
    ],
    ids=range(13),
)
def test_an_answer_that_cannot_be_trusted_is_no_list_and_no_write(body, why):
    with shop(body) as (connector, server):
        with pytest.raises(TransientError, match=why):
            listed(connector)
        assert put(connector, id="1").outcome is Outcome.DOUBT
        assert len(server.asked) == 3


def test_an_answer_that_is_too_large_is_given_up():
    with (
        shop(items(f"<id>{'x' * 300_000}</id>"), response_limit=200_000) as (connector, _),
        pytest.raises(SetupError, match="smaller pages"),
    ):
        listed(connector)


def test_a_page_of_something_else_is_named():
    html = answer(b"<p>Sign in<br></p>", Content_Type="text/html")
    with shop(lambda _: html) as (connector, _), pytest.raises(TransientError, match="of type text/html"):
        listed(connector)


def test_a_record_that_is_too_large_is_set_aside_alone():
    with shop(items("<id>1</id>", f"<id>2</id><note>{'x' * 5_000}</note>"), record_limit=1_000) as (connector, _):
        page = next(iter(connector.list("items", None)))

        assert (list(page.keys), [key for key, _ in page.broken]) == (["1"], ["2"])


# --- descriptions -----------------------------------------------------------------------------------------------------


def test_a_description_with_entities_is_refused():
    with shop(b"", description("http://127.0.0.1:9/", before=BOMB)) as (connector, server):
        with pytest.raises(TransientError, match="document type or an entity"):
            connector.check()
        assert len(server.asked) == 1


@pytest.mark.parametrize("place", ["{other}/more.xsd", "file:///etc/passwd", "ftp://127.0.0.1/x.xsd"])
def test_a_description_leads_nowhere_else(place):
    with canned(lambda _: answer(b"<x/>")) as other:
        place = place.format(other=other.url)
        inside = f'<xs:import namespace="urn:more" schemaLocation="{place}"/>'
        with (
            shop(b"", description("http://127.0.0.1:9/", inside=inside)) as (connector, _),
            pytest.raises(SetupError),
        ):
            connector.check()
        assert other.asked == []


def test_documents_of_the_standards_are_known_and_not_fetched():
    inside = (
        '<xs:import namespace="http://www.w3.org/XML/1998/namespace"/>'
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"'
        ' schemaLocation="http://schemas.xmlsoap.org/soap/encoding/"/>'
        '<xs:complexType name="Said"><xs:simpleContent><xs:extension base="xs:string">'
        '<xs:attribute ref="xml:lang"/></xs:extension></xs:simpleContent></xs:complexType>'
    )
    with canned(lambda _: answer(items("<id>1</id>"), **XML)) as other:
        described = description(f"{other.url}/shop", inside=inside)
        with shop(b"", described, url=f"{other.url}/shop") as (connector, server):
            assert listed(connector) == [{"id": "1", "tag": []}]
            assert len(server.asked) == 1


def test_a_description_in_a_file_takes_what_lies_beside_it_and_nothing_else(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    for name in (folder / "beside.xsd", tmp_path / "outside.xsd"):
        name.write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:more"/>')
    (folder / "link.xsd").symlink_to(tmp_path / "outside.xsd")
    with shop(items("<id>1</id>")) as (_, server):
        for place, works in [("beside.xsd", True), ("../outside.xsd", False), ("link.xsd", False)]:
            inside = f'<xs:import namespace="urn:more" schemaLocation="{place}"/>'
            (folder / "shop.wsdl").write_bytes(description("http://127.0.0.1:9/", inside=inside))
            with shop(items("<id>1</id>"), wsdl=str(folder / "shop.wsdl"), url=f"{server.url}/shop") as (connector, _):
                if works:
                    assert listed(connector) == [{"id": "1", "tag": []}]
                else:
                    with pytest.raises(SetupError, match="nothing from elsewhere"):
                        connector.check()


def test_a_description_does_not_decide_where_the_hub_connects_to():
    with canned(lambda _: answer(items("<id>1</id>"), **XML)) as other:
        with (
            shop(b"", description(f"{other.url}/shop")) as (connector, _),
            pytest.raises(SetupError, match=r"Set systems\.shop\.url"),
        ):
            connector.check()
        assert other.asked == []
        with shop(b"", description("http://127.0.0.1:9/"), url=f"{other.url}/shop") as (connector, _):
            assert listed(connector) == [{"id": "1", "tag": []}]


def test_another_place_with_the_description_is_told_no_secret():
    with canned(lambda _: answer(items("<id>1</id>"), **XML)) as other:
        auth = {"type": "basic", "user": "u", "password": "pw-3391-secret"}
        with shop(b"", None, url=f"{other.url}/shop", auth=auth, headers={"X-Key": "k-3391"}) as (connector, server):
            assert len(listed(connector)) == 1
            assert "authorization" in other.asked[0].headers
            assert server.asked[0].headers.keys().isdisjoint({"authorization", "x-key"})


def test_a_description_is_fetched_once():
    with serving() as (_, server), connected(server.url) as connector:
        connector.check()
        written(connector, creates(order(1)))
        everything(connector)

        assert len([one for one in server.asked if one.method == "GET"]) == 1


def test_all_that_does_not_fit_the_description_is_told_at_once():
    resource = {
        **BY_OFFSET,
        **ORDERS,
        "key": "ident",
        "get": {"operation": "ReadOrder", "key": "id", "record": "GetOrderResult"},
        "write": {"create": {"operation": "CreateOrder", "fields": "given", "record": "Result"}},
    }
    with serving() as (_, server), connected(server.url, resources={"orders": resource}) as connector:
        with pytest.raises(SetupError) as caught:
            connector.check()

        told = str(caught.value)
        for piece in (
            "no ident",
            "no ReadOrder",
            "no given (it has order, requestId)",
            "no Result (it has CreateOrderResult)",
        ):
            assert piece in told


def test_encoded_values_are_refused_by_name():
    with (
        shop(b"", description("http://127.0.0.1:9/", style="rpc", use="encoded"), url=URL) as (connector, _),
        pytest.raises(SetupError, match="encoded"),
    ):
        connector.check()


def test_a_service_of_the_rpc_style_is_spoken():
    listing = '<t:ListResponse><items xmlns=""><t:item><t:id>1</t:id></t:item></items></t:ListResponse>'
    stored = '<t:AnyName><id xmlns="">7</id></t:AnyName>'
    create = {"operation": "Put", "fields": "item", "shown": "id"}
    resource = {"list": {"operation": "List", "rows": "items"}, "write": {"create": create}}

    def script(asked):
        if asked.method == "GET":
            return answer(description(f"http://{asked.headers['host']}/shop", style="rpc"), **XML)
        return answer(envelope(stored if b"Put" in asked.body else listing), **XML)

    with canned(script) as server, opened(server, resource=resource) as connector:
        assert listed(connector) == [{"id": "1", "tag": []}]
        assert put(connector, id="7").key == "7"
        assert b"<n0:Put><item><n0:id>7</n0:id></item></n0:Put>" in server.asked[-1].body


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_fault_inside_200_is_a_fault():
    with serving(faults_at_200=True) as (erp, server), connected(server.url) as connector:
        receipts = written(connector, creates(order(0), BAD))

        assert (receipts[0].outcome, receipts[1].outcome) == (Outcome.DONE, Outcome.REFUSED)
        assert "an order needs a number" in receipts[1].message
        assert connector.get("orders", ["O999999"]) == [Gone(key="O999999")]
        assert len(erp.rows) == 1


def test_a_fault_of_the_server_after_the_effect_is_a_doubt():
    with serving() as (erp, server), connected(server.url) as connector:
        erp.forgets = True
        receipt = written(connector, creates(order(0)))[0]

        assert receipt.outcome is Outcome.DOUBT
        assert [found.key for found in connector.search("orders", "", "m0")] == list(erp.rows)


def test_an_answer_to_a_write_that_was_cut_off_is_a_doubt():
    with serving() as (erp, server), connected(server.url) as connector:
        connector.check()
        erp.cut = 25

        assert written(connector, creates(order(0)))[0].outcome is Outcome.DOUBT
        assert len(erp.rows) == 1


@pytest.mark.parametrize(
    ("code", "detail", "outcome"),
    [
        ("e:Client", "", Outcome.REFUSED),
        ("e:Server", "", Outcome.DOUBT),
        ("e:Odd", "", Outcome.DOUBT),
        ("Client.Order.Busy", "", Outcome.BUSY),
        ("e:Server", "<t:Missing><t:id>7</t:id></t:Missing>", Outcome.REFUSED),
        ("e:Server", "<x><code>E42</code></x>", Outcome.REFUSED),
        ("e:Server", "<x><code>E43</code></x>", Outcome.DOUBT),
    ],
)
def test_what_a_fault_means_is_told_by_its_most_special_code(code, detail, outcome):
    faults = {"codes": {"Busy": "busy", "Missing": "gone", "E42": "refused"}, "code": "x.code"}
    reply = answer(fault(code, "no", detail), "500 Internal Server Error", **XML)
    with shop(lambda _: reply, faults=faults) as (connector, _):
        assert put(connector, id="1").outcome is outcome


def test_a_failure_without_a_fault_is_a_doubt_and_a_refusal_without_one_needs_a_person():
    with shop(lambda _: answer(b"<h1>oops</h1>", "500 Internal Server Error")) as (connector, _):
        assert put(connector, id="1").outcome is Outcome.DOUBT
    with (
        shop(lambda _: answer(b"not here", "404 Not Found")) as (connector, _),
        pytest.raises(SetupError, match="without a word of SOAP"),
    ):
        put(connector, id="1")


def test_a_secret_that_a_fault_repeats_is_struck_out():
    reply = fault("e:Server", f"cannot log in with {PASSWORD} and tok-778-secret")
    headers = {"Session": "tok-778-secret"}
    auth = {"type": "basic", "user": "hub", "password": PASSWORD}
    with shop(reply, auth=auth, soap_headers=headers) as (connector, server):
        with pytest.raises(TransientError) as caught:
            listed(connector)
        assert PASSWORD not in str(caught.value)
        assert "tok-778-secret" not in str(caught.value)
        assert b":Session>tok-778-secret</" in server.asked[-1].body


def test_an_answer_that_says_not_done_is_a_refusal():
    reply = envelope("<PutResponse><status>DUP</status><text>there is one</text></PutResponse>")
    with shop(reply, faults={"codes": {"LATER": "busy"}}) as (connector, _):
        receipt = put(connector, id="1")
        assert (receipt.outcome, receipt.message) == (Outcome.REFUSED, "there is one (DUP)")
    with shop(reply.replace(b"DUP", b"LATER"), faults={"codes": {"LATER": "busy"}}) as (connector, _):
        assert put(connector, id="1").outcome is Outcome.BUSY


# --- values -----------------------------------------------------------------------------------------------------------


def test_nil_absent_and_empty_are_three_things():
    rows = (
        '<id>1</id><name xsi:nil="true"/><note></note><count/>',
        "<id>2</id><name/><count> 7 </count><tag>a</tag><tag>b</tag>",
        '<id>3</id><price currency="EUR">1.50</price><day>2026-01-31+01:00</day><at>2026-01-31T10:00:00</at>',
        "<id>4</id><count>12345678901234567890123</count><unknown><deep>x</deep></unknown>",
    )
    with shop(items(*rows)) as (connector, _):
        assert listed(connector) == [
            {"id": "1", "name": None, "note": "", "count": "", "tag": []},
            {"id": "2", "name": "", "count": 7, "tag": ["a", "b"]},
            {
                "id": "3", "price": {"@currency": "EUR", "$": 1.5}, "day": "2026-01-31", "at": "2026-01-31T10:00:00",
                "tag": [],
            },
            {"id": "4", "count": 12345678901234567890123, "tag": []},
        ]  # fmt: skip


def test_what_is_written_is_what_is_read():
    with serving() as (erp, server), connected(server.url) as connector:
        fields = {**order(0), "note": "", "lines": [{"sku": "A", "quantity": 2}, {"sku": "B & <b>\r\n", "note": "x"}]}
        key = written(connector, creates(fields))[0].key
        change = Item(ref=0, op=Op.UPDATE, key=key, fields={"name": None})

        assert written(connector, [change])[0].outcome is Outcome.DONE
        shown = json.loads(connector.get("orders", [key])[0].raw)
        assert shown["name"] is None
        assert (shown["note"], shown["total"]) == ("", 0.5)
        assert "due" not in shown
        assert shown["lines"] == [{"sku": "A", "quantity": 2}, {"sku": "B & <b>\r\n", "note": "x"}]
        assert written(connector, [Item(ref=0, op=Op.UPDATE, key=key, fields={"lines": []})])[0].outcome is Outcome.DONE
        assert not erp.rows[key]["lines"]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "a\x00b", "cannot hold"),
        ("name", "a\ufffe", "cannot hold"),
        ("name", {"x": 1}, "more than a value"),
        ("colour", "red", "has no colour"),
        ("total", "twelve", "is no number"),
        ("due", "2023-02-29", "is no date"),
        ("placedAt", "yesterday", "is no time"),
        ("paid", "perhaps", "neither true nor false"),
        ("lines", {"sku": "A"}, "must be a list"),
        ("lines", [{"sku": "A", "size": 1}], "has no size"),
    ],
)
def test_a_value_that_cannot_be_said_refuses_its_item_alone(field, value, why):
    with serving() as (erp, server), connected(server.url) as connector:
        receipts = written(connector, creates(order(0), {**order(1), field: value}))

        assert (receipts[0].outcome, receipts[1].outcome) == (Outcome.DONE, Outcome.REFUSED)
        assert why in receipts[1].message
        assert len(erp.rows) == 1


def test_values_are_text_and_never_elements():
    hostile = "</n0:name><n0:total>1</n0:total><n0:name>]]>&amp;<!--"
    with serving() as (erp, server), connected(server.url) as connector:
        key = written(connector, creates({**order(0), "name": hostile}))[0].key

        assert erp.rows[key]["name"] == hostile
        assert json.loads(connector.get("orders", [key])[0].raw)["name"] == hostile


def test_null_where_the_description_allows_none_is_refused_or_said_as_configured():
    for nulls, sent in [("nil", None), ("absent", b"<n0:item><n0:id>1</n0:id></n0:item>"), ("empty", b"<n0:count/>")]:
        with shop(envelope("<PutResponse><id>1</id></PutResponse>"), resource={"nulls": nulls}) as (connector, server):
            receipt = put(connector, id="1", count=None)
            assert receipt.outcome is (Outcome.REFUSED if sent is None else Outcome.DONE)
            assert sent is None or sent in server.asked[-1].body


def test_a_type_that_an_element_names_itself_is_read():
    body = items("<id>1</id>").replace(b"<item>", b'<item xsi:type="t:Special">')
    with shop(body.replace(b"</id>", b"</id><extra>1</extra>")) as (connector, _):
        assert listed(connector) == [{"id": "1", "tag": [], "extra": True}]


def test_times_without_a_zone_are_of_the_systems():
    resource = {"since": {"field": "at", "to": "since"}}
    body = items("<id>1</id><at>2026-07-01T10:00:00</at>", "<id>2</id><at>2026-01-01T10:00:00Z</at>")
    with shop(body, zone="Europe/Berlin", resource=resource) as (connector, server):
        page = next(iter(connector.list("items", None)))

        assert json.loads(page.raws[0])["at"] == "2026-07-01T10:00:00+02:00"
        assert json.loads(page.raws[1])["at"] == "2026-01-01T10:00:00Z"
        assert list(page.stamps or ()) == [1_782_892_800_000_000, 1_767_261_600_000_000]
        list(connector.list("items", page.cursor))
        assert b"<n0:since>2026-07-01T09:58:54.000</n0:since>" in server.asked[-1].body


def test_a_number_in_a_place_is_one_of_several_and_constants_go_along_with_the_bound():
    create = {"operation": "Put", "fields": "item", "shown": "id", "constants": {"item.tag.1": "b", "item.tag.0": "a"}}
    since = {"field": "at", "to": "since", "constants": {"after": "changed"}}
    resource = {"write": {"create": create}, "since": since}

    def script(asked):
        stored = envelope("<PutResponse><id>1</id></PutResponse>")
        return answer(stored if b"Put" in asked.body else items("<id>1</id><at>2026-07-01T10:00:00Z</at>"), **XML)

    with shop(script, resource=resource) as (connector, server):
        assert put(connector, id="1").outcome is Outcome.DONE
        assert b"<n0:id>1</n0:id><n0:tag>a</n0:tag><n0:tag>b</n0:tag>" in server.asked[-1].body
        cursor = [page.cursor for page in connector.list("items", None)][-1]
        assert b"changed" not in server.asked[-1].body
        list(connector.list("items", cursor))
        assert b"<n0:after>changed</n0:after><n0:since>2026-" in server.asked[-1].body


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_list_that_names_the_same_page_again_turns_in_circles():
    resource = {"paging": {"type": "cursor", "to": "after", "next": "next"}}
    with (
        shop(items("<id>1</id>", more="<next>x</next>"), resource=resource) as (connector, _),
        pytest.raises(TransientError, match="circles"),
    ):
        listed(connector)


def test_a_list_that_ends_before_its_end_is_noticed():
    resource = {"paging": {"type": "offset", "to": "after", "total": "total"}}

    def script(asked):
        is_first = b"<n0:after>0<" in asked.body
        return answer(items(*["<id>1</id>"] if is_first else [], more="<total>3</total>"), **XML)

    with shop(script, resource=resource) as (connector, _), pytest.raises(TransientError, match="1 of 3"):
        listed(connector)


def test_a_record_that_is_deleted_while_the_list_is_read_hides_no_other():
    with serving() as (erp, server), connected(server.url) as connector:
        written(connector, creates(*map(order, range(20))))
        pages = iter(connector.list("orders", None))
        found = list(next(pages).keys)
        del erp.rows[found[0]]
        found += [key for page in pages for key in page.keys]

        assert erp.rows.keys() <= set(found)


def test_a_get_of_what_nobody_may_see_is_refused():
    with (
        serving() as (_, server),
        connected(server.url, faults={}) as connector,
        pytest.raises(RejectedError, match="no order O1"),
    ):
        connector.get("orders", ["O1"])


def test_a_cursor_walks_to_the_end():
    with serving() as (erp, server), connected(server.url, resources={"orders": {**BY_CURSOR, **ORDERS}}) as connector:
        written(connector, creates(*map(order, range(20))))

        assert sorted(everything(connector)) == sorted(erp.rows)
