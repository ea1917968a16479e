"""Tables in files: CSV and Parquet, read with the names that their columns have there, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from syncline.analytics.tables import Layout, asked
from syncline.errors import RejectedError, SetupError

LARGEST = 4 * 2**30  #: of a file that is read [bytes]
_SNIFFED = 64 * 1024
_DELIMITERS = ",;\t|"
_FORMULA = r"^[=+\-@\t\r]"


def read_table(path: Path, layout: Layout, *, columns: Mapping[str, str] | None = None) -> pa.Table:
    """A table from a file, as `layout` asks for it.

    Args:
        path: ends with .csv or .parquet.
        layout: what is needed of it.
        columns: column of the layout -> its name in the file, where that is another one.

    Raises:
        SetupError: there is no such file, it is none of the two kinds, a column is missing, or holds another kind.
        RejectedError: values are missing, or cannot be read.
    """
    if not path.is_file():
        raise SetupError(f"There is no file {path}.", cure="Name a CSV or Parquet file.")
    if path.stat().st_size > LARGEST:
        raise SetupError(f"{path} is larger than {LARGEST // 2**30} GiB.", cure="Add it up by day first, or split it.")
    table = _read(path)
    named = {theirs: ours for ours, theirs in (columns or {}).items()}
    unknown = [theirs for theirs in named if theirs not in table.column_names]
    if unknown:
        raise SetupError(
            f"{path} has no column {', '.join(unknown)}.", cure=f"It has {', '.join(table.column_names[:20])}."
        )
    renamed = table.rename_columns([named.get(name, name) for name in table.column_names])
    return asked(layout, renamed, name=path.name)


def write_table(path: Path, table: pa.Table) -> None:
    """A table to a file that ends with .csv or .parquet; whoever reads it sees the old one or the new one."""
    if path.suffix not in {".csv", ".parquet"}:
        raise SetupError(f"{path} is neither .csv nor .parquet.", cure="Name a file that ends with one of the two.")
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.suffix == ".csv":
            pyarrow.csv.write_csv(_flat(table), half)
        else:
            pq.write_table(table, half)
        half.replace(path)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror or error}.", cure="Name another place.") from error
    finally:
        half.unlink(missing_ok=True)


def _flat(table: pa.Table) -> pa.Table:
    """CSV has no lists; and a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    kept = table.select([name for name in table.column_names if not pa.types.is_nested(table.schema.field(name).type)])
    for place, field in enumerate(kept.schema):
        if pa.types.is_string(field.type):
            texts = kept.column(place)
            guarded = pc.binary_join_element_wise("'", texts, "")
            kept = kept.set_column(place, field, pc.if_else(pc.match_substring_regex(texts, _FORMULA), guarded, texts))
    return kept


def _read(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        if path.suffix == ".csv":
            return pyarrow.csv.read_csv(path, parse_options=pyarrow.csv.ParseOptions(delimiter=_delimiter(path)))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError, UnicodeDecodeError) as error:
        told = str(error).splitlines()[0][:300]
        raise RejectedError(
            f"{path} cannot be read: {told}", cure="Save it again as CSV in UTF-8, or as Parquet."
        ) from error
    raise SetupError(f"{path} is neither .csv nor .parquet.", cure="Save it as one of the two.")


def _delimiter(path: Path) -> str:
    """The one that the first line has most of."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED).split(b"\n", 1)[0].decode(errors="replace")
    return max(_DELIMITERS, key=head.count)
