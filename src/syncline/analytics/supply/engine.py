"""Where set logic runs: the backend that somebody passes, else a small DuckDB in memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends import BaseBackend

from syncline.analytics.dataset.opening import asked_through_ibis, open_dataset


@contextmanager
def running(backend: BaseBackend | None = None) -> Iterator[BaseBackend]:
    """The backend, or a DuckDB in memory that is bounded and knows no network.

    Ibis 12 calls a method of DuckDB that DuckDB 2 names otherwise; that it will go some day is no news to a user.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
        yield backend if backend is not None else asked_through_ibis(open_dataset())


def loaded(table: pa.Table) -> ir.Table:
    """The rows of a table, for the engine that will ask for them."""
    plain = pa.schema([pa.field(field.name, field.type) for field in table.schema])
    found: ir.Table = ibis.memtable(table.cast(plain))
    return found
