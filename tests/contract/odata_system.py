"""A small application with a service of OData 2 or 4 on a real socket, and the traps that real services lay.

`python -m tests.contract.odata_system` serves until interrupted and prints its address.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.contract.canned_server import Asked, Canned, answer, canned
from tests.contract.odata_batch import batched
from tests.contract.odata_description import DESCRIPTIONS, KEYS
from tests.contract.odata_filter import Row, UnknownFilterError, filter_of

USER, PASSWORD = "hub", "odata-7c2e"
ROOT = "/erp/service"
_TIMES = frozenset({"modifiedAt"})
_WORDS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone",
    412: "Precondition Failed", 428: "Precondition Required", 429: "Too Many Requests",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the service behaves."""

    version: Literal["v4", "v2"] = "v4"
    page: int = 20
    csrf: bool = False
    etag: bool = True
    unique: bool = False  #: no second entity with the same hubRef
    lies: bool = False  #: parts of a changeset that was rolled back say 201 all the same
    stops: bool = False  #: a batch ends at its first error
    tracks: bool = False  #: delta links
    short: bool = False  #: names of control information as 4.01 may write them


class RefusalError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code or str(status), headers


Answer = tuple[int, dict[str, str], object]  #: status, headers, JSON; None: no body
Told = tuple[str, str, dict[str, str], bytes]  #: method, address below the root, headers in lower case, body


