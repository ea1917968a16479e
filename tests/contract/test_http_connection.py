"""What a kept or odd connection does to a request, on real sockets."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import pytest

from syncline.connectors.protocols.auth import AuthOptions, Credentials
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.http_connection import Deadline, read_body
from syncline.connectors.protocols.request import Request, Response, WireSettings
from syncline.connectors.protocols.rest import open_rest
from syncline.env import RealEnv
from syncline.errors import DoubtError, RejectedError, SetupError, SynclineError, TransientError
from syncline.model.page import Batch, Item, Op, Outcome
from tests.contract.canned_server import Asked, answer, canned

READ = Request(path="/things")
WRITE = Request(method="POST", path="/things", body=b'{"a": 1}', writes=True)

Opening = Callable[..., Wire]


@pytest.fixture
def opened() -> Iterator[Opening]:
    wires: list[Wire] = []

    def make(url: str, **settings: float) -> Wire:
        chosen = WireSettings(**{"connect": 1.0, "read": 1.0, "total": 1.0, **settings})  # type: ignore[arg-type]
        credentials = Credentials(AuthOptions(), "crm")
        wires.append(Wire(system="crm", url=url, credentials=credentials, env=RealEnv(), settings=chosen))
        return wires[-1]

    yield make
    for wire in wires:
        wire.close()


def always(*replies: bytes | None) -> Callable[[Asked], bytes | None]:
    rest = list(replies)
    return lambda _: rest.pop(0) if len(rest) > 1 else rest[0]


def test_a_read_on_a_kept_connection_that_has_ended_is_asked_on_a_new_one(opened: Opening) -> None:
    with canned(always(answer(), None, answer(b"[2]"))) as server:
        wire = opened(server.url)
        wire.send(READ)

        assert wire.send(READ).body == b"[2]"
        assert len({asked.peer for asked in server.asked}) == 2


def test_a_read_that_gets_nothing_on_a_new_connection_is_not_asked_again(opened: Opening) -> None:
    with canned(always(None)) as server:
        with pytest.raises(TransientError, match="closed"):
            opened(server.url).send(READ)

        assert len(server.asked) == 1


def test_a_connection_on_which_more_came_than_was_asked_for_is_not_used_again(opened: Opening) -> None:
    with canned(always(answer() + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", answer(b"[2]"))) as server:
        wire = opened(server.url)
        wire.send(READ)

        assert wire.send(READ).body == b"[2]"


def test_news_before_the_answer_is_passed_over(opened: Opening) -> None:
    hints = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with canned(always(hints + answer(b"[1]"))) as server:
        wire = opened(server.url)

        assert [wire.send(READ).body, wire.send(READ).body] == [b"[1]", b"[1]"]


@pytest.mark.parametrize("bare", [False, True])
def test_both_forms_of_deflate_are_unpacked(opened: Opening, *, bare: bool) -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS if bare else zlib.MAX_WBITS)
    packed = packer.compress(b"[1, 2, 3]") + packer.flush()
    with canned(always(answer(packed, Content_Encoding="deflate"))) as server:
        assert opened(server.url).send(READ).body == b"[1, 2, 3]"


@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab"), ("br", b"x"), ("gzip", b"no")]
)
def test_what_cannot_be_unpacked_whole_is_no_answer(opened: Opening, encoding: str, body: bytes) -> None:
    with canned(always(answer(body, Content_Encoding=encoding))) as server:
        with pytest.raises(TransientError, match="cut off"):
            opened(server.url).send(READ)
        with pytest.raises(DoubtError):
            opened(server.url).send(WRITE)


@pytest.mark.parametrize("length", ["-1", "x", "1, 2"])
def test_a_length_that_is_none_is_no_answer(opened: Opening, length: str) -> None:
    with canned(always(answer(Content_Length=length))) as server, pytest.raises(TransientError, match="not HTTP"):
        opened(server.url).send(READ)


def test_an_answer_that_drips_ends_with_the_time_of_the_whole_exchange(opened: Opening) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def drip() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not over.wait(0.02):
                    peer.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(TransientError, match="no answer in time"):
                opened(f"http://127.0.0.1:{listening.getsockname()[1]}", total=0.3).send(READ)
        finally:
            over.set()
            thread.join()


def test_an_answer_that_comes_before_the_request_was_read_counts(opened: Opening) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(10)
                peer.sendall(answer(b'{"error": "too large"}', "413 Content Too Large", Connection="close"))

        thread = threading.Thread(target=refuse)
        thread.start()
        large = Request(method="POST", path="/things", body=b"x" * 5_000_000, writes=True)
        found = opened(f"http://127.0.0.1:{listening.getsockname()[1]}").send(large)
        thread.join()

    assert found.status == 413


def test_the_next_address_of_a_name_is_tried(opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    with canned(always(answer())) as server, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        port = int(server.url.rpartition(":")[2])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", n)) for n in (dead.getsockname()[1], port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

        assert opened(f"http://crm.example:{port}").send(READ).ok
        assert server.asked[0].headers["host"] == f"crm.example:{port}"


def test_path_and_query_arrive_as_they_were_meant(opened: Opening) -> None:
    with canned(always(answer())) as server:
        wire = opened(f"{server.url}/base")
        wire.send(Request(path="/a%2Fb/Zürich x?since=1:2", query=[("q", "a b&c=d/ü"), ("ids", "1,2")]))

        assert server.asked[0].target == "/base/a%2Fb/Z%C3%BCrich%20x?since=1:2&q=a+b%26c%3Dd/%C3%BC&ids=1,2"


@pytest.mark.parametrize("headers", [{"If-Match": "1\nX: 1"}, {"X-\r\nA": "1"}, {"X Y": "1"}, {"A": "\0"}])
def test_a_header_that_would_not_stay_one_never_leaves(opened: Opening, headers: dict[str, str]) -> None:
    with canned(always(answer())) as server:
        with pytest.raises(RejectedError):
            opened(server.url).send(Request(path="/", headers=headers))

        assert server.asked == []


def test_a_header_is_sent_once_whoever_sets_it(opened: Opening) -> None:
    with canned(always(answer())) as server:
        opened(server.url).send(Request(path="/", headers={"accept": "text/csv"}))

        assert server.asked[0].headers["accept"] == "text/csv"


def test_closing_ends_what_is_under_way(opened: Opening) -> None:
    asked, over = threading.Event(), threading.Event()

    def wait(_: Asked) -> None:
        asked.set()
        over.wait(5)

    found: list[Response | SynclineError] = []
    with canned(wait) as server:
        wire = opened(server.url, total=30.0, read=30.0)
        thread = threading.Thread(target=lambda: found.extend(wire.send_all([WRITE])))
        thread.start()
        assert asked.wait(5)
        wire.close()
        thread.join(5)
        ended = not thread.is_alive()
        over.set()
        thread.join()

    assert ended
    assert [type(one) for one in found] == [DoubtError]


@pytest.mark.parametrize("size", [b"-5", b"-1", b"-" + b"f" * 20, b"x", b"-", b""])
@pytest.mark.parametrize("body", [b'{"a": 1}', b'[{"a": 1}, {"a": 2}]'], ids=["single", "batch"])
def test_a_create_whose_answer_has_a_chunk_of_no_size_is_in_doubt_and_sent_once(
    opened: Opening, size: bytes, body: bytes
) -> None:
    create = Request(method="POST", path="/things", body=body, writes=True)
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%b\r\n[]\r\n0\r\n\r\n" % size
    with canned(always(reply)) as server:
        with pytest.raises(DoubtError):
            opened(server.url).send(create)
        assert len(server.asked) == 1

        found = opened(server.url).send_all([create, create], concurrency=1)
        assert [type(one) for one in found] == [DoubtError] * 2
        assert len(server.asked) == 3

        with pytest.raises(TransientError):
            opened(server.url).send(READ)


@pytest.mark.parametrize("start", [b"-1\r\n", b"-1;x\r\n", b""])
def test_no_more_is_read_than_an_answer_may_hold(opened: Opening, start: bytes) -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + (b"Transfer-Encoding: chunked\r\n\r\n" + start if start else b"")
    news = b"" if start else b"HTTP/1.1 100 Continue\r\n\r\n"
    sent = 0
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def pour() -> None:
            nonlocal sent
            peer, _ = listening.accept()
            with peer, contextlib.suppress(ConnectionError):
                peer.recv(1000)
                peer.sendall(endless if start else news)
                piece = b"x" * 65_536 if start else news * 3000
                while sent < 60_000_000:
                    peer.sendall(piece)
                    sent += len(piece)

        thread = threading.Thread(target=pour)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(SetupError, match="more than 1000 bytes"):
            opened(url, response_limit=1000, total=10.0).send(READ)
        thread.join()

    assert sent < 60_000_000


BULK = {"path": "/things/bulk", "items": "", "results": "", "atomic": True, "size": 64, "keys": {"id": "id"}}


@pytest.mark.parametrize("batch", [{}, {"batch": BULK}], ids=["single", "batch"])
def test_a_create_in_doubt_is_not_sent_again_by_the_connector(batch: dict[str, object]) -> None:
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n-5\r\n[]\r\n0\r\n\r\n"
    with canned(always(reply)) as server:
        things = {"path": "/things", "write": {"create": {}}, **batch}
        promise = {"lag": 1.0, "precision": 1.0, "skew": 1.0, "read_back": "body"}
        given = {"url": server.url, "timeout": 2, "contract": promise, "resources": {"things": things}}
        connector = open_rest("crm", given, RealEnv())
        items = [Item(ref=n, op=Op.CREATE, fields={"n": n}) for n in range(4 if batch else 1)]
        receipts = list(connector.write(Batch(resource="things", items=items, send_by=time.monotonic() + 20)))
        connector.close()

        assert [receipt.outcome for receipt in receipts] == [Outcome.DOUBT] * len(items)
        assert len(server.asked) == 1


@pytest.mark.parametrize(("parts", "whole"), [(100, True), (101, False), (5000, False)])
def test_a_packed_answer_has_few_parts(opened: Opening, parts: int, *, whole: bool) -> None:
    packed = gzip.compress(b"[]") + gzip.compress(b"") * (parts - 1)
    with canned(always(answer(packed, Content_Encoding="gzip"))) as server:
        wire = opened(server.url, total=10.0)
        if whole:
            assert wire.send(READ).body == b"[]"
        else:
            with pytest.raises(TransientError, match="cut off"):
                wire.send(READ)
            with pytest.raises(DoubtError):
                wire.send(WRITE)


def test_unpacking_ends_with_the_time_of_the_exchange() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer(gzip.compress(b"[]"), Content_Encoding="gzip"))
        head = http.client.HTTPResponse(ours)
        head.begin()
        with head, pytest.raises(TimeoutError):
            read_body(head, 1000, Deadline(env=RealEnv(), until=0.0, pause=1.0))


@pytest.mark.parametrize("target", ["//[", "http://[/x", "http://[::1/x", "//h:99999/"])
def test_a_redirect_to_what_is_no_address_needs_a_person(opened: Opening, target: str) -> None:
    with canned(always(answer(status="302 Found", Location=target))) as server:
        with pytest.raises(SetupError, match="points to another place"):
            opened(server.url).send(READ)
        with pytest.raises(DoubtError):
            opened(server.url).send(WRITE)


@pytest.mark.parametrize("url", ["http://[/x", "http://[::1/x", "http://h:99999/"])
def test_a_next_page_at_what_is_no_address_needs_a_person(opened: Opening, url: str) -> None:
    with canned(always(answer())) as server:
        with pytest.raises(SetupError, match="points to another system") as caught:
            opened(server.url).send(Request(path=url))

        assert caught.value.cure
        assert server.asked == []


@pytest.mark.parametrize("lengths", [("2", "3"), ("3", "2"), ("+2",), ("0_2",), ("2", "x"), ("2, 2",)])
def test_lengths_that_differ_or_are_no_digits_are_no_answer(opened: Opening, lengths: tuple[str, ...]) -> None:
    lines = "".join(f"Content-Length: {length}\r\n" for length in lengths)
    with canned(always(f"HTTP/1.1 200 OK\r\n{lines}Connection: close\r\n\r\n[] ".encode())) as server:
        with pytest.raises(TransientError, match="not HTTP"):
            opened(server.url).send(READ)
        with pytest.raises(DoubtError, match="not HTTP"):
            opened(server.url).send(WRITE)


def test_a_length_that_is_told_twice_counts(opened: Opening) -> None:
    with canned(always(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n[]")) as server:
        assert opened(server.url).send(READ).body == b"[]"
