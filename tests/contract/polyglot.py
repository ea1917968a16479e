"""A small business application that speaks JSON in many dialects: what the sandbox's two do not do, it does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.contract.canned_server import Asked, Canned, answer, canned

TOKEN = "polyglot-9d1f"
_PAGE = 20
_STATUS = {200: "OK", 201: "Created", 204: "No Content", 404: "Not Found", 409: "Conflict", 412: "Precondition Failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How it speaks."""

    paging: Literal["keyset", "offset", "link", "next-url", "none"]
    rows: str = "things"  #: "": the answer is the list
    wrap: str = ""  #: a record travels under this name
    stamp: Literal["unix-ms", "iso", "date", ""] = ""
    etag: bool = False  #: the version is in a header alone, and If-Match is honoured
    rev: bool = False  #: the version is in the record, `X-Rev` makes a write conditional, and 409 says stale
    puts: bool = False  #: an update replaces the whole record
    location: bool = False  #: a create answers nothing but its place
    unique: bool = False  #: no second record with the same `ref`
    repeats: bool = False  #: it knows an Idempotency-Key again
    soft: bool = False  #: a deleted record stays, and says so


@dataclass(slots=True, kw_only=True)
class Polyglot:
    """One application."""

    dialect: Dialect
    rows: dict[str, dict[str, object]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    busy: float = 0.0  #: pause that it asks for [s]
    late: float = 0.0  #: it hangs up on the next create, and does it so much later [s]
    made: int = 0

    def serve(self, asked: Asked) -> bytes | None:
        """The answer to one request."""
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _told(401, {"message": "who are you?"})
        if self.busy:
            return _told(429, {"message": "not now"}, Retry_After=str(round(self.busy)))
        if self.late and asked.method == "POST":
            late, self.late = self.late, 0.0
            threading.Timer(late, self.serve, [asked]).start()
            return None
        with self.lock:
            return self._answer(asked)

    def _answer(self, asked: Asked) -> bytes:
        path, given = urlsplit(asked.target), json.loads(asked.body or b"{}")
        key = unquote(path.path.removeprefix("/things").removeprefix("/"))
        fields = given.get(self.dialect.wrap, given) if self.dialect.wrap else given
        if not key:
            query = {name: values[0] for name, values in parse_qs(path.query).items()}
            return self._create(fields, asked) if asked.method == "POST" else self._list(query, asked)
        if key not in self.rows or (self.rows[key].get("deleted") and asked.method != "GET"):
            return _told(404, {"message": "no such thing"})
        if asked.method == "GET":
            return self._shown(key)
        return self._change(key, fields, asked)

    # --- reading ------------------------------------------------------------------

    def _list(self, query: Mapping[str, str], asked: Asked) -> bytes:
        found = [row for row in self._ordered() if self._is_asked_for(row, query)]
        start = int(query.get("from", "0"))
        page = found if self.dialect.paging == "none" else found[start : start + _PAGE]
        if self.dialect.paging == "keyset":
            return _told(200, {self.dialect.rows: [self._public(row) for row in found[:_PAGE]]})
        body: object = [self._public(row) for row in page]
        if self.dialect.rows:
            body = {self.dialect.rows: body, "count": len(found)}
        more = start + _PAGE < len(found) and self.dialect.paging in ("link", "next-url")
        kept = "&".join(f"{name}={quote(value)}" for name, value in query.items() if name != "from")
        following = f"/things?{kept}&from={start + _PAGE}" if more else ""
        if self.dialect.paging == "next-url" and isinstance(body, dict):
            body["next"] = following or None
        link = {"Link": f'<http://{asked.headers["host"]}{following}>; rel="next"'} if following else {}
        return _told(200, body, **(link if self.dialect.paging == "link" else {}))

    def _ordered(self) -> list[dict[str, object]]:
        if self.dialect.paging == "keyset":
            return sorted(self.rows.values(), key=lambda row: (row["changed"], row["id"]))  # type: ignore[return-value, arg-type]
        return list(self.rows.values())

    def _is_asked_for(self, row: Mapping[str, object], query: Mapping[str, str]) -> bool:
        if any(query[name] != row.get(name) for name in ("ref", "name") if name in query):
            return False
        if "after_id" in query and (row["changed"], row["id"]) <= (int(query["after_changed"]), query["after_id"]):
            return False
        return "since" not in query or self._stamped(row) >= query["since"].removesuffix("Z")

    def _public(self, row: Mapping[str, object]) -> Mapping[str, object]:
        hidden = {"version"} if not self.dialect.rev else set[str]()
        shown = {name: value for name, value in row.items() if name not in hidden}
        return {**shown, "changed": self._stamped(row) if self.dialect.stamp != "unix-ms" else row["changed"]}

    def _stamped(self, row: Mapping[str, object]) -> str:
        at = datetime.fromtimestamp(int(str(row["changed"])) / 1000, UTC)
        match self.dialect.stamp:
            case "iso":
                return f"{at:%Y-%m-%dT%H:%M:%S}"
            case "date":
                return f"{at:%Y-%m-%d}"
            case "unix-ms":
                return str(row["changed"])
        return ""

    # --- writing ------------------------------------------------------------------

    def _create(self, fields: Mapping[str, object], asked: Asked) -> bytes:
        token = asked.headers.get("idempotency-key", "")
        if self.dialect.repeats and token in self.tokens:
            return self._shown(self.tokens[token], 201)
        if refusal := _refusal(fields):
            return refusal
        same = [key for key, row in self.rows.items() if row.get("ref") and row["ref"] == fields.get("ref")]
        if self.dialect.unique and same:
            return _told(409, {"message": "taken", "by": same[0]})
        self.made += 1
        key = f"T{self.made:05}"
        self.tokens[token] = key
        self._store(key, fields)
        if self.dialect.location:
            return answer(b"", "201 Created", Location=f"/things/{key}")
        return self._shown(key, 201)

    def _change(self, key: str, fields: Mapping[str, object], asked: Asked) -> bytes:
        version = str(self.rows[key]["version"])
        if self.dialect.etag and asked.headers.get("if-match", f'"{version}"') != f'"{version}"':
            return _told(412, {"message": "it has changed"})
        if self.dialect.rev and asked.headers.get("x-rev", version) != version:
            return _told(409, {"message": "it has changed"})
        if asked.method == "DELETE":
            if self.dialect.soft:
                self._store(key, {"deleted": True})
            else:
                del self.rows[key]
            return answer(b"", "204 No Content")
        if refusal := _refusal(fields):
            return refusal
        if asked.method == "PUT":
            self.rows[key] = {name: self.rows[key][name] for name in ("id", "version", "changed")}
        self._store(key, fields)
        return self._shown(key)

    def _store(self, key: str, fields: Mapping[str, object]) -> None:
        row = self.rows.setdefault(key, {"id": key, "version": 0, "name": None, "amount": None, "ref": None})
        row |= {name: value for name, value in fields.items() if name not in ("id", "version", "changed")}
        row |= {"version": int(str(row["version"])) + 1, "changed": time.time_ns() // 1_000_000}

    def _shown(self, key: str, status: int = 200) -> bytes:
        row = self.rows[key]
        body = {self.dialect.wrap: self._public(row)} if self.dialect.wrap else self._public(row)
        return _told(status, body, **({"ETag": f'"{row["version"]}"'} if self.dialect.etag else {}))


def _refusal(fields: Mapping[str, object]) -> bytes | None:
    amount = str(fields.get("amount", "0")).removeprefix("-").replace(".", "", 1)
    return None if amount.isdecimal() else _told(422, {"message": "amount is no number"})


def _told(status: int, body: object, **headers: str) -> bytes:
    return answer(json.dumps(body).encode(), f"{status} {_STATUS.get(status, 'No')}", **headers)


@contextmanager
def speaking(dialect: Dialect) -> Iterator[tuple[Polyglot, Canned]]:
    """An application on a socket of its own, with some records of old."""
    application = Polyglot(dialect=dialect)
    for number in range(50):
        application._store(f"A{number:05}", {"name": f"Old {number}", "amount": "1", "ref": f"old {number}"})
        application.rows[f"A{number:05}"]["changed"] = 1_700_000_000_000 + number // 5 * 1_234
    with canned(application.serve) as server:
        yield application, server
