"""What the hub sees of Tryton: the fields of each resource, where Tryton keeps them, what may be written. Data only."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.connectors.systems.tryton.values import Kind

#: Before the hub's marker where it lies among the identifiers of a party, so that nobody takes it for a number.
MARKER_PREFIX = "syncline:"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a record."""

    name: str
    kind: Kind = Kind.TEXT
    path: str = ""  #: where Tryton keeps it, dotted through references; "" for the same name
    table: str = ""  #: for a code: the model whose rows have the codes
    written: bool = True

    @property
    def source(self) -> str:
        """The name to read."""
        return self.path or self.name

    @property
    def target(self) -> str:
        """The name to write."""
        return self.source.partition(".")[0]


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """A flat value that Tryton keeps as the first entry of a kind in a list."""

    name: str
    path: str  #: the list
    model: str  #: of its entries
    value: str  #: field of the entry
    equals: str | None  #: the entry's `type`
    prefix: str = ""  #: of the value; not shown


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A list of child records."""

    name: str
    fields: tuple[Field, ...]
    model: str = ""  #: empty where the hub only reads it
    deactivable: bool = False
    only: str = ""  #: shown are children of this `type`


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a list, by what it is for."""

    name: str
    flag: str  #: set on the addresses that serve it
    members: tuple[str, ...] = ("name", "street", "postal_code", "city", "country", "subdivision")


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: a record of Tryton with what belongs to it."""

    model: str
    fields: tuple[Field, ...]
    picked: tuple[Picked, ...] = ()
    collections: tuple[Collection, ...] = ()
    uses: tuple[Use, ...] = ()  #: of the addresses
    template: str = ""  #: a reference whose record, of the model product.template, is part of this one
    also: tuple[str, ...] = ()  #: read for the writer, not shown
    searchable: frozenset[str] = frozenset()
    markers: tuple[str, ...] = ()  #: what may carry the hub's marker; the first is the usual one
    creatable: bool = True
    deletable: bool = True

    @property
    def watched(self) -> tuple[str, ...]:
        """Lists and references whose changes are changes of this record."""
        lists = [collection.name for collection in self.collections]
        lists += [picked.path for picked in self.picked]
        return tuple(dict.fromkeys([*lists, *filter(None, [self.template])]))

    @property
    def models(self) -> Mapping[str, str]:
        """Path -> model of what belongs to the record and is written with it."""
        found = {each.path: each.model for each in self.picked}
        found |= {each.name: each.model for each in self.collections if each.model}
        return {**found, self.template: "product.template"} if self.template else found

    @property
    def asked(self) -> list[str]:
        """The fields that one read asks for."""
        names = ["_timestamp", "last_modified_at", *self.also, *(each.source for each in self.fields)]
        for path in self.watched:
            names += [f"{path}._timestamp", f"{path}.last_modified_at"]
        for picked in self.picked:
            names += [f"{picked.path}.{name}" for name in ("active", "type", picked.value)]
        for collection in self.collections:
            names += [f"{collection.name}.{each.source}" for each in collection.fields]
            names += [f"{collection.name}.active"] if collection.deactivable else []
            names += [f"{collection.name}.type"] if collection.only else []
        return list(dict.fromkeys(names))


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

LINES = Collection(
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
        Collection(
            name="invoices",
            fields=(
                Field(name="number"),
                Field(name="state"),
                Field(name="total_amount", kind=Kind.DECIMAL),
                Field(name="invoice_date", kind=Kind.DATE),
            ),
        ),
        Collection(
            name="shipments",
            fields=(Field(name="number"), Field(name="state"), Field(name="effective_date", kind=Kind.DATE)),
        ),
        LINES,
    ),
    also=("company", "invoice_party", "shipment_party", "warehouse"),
    searchable=frozenset({"number", "reference", "description", "party", "state"}),
    markers=("reference", "description"),
)

RESOURCES: Mapping[str, Resource] = {each.model: each for each in (PARTY, PRODUCT, SALE)}
#: The column that holds the code of a small table's rows.
CODE_COLUMNS: Mapping[str, str] = {"product.uom": "symbol"}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How this installation wants its records treated: the options that readers and writers need."""

    company: int
    markers: Mapping[str, str] = {}  #: resource -> where the marker lies
    domains: Mapping[str, list[object]] = {}  #: resource -> which records take part
    confirm: str = "none"
    removal: str = "deactivate"
    address_key: str = ""
    inactive: str = "record"
    overlap: float = 2.0
    effect: float = 60.0
    page: int = 200

    def marker(self, resource: Resource) -> str:
        """Where the hub's marker lies in this resource; "" for nowhere."""
        usual = resource.markers[0] if resource.markers else ""
        chosen = self.markers.get(resource.model, usual)
        return "" if chosen == "none" else chosen
