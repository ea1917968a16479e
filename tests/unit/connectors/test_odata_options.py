"""Options of the odata connector are checked at once, and the contract says what they amount to."""

import pytest

from syncline.connectors.protocols.odata import contract_of
from syncline.connectors.protocols.odata_options import read_odata_options
from syncline.errors import OptionsError
from syncline.model.contract import Deletes, Locking, ReadBack

_PLAIN = {"url": "https://erp.example.com/service", "resources": {"products": {"set": "Products"}}}


def test_every_problem_is_told_at_once_with_its_place():
    wrong = {
        "url": "https://erp.example.com", "version": "v2", "concurrency": 0, "auth": {"type": "basic", "user": "hub"},
        "batch": {"format": "json", "size": 0},
        "resources": {
            "products": {
                "set": "Pro ducts", "delta": True, "write": ["archive"], "get_many": 0,
                "contract": {"normalisers": {"name": "shout"}},
            }
        },
    }  # fmt: skip

    with pytest.raises(OptionsError) as caught:
        read_odata_options("erp", wrong)

    assert {problem.option.removeprefix("systems.erp.") for problem in caught.value.problems} == {
        "concurrency", "auth.password", "batch.size", "batch.format", "resources.products.set",
        "resources.products.delta", "resources.products.archive", "resources.products.get_many",
        "resources.products.contract.normalisers.name",
    }  # fmt: skip
    assert all(problem.cure for problem in caught.value.problems)


def test_a_bare_set_promises_nothing_that_nobody_said():
    options = read_odata_options("erp", _PLAIN)

    contract = contract_of(options.resources["products"], options)

    assert (contract.incremental, contract.stamped, contract.marker, contract.deletable) == (False,) * 4
    assert (contract.locking, contract.deletes, contract.read_back) == (Locking.NONE, Deletes.SWEEP, ReadBack.GET)
    assert contract.batch.size == 1


def test_what_is_said_is_promised():
    said = {
        "set": "Products", "since": "modifiedAt", "delta": True, "etag": True, "write": ["create", "delete"],
        "marker": {"field": "ref", "unique": True}, "search": ["sku"], "contract": {"lag": 2, "read_back": "body"},
    }  # fmt: skip
    options = read_odata_options("erp", _PLAIN | {"batch": {"atomic": True}, "resources": {"products": said}})

    contract = contract_of(options.resources["products"], options)

    assert (contract.locking, contract.deletes, contract.read_back) == (
        Locking.ETAG, Deletes.TOMBSTONES, ReadBack.BODY,
    )  # fmt: skip
    assert contract.batch.atomic
    assert contract.marker_unique
    assert contract.lag == 2
    assert contract.searchable == {"sku"}


def test_secrets_are_not_shown():
    options = read_odata_options("erp", _PLAIN | {"headers": {"X-Key": "canary-9"}})

    assert "canary-9" not in repr(options)
