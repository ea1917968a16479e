"""Traps that GraphQL APIs lay, each seen at a real one: the graphql connector steps into none."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import repeat

import pytest

from syncline.errors import SetupError, TransientError
from syncline.model.page import Item, Op, Outcome
from tests.contract.canned_server import answer, canned
from tests.contract.graphql_kit import (
    BAD,
    PRODUCTS,
    RELAY,
    ROW,
    connected,
    creates,
    everything,
    login_for,
    product,
    written,
)
from tests.contract.graphql_system import TOKEN, serving


def with_create(**changed: object) -> dict[str, object]:
    create = {**PRODUCTS["write"]["create"], **changed}
    return {"products": {**RELAY, **PRODUCTS, "write": {**PRODUCTS["write"], "create": create}}}


# --- HTTP 200 that is an error ----------------------------------------------------------------------------------------


def test_an_error_inside_200_is_no_empty_list():
    refusal = b'{"errors":[{"message":"boom","extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null}'
    with canned(lambda _: answer(refusal)) as server, connected(server.url) as connector:
        with pytest.raises(TransientError, match="boom"):
            everything(connector)
        with pytest.raises(TransientError):
            connector.get("products", ["P1"])


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"data":{}}', b'{"data":{"i0":null}}', b'{"data":{"i0":{"edges":null}}}', b"[]", b"<html>", b"", b'{"da'],
    ids=range(8),
)
def test_an_answer_without_a_list_is_no_empty_list(body):
    with canned(lambda _: answer(body)) as server, connected(server.url) as connector, pytest.raises(TransientError):
        everything(connector)


def test_what_an_error_has_nulled_does_not_pass_for_the_truth():
    with serving() as (shop, server), connected(server.url) as connector:
        keys = [receipt.key for _, receipt in sorted(written(connector, creates(*map(product, range(3)))).items())]
        shop.spoiled = keys[1]

        page = next(iter(connector.list("products", None)))

        assert list(page.keys) == [keys[0], keys[2]]
        assert [key for key, _ in page.broken] == [keys[1]]
        assert "price service" in page.broken[0][1]
        with pytest.raises(TransientError, match="price service"):
            connector.get("products", [keys[1]])


@pytest.mark.parametrize(("field", "value"), [("", "m1"), ("sku", "K1")])
def test_a_search_that_could_not_show_a_record_has_not_found_nothing(field, value):
    with serving() as (shop, server), connected(server.url) as connector:
        shop.spoiled = written(connector, creates(*map(product, range(2))))[1].key

        with pytest.raises(TransientError, match="price service"):
            connector.search("products", field, value)


def test_an_error_in_the_place_of_a_record_refuses_its_item_alone():
    with serving() as (shop, server), connected(server.url) as connector:
        receipts = written(connector, creates(product(0), BAD, product(2)))

        assert [receipts[place].outcome for place in range(3)] == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
        assert receipts[1].message == "a product needs a sku (InvalidInput)"
        assert len(shop.rows) == 2
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(b'"DELETED"', Outcome.DONE), (b'"NOT_DELETED"', Outcome.REFUSED), (b"null", Outcome.REFUSED)],
)
def test_a_word_inside_200_tells_whether_a_delete_was_done(said, outcome):
    body = b'{"data":{"i0":{"result":' + said + b',"message":"it is in an order"}}}'
    delete = {
        "field": "drop(id: $id)", "variables": {"id": "ID!"}, "input": "", "key": "id", "select": "result message",
        "done_when": {"field": "result", "equals": "DELETED"},
    }  # fmt: skip
    resources = {"products": {**RELAY, **PRODUCTS, "write": {"delete": delete}}}
    with canned(lambda _: answer(body)) as server, connected(server.url, resources=resources) as connector:
        receipt = written(connector, [Item(ref=1, op=Op.DELETE, key="P1")])[1]

    assert receipt.outcome is outcome
    assert outcome is Outcome.DONE or receipt.message.startswith("it is in an order")


def test_a_list_of_what_was_wrong_refuses_the_item():
    document = b'{"data":{"i0":{"product":null,"problems":[{"field":["sku"],"message":"taken","code":"TAKEN"}]}}}'
    resources = with_create(select="product {record} problems { field message code }", record="product", done=[])
    with (
        canned(lambda _: answer(document)) as server,
        connected(server.url, resources=resources, errors={"user_errors": "problems"}) as connector,
    ):
        receipt = written(connector, creates(product(0)))[0]

        assert (receipt.outcome, receipt.message) == (Outcome.REFUSED, "taken (TAKEN)")


# --- several mutations in one request ---------------------------------------------------------------------------------


def test_a_null_that_swallows_its_neighbours_leaves_them_in_doubt_and_refuses_its_own():
    """A mutation whose type may not be null takes the answers of the others with it."""
    resources = with_create(field="makeProduct(input: $input)", select="{record}", done=[])
    with serving() as (shop, server), connected(server.url, resources=resources) as connector:
        receipts = written(connector, creates(product(0), BAD, product(2)))

        assert [receipts[place].outcome for place in range(3)] == [Outcome.DOUBT, Outcome.REFUSED, Outcome.DOUBT]
        assert len(server.asked) == 1  # nothing that may have been done is sent again
        assert len(shop.rows) >= 1


def test_an_answer_that_is_lost_below_a_mutation_is_a_doubt():
    lost = b'{"data":null,"errors":[{"message":"no","path":["i0","price"],"extensions":{"code":"BAD_USER_INPUT"}}]}'
    with canned(lambda _: answer(lost)) as server, connected(server.url) as connector:
        assert written(connector, creates(product(0)))[0].outcome is Outcome.DOUBT


def test_a_value_that_no_variable_can_hold_refuses_its_item_alone():
    with serving() as (shop, server), connected(server.url) as connector:
        receipts = written(connector, creates(product(0), product(1) | {"stock": "many"}, product(2)))

        assert [receipts[place].outcome for place in range(3)] == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
        assert len(shop.rows) == 2


def test_a_request_that_is_too_complex_is_sent_in_smaller_ones():
    with serving() as (shop, server), connected(server.url) as connector:
        shop.most = 2

        receipts = written(connector, creates(*map(product, range(5))))

        assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DONE}
        assert len(shop.rows) == 5


def test_a_transaction_that_was_rolled_back_is_done_without_the_one_to_blame():
    resources = {"products": {**RELAY, **PRODUCTS, "batch": {"size": 20, "atomic": True}}}
    with serving() as (shop, server), connected(server.url, resources=resources) as connector:
        shop.atomic = True

        receipts = written(connector, creates(product(0), BAD, product(2)))

        assert [receipts[place].outcome for place in range(3)] == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
        assert {receipts[0].key, receipts[2].key} == set(shop.rows)


def test_an_answer_to_a_mutation_that_was_cut_off_is_a_doubt():
    with serving() as (shop, server), connected(server.url) as connector:
        shop.cut = 25

        receipts = written(connector, creates(product(0), product(1)))

        assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DOUBT}
        assert len(shop.rows) == 2


def test_values_travel_as_variables_and_never_in_the_text():
    hostile = '") { id } deleteEverything(confirm: true) { ok } x: createProduct(input: {sku: "$id {record}'
    with serving() as (shop, server), connected(server.url) as connector:
        key = written(connector, creates({"sku": hostile, "name": hostile}))[0].key

        assert shop.rows[key]["name"] == hostile
        assert all("deleteEverything" not in json.loads(asked.body)["query"] for asked in server.asked)


def many() -> dict[str, object]:
    """A create that takes a list."""
    field, variables = "createProducts(input: $input)", {"input": "[ProductInput!]!"}
    return with_create(field=field, variables=variables, select="{record}", done=[], many=True)


@pytest.mark.parametrize("code", ["SUPPLIER_UNKNOWN", "NOT_FOUND", "INTERNAL_SERVER_ERROR"])
def test_a_list_that_was_done_is_not_sent_again_for_an_error_beside_its_answer(code):
    rows = [{**json.loads(ROW), "id": f"P{number}"} for number in range(3)]
    error = {"message": "no supplier", "path": ["i0", 1, "note"], "extensions": {"code": code}}
    body = json.dumps({"data": {"i0": rows}, "errors": [error]}).encode()
    with canned(lambda _: answer(body)) as server, connected(server.url, resources=many()) as connector:
        receipts = written(connector, creates(*map(product, range(3))))

        assert [(receipts[place].outcome, receipts[place].key) for place in range(3)] == [
            (Outcome.DONE, "P0"), (Outcome.DONE, "P1"), (Outcome.DONE, "P2"),
        ]  # fmt: skip
        assert len(server.asked) == 1


@pytest.mark.parametrize("data", [None, {"i0": None}, {"i0": [None, None]}])
def test_a_list_whose_answer_failed_below_it_is_in_doubt_and_not_sent_again(data):
    error = {"message": "no supplier", "path": ["i0", 1, "name"], "extensions": {"code": "SUPPLIER_UNKNOWN"}}
    body = json.dumps({"data": data, "errors": [error]}).encode()
    with canned(lambda _: answer(body)) as server, connected(server.url, resources=many()) as connector:
        receipts = written(connector, creates(product(0), product(1)))

        assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DOUBT}
        assert len(server.asked) == 1


def test_a_list_that_was_refused_for_one_is_done_without_it():
    with serving() as (shop, server), connected(server.url, resources=many()) as connector:
        receipts = written(connector, creates(product(0), BAD, product(2), product(3)))

        assert [receipts[place].outcome for place in range(4)] == [
            Outcome.DONE, Outcome.REFUSED, Outcome.DONE, Outcome.DONE,
        ]  # fmt: skip
        assert len(shop.rows) == 3


def test_a_refusal_of_which_a_part_could_not_be_shown_is_none_that_was_done():
    error = {"message": "no words", "path": ["i0", "message"], "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
    body = json.dumps({"data": {"i0": {"__typename": "Outdated", "message": None}}, "errors": [error]}).encode()
    change = Item(ref=0, op=Op.UPDATE, key="P1", fields={"name": "New"})
    with canned(lambda _: answer(body)) as server, connected(server.url) as connector:
        assert written(connector, [change])[0].outcome is Outcome.STALE


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_that_has_ended_is_opened_again_for_reads_and_writes():
    with serving() as (shop, server), connected(server.url, login=login_for(TOKEN)) as connector:
        first = written(connector, creates(product(0)))[0]
        shop.sessions.clear()
        second = written(connector, creates(product(0), product(1))[1:])[1]
        shop.sessions.clear()

        assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)
        assert len(everything(connector)) == len(shop.rows) == 2
        assert len([asked for asked in server.asked if b"login(" in asked.body]) == 3


def test_a_login_that_is_refused_behind_200_needs_a_person_and_is_tried_once():
    with serving() as (_, server), connected(server.url, login=login_for("wrong-pw-77")) as connector:
        with pytest.raises(SetupError, match="does not let us in: The provided credentials are invalid") as caught:
            everything(connector)

        assert "wrong-pw-77" not in str(caught.value)
        assert len(server.asked) == 1


def test_a_password_among_other_constants_of_a_login_is_in_no_message():
    operation = {
        "field": "login(input: $input)",
        "variables": {"input": "Credentials!"},
        "constants": {"input": {"email": "hub", "codes": [{"password": "pw-77-wrong"}], "in": "a"}},
    }
    said = json.dumps({"errors": [{"message": "a hub is in with pw-77-wrong: no"}]}).encode()
    login = {"operation": operation, "token": "token"}
    with canned(lambda _: answer(said)) as server, connected(server.url, login=login) as connector:
        with pytest.raises(SetupError, match=r"a hub is in with \*\*\*: no"):
            everything(connector)
        assert b"pw-77-wrong" in server.asked[0].body


def test_a_right_that_is_missing_even_in_a_new_session_needs_a_person():
    def script(asked):
        if b"login(" in asked.body:
            return answer(b'{"data":{"i0":{"__typename":"CurrentUser"}}}', vendure_auth_token="t0ken")
        return answer(b'{"data":null,"errors":[{"message":"No","path":["i0"],"extensions":{"code":"FORBIDDEN"}}]}')

    with canned(script) as server, connected(server.url, login=login_for(TOKEN)) as connector:
        with pytest.raises(SetupError, match="rights"):
            everything(connector)
        with pytest.raises(SetupError, match="rights"):
            written(connector, creates(product(0)))
        assert len(server.asked) <= 8


def in_a_session(replies):
    """A script that lets everyone in, and answers everything else with the next of these."""

    def script(asked):
        if b"login(" in asked.body:
            return answer(b'{"data":{"i0":{"__typename":"CurrentUser"}}}', vendure_auth_token="t0ken")
        return answer(json.dumps(next(replies)).encode())

    return script


def forbidden(*path: object) -> dict[str, object]:
    return {"message": "No", "extensions": {"code": "FORBIDDEN"}, **({"path": list(path)} if path else {})}


@pytest.mark.parametrize(
    "errors",
    [[forbidden("i0", "note")], [forbidden("i1")], [forbidden()], [forbidden("i0"), forbidden("i1", "note")]],
    ids=["below", "of one", "of nobody", "below one"],
)
def test_a_mutation_that_may_have_run_is_not_sent_again_in_a_new_session(errors):
    reply = {"data": None, "errors": errors}
    with (
        canned(in_a_session(repeat(reply))) as server,
        connected(server.url, login=login_for(TOKEN)) as connector,
        suppress(SetupError),
    ):
        written(connector, creates(product(0), product(1)))
    assert len([asked for asked in server.asked if b"createProduct" in asked.body]) == 1


def test_a_create_that_ran_without_a_right_to_what_it_shows_is_a_doubt():
    with (
        canned(in_a_session(repeat({"data": {"i0": None}, "errors": [forbidden("i0", "note")]}))) as server,
        connected(server.url, login=login_for(TOKEN)) as connector,
    ):
        assert written(connector, creates(product(0)))[0].outcome is Outcome.DOUBT


@pytest.mark.parametrize(
    "refusal",
    [{"errors": [forbidden()]}, {"data": {"i0": None, "i1": None}, "errors": [forbidden("i0"), forbidden("i1")]}],
    ids=["not run", "each refused"],
)
def test_mutations_that_only_an_ended_session_refused_are_sent_again(refusal):
    row = {**json.loads(ROW), "__typename": "Product"}
    done = {"data": {"i0": {**row, "id": "P0"}, "i1": row}}
    with (
        canned(in_a_session(iter([refusal, done]))) as server,
        connected(server.url, login=login_for(TOKEN)) as connector,
    ):
        receipts = written(connector, creates(product(0), product(1)))

        assert [(receipts[place].outcome, receipts[place].key) for place in range(2)] == [
            (Outcome.DONE, "P0"), (Outcome.DONE, "P1"),
        ]  # fmt: skip


# --- budgets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 429])
def test_a_budget_that_is_used_up_names_the_pause_and_stops_what_follows(status):
    with serving() as (shop, server), connected(server.url) as connector:
        shop.busy, shop.busy_status = 7.0, status

        receipts = written(connector, creates(*map(product, range(12))))

        assert {(receipt.outcome, receipt.wait) for receipt in receipts.values()} == {(Outcome.BUSY, 7.0)}
        assert len(server.asked) == 1
        with pytest.raises(TransientError) as caught:
            everything(connector)
        assert caught.value.wait == 7.0


def test_the_pause_follows_from_what_a_query_costs():
    cost = {"requestedQueryCost": 500, "throttleStatus": {"currentlyAvailable": 100, "restoreRate": 50}}
    refusal = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}}
    with canned(lambda _: answer(json.dumps(refusal).encode())) as server, connected(server.url) as connector:
        with pytest.raises(TransientError) as caught:
            everything(connector)
        assert caught.value.wait == pytest.approx(8.0)