@dataclass(slots=True, kw_only=True)
class Application:
    """One service and its data."""

    manner: Manner
    sets: dict[str, dict[str, dict[str, object]]] = field(default_factory=lambda: {name: {} for name in KEYS})
    history: list[tuple[str, str]] = field(default_factory=list)  #: (set, key) of every change, for delta links
    expired: int = 0  #: delta links older than this are no longer known
    sessions: dict[str, str] = field(default_factory=dict)  #: cookie -> token
    lock: threading.RLock = field(default_factory=threading.RLock)
    busy: float = 0.0  #: pause that it asks for [s]
    late: float = 0.0  #: it hangs up on the next write, and does it so much later [s]
    cut: int = 0  #: of how many bytes the next answer is short
    elsewhere: str = ""  #: origin that the next link names
    writes: int = 0
    sorted: dict[str, tuple[int, list[dict[str, object]]]] = field(default_factory=dict)

    # --- the wire -----------------------------------------------------------------

    def serve(self, asked: Asked) -> bytes | None:
        """The answer to one request."""
        if self.late and asked.method != "GET":
            late, self.late = self.late, 0.0
            threading.Timer(late, self.serve, [asked]).start()
            return None
        with self.lock:
            try:
                status, headers, content = self._admitted(asked)
            except RefusalError as problem:
                status, headers, content = self._failed(problem)
        body = content if isinstance(content, bytes) else b"" if content is None else _encode(content)
        kind = headers.pop("Content-Type", "application/json;charset=utf-8")
        whole = answer(body, f"{status} {_WORDS[status]}", Date=_http_date(), Content_Type=kind, **headers)
        if self.cut:
            whole, self.cut = whole[: -self.cut] + b"", 0
            return whole.replace(f"Content-Length: {len(body)}".encode(), b"Connection: close")
        return whole

    def _admitted(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != _basic():
            raise RefusalError(401, "who are you?")
        if self.busy:
            raise RefusalError(429, "not now", Retry_After=str(round(self.busy)))
        address = asked.target.removeprefix(ROOT).removeprefix("/")
        if self.manner.csrf and (given := self._session(asked)) is not None:
            return given
        if address.startswith("$batch"):
            self.writes += 1
            return batched(self, asked)
        return self.one((asked.method, address, asked.headers, asked.body))

    def _session(self, asked: Asked) -> Answer | None:
        """A token for who asks for one; a refusal for who writes without."""
        if asked.headers.get("x-csrf-token", "").lower() == "fetch":
            cookie, token = uuid.uuid4().hex, uuid.uuid4().hex
            self.sessions[cookie] = token
            cookie = f"sid={cookie}; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT"
            return 200, {"X_CSRF_Token": token, "Set_Cookie": cookie}, {"value": []}
        if asked.method == "GET":
            return None
        cookie = asked.headers.get("cookie", "").removeprefix("sid=")
        if not cookie or self.sessions.get(cookie) != asked.headers.get("x-csrf-token"):
            return 403, {"X_CSRF_Token": "Required"}, {"error": {"code": "403", "message": "CSRF token"}}
        return None

    # --- one operation --------------------------------------------------------------

    def one(self, told: Told) -> Answer:
        """One operation, of a batch or by itself; RefusalError where it is refused."""
        method, address, headers, body = told
        parts = urlsplit(address)
        path, query = unquote(parts.path), {name: one[0] for name, one in parse_qs(parts.query).items()}
        if path == "$metadata":
            return 200, {"Content-Type": "application/xml"}, DESCRIPTIONS[self.manner.version].encode()
        name, _, inner = path.partition("(")
        if name not in self.sets:
            raise RefusalError(404, f"no set {name}")
        if not inner:
            return self._create(name, _fields(body)) if method == "POST" else self._list(name, query, headers)
        key = _key(inner.rpartition(")")[0], name)
        if method == "GET":
            return 200, self._etags(name, self._there(name, key)), self._single(name, self._there(name, key))
        return self._change(name, key, (method, path, headers, body))

    def failed(self, problem: RefusalError) -> Answer:
        """The answer that a problem is."""
        return self._failed(problem)

    def _failed(self, problem: RefusalError) -> Answer:
        message = problem.message if self.manner.version == "v4" else {"lang": "en", "value": problem.message}
        return problem.status, dict(problem.headers), {"error": {"code": problem.code, "message": message}}

    def _there(self, name: str, key: str) -> dict[str, object]:
        if key not in self.sets[name]:
            raise RefusalError(404, f"no {name} {key}")
        return self.sets[name][key]

    # --- writes ---------------------------------------------------------------------

    def _create(self, name: str, fields: dict[str, object]) -> Answer:
        self.writes += 1
        row = {"hubRef": None, "note": None, **self._checked(name, fields)}
        if name == "Products":
            row.setdefault("ID", str(uuid.uuid4()))
            row.setdefault("lines", [])
            if not row.get("sku"):
                raise RefusalError(400, "Provide the missing value.", "ASSERT_MANDATORY")
        else:
            row.setdefault("Item", f"it's {self.writes}, a/b=ü %")
        key, ref = _key_of(row, name), row["hubRef"]
        is_taken = self.manner.unique and ref and any(one["hubRef"] == ref for one in self.sets[name].values())
        if is_taken or key in self.sets[name]:
            raise RefusalError(409, "already there", "DUPLICATE")
        row = self._keep(name, key, row)
        return 201, {**self._etags(name, row), "Location": self._address(name, row)}, self._single(name, row)

    def _change(self, name: str, key: str, told: Told) -> Answer:
        self.writes += 1
        method, _, headers, body = told
        condition = headers.get("if-match", "")
        if key not in self.sets[name]:
            raise RefusalError(412 if condition == "*" else 404, f"no {name} {key}")
        row = self.sets[name][key]
        if self.manner.etag and not condition:
            raise RefusalError(428, "If-Match is needed")
        if self.manner.etag and condition not in ("*", self._etag(row)):
            raise RefusalError(412, "it has changed since")
        if method == "DELETE":
            if "return" in headers.get("prefer", ""):
                raise RefusalError(400, "The 'return' preference is not allowed in DELETE requests")
            del self.sets[name][key]
            self.history.append((name, key))
            return 204, {}, None
        row = self._keep(name, key, {**row, **self._checked(name, _fields(body))})
        wants = "return=representation" in headers.get("prefer", "")
        return (200, self._etags(name, row), self._single(name, row)) if wants else (204, self._etags(name, row), None)

    def _keep(self, name: str, key: str, row: dict[str, object]) -> dict[str, object]:
        now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="microseconds").replace("+00:00", "")
        before = self.sets[name].get(key, {}).get("version", 0)
        self.sets[name][key] = {**row, "modifiedAt": now[:23], "version": int(str(before)) + 1}
        self.history.append((name, key))
        return self.sets[name][key]

    def _checked(self, name: str, fields: dict[str, object]) -> dict[str, object]:
        known = ("ID", "sku", "name", "price", "stock", "hubRef", "lines", "Order", "Item", "note")
        if strange := [one for one in fields if one not in known]:
            raise RefusalError(400, f"Property {strange[0]} does not exist")
        if "price" in fields and fields["price"] is not None:
            if isinstance(fields["price"], str) and self.manner.version == "v4":
                raise RefusalError(400, "price: a number is wanted")
            with contextlib.suppress(InvalidOperation):
                fields["price"] = Decimal(str(fields["price"]))
            if not isinstance(fields["price"], Decimal):
                raise RefusalError(400, "price: no number")
        if isinstance(fields.get("name"), str) and len(str(fields["name"])) > 500:
            raise RefusalError(400, "name: too long")
        return fields

    # --- reads ----------------------------------------------------------------------

    def _list(self, name: str, query: dict[str, str], headers: dict[str, str]) -> Answer:
        if "$deltatoken" in query:
            return self._changes(name, query)
        rows = self._in_order(name)
        if "$filter" in query:
            try:
                test = filter_of(query["$filter"], _TIMES)
                rows = [row for row in rows if test(row)]
            except (UnknownFilterError, KeyError, ValueError) as error:
                raise RefusalError(400, f"this filter is not understood: {error}") from None
        skip = int(query.get("$skiptoken", "0"))
        top = int(query.get("$top", "1000000"))
        size = min(self.manner.page, top)
        following = {**query, "$skiptoken": str(skip + size)} if skip + size < min(len(rows), top + skip) else None
        tracked = "track-changes" in headers.get("prefer", "") or "$tracked" in query
        token = query.get("$tracked", str(len(self.history)))
        link = {"$deltatoken": token} if self.manner.tracks and tracked else None
        if following and link:
            following["$tracked"] = link["$deltatoken"]
        return self._listed(name, rows[skip : skip + size], following, None if following else link)

    def _in_order(self, name: str) -> list[dict[str, object]]:
        """All rows by their keys, sorted once after each change."""
        if self.sorted.get(name, (-1, []))[0] != len(self.history):
            rows = sorted(self.sets[name].values(), key=lambda row: tuple(_sortable(row[one]) for one in KEYS[name]))
            self.sorted[name] = (len(self.history), rows)
        return self.sorted[name][1]

    def _changes(self, name: str, query: dict[str, str]) -> Answer:
        start = int(query["$deltatoken"])
        if start < self.expired:
            raise RefusalError(410, "this link is no longer known")
        keys = list(dict.fromkeys(key for one, key in self.history[start:] if one == name))
        page, rest = keys[: self.manner.page], keys[self.manner.page :]
        rows = [self.sets[name][key] if key in self.sets[name] else self._removed(name, key) for key in page]
        if rest:
            upto = max(place for place, (one, key) in enumerate(self.history) if one == name and key in page) + 1
            return self._listed(name, rows, {"$deltatoken": str(min(upto, start + len(page)))}, None)
        return self._listed(name, rows, None, {"$deltatoken": str(len(self.history))})

    def _removed(self, name: str, key: str) -> dict[str, object]:
        if self.manner.short:
            return {"@removed": {"reason": "deleted"}, KEYS[name][0]: key}
        return {"@odata.context": f"$metadata#{name}/$deletedEntity", "id": f"{name}({key})", "reason": "deleted"}

    def _listed(
        self, name: str, rows: list[dict[str, object]], following: dict[str, str] | None, delta: dict[str, str] | None
    ) -> Answer:
        shown = [row if "reason" in row or "@removed" in row else self._entity(name, row) for row in rows]
        links = [self._link(name, one) if one else "" for one in (following, delta)]
        if self.manner.version == "v2":
            return 200, {}, {"d": {"results": shown, **({"__next": links[0]} if links[0] else {})}}
        mark = "@" if self.manner.short else "@odata."
        ends = {f"{mark}{kind}Link": link for kind, link in zip(("next", "delta"), links, strict=True) if link}
        return 200, {}, {"@odata.context": f"$metadata#{name}", "value": shown, **ends}

    def _link(self, name: str, query: dict[str, str]) -> str:
        return f"{self.elsewhere}{ROOT}/{name}?" + "&".join(f"{one}={quote(value)}" for one, value in query.items())

    # --- how entities look ------------------------------------------------------------

    def _single(self, name: str, row: dict[str, object]) -> object:
        shown = self._entity(name, row)
        return {"d": shown} if self.manner.version == "v2" else {"@odata.context": f"$metadata#{name}/$entity", **shown}

    def _entity(self, name: str, row: Row) -> dict[str, object]:
        plain = {one: value for one, value in row.items() if one not in ("version", "lines")}
        if name == "Products":
            plain["price"] = plain.get("price")
        if self.manner.version == "v4":
            lines = {"lines": row["lines"], "lines@odata.count": len(row["lines"])} if "lines" in row else {}
            etag = {"@odata.etag": self._etag(row)} if self.manner.etag else {}
            return {**etag, **plain, "modifiedAt": f"{row['modifiedAt']}Z", **lines}
        price = {"price": str(row["price"])} if row.get("price") is not None else {}
        lines = {"lines": {"results": row["lines"]}} if "lines" in row else {}
        stamp = datetime.fromisoformat(str(row["modifiedAt"])).replace(tzinfo=UTC)
        millis = round(stamp.timestamp() * 1000)
        about = {"uri": self._address(name, row), "type": f"erp.{name}", "etag": self._etag(row)}
        return {"__metadata": about, **plain, **price, "modifiedAt": f"/Date({millis}+0000)/", **lines}

    def _etags(self, name: str, row: Row) -> dict[str, str]:
        return {"ETag": self._etag(row)} if self.manner.etag else {}

    def _etag(self, row: Row) -> str:
        return f'W/"{row["version"]}"'

    def _address(self, name: str, row: Row) -> str:
        mark = "guid'" if self.manner.version == "v2" and name == "Products" else ""
        inner = f"{mark}{row['ID']}{mark[4:]}" if name == "Products" else f"Order={row['Order']},Item='{row['Item']}'"
        return f"{ROOT}/{name}({inner})"


