"""The jsonrpc connector keeps the port's promises, call by call and in batches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import ClassVar

import pytest

from syncline.connectors.protocols.jsonrpc import JsonRpcConnector, open_jsonrpc
from syncline.env import RealEnv
from syncline.errors import OptionsError, RejectedError, SetupError, TransientError
from syncline.model.page import Batch, Gone, Item, Op, Outcome, Receipt
from tests.contract.canned_server import Canned, answer, canned
from tests.contract.jsonrpc_kit import PRODUCTS, JsonRpcSuite, connected, options_for
from tests.contract.jsonrpc_system import Stock, serving

NOWHERE = "http://127.0.0.1:9"


class TestOneByOne(JsonRpcSuite):
    title = "jsonrpc.single"


class TestBatches(JsonRpcSuite):
    """Answers come last first."""

    title = "jsonrpc.batches"
    says: ClassVar = {"batch": 5}

    @pytest.fixture(scope="class")
    @classmethod
    def system(cls) -> Iterator[tuple[Stock, Canned]]:
        with serving() as both:
            both[0].turned = True
            yield both


def by_position() -> dict[str, object]:
    """The same calls in JSON-RPC 1.0, whose params are lists."""
    single, page = PRODUCTS["write"], ["$offset", "$size"]
    assert isinstance(single, dict)
    update = {**single["update"], "params": ["$key", "$fields", "$version"]}
    return {
        **PRODUCTS,
        "list": {"method": "product.list", "params": page, "rows": "records"},
        "since": {
            "field": "changed", "list": {"method": "product.list", "params": [*page, "$since"], "rows": "records"},
        },
        "search": {"sku": {"method": "product.find", "params": ["sku", "$value"]}},
        "write": {**single, "update": update},
    }  # fmt: skip


class TestByPosition(JsonRpcSuite):
    says: ClassVar = {"version": "1.0", "resources": {"products": by_position()}}


def written(connector: JsonRpcConnector, *items: Item) -> dict[int, Receipt]:
    batch = Batch(resource="products", items=items, send_by=RealEnv().monotonic() + 30)
    return {receipt.ref: receipt for receipt in connector.write(batch)}


def new(ref: int, **fields: object) -> Item:
    return Item(ref=ref, op=Op.CREATE, fields={"name": f"Bolt {ref}", **fields}, marker=f"m{ref}")


def test_what_a_batch_leaves_unanswered_is_in_doubt_and_the_rest_is_told():
    with serving() as (stock, server), connected(server.url, batch=4) as connector:
        stock.swallowed = 1

        told = written(connector, new(0), new(1, colour="red"), new(2))

        assert [told[ref].outcome for ref in range(3)] == [Outcome.DOUBT, Outcome.REFUSED, Outcome.DONE]
        assert told[1].message == "there is no field colour (422)"
        assert len(stock.rows) == 2


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"code": -32603, "message": "bug"}, Outcome.DOUBT),
        ({"code": -32050, "message": "the worker died"}, Outcome.DOUBT),
        ({"code": -32602, "message": "no such parameter"}, Outcome.REFUSED),
        ({"code": 17, "message": "not today"}, Outcome.REFUSED),
        ("a word", Outcome.REFUSED),
    ],
)
def test_an_error_in_200_means_what_its_code_says(error, outcome):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode()
    with canned(lambda _: answer(body)) as server, connected(server.url) as connector:
        assert written(connector, new(0))[0].outcome is outcome


@pytest.mark.parametrize("body", [b"<html>", b'{"id": 1, "resu', b"7", b'{"id": 1}', b'{"id": 1, "result": "\xff"}'])
def test_an_answer_that_is_no_json_rpc_is_a_doubt_for_a_write_and_a_failed_try_for_a_read(body: bytes):
    with canned(lambda _: answer(body)) as server, connected(server.url) as connector:
        assert written(connector, new(0))[0].outcome is Outcome.DOUBT
        with pytest.raises(TransientError):
            connector.get("products", ["1"])


def test_a_method_that_is_not_there_calls_a_person():
    products = {**PRODUCTS, "get": {"method": "product.peek", "params": ["$keys"]}}
    with (
        serving() as (_, server),
        connected(server.url, resources={"products": products}) as connector,
        pytest.raises(SetupError, match=r"Method not found.*resources\.products\.get"),
    ):
        connector.get("products", ["1"])


def test_a_record_that_is_refused_is_no_deleted_one():
    single = {**PRODUCTS, "get": {"method": "product.write", "params": {"id": "$key", "values": {"colour": "red"}}}}
    with (
        serving() as (_, server),
        connected(server.url, resources={"products": single}) as connector,
        pytest.raises(RejectedError, match="there is no field colour"),
    ):
        connector.get("products", ["1"])


def test_one_key_a_call_tells_what_is_gone():
    single = {**PRODUCTS, "get": {"method": "product.write", "params": {"id": "$key", "values": {}}}}
    with serving() as (stock, server), connected(server.url, resources={"products": single}) as connector:
        key = written(connector, new(0))[0].key

        found = connector.get("products", ["99", key])

        assert found[0] == Gone(key="99")
        assert (found[1].key, len(stock.rows)) == (key, 1)


@pytest.mark.parametrize("params", [{"id": "$key", "values": {}}, {"ids": "$keys"}])
def test_what_cannot_be_a_number_is_gone_where_keys_are_numbers_and_nobody_is_asked(params: dict[str, object]):
    """A service that counts takes a word for a key as a mistake of ours, which would stop the whole resource."""
    strict = {**PRODUCTS, "get": {"method": "product.nothing", "params": params}}
    with serving() as (_, server), connected(server.url, resources={"products": strict}) as connector:
        assert connector.get("products", ["none", "1.5"]) == [Gone(key="none"), Gone(key="1.5")]


def test_a_list_that_ends_before_its_end_is_no_short_list():
    with (
        canned(lambda _: answer(b'{"id": 1, "result": {"records": [], "total": 3}}')) as server,
        connected(server.url) as connector,
        pytest.raises(TransientError, match="0 of 3 records came"),
    ):
        list(connector.list("products", None))


def test_every_problem_of_the_options_is_told_at_once():
    create = {"method": "product.create", "params": ["$record"]}
    products = {
        **PRODUCTS, "paging": {"type": "cursor"}, "write": {"create": create}, "get": {"method": "read", "params": 7},
    }  # fmt: skip

    with pytest.raises(OptionsError) as caught:
        open_jsonrpc("erp", options_for(NOWHERE, version="1.0", batch=3, resources={"products": products}), RealEnv())

    told = [one.what.removeprefix("systems.erp.") for one in caught.value.problems]
    at = "resources.products"
    assert told == [
        "batch is more than 1, and JSON-RPC 1.0 knows no batches.",
        f"{at}.paging.next is missing: say where the result shows the next cursor.",
        f"{at}.list.params asks for $offset, which is not known here.",
        f"{at}.list.params does not say where $cursor goes.",
        f"{at}.since.list.params asks for $offset, which is not known here.",
        f"{at}.since.list.params does not say where $cursor goes.",
        f"{at}.get.params must be a list or a mapping.",
        f"{at}.get.params does not say where $key goes.",
        f"{at}.write.create.params asks for $record, which is not known here.",
        f"{at}.write.create.params does not say where $fields goes.",
        f"{at}.write.create says nowhere which record it made.",
    ]
