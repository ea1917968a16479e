"""The product management's interface: GraphQL on one address, errors behind HTTP 200, and a budget for each request."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from syncline.sandbox.products import Products
from syncline.sandbox.products_api import fields_of
from syncline.sandbox.serve import json_answer
from syncline.sandbox.state import Fields
from syncline.sandbox.wording import Refusal

_SCHEMA = build_schema(Path(__file__).with_name("products.graphql").read_text())
_TOKENS_MAX = 30_000  #: of a document
_FIELDS_MAX = 100  #: of the query or mutation type in one request
_COSTS = {OperationType.QUERY: 2, OperationType.MUTATION: 10}  #: of each such field [points]
_CODES = {400: "BAD_USER_INPUT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 405: "BAD_REQUEST", 429: "THROTTLED"}


class _Asked(msgspec.Struct):
    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - a name of the protocol


@dataclass(slots=True, kw_only=True)
class Budget:
    """How much may be asked: a bucket of points that fills again."""

    most: float = 5_000
    rate: float = 2_000  #: points in a second
    left: float = 5_000
    at: float = field(default_factory=time.monotonic)

    def pays(self, cost: float) -> bool:
        """Take so many points, if they are there."""
        now = time.monotonic()
        self.left = min(self.most, self.left + (now - self.at) * self.rate)
        self.at = now
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def told(self, cost: float) -> Fields:
        """What a request costs, and what is left."""
        status = {"maximumAvailable": self.most, "currentlyAvailable": int(self.left), "restoreRate": self.rate}
        return {"cost": {"requestedQueryCost": cost, "throttleStatus": status}}


class ProductsInterface:
    """How the product management is reached over HTTP."""

    kind = "products"

    def __init__(self, products: Products, token: str) -> None:
        self.business = products
        self._root = fields_of(products)
        self._token = token
        self._budget = Budget()

    def routes(self) -> Iterable[web.RouteDef]:
        """Paths and what answers them."""
        yield web.post("/graphql", self._answer)

    def stranger(self, request: web.Request) -> web.Response | None:
        """Ask for the bearer token."""
        given = request.headers.get("Authorization", "").encode()
        if hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return None
        return self.refused(Refusal(401, "unauthenticated", "You are not signed in"))

    def refused(self, refusal: Refusal) -> web.Response:
        """Word a refusal of a request that could not be run."""
        code = _CODES.get(refusal.status, "INTERNAL_SERVER_ERROR")
        return json_answer({"errors": [_error(refusal.message, code)]}, refusal.status)

    def failure(self, status: int) -> web.Response:
        """Word a fault. Being too busy is an error behind 200, as everything that is no fault of HTTP."""
        if status == 429:  # noqa: PLR2004 - too many requests
            return json_answer({"errors": [_error("Throttled", "THROTTLED")]})
        if status == 200:  # noqa: PLR2004 - the trap
            return json_answer(
                {"errors": [_error("The search index is rebuilt", "INTERNAL_SERVER_ERROR")], "data": None}
            )
        message = {401: "Your session has ended"}.get(status, "Internal server error")
        return self.refused(Refusal(status, "failed", message))

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=_Asked)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise Refusal(400, "bad_request", f"The body is no request of GraphQL: {problem}") from None
        document, problems = _read(asked.query)
        if document is None or problems:
            errors = [_error(one.message, "GRAPHQL_VALIDATION_FAILED") for one in problems[:5]]
            return json_answer({"errors": errors}, 400)
        cost, count = _asked_for(document)
        if count > _FIELDS_MAX:
            return json_answer({"errors": [_error(f"More than {_FIELDS_MAX} fields", "TOO_COMPLEX")]})
        if not self._budget.pays(cost):
            told = {"errors": [_error("Throttled", "THROTTLED")], "extensions": self._budget.told(cost)}
            return json_answer(told)
        return self._run(document, asked, cost)

    def _run(self, document: DocumentNode, asked: _Asked, cost: int) -> web.Response:
        found = execute_sync(
            _SCHEMA,
            document,
            self._root,
            variable_values=asked.variables or {},
            operation_name=asked.operationName,
        )
        errors = [_formatted(error) for error in found.errors or ()]
        if errors and found.data is None and not any(error.path for error in found.errors or ()):
            return json_answer({"errors": errors}, 400)  # a variable that its type cannot hold: nothing was run
        told: Fields = {"errors": errors} if errors else {}
        return json_answer({**told, "data": found.data, "extensions": self._budget.told(cost)})


def _read(query: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """A document, and what is wrong with it; usual ones are kept."""
    return _kept(query) if len(query) < 20_000 else _parsed(query)  # noqa: PLR2004 - characters


def _parsed(query: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    try:
        document = parse(query, max_tokens=_TOKENS_MAX)
        return document, validate(_SCHEMA, document)
    except GraphQLError as problem:
        return None, [problem]
    except RecursionError:
        return None, [GraphQLError("nested too deep")]


_kept = lru_cache(maxsize=256)(_parsed)


def _asked_for(document: DocumentNode) -> tuple[int, int]:
    """What a document costs, and how many fields of the query or mutation type it names."""
    cost = count = 0
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode | FragmentDefinitionNode):
            fields = len(one.selection_set.selections)
            is_operation = isinstance(one, OperationDefinitionNode)
            cost += fields * (_COSTS.get(one.operation, 1) if isinstance(one, OperationDefinitionNode) else 1)
            count += fields if is_operation else 0
    return cost, count


def _formatted(error: GraphQLError) -> Mapping[str, object]:
    """An error as it is told. What the program itself did wrong is nobody's business."""
    code = (error.extensions or {}).get("code")
    is_ours = error.original_error is not None and not isinstance(error.original_error, GraphQLError)
    if is_ours and error.path:
        return {**_error("Internal server error", "INTERNAL_SERVER_ERROR"), "path": error.path}
    path = {"path": error.path} if error.path else {}
    return {**_error(error.message, code or "BAD_USER_INPUT"), **path}


def _error(message: str, code: str) -> Fields:
    return {"message": message, "extensions": {"code": code}}
