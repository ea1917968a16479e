"""Takes in what systems tell of: durable before they are answered, many at a time, each record once.

A thread of its own writes it down, so that nobody who tells us something waits for the engine; the engine's thread
fetches it when it has a moment, and may have looked before the disk has it: to look once too often does no harm. What
the store has is let go; what it has not is handed out again after a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from queue import Empty, SimpleQueue

from syncline.app.storm import Storm
from syncline.config import Project
from syncline.env import Env
from syncline.errors import SynclineError, TransientError
from syncline.ports.inbox import Inbox, Message, Place, Telling, Told
from syncline.store import open_inbox

REMEMBERED = 600_000_000  #: how long a message is known again: twice the usual tolerance [µs]
_AT_ONCE = 2_000  #: tellings in one transaction
_MOST_MESSAGES = 200_000  #: that are known again; a flood pushes the oldest out
_LET_GO = 1.0  #: within which what the store has is let go [s]: seldom, for each time costs a wait for the disk
_CLOSING = 5.0  #: for what is under way when it ends [s]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that was told of and not yet handed out."""

    seq: int
    since: float  #: when it was first told of [s]


class Intake:
    """Between those who tell us something and the engine. `take` from any thread, the rest from the engine's."""

    def __init__(self, inbox: Inbox, env: Env) -> None:
        self._inbox, self._env = inbox, env
        self._asked: SimpleQueue[Telling | list[Told] | None] = SimpleQueue()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._lock = threading.Lock()  #: of what both threads use: the next five
        self._waiting: dict[Place, Waiting] = {}
        self._held: dict[Place, Waiting] = {}  #: until the storm lets them go
        self._handed_out = 0
        self._storm: Storm[Place] = Storm()
        self._known: dict[tuple[str, str], int] = {(one.system, one.id): one.at for one in inbox.messages()}
        kept = inbox.kept()
        self._seq = max((one.seq for one in kept), default=0)
        now = env.monotonic()
        self._waiting.update({(one.stream, one.key): Waiting(one.seq, now) for one in kept})
        self._stored: list[Told] = []  #: to be let go; of the thread that writes, as the next one
        self._let_go_at = 0.0
        self._thread = threading.Thread(target=self._work, name="syncline-intake", daemon=True)
        self._thread.start()

    # --- those who tell -----------------------------------------------------------------------------------------------

    def take(self, telling: Telling) -> None:
        """Write it down soon, and say when that is done."""
        self._asked.put(telling)

    def knows(self, system: str, message: str) -> bool:
        """Was this message taken before?"""
        with self._lock:
            return (system, message) in self._known

    # --- the engine ---------------------------------------------------------------------------------------------------

    def waits(self) -> bool:
        """Is there anything to hand out now?"""
        with self._lock:
            self._release()
            return bool(self._waiting)

    def fetch(self) -> dict[Told, float]:
        """Everything that is to be looked at now, and since when it is waited for [s]."""
        with self._lock:
            self._release()
            ready, self._waiting = self._waiting, {}
            self._handed_out += len(ready)
            self._storm.hand_out(ready, self._env.monotonic())
        return {Told(stream, key, one.seq): one.since for (stream, key), one in ready.items()}

    def _release(self) -> None:
        for record in self._storm.release(self._env.monotonic()):
            self._waiting[record] = self._held.pop(record)

    def give_back(self, told: Sequence[Told]) -> None:
        """The engine could not look at these after all."""
        with self._lock:
            now = self._env.monotonic()
            self._handed_out -= len(told)
            for one in told:
                if (one.stream, one.key) not in self._held:
                    self._waiting.setdefault((one.stream, one.key), Waiting(one.seq, now))

    def has_stored(self, told: Sequence[Told]) -> None:
        """The store has these: they need not be kept here any more."""
        with self._lock:
            self._handed_out -= len(told)
        self._asked.put(list(told))

    def listen(self, longest: float) -> None:
        """Let time pass until something is told, at most so long [s]."""
        try:
            self._bell.get(timeout=longest)
            while True:
                self._bell.get_nowait()
        except Empty:
            return

    def held(self) -> int:
        """How many records were told of and are not in the store yet."""
        with self._lock:
            return len(self._waiting) + len(self._held) + self._handed_out

    def close(self) -> None:
        """Write down what was taken, and end."""
        self._asked.put(None)
        self._thread.join(_CLOSING)
        self._inbox.close()

    # --- the thread that writes ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        going = True
        while going:
            tellings, going = self._asked_for()
            if tellings:
                self._keep(tellings)
            if self._stored and (not going or len(self._stored) >= _AT_ONCE or self._pause() <= 0):
                self._forget()

    def _pause(self) -> float:
        """Until what the store has is let go [s]."""
        return self._let_go_at - self._env.monotonic()

    def _asked_for(self) -> tuple[list[Telling], bool]:
        """Whatever is told by now, as many tellings share one transaction; is there more to come?"""
        tellings: list[Telling] = []
        try:
            one = self._asked.get(timeout=max(0.0, self._pause()) if self._stored else None)
            while one is not None:
                if isinstance(one, Telling):
                    tellings.append(one)
                else:
                    self._let_go_at = self._let_go_at if self._stored else self._env.monotonic() + _LET_GO
                    self._stored += one
                if len(tellings) >= _AT_ONCE:
                    return tellings, True
                one = self._asked.get_nowait()
        except Empty:
            return tellings, True
        return tellings, False

    def _keep(self, tellings: Sequence[Telling]) -> None:
        """The engine may look at once: its look goes on while the disk takes the telling, and costs nothing if lost."""
        records = dict.fromkeys(record for one in tellings for record in one.records)
        told = [Told(*record, self._seq + number) for number, record in enumerate(records, 1)]
        self._seq += len(told)
        self._admit([record for one in tellings for record in one.records], told)
        messages = [message for one in tellings for message in one.messages]
        try:
            self._inbox.keep(told, messages)
        except Exception as error:  # noqa: BLE001  nothing may end this thread: nobody would be answered any more
            _answer(
                tellings, error if isinstance(error, SynclineError) else TransientError(f"The inbox failed: {error}.")
            )
            return
        with self._lock:
            self._remember(messages)
        _answer(tellings, None)

    def _admit(self, records: Sequence[Place], told: Sequence[Told]) -> None:
        """Let these wait for the engine, and wake it, unless they are part of a storm."""
        with self._lock:
            now = self._env.monotonic()
            self._storm.tell(records, self._waiting, now)
            for one in told:
                record = one.stream, one.key
                known = self._held.pop(record, None) or self._waiting.get(record)
                waits = Waiting(one.seq, known.since if known else now)
                is_held = record not in self._waiting and self._storm.holds(record, now)
                (self._held if is_held else self._waiting)[record] = waits
            is_ready = bool(self._waiting)
        if is_ready:
            self._bell.put(None)

    def _remember(self, messages: Sequence[Message]) -> None:
        self._known.update({(one.system, one.id): one.at for one in messages})
        while len(self._known) > _MOST_MESSAGES:
            del self._known[next(iter(self._known))]

    def _forget(self) -> None:
        stored, self._stored = self._stored, []
        before = int(self._env.now().timestamp() * 1e6) - REMEMBERED
        try:
            self._inbox.forget(stored, before=before)
        except Exception:  # noqa: BLE001  as in `_keep`
            return  # it is handed out once more after a restart, which does no harm
        with self._lock:
            for one in list(takewhile(lambda known: self._known[known] < before, self._known)):
                del self._known[one]


def _answer(tellings: Sequence[Telling], error: SynclineError | None) -> None:
    """Say what became of them. Whoever has gone meanwhile must not keep the others from hearing it."""
    for one in tellings:
        with suppress(Exception):
            one.done(error)


@contextmanager
def open_intake(project: Project, env: Env) -> Iterator[Intake]:
    """What systems tell the hub of this project; its store is to be open, so that there is one hub alone."""
    intake = Intake(open_inbox(project.store.url.reveal()), env)
    try:
        yield intake
    finally:
        intake.close()