def _fields(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body, parse_float=Decimal)
    except ValueError:
        raise RefusalError(400, "no JSON") from None
    return {name: value for name, value in found.items() if not name.startswith("@")}


def _encode(content: object) -> bytes:
    """JSON with decimals as numbers, just as they are."""
    marks: dict[str, str] = {}

    def number(value: object) -> object:
        mark = f"<decimal {len(marks)}>"
        marks[f'"{mark}"'] = f"{value:f}"
        return mark

    text = json.dumps(content, default=number, ensure_ascii=False)
    for mark, value in marks.items():
        text = text.replace(mark, value, 1)
    return text.encode()


def _key(inner: str, name: str) -> str:
    if name == "Products":
        found = inner.removeprefix("guid").strip("'")
        if len(found) != 36:
            raise RefusalError(400, f"Invalid value: {inner}")
        return found
    order, _, item = inner.partition(",Item=")
    return f"Order={order.removeprefix('Order=')},Item={item[1:-1].replace(chr(39) * 2, chr(39))}"


def _key_of(row: Row, name: str) -> str:
    return str(row["ID"]) if name == "Products" else f"Order={row['Order']},Item={row['Item']}"


def _sortable(value: object) -> object:
    return value if isinstance(value, int) else str(value)


def _basic() -> str:
    return "Basic " + __import__("base64").b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _http_date() -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())


@contextlib.contextmanager
def serving(manner: Manner) -> Iterator[tuple[Application, Canned]]:
    """The application until the block ends."""
    application = Application(manner=manner)
    with canned(application.serve) as server:
        yield application, server


def main() -> None:
    """Serve in version 4 with large pages until the input ends."""
    with serving(Manner(page=500)) as (application, server):
        for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 0):
            fields = {"sku": f"S{number}", "name": f"Name {number}"}
            application.one(("POST", "Products", {}, json.dumps(fields).encode()))
        print(server.url + ROOT, flush=True)  # noqa: T201  whoever started it reads this
        sys.stdin.read()


if __name__ == "__main__":
    main()
