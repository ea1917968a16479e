"""Keeps what systems tell us, beside the state: in a file of its own, or in two tables over a second connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from syncline.model.state import Stream
from syncline.ports.inbox import Inbox, Message, Told
from syncline.store.session import Session

FILE_ENDING = ".inbox"  #: of the file beside that of the state


def stored_inbox(session: Session) -> Inbox:
    """The inbox of a session; its tables are made where they are missing."""
    try:
        for name in ("make_inbox", "make_message"):
            session.rows(name)
    except BaseException:
        session.close()
        raise
    return _StoredInbox(session)


class _StoredInbox:
    """The inbox port over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, told: Sequence[Told], messages: Sequence[Message]) -> None:
        """One transaction for all."""
        with self._transaction():
            self._session.page("put_told", [(*one.stream, one.key, one.seq) for one in told])
            self._session.page("put_messages", messages)

    def kept(self) -> Sequence[Told]:
        """Everything that is there."""
        return [Told(Stream(system, entity), key, seq) for system, entity, key, seq in self._session.rows("told")]

    def messages(self) -> Sequence[Message]:
        """The messages that are remembered."""
        return [Message(*row) for row in self._session.rows("messages")]

    def forget(self, told: Sequence[Told], *, before: int) -> None:
        """One transaction for all."""
        with self._transaction():
            self._session.page("drop_told", [(*one.stream, one.key, one.seq) for one in told])
            self._session.rows("drop_messages", (before,))

    def close(self) -> None:
        """Let the database go."""
        self._session.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._session.begin()
        try:
            yield
            self._session.commit()
        except BaseException:
            self._session.rollback()
            raise
