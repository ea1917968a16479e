"""Promises of a store about transactions, crashes and the one hub that may have it."""
# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Final

import pytest

from syncline.env import RealEnv
from syncline.errors import SetupError, StoreBusyError
from syncline.model.state import Stream
from syncline.ports.store import Store
from syncline.testing.store_fixtures import (
    CRM,
    ERP,
    STREAMS,
    Opening,
    StoreFixtures,
    audit_page,
    entity,
    hint,
    intent,
    link,
)

_PAGE: Final = 25  # records per transaction of the child that is killed
_PATIENCE: Final = 60  # [s] before a child that does not speak is a failure


class StoreDurability(StoreFixtures):
    """Transactions, crashes, and the one hub."""

    def test_reads_see_what_the_open_transaction_has_written(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1)])

            assert changes.links_of(CRM, [1]) == store.links_of(CRM, [1]) == {1: link(1)}

    def test_a_transaction_that_raises_leaves_no_trace(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError), store.transaction() as changes:  # noqa: PT012  each kind of row
            changes.new_eids("customer", 5)
            changes.insert_entities("customer", [entity(1)])
            changes.insert_links(CRM, [link(1)])
            changes.put_hints([hint("a", due=1)])
            changes.add_intent(intent(1))
            changes.append_audit(audit_page(1))
            changes.put_documents("plan", {"a": b"x"})
            raise ZeroDivisionError

        with store.transaction() as changes:
            assert changes.new_eids("customer", 1) == 1
        assert store.counts(CRM) == (0, 0)
        assert store.next_due() is None
        assert store.audit_head() == (0, b"")
        assert store.documents("plan") == {}

    def test_a_transaction_after_a_refused_row_works(self, store: Store) -> None:
        with pytest.raises(SetupError), store.transaction() as changes:
            changes.insert_links(CRM, [link(1), link(1)])

        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1)])

        assert store.links_of(CRM, [1]) == {1: link(1)}

    def test_transactions_are_not_nested(self, store: Store) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1)])
            with pytest.raises(SetupError), store.transaction():
                pass

        assert store.links_of(CRM, [1]) == {1: link(1)}

    def test_a_transaction_that_has_ended_answers_nothing(self, store: Store) -> None:
        with store.transaction() as changes:
            pass

        with pytest.raises(SetupError):
            changes.insert_links(CRM, [link(1)])
        with pytest.raises(SetupError):
            changes.links_of(CRM, [1])

    def test_what_was_committed_is_there_after_reopening(self, store: Store, reopen: Callable[[], Store]) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1)])

        assert reopen().links_of(CRM, [1]) == {1: link(1)}

    def test_a_second_hub_is_refused_and_told_which_process_has_the_store(self, store: Store, opening: Opening) -> None:
        with pytest.raises(StoreBusyError, match=f"in use by another hub .process {os.getpid()}."):
            opening()

        assert store.next_due() is None

    def test_a_closed_store_is_free(self, store: Store, opening: Opening, reopen: Callable[[], Store]) -> None:
        reopen()

        with pytest.raises(StoreBusyError):
            opening()

    def test_a_reader_sees_what_is_committed_and_may_not_write(
        self, store: Store, opening: Opening, opened: list[Store]
    ) -> None:
        with store.transaction() as changes:
            changes.insert_links(CRM, [link(1)])
        reader = opening(lock=False)
        opened.insert(0, reader)
        reader.prepare([CRM, Stream("mes", "product")])

        assert reader.links_of(CRM, [1]) == {1: link(1)}
        assert reader.counts(Stream("mes", "product")) == (0, 0)
        with pytest.raises(SetupError), reader.transaction() as changes:
            changes.insert_links(CRM, [link(2)])
        assert store.counts(CRM) == (0, 1)

    def test_a_hub_that_is_killed_leaves_the_store_free(self, opening: Opening, opened: list[Store]) -> None:
        with _child(opening) as (pid, pages):
            pages.recv()
            with pytest.raises(StoreBusyError, match=f"process {pid}"):
                opening()

        opened.append(opening())
        assert opened[0].audit_head()[0] > 0

    @pytest.mark.slow
    def test_only_whole_transactions_survive_a_kill(self, opening: Opening) -> None:
        dice = RealEnv().random()
        for _ in range(20):
            committed = 0
            with _child(opening) as (_pid, pages):
                for _page in range(dice.randrange(1, 12)):
                    committed = pages.recv()
                pages.poll(dice.random() / 200)

            seen = _inspect(opening)

            assert seen >= committed

    def test_a_store_of_a_newer_version_is_refused(self, opening: Opening, age: Callable[[], None]) -> None:
        opening().close()
        age()

        with pytest.raises(SetupError, match="newer version"):
            opening()


@contextmanager
def _child(opening: Opening) -> Iterator[tuple[int, Connection]]:
    """Another process that commits pages until it is killed, at the end of the block."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_commit_pages, args=(opening, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(_PATIENCE), "the child never opened the store"
        yield process.pid or 0, ours
    finally:
        process.kill()
        process.join(_PATIENCE)
        process.close()
        ours.close()


def _commit_pages(opening: Opening, pipe: Connection) -> None:
    store = opening()
    store.prepare(STREAMS)
    while True:
        with store.transaction() as changes:
            seq = changes.audit_head()[0] + 1
            first = changes.new_eids("customer", _PAGE)
            eids = range(first, first + _PAGE)
            changes.insert_entities("customer", [entity(eid, gen=seq) for eid in eids])
            changes.insert_links(CRM, [link(eid) for eid in eids])
            changes.insert_links(ERP, [link(eid) for eid in eids])
            changes.append_audit(audit_page(seq))
        pipe.send(seq)


def _inspect(opening: Opening) -> int:
    """How many pages are there; each is whole."""
    store = opening()
    store.prepare(STREAMS)
    try:
        head, _hash = store.audit_head()
        gens = [row.gen for page in store.each_entity("customer") for row in page]
        assert gens == [seq for seq in range(1, head + 1) for _ in range(_PAGE)]
        assert store.counts(CRM) == store.counts(ERP) == (head * _PAGE, head * _PAGE)
        with store.transaction() as changes:
            assert changes.new_eids("nothing", 1) > 0
        return head
    finally:
        store.close()
