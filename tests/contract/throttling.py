"""A test server that answers everything with "too many requests" for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Throttled(Protocol):
    """A server that does so while `busy` says how long to wait [s]."""

    busy: float


def throttling(server: Throttled) -> Callable[[float], AbstractContextManager[None]]:
    """What makes `server` busy for the length of a block."""

    @contextmanager
    def busy(pause: float) -> Iterator[None]:
        server.busy = pause
        try:
            yield
        finally:
            server.busy = 0.0

    return busy
