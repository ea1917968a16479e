"""Opens a dataset: DuckDB in memory or in a file, without a way to the network, bounded in memory."""

from __future__ import annotations

from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from syncline.errors import SetupError, TransientError

MEMORY = "512MB"  #: that DuckDB may hold before it writes to the disk


def open_dataset(path: Path | None = None, *, threads: int = 1) -> duckdb.DuckDBPyConnection:
    """A database for a dataset, in memory or in the file at `path`.

    Raises:
        TransientError: another process has the file open.
        SetupError: the file is none of DuckDB's, or cannot be written to.
    """
    limits: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY, "threads": threads,
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    }  # fmt: skip
    try:
        dataset = duckdb.connect(str(path) if path else ":memory:", config=limits)
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise TransientError(
                f"The dataset {path} is in use by another process.", cure="Try again later."
            ) from error
        raise SetupError(
            f"The dataset {path} cannot be opened.", cure="Remove it; it is made anew from the store."
        ) from error
    dataset.execute("SET TimeZone = 'UTC'")
    return dataset


def asked_through_ibis(dataset: duckdb.DuckDBPyConnection) -> Backend:
    """The same database, for expressions."""
    return ibis.duckdb.from_connection(dataset)
