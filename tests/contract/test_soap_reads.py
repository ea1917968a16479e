"""Lists, gets and descriptions of SOAP services that are odd without being hostile."""

from __future__ import annotations

import pytest

from syncline.errors import SetupError, TransientError
from syncline.model.page import Batch, Gone, Item, Op, Outcome, Record
from tests.contract.canned_server import answer
from tests.contract.soap_documents import XML, description, envelope, fault, items, shop
from tests.contract.soap_kit import ORDERS, connected, creates, everything, order, written
from tests.contract.soap_system import serving

_PAGE = {
    "list": {"operation": "ListOrders", "rows": "ListOrdersResult.items"},
    "paging": {"type": "offset", "size": 7, "size_to": "limit", "to": "offset", "more": "ListOrdersResult.more"},
}
_MANY = {"operation": "GetOrders", "key": "ids", "record": "GetOrdersResult", "many": True, "size": 5}
_GET = {"operation": "List", "key": "after", "record": "item", "many": True}


def test_a_list_that_says_whether_there_is_more_needs_no_total():
    with serving() as (erp, server), connected(server.url, resources={"orders": {**_PAGE, **ORDERS}}) as connector:
        written(connector, creates(*map(order, range(21))))

        assert sorted(everything(connector)) == sorted(erp.rows)


@pytest.mark.parametrize("total", [0, 5])
def test_pages_are_counted_from_the_first(total):
    paging = {"type": "page", "to": "after", "size": 2, "first": 0} | ({"total": "total"} if total else {})

    def script(asked):
        number = int(asked.body.partition(b"<n0:after>")[2].partition(b"<")[0])
        shown = [f"<id>{one}</id>" for one in range(5)[number * 2 : number * 2 + 2]]
        return answer(items(*shown, more=f"<total>{total}</total>"), **XML)

    with shop(script, resource={"paging": paging}) as (connector, server):
        assert [key for page in connector.list("items", None) for key in page.keys] == ["0", "1", "2", "3", "4"]
        assert len(server.asked) == (4 if total else 5)


@pytest.mark.parametrize(
    "paging",
    [
        {"type": "keyset", "to": "after", "more": "more"},
        {"type": "cursor", "to": "after", "next": "next", "more": "more"},
    ],
)
def test_a_list_that_has_more_and_does_not_say_where_is_not_at_its_end(paging):
    described = description("http://127.0.0.1:9/").replace(
        b'<xs:element name="next"', b'<xs:element name="more" type="xs:boolean" minOccurs="0"/><xs:element name="next"'
    )
    with shop(items(more="<more>true</more>"), described) as (_, server):
        url = f"{server.url}/shop"
        with (
            shop(b"", described, url=url, resource={"paging": paging}) as (connector, _),
            pytest.raises(TransientError, match="does not say where"),
        ):
            list(connector.list("items", None))


def test_what_a_get_of_several_does_not_answer_is_gone():
    with serving() as (erp, server):
        resources = {"orders": {**_PAGE, **ORDERS, "get": _MANY}}
        with connected(server.url, resources=resources) as connector:
            keys = [receipt.key for _, receipt in sorted(written(connector, creates(*map(order, range(7)))).items())]
            del erp.rows[keys[3]]

            found = connector.get("orders", [*keys, "O9", keys[0]])

            assert [one.key for one in found] == [*keys, "O9", keys[0]]
            assert [one.key for one in found if isinstance(one, Gone)] == [keys[3], "O9"]


