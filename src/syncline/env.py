"""The only door to clock, randomness, ids and fail-points.

Everything that differs from one execution to the next enters here, so that a simulator can take its place and a seed
repeats bit for bit.
"""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from datetime import UTC, datetime
from typing import Protocol


class Env(Protocol):
    """What the engine may know of the world beside its ports."""

    def now(self) -> datetime:
        """Wall clock, UTC: for display and for comparison with remote times only."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back within one process: waits within a run."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...

    def random(self) -> random.Random:
        """The one source of randomness (jitter, salts)."""
        ...

    def new_id(self) -> str:
        """A new identifier: 32 hexadecimal digits."""
        ...

    def point(self, name: str) -> None:
        """Mark an I/O or commit boundary; a place where a crash is tried."""
        ...


class RealEnv:
    """The production world. SYNCLINE_FAILPOINT=name[:n] kills the process at the n-th passing of a point."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()
        name, _, count = os.environ.get("SYNCLINE_FAILPOINT", "").partition(":")
        self._failpoint = name
        self._passes_left = int(count or 1)

    def now(self) -> datetime:
        """Wall clock, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(max(0.0, seconds))

    def random(self) -> random.Random:
        """Randomness of the operating system."""
        return self._random

    def new_id(self) -> str:
        """A random UUID as 32 hexadecimal digits."""
        return uuid.uuid4().hex

    def point(self, name: str) -> None:
        """Die by SIGKILL here when the fail-point of the environment says so."""
        if name != self._failpoint:
            return
        self._passes_left -= 1
        if self._passes_left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
