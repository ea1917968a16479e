"""What is sold in Tryton, and what may be: sales and opportunities. Data only."""

from __future__ import annotations

from syncline.connectors.systems.tryton.fields import Collection, Field, Resource
from syncline.connectors.systems.tryton.followers import INVOICES, SHIPMENTS
from syncline.connectors.systems.tryton.values import Kind

SALE_LINES = Collection(
    name="lines",
    model="sale.line",
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
    ),
)

SALE = Resource(
    model="sale.sale",
    fields=(
        Field(name="number", written=False),
        Field(name="reference"),
        Field(name="description"),
        Field(name="party", kind=Kind.REFERENCE),
        Field(name="invoice_address", kind=Kind.REFERENCE),
        Field(name="shipment_address", kind=Kind.REFERENCE),
        Field(name="sale_date", kind=Kind.DATE),
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
        SALE_LINES,
    ),
    also=("company", "invoice_party", "shipment_party", "warehouse"),
    searchable=frozenset({"number", "reference", "description", "party", "state"}),
    markers=("reference", "description"),
)

OPPORTUNITY_LINES = Collection(
    name="lines",
    model="sale.opportunity.line",
    fields=(
        Field(name="sequence", kind=Kind.INTEGER),
        Field(name="product", kind=Kind.REFERENCE),
        Field(name="quantity", kind=Kind.NUMBER),
        Field(name="unit", kind=Kind.CODE, path="unit.symbol", table="product.uom"),
        Field(name="description"),
    ),
)

OPPORTUNITY = Resource(
    model="sale.opportunity",
    fields=(
        Field(name="number", written=False),
        Field(name="reference"),
        Field(name="description"),
        Field(name="party", kind=Kind.REFERENCE),
        Field(name="address", kind=Kind.REFERENCE),
        Field(name="employee", kind=Kind.REFERENCE),
        Field(name="currency", kind=Kind.CODE, path="currency.code", table="currency.currency"),
        Field(name="amount", kind=Kind.DECIMAL),
        Field(name="payment_term", kind=Kind.REFERENCE),
        Field(name="start_date", kind=Kind.DATE),
        Field(name="end_date", kind=Kind.DATE),
        Field(name="conversion_probability", kind=Kind.NUMBER),
        Field(name="state"),
        Field(name="lost_reason"),
        Field(name="comment"),
    ),
    collections=(
        OPPORTUNITY_LINES,
        Collection(name="sales", fields=(Field(name="number"), Field(name="state"))),
    ),
    also=("company",),
    searchable=frozenset({"number", "reference", "description", "party", "state"}),
    markers=("reference", "description"),
)
