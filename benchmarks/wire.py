"""A small HTTP server, so that the systems of the benchmark cost little and are never what is measured."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

_REASONS = {200: "OK", 404: "Not Found", 400: "Bad Request"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Answer = tuple[int, bytes]
Application = Callable[[Request], Answer]


class Connection(asyncio.Protocol):
    """One kept-alive connection. A request is answered as soon as it is complete."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._held = bytearray()
        self._head: tuple[bytes, int, int] | None = None  #: request line, length of the head, of the body
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete now."""
        self._held += data
        while self._head or self._begin():
            line, begin, length = self._head or (b"", 0, 0)
            if len(self._held) < begin + length:
                return
            body = bytes(self._held[begin : begin + length])
            del self._held[: begin + length]
            self._head = None
            self._answer(line, body)

    def _begin(self) -> bool:
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            return False
        line, _, headers = bytes(self._held[:end]).partition(b"\r\n")
        length = 0
        for header in headers.split(b"\r\n"):
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        self._head = (line, end + 4, length)
        return True

    def _answer(self, line: bytes, body: bytes) -> None:
        method, target, _ = line.decode("ascii").split(" ", 2)
        path, _, query = target.partition("?")
        request = Request(method=method, path=unquote(path), query=dict(parse_qsl(query)), body=body)
        status, answer = self._application(request)
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}"
        )
        if self._transport:
            self._transport.writelines([head.encode("ascii"), b"\r\n\r\n", answer])


def serve(application: Application) -> None:
    """Serve on a free port of 127.0.0.1, told as one line of JSON, until standard input closes."""
    asyncio.run(_serve(application))


async def _serve(application: Application) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(application), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()  # whoever started us is gone, or is done with us
    server.close()
