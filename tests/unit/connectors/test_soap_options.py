"""Options of the soap connector are checked at once, and the contract says what they amount to."""

import pytest

from syncline.connectors.protocols.soap_checks import read_soap_options
from syncline.connectors.protocols.soap_connector import contract_of
from syncline.errors import OptionsError
from syncline.model.contract import Deletes, Locking, ReadBack

_LIST = {"operation": "List", "rows": "items"}
_PLAIN = {"wsdl": "https://erp.example.com/orders?wsdl", "resources": {"orders": {"list": _LIST}}}


def test_every_problem_is_told_at_once_with_its_place():
    wrong = {
        "wsdl": "orders.wsdl", "concurrency": 0, "auth": {"type": "basic"}, "zone": "Mars/Olympus",
        "resources": {
            "orders": {
                "list": _LIST, "paging": {"type": "cursor", "size": 0},
                "get": {"operation": "Get", "key": "id", "record": "order", "size": 0},
                "marker": {"field": "ref", "unique": True},
                "write": {
                    "create": {"operation": "Create", "code": "status"}, "update": {"operation": "Update"},
                },
                "contract": {"normalisers": {"name": "shout"}},
            },
            "items": {"list": _LIST, "paging": {"to": "offset"}},
        },
    }  # fmt: skip

    with pytest.raises(OptionsError) as caught:
        read_soap_options("erp", wrong)

    assert {problem.option.removeprefix("systems.erp.") for problem in caught.value.problems} == {
        "url", "concurrency", "auth.user", "auth.password", "zone", "resources.orders.paging.to",
        "resources.orders.paging.next", "resources.orders.paging.size", "resources.orders.get.size",
        "resources.orders.marker.search", "resources.orders.write.create.shown", "resources.orders.write.create.done",
        "resources.orders.write.update.key", "resources.orders.contract.normalisers.name",
        "resources.items.paging.type",
    }  # fmt: skip
    assert all(problem.cure for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("given", "place"),
    [({"wsdl": ""}, "wsdl"), ({"wsdl": "https://u:p@erp.example.com/"}, "wsdl"), ({"url": "ftp://x/"}, "url")],
)
def test_an_address_that_cannot_be_asked_is_told(given, place):
    with pytest.raises(OptionsError) as caught:
        read_soap_options("erp", _PLAIN | given)

    assert [problem.option for problem in caught.value.problems] == [f"systems.erp.{place}"]


def test_a_bare_list_promises_nothing_that_nobody_said():
    options = read_soap_options("erp", _PLAIN)

    contract = contract_of(options.resources["orders"], options)

    assert (contract.incremental, contract.creatable, contract.marker, contract.idempotency) == (False,) * 4
    assert (contract.locking, contract.deletes, contract.read_back) == (Locking.NONE, Deletes.SWEEP, ReadBack.GET)


def test_secrets_are_not_shown():
    token = {"user": "hub", "password": "canary-9"}
    options = read_soap_options("erp", _PLAIN | {"username_token": token, "soap_headers": {"Session": "canary-9"}})

    assert "canary-9" not in repr(options)
    assert "canary-9" not in repr(options.username_token)
