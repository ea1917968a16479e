"""Compares a store with a few dictionaries, over any sequence of changes that hypothesis can think of."""
# ruff: noqa: D102, PLR2004, S101  a machine is a test

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace

from syncline.errors import SetupError
from syncline.model.state import Hint, Link, LinkState, Stream, Unsettled, UnsettledState
from syncline.ports.store import Store, Transaction
from syncline.testing.store_fixtures import StoreFixtures, hint, unsettled

_EIDS: Final = st.integers(1, 6)
_KEYS: Final = st.sampled_from(["a", "b", "B", "10", "é"])
_MARKS: Final = st.sampled_from([None, b"1" * 16, b"2" * 16])
_DELTAS: Final = st.sampled_from([None, b"d"])
_TIMES: Final = st.integers(0, 5)
_LINKS: Final = st.builds(Link, _EIDS, _KEYS, st.sampled_from(LinkState), _MARKS, st.none(), _DELTAS)
_NEVER: Final = 1000

_numbers = count()


class StoreAgreement(StoreFixtures):
    """The store and the dictionaries agree."""

    def test_a_store_agrees_with_its_model(self, store: Store) -> None:
        run_state_machine_as_test(lambda: StoreMachine(store))  # type: ignore[arg-type]  # it calls what it is given


class StoreMachine(RuleBasedStateMachine):
    """One stream of its own per example, so that one store serves them all."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.stream = Stream(f"system_{next(_numbers)}", "customer")
        self.links: dict[int, Link] = {}
        self.hints: dict[str, Hint] = {}
        self.unsettled: dict[int, Unsettled] = {}
        store.prepare([self.stream])

    @rule(link=_LINKS)
    def insert_link(self, link: Link) -> None:
        taken = link.eid in self.links or any(other.key == link.key for other in self.links.values())
        try:
            with self.store.transaction() as changes:
                changes.insert_links(self.stream, [link])
        except SetupError:
            assert taken
        else:
            assert not taken
            self.links[link.eid] = link

    @rule(link=_LINKS)
    def update_link(self, link: Link) -> None:
        if any(other.key == link.key for eid, other in self.links.items() if eid != link.eid):
            return
        with self.store.transaction() as changes:
            changes.update_links(self.stream, [link])
        if link.eid in self.links:
            self.links[link.eid] = link

    @rule(eid=_EIDS, mark=_MARKS, stamp=_TIMES)
    def touch_link(self, eid: int, mark: bytes | None, stamp: int) -> None:
        with self.store.transaction() as changes:
            changes.touch_links(self.stream, [(eid, mark, "v2", stamp)])
        if eid in self.links:
            self.links[eid] = replace(self.links[eid], fingerprint=mark, version="v2", stamp=stamp)

    @rule(eids=st.lists(_EIDS, max_size=3))
    def drop_links(self, eids: list[int]) -> None:
        with self.store.transaction() as changes:
            changes.drop_links(self.stream, eids)
        for eid in eids:
            self.links.pop(eid, None)

    @rule(key=_KEYS, due=_TIMES, tries=_TIMES)
    def put_hint(self, key: str, due: int, tries: int) -> None:
        new = hint(key, due=due, stream=self.stream, tries=tries)
        with self.store.transaction() as changes:
            changes.put_hints([new])
        old = self.hints.get(key, new)
        self.hints[key] = replace(old, due=min(old.due, due), tries=max(old.tries, tries), last=due)

    @rule(key=_KEYS, due=_TIMES)
    def replace_hint(self, key: str, due: int) -> None:
        new = hint(key, due=due, stream=self.stream, reason="deferred")
        old = self.hints.get(key, new)
        self.hints[key] = replace(new, last=old.last, due=min(old.due, due) if old.last != due else due)
        with self.store.transaction() as changes:
            changes.replace_hints([new])

    @rule(keys=st.lists(_KEYS, max_size=2), again=st.booleans())
    def drop_hints(self, keys: list[str], *, again: bool) -> None:
        read = [self.hints.get(key, hint(key, due=0, stream=self.stream)) for key in keys]
        with self.store.transaction() as changes:
            changes.drop_hints([replace(one, last=one.last + 1) if again else one for one in read])
        for key in () if again else keys:
            self.hints.pop(key, None)

    @rule(eid=_EIDS, state=st.sampled_from(UnsettledState), due=_TIMES)
    def put_unsettled(self, eid: int, state: UnsettledState, due: int) -> None:
        self.unsettled[eid] = unsettled(eid, stream=self.stream, state=state, due=due)
        with self.store.transaction() as changes:
            changes.put_unsettled([self.unsettled[eid]])

    @rule(eids=st.lists(_EIDS, max_size=3))
    def drop_unsettled(self, eids: list[int]) -> None:
        with self.store.transaction() as changes:
            changes.drop_unsettled(self.stream, eids)
        for eid in eids:
            self.unsettled.pop(eid, None)

    @rule(key=_KEYS, eid=_EIDS)
    def undo(self, key: str, eid: int) -> None:
        with suppress(ZeroDivisionError), self.store.transaction() as changes:
            self._empty(changes)
            changes.put_hints([hint(key, due=0, stream=self.stream)])
            changes.put_unsettled([unsettled(eid, stream=self.stream)])
            raise ZeroDivisionError

    @invariant()
    def links_agree(self) -> None:
        eids, keys = list(self.links), [link.key for link in self.links.values()]
        differing = [eid for eid, link in sorted(self.links.items()) if link.delta and link.state is LinkState.OK]

        assert self.store.links_of(self.stream, [*eids, 99]) == self.links
        assert {link.eid: link for link in self.store.links(self.stream, keys).values()} == self.links
        assert [link.eid for page in self.store.links_with_delta(self.stream, size=2) for link in page] == differing
        assert self.store.counts(self.stream)[1] == sum(link.state is LinkState.OK for link in self.links.values())

    @invariant()
    def work_agrees(self) -> None:
        hints = sorted(self.hints.values(), key=lambda row: (row.due, row.key.encode()))
        dues = [row.due for row in hints]
        dues += [
            row.due for row in self.unsettled.values() if row.state in (UnsettledState.RETRY, UnsettledState.DOUBT)
        ]

        assert self.store.hints(self.stream, due=_NEVER) == hints
        assert self.store.unsettled_of(self.stream, range(9)) == self.unsettled
        assert len(self.store.unsettled(stream=self.stream, due=2)) == sum(
            row.due <= 2 for row in self.unsettled.values()
        )
        assert self.store.next_due() == min(dues, default=None)
        assert self.store.next_due([self.stream]) == min(dues, default=None)

    def teardown(self) -> None:
        with self.store.transaction() as changes:
            self._empty(changes)

    def _empty(self, changes: Transaction) -> None:
        changes.drop_links(self.stream, list(self.links))
        changes.drop_hints(list(self.hints.values()))
        changes.drop_unsettled(self.stream, list(self.unsettled))
