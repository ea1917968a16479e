"""Promises of a store about transactions that become durable as one."""
# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncline.errors import SetupError
from syncline.ports.store import Store
from syncline.testing.store_fixtures import CRM, Opening, StoreFixtures, link


class StoreTogether(StoreFixtures):
    """What a block holds back, when others see it, and what an interruption costs."""

    def test_transactions_held_together_become_durable_as_one(
        self, store: Store, seen: Callable[[], list[int]]
    ) -> None:
        with store.together():
            self._put(store, 1)
            self._put(store, 2)
            assert (sorted(store.links_of(CRM, [1, 2])), seen()) == ([1, 2], [])

            store.flush()
            self._put(store, 3)
            assert seen() == [1, 2]
        assert seen() == [1, 2, 3]

    def test_one_that_raises_takes_back_its_own_changes_alone(
        self, store: Store, seen: Callable[[], list[int]]
    ) -> None:
        with store.together():
            self._put(store, 1)
            with pytest.raises(SetupError), store.transaction() as changes:
                changes.insert_links(CRM, [link(2), link(2)])
            self._put(store, 3)

        assert sorted(store.links_of(CRM, [1, 2, 3])) == seen() == [1, 3]

    @pytest.mark.parametrize(("ended_by", "kept"), [(ZeroDivisionError, [1, 2]), (KeyboardInterrupt, [2])])
    def test_an_error_keeps_what_was_completed_and_a_stop_loses_it(
        self, store: Store, seen: Callable[[], list[int]], ended_by: type[BaseException], kept: list[int]
    ) -> None:
        with pytest.raises(ended_by), store.together():  # noqa: PT012  what the block held back is the matter
            self._put(store, 1)
            raise ended_by
        self._put(store, 2)

        assert sorted(store.links_of(CRM, [1, 2])) == seen() == kept

    def test_transactions_are_held_together_once_only(self, store: Store) -> None:
        with store.together(), pytest.raises(SetupError), store.together():
            pass
        with store.transaction(), pytest.raises(SetupError), store.together():
            pass

    @pytest.fixture
    def seen(self, store: Store, opening: Opening, opened: list[Store]) -> Callable[[], list[int]]:
        """The links that another process would see; `store` holds the file by then."""
        reader = opening(lock=False)
        opened.insert(0, reader)
        reader.prepare([CRM])
        return lambda: sorted(reader.links_of(CRM, [1, 2, 3]))

    def _put(self, store: Store, number: int) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(number)])
