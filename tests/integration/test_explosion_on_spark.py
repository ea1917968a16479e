"""Requirements are the same on DuckDB and on PySpark, numbers to 1e-9. Skipped where there is no Java."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from datetime import date, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pytest
from ibis.backends import BaseBackend

from syncline.analytics.supply.explode_bom import Supply, explode_bom
from syncline.analytics.supply.explosion import explosion
from tests.integration.test_facts_on_spark import _equal, _session

pytestmark = pytest.mark.slow
DAY = date(2026, 5, 4)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseBackend]:
    if shutil.which("java") is None:
        pytest.skip("Java is needed for Spark, and is not installed")
    pyspark = pytest.importorskip("pyspark.sql", reason="pyspark is needed: pip install 'syncline[spark]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = _session(pyspark, tmp_path_factory.mktemp("spark"))
        yield ibis.pyspark.connect(session)
    session.stop()  # type: ignore[attr-defined]


def made_bom(draw: np.random.Generator) -> pa.Table:
    pairs = [(a, b) for a in range(8) for b in range(a + 1, min(a + 4, 8)) if draw.random() < 0.6]
    begin = [DAY - timedelta(days=9) if draw.random() < 0.5 else None for _ in pairs]
    return pa.table({
        "assembly": [f"i{a}" for a, _ in pairs], "component": [f"i{b}" for _, b in pairs],
        "qty": draw.uniform(0.5, 4, len(pairs)), "scrap": pa.array(draw.uniform(0, 0.1, len(pairs))),
        "valid_from": pa.array(begin, pa.date32()), "valid_to": pa.nulls(len(pairs), pa.date32()),
    })  # fmt: skip


def test_both_engines_tell_the_same_requirements(spark: BaseBackend):
    draw = np.random.default_rng(17)
    bom = made_bom(draw)
    wanted = pa.table({
        "product": [f"i{draw.integers(0, 3)}" for _ in range(40)],
        "period": [DAY + timedelta(days=int(draw.integers(0, 9))) for _ in range(40)],
        "qty": draw.uniform(1, 30, 40), "pegged_to": [f"SO{place:02}" for place in range(40)],
    })  # fmt: skip
    stock = pa.table({"item": [f"i{place}" for place in range(8)], "qty": draw.uniform(0, 400, 8)})
    supply = Supply(stock, days=pa.table({"item": ["i0", "i1"], "days": [3, 11]}))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = [
            (explode_bom(wanted, bom, supply), explode_bom(wanted, bom, supply, backend=spark)),
            (explosion(bom, levels=3), explosion(bom, levels=3, backend=spark)),
        ]

    for ours, theirs in pairs:
        assert len(ours) == len(theirs) > 20
        for one, other in zip(ours.to_pylist(), theirs.to_pylist(), strict=True):
            assert all(map(_equal, one.values(), other.values())), (one, other)
