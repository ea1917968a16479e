"""A small application with a GraphQL API on a real socket, run by graphql-core, and the traps that real ones lay.

`python -m tests.contract.graphql_system` serves until its input ends and prints its address.
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
from functools import cache
from pathlib import Path
from typing import Any

from graphql import DocumentNode, GraphQLError, build_schema, execute, parse, validate

from tests.contract.canned_server import Asked, Canned, answer, canned

TOKEN = "graphql-5d1a"
USER = "hub"
ROOT = "/admin-api"
_NEW = {"rev": 0, "note": None, "hubRef": None, "price": None, "name": None, "stock": None, "deletedAt": None}
Ran = tuple[str, dict[str, Any], dict[str, str]]  #: status, document, headers
_SCHEMA = build_schema(Path(__file__).with_name("graphql_system.graphql").read_text())


@dataclass(slots=True, kw_only=True)
class Shop:
    """One application."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    unique: bool = True  #: no second record with the same hubRef
    atomic: bool = False  #: a request's mutations run in one transaction
    sessions: set[str] = field(default_factory=set)  #: tokens of the login
    busy: float = 0.0  #: pause that it asks for [s], inside 200
    busy_status: int = 200
    late: float = 0.0  #: it hangs up on the next mutation, and does it so much later [s]
    cut: int = 0  #: of how many bytes the next answer is short
    spoiled: str = ""  #: key of a record whose price fails
    most: int = 1_000  #: operations of one request, beyond which it is too complex
    made: int = 0

    def serve(self, asked: Asked) -> bytes | None:
        """The answer to one request."""
        body = json.loads(asked.body)
        is_mutation = body["query"].lstrip().startswith("mutation")
        if self.late and is_mutation and "login" not in body["query"]:
            late, self.late = self.late, 0.0
            threading.Timer(late, self.serve, [asked]).start()
            return None
        if self.busy:
            return self._throttled()
        with self.lock:
            status, document, headers = self._run(body, asked, is_mutation=is_mutation)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        whole = answer(text, status, Date=time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()), **headers)
        if self.cut:
            short = text[: -self.cut]
            self.cut = 0
            return answer(short)
        return whole

    def _throttled(self) -> bytes:
        pause = str(round(self.busy))
        if self.busy_status != 200:
            return answer(b"slow down", f"{self.busy_status} Busy", Retry_After=pause)
        extensions = {"code": "THROTTLED", "retryAfter": round(self.busy)}
        return answer(json.dumps({"errors": [{"message": "Throttled", "extensions": extensions}]}).encode())

    def _run(self, body: dict[str, Any], asked: Asked, *, is_mutation: bool) -> Ran:
        document, problems = _read(body["query"])
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        is_login = "login(" in body["query"]
        if token != TOKEN and token not in self.sessions and not is_login:
            if asked.headers.get("authorization", "").endswith("canary-51b7"):
                return "401 Unauthorized", _refusal("who are you?", "UNAUTHENTICATED"), {}
            return "200 OK", {"errors": [_one("You are not allowed", "FORBIDDEN", ["i0"])], "data": None}, {}
        if problems:
            return "400 Bad Request", _refusal(problems[0].message, "GRAPHQL_VALIDATION_FAILED"), {}
        if len(document.definitions[0].selection_set.selections) > self.most:
            return "200 OK", _refusal("the request is too complex", "TOO_COMPLEX"), {}
        kept = dict(self.rows)
        found = execute(_SCHEMA, document, Root(self), variable_values=body.get("variables") or {})
        errors = found.errors or []
        if is_mutation and self.atomic and (errors or _has_failed(found.data)):
            self.rows = kept
        if errors and found.data is None and not any(error.path for error in errors):
            return "400 Bad Request", _refusal(errors[0].message, "BAD_USER_INPUT"), {}
        told: dict[str, Any] = {"data": found.data}
        if errors:
            told["errors"] = [error.formatted for error in errors]
        headers = {"vendure_auth_token": self._opened()} if is_login and _has_logged_in(found.data) else {}
        return "200 OK", told, headers

    def _opened(self) -> str:
        token = uuid.uuid4().hex
        self.sessions.add(token)
        return token

    # --- data ---------------------------------------------------------------------

    def keep(self, key: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Store a record."""
        old = self.rows.get(key, _NEW)
        now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.rows[key] = {**old, **fields, "id": key, "rev": old["rev"] + 1, "updatedAt": now}
        return self.rows[key]

    def add(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A new record, or the error that stands in its place."""
        if "sku" not in fields or not fields["sku"]:
            return {"__typename": "InvalidInput", "message": "a product needs a sku", "field": "sku"}
        ref = fields.get("hubRef")
        if ref and self.unique and any(row["hubRef"] == ref for row in self.rows.values()):
            return {"__typename": "RefConflict", "message": "there is a product with this reference"}
        self.made += 1
        return {"__typename": "Product", **self.keep(f"P{self.made:06}", fields)}


class Root:
    """Resolvers. Arguments come after the information on the operation."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    # --- queries --------------------------------------------------------------------

    def products(self, _info, first=10, after=None, since=None, sku=None, hubRef=None):  # noqa: N803  a name of the schema
        rows = self._live(since, sku, hubRef)
        rows = [row for row in rows if after is None or row["id"] > after]
        page = rows[:first]
        info = {"hasNextPage": len(rows) > first, "endCursor": page[-1]["id"] if page else None}
        return {"edges": [{"cursor": row["id"], "node": self._shown(row)} for row in page], "pageInfo": info}

    def productList(self, _info, take=10, skip=0, since=None, sku=None, hubRef=None):  # noqa: N802, N803  of the schema
        if take > 1_000:
            raise GraphQLError("Cannot take more than 1000 results", extensions={"code": "USER_INPUT_ERROR"})
        rows = self._live(since, sku, hubRef)
        return {"items": [self._shown(row) for row in rows[skip : skip + take]], "totalItems": len(rows)}

    def product(self, _info, id):  # noqa: A002  a name of the schema
        row = self._shop.rows.get(id)
        return None if row is None else self._shown(row)

    def _live(self, since, sku, ref):
        rows = [self._shop.rows[key] for key in sorted(self._shop.rows)]
        return [
            row for row in rows
            if (since is None or row["updatedAt"] >= since) and (sku is None or row["sku"] == sku)
            and (ref is None or row["hubRef"] == ref)
        ]  # fmt: skip

    def _shown(self, row):
        if row["id"] != self._shop.spoiled:
            return row

        def price(_info):
            raise GraphQLError("the price service is down", extensions={"code": "INTERNAL_SERVER_ERROR"})

        return {**row, "price": price}

    # --- mutations --------------------------------------------------------------------

    def createProduct(self, _info, input):  # noqa: A002, N802  of the schema
        return self._shop.add(input)

    def makeProduct(self, _info, input):  # noqa: A002, N802  of the schema
        made = self._shop.add(input)
        if made["__typename"] != "Product":
            raise GraphQLError(made["message"], extensions={"code": "USER_INPUT_ERROR"})
        return made

    def createProducts(self, _info, input):  # noqa: A002, N802  of the schema
        kept = dict(self._shop.rows)
        made = [self._shop.add(one) for one in input]
        wrong = [one for one in made if one["__typename"] != "Product"]
        if wrong:
            self._shop.rows = kept
            code = "DUPLICATE" if wrong[0]["__typename"] == "RefConflict" else "USER_INPUT_ERROR"
            raise GraphQLError(wrong[0]["message"], extensions={"code": code})
        return made

    def updateProduct(self, _info, id, input, rev=None):  # noqa: A002, N802  of the schema
        row = self._shop.rows.get(id)
        if row is None:
            return {"__typename": "NotThere", "message": f"no product {id}"}
        if rev is not None and rev != row["rev"]:
            return {"__typename": "Outdated", "message": "it has changed since"}
        return {"__typename": "Product", **self._shop.keep(id, input)}

    def deleteProduct(self, _info, id):  # noqa: A002, N802  of the schema
        if self._shop.rows.pop(id, None) is None:
            raise GraphQLError(f"no product {id}", extensions={"code": "ENTITY_NOT_FOUND"})
        return {"result": "DELETED"}

    def login(self, _info, username, password):
        if (username, password) != (USER, TOKEN):
            return {"__typename": "InvalidCredentials", "message": "The provided credentials are invalid"}
        return {"__typename": "CurrentUser", "id": "1"}


@cache
def _read(query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """A document, and what is wrong with it."""
    document = parse(query)
    return document, validate(_SCHEMA, document)


def _refusal(message: str, code: str) -> dict[str, Any]:
    return {"errors": [_one(message, code)]}


def _one(message: str, code: str, path: list[str] | None = None) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}, **({"path": path} if path else {})}


def _has_failed(data: dict[str, Any] | None) -> bool:
    return data is None or any(one is None or "message" in one for one in data.values())


def _has_logged_in(data: dict[str, Any] | None) -> bool:
    return bool(data) and all("message" not in one for one in data.values())


@contextlib.contextmanager
def serving() -> Iterator[tuple[Shop, Canned]]:
    """The application until the block ends."""
    shop = Shop()
    with canned(shop.serve) as server:
        yield shop, server


def main() -> None:
    """Serve until the input ends."""
    with serving() as (shop, server):
        shop.unique = False
        for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 0):
            shop.add({"sku": f"S{number}", "name": f"Name {number}"})
        print(server.url + ROOT, flush=True)  # noqa: T201  whoever started it reads this
        sys.stdin.read()


if __name__ == "__main__":
    main()
