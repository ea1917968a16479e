"""Agreed entities as columns, for analyses: typed by their definitions, in Arrow batches, a page at a time.

The unit of a column stands in the metadata of its Arrow field: `1`, what the definition says (`d`, `%`), or
`column:NAME` where another column of the row holds the currency or the unit. So does the instant from which its values
are known: `column:known_at`, when the hub agreed on the newest of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec
import pyarrow as pa

from syncline.model.definitions import EntityDefinition, FieldDefinition, Kind, LinesDefinition
from syncline.model.entities import definition
from syncline.model.state import Entity, EntityState
from syncline.model.values import UNSET, Row, Value, decode_rows, is_empty
from syncline.ports.store import Reads

_INSTANT = pa.timestamp("us", tz="UTC")
_KNOWN_AT = "column:known_at"
_GREATEST = 2**63 - 1  #: that a column of whole numbers holds
_HEAD = (
    pa.field("eid", pa.int64(), nullable=False),
    pa.field("live", pa.bool_(), nullable=False),
    pa.field("merged_into", pa.int64()),
    pa.field("gen", pa.int64(), nullable=False),
    pa.field("known_at", _INSTANT),
)
_generations: msgspec.msgpack.Decoder[list[int]] = msgspec.msgpack.Decoder(list[int])


class _Shape(NamedTuple):
    """How the values of one column become Arrow."""

    type: pa.DataType
    read: Callable[[Value], object]
    """One value, which is no blank; ValueError where it is not of its kind."""
    unit: str = "1"


def batches(reads: Reads, entity: str, *, since: int) -> Iterator[pa.RecordBatch]:
    """What `Store.tables` promises."""
    layout = _layout(reads, entity)
    if not layout:
        return
    shapes = [_shape(definition(entity), name) for name in layout]
    schema = pa.schema([*_HEAD, *(_field(name, one) for name, one in zip(layout, shapes, strict=True))])
    told: dict[int, int] = {}
    for page in reads.each_entity(entity):
        newest = {one.eid: _newest(one) for one in page}
        wanted = [one for one in page if one.state is not EntityState.LIVE or newest[one.eid] > since]
        if wanted:
            gens = [newest[one.eid] for one in wanted]
            merged = [reads.merged_into(entity, one.eid) if one.state is EntityState.MERGED else None for one in wanted]
            live = [one.state is EntityState.LIVE for one in wanted]
            head: list[Sequence[object]] = [
                [one.eid for one in wanted],
                live,
                merged,
                gens,
                _instants(reads, gens, told),
            ]
            yield _batch(schema, shapes, wanted, head)


def _layout(reads: Reads, entity: str) -> list[str]:
    kept = reads.document("layout", entity)
    return msgspec.json.decode(kept, type=list[str]) if kept else []


def _newest(entity: Entity) -> int:
    return max(entity.gen, *_generations.decode(entity.gens)) if entity.gens else entity.gen


def _instants(reads: Reads, gens: Sequence[int], told: dict[int, int]) -> list[int | None]:
    """When each generation was agreed on [µs]; None where its page is gone."""
    told |= {seq: page.at for seq, page in reads.audit_pages([one for one in set(gens) if one not in told]).items()}
    return [told.get(one) for one in gens]


def _batch(
    schema: pa.Schema, shapes: Sequence[_Shape], page: Sequence[Entity], head: Sequence[Sequence[object]]
) -> pa.RecordBatch:
    """One page; a value that is not of its column's kind is null, and counted in the metadata `unreadable`."""
    rows = [
        _whole(one, canon, len(shapes)) for one, canon in zip(page, decode_rows(one.canon for one in page), strict=True)
    ]
    columns = [pa.array(values, type=one.type) for values, one in zip(head, _HEAD, strict=True)]
    unreadable: dict[str, int] = {}
    for number, shape in enumerate(shapes):
        array, wrong = _column(shape, [row[number] for row in rows])
        columns.append(array)
        if wrong:
            unreadable[schema.names[len(_HEAD) + number]] = wrong
    told = schema.with_metadata({"unreadable": msgspec.json.encode(unreadable)}) if unreadable else schema
    return pa.RecordBatch.from_arrays(columns, schema=told)


