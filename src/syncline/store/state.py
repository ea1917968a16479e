"""When changes become durable: one transaction after the other, or several together as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from syncline.errors import SetupError
from syncline.model.state import Stream
from syncline.ports.store import Reads, Transaction
from syncline.store.reads import StoredReads
from syncline.store.session import Session, check_names, table_words
from syncline.store.transactions import StoredTransaction


class StoredState(StoredReads):
    """The store port over one session: transactions one after the other, never nested."""

    def __init__(self, session: Session, *, writable: bool) -> None:
        super().__init__(session)
        self._writable = writable
        self._busy = False
        self._together = False
        self._holding = False  # is a transaction of the database open that holds completed ones?
        self._lost = False  # has the database taken back what was held?

    def prepare(self, streams: Sequence[Stream]) -> None:
        """Make the tables that are missing; a reader gets empty ones that nobody else sees."""
        for stream in streams:
            check_names(stream)
        if self._writable:
            with self.transaction():
                self._make_tables(streams)
        else:
            self._make_tables(streams)

    def _make_tables(self, streams: Sequence[Stream]) -> None:
        for kind in sorted({stream.entity for stream in streams}):
            self._make("entity", Stream("", kind))
            self._make("match", Stream("", kind))
        for stream in streams:
            self._make("link", stream)

    def _make(self, kind: str, stream: Stream) -> None:
        name = table_words(stream)[kind].strip('"')
        if self._session.rows("has_table", (name,)):
            return
        self._session.rows(f"make_{kind}" if self._writable else f"show_{kind}", (), stream)
        if self._writable and kind != "entity":
            self._session.rows(f"index_{kind}", (), stream)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end, roll back on any exception; afterwards the transaction answers nothing."""
        if self._busy:
            raise SetupError("A transaction of the store is open already.", cure="End it before the next one begins.")
        begin, commit, rollback = self._borders()
        begin()
        self._busy = True
        changes = StoredTransaction(self._session)
        try:
            yield changes
            commit()
        except BaseException:
            rollback()
            raise
        finally:
            self._busy = False
            changes.end()

    @contextmanager
    def snapshot(self) -> Iterator[Reads]:
        """One transaction that only reads, and ends without a commit."""
        if self._busy or self._together:
            raise SetupError("A transaction of the store is open already.", cure="End it before the next one begins.")
        self._session.look()
        self._busy = True
        seen = StoredReads(self._session)
        try:
            yield seen
        finally:
            self._busy = False
            seen.end()
            self._session.rollback()

    def _borders(self) -> tuple[Callable[[], None], Callable[[], None], Callable[[], None]]:
        """What begins, commits and rolls back a transaction: of the database, or a part of one that holds several."""
        session = self._session
        if not self._together:
            return session.begin, session.commit, session.rollback
        return self._begin_part, partial(session.script, "RELEASE part"), self._undo_part

    def _begin_part(self) -> None:
        self._refuse_lost()
        if not self._holding:
            self._session.begin()
            self._holding = True
        self._session.script("SAVEPOINT part")

    def _undo_part(self) -> None:
        """Undo one part. Where the database has undone everything, nothing more is let in, and nothing is committed."""
        try:
            self._session.script("ROLLBACK TO part; RELEASE part")
        except BaseException:
            self._lost = True
            self._drop_held()
            raise

    def _refuse_lost(self) -> None:
        if self._lost:
            raise SetupError("The store took back changes that were not yet durable.", cure="Run the command again.")

    @contextmanager
    def together(self) -> Iterator[None]:
        """One commit for the transactions of this block, or one for those up to each `flush`."""
        if self._together or self._busy:
            raise SetupError("A transaction of the store is open already.", cure="End it before the next one begins.")
        self._together = True
        try:
            yield
        except Exception:
            if not self._lost:  # else what ends it says more than that nothing can be committed
                self.flush()
            raise
        except BaseException:
            self._drop_held()
            raise
        else:
            self.flush()
        finally:
            self._together = self._lost = False

    def flush(self) -> None:
        """Commit what is held."""
        self._refuse_lost()
        if not self._holding:
            return
        try:
            self._session.commit()
        except BaseException:
            self._lost = True
            self._drop_held()
            raise
        self._holding = False

    def _drop_held(self) -> None:
        if self._holding:
            self._holding = False
            self._session.rollback()

    def close(self) -> None:
        """Let the database and its lock go."""
        self._session.close()
