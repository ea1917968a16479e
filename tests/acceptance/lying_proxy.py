"""A way to an application that lies on command: it cuts connections at any byte and rewrites single answers.

It stands between the hub and a real application. Every exchange is passed on as it is, and noted, unless a lie takes
it; so a test says exactly which bytes came through and which did not.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

_HEAD_END = b"\r\n\r\n"
WAIT = 20.0  #: longest silence on a connection [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was asked."""

    method: str
    path: str  #: without its query
    query: Mapping[str, str]
    connection: int  #: the how many-th since the proxy stands there, from 0
    number: int  #: the how many-th on its connection, from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Close the connection after some bytes of the request or the answer; `place` says how many, from head and body."""

    of: str  #: request or answer
    place: str  #: one of PLACES

    def bytes_of(self, head: bytes, body: bytes) -> int:
        """How many bytes come through."""
        return PLACES[self.place](len(head), len(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Give another answer: the body as it is made of the true one, and perhaps another status and type."""

    body: Callable[[bytes], bytes]
    status: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One request on its way, and the connections that it may take."""

    request: tuple[bytes, bytes]  #: head and body
    client: socket.socket
    server: socket.socket
    target: tuple[str, int]  #: where another connection to the application can be made


class Disturbance(Protocol):
    """Whatever else a network does."""

    def pass_on(self, passage: Passage) -> bool:
        """Bring the request there and an answer back, or do not; False when the connection is over."""
        ...


Lie = Cut | Rewrite | Disturbance
Choice = Callable[[Exchange], Lie | None]

PLACES: Mapping[str, Callable[[int, int], int]] = {
    "nothing": lambda _head, _body: 0,
    "one byte": lambda _head, _body: 1,
    "inside the headers": lambda head, _body: head // 2,
    "after the headers": lambda head, _body: head,
    "inside the body": lambda head, body: head + body // 2,
    "before the last byte": lambda head, body: head + body - 1,
}
CUTS = [Cut(of=of, place=place) for of in ("request", "answer") for place in PLACES]


def honest(_exchange: Exchange) -> None:
    """No lie at all."""


@dataclass(slots=True, kw_only=True)
class LyingProxy:
    """One listening socket before one application. Set `choose` to lie; `told` notes each lie that was told."""

    port: int
    target: tuple[str, int]
    choose: Choice = honest
    asked: list[Exchange] = field(default_factory=list)
    told: list[tuple[Exchange, Lie]] = field(default_factory=list)
    _choosing: threading.Lock = field(default_factory=threading.Lock)
    _connections: Iterator[int] = field(default_factory=count)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def lying(self, choose: Choice) -> Iterator[None]:
        """Lie within this block and no longer."""
        self.asked.clear()
        self.told.clear()
        self.choose = choose
        try:
            yield
        finally:
            self.choose = honest

    def serve(self, client: socket.socket) -> None:
        """One connection, until either end closes it."""
        client.settimeout(WAIT)
        connection = next(self._connections)
        with client, contextlib.suppress(OSError), socket.create_connection(self.target, WAIT) as server:
            numbers = count()
            while self._exchange(client, server, connection, next(numbers)):
                pass

    def _exchange(self, client: socket.socket, server: socket.socket, connection: int, number: int) -> bool:
        """Pass one request and its answer on; False when the connection is over."""
        request = message(client)
        if request is None:
            return False
        lie = self._lie(_exchange_of(request[0], connection, number))
        if not isinstance(lie, Cut | Rewrite | None):
            return lie.pass_on(Passage(request=request, client=client, server=server, target=self.target))
        if isinstance(lie, Cut) and lie.of == "request":
            server.sendall(b"".join(request)[: lie.bytes_of(*request)])
            return False
        server.sendall(b"".join(request))
        answer = message(server)
        if answer is None:
            return False
        if isinstance(lie, Cut):
            client.sendall(b"".join(answer)[: lie.bytes_of(*answer)])
            return False
        client.sendall(b"".join(_rewritten(answer, lie) if lie else answer))
        return True

    def _lie(self, exchange: Exchange) -> Lie | None:
        with self._choosing:
            self.asked.append(exchange)
            lie = self.choose(exchange)
            if lie is not None:
                self.told.append((exchange, lie))
            return lie


@contextmanager
def lying_proxy(url: str) -> Iterator[LyingProxy]:
    """A proxy before the application at `url`."""
    parts = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = LyingProxy(port=listening.getsockname()[1], target=(parts.hostname or "", parts.port or 0))
        threading.Thread(target=accept_all, args=(listening, proxy.serve), daemon=True).start()
        yield proxy
        listening.shutdown(socket.SHUT_RDWR)


def accept_all(listening: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    """Serve each client in a thread of its own, until nobody listens any more."""
    with contextlib.suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()


def message(wire: socket.socket) -> tuple[bytes, bytes] | None:
    """Head and body of the next message; None when there is none."""
    held = b""
    while _HEAD_END not in held:
        piece = wire.recv(65_536)
        if not piece:
            return None
        held += piece
    head, _, rest = held.partition(_HEAD_END)
    length = int(_header(head, b"content-length") or 0)
    pieces, size = [rest], len(rest)
    while size < length and (piece := wire.recv(1_048_576)):
        pieces.append(piece)
        size += len(piece)
    return head + _HEAD_END, b"".join(pieces)


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.strip().lower() == name:
            return value.strip()
    return b""


def _exchange_of(head: bytes, connection: int, number: int) -> Exchange:
    method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Exchange(method=method, path=parts.path, query=query, connection=connection, number=number)


def _rewritten(answer: tuple[bytes, bytes], lie: Rewrite) -> tuple[bytes, bytes]:
    head, body = answer
    body = lie.body(body)
    lines = head.removesuffix(_HEAD_END).split(b"\r\n")
    kept = [line for line in lines[1:] if line.partition(b":")[0].lower() not in _REPLACED]
    status = f"HTTP/1.1 {lie.status}".encode() if lie.status else lines[0]
    kind = lie.content_type.encode() or _header(head, b"content-type")
    kept += [b"Content-Type: " + kind, b"Content-Length: " + str(len(body)).encode()]
    return b"\r\n".join([status, *kept]) + _HEAD_END, body


_REPLACED = frozenset({b"content-type", b"content-length"})
