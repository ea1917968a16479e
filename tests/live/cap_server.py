"""SAP's Cloud Application Programming Model with a service of ours, in OData 4 and 2, in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.live.node_server import free_port, installed, running

USER, PASSWORD = "hub", "integration-user-pw"


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The origin of a fresh server."""
    home, port = installed("cap"), free_port()
    command = ["node", "node_modules/@sap/cds/bin/serve.js", "all", "--in-memory", "--port", str(port)]
    with running(home, command, port, {"HOST": "127.0.0.1"}) as url:
        yield url
