"""The graphql and the vendure connector keep the port's promises against Vendure, whose errors come with HTTP 200."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from syncline.connectors.protocols.graphql import SPEC, GraphQLConnector, open_graphql
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.testing import ConnectorSuite, Tried
from tests.live import vendure_server

pytestmark = pytest.mark.live

_ENV = RealEnv()
_CANARY = "canary-51b7"
#: Whole seconds on insert, milliseconds on update.
_TIMES = {"precision": 1.0, "lag": 0.5, "settle": 0.0, "effect": 3.0, "skew": 1.5}
_FOUND = {"select": "items {record}", "rows": "items", "variables": {"value": "String!"}}
_CUSTOMERS = {
    "fields": "id firstName lastName title phoneNumber emailAddress updatedAt customFields { externalId }",
    "list": {
        "field": (
            "customers(options: {take: $take, skip: $skip, sort: {id: ASC}, filter: {updatedAt: {after: $since}}})"
        ),
        "variables": {"take": "Int!", "skip": "Int!", "since": "DateTime"},
        "select": "items {record} totalItems",
        "rows": "items",
    },
    "paging": {"type": "offset", "size": 10, "size_variable": "take", "variable": "skip", "total": "totalItems"},
    "since": {"field": "updatedAt", "variable": "since"},
    "get": {"field": "customer(id: $id)", "variables": {"id": "ID!"}},
    "search": {"emailAddress": {"field": "customers(options: {filter: {emailAddress: {eq: $value}}})", **_FOUND}},
    "marker": {
        "field": "customFields.externalId",
        "search": {"field": "customers(options: {filter: {externalId: {eq: $value}}})", **_FOUND},
    },
    "write": {
        "create": {
            "field": "createCustomer(input: $input)",
            "variables": {"input": "CreateCustomerInput!"},
            "select": "__typename ... on Customer {record} ... on ErrorResult { errorCode message }",
            "done": ["Customer"],
        },
        "update": {
            "field": "updateCustomer(input: $input)",
            "variables": {"input": "UpdateCustomerInput!"},
            "key_field": "id",
            "select": "__typename ... on Customer {record} ... on ErrorResult { errorCode message }",
            "done": ["Customer"],
        },
        "delete": {
            "field": "deleteCustomer(id: $id)",
            "variables": {"id": "ID!"},
            "input": "",
            "key": "id",
            "select": "result message",
        },
    },
}


def options_for(url: str, password: str = vendure_server.PASSWORD) -> dict[str, object]:
    operation = {
        "field": "login(username: $username, password: $password)",
        "variables": {"username": "String!", "password": "String!"},
        "constants": {"username": vendure_server.USER, "password": password},
        "select": "__typename ... on ErrorResult { message }",
    }
    return {
        "url": f"{url}/admin-api", "timeout": 15, "contract": _TIMES, "resources": {"customers": _CUSTOMERS},
        "login": {"operation": operation, "header": "vendure-auth-token"},
        "errors": {"types": {"EmailAddressConflictError": "duplicate"}},
    }  # fmt: skip


class TestVendureCustomers(ConnectorSuite):
    title = "graphql.vendure"
    server = "Vendure 3"
    tried = Tried(
        resource="customers",
        text_field="lastName",
        fields_of=lambda number: {
            "firstName": f"First {number}", "lastName": f"Last {number}", "title": "Dr",
            "phoneNumber": f"+49 30 {number}",
            "emailAddress": f"customer-{number}-{_ENV.new_id()[:8]}@example.com",
        },
        bad_fields={"firstName": "nobody"},
        unknown_key="999999",
    )  # fmt: skip

    @pytest.fixture
    def options(self, vendure: str) -> Mapping[str, object]:
        return options_for(vendure)

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def connector(self, vendure: str) -> Iterator[GraphQLConnector]:
        yield from _closing(open_graphql("shop", options_for(vendure), _ENV))

    @pytest.fixture
    def impostor(self, vendure: str) -> Iterator[GraphQLConnector]:
        yield from _closing(open_graphql("shop", options_for(vendure, _CANARY), _ENV))

    @pytest.fixture
    def stranded(self) -> Iterator[GraphQLConnector]:
        yield from _closing(open_graphql("shop", options_for("http://127.0.0.1:9"), _ENV))

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [vendure_server.PASSWORD, _CANARY]


def _closing(connector: GraphQLConnector) -> Iterator[GraphQLConnector]:
    yield connector
    connector.close()
