"""Brings a dataset up to the moment of a store: only entities that have changed since are read and written again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from syncline.analytics.dataset.schema import entity_layout, layouts, line_table, lines_layouts, references
from syncline.analytics.tables import Layout
from syncline.model.entities import ENTITIES
from syncline.ports.store import Reads

_HELD = "syncline_held"  #: of each entity: up to which generation of which store it was read
_MERGED = "syncline_merged"  #: entities that were absorbed, and by which
_PAGES = 40  #: of the store, written to the dataset at once


class Refreshed(NamedTuple):
    """What was read."""

    changed: dict[str, int]  #: entity -> rows read again
    unreadable: dict[str, int]  #: `entity.field` -> values that are not of the field's kind, and null here


class _Held(NamedTuple):
    """Up to where the store had been read."""

    seq: int
    hash: bytes


def refresh(
    dataset: duckdb.DuckDBPyConnection, moment: Reads, *, secret: Mapping[str, Collection[str]] = MappingProxyType({})
) -> Refreshed:
    """Read what has changed since the last time, all of it in one transaction of the dataset.

    Args:
        dataset: a database of its own, in memory or in a file.
        moment: a snapshot of the store. Another store than the last time, or an older state of it, is read whole.
        secret: entity -> fields of it, lines among them, that are never kept here: their columns are null.
    """
    seq, digest = moment.audit_head()
    told = Refreshed({}, {})
    dataset.begin()
    try:
        shape = _shape(secret)
        held = _held(dataset, moment, shape)
        if held is None:
            _make(dataset)
        for entity in ENTITIES:
            for table in _pages(moment, entity, held.seq if held else 0, told):
                _take_in(dataset, entity, _without(table, secret.get(entity, ())))
        _resolve(dataset)
        dataset.execute(f"DELETE FROM {_HELD}")
        dataset.execute(f"INSERT INTO {_HELD} VALUES (?, ?, ?)", [seq, digest, shape])
    except BaseException:
        dataset.rollback()
        raise
    dataset.commit()
    return told


def _held(dataset: duckdb.DuckDBPyConnection, moment: Reads, shape: str) -> _Held | None:
    """None where nothing is held, or of another store, another past, or with other columns."""
    if not dataset.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [_HELD]).fetchall():
        return None
    rows = dataset.execute(f"SELECT seq, hash, shape FROM {_HELD}").fetchall()
    if not rows or rows[0][2] != shape:
        return None
    held = _Held(rows[0][0], rows[0][1])
    pages = moment.audit_pages([held.seq])
    return held if held.seq and held.seq in pages and pages[held.seq].hash == held.hash else None


def _shape(secret: Mapping[str, Collection[str]]) -> str:
    """What tells a dataset that was made by another version, or with other secrets."""
    columns = {name: [(one.name, str(one.type)) for one in layout.columns] for name, layout in layouts().items()}
    return repr((columns, sorted((entity, *sorted(fields)) for entity, fields in secret.items() if fields)))


def _make(dataset: duckdb.DuckDBPyConnection) -> None:
    for name, layout in layouts().items():
        empty = layout.schema.empty_table()
        dataset.register("made", empty)
        dataset.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM made')
        dataset.unregister("made")
    dataset.execute(f"CREATE OR REPLACE TABLE {_HELD} (seq BIGINT, hash BLOB, shape VARCHAR)")
    dataset.execute(f"CREATE OR REPLACE TABLE {_MERGED} (entity VARCHAR, eid BIGINT, merged_into BIGINT)")


def _pages(moment: Reads, entity: str, since: int, told: Refreshed) -> Iterator[pa.Table]:
    """Many pages of the store as one table: a statement for each page would cost more than the page."""
    kept: list[pa.RecordBatch] = []
    for batch in map(pa.record_batch, moment.tables(entity, since=since)):
        for field, count in msgspec.json.decode((batch.schema.metadata or {}).get(b"unreadable", b"{}")).items():
            told.unreadable[f"{entity}.{field}"] = told.unreadable.get(f"{entity}.{field}", 0) + count
        told.changed[entity] = told.changed.get(entity, 0) + len(batch)
        kept.append(batch)
        if len(kept) == _PAGES:
            yield _one(kept)
            kept = []
    if kept:
        yield _one(kept)


def _one(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches([one.replace_schema_metadata(None) for one in batches])


def _without(table: pa.Table, secret: Collection[str]) -> pa.Table:
    return table.drop_columns([name for name in table.column_names if name in secret])


def _take_in(dataset: duckdb.DuckDBPyConnection, entity: str, table: pa.Table) -> None:
    """Replace these entities and their lines; those that are gone only go."""
    live = table.filter(table.column("live"))
    parts = {entity: _conformed(live, entity_layout(entity))}
    for name, layout in lines_layouts(entity).items():
        parts[line_table(entity, name)] = _lines(live, name, layout)
    dataset.register("known", table.select(["eid", "merged_into"]))
    for name, rows in parts.items():
        dataset.register("rows", rows)
        dataset.execute(f'DELETE FROM "{name}" WHERE eid IN (SELECT eid FROM known)')
        dataset.execute(f'INSERT INTO "{name}" SELECT * FROM rows')
        dataset.unregister("rows")
    dataset.execute(f"DELETE FROM {_MERGED} WHERE entity = ? AND eid IN (SELECT eid FROM known)", [entity])
    dataset.execute(
        f"INSERT INTO {_MERGED} SELECT ?, eid, merged_into FROM known WHERE merged_into IS NOT NULL", [entity]
    )
    dataset.unregister("known")


def _conformed(table: pa.Table, layout: Layout) -> pa.Table:
    """The columns of the layout; what the store does not have is null, and a set of texts is joined."""
    return pa.Table.from_arrays(
        [
            _of_type(table.column(one.name), one.type)
            if one.name in table.column_names
            else pa.nulls(len(table), one.type)
            for one in layout.columns
        ],
        schema=layout.schema,
    )


def _of_type(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    return pc.binary_join(column, ", ") if pa.types.is_list(column.type) else column.cast(wanted)


def _lines(table: pa.Table, name: str, layout: Layout) -> pa.Table:
    if name not in table.column_names:
        return layout.schema.empty_table()
    column = table.column(name).combine_chunks()
    flat = pc.list_flatten(column)
    parents = pc.take(table.column("eid").combine_chunks(), pc.list_parent_indices(column))
    rows = pa.Table.from_arrays([parents, *flat.flatten()], names=["eid", *(one.name for one in flat.type)])
    return _conformed(rows, layout)


def _resolve(dataset: duckdb.DuckDBPyConnection) -> None:
    """Let what points at an entity that was absorbed point at the one that lives."""
    if not dataset.execute(f"SELECT 1 FROM {_MERGED} LIMIT 1").fetchall():
        return
    for table, columns in references():
        for column, entity in columns.items():
            dataset.execute(
                f'UPDATE "{table}" SET "{column}" = m.merged_into FROM {_MERGED} m '
                f'WHERE m.entity = ? AND m.eid = "{table}"."{column}"',
                [entity],
            )
