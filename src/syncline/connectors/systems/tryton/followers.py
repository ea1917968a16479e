"""What follows from a sale and from a purchase alike: invoices and shipments, as they are shown with it. Data only."""

from __future__ import annotations

from syncline.connectors.systems.tryton.fields import Collection, Field
from syncline.connectors.systems.tryton.values import Kind

INVOICES = Collection(
    name="invoices",
    fields=(
        Field(name="number"),
        Field(name="state"),
        Field(name="total_amount", kind=Kind.DECIMAL),
        Field(name="invoice_date", kind=Kind.DATE),
    ),
)
SHIPMENTS = Collection(
    name="shipments",
    fields=(Field(name="number"), Field(name="state"), Field(name="effective_date", kind=Kind.DATE)),
)
