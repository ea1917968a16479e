"""A receiver of webhooks on this machine, which keeps what it was sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

_PATIENCE_S = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message as it came."""

    headers: Mapping[str, str]  #: names in lower case
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(slots=True)
class Receiver:
    """What has come, and what is answered."""

    url: str = ""
    letters: list[Letter] = field(default_factory=list)
    status: int = 204

    def awaited(self, is_there: Callable[[list[Letter]], bool]) -> list[Letter]:
        """Wait until what came is enough; it may take a while, not for ever."""
        deadline = time.monotonic() + _PATIENCE_S
        while not is_there(list(self.letters)):
            assert time.monotonic() < deadline, self.letters
            threading.Event().wait(0.01)
        return list(self.letters)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver for the length of a block."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.letters.append(Letter(headers={k.lower(): v for k, v in self.headers.items()}, body=body))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
