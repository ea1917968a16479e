"""Every way from an assembly down to its components, as one join for each level.

The rules are Ibis expressions, so that DuckDB and PySpark run the same. Days are whole numbers since 1970 in there: not
every engine subtracts a column of days from a date.
"""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends import BaseBackend

from syncline.analytics.supply.bom import checked, low_levels
from syncline.analytics.supply.engine import loaded, running
from syncline.analytics.tables import Column, Layout, made
from syncline.errors import RejectedError

EXPLOSION = Layout(
    row="one way from an assembly down to a component",
    columns=(
        Column("assembly", pa.string()),
        Column("parent", pa.string()),
        Column("component", pa.string()),
        Column("level", pa.int64()),
        Column("qty", pa.float64(), unit="unit"),
    ),
)
EVER_FROM, EVER_TO = -(10**6), 10**6  #: days since 1970 that stand for "ever"
DEEPEST = 64  #: levels; a bill of materials that is deeper is a mistake


def explosion(
    bom: pa.Table, *, on: date | None = None, levels: int = 4, backend: BaseBackend | None = None
) -> pa.Table:
    """Every way from every assembly down to `levels` levels, with the units that one assembly needs: `EXPLOSION`.

    >>> bom = pa.table({"assembly": ["bike", "wheel"], "component": ["wheel", "spoke"], "qty": [2.0, 32.0],
    ...     "scrap": [0.0, 0.0], "valid_from": pa.nulls(2, pa.date32()), "valid_to": pa.nulls(2, pa.date32())})
    >>> [(row["assembly"], row["component"], row["qty"]) for row in explosion(bom).to_pylist()]
    [('bike', 'wheel', 2.0), ('wheel', 'spoke', 32.0), ('bike', 'spoke', 64.0)]
    """
    if not 1 <= levels <= DEEPEST:
        raise RejectedError(f"An explosion goes down 1 to {DEEPEST} levels, not {levels}.")
    rows = checked(bom, on=on)
    low_levels(rows)
    with running(backend) as engine:
        edges = valid_edges(rows)
        found = engine.to_pyarrow(ways(edges, levels).order_by("level", "assembly", "parent", "component", "qty"))
    return made(EXPLOSION, {name: found.column(name) for name in EXPLOSION.schema.names})


def leaf_parts(bom: pa.Table, *, on: date | None = None) -> pa.Table:
    """Units of each purchased part in one unit of each assembly: columns `product`, `part`, `qty`.

    >>> bom = pa.table({"assembly": ["bike", "wheel"], "component": ["wheel", "spoke"], "qty": [2.0, 32.0],
    ...     "scrap": [0.0, 0.0], "valid_from": pa.nulls(2, pa.date32()), "valid_to": pa.nulls(2, pa.date32())})
    >>> leaf_parts(bom).to_pylist()
    [{'product': 'bike', 'part': 'spoke', 'qty': 64.0}, {'product': 'wheel', 'part': 'spoke', 'qty': 32.0}]
    """
    rows = checked(bom, on=on)
    depth = pc.max(low_levels(rows).column("level")).as_py() if len(rows) else 1
    found = explosion(rows, levels=min(depth, DEEPEST))
    leaves = found.filter(pc.invert(pc.is_in(found.column("component"), rows.column("assembly").combine_chunks())))
    summed = leaves.group_by(["assembly", "component"]).aggregate([("qty", "sum")])
    table = pa.table({
        "product": summed.column("assembly"), "part": summed.column("component"), "qty": summed.column("qty_sum")
    })  # fmt: skip
    return table.sort_by([("product", "ascending"), ("part", "ascending")])


def ways(edges: ir.Table, levels: int) -> ir.Table:
    """As an expression: edges joined onto edges, level by level, and the union of all levels."""
    step = edges.select(
        assembly=edges.assembly, parent=edges.assembly, component=edges.component,
        level=ibis.literal(1, "int64"), qty=edges.need,
    )  # fmt: skip
    found = [step]
    for level in range(2, levels + 1):
        more = edges.view()
        joined = step.inner_join(more, step.component == more.assembly, rname="{name}_next")
        step = joined.select(
            assembly=joined.assembly, parent=joined.component, component=joined.component_next,
            level=ibis.literal(level, "int64"), qty=joined.qty * joined.need,
        )  # fmt: skip
        found.append(step)
    return ibis.union(*found) if len(found) > 1 else found[0]


def valid_edges(bom: pa.Table) -> ir.Table:
    """As an expression: the units that one assembly needs, with scrap, and from when to when.

    Nothing is left open in there: engines that go through floats would make numbers of what is not known.
    """
    rows = numbered(bom)
    for name, known in (("scrap", 0.0), ("valid_from", EVER_FROM), ("valid_to", EVER_TO)):
        rows = rows.set_column(rows.column_names.index(name), name, pc.fill_null(rows.column(name), known))
    edges = loaded(rows)
    return edges.select("assembly", "component", "valid_from", "valid_to", need=edges.qty / (1 - edges.scrap))


def numbered(table: pa.Table) -> pa.Table:
    """Dates as whole days since 1970."""
    for place, field in enumerate(table.schema):
        if pa.types.is_date32(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.int32()).cast(pa.int64()))
    return table
