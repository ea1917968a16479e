"""From what is wanted to what must be bought and made, level by level, netted and pegged.

The rules are Ibis expressions, joined once per level, so that DuckDB and PySpark run the same; see `explosion`.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends import BaseBackend

from syncline.analytics.supply.bom import checked, low_levels
from syncline.analytics.supply.bounds import no_negatives, no_twins
from syncline.analytics.supply.engine import loaded, running
from syncline.analytics.supply.explosion import DEEPEST, EVER_FROM, numbered, valid_edges
from syncline.analytics.supply.stock import ON_HAND, OPEN_ORDERS
from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError

__all__ = ["MAKING", "ON_HAND", "OPEN_ORDERS", "REQUIREMENTS", "WANTED", "Supply", "explode_bom"]

WANTED = Layout(
    row="what one order (or forecast) wants of one product on one day",
    columns=(
        Column("product", pa.string(), available_at=ALWAYS),
        Column("period", pa.date32(), available_at=ALWAYS),
        Column("qty", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("pegged_to", pa.string(), available_at=ALWAYS),
    ),
)
MAKING = Layout(
    row="one item, and the days it takes to buy or make it",
    columns=(Column("item", pa.string(), available_at=ALWAYS), Column("days", pa.int64(), "d", ALWAYS)),
)
REQUIREMENTS = Layout(
    row="what one item must cover on one day, for one parent and one order",
    columns=(
        Column("component", pa.string()),
        Column("period", pa.date32()),
        Column("level", pa.int64()),
        Column("gross", pa.float64(), unit="unit"),
        Column("net", pa.float64(), unit="unit"),
        Column("parent", pa.string(), nullable=True),
        Column("pegged_to", pa.string()),
    ),
)
_NOTHING = 1e-9  #: less than this is no requirement [units]


class Supply(NamedTuple):
    """What is there or on its way. `days` is how long each item takes to buy or make; an item without takes none."""

    on_hand: pa.Table | None = None  #: `ON_HAND`
    open_orders: pa.Table | None = None  #: `OPEN_ORDERS`
    days: pa.Table | None = None  #: `MAKING`


NO_SUPPLY = Supply()


def explode_bom(
    demand: pa.Table,
    bom: pa.Table,
    supply: Supply = NO_SUPPLY,
    *,
    effective_date: date | None = None,
    backend: BaseBackend | None = None,
) -> pa.Table:
    """Gross and net requirements of every item, by day, pegged to the orders that cause them: a table `REQUIREMENTS`.

    gross of a component = net of its parent x qty / (1 - scrap), on the day on which making the parent must begin.
    Net is what stock and receipts up to that day do not cover; they serve the earliest day first, then the orders by
    name. An item is netted once, on the deepest level that uses it.

    Args:
        demand: `WANTED`.
        bom: `BOM`; rows count while they are valid.
        supply: What is there, on its way, and how long making takes.
        effective_date: Takes the bill of materials as of this day, whatever the day of the requirement.
        backend: An Ibis backend; DuckDB in memory where it is left out.

    Source:
        Orlicky, Material Requirements Planning (1975), chapters 4 and 5.

    Raises:
        RejectedError: a quantity is negative, or an assembly contains itself.

    >>> demand = pa.table({"product": ["bike"], "period": [date(2026, 5, 11)], "qty": [10.0], "pegged_to": ["SO1"]})
    >>> bom = pa.table({"assembly": ["bike"], "component": ["wheel"], "qty": [2.0], "scrap": [0.2],
    ...     "valid_from": pa.nulls(1, pa.date32()), "valid_to": pa.nulls(1, pa.date32())})
    >>> stock = pa.table({"item": ["wheel"], "qty": [5.0]})
    >>> explode_bom(demand, bom, Supply(stock)).select(["component", "gross", "net"]).to_pylist()
    [{'component': 'bike', 'gross': 10.0, 'net': 10.0}, {'component': 'wheel', 'gross': 25.0, 'net': 20.0}]
    """
    wanted = no_negatives(asked(WANTED, demand, name="demand"), ["qty"], name="demand")
    rows = checked(bom, on=effective_date)
    levels, depth = _levels(rows)
    parts = _Parts(rows, levels, supply, timed=effective_date is None)
    done: list[pa.Table] = []
    with running(backend) as engine:
        first = parts.levelled(loaded(numbered(wanted)).rename(item="product").mutate(parent=ibis.literal("")))
        gross = engine.to_pyarrow(first)
        for level in range(depth + 1):
            now = loaded(gross.filter(pc.equal(gross.column("level"), level)))
            done.append(engine.to_pyarrow(netted_rows(now, parts.supply)))
            later = gross.filter(pc.greater(gross.column("level"), level))
            gross = pa.concat_tables([later, engine.to_pyarrow(parts.levelled(below(loaded(done[-1]), parts)))])
    return _requirements(pa.concat_tables(done))


def _levels(bom: pa.Table) -> tuple[pa.Table, int]:
    levels = low_levels(bom)
    depth = (pc.max(levels.column("level")).as_py() or 0) if len(levels) else 0
    if depth > DEEPEST:
        raise RejectedError(f"The bill of materials has {depth} levels, and at most {DEEPEST} are taken.")
    return levels, depth


def netted_rows(gross: ir.Table, supply: ir.Table) -> ir.Table:
    """As an expression: what supply up to the day leaves open of each row, the earliest day first.

    With G and A the running totals of requirements and of supply, the open total is the running maximum of
    (G - A)+, and a row's net is what it adds to that.
    """
    wants = gross.group_by(["item", "period", "level", "parent", "pegged_to"]).agg(gross=gross.qty.sum())
    has = supply.semi_join(wants, "item").select(
        item=supply.item, period=supply.period, level=ibis.literal(0, "int64"), parent=ibis.literal(""),
        pegged_to=ibis.literal(""), gross=ibis.literal(0.0), given=supply.qty, kind=ibis.literal(0, "int64"),
    )  # fmt: skip
    rows = has.union(wants.mutate(given=ibis.literal(0.0), kind=ibis.literal(1, "int64")).select(has.columns))
    order = [rows.period, rows.kind, rows.pegged_to, rows.parent]
    running = ibis.window(group_by="item", order_by=order, preceding=None, following=0)
    rows = rows.mutate(open=rows.gross.sum().over(running) - rows.given.sum().over(running))
    order = [rows.period, rows.kind, rows.pegged_to, rows.parent]
    running = ibis.window(group_by="item", order_by=order, preceding=None, following=0)
    rows = rows.mutate(short=ibis.greatest(rows.open.max().over(running), 0.0))
    order = [rows.period, rows.kind, rows.pegged_to, rows.parent]
    before = rows.short.lag(1).over(ibis.window(group_by="item", order_by=order)).fill_null(0.0)
    rows = rows.mutate(net=rows.short - before)
    return rows.filter(rows.kind == 1).select("item", "period", "level", "gross", "net", "parent", "pegged_to")


class _Parts:
    """The tables of an explosion, loaded once."""

    def __init__(self, bom: pa.Table, levels: pa.Table, supply: Supply, *, timed: bool) -> None:
        self.timed = timed
        self.edges = valid_edges(bom)
        self.levels = loaded(levels)
        self.supply = loaded(_available(supply))
        days = asked(MAKING, supply.days, name="days") if supply.days is not None else MAKING.schema.empty_table()
        self.days = loaded(no_twins(no_negatives(days, ["days"], name="days"), ["item"], name="days"))

    def levelled(self, rows: ir.Table) -> ir.Table:
        """With the low-level code of each item; what is in no bill of materials stands on level 0."""
        known = self.levels.rename(levelled="item", depth="level")
        joined = rows.left_join(known, rows.item == known.levelled)
        return joined.select(
            "item", "period", "qty", "parent", "pegged_to", level=joined.depth.fill_null(0).cast("int64")
        )


def below(netted: ir.Table, parts: _Parts) -> ir.Table:
    """As an expression: what the components must cover, when making their parents begins."""
    days = parts.days.rename(made="item")
    open_rows = netted.filter(netted.net > _NOTHING)
    begun = open_rows.left_join(days, open_rows.item == days.made)
    begun = begun.select("item", "net", "pegged_to", begin=begun.period - begun.days.fill_null(0))
    edges = parts.edges
    joined = begun.inner_join(edges, begun.item == edges.assembly)
    if parts.timed:
        joined = joined.filter(joined.valid_from <= joined.begin, joined.valid_to > joined.begin)
    return joined.select(
        item=joined.component, period=joined.begin, qty=joined.net * joined.need, parent=joined.item,
        pegged_to=joined.pegged_to,
    )  # fmt: skip


def _available(supply: Supply) -> pa.Table:
    stock = asked(ON_HAND, supply.on_hand, name="on_hand") if supply.on_hand is not None else None
    coming = asked(OPEN_ORDERS, supply.open_orders, name="open_orders") if supply.open_orders is not None else None
    names = ["item", "period", "qty"]
    kinds = [pa.string(), pa.int64(), pa.float64()]
    found = [pa.table([pa.array([], kind) for kind in kinds], names=names)]
    if stock is not None:
        no_negatives(stock, ["qty"], name="on_hand")
        ever = pa.repeat(pa.scalar(EVER_FROM, pa.int64()), len(stock))
        found.append(pa.table([stock.column("item"), ever, stock.column("qty")], names=names))
    if coming is not None:
        no_negatives(coming, ["qty"], name="open_orders")
        found.append(numbered(coming).select(names).cast(found[0].schema))
    return pa.concat_tables(found)


def _requirements(rows: pa.Table) -> pa.Table:
    order = [(name, "ascending") for name in ("level", "item", "period", "pegged_to", "parent")]
    found = rows.sort_by(order)
    days = found.column("period").cast(pa.int32()).cast(pa.date32())
    columns = {name: found.column(name) for name in ("level", "gross", "net", "pegged_to")}
    above = found.column("parent")
    columns["parent"] = pc.if_else(pc.equal(above, ""), pa.scalar(None, pa.string()), above)
    return made(REQUIREMENTS, {"component": found.column("item"), "period": days, **columns})
