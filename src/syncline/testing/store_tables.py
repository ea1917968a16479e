"""Promises of a store about what analyses read: columns, as of one moment."""
# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import msgspec
import pyarrow as pa
import pytest

from syncline.errors import SetupError
from syncline.model.state import AuditPage, Entity, EntityState, Stream
from syncline.model.values import UNSET, Lines, Row, encode_row
from syncline.ports.store import Reads, Store
from syncline.testing.store_fixtures import Opening, StoreFixtures

ORDER = "sales_order"
_FIELDS = ["number", "customer", "ordered_on", "total", "tags", "updated_at", "x_colour", "lines"]
_LINES: Lines = {"1": {"product": 7, "quantity": "2.5", "requested_date": "2026-03-01"}, "2": {"quantity": "many"}}
_WHOLE: Row = ["A-1", 3, "2026-02-03", "12.50", ["b", "c"], "2026-02-03T04:05:06+00:00", "red", _LINES]


class StoreTables(StoreFixtures):
    """Entities as columns, and snapshots."""

    def test_entities_are_read_as_typed_columns(self, store: Store) -> None:
        _keep(store, Entity(1, EntityState.LIVE, 4, encode_row(_WHOLE)))

        table = _table(store)

        (row,) = table.to_pylist()
        lines = row.pop("lines")
        assert row == {
            "eid": 1, "live": True, "merged_into": None, "gen": 4, "known_at": datetime(2026, 1, 1, tzinfo=UTC),
            "number": "A-1", "customer": 3, "ordered_on": date(2026, 2, 3), "total": 12.5, "tags": ["b", "c"],
            "updated_at": datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC), "x_colour": "red",
        }  # fmt: skip
        assert [(one["number"], one["product"], one["quantity"]) for one in lines] == [("1", 7, 2.5), ("2", None, None)]
        assert lines[0]["requested_date"] == date(2026, 3, 1)
        assert table.schema.field("total").metadata[b"unit"] == b"column:currency"
        assert table.schema.field("total").metadata[b"available_at"] == b"column:known_at"

    def test_what_is_not_of_its_kind_is_null_and_counted(self, store: Store) -> None:
        canon = encode_row(["A-1", "C-77", "soon", "1e999", "b", None, UNSET])
        _keep(store, Entity(1, EntityState.LIVE, 4, canon))

        (batch,) = map(pa.record_batch, store.tables(ORDER))

        assert msgspec.json.decode(batch.schema.metadata[b"unreadable"]) == {
            "customer": 1, "ordered_on": 1, "total": 1, "tags": 1,
        }  # fmt: skip
        kept = {name: value for name, value in batch.to_pylist()[0].items() if value is not None}
        assert set(kept) == {"eid", "live", "gen", "known_at", "number"}

    def test_only_what_has_changed_since_is_read_again_and_all_that_is_gone(self, store: Store) -> None:
        generations = msgspec.msgpack.encode([4, 9] + [4] * 6)
        rows = [
            Entity(1, EntityState.LIVE, 4, encode_row(_WHOLE)),
            Entity(2, EntityState.LIVE, 4, encode_row(_WHOLE), generations),
            Entity(3, EntityState.DEAD, 2, encode_row(_WHOLE)), Entity(4, EntityState.MERGED, 2, encode_row(_WHOLE)),
        ]  # fmt: skip
        _keep(store, *rows)
        with store.transaction() as changes:
            changes.merge_entity(ORDER, 4, 1)

        read = {row["eid"]: row for row in _table(store, since=4).to_pylist()}

        assert sorted(read) == [2, 3, 4]
        assert (read[2]["gen"], read[2]["number"]) == (9, "A-1")
        assert [(read[eid]["live"], read[eid]["merged_into"], read[eid]["number"]) for eid in (3, 4)] == [
            (False, None, None), (False, 1, None),
        ]  # fmt: skip

    def test_one_that_came_back_has_changed_though_none_of_its_fields_has(self, store: Store) -> None:
        _keep(store, Entity(1, EntityState.LIVE, 9, encode_row(_WHOLE), msgspec.msgpack.encode([4] * 8)))

        (row,) = _table(store, since=4).to_pylist()

        assert (row["gen"], row["live"]) == (9, True)

    def test_a_type_that_nobody_has_gives_nothing(self, store: Store) -> None:
        assert list(store.tables(ORDER)) == []

    def test_a_snapshot_is_of_one_moment(self, store: Store, opening: Opening) -> None:
        _keep(store, Entity(1, EntityState.LIVE, 4, encode_row(_WHOLE)))
        reader = opening(lock=False)
        try:
            with reader.snapshot() as moment:
                before = _numbers(moment)
                with store.transaction() as changes:
                    changes.insert_entities(ORDER, [Entity(2, EntityState.LIVE, 5, encode_row(_WHOLE))])
                during = _numbers(moment)
            with reader.snapshot() as moment:
                after = _numbers(moment)
        finally:
            reader.close()

        assert (before, during, after) == ([1], [1], [1, 2])

    def test_a_snapshot_that_has_ended_answers_nothing(self, store: Store) -> None:
        with store.snapshot() as moment:
            pass
        with pytest.raises(SetupError, match="has ended"):
            moment.document("layout", ORDER)

    def test_a_snapshot_is_not_nested(self, store: Store) -> None:
        with store.snapshot(), pytest.raises(SetupError, match="open already"), store.transaction():
            pass

    def test_after_a_snapshot_the_store_is_written_to_as_before(
        self, store: Store, reopen: Callable[[], Store]
    ) -> None:
        with store.snapshot():
            pass
        _keep(store, Entity(1, EntityState.LIVE, 4, encode_row(_WHOLE)))

        assert _numbers(reopen()) == [1]


def _keep(store: Store, *rows: Entity) -> None:
    """Entities, their layout, and the page that explains generation 4."""
    store.prepare([Stream("crm", ORDER)])
    with store.transaction() as changes:
        changes.put_documents("layout", {ORDER: msgspec.json.encode(_FIELDS)})
        changes.insert_entities(ORDER, rows)
        for seq in range(1, 5):  # a page follows the one before it
            at = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6)
            changes.append_audit(
                AuditPage(seq=seq, at=at, kind="merge", system="", cause=1, n=0, hash=b"%d" % seq, body=b"")
            )


def _table(reads: Reads, *, since: int = 0) -> pa.Table:
    return pa.Table.from_batches(map(pa.record_batch, reads.tables(ORDER, since=since)))


def _numbers(reads: Reads) -> list[int]:
    return [row["eid"] for row in _table(reads).to_pylist()] if list(reads.tables(ORDER)) else []
