"""Where goods come from and where they are: purchases, suppliers, stock levels, shipments. Data only."""

from __future__ import annotations

from syncline.connectors.systems.tryton.fields import Collection, Field, First, Resource
from syncline.connectors.systems.tryton.followers import INVOICES, SHIPMENTS
from syncline.connectors.systems.tryton.values import Kind

PURCHASE_LINES = Collection(
    name="lines",
    model="purchase.line",
    only="line",
    fields=(
        Field(name="sequence", kind=Kind.INTEGER),
        Field(name="product", kind=Kind.REFERENCE),
        Field(name="quantity", kind=Kind.NUMBER),
        Field(name="unit", kind=Kind.CODE, path="unit.symbol", table="product.uom"),
        Field(name="unit_price", kind=Kind.DECIMAL),
        Field(name="amount", kind=Kind.DECIMAL, written=False),
        Field(name="description"),
        Field(name="taxes", kind=Kind.REFERENCES),
        Field(name="delivery_date", kind=Kind.DATE, written=False),
        Field(name="received_share", kind=Kind.NUMBER, path="moves_progress", written=False),
    ),
)

PURCHASE = Resource(
    model="purchase.purchase",
    fields=(
        Field(name="number", written=False),
        Field(name="reference"),
        Field(name="description"),
        Field(name="party", kind=Kind.REFERENCE),
        Field(name="invoice_address", kind=Kind.REFERENCE),
        Field(name="purchase_date", kind=Kind.DATE),
        Field(name="delivery_date", kind=Kind.DATE),
        Field(name="warehouse", kind=Kind.CODE, path="warehouse.code", table="stock.location"),
        Field(name="currency", kind=Kind.CODE, path="currency.code", table="currency.currency"),
        Field(name="payment_term", kind=Kind.REFERENCE),
        Field(name="state"),
        Field(name="comment"),
        Field(name="untaxed_amount", kind=Kind.DECIMAL, written=False),
        Field(name="tax_amount", kind=Kind.DECIMAL, written=False),
        Field(name="total_amount", kind=Kind.DECIMAL, written=False),
        Field(name="invoice_state", written=False),
        Field(name="shipment_state", written=False),
    ),
    collections=(
        INVOICES,
        SHIPMENTS,
        PURCHASE_LINES,
    ),
    also=("company", "invoice_party"),
    searchable=frozenset({"number", "reference", "description", "party", "state"}),
    markers=("reference", "description"),
)

PRODUCT_SUPPLIER = Resource(
    model="purchase.product_supplier",
    fields=(
        Field(name="party", kind=Kind.REFERENCE),
        Field(name="product", kind=Kind.REFERENCE),
        Field(name="template", kind=Kind.REFERENCE),
        Field(name="code"),
        Field(name="name"),
        Field(name="sequence", kind=Kind.INTEGER),
        Field(name="lead_time", kind=Kind.DAYS),
        Field(name="currency", kind=Kind.CODE, path="currency.code", table="currency.currency"),
        Field(name="unit", kind=Kind.CODE, path="unit.symbol", table="product.uom", written=False),
        Field(name="active", kind=Kind.FLAG),
    ),
    collections=(
        Collection(
            name="prices",
            model="purchase.product_supplier.price",
            fields=(
                Field(name="quantity", kind=Kind.NUMBER),
                Field(name="unit_price", kind=Kind.DECIMAL),
                Field(name="sequence", kind=Kind.INTEGER),
            ),
        ),
    ),
    searchable=frozenset({"party", "product", "code"}),
)

