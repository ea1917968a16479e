"""What GraphQL APIs show of lists and single records, and what that does not mean."""

from __future__ import annotations

import json

import pytest

from syncline.errors import BusyError, RejectedError, TransientError
from syncline.model.page import Gone, Record
from tests.contract.canned_server import answer, canned
from tests.contract.graphql_kit import (
    OFFSET,
    PRODUCTS,
    RELAY,
    ROW,
    connected,
    creates,
    everything,
    product,
    written,
)
from tests.contract.graphql_system import serving


def test_a_list_by_number_that_ends_before_its_total_is_no_short_list():
    bodies = [b'{"data":{"i0":{"items":[' + one + b'],"totalItems":3}}}' for one in (ROW.encode(), b"")]
    pages = iter(bodies)
    resources = {"products": {**OFFSET, **PRODUCTS}}
    with (
        canned(lambda _: answer(next(pages))) as server,
        connected(server.url, resources=resources) as connector,
        pytest.raises(TransientError, match="1 of 3"),
    ):
        everything(connector)


@pytest.mark.parametrize("deleted", [[0], [0, 1, 2], range(7), [9], range(20)], ids=str)
def test_a_list_by_number_passes_over_nothing_when_records_are_deleted_meanwhile(deleted):
    resources = {"products": {**OFFSET, **PRODUCTS}}
    with serving() as (shop, server), connected(server.url, resources=resources) as connector:
        keys = [shop.add(product(number))["id"] for number in range(20)]
        pages = iter(connector.list("products", None))
        listed = set(next(pages).keys)
        for place in deleted:
            del shop.rows[keys[place]]

        listed.update(key for page in pages for key in page.keys)

        assert listed >= shop.rows.keys()
        assert len(server.asked) <= 5


def test_a_cursor_that_comes_twice_ends_the_walk():
    info = {"hasNextPage": True, "endCursor": "c"}
    edge = json.dumps({"data": {"i0": {"edges": [{"node": json.loads(ROW)}], "pageInfo": info}}})
    with (
        canned(lambda _: answer(edge.encode())) as server,
        connected(server.url) as connector,
        pytest.raises(TransientError, match="circles"),
    ):
        everything(connector)


def test_a_record_that_reads_as_null_is_gone_where_that_means_deleted():
    with serving() as (_, server), connected(server.url) as connector:
        key = written(connector, creates(product(0)))[0].key

        found = connector.get("products", [key, "P77"])

        assert isinstance(found[0], Record)
        assert found[1] == Gone(key="P77")
    resources = {"products": {**RELAY, **PRODUCTS, "get": {**PRODUCTS["get"], "missing": "error"}}}
    with (
        serving() as (_, server),
        connected(server.url, resources=resources) as connector,
        pytest.raises(TransientError, match=r"get\.missing"),
    ):
        connector.get("products", ["P77"])


def test_a_record_that_a_get_refuses_does_not_hide_the_others():
    """One null that swallows a whole reply: each is asked for alone."""

    def script(asked):
        keys = [value for name, value in json.loads(asked.body)["variables"].items() if name.startswith("id")]
        if len(keys) > 1:
            error = b'{"message":"x","path":["i1"],"extensions":{"code":"ENTITY_NOT_FOUND"}}'
            return answer(b'{"data":null,"errors":[' + error + b"]}")
        if keys == ["P2"]:
            error = b'{"message":"x","path":["i0"],"extensions":{"code":"ENTITY_NOT_FOUND"}}'
            return answer(b'{"data":null,"errors":[' + error + b"]}")
        return answer(b'{"data":{"i0":' + ROW.encode() + b"}}")

    with canned(script) as server, connected(server.url) as connector:
        found = connector.get("products", ["P1", "P2"])

        assert [isinstance(one, Record) for one in found] == [True, False]
        assert len(server.asked) == 3


def missing(*path: object) -> dict[str, object]:
    return {"message": "none", "extensions": {"code": "NOT_FOUND"}, **({"path": list(path)} if path else {})}


@pytest.mark.parametrize("data", [{"i0": json.loads(ROW)}, {"i0": None}, None])
def test_a_record_is_not_gone_because_something_in_it_is(data):
    body = json.dumps({"data": data, "errors": [missing("i0", "note")]}).encode()
    with (
        canned(lambda _: answer(body)) as server,
        connected(server.url) as connector,
        pytest.raises(RejectedError, match="P1"),
    ):
        connector.get("products", ["P1"])


@pytest.mark.parametrize("path", [(), ("i0",)])
def test_a_single_record_that_is_not_found_is_gone(path):
    body = json.dumps({"data": {"i0": None}, "errors": [missing(*path)]}).encode()
    with canned(lambda _: answer(body)) as server, connected(server.url) as connector:
        assert connector.get("products", ["P1"]) == [Gone(key="P1")]


def test_not_found_of_nobody_makes_only_those_gone_that_alone_are_not_found():
    def script(asked):
        keys = [value for name, value in json.loads(asked.body)["variables"].items() if name.startswith("id")]
        there = [
            {**json.loads(ROW), "id": key} if key != "P2" and (key != "P3" or len(keys) == 1) else None for key in keys
        ]
        errors = [missing()] if None in there else []
        return answer(json.dumps({"data": {f"i{at}": one for at, one in enumerate(there)}, "errors": errors}).encode())

    with canned(script) as server, connected(server.url) as connector:
        found = connector.get("products", ["P1", "P2", "P3"])

        assert [one.key for one in found if isinstance(one, Record)] == ["P1", "P3"]
        assert found[1] == Gone(key="P2")


def test_not_found_of_nobody_beside_records_alone_hides_what_it_nulled():
    body = json.dumps({"data": {"i0": json.loads(ROW)}, "errors": [missing()]}).encode()
    with (
        canned(lambda _: answer(body)) as server,
        connected(server.url) as connector,
        pytest.raises(RejectedError, match="P1"),
    ):
        connector.get("products", ["P1"])


def test_a_record_below_the_answer_that_is_not_found_is_gone():
    body = json.dumps({"data": {"i0": {"product": None}}, "errors": [missing("i0", "product")]}).encode()
    nested = {"field": "shop", "variables": {}, "select": "product(id: $id) {record}", "record": "product"}
    fetching = {**PRODUCTS["get"], **nested, "variables": {"id": "ID!"}}
    resources = {"products": {**RELAY, **PRODUCTS, "get": fetching}}
    with canned(lambda _: answer(body)) as server, connected(server.url, resources=resources) as connector:
        assert connector.get("products", ["P1"]) == [Gone(key="P1")]


def test_a_get_that_a_budget_fails_is_not_tried_for_each_of_its_keys():
    refusal = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED", "retryAfter": 9}}]}
    with canned(lambda _: answer(json.dumps(refusal).encode())) as server, connected(server.url) as connector:
        with pytest.raises(BusyError) as caught:
            connector.get("products", ["P1", "P2", "P3"])

        assert caught.value.wait == 9.0
        assert len(server.asked) == 1