def test_a_get_of_several_that_fails_for_one_is_asked_one_by_one():
    def script(asked):
        if b"<n0:after>bad<" in asked.body or b"<n0:after>good<" not in asked.body:
            return answer(fault("e:Client.NotFound", "one is not there"), "500 Internal Server Error", **XML)
        return answer(items("<id>good</id>"), **XML)

    described = description("http://127.0.0.1:9/").replace(
        b'name="after" type="xs:string" minOccurs="0"', b'name="after" type="xs:string" maxOccurs="unbounded"'
    )
    faults = {"codes": {"NotFound": "gone"}}
    with shop(script, described) as (_, server):
        url = f"{server.url}/shop"
        with shop(b"", described, url=url, faults=faults, resource={"get": {**_GET, "size": 1}}) as (connector, _):
            found = connector.get("items", ["good", "bad"])
            assert [type(one) for one in found] == [Record, Gone]
        with shop(b"", described, url=url, faults=faults, resource={"get": _GET}) as (connector, _):
            before = len(server.asked)
            assert isinstance(connector.get("items", ["bad", "worse"])[0], Gone)
            assert len(server.asked) == before + 3


def test_nothing_in_place_of_a_record_is_gone_or_an_error_as_configured():
    for missing in ("gone", "error"):
        get = {"operation": "List", "key": "after", "record": "item", "many": False, "missing": missing}
        with shop(items(), resource={"get": get}) as (connector, _):
            if missing == "gone":
                assert connector.get("items", ["1"]) == [Gone(key="1")]
            else:
                with pytest.raises(TransientError, match="shows nothing for items 1"):
                    connector.get("items", ["1"])


def test_what_is_not_configured_is_told_with_its_setting():
    with shop(items("<id>1</id>")) as (connector, _):
        for ask in (lambda: connector.get("items", ["1"]), lambda: connector.search("items", "name", "x")):
            with pytest.raises(SetupError, match=r"Configure systems\.shop\.resources\.items\.(get|search)"):
                ask()
        change = Item(ref=1, op=Op.UPDATE, key="1", fields={"name": "x"})
        from_write = connector.write(_batch(change))[0]
        assert (from_write.outcome, "offers no update" in from_write.message) == (Outcome.REFUSED, True)


def test_a_create_that_does_not_say_which_record_it_made_is_a_doubt():
    create = {"operation": "Put", "fields": "item", "shown": "id"}
    with shop(envelope("<PutResponse/>"), resource={"write": {"create": create}}) as (connector, _):
        receipt = connector.write(_batch(Item(ref=1, op=Op.CREATE, fields={"id": "1"})))[0]

        assert (receipt.outcome, "does not say which" in receipt.message) == (Outcome.DOUBT, True)


@pytest.mark.parametrize("wrong", [{"service": "Other"}, {"port": "Two"}])
def test_a_port_that_is_not_there_is_told_with_those_that_are(wrong):
    with shop(b"", **wrong) as (connector, _), pytest.raises(SetupError, match="service S with port One"):
        connector.check()


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'type="t:P"', b'type="t:Nobody"'), (b'type="t:Price"', b'type="t:Nothing"'), (b"<definitions", b"<other")],
    ids=range(3),
)
def test_a_description_without_sense_is_told_and_may_be_mended(old, new):
    described = description("http://127.0.0.1:9/").replace(old, new)
    described = described.replace(b"</definitions>", b"</other>") if new == b"<other" else described
    with shop(b"", described) as (connector, _), pytest.raises((TransientError, SetupError), match=r"shop"):
        connector.check()


def test_a_description_in_a_file_that_is_not_there_is_told(tmp_path):
    with (
        shop(b"", wsdl=str(tmp_path / "none.wsdl"), url="http://127.0.0.1:9/shop") as (connector, _),
        pytest.raises(SetupError, match=r"cannot be read from none\.wsdl"),
    ):
        connector.check()


def test_the_types_of_fields_are_those_of_the_description():
    with shop(b"") as (_, server), shop(b"", url=f"{server.url}/shop") as (connector, _):
        assert connector.schema("items") == {
            "id": "string", "name": "string", "note": "string", "count": "int", "at": "dateTime", "day": "date",
            "price": "object", "tag": "list",
        }  # fmt: skip


def _batch(item: Item) -> Batch:
    return Batch(resource="items", items=[item], send_by=float("inf"))
