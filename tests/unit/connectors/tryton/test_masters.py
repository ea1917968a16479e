from syncline.connectors.systems.tryton.delivery import Sending
from syncline.connectors.systems.tryton.fields import Rules
from syncline.connectors.systems.tryton.masters import MasterWriter, ProductShape
from syncline.connectors.systems.tryton.reading import Reader
from syncline.connectors.systems.tryton.references import References
from syncline.model.page import Item, Op, Outcome
from tests.unit.connectors.tryton.fake_tryton import FakeWire, session_on


def test_what_the_contract_does_not_offer_to_delete_is_not_deleted():
    wire = FakeWire(**{"model.product.product.delete": True})
    session = session_on(wire)
    writer = MasterWriter(session, Reader(session, Rules(company=1)), ProductShape(References(session)))

    receipts = writer.write([Item(ref=1, op=Op.DELETE, key="7")], Sending(1.0))

    assert [(each.outcome, bool(each.message)) for each in receipts] == [(Outcome.REFUSED, True)]
    assert wire.calls == []
