"""The gate of one system: its request budget with a reserve for people, and its circuit breaker.

One gate per system, shared by all flows. The budget is a token bucket; of its burst, the contract's `reserve` share is
kept for people, and each lower priority must leave more behind than the one above it. The breaker opens after failures
in a row and lets one try through after a pause that grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from syncline.engine.retry import backoff
from syncline.engine.windows import Window, closed_until, closes_at
from syncline.env import Env
from syncline.errors import TransientError
from syncline.model.contract import Limits

OPEN_AFTER = 5  #: failures in a row
_LOOK_AGAIN = timedelta(days=1)  #: when no hour is known at which the system closes


class Priority(IntEnum):
    """Who goes first when requests are scarce."""

    PERSON = 0
    LIVE = 1
    RECONCILE = 2
    BACKFILL = 3


class Gate:
    """Asks permission before each request; told of each failure and success."""

    def __init__(self, system: str, limits: Limits, env: Env, closed: Sequence[Window] = ()) -> None:
        self.system = system
        self._closed = closed
        self._open_until: datetime | None = None
        self._limits = limits
        self._env = env
        self._tokens = float(limits.burst)
        self._filled_at = env.monotonic()
        self._failures = 0
        self._closed_until = 0.0
        self._paused_until = 0.0
        self.reason = ""
        self._looked = datetime.min.replace(tzinfo=UTC)

    def enter(self, priority: Priority, requests: int = 1) -> None:
        """Wait until `requests` are within the budget; TransientError: the system is closed, or its breaker open."""
        self.refuse_closed()
        now = self._env.monotonic()
        if now < self._closed_until:
            msg = f"{self.system} is left alone after {self._failures} failures in a row: {self.reason}"
            raise TransientError(msg, wait=self._closed_until - now)
        floor = self._limits.burst * self._limits.reserve * min(int(priority), 1) * (1 + 0.25 * max(0, priority - 1))
        need = min(float(requests), max(1.0, self._limits.burst - floor))
        while (wait := self._wait(min(floor + need, float(self._limits.burst)))) > 0:
            self._env.sleep(wait)
        self._tokens -= requests

    def closed_until(self) -> datetime | None:
        """When the system opens again; None when it is open."""
        if not self._closed:
            return None
        now = self._env.now()
        if self._open_until is not None and self._looked <= now < self._open_until:
            return None
        until = closed_until(self._closed, now)
        self._looked = now
        self._open_until = None if until else closes_at(self._closed, now) or now + _LOOK_AGAIN
        return until

    def refuse_closed(self) -> None:
        """TransientError when the system is closed."""
        until = self.closed_until()
        if until is not None:
            msg = f"{self.system} is closed until {until:%Y-%m-%d %H:%M} UTC, as `systems.{self.system}.closed` says."
            raise TransientError(msg, wait=(until - self._env.now()).total_seconds())

    def _wait(self, wanted: float) -> float:
        now = self._env.monotonic()
        self._tokens = min(float(self._limits.burst), self._tokens + (now - self._filled_at) * self._limits.per_second)
        self._filled_at = now
        if now < self._paused_until:
            return self._paused_until - now
        return max(0.0, (wanted - self._tokens) / self._limits.per_second)

    def passed(self) -> None:
        """A request was answered."""
        self._failures = 0
        self.reason = ""

    def failed(self, reason: str) -> None:
        """A request failed for a reason that is the system's."""
        self._failures += 1
        self.reason = reason
        if self._failures >= OPEN_AFTER:
            pause = backoff(self._failures - OPEN_AFTER, self._env.random(), base=1.0)
            self._closed_until = self._env.monotonic() + pause

    def slow_down(self, wait: float) -> None:
        """The system asked for a pause [s]; nobody sends before it is over."""
        self._paused_until = max(self._paused_until, self._env.monotonic() + wait)
