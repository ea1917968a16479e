"""Golden records: each field by its rule, with its source and what it outlived."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from syncline.analytics.identity.survivorship import PROVENANCE, SurvivalPolicy, survivorship
from syncline.errors import RejectedError, SetupError

OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def cluster(**fields: list[str | None]) -> pa.Table:
    return pa.table(
        {
            "golden_id": ["g", "g", "g"],
            "side": ["crm", "erp", "shop"],
            "key": ["1", "2", "3"],
            "changed_at": pa.array([NEW, OLD, None], pa.timestamp("us", tz="UTC")),
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("rule", "value", "side"),
    [
        ("newest", "Jade", "crm"),
        ("most", "Jade Ltd", "erp"),
        ("longest", "Jade Ltd", "erp"),
        ("first", "Jade Ltd", "erp"),
    ],
)
def test_each_rule_has_its_survivor(rule: str, value: str, side: str):
    policy = SurvivalPolicy(fields={"name": rule}, order=("erp", "shop"))

    golden = survivorship(cluster(name=["Jade", "Jade Ltd", "Jade Ltd"]), policy)

    told = golden.provenance.to_pylist()[0]
    assert (told["value"], told["side"], told["rivals"]) == (value, side, ["Jade Ltd" if value == "Jade" else "Jade"])
    assert golden.records.to_pylist() == [{"golden_id": "g", "name": value}]


def test_an_empty_value_never_survives_a_full_one():
    golden = survivorship(
        cluster(name=["  ", None, "Jade"]), SurvivalPolicy(fields={"name": "newest"}, order=("crm", "erp"))
    )

    assert golden.records.column("name").to_pylist() == ["Jade"]


def test_a_field_that_nobody_has_is_null_and_says_so():
    golden = survivorship(cluster(name=[None, None, ""]), SurvivalPolicy(fields={"name": "most"}))

    told = golden.provenance.to_pylist()[0]
    assert (told["value"], told["side"], told["rule"]) == (None, None, "no record has a value")
    assert golden.provenance.schema.equals(PROVENANCE.schema, check_metadata=True)


def test_many_things_are_settled_at_once():
    table = pa.table(
        cluster(name=["a", "b", "c"]).to_pydict() | {"golden_id": ["h", "g", "h"]},
        schema=cluster(name=["a", "b", "c"]).schema,
    )

    golden = survivorship(table, SurvivalPolicy(fields={"name": "first"}, order=("shop",)))

    assert golden.records.to_pylist() == [{"golden_id": "g", "name": "b"}, {"golden_id": "h", "name": "c"}]


def test_nothing_to_settle_is_said():
    with pytest.raises(RejectedError, match="without records"):
        survivorship(cluster(name=["a", "b", "c"]).slice(0, 0), SurvivalPolicy(fields={"name": "first"}))
    with pytest.raises(SetupError, match="no field"):
        survivorship(cluster(), SurvivalPolicy(fields={}))
