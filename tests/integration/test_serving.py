"""Who speaks slowly, or not at all, does not hold a connection of the server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from litestar import Litestar, get

from syncline.env import RealEnv
from syncline.server import deadline
from syncline.server.serving import Serving

_ENV = RealEnv()
PATIENCE = 1.0  #: for a head here [s]
LONGEST = 20.0  #: for an answer [s]
WHOLE = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


@get("/")
async def hello() -> str:
    return "hello"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(deadline, "HEAD", PATIENCE)
    serving = Serving(Litestar([hello], openapi_config=None, logging_config=None), "127.0.0.1", 0)
    yield int(serving.url.rpartition(":")[2])
    serving.stop()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as wire:
        yield wire


def rest_of(wire: socket.socket) -> bytes:
    """What is said until the connection is closed."""
    said = b""
    while more := wire.recv(4096):
        said += more
    return said


def answer(wire: socket.socket) -> bytes:
    """One answer, of a connection that stays open."""
    said = b""
    while not said.endswith(b"hello"):
        more = wire.recv(4096)
        assert more, said
        said += more
    return said


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nhost: here\r\n"])
def test_a_head_that_does_not_end_is_closed(port: int, begun: bytes) -> None:
    with connected(port) as wire:
        wire.sendall(begun)

        assert rest_of(wire).startswith(b"HTTP/1.1 408 ")


def test_a_byte_now_and_then_buys_no_time(port: int) -> None:
    with connected(port) as wire:
        began = _ENV.monotonic()
        wire.settimeout(0.1)
        said = b""
        while not said and _ENV.monotonic() - began < LONGEST:
            wire.sendall(b"G")
            try:
                said = wire.recv(4096)
            except TimeoutError:
                continue

    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_later_request_of_a_connection_has_a_deadline_of_its_own(port: int) -> None:
    with connected(port) as wire:
        wire.sendall(WHOLE)
        first = answer(wire)
        wire.settimeout(PATIENCE * 1.5)
        with pytest.raises(TimeoutError):  # an idle connection is no slow request: nothing is said of it
            wire.recv(1)
        wire.settimeout(LONGEST)
        wire.sendall(WHOLE)
        second = answer(wire)
        wire.sendall(WHOLE[:20])

        assert first.startswith(b"HTTP/1.1 200 ")
        assert second.startswith(b"HTTP/1.1 200 ")
        assert rest_of(wire).startswith(b"HTTP/1.1 408 ")


def test_an_answer_is_not_held_back_for_a_packet_that_is_on_its_way(port: int) -> None:
    """Head and body of an answer leave at once: with Nagle's algorithm each would take the client's delay, 40 ms."""
    took = []
    with connected(port) as wire:
        for _ in range(20):
            began = _ENV.monotonic()
            wire.sendall(WHOLE)
            answer(wire)
            took.append(_ENV.monotonic() - began)

    assert min(took[5:]) < 0.03


def test_many_who_say_nothing_keep_nobody_else_out(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port), timeout=LONGEST) for _ in range(200)]
    try:
        with connected(port) as wire:
            wire.sendall(WHOLE)
            assert answer(wire).startswith(b"HTTP/1.1 200 ")
        assert all(rest_of(one).startswith(b"HTTP/1.1 408 ") for one in silent)
    finally:
        for one in silent:
            one.close()
