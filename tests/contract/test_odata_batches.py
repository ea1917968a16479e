"""Batches of OData as real services answer them: nothing is sent twice, and no part pays for another's fault."""

from __future__ import annotations

import json
import re

import pytest

from syncline.errors import SetupError
from syncline.model.page import Outcome
from tests.contract.canned_server import answer, canned
from tests.contract.odata_description import DESCRIPTIONS
from tests.contract.odata_kit import BAD, connected, creates, product, written
from tests.contract.odata_system import Manner, serving


def in_batches(answered):
    """A script that describes the service, and answers each batch by its parts' names with pieces of multipart."""

    def script(asked):
        if "$metadata" in asked.target:
            return answer(DESCRIPTIONS["v4"].encode())
        pieces = answered(re.findall(r"Content-ID: (\S+)", asked.body.decode()))
        body = b"".join(b"--answer\r\n" + one + b"\r\n" for one in pieces) + b"--answer--\r\n"
        return answer(body, "202 Accepted", Content_Type="multipart/mixed; boundary=answer")

    return script


def part_of(name: str, status: str, body: bytes = b"{}") -> bytes:
    head = f"Content-Type: application/http\r\nContent-ID: {name}\r\n\r\nHTTP/1.1 {status}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def posts(server) -> int:
    return len([asked for asked in server.asked if asked.method == "POST"])


@pytest.mark.parametrize("form", ["json", "multipart"])
@pytest.mark.parametrize("lies", [True, False])
def test_a_part_that_says_201_inside_a_rolled_back_changeset_is_not_taken_as_done(form, lies):
    with (
        serving(Manner(lies=lies)) as (application, server),
        connected(server.url, batch={"format": form, "atomic": True}) as connector,
    ):
        receipts = written(connector, creates(product(0), BAD, product(2), product(3)))

        stored = {row["sku"]: key for key, row in application.sets["Products"].items()}
        done = {receipt.key for receipt in receipts.values() if receipt.outcome is Outcome.DONE}
        assert receipts[1].outcome is Outcome.REFUSED
        assert "missing value" in receipts[1].message
        assert stored.keys() == {"K0", "K2", "K3"}
        assert done == set(stored.values())


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_a_batch_without_changeset_refuses_the_bad_part_alone(form):
    with (
        serving(Manner()) as (application, server),
        connected(server.url, batch={"format": form}) as connector,
    ):
        receipts = written(connector, creates(product(0), BAD, product(2)))

        assert [receipts[place].outcome for place in range(3)] == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
        assert application.sets["Products"][receipts[2].key]["sku"] == "K2"
        assert application.writes == 4  # one request, and one write for each part


def test_what_a_batch_did_not_come_to_is_sent_again_and_nothing_twice():
    """Version 2 knows no wish to go on, so that a service may end a batch at its first error."""
    with (
        serving(Manner(version="v2", stops=True)) as (application, server),
        connected(server.url, version="v2", batch={}) as connector,
    ):
        receipts = written(connector, creates(BAD, product(1), BAD, product(3)))

        assert [receipts[place].outcome for place in range(4)] == [
            Outcome.REFUSED, Outcome.DONE, Outcome.REFUSED, Outcome.DONE,
        ]  # fmt: skip
        assert sorted(str(row["sku"]) for row in application.sets["Products"].values()) == ["K1", "K3"]


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_the_rest_of_a_batch_whose_answer_was_cut_off_is_in_doubt(form):
    with (
        serving(Manner()) as (application, server),
        connected(server.url, batch={"format": form}) as connector,
    ):
        connector.check()
        application.cut = 30

        receipts = written(connector, creates(product(0), product(1), product(2)))

        assert receipts[2].outcome is Outcome.DOUBT
        assert {receipt.outcome for receipt in receipts.values()} <= {Outcome.DONE, Outcome.DOUBT}
        assert len(application.sets["Products"]) == 3


def test_two_answers_of_one_name_tell_of_nobody():
    def script(asked):
        if "$metadata" in asked.target:
            return answer(DESCRIPTIONS["v4"].encode())
        one = b'{"id":"1","status":201,"headers":{},"body":{"ID":"00000000-0000-4000-8000-000000000001"}}'
        return answer(b'{"responses":[' + one + b"," + one + b"]}")

    with canned(script) as server, connected(server.url, batch={"format": "json"}) as connector:
        receipts = written(connector, creates(product(0), product(1)))

        assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DOUBT}


@pytest.mark.parametrize("count", [1, 3])
def test_a_changeset_that_is_refused_for_a_part_nobody_sent_is_not_sent_without_end(count):
    def answered(_):
        if posts(server) > 20:
            raise AssertionError("it is sent again and again")
        return [part_of("99", "400 Bad Request", b'{"error":{"code":"X","message":"no such thing"}}')]

    with (
        canned(in_batches(answered)) as server,
        connected(server.url, batch={"atomic": True}) as connector,
    ):
        receipts = written(connector, creates(*map(product, range(count))))

        assert {(receipt.outcome, receipt.message) for receipt in receipts.values()} == {
            (Outcome.REFUSED, "no such thing")
        }
        assert posts(server) == {1: 1, 3: 5}[count]


