"""How a signal ends a pass: between two pages, with nothing half done."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType

from syncline.env import Env, RealEnv
from syncline.model.event import Event

_SLICE = 0.2  #: how long a stop may go unnoticed while nothing is done [s]


class Stop:
    """The world of one command, and a listener: the first signal ends the work at the next page, the second at once.

    A listener is told after the commit of a page, so to leave there leaves nothing half done. The engine picks up an
    unfinished run as it picks up after a crash.
    """

    def __init__(self, within: int = 0) -> None:
        self._env: Env = RealEnv()
        self._within = within  #: seconds after which the page at hand is given up; 0: never
        self.asked = False

    def signalled(self, number: int, frame: FrameType | None) -> None:
        """Take note; out at once when asked twice, or when the page at hand takes too long."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        signal.alarm(self._within)

    def hear(self, event: Event) -> None:
        """A page was committed: the place to stop."""
        if self.asked and event.kind in {"read", "sent", "waiting"}:
            raise KeyboardInterrupt

    def now(self) -> datetime:
        """Wall clock, UTC."""
        return self._env.now()

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return self._env.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass, unless a signal asks to stop."""
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            if self.asked:
                raise KeyboardInterrupt
            self._env.sleep(min(left, _SLICE))

    def random(self) -> random.Random:
        """Randomness of the operating system."""
        return self._env.random()

    def new_id(self) -> str:
        """A random identifier."""
        return self._env.new_id()

    def point(self, name: str) -> None:
        """A place where a crash is tried."""
        self._env.point(name)


@contextmanager
def stoppable(within: int = 0) -> Iterator[Stop]:
    """SIGINT and SIGTERM end the work in order while this is open, `within` seconds if that is not 0."""
    stop = Stop(within)
    before = {one: signal.signal(one, stop.signalled) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    try:
        yield stop
    finally:
        signal.alarm(0)
        for one, handler in before.items():
            signal.signal(one, handler)
