"""The planner's tables keep the port's promises to whoever reads them, and what is told twice is no change."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from syncline.connectors.spec import Spec
from syncline.connectors.systems.planner import SPEC
from syncline.connectors.systems.planner.tables import TABLES, make_tables, put, told
from syncline.env import RealEnv
from syncline.errors import SetupError, TransientError
from syncline.ports.connector import Connector
from syncline.testing import ConnectorSuite, Tried
from syncline.testing.connector_steps import decoded

AT, LATER = "2026-03-01 12:00:00.000", "2026-03-01 12:00:05.000"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "planner.db"


class TestOrders(ConnectorSuite):
    title = "planner.orders"
    tried = Tried(
        resource="orders", text_field="delay_reason", fields_of=lambda number: {"sales_order": f"O-{number}"},
        bad_fields={}, unknown_key="nobody",
    )  # fmt: skip

    @pytest.fixture
    def options(self, file: Path) -> Mapping[str, object]:
        rows = [{"sales_order": f"O-{number}", "promise_date": f"2026-04-{number:02}"} for number in range(1, 30)]
        put(file, "orders", rows, at=AT)
        return {"file": str(file)}

    @pytest.fixture
    def connector(self, options: Mapping[str, object]) -> Iterator[Connector]:
        with closing(SPEC.open("planner", options, RealEnv())) as connector:
            yield connector

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return []

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {}


def listed(connector: Connector, resource: str) -> dict[str, object]:
    return {key: decoded(connector, resource, key) for page in connector.list(resource, None) for key in page.keys}


def versions(file: Path) -> dict[str, tuple[int, str]]:
    with closing(sqlite3.connect(file)) as state:
        return {
            key: (version, at)
            for key, version, at in state.execute("SELECT sales_order, row_version, changed_at FROM orders")
        }


def test_what_is_told_is_read_with_its_marker(file: Path):
    put(file, "customers", [{"customer": "7", "marker": "store-customer-7", "churn_risk": "0.25"}], at=AT)

    with closing(SPEC.open("planner", {"file": str(file)}, RealEnv())) as connector:
        (page,) = connector.list("customers", None)
        assert connector.contract("customers").marker is not None
        assert page.keys == ["7"]
        assert b"store-customer-7" in bytes(page.raws[0])
        assert b'"0.25"' in bytes(page.raws[0])


def test_what_is_told_again_is_no_change_and_what_is_left_out_stays(file: Path):
    row = {"sales_order": "O-1", "promise_date": "2026-04-01", "delay_days": 2}
    assert put(file, "orders", [row, {"sales_order": "O-2"}], at=AT) == 2

    assert put(file, "orders", [row, {"sales_order": "O-2"}], at=LATER) == 0
    before = versions(file)
    assert put(file, "orders", [{"sales_order": "O-1", "promise_date": None}], at=LATER) == 1

    assert before == {"O-1": (2, AT), "O-2": (1, AT)}
    assert versions(file) == {"O-1": (3, LATER), "O-2": (1, AT)}
    with closing(sqlite3.connect(file)) as state:
        assert state.execute("SELECT promise_date, delay_days FROM orders WHERE sales_order = 'O-1'").fetchall() == [
            (None, 2)
        ]


def test_what_is_told_later_is_stamped_later_whatever_the_clock_says(file: Path):
    put(file, "orders", [{"sales_order": "O-1"}], at=LATER)
    put(file, "orders", [{"sales_order": "O-2"}], at=AT)

    assert versions(file) == {"O-1": (1, LATER), "O-2": (1, "2026-03-01 12:00:05.001")}


def test_what_was_told_is_read_back_and_nothing_of_a_file_that_is_not_there(file: Path):
    assert told(file, "customers") == []
    put(file, "customers", [{"customer": "7", "churn_risk": "0.25"}], at=AT)

    assert told(file, "customers") == [{"customer": "7", "lifetime_value": None, "churn_risk": "0.25"}]


def test_rows_are_told_together_or_not_at_all(file: Path):
    with pytest.raises(SetupError, match="orders has no column colour"):
        put(file, "orders", [{"sales_order": "O-1"}, {"sales_order": "O-2", "colour": "red"}], at=AT)
    with pytest.raises(SetupError, match="orders needs sales_order in each row"):
        put(file, "orders", [{"sales_order": "O-1"}, {"promise_date": "2026-04-01"}], at=AT)

    make_tables(file)
    assert versions(file) == {}


def test_a_file_of_an_earlier_version_gets_the_columns_that_are_new(file: Path):
    make_tables(file)
    with closing(sqlite3.connect(file)) as state, state:
        state.execute("ALTER TABLE tasks DROP COLUMN reason")

    put(file, "tasks", [{"number": "t", "reason": "why"}], at=AT)

    with closing(sqlite3.connect(file)) as state:
        assert state.execute("SELECT reason FROM tasks").fetchall() == [("why",)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_of_another_kind_and_one_in_use_are_said(file: Path, monkeypatch: pytest.MonkeyPatch):
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(SetupError, match="cannot be used"):
        put(file, "orders", [{"sales_order": "O-1"}], at=AT)
    file.unlink()
    make_tables(file)
    monkeypatch.setattr("syncline.connectors.systems.planner.tables.PATIENCE", 0.1)
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientError, match="in use"):
            put(file, "orders", [{"sales_order": "O-1"}], at=AT)


def test_every_table_is_shown_as_a_resource(file: Path):
    with closing(SPEC.open("planner", {"file": str(file)}, RealEnv())) as connector:
        assert {name: listed(connector, name) for name in TABLES} == {name: {} for name in TABLES}
