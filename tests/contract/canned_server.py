"""A small HTTP server on a real socket that answers as a test says, byte by byte, and remembers what it was asked."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: int  #: port of the client: one per connection


#: The bytes of an answer; None closes the connection without one.
Script = Callable[[Asked], bytes | None]


@dataclass(slots=True, kw_only=True)
class Canned:
    """A running server."""

    url: str
    asked: list[Asked] = field(default_factory=list)


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; header names are written with _ for -."""
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


@contextmanager
def canned(script: Script, certificate: Path | None = None) -> Iterator[Canned]:
    """Serve until the block ends; with a certificate, over TLS."""
    asked: list[Asked] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while request := _read(self.rfile, self.client_address[1]):
                asked.append(request)
                reply = script(request)
                if reply is None:
                    return
                self.wfile.write(reply)
                if b"Connection: close" in reply:
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Canned(url=f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}", asked=asked)
        server.shutdown()


def _read(stream: object, peer: int) -> Asked | None:
    read_line = stream.readline  # type: ignore[attr-defined]
    start = read_line().decode().split()
    if not start:
        return None
    headers: dict[str, str] = {}
    while line := read_line().strip().decode():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))  # type: ignore[attr-defined]
    return Asked(method=start[0], target=start[1], headers=headers, body=body, peer=peer)
