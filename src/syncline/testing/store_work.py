"""Promises of a store about what is still to be done: cursors, hints, intents, unsettled items."""
# ruff: noqa: D102, S101, S106  a test is an assertion with a name; a cursor's token is no secret

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from syncline.model.page import Cursor, Op
from syncline.model.state import Hint, Intent, IntentState, Unsettled, UnsettledState
from syncline.ports.store import Store
from syncline.testing.store_fixtures import CRM, ERP, StoreFixtures, hint, intent, unsettled


class StoreWork(StoreFixtures):
    """Cursors, hints, intents, unsettled items."""

    # --- cursors

    def test_a_stream_starts_without_a_cursor(self, store: Store) -> None:
        assert store.cursor(CRM) == (None, 0)

    def test_a_cursor_never_goes_back_within_its_epoch(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_cursor(CRM, Cursor(stamp=20, token="x"))
            changes.put_cursor(CRM, Cursor(stamp=19, token="y"))
            changes.put_cursor(CRM, None)

        assert store.cursor(CRM) == (Cursor(stamp=20, token="x"), 0)
        assert store.cursor(ERP) == (None, 0)

    def test_a_cursor_of_equal_stamp_moves_to_the_new_token(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_cursor(CRM, Cursor(token="x"))
            changes.put_cursor(CRM, Cursor(token="a"))

        assert store.cursor(CRM) == (Cursor(token="a"), 0)

    def test_a_new_epoch_starts_where_it_is_told(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_cursor(CRM, Cursor(stamp=20))
            changes.put_cursor(CRM, Cursor(stamp=5), epoch=1)
            changes.put_cursor(ERP, Cursor(stamp=20))
            changes.put_cursor(ERP, None, epoch=4)
            changes.put_cursor(ERP, Cursor(stamp=1))

        assert store.cursor(CRM) == (Cursor(stamp=5), 1)
        assert store.cursor(ERP) == (Cursor(stamp=1), 4)

    # --- hints

    def test_many_hints_for_one_record_are_one_and_the_earliest_due_stands(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_hints([hint("a", due=20, reason="changed", tries=2)])
            changes.put_hints(
                [hint("a", due=10, reason="webhook", tries=1), hint("a", due=30, reason="missing", tries=5)]
            )

        one = Hint(stream=CRM, key="a", reason="changed", due=10, at=20, tries=5, last=30)
        assert store.hints(CRM, due=10) == [one]

    def test_a_replaced_hint_is_what_was_given(self, store: Store) -> None:
        later = hint("a", due=50, reason="deferred", tries=1)
        with store.transaction() as changes:
            changes.put_hints([hint("a", due=20, tries=3)])
            changes.replace_hints([replace(later, last=20), hint("b", due=60)])

        assert store.hints(CRM, due=99) == [replace(later, last=20), hint("b", due=60)]

    def test_a_hint_that_was_given_again_is_neither_forgotten_nor_put_off(self, store: Store) -> None:
        read = [hint("dropped", due=20), hint("put off", due=20), hint("untouched", due=20)]
        with store.transaction() as changes:
            changes.put_hints(read)
        with store.transaction() as changes:
            changes.put_hints([hint("dropped", due=30), hint("put off", due=30)])
        with store.transaction() as changes:
            changes.drop_hints([read[0], read[2]])
            changes.replace_hints([replace(read[1], reason="missing", due=60, tries=1)])

        assert store.hints(CRM, due=99) == [
            replace(read[0], last=30),
            replace(read[1], last=30, reason="missing", tries=1),
        ]

    @pytest.mark.parametrize("changed", [{"due": 10}, {"tries": 2}, {"at": 10, "last": 10}])
    def test_a_hint_that_was_given_again_in_any_way_stays(self, store: Store, changed: dict[str, int]) -> None:
        read = hint("a", due=20)
        with store.transaction() as changes:
            changes.put_hints([read])
            changes.put_hints([replace(read, **changed)])
            changes.drop_hints([read])

        assert [row.key for row in store.hints(CRM, due=99)] == ["a"]

    def test_due_hints_come_earliest_first_and_no_more_than_asked(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_hints([hint("c", due=30), hint("b", due=10), hint("a", due=20), hint("x", due=1, stream=ERP)])

        assert [row.key for row in store.hints(CRM, due=29)] == ["b", "a"]
        assert [row.key for row in store.hints(CRM, due=99, limit=2)] == ["b", "a"]
        assert store.hints(CRM, due=9) == []

    def test_dropped_hints_are_forgotten_in_their_stream_alone(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_hints([hint("a", due=1), hint("b", due=1), hint("a", due=1, stream=ERP)])
            changes.drop_hints([hint("a", due=1), hint("nobody", due=1)])

        assert [row.key for row in store.hints(CRM, due=9)] == ["b"]
        assert [row.key for row in store.hints(ERP, due=9)] == ["a"]

    @pytest.mark.parametrize("n", [1, 100])
    def test_a_page_of_hints_is_kept_whole(self, store: Store, n: int) -> None:
        with store.transaction() as changes:
            changes.put_hints([hint(f"{i:03}", due=i) for i in range(n)])
            changes.put_hints([hint(f"{i:03}", due=i + 1) for i in range(n)])

        assert store.hints(CRM, due=n) == [replace(hint(f"{i:03}", due=i), last=i + 1) for i in range(n)]

    def test_next_due_is_the_earliest_of_what_waits_by_itself(self, store: Store) -> None:
        waiting = []
        with store.transaction() as changes:
            waiting.append(changes.next_due())
            changes.put_unsettled([unsettled(1, state=UnsettledState.PARKED, due=1)])
            waiting.append(changes.next_due())
            changes.put_unsettled([unsettled(2, state=UnsettledState.DOUBT, due=50)])
            waiting.append(changes.next_due())
            changes.put_unsettled([unsettled(3, state=UnsettledState.RETRY, due=40)])
            waiting.append(changes.next_due())
            changes.put_hints([hint("a", due=30)])
            waiting.append(changes.next_due())

        assert waiting == [None, None, 50, 40, 30]

    def test_next_due_of_some_streams_leaves_the_others_out(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_hints([hint("a", due=30), hint("b", due=10, stream=ERP)])
            changes.put_unsettled([unsettled(1, state=UnsettledState.DOUBT, due=20, stream=CRM)])
            changes.put_unsettled([unsettled(1, state=UnsettledState.PARKED, due=5, stream=ERP)])
        dues = [store.next_due(streams) for streams in ([CRM], [ERP], [CRM, ERP], None, [])]

        assert dues == [20, 10, 10, 10, None]

    # --- intents

    def test_an_intent_gets_a_number_and_is_read_back_whole(self, store: Store) -> None:
        sent = Intent(
            iid=99,
            stream=CRM,
            op=Op.CREATE,
            state=IntentState.SENT,
            eids=(5, 3, 2**40),
            cause=7,
            priority=0,
            body=b"body",
            sent_at=11,
            doubt_until=12,
            result=b"{}",
        )

        with store.transaction() as changes:
            iid = changes.add_intent(sent)

        assert store.intents(IntentState.SENT) == [replace(sent, iid=iid)]

    @pytest.mark.parametrize("eids", [(), (1,), tuple(range(7, 507)), (1, 3, 2, 4), (3, 2, 1), (1, 2, 4), (2, 2)])
    def test_the_eids_of_an_intent_keep_their_order(self, store: Store, eids: tuple[int, ...]) -> None:
        with store.transaction() as changes:
            changes.add_intent(intent(*eids))

        assert store.intents(IntentState.PLANNED)[0].eids == eids

    def test_intents_come_oldest_first_of_one_stream_or_of_all(self, store: Store) -> None:
        with store.transaction() as changes:
            numbers = [changes.add_intent(intent(1, stream=stream)) for stream in (ERP, CRM, ERP)]
            changes.add_intent(intent(2, state=IntentState.SETTLED))

        assert [row.iid for row in store.intents(IntentState.PLANNED)] == numbers == sorted(set(numbers))
        assert [row.iid for row in store.intents(IntentState.PLANNED, ERP)] == [numbers[0], numbers[2]]
        assert len(store.intents(IntentState.SETTLED)) == 1

    def test_an_updated_intent_is_what_was_given(self, store: Store) -> None:
        with store.transaction() as changes:
            iid = changes.add_intent(intent(1, 2, 3))
            settled = replace(intent(3, state=IntentState.SETTLED), iid=iid, body=None, result=b"[]", priority=3)
            changes.update_intent(settled)

        assert store.intents(IntentState.PLANNED) == []
        assert store.intents(IntentState.SETTLED) == [settled]

    def test_old_settled_intents_are_dropped_and_the_others_stay(self, store: Store) -> None:
        old, new = replace(intent(1, state=IntentState.SETTLED), cause=1), replace(intent(2), cause=9)
        with store.transaction() as changes:
            for one in (old, replace(old, state=IntentState.PLANNED), replace(new, state=IntentState.SETTLED), old):
                changes.add_intent(one)
        left = []
        for _ in range(2):
            with store.transaction() as changes:
                changes.drop_settled(before=9, limit=3)
            left.append([row.cause for row in store.intents(IntentState.SETTLED)])

        assert left == [[9, 1], [9]]
        assert len(store.intents(IntentState.PLANNED)) == 1

    # --- unsettled

    @pytest.mark.parametrize("n", [1, 100])
    def test_an_unsettled_row_is_replaced_by_its_successor(self, store: Store, n: int) -> None:
        later = [unsettled(eid, state=UnsettledState.PARKED, due=5, tries=2) for eid in range(1, n + 1)]
        with store.transaction() as changes:
            changes.put_unsettled([unsettled(eid) for eid in range(1, n + 1)])
            changes.put_unsettled(later)

        assert store.unsettled_of(ERP, [*range(n + 2)]) == {row.eid: row for row in later}
        assert store.unsettled_of(CRM, [1]) == {}

    def test_unsettled_rows_meet_every_condition(self, store: Store) -> None:
        rows = [
            unsettled(1, due=30),
            unsettled(2, due=10),
            unsettled(3, due=20, state=UnsettledState.DOUBT),
            unsettled(4, due=5, stream=CRM),
        ]
        with store.transaction() as changes:
            changes.put_unsettled(rows)

        assert _eids(store.unsettled()) == [4, 2, 3, 1]
        assert _eids(store.unsettled(stream=ERP)) == [2, 3, 1]
        assert _eids(store.unsettled(state=UnsettledState.RETRY)) == [4, 2, 1]
        assert _eids(store.unsettled(due=10)) == [4, 2]
        assert _eids(store.unsettled(stream=ERP, state=UnsettledState.RETRY, due=30, limit=1)) == [2]
        assert _eids(store.unsettled(state=UnsettledState.PARKED)) == []

    def test_unsettled_rows_are_counted_and_dropped(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.put_unsettled([unsettled(1), unsettled(2), unsettled(3), unsettled(3, stream=CRM)])
            changes.put_unsettled([unsettled(4, state=UnsettledState.PARKED)])
            changes.drop_unsettled(ERP, [3, 99])

        assert store.unsettled_counts() == {
            (CRM, UnsettledState.RETRY): 1,
            (ERP, UnsettledState.RETRY): 2,
            (ERP, UnsettledState.PARKED): 1,
        }


def _eids(rows: Sequence[Unsettled]) -> list[int]:
    return [row.eid for row in rows]
