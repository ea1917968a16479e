"""Somebody who talks to a simulated application over HTTP."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncline.sandbox.process import Process

_CREDENTIALS = {
    "crm": "Bearer crm-token",
    "erp": "Basic " + base64.b64encode(b"hub:erp-token").decode(),
    "products": "Bearer products-token",
    "scm": "Basic " + base64.b64encode(b"hub:scm-token").decode(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass(slots=True, kw_only=True)
class Caller:
    """Somebody who talks to one application."""

    process: Process

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        given = {"Authorization": _CREDENTIALS[self.process.kind]}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.process.url + path, data, given, method=method)  # noqa: S310 - http, our own
        try:
            with urllib.request.urlopen(request, timeout=30) as found:  # noqa: S310 - http, our own
                return Answer(status=found.status, headers=dict(found.headers), raw=found.read())
        except urllib.error.HTTPError as problem:
            with problem:
                return Answer(status=problem.code, headers=dict(problem.headers), raw=problem.read())

    def get(self, path: str) -> Any:
        return self.ask("GET", path).json

    def post(self, path: str, body: object) -> Any:
        return self.ask("POST", path, body).json

    def faults(self, **settings: object) -> None:
        assert self.ask("POST", "/_sandbox/faults", settings).status == 200

    def dump(self, resource: str) -> list[dict[str, Any]]:
        return self.get(f"/_sandbox/dump/{resource}")["data"]
