"""Spyne, which speaks SOAP for the application that the soap connector is tried against; we wrote nothing of it.

Its importer for names of Python 2 has no `find_spec`, of which every later import in this process would be warned, so
it is taken away once it has done its work.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.canned_server import Asked

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("spyne", reason="spyne does not run on Python 3.12 and later")
    from spyne import (
        Application,
        Array,
        Boolean,
        ComplexModel,
        Date,
        DateTime,
        Decimal,
        Fault,
        Integer,
        ServiceBase,
        Unicode,
        rpc,
    )
    from spyne.protocol.soap import Soap11, Soap12
    from spyne.server.wsgi import WsgiApplication

__all__ = [
    "Array", "Boolean", "ComplexModel", "Date", "DateTime", "Decimal", "Fault", "Integer", "ServiceBase", "Stack",
    "Unicode", "rpc",
]  # fmt: skip

sys.meta_path[:] = [one for one in sys.meta_path if not type(one).__module__.startswith("spyne.")]

Called = tuple[str, dict[str, str], bytes]  #: status, headers, body


class Stack:
    """One SOAP service as a function of requests."""

    def __init__(
        self, services: Iterable[type], namespace: str, *, version: str, on_call: Callable[[Any], None]
    ) -> None:
        protocol = {"1.1": Soap11, "1.2": Soap12}[version]
        described = Application(
            list(services), namespace, in_protocol=protocol(validator="lxml"), out_protocol=protocol()
        )
        described.event_manager.add_listener("method_call", on_call)
        self._serve = WsgiApplication(described, block_length=1 << 20)

    def call(self, asked: Asked, port: int) -> Called:
        """What spyne answers."""
        target = urlsplit(asked.target)
        environ = {
            "REQUEST_METHOD": asked.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": target.path,
            "QUERY_STRING": target.query,
            "CONTENT_TYPE": asked.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(asked.body)),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(port),
            "HTTP_HOST": f"127.0.0.1:{port}",
            "HTTP_SOAPACTION": asked.headers.get("soapaction", ""),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(asked.body),
        }
        told: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            told.update(status=status, headers=dict(headers))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = b"".join(self._serve(environ, start))
        return told["status"], told["headers"], body
