"""Tables of a company that a seed makes, with blanks in every column that may have them."""

from __future__ import annotations

import datetime as dt
import random

import pyarrow as pa

from syncline.analytics.dataset.schema import layouts, references
from syncline.analytics.tables import Column

STATES = {
    "sales_order": ["open", "confirmed", "shipped", "paid", "cancelled", "draft"],
    "opportunity": ["open", "won", "lost"],
    "purchase_order": ["sent", "received", "cancelled"], "sales_order_lines": ["open", "shipped", "cancelled"],
    "work_order": ["planned", "done"], "service_case": ["open", "resolved"],
}  # fmt: skip
ENTITIES, LINES = 40, 110


def made_tables(seed: int) -> dict[str, pa.Table]:
    """Every table of a dataset; an eid of a line or a reference mostly hits an entity."""
    draw = random.Random(seed)  # noqa: S311
    pointing = {one.table: one.columns for one in references()}
    tables = {}
    for name, layout in layouts().items():
        is_lines = "known_at" not in layout.schema.names
        size = LINES if is_lines else ENTITIES
        columns = {}
        for column in layout.columns:
            if column.name == "eid":
                columns["eid"] = [draw.randrange(ENTITIES) for _ in range(size)] if is_lines else list(range(size))
            elif column.name in pointing.get(name, {}):
                columns[column.name] = [draw.choice([None, *range(ENTITIES)]) for _ in range(size)]
            else:
                columns[column.name] = [_value(draw, name, column) for _ in range(size)]
        tables[name] = pa.table(columns, schema=layout.schema)
    return tables


def _value(draw: random.Random, table: str, column: Column) -> object:
    if draw.random() < 0.15:
        return None
    if column.name == "state" and table in STATES:
        return draw.choice(STATES[table])
    if column.name == "currency":
        return draw.choice(["EUR", "USD"])
    kind = next((draws for is_kind, draws in KINDS if is_kind(column.type)), None)
    return kind(draw) if kind else f"{column.name} {draw.randrange(8)}"


KINDS = (
    (pa.types.is_floating, lambda draw: round(draw.uniform(0, 100), 2)),
    (pa.types.is_integer, lambda draw: draw.randrange(1, 20)),
    (pa.types.is_boolean, lambda draw: draw.random() < 0.5),
    (pa.types.is_date, lambda draw: dt.date(2026, 1, 1) + dt.timedelta(days=draw.randrange(200))),
    (
        pa.types.is_timestamp,
        lambda draw: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=draw.randrange(10**7)),
    ),
)
