"""Which tables and columns a dataset has: one for each canonical entity, one for each kind of its lines.

They have all columns of the definition, whether or not a flow carries them, so that every expression can be asked; what
nobody carries is null. Sets of texts are joined with ", ". Fields that a project has added are not there.
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from syncline.analytics.tables import ALWAYS, Column, Layout
from syncline.model.definitions import EntityDefinition, FieldDefinition, Kind
from syncline.model.entities import ENTITIES, definition

_KNOWN_AT = "column:known_at"
_INSTANT = pa.timestamp("us", tz="UTC")
_TYPES = {
    Kind.INTEGER: pa.int64(), Kind.DECIMAL: pa.float64(), Kind.MONEY: pa.float64(), Kind.QUANTITY: pa.float64(),
    Kind.BOOLEAN: pa.bool_(), Kind.DATE: pa.date32(), Kind.INSTANT: _INSTANT, Kind.REFERENCE: pa.int64(),
}  # fmt: skip
EID = Column("eid", pa.int64(), available_at=ALWAYS)
KNOWN_AT = Column("known_at", _INSTANT, available_at=ALWAYS, nullable=True)


class References(NamedTuple):
    """The columns of one table that point at entities."""

    table: str
    columns: dict[str, str]  #: column -> entity


def entity_layout(entity: str) -> Layout:
    """The table of an entity, which has its name."""
    known = _definition(entity)
    return Layout(
        row=f"one {entity.replace('_', ' ')}: {known.meaning}", columns=(EID, KNOWN_AT, *_columns(known.fields))
    )


def lines_layouts(entity: str) -> dict[str, Layout]:
    """Lines -> the table that holds them, called `entity_lines`. What names a line is text, whatever its kind."""
    return {
        one.name: Layout(
            row=f"one of the {one.name} of a {entity.replace('_', ' ')}",
            columns=(EID, *(_as_text(column) if column.name == one.key else column for column in _columns(one.fields))),
        )
        for one in _definition(entity).lines
    }


def line_table(entity: str, lines: str) -> str:
    """The name of the table with the lines of an entity."""
    return f"{entity}_{lines}"


def layouts() -> dict[str, Layout]:
    """Every table by name."""
    found: dict[str, Layout] = {}
    for entity in ENTITIES:
        found[entity] = entity_layout(entity)
        found |= {line_table(entity, name): layout for name, layout in lines_layouts(entity).items()}
    return found


def references() -> list[References]:
    """Every table with columns that point at entities."""
    found = []
    for entity in ENTITIES:
        known = _definition(entity)
        parts = {entity: known.fields} | {line_table(entity, one.name): one.fields for one in known.lines}
        found += [References(table, _pointing(fields)) for table, fields in parts.items() if _pointing(fields)]
    return found


def _pointing(fields: tuple[FieldDefinition, ...]) -> dict[str, str]:
    return {one.name: one.of for one in fields if one.kind is Kind.REFERENCE}


def _definition(entity: str) -> EntityDefinition:
    known = definition(entity)
    if known is None:
        raise LookupError(entity)
    return known


def _columns(fields: tuple[FieldDefinition, ...]) -> tuple[Column, ...]:
    return tuple(
        Column(one.name, _TYPES.get(one.kind, pa.string()), _unit(one), _KNOWN_AT, nullable=True) for one in fields
    )


def _as_text(column: Column) -> Column:
    return column._replace(type=pa.string(), unit="1")


def _unit(field: FieldDefinition) -> str:
    return f"column:{field.of}" if field.kind in {Kind.MONEY, Kind.QUANTITY} else field.unit or "1"
