"""What the parts of the StoreSuite share: the place where a store is opened, and rows to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from syncline.model.page import Op
from syncline.model.state import (
    AuditPage,
    Conflict,
    ConflictState,
    Entity,
    EntityState,
    Hint,
    Intent,
    IntentState,
    Link,
    Stream,
    Unsettled,
    UnsettledState,
)
from syncline.ports.store import Store

CRM = Stream("crm", "customer")
ERP = Stream("erp", "customer")
STREAMS = (CRM, ERP)


class Opening(Protocol):
    """Opens one and the same place, empty at first. Picklable, so that another process can open it too."""

    def __call__(self, *, lock: bool = True) -> Store:
        """Open the place for this process, or with `lock=False` only to read it."""
        ...


class StoreFixtures:
    """A subclass gives `opening` and `age`; the rest follows."""

    @pytest.fixture
    def opening(self) -> Opening:
        """How the store under test is opened; every implementation says so."""
        msg = "a StoreSuite needs a fixture `opening`"
        raise LookupError(msg)

    @pytest.fixture
    def age(self) -> Callable[[], None]:
        """Mark the closed store as one that migration 9999 was applied to; every implementation knows how."""
        msg = "a StoreSuite needs a fixture `age`"
        raise LookupError(msg)

    @pytest.fixture
    def opened(self) -> Iterator[list[Store]]:
        """Every store that the test has open, the current one last."""
        stores: list[Store] = []
        yield stores
        for store in stores:
            store.close()

    @pytest.fixture
    def store(self, opening: Opening, opened: list[Store]) -> Store:
        """An empty store with the tables of two streams."""
        opened.append(opening())
        opened[-1].prepare(STREAMS)
        return opened[-1]

    @pytest.fixture
    def reopen(self, opening: Opening, opened: list[Store]) -> Callable[[], Store]:
        """Close the store and open the same place again."""

        def again() -> Store:
            opened.pop().close()
            opened.append(opening())
            opened[-1].prepare(STREAMS)
            return opened[-1]

        return again


def entity(eid: int, *, gen: int = 1, canon: bytes = b"\x90") -> Entity:
    """A live entity."""
    return Entity(eid, EntityState.LIVE, gen, canon)


def link(eid: int, key: str = "", *, delta: bytes | None = None) -> Link:
    """A link with every column set."""
    return Link(
        eid, key or f"key {eid}", fingerprint=bytes([eid % 256]) * 16, version="v1", delta=delta, born=7, stamp=5
    )


def hint(key: str, *, due: int, stream: Stream = CRM, tries: int = 0, reason: str = "changed") -> Hint:
    """A hint that was first given at its due time."""
    return Hint(stream=stream, key=key, reason=reason, due=due, at=due, tries=tries, last=due)


def intent(*eids: int, stream: Stream = ERP, state: IntentState = IntentState.PLANNED) -> Intent:
    """A batch of updates."""
    return Intent(iid=0, stream=stream, op=Op.UPDATE, state=state, eids=eids, cause=3)


def unsettled(
    eid: int, *, stream: Stream = ERP, state: UnsettledState = UnsettledState.RETRY, due: int = 0, tries: int = 0
) -> Unsettled:
    """An item that left its batch."""
    return Unsettled(
        stream=stream,
        eid=eid,
        state=state,
        op=Op.CREATE,
        pending=b"\x80",
        due=due,
        since=1,
        tries=tries,
        message="full",
        run=2,
    )


def conflict(
    eid: int, field: str = "name", *, state: ConflictState = ConflictState.OPEN, rule: str = "manual"
) -> Conflict:
    """Two edits of one field."""
    return Conflict(
        cid=0,
        entity="customer",
        eid=eid,
        field=field,
        state=state,
        rule=rule,
        system="crm",
        theirs=b"t",
        ours=b"o",
        base=b"b",
        at=4,
        run=2,
    )


def audit_page(seq: int, *, cause: int = 1) -> AuditPage:
    """The page of one commit."""
    return AuditPage(
        seq=seq, at=seq, kind="merge", system="crm", cause=cause, n=2, hash=bytes([seq % 256]) * 32, body=b"z"
    )
