"""A dataset follows the store: what has changed, what is gone, what was merged, and a store that is not the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import pytest

from syncline.analytics.dataset.opening import open_dataset
from syncline.analytics.dataset.refresh import refresh
from syncline.errors import SetupError
from syncline.model.state import AuditPage, Entity, EntityState, Stream
from syncline.model.values import Row, encode_row
from syncline.ports.store import Store
from syncline.store import open_store

FIELDS = {
    "sales_order": ["number", "customer", "ordered_on", "total", "tags", "lines"],
    "customer": ["name", "credit_limit"],
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = made(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def dataset() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = open_dataset()
    yield opened
    opened.close()


def made(path: Path) -> Store:
    store = open_store(f"sqlite:///{path}")
    store.prepare([Stream("crm", entity) for entity in FIELDS])
    with store.transaction() as tx:
        tx.put_documents("layout", {name: msgspec.json.encode(fields) for name, fields in FIELDS.items()})
    return store


def agree(store: Store, entity: str, *rows: tuple[int, Row], state: EntityState = EntityState.LIVE) -> None:
    """One commit: these entities are new, or have changed."""
    seq, _ = store.audit_head()
    at = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6) + seq
    with store.transaction() as tx:
        tx.append_audit(
            AuditPage(
                seq=seq + 1, at=at, kind="merge", system="", cause=1, n=0, hash=b"%d %d" % (seq, id(store)), body=b""
            )
        )
        known = store.entities(entity, [eid for eid, _ in rows])
        written = [Entity(eid, state, seq + 1, encode_row(row)) for eid, row in rows]
        tx.insert_entities(entity, [one for one in written if one.eid not in known])
        tx.update_entities(entity, [one for one in written if one.eid in known])


def order(number: str, customer: int, *quantities: str) -> Row:
    lines = {str(place): {"product": 9, "quantity": told} for place, told in enumerate(quantities, 1)}
    return [number, customer, "2026-02-03", "10.5", ["b", "c"], lines]


def asked(dataset: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return dataset.execute(sql).fetchall()


ORDERS = "SELECT number, customer, total, tags FROM sales_order ORDER BY eid"
LINES = "SELECT eid, number, quantity FROM sales_order_lines ORDER BY ALL"


def test_entities_and_their_lines_become_tables(store: Store, dataset: duckdb.DuckDBPyConnection):
    agree(store, "sales_order", (1, order("A", 3, "2", "0.5")), (2, order("B", 3)))

    with store.snapshot() as moment:
        told = refresh(dataset, moment)

    assert asked(dataset, ORDERS) == [("A", 3, 10.5, "b, c"), ("B", 3, 10.5, "b, c")]
    assert asked(dataset, LINES) == [(1, "1", 2.0), (1, "2", 0.5)]
    assert (told.changed, told.unreadable) == ({"sales_order": 2}, {})
    assert asked(dataset, "SELECT count(*) FROM purchase_order") == [(0,)]


def test_only_what_has_changed_is_read_again(store: Store, dataset: duckdb.DuckDBPyConnection):
    agree(store, "sales_order", (1, order("A", 3, "2")), (2, order("B", 3, "4")), (3, order("C", 3)))
    with store.snapshot() as moment:
        refresh(dataset, moment)
    agree(store, "sales_order", (2, order("B", 4, "5", "6")))
    agree(store, "sales_order", (3, order("C", 3)), state=EntityState.DEAD)

    with store.snapshot() as moment:
        told = refresh(dataset, moment)

    assert told.changed == {"sales_order": 2}
    assert asked(dataset, ORDERS) == [("A", 3, 10.5, "b, c"), ("B", 4, 10.5, "b, c")]
    assert asked(dataset, LINES) == [(1, "1", 2.0), (2, "1", 5.0), (2, "2", 6.0)]
    with store.snapshot() as moment:
        assert refresh(dataset, moment).changed == {"sales_order": 1}, "one that is gone, and no other"


def test_what_points_at_a_merged_entity_points_at_the_survivor(store: Store, dataset: duckdb.DuckDBPyConnection):
    agree(store, "customer", (3, ["Loser", "1"]), (4, ["Winner", "2"]))
    agree(store, "sales_order", (1, order("A", 3)))
    with store.snapshot() as moment:
        refresh(dataset, moment)
    agree(store, "customer", (3, ["Loser", "1"]), state=EntityState.MERGED)
    with store.transaction() as tx:
        tx.merge_entity("customer", 3, 4)

    with store.snapshot() as moment:
        refresh(dataset, moment)

    assert asked(dataset, "SELECT customer FROM sales_order") == [(4,)]
    assert asked(dataset, "SELECT name FROM customer") == [("Winner",)]


def test_what_cannot_be_read_is_null_and_told(store: Store, dataset: duckdb.DuckDBPyConnection):
    agree(store, "customer", (1, ["One", "much"]), (2, ["Two", "5"]))

    with store.snapshot() as moment:
        told = refresh(dataset, moment)

    assert told.unreadable == {"customer.credit_limit": 1}
    assert asked(dataset, "SELECT credit_limit FROM customer ORDER BY eid") == [(None,), (5.0,)]


def test_what_names_a_line_is_text_whatever_it_is_meant_to_be(store: Store, dataset: duckdb.DuckDBPyConnection):
    store.prepare([Stream("mes", "work_centre")])
    with store.transaction() as tx:
        tx.put_documents("layout", {"work_centre": msgspec.json.encode(["number", "load"])})
    agree(store, "work_centre", (1, ["CUT", {"2026-W12": {"planned": "34.5"}}]))

    with store.snapshot() as moment:
        refresh(dataset, moment)

    assert asked(dataset, "SELECT starts_on, planned FROM work_centre_load") == [("2026-W12", 34.5)]


def test_a_secret_field_is_never_kept_and_one_that_becomes_secret_goes(
    store: Store, dataset: duckdb.DuckDBPyConnection
):
    agree(store, "customer", (1, ["One", "5"]))
    agree(store, "sales_order", (1, order("A", 3, "2")))
    with store.snapshot() as moment:
        refresh(dataset, moment)
    assert asked(dataset, "SELECT credit_limit FROM customer") == [(5.0,)]

    with store.snapshot() as moment:
        refresh(dataset, moment, secret={"customer": ["credit_limit"], "sales_order": ["lines"]})

    assert asked(dataset, "SELECT name, credit_limit FROM customer") == [("One", None)]
    assert asked(dataset, LINES) == []


def test_another_store_is_read_whole(store: Store, dataset: duckdb.DuckDBPyConnection, tmp_path: Path):
    agree(store, "customer", (1, ["One", "1"]), (2, ["Two", "2"]))
    with store.snapshot() as moment:
        refresh(dataset, moment)
    other = made(tmp_path / "other.db")
    agree(other, "customer", (7, ["Seven", "7"]))

    with other.snapshot() as moment:
        told = refresh(dataset, moment)
    other.close()

    assert told.changed == {"customer": 1}
    assert asked(dataset, "SELECT eid, name FROM customer") == [(7, "Seven")]


def test_a_file_keeps_it_and_one_that_is_no_dataset_is_said(store: Store, tmp_path: Path):
    agree(store, "customer", (1, ["One", "1"]))
    for expected in ({"customer": 1}, {}):
        dataset = open_dataset(tmp_path / "analytics.duckdb")
        with store.snapshot() as moment:
            assert refresh(dataset, moment).changed == expected
        dataset.close()
    (tmp_path / "broken.duckdb").write_bytes(b"no database" * 1000)

    with pytest.raises(SetupError, match=r"broken\.duckdb cannot be opened.*made anew"):
        open_dataset(tmp_path / "broken.duckdb")
