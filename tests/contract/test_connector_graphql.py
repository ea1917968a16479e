"""The graphql connector keeps the port's promises, with each kind of paging, batch and credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from tests.contract.graphql_kit import OFFSET, PRODUCTS, RELAY, GraphQLSuite, login_for
from tests.contract.graphql_system import serving


class TestRelay(GraphQLSuite):
    title = "graphql.relay"


class TestOffsetBehindALogin(GraphQLSuite):
    """Pages by number, one mutation a request, the answer as the read-back."""

    title = "graphql.offset"
    says: ClassVar = {
        "resources": {"products": {**OFFSET, **PRODUCTS, "batch": None, "contract": {"read_back": "body"}}},
    }

    def says_with(self, secret: str) -> Mapping[str, object]:
        return {**self.says, "login": login_for(secret)}


class TestTransactions(GraphQLSuite):
    """A request's mutations run in one transaction."""

    says: ClassVar = {"resources": {"products": {**RELAY, **PRODUCTS, "batch": {"size": 20, "atomic": True}}}}

    @pytest.fixture(scope="class")
    @classmethod
    def system(cls):
        with serving() as both:
            both[0].atomic = True
            yield both


class TestListsOfInputs(GraphQLSuite):
    """Creates as one list, all of it or nothing."""

    says: ClassVar = {
        "resources": {
            "products": {
                **OFFSET,
                **PRODUCTS,
                "write": {
                    **PRODUCTS["write"],
                    "create": {
                        "field": "createProducts(input: $input)",
                        "variables": {"input": "[ProductInput!]!"},
                        "many": True,
                    },
                },
            }
        }
    }
