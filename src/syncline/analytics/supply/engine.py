"""Where set logic runs: an Ibis backend, DuckDB in memory unless somebody passes another."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa


@contextmanager
def running(backend: Any = None) -> Iterator[Any]:  # noqa: ANN401 - Ibis has no public type for a backend
    """The backend, or a DuckDB in memory.

    Ibis 12 calls a method of DuckDB that DuckDB 2 names otherwise; that it will go some day is no news to a user.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
        yield backend if backend is not None else ibis.duckdb.connect()


def loaded(table: pa.Table) -> ir.Table:
    """The rows of a table, for the engine that will ask for them."""
    plain = pa.schema([pa.field(field.name, field.type) for field in table.schema])
    found: ir.Table = ibis.memtable(table.cast(plain))
    return found
