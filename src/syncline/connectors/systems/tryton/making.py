"""How goods are made in Tryton: productions, bills of materials, routings, work centres. Data only."""

from __future__ import annotations

from syncline.connectors.systems.tryton.fields import Collection, Field, First, Resource
from syncline.connectors.systems.tryton.values import Kind

_CODE = Field(name="product_code", path="product.code", written=False)
_UNIT = Field(name="unit", kind=Kind.CODE, path="unit.symbol", table="product.uom")


def _moves(name: str) -> Collection:
    """Materials of a production: Tryton derives them from the bill, the hub reads them."""
    fields = (
        Field(name="product", kind=Kind.REFERENCE),
        _CODE,
        Field(name="quantity", kind=Kind.NUMBER),
        Field(name="unit", path="unit.symbol"),
        Field(name="state"),
    )
    return Collection(name=name, fields=fields, numbered=True)


PRODUCTION = Resource(
    model="production",
    fields=(
        Field(name="number", written=False),
        Field(name="reference"),
        Field(name="product", kind=Kind.REFERENCE),
        Field(name="bom", kind=Kind.REFERENCE),
        Field(name="quantity", kind=Kind.NUMBER),
        _UNIT,
        Field(name="planned_start_date", kind=Kind.DATE),
        Field(name="planned_date", kind=Kind.DATE),
        Field(name="effective_start_date", kind=Kind.DATE, written=False),
        Field(name="effective_date", kind=Kind.DATE, written=False),
        Field(name="warehouse", kind=Kind.CODE, path="warehouse.code", table="stock.location"),
        Field(name="state"),
        Field(name="origin", written=False),
        Field(name="routing", kind=Kind.REFERENCE, optional=True),
        Field(name="work_center", kind=Kind.REFERENCE, optional=True),
    ),
    collections=(
        _moves("inputs"),
        _moves("outputs"),
        Collection(
            name="works",
            optional=True,
            fields=(
                Field(name="sequence", kind=Kind.INTEGER),
                Field(name="operation", path="operation.name"),
                Field(name="work_center", kind=Kind.REFERENCE),
                Field(name="state"),
            ),
        ),
    ),
    also=("company", "location", "type"),
    searchable=frozenset({"number", "reference", "product", "state"}),
    markers=("reference",),
)


def _materials(name: str, model: str) -> Collection:
    fields = (Field(name="product", kind=Kind.REFERENCE), _CODE, Field(name="quantity", kind=Kind.NUMBER), _UNIT)
    return Collection(name=name, model=model, fields=fields, numbered=True)


BOM = Resource(
    model="production.bom",
    fields=(
        Field(name="name"),
        Field(name="code"),
        Field(name="active", kind=Kind.FLAG),
        Field(name="phantom", kind=Kind.FLAG, written=False),
    ),
    collections=(
        _materials("inputs", "production.bom.input"),
        _materials("outputs", "production.bom.output"),
        Collection(name="routings", fields=(Field(name="name"),), optional=True),
    ),
    firsts=(
        First(name="product", path="outputs", value="product", kind=Kind.REFERENCE),
        First(name="quantity", path="outputs", value="quantity", kind=Kind.NUMBER),
        First(name="unit", path="outputs", value="unit.symbol"),
    ),
    searchable=frozenset({"name", "code"}),
)

ROUTING = Resource(
    model="production.routing",
    fields=(
        Field(name="name"),
        Field(name="active", kind=Kind.FLAG),
        Field(name="boms", kind=Kind.REFERENCES),
    ),
    collections=(
        Collection(
            name="steps", fields=(Field(name="sequence", kind=Kind.INTEGER), Field(name="name", path="operation.name"))
        ),
    ),
    searchable=frozenset({"name"}),
    creatable=False,
    deletable=False,
    writable=False,
)

WORK_CENTRE = Resource(
    model="production.work.center",
    fields=(
        Field(name="name"),
        Field(name="active", kind=Kind.FLAG),
        Field(name="parent", kind=Kind.REFERENCE),
        Field(name="category", path="category.name", written=False),
        Field(name="cost_price", kind=Kind.DECIMAL),
        Field(name="cost_method"),
        Field(name="warehouse", kind=Kind.CODE, path="warehouse.code", table="stock.location"),
    ),
    searchable=frozenset({"name"}),
)
