"""Vendure with an empty shop of its own on SQLite, over its GraphQL API for administrators."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator

from tests.live.node_server import free_port, installed, running

USER, PASSWORD = "hub", "integration-user-pw"


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The origin of a fresh server."""
    home, port = installed("vendure"), free_port()
    with tempfile.TemporaryDirectory(prefix="vendure-") as data:
        environ = {"VENDURE_DATA": data, "VENDURE_PORT": str(port)}
        with running(home, ["node", "server.js"], port, environ) as url:
            yield url.replace("localhost", "127.0.0.1")