def _whole(entity: Entity, canon: Row, width: int) -> Row:
    """A canon that was written before fields were added is shorter; what is gone has no values."""
    known = canon if entity.state is EntityState.LIVE else []
    return known + [UNSET] * (width - len(known))


def _column(shape: _Shape, values: Sequence[Value]) -> tuple[pa.Array, int]:
    read: list[object] = []
    wrong = 0
    for value in values:
        try:
            read.append(None if value is UNSET or is_empty(value) else shape.read(value))
        except (ValueError, TypeError):
            read.append(None)
            wrong += 1
    return pa.array(read, type=shape.type), wrong


def _field(name: str, shape: _Shape) -> pa.Field:
    return pa.field(name, shape.type, metadata={"unit": shape.unit, "available_at": _KNOWN_AT})


# --- kinds ------------------------------------------------------------------------------------------------------------


def _words(value: Value) -> str:
    """Any value as text."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _whole_number(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(value)
    number = int(value)
    if abs(number) > _GREATEST:
        raise ValueError(value)
    return number


def _eid(value: Value) -> int:
    """A reference to a record that nobody knows yet is kept as its key; it points at nothing."""
    if not isinstance(value, int):
        raise TypeError(value)
    return value


def _truth(value: Value) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _texts(value: Value) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _day(value: Value) -> date:
    return date.fromisoformat(_words(value))


def _instant(value: Value) -> datetime:
    told = datetime.fromisoformat(_words(value))
    return told if told.tzinfo else told.replace(tzinfo=UTC)


_KINDS: Mapping[Kind, tuple[pa.DataType, Callable[[Value], object]]] = {
    Kind.INTEGER: (pa.int64(), _whole_number),
    Kind.DECIMAL: (pa.float64(), _number),
    Kind.MONEY: (pa.float64(), _number),
    Kind.QUANTITY: (pa.float64(), _number),
    Kind.BOOLEAN: (pa.bool_(), _truth),
    Kind.DATE: (pa.date32(), _day),
    Kind.INSTANT: (_INSTANT, _instant),
    Kind.REFERENCE: (pa.int64(), _eid),
    Kind.SET: (pa.list_(pa.string()), _texts),
}
_TEXT = _Shape(pa.string(), _words)


def _shape(known: EntityDefinition | None, name: str) -> _Shape:
    """Of a field that a project adds, nothing is known: it is text."""
    field = known.field(name) if known else None
    lines = known.lines_of(name) if known else None
    if lines:
        return _lines(lines)
    return _shape_of(field) if field else _TEXT


def _shape_of(field: FieldDefinition) -> _Shape:
    kind, read = _KINDS.get(field.kind, (pa.string(), _words))
    worth = field.kind in {Kind.MONEY, Kind.QUANTITY}
    return _Shape(kind, read, f"column:{field.of}" if worth else field.unit or "1")


def _lines(lines: LinesDefinition) -> _Shape:
    """A list of lines, each with its key; a value of a line that is not of its kind is null."""
    shapes = {one.name: _shape_of(one) for one in lines.fields if one.name != lines.key}
    fields = [pa.field(lines.key, pa.string()), *(_field(name, one) for name, one in shapes.items())]

    def read(value: Value) -> list[dict[str, object]]:
        if not isinstance(value, Mapping):
            raise TypeError(value)
        return [
            {lines.key: key, **{name: _told(shape, line.get(name, UNSET)) for name, shape in shapes.items()}}
            for key, line in value.items()
        ]

    return _Shape(pa.list_(pa.struct(fields)), read)


def _told(shape: _Shape, value: Value) -> object:
    try:
        return None if value is UNSET or is_empty(value) else shape.read(value)
    except (ValueError, TypeError):
        return None