def test_a_changeset_whose_answers_have_names_nobody_sent_is_in_doubt():
    def answered(names):
        inner = b"".join(b"--cs\r\n" + part_of(f"9{name}", "201 Created") + b"\r\n" for name in names)
        return [b"Content-Type: multipart/mixed; boundary=cs\r\n\r\n" + inner + b"--cs--"]

    with (
        canned(in_batches(answered)) as server,
        connected(server.url, batch={"atomic": True}) as connector,
    ):
        receipts = written(connector, creates(product(0), product(1)))

        assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DOUBT}
        assert posts(server) == 1


def test_a_changeset_that_is_too_much_for_a_busy_service_is_not_halved():
    with (
        canned(in_batches(lambda _: [part_of("", "429 Too Many Requests")])) as server,
        connected(server.url, batch={"atomic": True}) as connector,
    ):
        receipts = written(connector, creates(*map(product, range(4))))

        assert {receipt.outcome for receipt in receipts.values()} == {Outcome.BUSY}
        assert posts(server) == 1


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_parts_that_nobody_may_write_need_a_person_as_single_writes_do(status, atomic):
    def answered(names):
        return [part_of("" if atomic else name, status) for name in (names[:1] if atomic else names)]

    with (
        canned(in_batches(answered)) as server,
        connected(server.url, batch={"atomic": atomic}) as connector,
    ):
        with pytest.raises(SetupError, match="does not allow a create"):
            written(connector, creates(product(0), product(1)))
        assert posts(server) == 1


def test_a_part_that_may_not_be_written_refuses_itself_alone():
    def answered(names):
        made = b'{"ID":"00000000-0000-4000-8000-000000000001"}'
        return [part_of(names[0], "201 Created", made), part_of(names[1], "403 Forbidden")]

    with canned(in_batches(answered)) as server, connected(server.url, batch={}) as connector:
        receipts = written(connector, creates(product(0), product(1)))

        assert [receipts[place].outcome for place in range(2)] == [Outcome.DONE, Outcome.REFUSED]


@pytest.mark.parametrize("bad", [[2], [0, 4], [3]])
def test_a_part_for_which_a_whole_batch_is_unreadable_refuses_itself_alone(bad):
    def script(asked):
        if "$metadata" in asked.target:
            return answer(DESCRIPTIONS["v4"].encode())
        parts = json.loads(asked.body)["requests"]
        if any(one["body"]["sku"] in {f"K{place}" for place in bad} for one in parts):
            return answer(b'{"error":{"code":"","message":"unexpected token"}}', "400 Bad Request")
        made = [{"id": one["id"], "status": 201, "body": {"ID": one["body"]["sku"]}} for one in parts]
        return answer(json.dumps({"responses": made}).encode())

    with canned(script) as server, connected(server.url, batch={"format": "json"}) as connector:
        receipts = written(connector, creates(*map(product, range(5))))

        assert [place for place in range(5) if receipts[place].outcome is Outcome.REFUSED] == bad
        assert all(receipts[place].outcome is Outcome.DONE for place in range(5) if place not in bad)
        assert "unexpected token" in receipts[bad[0]].message
        again = written(connector, creates(product(bad[0])))[0]
        assert again.outcome is Outcome.REFUSED


def test_a_service_that_takes_no_batch_at_all_needs_a_person():
    def script(asked):
        is_known = "$metadata" in asked.target
        return answer(DESCRIPTIONS["v4"].encode()) if is_known else answer(b"{}", "400 Bad Request")

    with (
        canned(script) as server,
        connected(server.url, batch={}) as connector,
        pytest.raises(SetupError, match="batch, or leave it out"),
    ):
        written(connector, creates(product(0), product(1), product(2)))


def test_a_busy_part_of_a_batch_stops_what_follows():
    def script(asked):
        if "$metadata" in asked.target:
            return answer(DESCRIPTIONS["v4"].encode())
        name = json.loads(asked.body)["requests"][0]["id"]
        response = {"id": name, "status": 429, "headers": {"Retry-After": "9"}}
        return answer(json.dumps({"responses": [response]}).encode())

    with canned(script) as server, connected(server.url, batch={"format": "json", "size": 1}) as connector:
        receipts = written(connector, creates(*map(product, range(3))))

        assert {(receipt.outcome, receipt.wait) for receipt in receipts.values()} == {(Outcome.BUSY, 9.0)}
        assert len([asked for asked in server.asked if asked.method == "POST"]) == 1


def test_a_part_of_a_batch_that_is_not_let_in_stops_what_follows():
    with (
        canned(in_batches(lambda names: [part_of(name, "401 Unauthorized") for name in names])) as server,
        connected(server.url, batch={"size": 1}) as connector,
    ):
        with pytest.raises(SetupError):
            written(connector, creates(*map(product, range(3))))
        assert posts(server) == 1