#: What a supplier delivers is read from `purchase.product_supplier` and laid beside its party.
SUPPLIER = Resource(
    model="party.party",
    view="party.supplier",
    fields=(
        Field(name="name"),
        Field(name="code"),
        Field(name="active", kind=Kind.FLAG),
        Field(name="lang", kind=Kind.CODE, path="lang.code", table="ir.lang"),
        Field(name="own_lead_time", kind=Kind.DAYS, path="supplier_lead_time"),
        Field(name="currency", kind=Kind.CODE, path="supplier_currency.code", table="currency.currency"),
    ),
    collections=(
        Collection(
            name="addresses",
            deactivable=True,
            fields=(
                Field(name="street"),
                Field(name="postal_code"),
                Field(name="city"),
                Field(name="country", path="country.code"),
            ),
        ),
        Collection(
            name="mechanisms",
            path="contact_mechanisms",
            deactivable=True,
            fields=(Field(name="type"), Field(name="value")),
        ),
        Collection(name="lead_times", path="supplier_lead_times", fields=()),
    ),
    also=("replaced_by",),
    searchable=frozenset({"name", "code"}),
    creatable=False,
    deletable=False,
    writable=False,
)

#: Read from the products with places in the context; no model of Tryton has such records.
LEVEL = Resource(
    model="product.product",
    view="stock.level",
    fields=(
        Field(name="product", kind=Kind.REFERENCE),
        Field(name="product_code"),
        Field(name="site"),
        Field(name="location"),
        Field(name="unit"),
        Field(name="on_hand", kind=Kind.NUMBER),
        Field(name="reserved", kind=Kind.NUMBER),
        Field(name="available", kind=Kind.NUMBER),
        Field(name="forecast", kind=Kind.NUMBER),
        Field(name="incoming", kind=Kind.NUMBER),
        Field(name="next_receipt_on", kind=Kind.DATE),
        Field(name="next_receipt_quantity", kind=Kind.NUMBER),
    ),
    searchable=frozenset({"product"}),
    creatable=False,
    deletable=False,
    writable=False,
    stamped=False,
)


def _moves(only: str, sort: str) -> Collection:
    """The moves that cross the company's border; those within the warehouse are not shown."""
    fields = (
        Field(name="product", kind=Kind.REFERENCE),
        Field(name="product_code", path="product.code"),
        Field(name="quantity", kind=Kind.NUMBER),
        Field(name="unit", path="unit.symbol"),
        Field(name="state"),
        Field(name="origin"),
    )
    return Collection(name="lines", path="moves", only=only, sort=sort, fields=fields, numbered=True)


SHIPMENT_OUT = Resource(
    model="stock.shipment.out",
    fields=(
        Field(name="number", written=False),
        Field(name="reference"),
        Field(name="state"),
        Field(name="customer", kind=Kind.REFERENCE, written=False),
        Field(name="delivery_address", kind=Kind.REFERENCE, written=False),
        Field(name="warehouse", path="warehouse.code", written=False),
        Field(name="planned_date", kind=Kind.DATE),
        Field(name="effective_date", kind=Kind.DATE, written=False),
        Field(name="carrier", path="carrier.rec_name", written=False, optional=True),
        Field(name="tracking_number", path="shipping_reference", optional=True),
    ),
    collections=(_moves("customer", "to_location.type"),),
    firsts=(First(name="sale", path="moves", value="sale", kind=Kind.REFERENCE),),
    also=("company",),
    searchable=frozenset({"number", "reference", "state"}),
    creatable=False,
    deletable=False,
)

SHIPMENT_IN = Resource(
    model="stock.shipment.in",
    fields=(
        Field(name="number", written=False),
        Field(name="reference"),
        Field(name="state"),
        Field(name="supplier", kind=Kind.REFERENCE, written=False),
        Field(name="warehouse", path="warehouse.code", written=False),
        Field(name="planned_date", kind=Kind.DATE),
        Field(name="effective_date", kind=Kind.DATE, written=False),
    ),
    collections=(_moves("supplier", "from_location.type"),),
    firsts=(First(name="purchase", path="moves", value="purchase", kind=Kind.REFERENCE),),
    also=("company",),
    searchable=frozenset({"number", "reference", "state"}),
    creatable=False,
    deletable=False,
)
