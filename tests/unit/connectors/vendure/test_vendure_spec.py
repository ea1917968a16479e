"""An address and a user are enough, and what each resource promises follows from what Vendure does."""

import pytest

from syncline.connectors.systems.vendure import SPEC
from syncline.env import RealEnv
from syncline.errors import SetupError
from syncline.model.contract import Deletes, Locking

OPTIONS = {"url": "http://127.0.0.1:9", "user": "hub", "password": "canary-7f3a"}


def opened(**options):
    return SPEC.open("shop", {**OPTIONS, **options}, RealEnv())


def test_opening_sends_nothing_and_shows_no_secret():
    connector = opened()

    assert "canary" not in repr(connector) + repr(vars(connector))


@pytest.mark.parametrize(
    "wrong",
    [
        {"resources": ["customers", "customer"]},
        {"resources": []},
        {"marker": {"orders": "hub"}},
        {"marker": {"customers": "hub } evil {"}},
        {"custom_fields": {"nothing": []}},
        {"page": 1001},
        {"batch": 0},
        {"colour": "red"},
        {"url": "ftp://shop"},
    ],
)
def test_a_wrong_option_is_named_at_once(wrong):
    with pytest.raises(SetupError, match=next(iter(wrong))) as caught:
        opened(**wrong)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("resource", "incremental", "creatable", "archivable", "atomic"),
    [
        ("customers", True, True, False, False),
        ("products", True, True, True, False),
        ("productVariants", False, True, True, True),
        ("orders", False, False, False, False),
    ],
)
def test_a_resource_promises_what_vendure_does(resource, incremental, creatable, archivable, atomic):
    contract = opened().contract(resource)

    found = (contract.incremental, contract.creatable, contract.archivable, contract.batch.atomic)
    assert found == (incremental, creatable, archivable, atomic)
    assert (contract.locking, contract.deletes, contract.precision) == (Locking.NONE, Deletes.SWEEP, 1.0)
    assert not contract.marker


def test_variants_without_stock_are_read_by_their_last_change():
    assert opened(stock=False).contract("productVariants").incremental


def test_a_custom_field_carries_the_marker():
    contract = opened(marker={"customers": "hubRef"})

    assert contract.contract("customers").marker
    assert not contract.contract("products").marker
