"""Promises of a store about what was decided and why: conflicts, audit, aliases, tombs, documents."""
# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from syncline.errors import SetupError
from syncline.model.state import ConflictState, Tomb
from syncline.ports.store import Store
from syncline.testing.store_fixtures import CRM, ERP, StoreFixtures, audit_page, conflict


class StoreHistory(StoreFixtures):
    """Conflicts, audit, aliases, tombs, documents."""

    # --- conflicts

    def test_a_conflict_is_read_back_whole_and_newest_first(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.add_conflicts([conflict(1), conflict(2, state=ConflictState.AUTO, rule="latest")])

        newest, oldest = store.conflicts()
        assert oldest == replace(conflict(1), cid=oldest.cid)
        assert newest == replace(conflict(2, state=ConflictState.AUTO, rule="latest"), cid=newest.cid)
        assert 0 < oldest.cid < newest.cid
        assert store.conflict(oldest.cid) == oldest
        assert store.conflict(newest.cid + 1) is None

    def test_conflicts_are_asked_for_by_type_and_state(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.add_conflicts(
                [conflict(1), conflict(2, state=ConflictState.AUTO), replace(conflict(3), entity="product")]
            )

        assert [row.eid for row in store.conflicts(entity="customer")] == [2, 1]
        assert [row.eid for row in store.conflicts(state=ConflictState.OPEN)] == [3, 1]
        assert [row.eid for row in store.conflicts(entity="customer", state=ConflictState.OPEN)] == [1]
        assert [row.eid for row in store.conflicts(limit=1)] == [3]

    def test_a_newer_open_conflict_replaces_the_open_one_of_its_field(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.add_conflicts([conflict(1), conflict(1, "phone"), conflict(1, state=ConflictState.AUTO)])
            changes.add_conflicts([replace(conflict(1), theirs=b"newer")])

        assert [row.theirs for row in store.conflicts(state=ConflictState.OPEN)] == [b"newer", b"t"]
        assert len(store.conflicts(state=ConflictState.AUTO)) == 1

    def test_a_field_is_frozen_until_its_conflict_is_resolved(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.add_conflicts([conflict(1), conflict(1, "phone"), conflict(2, state=ConflictState.AUTO)])
            frozen = changes.frozen("customer", [1, 2, 3])
            phone, name = changes.conflicts(state=ConflictState.OPEN)
            resolved = replace(name, state=ConflictState.RESOLVED, kept="theirs", who="a person")
            changes.update_conflict(resolved)

        assert frozen == {1: frozenset({"name", "phone"})}
        assert store.frozen("customer", [1, 2, 3]) == {1: frozenset({phone.field})}
        assert store.conflict(name.cid) == resolved
        assert store.frozen("product", [1]) == store.frozen("customer", []) == {}

    # --- audit

    def test_audit_pages_follow_each_other(self, store: Store, reopen: Callable[[], Store]) -> None:
        pages = [audit_page(seq) for seq in (1, 2, 3)]
        start = store.audit_head()
        with store.transaction() as changes:
            for page in pages:
                changes.append_audit(page)
        store = reopen()

        assert start == (0, b"")
        assert store.audit_head() == (3, pages[2].hash)
        assert store.audit_pages([3, 1, 9]) == {1: pages[0], 3: pages[2]}
        assert store.audit_pages([]) == {}

    @pytest.mark.parametrize("seq", [0, 1, 3])
    def test_an_audit_page_out_of_turn_is_refused(self, store: Store, seq: int) -> None:
        with store.transaction() as changes:
            changes.append_audit(audit_page(1))

        with pytest.raises(SetupError), store.transaction() as changes:
            changes.append_audit(audit_page(seq))
        assert store.audit_head()[0] == 1

    def test_the_audit_log_is_read_in_order_of_one_run_or_of_all(self, store: Store) -> None:
        with store.transaction() as changes:
            for seq in range(1, 8):
                changes.append_audit(audit_page(seq, cause=seq % 3))

        assert [page.seq for page in store.audit_log(size=3)] == [1, 2, 3, 4, 5, 6, 7]
        assert [page.seq for page in store.audit_log(after=5)] == [6, 7]
        assert [page.seq for page in store.audit_log(cause=1, size=2)] == [1, 4, 7]

    # --- aliases, tombs, documents

    def test_an_alias_leads_to_the_latest_new_key(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_aliases(CRM, [("old", "new"), ("other", "x")])
            changes.put_aliases(CRM, [("old", "newer")])

        assert store.aliases(CRM, ["old", "nobody"]) == {"old": "newer"}
        assert store.aliases(ERP, ["old"]) == store.aliases(CRM, []) == {}

    def test_a_tomb_stands_until_it_is_dropped(self, store: Store) -> None:
        tombs = [Tomb(stream=stream, key="k", eid=1, reason="deleted", at=3) for stream in (CRM, ERP)]
        again = replace(tombs[0], eid=2, reason="merged", at=4)
        with store.transaction() as changes:
            changes.put_tombs(tombs)
            changes.put_tombs([again])
            changes.drop_tombs(ERP, ["k", "nobody"])

        assert store.tombs(CRM, ["k", "other"]) == {"k": again}
        assert store.tombs(ERP, ["k"]) == store.tombs(CRM, []) == {}

    def test_documents_are_kept_by_kind_and_name(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_documents("layout", {"b": b"1", "a": b"2", "c": b"3"})
            changes.put_documents("layout", {"b": b"\x00new"})
            changes.put_documents("plan", {"a": b"plan"})
            changes.drop_documents("layout", ["c", "nobody"])

        assert list(store.documents("layout").items()) == [("a", b"2"), ("b", b"\x00new")]
        assert store.documents("layout", ["b", "c"]) == {"b": b"\x00new"}
        assert store.documents("layout", []) == store.documents("nothing") == {}
        assert store.document("plan", "a") == b"plan"
        assert store.document("plan", "b") is None
