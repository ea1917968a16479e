"""Parties and products, and every resource that the hub sees of Tryton by its name. Data only."""

from __future__ import annotations

from collections.abc import Mapping

from syncline.connectors.systems.tryton.fields import MARKER_PREFIX, Collection, Field, Picked, Resource, Use
from syncline.connectors.systems.tryton.making import BOM, PRODUCTION, ROUTING, WORK_CENTRE
from syncline.connectors.systems.tryton.selling import OPPORTUNITY, SALE
from syncline.connectors.systems.tryton.supply import (
    LEVEL,
    PRODUCT_SUPPLIER,
    PURCHASE,
    SHIPMENT_IN,
    SHIPMENT_OUT,
    SUPPLIER,
)
from syncline.connectors.systems.tryton.values import Kind


def _mechanism(name: str) -> Picked:
    return Picked(name=name, path="contact_mechanisms", model="party.contact_mechanism", value="value", equals=name)


ADDRESSES = Collection(
    name="addresses",
    model="party.address",
    deactivable=True,
    fields=(
        Field(name="name", path="party_name"),
        Field(name="street"),
        Field(name="postal_code"),
        Field(name="city"),
        Field(name="country", kind=Kind.CODE, path="country.code", table="country.country"),
        Field(name="subdivision", kind=Kind.CODE, path="subdivision.code", table="country.subdivision"),
        Field(name="invoice", kind=Kind.FLAG),
        Field(name="delivery", kind=Kind.FLAG),
        Field(name="sequence", kind=Kind.INTEGER),
    ),
)

MARKER = Picked(
    name="marker", path="identifiers", model="party.identifier", value="code", equals=None, prefix=MARKER_PREFIX
)

PARTY = Resource(
    model="party.party",
    fields=(
        Field(name="name"),
        Field(name="code"),
        Field(name="active", kind=Kind.FLAG),
        Field(name="lang", kind=Kind.CODE, path="lang.code", table="ir.lang"),
    ),
    picked=(
        Picked(name="tax_identifier", path="identifiers", model="party.identifier", value="code", equals="eu_vat"),
        *(_mechanism(name) for name in ("email", "phone", "mobile", "website")),
        MARKER,
    ),
    collections=(ADDRESSES,),
    uses=(Use(name="invoice_address", flag="invoice"), Use(name="delivery_address", flag="delivery")),
    also=("replaced_by",),
    searchable=frozenset({"name", "code", "tax_identifier", "email", "phone", "mobile", "website"}),
    markers=("identifier", "code"),
)

PRODUCT = Resource(
    model="product.product",
    fields=(
        Field(name="code", written=False),
        Field(name="name"),
        Field(name="description"),
        Field(name="list_price", kind=Kind.DECIMAL, path="list_price_used"),
        Field(name="cost_price", kind=Kind.DECIMAL, written=False),
        Field(name="uom", kind=Kind.CODE, path="default_uom.symbol", table="product.uom", written=False),
        Field(name="active", kind=Kind.FLAG),
        Field(name="type", written=False),
        Field(name="salable", kind=Kind.FLAG, written=False),
        Field(name="template", kind=Kind.REFERENCE, written=False),
    ),
    template="template",
    also=("list_price", "template.products"),
    searchable=frozenset({"code", "name", "type"}),
    creatable=False,
    deletable=False,
)

RESOURCES: Mapping[str, Resource] = {
    each.name: each
    for each in (
        PARTY, PRODUCT, SALE, OPPORTUNITY, PURCHASE, SUPPLIER, PRODUCT_SUPPLIER, LEVEL, SHIPMENT_OUT, SHIPMENT_IN,
        PRODUCTION, BOM, ROUTING, WORK_CENTRE,
    )
}  # fmt: skip
