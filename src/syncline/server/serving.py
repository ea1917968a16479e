"""Serves the daemon's application from a thread of its own, beside the engine, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn
from litestar import Litestar

from syncline.errors import SetupError
from syncline.server.deadline import Deadlined

_BACKLOG = 2048
_MOST_AT_ONCE = 1000  #: requests; more are told to come back
_STARTING = 20.0  #: [s]
_STOPPING = 3  #: for requests under way [s]
_HEADERS = 16 * 1024  #: bytes


class Serving:
    """A running server."""

    def __init__(self, app: Litestar, host: str, port: int) -> None:
        self._socket = _bound(host, port)
        address = self._socket.getsockname()
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.url = f"http://{shown}:{address[1]}"
        config = uvicorn.Config(
            app, http=Deadlined, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
            limit_concurrency=_MOST_AT_ONCE, backlog=_BACKLOG, timeout_graceful_shutdown=_STOPPING,
            h11_max_incomplete_event_size=_HEADERS, timeout_keep_alive=30,
        )  # fmt: skip
        self._server = _Quiet(config)
        self._thread = threading.Thread(target=self._serve, name="syncline-server", daemon=True)
        self._thread.start()
        if not self._server.serves.wait(_STARTING):
            raise SetupError("The server does not start.", cure="Report what `syncline run --debug` shows.")

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    @property
    def told(self) -> str:
        """Where it listens, in words."""
        return f"listening at {self.url}"

    def stop(self) -> None:
        """Let no more in, finish what is under way, end."""
        self._server.should_exit = True
        self._thread.join(2.0 * _STOPPING)
        self._socket.close()


class _Quiet(uvicorn.Server):
    """One that says when it serves, and leaves signals to the command."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serves = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self.serves.set()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)  # named, or asyncio leaves Nagle on: 40 ms for each answer
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        msg = f"Nothing can listen at {host}:{port}: {error.strerror or error}."
        raise SetupError(msg, cure="Set another `server.host` or `server.port`, or stop what is there.") from error
    return made
