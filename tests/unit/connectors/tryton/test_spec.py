import pytest

from syncline.connectors.systems.tryton import SPEC
from syncline.env import RealEnv
from syncline.errors import SetupError
from syncline.model.contract import Locking
from syncline.model.page import Batch, Item, Op, Outcome

OPTIONS = {"url": "http://127.0.0.1:9", "database": "hub", "user": "hub", "password": "canary-7f3a"}


def opened(**options):
    return SPEC.open("erp", {**OPTIONS, **options}, RealEnv())


def test_opening_sends_nothing_and_shows_no_secret():
    connector = opened()

    assert "canary" not in repr(connector) + repr(vars(connector))


@pytest.mark.parametrize(
    "wrong",
    [
        {"resources": ["party.party", "party.partie"]},
        {"marker": {"sale.sale": "number"}},
        {"domains": {"nothing": []}},
        {"confirm": "maybe"},
        {"page": 0},
        {"colour": "red"},
        {"url": "ftp://erp"},
    ],
)
def test_a_wrong_option_is_named_at_once(wrong):
    with pytest.raises(SetupError, match=next(iter(wrong))) as caught:
        opened(**wrong)

    assert "canary" not in str(caught.value)


def test_the_contract_says_what_tryton_promises():
    contract = opened(overlap=7.5).contract("party.party")

    assert (contract.precision, contract.lag, contract.locking) == (1e-6, 7.5, Locking.ETAG)
    assert contract.marker
    assert not contract.marker_unique
    assert opened(marker={"party.party": "code"}).contract("party.party").marker_unique


def test_products_are_neither_made_nor_deleted():
    contract = opened().contract("product.product")

    assert (contract.creatable, contract.deletable, contract.marker) == (False, False, False)


def test_a_resource_that_was_not_chosen_is_named():
    with pytest.raises(SetupError, match=r"sale\.sale"):
        opened(resources=["party.party"]).contract("sale.sale")


def test_a_system_that_cannot_be_reached_leaves_every_item_for_later():
    connector = opened()
    items = [Item(ref=1, op=Op.CREATE, fields={"name": "A"}), Item(ref=2, op=Op.UPDATE, key="3", fields={"email": "b"})]

    receipts = connector.write(Batch(resource="party.party", items=items, send_by=RealEnv().monotonic() + 30))
    connector.close()

    assert {receipt.ref: receipt.outcome for receipt in receipts} == {1: Outcome.BUSY, 2: Outcome.BUSY}
