"""The executor port: who runs I/O beside the engine's plain steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Executor(Protocol):
    """Threads when embedded; a seeded scheduler in a simulation."""

    def ahead(self, source: Iterator[T]) -> Iterator[T]:
        """The same items in the same order, the next one being fetched while this one is worked on."""
        ...
