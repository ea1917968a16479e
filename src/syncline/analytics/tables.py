"""What goes into an analysis and comes out of it: Arrow tables whose columns know their unit and when they are known.

A `Layout` is what a function asks of a table, and what it promises of its result. The unit and the instant from which a
value is known stand in the metadata of each Arrow field, so that they survive Parquet and every engine that speaks
Arrow:

    unit          a code of UCUM (`d`, `kg`, `1` for a bare number), of ISO 4217 (`EUR`), `unit` for the base unit of
                  the product in its row, `money` for the currency of the ledger, or `column:NAME` that holds it
    available_at  `column:NAME` of the instant from which the value is known; `period` where a value is
                  known at the end of its own period; `always` for what is known ahead (calendar, agreed prices)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from syncline.errors import RejectedError, SetupError

ALWAYS, PERIOD = "always", "period"
_SHOWN = 5  #: rows or names that a message shows


class Column(NamedTuple):
    """One column: its Arrow type, its unit, and from when its values are known."""

    name: str
    type: pa.DataType
    unit: str = "1"
    available_at: str = PERIOD
    nullable: bool = False


class Layout(NamedTuple):
    """The columns of one table, and in words what a row of it is."""

    row: str  #: "one product in one period"
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """As Arrow says it, units and instants in the metadata."""
        return pa.schema([_field(one) for one in self.columns], metadata={"row": self.row})


def made(layout: Layout, columns: Mapping[str, Sequence[object] | pa.Array]) -> pa.Table:
    """A result as its layout promises it; a column that is missing there is our error."""
    return pa.Table.from_arrays([_array(one, columns[one.name]) for one in layout.columns], schema=layout.schema)


def asked(layout: Layout, table: pa.Table, *, name: str) -> pa.Table:
    """The columns that `layout` asks of somebody's table called `name`, in its types and its units.

    Raises:
        SetupError: a column is missing, of another kind, or in another unit.
        RejectedError: a value is missing, infinite or no number where the layout needs one; the message names the rows.
    """
    missing = [one.name for one in layout.columns if one.name not in table.column_names]
    if missing:
        raise SetupError(
            f"The table of {name} has no column {_listed(missing)}; a row of it is {layout.row}.",
            cure=f"It needs {', '.join(one.name for one in layout.columns)}.",
        )
    return pa.Table.from_arrays([_checked(one, table, name) for one in layout.columns], schema=layout.schema)


def unit_of(table: pa.Table, column: str) -> str:
    """The unit of a column; a bare number has the unit 1."""
    return _told(table, column, b"unit") or "1"


def available_at(table: pa.Table, column: str) -> str:
    """From when the values of a column are known: the name of a column, `period` or `always`."""
    return _told(table, column, b"available_at") or PERIOD


def _told(table: pa.Table, column: str, what: bytes) -> str:
    metadata: Mapping[bytes, bytes] = table.schema.field(column).metadata or {}
    return metadata.get(what, b"").decode()


def _field(column: Column) -> pa.Field:
    metadata = {"unit": column.unit, "available_at": column.available_at}
    return pa.field(column.name, column.type, nullable=column.nullable, metadata=metadata)


def _array(column: Column, values: Sequence[object] | pa.Array) -> pa.Array:
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=True)
    return array.cast(column.type)


def _checked(column: Column, table: pa.Table, name: str) -> pa.ChunkedArray:
    field = table.schema.field(column.name)
    known = _told(table, column.name, b"unit") or column.unit
    if known != column.unit:
        raise SetupError(
            f"The column {column.name} of {name} is in {known}, and {column.unit} is needed.",
            cure="Convert it first; figures in different units are never added up.",
        )
    try:
        values = table.column(column.name).cast(column.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SetupError(
            f"The column {column.name} of {name} is {field.type}, and {column.type} is needed: {error}",
            cure="Convert the column, or correct the values that cannot be read.",
        ) from error
    wrong = pc.invert(pc.is_finite(values)) if pa.types.is_floating(column.type) else pc.is_null(values)
    wrong = pc.fill_null(wrong, fill_value=True)
    if column.nullable:
        wrong = pc.and_(wrong, pc.is_valid(values))
    if rows := pc.sum(wrong).as_py():
        places = pc.indices_nonzero(wrong)[:_SHOWN].to_pylist()
        raise RejectedError(
            f"{rows} of {len(table)} values of {column.name} in {name} are missing, infinite or no number"
            f" (rows {', '.join(str(place + 1) for place in places)}).",
            cure="Fill them or leave those rows out.",
        )
    return values


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
