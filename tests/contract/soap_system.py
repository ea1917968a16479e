"""A small application with a SOAP service on a real socket, whose protocol spyne speaks, and the traps of real ones.

`python -m tests.contract.soap_system` serves until its input ends and prints its address.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.contract.canned_server import Asked, Canned, answer, canned
from tests.contract.soap_stack import (
    Array,
    Boolean,
    ComplexModel,
    Date,
    DateTime,
    Decimal,
    Fault,
    Integer,
    ServiceBase,
    Stack,
    Unicode,
    rpc,
)

USER = "hub"
PASSWORD = "soap-7c2e"
ROOT = "/erp"
NAMESPACE = "urn:example:erp"
_WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"


class Line(ComplexModel):
    """A line of an order."""

    __namespace__ = NAMESPACE
    sku = Unicode(min_occurs=1)
    quantity = Decimal
    note = Unicode


class Order(ComplexModel):
    """A document. `name` shows null as nil; the others are left out."""

    __namespace__ = NAMESPACE
    id = Unicode
    version = Integer
    changedAt = DateTime  # noqa: N815  names are the service's
    number = Unicode
    name = Unicode(min_occurs=1, nillable=True)
    total = Decimal
    stock = Integer
    due = Date
    placedAt = DateTime  # noqa: N815  see above
    paid = Boolean
    note = Unicode
    hubRef = Unicode  # noqa: N815  see above
    lines = Array(Line)
    archived = Boolean
    deleted = Boolean


class Given(ComplexModel):
    """What may be written; nothing of it has to be there."""

    __namespace__ = NAMESPACE
    number = Unicode
    name = Unicode
    total = Decimal
    stock = Integer
    due = Date
    placedAt = DateTime  # noqa: N815  see above
    paid = Boolean
    note = Unicode
    hubRef = Unicode  # noqa: N815  see above
    lines = Array(Line)


class Sheet(ComplexModel):
    """One page of a list."""

    __namespace__ = NAMESPACE
    items = Array(Order)
    total = Integer
    more = Boolean
    next = Unicode


_FIELDS = ("number", "name", "total", "stock", "due", "placedAt", "paid", "note", "hubRef", "lines")


@dataclass(slots=True, kw_only=True)
class Erp:
    """One application."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    unique: bool = True  #: no second record with the same hubRef
    security: str = "http"  #: or wsse: who asks is told in the envelope
    version: str = "1.1"
    buries: bool = False  #: lists name what was deleted
    buried: dict[str, dict[str, Any]] = field(default_factory=dict)
    answered: dict[str, str] = field(default_factory=dict)  #: token of a create -> key
    busy: float = 0.0  #: pause that it asks for [s]
    busy_inside: bool = False  #: ... with a fault, not with 503
    late: float = 0.0  #: it hangs up on the next write, and does it so much later [s]
    cut: int = 0  #: of how many bytes the next answer to a write is short
    faults_at_200: bool = False  #: HTTP 200 for faults, as some proxies make of them
    forgets: bool = False  #: the next write is done and answered with a fault of the server
    nonces: set[str] = field(default_factory=set)
    made: int = 0
    writes: int = 0
    _stack: Stack | None = None

    def serve(self, asked: Asked) -> bytes | None:
        """The answer to one request."""
        port = int(asked.headers["host"].rpartition(":")[2])
        is_write = any(name in asked.body for name in (b"CreateOrder", b"UpdateOrder", b"DeleteOrder"))
        if self.late and is_write:
            late, self.late = self.late, 0.0
            threading.Timer(late, self.serve, [asked]).start()
            return None
        if self.busy and not self.busy_inside:
            return answer(b"slow down", "503 Busy", Retry_After=str(round(self.busy)))
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.security == "http" and asked.headers.get("authorization") != wanted:
            return answer(b"who are you?", "401 Unauthorized", Content_Type="text/plain")
        if self._stack is None:
            self._stack = Stack([service(self)], NAMESPACE, version=self.version, on_call=self._check)
        with self.lock:
            status, headers, body = self._stack.call(asked, port)
        if self.busy:
            headers["Retry-After"] = str(round(self.busy))
        if self.faults_at_200:
            status = "200 OK"
        if self.cut and is_write:
            body, self.cut = body[: -self.cut], 0
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        return answer(body, status, **{"Content-Type": headers["Content-Type"], "Date": date, **_waits(headers)})

    def _check(self, ctx: Any) -> None:
        if self.busy:
            raise Fault("Server.Busy", "come back later")
        if self.security == "wsse":
            self._check_token(ctx.in_header_doc)

    def _check_token(self, headers: Any) -> None:
        """The password, or its digest with a nonce that was never used; the rule of the standard."""
        token = headers[0].find(f"{_WSSE}UsernameToken") if headers is not None and len(headers) else None
        shown = {one.tag.rpartition("}")[2]: one for one in token} if token is not None else {}
        password = shown["Password"].text if "Password" in shown else ""
        wanted = PASSWORD
        if "Nonce" in shown:
            nonce, created = shown["Nonce"].text, shown["Created"].text
            age = time.time() - datetime.fromisoformat(created).timestamp()
            if nonce in self.nonces or abs(age) > 60:
                raise Fault("Client.MessageExpired", "this token is used or old")
            self.nonces.add(nonce)
            if shown["Password"].get("Type").endswith("#PasswordDigest"):
                mixed = base64.b64decode(nonce) + created.encode() + PASSWORD.encode()
                wanted = base64.b64encode(hashlib.sha1(mixed).digest()).decode()  # noqa: S324  the standard's
        if "Username" not in shown or shown["Username"].text != USER or password != wanted:
            raise Fault("Client.FailedAuthentication", "The security token could not be authenticated")

    # --- data ---------------------------------------------------------------------

    def keep(self, key: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Store a record."""
        old = self.rows.get(key, {"version": 0, **dict.fromkeys(_FIELDS)})
        now = datetime.fromtimestamp(time.time(), UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self.rows[key] = {**old, **fields, "id": key, "version": old["version"] + 1, "changedAt": now}
        self.writes += 1
        if self.forgets:
            self.forgets = False
            raise Fault("Server", "it was done, and then something broke")
        return self.rows[key]

    def add(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A new record."""
        if not fields.get("number"):
            raise Fault("Client.Invalid", "an order needs a number")
        ref = fields.get("hubRef")
        if ref and self.unique and any(row["hubRef"] == ref for row in self.rows.values()):
            raise Fault("Client.Duplicate", "there is an order with this reference")
        self.made += 1
        return self.keep(f"O{self.made:06}", fields)

    def row(self, key: str) -> dict[str, Any]:
        """A record that must be there."""
        if key not in self.rows:
            raise Fault("Client.NotFound", f"no order {key}")
        return self.rows[key]


def service(erp: Erp) -> type:  # noqa: C901  one declaration for each operation
    """The operations, as spyne wants them declared."""

    class OrderService(ServiceBase):
        @rpc(DateTime, Integer, Integer, _returns=Sheet)
        def ListOrders(ctx, since, offset, limit):  # noqa: N802, N805  spyne's way
            rows = _since(erp, since)
            start, size = offset or 0, limit or 10
            shown = [_shown(row) for row in rows[start : start + size]]
            return Sheet(items=shown, total=len(rows), more=start + size < len(rows))

        @rpc(DateTime, Unicode, Integer, _returns=Sheet)
        def WalkOrders(ctx, since, after, limit):  # noqa: N802, N805
            rows = [row for row in _since(erp, since) if not after or row["id"] > after]
            shown = [_shown(row) for row in rows[: limit or 10]]
            more = len(rows) > len(shown)
            return Sheet(items=shown, more=more, next=shown[-1].id if more else None)

        @rpc(Unicode, _returns=Order)
        def GetOrder(ctx, id):  # noqa: A002, N802, N805
            return _shown(erp.row(id))

        @rpc(Array(Unicode), _returns=Array(Order))
        def GetOrders(ctx, ids):  # noqa: N802, N805
            return [_shown(erp.rows[one]) for one in ids or () if one in erp.rows]

        @rpc(Unicode, Unicode, _returns=Array(Order))
        def FindOrders(ctx, number, hubRef):  # noqa: N802, N803, N805
            wanted = {"number": number, "hubRef": hubRef}
            return [
                _shown(row) for row in erp.rows.values()
                if all(value is None or row[name] == value for name, value in wanted.items())
            ]  # fmt: skip

        @rpc(Given, Unicode, _returns=Order)
        def CreateOrder(ctx, order, requestId):  # noqa: N802, N803, N805
            key = erp.answered.get(requestId) if requestId else None
            row = erp.row(key) if key else erp.add(_given(ctx, order))
            if requestId:
                erp.answered[requestId] = row["id"]
            return _shown(row)

        @rpc(Unicode, Integer, Given, _returns=Order)
        def UpdateOrder(ctx, id, version, order):  # noqa: A002, N802, N805
            row = erp.row(id)
            if version is not None and version != row["version"]:
                raise Fault("Client.Conflict", f"the version is {row['version']} by now")
            return _shown(erp.keep(id, _given(ctx, order)))

        @rpc(Unicode, _returns=Boolean)
        def DeleteOrder(ctx, id):  # noqa: A002, N802, N805
            erp.row(id)
            erp.keep(id, {"deleted": True})
            row = erp.rows.pop(id)
            if erp.buries:
                erp.buried[id] = {name: row[name] for name in ("id", "version", "changedAt", "deleted")}
            return True

        @rpc(Unicode, Integer, _returns=Order)
        def ArchiveOrder(ctx, id, version):  # noqa: A002, N802, N805
            row = erp.row(id)
            if version is not None and version != row["version"]:
                raise Fault("Client.Conflict", f"the version is {row['version']} by now")
            return _shown(erp.keep(id, {"archived": True}))

    return OrderService


def _since(erp: Erp, since: datetime | None) -> list[dict[str, Any]]:
    bound = since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since
    every = erp.rows | erp.buried
    rows = (every[key] for key in sorted(every))
    return [row for row in rows if bound is None or row["changedAt"] >= bound]


def _shown(row: dict[str, Any]) -> Order:
    return Order(**row)


def _given(ctx: Any, order: Given) -> dict[str, Any]:
    """What was sent: an element that is not there is no change, and nil is null."""
    sent = next(one for one in ctx.in_body_doc.iter() if one.tag == f"{{{NAMESPACE}}}order")
    names = {one.tag.rpartition("}")[2] for one in sent}
    if order.hubRef is None and not order.number and "number" in names:
        raise Fault("Client.Invalid", "an order needs a number")
    return {name: getattr(order, name) for name in _FIELDS if name in names}


def _waits(headers: dict[str, str]) -> dict[str, str]:
    return {"Retry-After": headers["Retry-After"]} if "Retry-After" in headers else {}


@contextlib.contextmanager
def serving(**manner: Any) -> Iterator[tuple[Erp, Canned]]:
    """The application until the block ends."""
    erp = Erp(**manner)
    with canned(erp.serve) as server:
        yield erp, server


def main() -> None:
    """Serve until the input ends."""
    with serving(unique=False) as (_, server):
        print(server.url + ROOT, flush=True)  # noqa: T201  whoever started it reads this
        sys.stdin.read()


if __name__ == "__main__":
    main()
