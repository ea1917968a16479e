"""The promises of the connector port for what Tryton buys, makes and may sell, on a real Tryton."""

import pytest

from tests.live.tryton_suite import TrytonSuite

pytestmark = pytest.mark.live


class TestPurchases(TrytonSuite):
    title = "tryton.purchase.purchase"

    @pytest.fixture
    def resource(self):
        return "purchase.purchase"

    @pytest.fixture
    def fields_of(self, tryton):
        supplier = str(tryton.facts["suppliers"][0])
        return lambda number: {"party": supplier, "description": f"Suite {number}", "comment": f"Comment {number}"}

    @pytest.fixture
    def text_field(self):
        return "comment"

    @pytest.fixture
    def values(self):
        return {"comment": "text", "delivery_date": "date"}

    @pytest.fixture
    def bad_fields(self, tryton):
        return {"party": str(tryton.facts["suppliers"][0]), "currency": "XXX"}


class TestProductions(TrytonSuite):
    title = "tryton.production"

    @pytest.fixture
    def resource(self):
        return "production"

    @pytest.fixture
    def extra(self):
        """A production has no text beside its reference, which the kit changes; so nothing carries a marker."""
        return {"overlap": 2.0, "marker": {"production": "none"}}

    @pytest.fixture
    def fields_of(self, products):
        return lambda number: {"product": products[0], "quantity": f"{number + 1}", "reference": f"Suite {number}"}

    @pytest.fixture
    def text_field(self):
        return "reference"

    @pytest.fixture
    def values(self):
        return {"reference": "text", "planned_date": "date"}

    @pytest.fixture
    def bad_fields(self, products):
        return {"product": products[0], "quantity": "1", "warehouse": "NOWHERE"}


class TestOpportunities(TrytonSuite):
    title = "tryton.sale.opportunity"

    @pytest.fixture
    def resource(self):
        return "sale.opportunity"

    @pytest.fixture
    def fields_of(self, customer):
        return lambda number: {"party": customer, "amount": f"{number}.50", "description": f"Suite {number}"}

    @pytest.fixture
    def text_field(self):
        return "description"

    @pytest.fixture
    def values(self):
        return {"description": "text", "amount": "decimal", "end_date": "date"}

    @pytest.fixture
    def bad_fields(self, customer):
        return {"party": customer, "currency": "XXX"}


class TestBillsOfMaterials(TrytonSuite):
    title = "tryton.production.bom"

    @pytest.fixture
    def resource(self):
        return "production.bom"

    @pytest.fixture
    def fields_of(self):
        return lambda number: {"name": f"Suite {number}", "code": f"SUITE-{number}"}

    @pytest.fixture
    def text_field(self):
        return "name"

    @pytest.fixture
    def bad_fields(self):
        return {"name": "", "code": "WRONG"}


class TestProductSuppliers(TrytonSuite):
    title = "tryton.purchase.product_supplier"

    @pytest.fixture
    def resource(self):
        return "purchase.product_supplier"

    @pytest.fixture
    def fields_of(self, tryton, products):
        supplier = str(tryton.facts["suppliers"][1])
        same = {"party": supplier, "product": products[0]}
        return lambda number: {"code": f"SUITE-{number}", "lead_time": f"{number}.5", **same}

    @pytest.fixture
    def text_field(self):
        return "code"

    @pytest.fixture
    def values(self):
        return {"code": "text"}

    @pytest.fixture
    def bad_fields(self, tryton):
        return {"party": str(tryton.facts["suppliers"][1]), "code": "no product"}
