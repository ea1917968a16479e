"""Rows 9 and 10: which records are one, people and products, without a single label."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from benchmarks.accuracy.rows import Row
from syncline.analytics.identity.records import IdentityConfig
from syncline.analytics.identity.resolve import resolve_entities

_DECIDED = 0.5  #: a pair that is likelier than not counts as found
_FEBRL = ("given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state")
_LEAST_PEOPLE, _LEAST_PAPERS, _LEAST_PRODUCTS = 0.999, 0.984, 0.90


def people(data: Path) -> Row:
    """Row 9: Febrl 4, 5,000 people and a damaged copy of each."""
    folder = data / "entity_resolution" / "febrl4"
    left, right = (read(folder / f"dataset4{side}.csv.gz", ",", key="rec_id") for side in "ab")
    config = IdentityConfig(fields=(*_FEBRL, "date_of_birth", "soc_sec_id"), kind="people")
    twin = {key.split("-")[1]: key for key in right.column("key").to_pylist()}
    truth = {(key, twin[key.split("-")[1]]) for key in left.column("key").to_pylist()}
    ours = f1(left, right, config, truth)
    return Row(
        9, "resolve_entities", "Febrl4", "F1, no labels", round(ours, 4), "0.9991", ">= 0.999", ours >= _LEAST_PEOPLE
    )


def papers(data: Path) -> Row:
    """Row 10: titles, authors, venues and years of two bibliographies."""
    folder = data / "entity_resolution" / "dblp_acm"
    ours = _linked(folder, ("dblp", "acm"), "%", ("title", "authors", "venue", "year"))
    target = f">= {_LEAST_PAPERS}"
    return Row(
        10, "resolve_entities", "DBLP-ACM", "F1, no labels", round(ours, 4), "0.974", target, ours >= _LEAST_PAPERS
    )


def products(data: Path) -> Row:
    """Row 10: names and descriptions of two shops."""
    ours = _linked(data / "entity_resolution" / "abt_buy", ("abt", "buy"), "|", ("name", "description", "price"))
    return Row(
        10, "resolve_entities", "Abt-Buy", "F1, no labels", round(ours, 4), "0.847", ">= 0.90", ours >= _LEAST_PRODUCTS
    )


def f1(left: pa.Table, right: pa.Table, config: IdentityConfig, truth: set[tuple[str, str]]) -> float:
    """Harmonic mean of precision and recall of the pairs that are likelier than not."""
    pairs = resolve_entities(left, right, config).pairs.to_pylist()
    found = {(pair["l"], pair["r"]) for pair in pairs if pair["p"] >= _DECIDED}
    return 2 * len(found & truth) / (len(found) + len(truth))


def read(path: Path, delimiter: str, *, key: str = "id") -> pa.Table:
    """A file of texts, its key column called `key`."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=delimiter, skipinitialspace=True))
    names = list(rows[0])
    return pa.table({"key" if name == key else name.strip(): [row[name] or "" for row in rows] for name in names})


def _linked(folder: Path, names: Sequence[str], delimiter: str, fields: tuple[str, ...]) -> float:
    left, right, gold = (read(folder / f"{name}.csv.gz", delimiter) for name in (*names, "gt"))
    truth = set(zip(gold.column("D1").to_pylist(), gold.column("D2").to_pylist(), strict=True))
    return f1(left, right, IdentityConfig(fields=fields), truth)


ROWS: tuple[Callable[[Path], Row | list[Row]], ...] = (people, papers, products)
