"""The promises of the connector port, kept by the Tryton connector on a real Tryton."""

import pytest

from syncline.testing.connector_suite import ConnectorSuite
from tests.live.tryton_server import PASSWORD

pytestmark = pytest.mark.live


class TrytonSuite(ConnectorSuite):
    @pytest.fixture
    def unknown_key(self):
        return "99999999"

    @pytest.fixture
    def impostor(self, opened):
        return opened(password="a-guess-that-fails")

    @pytest.fixture
    def stranded(self, opened):
        return opened(url="http://127.0.0.1:9")

    @pytest.fixture
    def secrets(self):
        return (PASSWORD, "a-guess-that-fails")


class TestParties(TrytonSuite):
    @pytest.fixture
    def connector(self, opened):
        return opened()

    @pytest.fixture
    def resource(self):
        return "party.party"

    @pytest.fixture
    def fields_of(self):
        return lambda number: {
            "name": f"Suite {number}",
            "email": f"suite{number}@suite.example.com",
            "phone": f"+49 30 {1000 + number}",
        }

    @pytest.fixture
    def text_field(self):
        return "name"

    @pytest.fixture
    def bad_fields(self):
        return {"name": "Wrong number", "tax_identifier": "DE123"}


class TestPartiesMarkedByTheirCode(TestParties):
    @pytest.fixture
    def connector(self, opened):
        return opened(marker={"party.party": "code"})


class TestSales(TrytonSuite):
    @pytest.fixture
    def connector(self, opened):
        return opened()

    @pytest.fixture
    def resource(self):
        return "sale.sale"

    @pytest.fixture
    def fields_of(self, tryton):
        customer = str(tryton.facts["customers"][10])
        return lambda number: {"party": customer, "description": f"Suite {number}", "comment": f"Comment {number}"}

    @pytest.fixture
    def text_field(self):
        return "comment"

    @pytest.fixture
    def bad_fields(self, tryton):
        return {"party": str(tryton.facts["customers"][10]), "currency": "XXX"}
