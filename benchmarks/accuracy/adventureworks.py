"""What the rows about supply read of AdventureWorks."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

import pyarrow as pa


def bill_of_materials(folder: Path) -> pa.Table:
    """Its rows, without the heads of the trees."""
    rows = [row for row in read(folder / "BillOfMaterials.csv.gz") if row["ProductAssemblyID"]]
    ends = [date.fromisoformat(row["EndDate"][:10]) if row["EndDate"] else None for row in rows]
    return pa.table({
        "assembly": [_number(row["ProductAssemblyID"]) for row in rows],
        "component": [_number(row["ComponentID"]) for row in rows],
        "qty": [float(row["PerAssemblyQty"]) for row in rows],
        "scrap": pa.nulls(len(rows), pa.float64()),
        "valid_from": [date.fromisoformat(row["StartDate"][:10]) for row in rows],
        "valid_to": pa.array(ends, pa.date32()),
    })  # fmt: skip


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a compressed CSV."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(text: str) -> str:
    return text.removesuffix(".0")
