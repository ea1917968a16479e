"""Passes on what a connector hears, to whoever keeps hints: nothing is forgotten there before it is durable here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from syncline.engine.hub import Hub
from syncline.errors import SynclineError
from syncline.model.state import Stream
from syncline.ports.hearing import Hears

_AT_ONCE = 500  #: hints under way together
_PAUSE = 2.0  #: between two looks whether the connection holds [s]
_ENDING = 5.0  #: for what is under way when it ends [s]

Place = tuple[Stream, str]
Done = Callable[[SynclineError | None], None]
#: Keeps that these records may have changed, and calls `done`, from any thread, once that is durable or cannot be.
Take = Callable[[Sequence[Place], Done], None]
#: Told from any thread: a system, how many of its messages were passed on, and why nothing is heard ("": all is well).
Noted = Callable[[str, int, str], None]


def hearings(hub: Hub, systems: Sequence[str], take: Take, noted: Noted) -> list[Hearing]:
    """One for each of these systems that is told of changes; it listens from now on."""
    streams: dict[tuple[str, str], list[Stream]] = {}
    for bound in hub.flows.values():
        for side in bound.sides.values():
            streams.setdefault((side.system, side.side.resource), []).append(side.stream)
    ears: dict[str, object] = {system: hub.connectors.get(system) for system in systems}
    return [Hearing(system, ear, streams, take, noted) for system, ear in ears.items() if isinstance(ear, Hears)]


class Hearing:
    """One system that tells of changes. A thread of its own keeps the connection."""

    def __init__(
        self, system: str, ear: Hears, streams: Mapping[tuple[str, str], Sequence[Stream]], take: Take, noted: Noted
    ) -> None:
        self._system, self._ear, self._streams, self._take, self._noted = system, ear, streams, take, noted
        self._lock = threading.Lock()  #: of the next one
        self._under_way = False
        self._ending = threading.Event()
        self._news = threading.Event()
        self.trouble = ""  #: why nothing is heard; "" when all is well
        ear.listen(self._news.set)
        self._thread = threading.Thread(target=self._tend, name=f"syncline-hearing-{system}", daemon=True)
        self._thread.start()

    @property
    def told(self) -> str:
        """Where it listens, in words."""
        return f"listens to {self._system}" + (f": {self.trouble}" if self.trouble else "")

    def stop(self) -> None:
        """Pass nothing more on. What was heard stays with the connector."""
        self._ending.set()
        self._news.set()
        self._thread.join(_ENDING)

    def _tend(self) -> None:
        is_due = True
        while not self._ending.is_set():
            if is_due:
                self._note(0, self._ear.tend())
            self._pass_on()
            is_due = not self._news.wait(_PAUSE)
            self._news.clear()

    def _pass_on(self) -> None:
        """Hand the oldest on, unless some are under way: the rest follows them."""
        with self._lock:
            if self._under_way or self._ending.is_set():
                return
            self._under_way = True
        try:
            heard = self._ear.heard(_AT_ONCE)
        except SynclineError as error:
            self._came_back([], error)
            return
        numbers = [one.number for one in heard]
        records = [(stream, one.key) for one in heard for stream in self._streams.get((one.system, one.resource), ())]
        if records:
            self._take(records, lambda error: self._came_back(numbers, error))
        else:
            self._came_back(numbers, None)

    def _came_back(self, numbers: Sequence[int], error: SynclineError | None) -> None:
        if error is None and numbers:
            try:
                self._ear.forget(numbers)
            except SynclineError as failed:
                error = failed
        with self._lock:
            self._under_way = False
        if error is not None:
            self._note(0, str(error))  # and it is tried again with the next look
        elif numbers:
            self._note(len(numbers), self.trouble)
            self._news.set()

    def _note(self, count: int, trouble: str) -> None:
        self.trouble = trouble
        self._noted(self._system, count, trouble)
