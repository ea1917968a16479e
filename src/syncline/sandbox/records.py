"""What the side door, the faults and the simulated people need of an application's disk, whatever it is made of."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Any, Protocol

from syncline.sandbox.state import Clock, Key


class Records(Protocol):
    """What the side door and the simulated people ask of an application's disk."""

    clock: Clock
    stale_ms: int

    @property
    def tables(self) -> Collection[str]:
        """Names of its resources."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Keep everything inside or nothing."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """What many edits of people are kept in."""
        ...

    def meta(self, name: str) -> Any:  # noqa: ANN401 - whatever was set
        """Read one remembered value."""
        ...

    def keys(self, resource: str) -> list[Key]:
        """Read all keys, in order."""
        ...

    def count(self, resource: str) -> int:
        """Count the records."""
        ...

    def bodies(self, resource: str) -> list[bytes]:
        """Read every record as JSON, in the order of keys."""
        ...

    def truth(self, resource: str) -> dict[str, int]:
        """Say which company of the seed each record stood for."""
        ...

    def close(self) -> None:
        """Let go of the disk."""
        ...
