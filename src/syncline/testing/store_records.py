"""Promises of a store about entities, links and match keys."""
# ruff: noqa: D102, PLR2004, S101  a test is an assertion with a name

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncline.errors import RejectedError, SetupError
from syncline.model.state import Entity, EntityState, Link, LinkState, Stream
from syncline.ports.store import Store
from syncline.testing.store_fixtures import CRM, ERP, StoreFixtures, entity, link


class StoreRecords(StoreFixtures):
    """Entities, links and match keys."""

    def test_a_new_store_is_empty(self, store: Store) -> None:
        assert store.fingerprints(CRM, ["a"]) == {}
        assert store.links(CRM, ["a"]) == {}
        assert store.links_of(CRM, [1]) == {}
        assert store.entities("customer", [1]) == {}
        assert store.counts(CRM) == (0, 0)
        assert list(store.each_entity("customer")) == []

    def test_asking_for_nothing_answers_nothing(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [])
            changes.drop_links(CRM, [])

            assert not changes.fingerprints(CRM, []) | changes.links(CRM, [])
            assert not changes.links_of(CRM, []) | changes.entities("customer", [])
            assert changes.matching("customer", 0, []) == {}

    def test_eids_are_taken_once_per_type(self, store: Store, reopen: Callable[[], Store]) -> None:
        with store.transaction() as changes:
            first = changes.new_eids("customer", 500)
            other = changes.new_eids("product", 1)
        with reopen().transaction() as changes:
            later = changes.new_eids("customer", 1)

        assert (first, other, later) == (1, 1, 501)

    def test_what_was_inserted_is_read_back_whole(self, store: Store) -> None:
        one = Entity(1, EntityState.DEAD, 9, b"canon\x00\xff", b"gens")
        joined = Link(1, "A-1", LinkState.GONE, b"\x00" * 16, "v7", b"delta", 12, 13)

        with store.transaction() as changes:
            changes.insert_entities("customer", [one, entity(2)])
            changes.insert_links(CRM, [joined, Link(2, "a-1")])

        assert store.entities("customer", [2, 1, 3]) == {1: one, 2: entity(2)}
        assert store.links_of(CRM, [1, 2, 3]) == {1: joined, 2: Link(2, "a-1")}
        assert store.links(CRM, ["A-1", "nobody"]) == {"A-1": joined}
        assert store.fingerprints(CRM, ["A-1", "a-1"]) == {"A-1": (1, b"\x00" * 16), "a-1": (2, None)}
        assert store.links_of(ERP, [1]) == {}

    @pytest.mark.parametrize(
        "key", ["", " ", "007", "7", "7.0", "-1", "9" * 40, "Ünïcode ✓ 客户", "a'b\"c?%s{link}", "x" * 2000]
    )
    def test_a_key_is_text_and_stays_as_it_is(self, store: Store, key: str) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [Link(1, key), Link(2, "else")])

        assert store.links(CRM, [key]) == {key: Link(1, key)}
        assert list(store.fingerprints(CRM, [key])) == [key]

    @pytest.mark.parametrize("key", ["a\0b", "\ud800"])
    def test_a_key_that_cannot_be_stored_is_rejected(self, store: Store, key: str) -> None:
        with pytest.raises(RejectedError):
            store.fingerprints(CRM, ["a", key])

        assert store.fingerprints(CRM, ["a"]) == {}

    def test_a_page_larger_than_any_parameter_limit_is_answered(self, store: Store) -> None:
        eids = range(1, 5001)
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(eid) for eid in eids])

        assert len(store.fingerprints(CRM, [f"key {eid}" for eid in eids])) == 5000
        assert len(store.links_of(CRM, list(eids))) == 5000

    @pytest.mark.parametrize("twin", [link(1, "another"), link(2, "key 1")])
    def test_a_record_cannot_be_linked_twice(self, store: Store, twin: Link) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1)])

        with pytest.raises(SetupError), store.transaction() as changes:
            changes.insert_links(CRM, [link(3), twin])
        assert store.links_of(CRM, [1, 2, 3]) == {1: link(1)}

    def test_an_entity_cannot_be_inserted_twice(self, store: Store) -> None:
        with pytest.raises(SetupError), store.transaction() as changes:
            changes.insert_entities("customer", [entity(1), entity(1)])

        assert store.counts(CRM) == (0, 0)

    @pytest.mark.parametrize("n", [1, 73])
    def test_updates_replace_every_column(self, store: Store, n: int) -> None:
        eids = list(range(1, n + 1))
        canons = [Entity(eid, EntityState.MERGED, 8, b"new", b"g") for eid in eids]
        renamed = [Link(eid, f"new {eid}", LinkState.DETACHED, None, None, b"d", 1, 2) for eid in eids]
        with store.transaction() as changes:
            changes.insert_entities("customer", [entity(eid) for eid in eids])
            changes.insert_links(CRM, [link(eid) for eid in eids])

        with store.transaction() as changes:
            changes.update_entities("customer", canons)
            changes.update_links(CRM, renamed)

        assert store.entities("customer", eids) == {row.eid: row for row in canons}
        assert store.links_of(CRM, eids) == {row.eid: row for row in renamed}

    @pytest.mark.parametrize("n", [1, 73])
    def test_a_touch_changes_fingerprint_version_and_stamp_alone(self, store: Store, n: int) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(eid, delta=b"d") for eid in range(1, n + 1)])
            changes.touch_links(CRM, [(eid, b"f" * 16, None, 99) for eid in range(1, n + 1)])

        assert store.links_of(CRM, [n]) == {n: Link(n, f"key {n}", LinkState.OK, b"f" * 16, None, b"d", 7, 99)}

    def test_dropped_links_are_gone_and_their_keys_free(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1), link(2), link(3)])
            changes.drop_links(CRM, [1, 3, 99])
            changes.insert_links(CRM, [link(4, "key 1")])

        assert sorted(store.links_of(CRM, [1, 2, 3, 4])) == [2, 4]

    def test_pages_come_in_order_and_never_overlap(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.insert_entities("customer", [entity(eid) for eid in (5, 3, 1, 4, 2)])
            changes.insert_links(CRM, [link(eid) for eid in (5, 3, 1)])

        assert [[row.eid for row in page] for page in store.each_entity("customer", size=2)] == [[1, 2], [3, 4], [5]]
        assert [[row.eid for row in page] for page in store.each_link(CRM, after=1, size=5)] == [[3, 5]]
        assert list(store.unlinked(CRM, size=1)) == [[2], [4]]

    def test_pages_are_safe_against_writes_between_them(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(eid) for eid in range(1, 11)])
        seen = []

        for page in store.each_link(CRM, size=3):
            seen += [row.eid for row in page]
            with store.transaction() as changes:
                changes.drop_links(CRM, [page[0].eid, page[-1].eid + 1])
                changes.update_links(CRM, [link(page[-1].eid, f"moved {page[-1].eid}")])

        assert seen == [1, 2, 3, 5, 6, 7, 9, 10]

    def test_only_links_that_differ_and_stand_have_a_delta_to_look_at(self, store: Store) -> None:
        gone = Link(3, "gone", LinkState.GONE, delta=b"d")
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1), link(2, delta=b"d"), gone, link(4, delta=b"d")])
            changes.update_links(CRM, [link(4)])

        assert [[row.eid for row in page] for page in store.links_with_delta(CRM)] == [[2]]

    def test_links_that_were_not_seen_come_in_pages(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(eid) for eid in range(1, 8)])
            changes.insert_links(CRM, [Link(8, "gone", LinkState.GONE), Link(9, "loose", LinkState.DETACHED)])
        seen = bytes([0, 1, 0, 1, 0])

        assert [[row.eid for row in page] for page in store.unseen(CRM, seen, size=3)] == [[2, 4, 5], [6, 7, 9]]
        assert [link.state for page in store.unseen(CRM, b"\1" * 7) for link in page] == [
            LinkState.OK,
            LinkState.DETACHED,
        ]
        assert list(store.unseen(CRM, b"\1" * 10)) == []

    def test_only_the_living_are_counted_and_missed(self, store: Store) -> None:
        dead = Entity(2, EntityState.DEAD, 1, b"")
        with store.transaction() as changes:
            changes.insert_entities("customer", [entity(1), dead, entity(3), entity(4)])
            changes.insert_links(CRM, [link(1), Link(3, "gone", LinkState.GONE)])

        assert store.counts(CRM) == (3, 1)
        assert store.counts(ERP) == (3, 0)
        assert list(store.unlinked(CRM)) == [[4]]

    def test_a_merger_is_followed_to_its_end(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.merge_entity("customer", 1, 2)
            changes.merge_entity("customer", 2, 3)
            changes.merge_entity("product", 3, 4)

        assert [store.merged_into("customer", eid) for eid in (1, 2, 3, 9)] == [3, 3, 3, 9]
        assert [store.absorbed("customer", eid) for eid in (3, 2, 1, 9)] == [[1, 2], [1], [], []]

    def test_match_keys_find_every_entity_that_has_them(self, store: Store) -> None:
        low, high = -(2**63), 2**63 - 1
        with store.transaction() as changes:
            changes.put_matching("customer", [(0, low, 1), (0, low, 2), (1, low, 3), (0, high, 4)])
            changes.put_matching("customer", [(0, low, 2)])

        assert store.matching("customer", 0, [low, high, 5]) == {low: [1, 2], high: [4]}
        assert store.matching("customer", 1, [low, low]) == {low: [3]}

    def test_dropped_match_keys_find_nobody(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_matching("customer", [(0, 7, 1), (1, 8, 1), (0, 7, 2)])
            changes.drop_matching("customer", [1])

        assert store.matching("customer", 0, [7]) == {7: [2]}
        assert store.matching("customer", 1, [8]) == {}

    def test_streams_with_long_names_have_tables_of_their_own(self, store: Store) -> None:
        streams = [Stream("a" * 41, "b" * 40 + last) for last in "xy"] + [Stream("a_b", "c"), Stream("a", "b_c")]
        store.prepare(streams)

        with store.transaction() as changes:
            for eid, stream in enumerate(streams, start=1):
                changes.insert_links(stream, [link(eid)])

        assert [[*store.links_of(stream, [1, 2, 3, 4])] for stream in streams] == [[1], [2], [3], [4]]

    @pytest.mark.parametrize("name", ["", "Crm", "1crm", "a b", 'a"; DROP TABLE hint; --', "a" * 42, "crm\n"])
    def test_a_name_that_is_no_identifier_is_refused(self, store: Store, name: str) -> None:
        with pytest.raises(SetupError):
            store.prepare([Stream("crm", name)])

    def test_preparing_again_keeps_what_is_there(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1)])

        store.prepare([CRM, ERP, Stream("mes", "product")])

        assert store.links_of(CRM, [1]) == {1: link(1)}
        assert store.counts(Stream("mes", "product")) == (0, 0)
