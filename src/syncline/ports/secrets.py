"""The secrets port: where `${secret:NAME}` is looked up."""

from __future__ import annotations

from typing import Protocol


class Secrets(Protocol):
    """A place that holds secrets by name."""

    def secret(self, name: str) -> str:
        """The secret; SetupError naming the places that were searched when there is none."""
        ...
