"""The promises of the connector port, kept by the Tryton connector on a real Tryton."""

import pytest

from tests.live.tryton_suite import TrytonSuite

pytestmark = pytest.mark.live


class TestParties(TrytonSuite):
    title = "crm-erp.erp.party.party"

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
    def extra(self):
        return {"marker": {"party.party": "code"}}


class TestProducts(TrytonSuite):
    """Goods are made by people; the hub changes them."""

    title = "crm-erp.erp.product.product"

    @pytest.fixture
    def resource(self):
        return "product.product"

    @pytest.fixture
    def made(self, people):
        def make(number):
            unit = people.on("product.uom.search", [["symbol", "=", "u"]], 0, 1, None)[0]
            goods = {"name": f"Suite {number}", "default_uom": unit, "type": "goods", "list_price": None}
            template = people.create("product.template", **goods, products=[["create", [{}]]])
            return str(people.read("product.template", template, "products")["products"][0])

        return make

    @pytest.fixture
    def fields_of(self):
        return lambda number: {"name": f"Suite {number}", "list_price": f"{number}.50"}

    @pytest.fixture
    def text_field(self):
        return "name"

    @pytest.fixture
    def values(self):
        return {"name": "text", "list_price": "decimal"}

    @pytest.fixture
    def bad_fields(self):
        return {"name": ""}


class TestSales(TrytonSuite):
    title = "crm-erp.erp.sale.sale"

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
    def values(self):
        return {"comment": "text", "sale_date": "date"}

    @pytest.fixture
    def bad_fields(self, tryton):
        return {"party": str(tryton.facts["customers"][10]), "currency": "XXX"}
