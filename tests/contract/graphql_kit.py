"""The connector kit against the small GraphQL application: what every such suite shares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

import pytest

from syncline.connectors.protocols.graphql import SPEC, GraphQLConnector, open_graphql
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.model.page import Batch, Item, Op, Receipt
from syncline.testing import ConnectorSuite, Tried
from tests.contract.canned_server import Canned
from tests.contract.graphql_system import ROOT, TOKEN, USER, Shop, serving
from tests.contract.throttling import throttling

CANARY = "canary-51b7"
TIMES = {"precision": 0.001, "lag": 0.5, "settle": 0.0, "effect": 3.0, "skew": 1.5}
_ENV = RealEnv()
BAD = {"name": "without its number"}
ONE = {"id": "P1", "sku": "S", "name": None, "price": None, "stock": None, "note": None, "hubRef": None, "rev": 1}
ROW = json.dumps({**ONE, "updatedAt": "2026-01-01T00:00:00.000Z"})
FIELDS = "id sku name price stock note hubRef rev updatedAt"
INPUT = {"input": "ProductInput!"}
CREATE = {
    "field": "createProduct(input: $input)",
    "variables": INPUT,
    "select": "__typename ... on Product {record} ... on InvalidInput { message } ... on RefConflict { message }",
    "done": ["Product"],
}
UPDATE = {
    "field": "updateProduct(id: $id, input: $input, rev: $rev)",
    "variables": {**INPUT, "id": "ID!", "rev": "Int"},
    "key": "id",
    "version": "rev",
    "select": "__typename ... on Product {record} ... on NotThere { message } ... on Outdated { message }",
    "done": ["Product"],
}
DELETE = {
    "field": "deleteProduct(id: $id)",
    "variables": {"id": "ID!"},
    "key": "id",
    "input": "",
    "select": "result",
}
RELAY = {
    "list": {
        "field": "products(first: $first, after: $after, since: $since)",
        "variables": {"first": "Int", "after": "String", "since": "String"},
        "select": "edges { node {record} } pageInfo { hasNextPage endCursor }",
        "rows": "edges",
        "node": "node",
    },
    "paging": {"type": "relay", "size": 7},
}
OFFSET = {
    "list": {
        "field": "productList(take: $take, skip: $skip, since: $since)",
        "variables": {"take": "Int", "skip": "Int", "since": "String"},
        "select": "items {record} totalItems",
        "rows": "items",
    },
    "paging": {"type": "offset", "size": 7, "size_variable": "take", "variable": "skip", "total": "totalItems"},
}
SEARCHED = {"variables": {"value": "String!"}, "select": "items {record}", "rows": "items"}
PRODUCTS = {
    "fields": FIELDS,
    "since": {"field": "updatedAt", "variable": "since"},
    "version": {"field": "rev"},
    "get": {"field": "product(id: $id)", "variables": {"id": "ID!"}},
    "write": {"create": CREATE, "update": UPDATE, "delete": DELETE},
    "batch": {"size": 5},
    "marker": {"field": "hubRef", "unique": True, "search": {"field": "productList(hubRef: $value)", **SEARCHED}},
    "search": {"sku": {"field": "productList(sku: $value)", **SEARCHED}},
}
ERRORS = {
    "codes": {"DUPLICATE": "duplicate"},
    "types": {"RefConflict": "duplicate", "NotThere": "gone", "Outdated": "stale"},
}


def options_for(url: str, token: str = TOKEN, **more: object) -> dict[str, object]:
    """Options that fit the application."""
    resources = more.pop("resources", {"products": {**RELAY, **PRODUCTS}})
    auth = {} if "login" in more else {"auth": {"type": "bearer", "token": token}}
    usual = {"url": url + ROOT, "timeout": 5, "contract": TIMES, "errors": ERRORS}
    return {**usual, **auth, "resources": resources, **more}


def login_for(password: str) -> dict[str, object]:
    """A session instead of a fixed token."""
    operation = {
        "field": "login(username: $username, password: $password)",
        "variables": {"username": "String!", "password": "String!"},
        "constants": {"username": USER, "password": password},
        "select": "__typename ... on InvalidCredentials { message }",
    }
    return {"operation": operation, "header": "vendure-auth-token"}


@contextmanager
def connected(url: str, **more: object) -> Iterator[GraphQLConnector]:
    """A connector for as long as a test needs it."""
    connector = open_graphql("shop", options_for(url, **more), RealEnv())
    try:
        yield connector
    finally:
        connector.close()


def product(number: int) -> dict[str, object]:
    return {"sku": f"K{number}", "name": f"Bolt {number}", "price": f"{number}.50"}


def creates(*fields: dict[str, object]) -> list[Item]:
    return [Item(ref=place, op=Op.CREATE, fields=one, marker=f"m{place}") for place, one in enumerate(fields)]


def written(connector: GraphQLConnector, items: list[Item]) -> dict[int, Receipt]:
    batch = Batch(resource="products", items=items, send_by=_ENV.monotonic() + 30)
    return {receipt.ref: receipt for receipt in connector.write(batch)}


def everything(connector: GraphQLConnector) -> list[str]:
    return [key for page in connector.list("products", None) for key in page.keys]


class GraphQLSuite(ConnectorSuite):
    says: ClassVar[Mapping[str, object]] = {}  #: options beside the usual ones
    tried = Tried(
        resource="products",
        text_field="name",
        fields_of=lambda number: {
            "sku": f"K{number}", "name": f"Bolt {number}", "price": f"{number}.50", "stock": number,
        },
        bad_fields={"name": "no number of its own"},
        unknown_key="P999999",
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def system(cls) -> Iterator[tuple[Shop, Canned]]:
        with serving() as both:
            yield both

    def says_with(self, secret: str) -> Mapping[str, object]:
        """The options that hold the secret."""
        return {**self.says, "token": secret}

    @pytest.fixture
    def options(self, system: tuple[Shop, Canned]) -> Mapping[str, object]:
        return options_for(system[1].url, **self.says_with(TOKEN))

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, system: tuple[Shop, Canned]) -> Iterator[GraphQLConnector]:
        with connected(system[1].url, **self.says_with(TOKEN)) as connector:
            yield connector

    @pytest.fixture
    def impostor(self, system: tuple[Shop, Canned]) -> Iterator[GraphQLConnector]:
        with connected(system[1].url, **self.says_with(CANARY)) as connector:
            yield connector

    @pytest.fixture
    def stranded(self) -> Iterator[GraphQLConnector]:
        with connected("http://127.0.0.1:9", **self.says_with(TOKEN)) as connector:
            yield connector

    @pytest.fixture
    def hasty(self, system: tuple[Shop, Canned], connector: GraphQLConnector) -> GraphQLConnector:
        system[0].late = 0.3
        return connector

    @pytest.fixture
    def throttled(self, system: tuple[Shop, Canned]) -> Callable[[float], AbstractContextManager[None]]:
        return throttling(system[0])

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [TOKEN, CANARY]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "price": "decimal"}
