"""Options of the graphql connector are checked at once, and the contract says what they amount to."""

import pytest

from syncline.connectors.protocols.graphql import contract_of
from syncline.connectors.protocols.graphql_checks import read_graphql_options
from syncline.connectors.protocols.graphql_document import document
from syncline.connectors.protocols.graphql_options import Operation
from syncline.errors import OptionsError
from syncline.model.contract import Deletes, Locking, ReadBack

_LIST = {"field": "products", "rows": "items", "select": "items {record}"}
_PLAIN = {"url": "https://shop.example.com/api", "resources": {"products": {"fields": "id", "list": _LIST}}}


def test_every_problem_is_told_at_once_with_its_place():
    wrong = {
        "url": "https://shop.example.com/api", "concurrency": 0, "auth": {"type": "bearer", "token": "t"},
        "login": {"operation": {"field": "login(user: $user)", "variables": {"user": "String!"}}},
        "resources": {
            "products": {
                "fields": " ", "list": {"field": "products(a: $a, b: $b)", "variables": {"b": "Int!", "c": "Int"}},
                "get": {"field": "product(id: $id)", "variables": {"id": "ID!"}, "size": 0},
                "write": {"update": {"field": "update(input: $input)", "variables": {"input": "In!"}}},
            }
        },
    }  # fmt: skip

    with pytest.raises(OptionsError) as caught:
        read_graphql_options("shop", wrong)

    assert {problem.option.removeprefix("systems.shop.") for problem in caught.value.problems} == {
        "concurrency", "login", "login.operation.variables.user", "resources.products.fields",
        "resources.products.list.variables.a", "resources.products.list.variables.b",
        "resources.products.list.variables.c", "resources.products.get.size", "resources.products.write.update",
    }  # fmt: skip
    assert all(problem.cure for problem in caught.value.problems)


def test_a_bare_list_promises_nothing_that_nobody_said():
    options = read_graphql_options("shop", _PLAIN)

    contract = contract_of(options.resources["products"], options)

    assert (contract.incremental, contract.creatable, contract.marker, contract.idempotency) == (False,) * 4
    assert (contract.locking, contract.deletes, contract.read_back) == (Locking.NONE, Deletes.SWEEP, ReadBack.GET)


def test_a_variable_without_a_value_is_left_out_and_one_of_type_int_is_a_number():
    operation = Operation(field="a(x: $x, y: $y)", select="", variables={"x": "Int!", "y": "String"})

    text, variables = document("mutation", operation, "id", [{"x": "7"}])

    assert text == "mutation($x0: Int!, $y0: String) { i0: a(x: $x0, y: $y0) }"
    assert variables == {"x0": 7}


def test_secrets_are_not_shown():
    operation = {"field": "login(p: $p)", "variables": {"p": "String!"}, "constants": {"p": "canary-9"}}
    options = read_graphql_options("shop", _PLAIN | {"login": {"operation": operation, "header": "token"}})

    assert "canary-9" not in repr(options)
