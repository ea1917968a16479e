"""How the daemon is: what its engine did last, for whoever asks from another thread."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from syncline.engine.schedule import Timer, late
from syncline.env import Env
from syncline.model.event import Event

STANDSTILL = 300.0  #: how long nothing may have been heard of the engine [s]: longer than any one request may take


class Pulse:
    """A listener of the engine, and its answer to `is it ready?`. Safe to ask from any thread."""

    def __init__(self, env: Env, timers: Sequence[Timer]) -> None:
        self._env, self._timers = env, timers
        self._since = env.now()
        self._lock = threading.Lock()  #: of the rest
        self._beat = env.monotonic()
        self._store = "it is being opened"
        self._last: dict[str, datetime] = {}
        self._paused: Mapping[str, str] = {}

    def hear(self, _event: Event) -> None:
        """A page was committed: the engine works, and so does its store."""
        self.beat()

    def beat(self) -> None:
        """The engine works."""
        with self._lock:
            self._beat = self._env.monotonic()

    def store_is(self, trouble: str) -> None:
        """What is wrong with the store; "" when it answers."""
        with self._lock:
            self._store = trouble

    def passed(self, flows: Sequence[str], began: datetime, paused: Mapping[str, str]) -> None:
        """A pass over these flows came to its end; what was left out of it, and why."""
        with self._lock:
            self._last.update(dict.fromkeys(flows, began))
            self._paused = dict(paused)

    def problems(self) -> list[str]:
        """Why it is not ready, in plain sentences; nothing when it is."""
        with self._lock:
            silent = self._env.monotonic() - self._beat
            behind = late(self._timers, self._last, now=self._env.now(), since=self._since)
            told = [f"The store does not answer: {self._store}"] if self._store else []
        if silent > STANDSTILL:
            told.append(f"The engine has not moved for {silent:.0f} s.")
        return told + [f"The last pass of {flow} is older than twice its interval." for flow in behind]

    def figures(self) -> dict[str, object]:
        """The last pass of each flow, and what was left out of the last one."""
        with self._lock:
            return {
                "last_pass": {flow: at.isoformat(timespec="seconds") for flow, at in self._last.items()},
                "paused": dict(self._paused),
            }
