"""The same expressions on DuckDB and on PySpark give the same rows, numbers to 1e-9. Skipped where there is no Java."""

from __future__ import annotations

import datetime as dt
import math
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet
import pytest
from ibis.backends import BaseBackend

from syncline.analytics.dataset.facts import FACTS
from syncline.analytics.dataset.opening import asked_through_ibis, open_dataset
from tests.unit.analytics.made_dataset import made_tables

pytestmark = pytest.mark.slow
Row = tuple[object, ...]


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return made_tables(seed=11)


@pytest.fixture(scope="module")
def duck(tables: dict[str, pa.Table]) -> Iterator[BaseBackend]:
    opened = open_dataset()
    for name, table in tables.items():
        opened.register("made", table)
        opened.execute(f'CREATE TABLE "{name}" AS SELECT * FROM made')  # noqa: S608
        opened.unregister("made")
    yield asked_through_ibis(opened)
    opened.close()


@pytest.fixture(scope="module")
def spark(tables: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseBackend]:
    if shutil.which("java") is None:
        pytest.skip("Java is needed for Spark, and is not installed")
    pyspark = pytest.importorskip("pyspark.sql", reason="pyspark is needed: pip install 'syncline[spark]'")
    folder = tmp_path_factory.mktemp("spark")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = _session(pyspark, folder)
        backend = ibis.pyspark.connect(session)
        for name, table in tables.items():
            _register(session, name, table, folder)
    yield backend
    session.stop()


def _session(pyspark: object, folder: Path) -> object:
    settings = {
        "spark.master": "local[2]", "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1", "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2", "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder}", "spark.local.dir": str(folder),
        "spark.log.level": "ERROR",
    }  # fmt: skip
    builder = pyspark.SparkSession.builder  # type: ignore[attr-defined]
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _register(session: object, name: str, table: pa.Table, folder: Path) -> None:
    """Through Parquet, as data really comes to a cluster."""
    path = folder / f"{name}.parquet"
    pa.parquet.write_table(table, path)
    session.read.parquet(str(path)).createOrReplaceTempView(name)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", list(FACTS))
def test_both_engines_tell_the_same(name: str, duck: BaseBackend, spark: BaseBackend):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = _rows(FACTS[name](duck)), _rows(FACTS[name](spark))

    assert len(ours) > 3
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert all(map(_equal, one, other)), (one, other)


def _rows(asked: ibis.Table) -> list[Row]:
    rows = (tuple(map(_told, row.values())) for row in asked.to_pyarrow().to_pylist())
    return sorted(rows, key=lambda row: [_order(one) for one in row])


def _told(value: object) -> object:
    """Spark's instants come without their zone, which is that of its session."""
    return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value


def _order(value: object) -> tuple[bool, str]:
    return value is None, f"{value:.6f}" if isinstance(value, float) else str(value)


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other
