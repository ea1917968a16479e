"""A small application with a JSON-RPC service on a real socket, whose protocol the library json-rpc speaks."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jsonrpc import JSONRPCResponseManager
from jsonrpc.dispatcher import Dispatcher
from jsonrpc.exceptions import JSONRPCDispatchException

from tests.contract.canned_server import Asked, Canned, answer, canned

TOKEN = "jsonrpc-77c2"
MISSING, STALE, DUPLICATE, WRONG = 404, 409, 410, 422
_FIELDS = {"sku", "name", "price", "stock", "hub_ref"}
_NEW = {"rev": 0, **dict.fromkeys(_FIELDS)}


@dataclass(slots=True, kw_only=True)
class Stock:
    """One application."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    busy: float = 0.0  #: pause that it asks for [s]
    late: float = 0.0  #: it hangs up on the next create, and does it so much later [s]
    turned: bool = False  #: answers of a batch come last first
    swallowed: int = 0  #: answers that the next batch leaves out
    made: int = 0

    def serve(self, asked: Asked) -> bytes | None:
        """The answer to one request."""
        text = asked.body.decode()
        if self.late and "product.create" in text:
            late, self.late = self.late, 0.0
            threading.Timer(late, self.serve, [asked]).start()
            return None
        if self.busy:
            return answer(b"slow down", "429 Too Many Requests", Retry_After=str(round(self.busy)))
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return answer(b"who are you?", "401 Unauthorized")
        with self.lock:
            response = JSONRPCResponseManager.handle(text, self._methods())
        found = json.loads(response.json)
        if isinstance(found, list):
            found = list(reversed(found)) if self.turned else found
            found, self.swallowed = found[self.swallowed :], 0
        body = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
        return answer(body, Date=time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))

    def _methods(self) -> Dispatcher:
        names = ("list", "read", "find", "create", "write", "unlink")
        return Dispatcher({f"product.{name}": getattr(self, f"_{name}") for name in names})

    def _list(self, offset: int, limit: int, since: str | None = None) -> dict[str, Any]:
        rows = [row for key, row in sorted(self.rows.items()) if since is None or row["changed"] >= since]
        return {"records": rows[offset : offset + limit], "total": len(rows)}

    def _read(self, ids: list[int]) -> list[dict[str, Any]]:
        return [self.rows[key] for key in ids if key in self.rows]

    def _find(self, name: str, value: str) -> list[dict[str, Any]]:
        return [row for row in self.rows.values() if row[name] == value]

    def _create(self, values: list[dict[str, Any]]) -> list[int]:
        for fields in values:
            self._check(fields)
            if fields.get("hub_ref") and self._find("hub_ref", fields["hub_ref"]):
                raise JSONRPCDispatchException(DUPLICATE, "there is a product with this reference")
        made = []
        for fields in values:
            self.made += 1
            made.append(self._keep(self.made, fields)["id"])
        return made

    def _write(self, id: int, values: dict[str, Any], rev: str | None = None) -> dict[str, Any]:  # noqa: A002  its word
        self._check(values)
        if id not in self.rows:
            raise JSONRPCDispatchException(MISSING, f"no product {id}")
        if rev is not None and int(rev) != self.rows[id]["rev"]:
            raise JSONRPCDispatchException(STALE, "it has changed since")
        return self._keep(id, values)

    def _unlink(self, id: int) -> bool:  # noqa: A002  its word
        if self.rows.pop(id, None) is None:
            raise JSONRPCDispatchException(MISSING, f"no product {id}")
        return True

    def _check(self, fields: dict[str, Any]) -> None:
        if strange := set(fields) - _FIELDS:
            raise JSONRPCDispatchException(WRONG, f"there is no field {min(strange)}")

    def _keep(self, key: int, fields: dict[str, Any]) -> dict[str, Any]:
        old = self.rows.get(key, _NEW)
        now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.rows[key] = {**old, **fields, "id": key, "rev": old["rev"] + 1, "changed": now}
        return self.rows[key]


@contextlib.contextmanager
def serving() -> Iterator[tuple[Stock, Canned]]:
    """The application and its server."""
    stock = Stock()
    with canned(stock.serve) as server:
        yield stock, server
