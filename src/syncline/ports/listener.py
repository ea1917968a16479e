"""The listener port: told after the commit, never before, and never asked."""

from __future__ import annotations

from typing import Protocol

from syncline.model.event import Event


class Listener(Protocol):
    """Log lines, metrics, progress bars and live feeds are listeners."""

    def hear(self, event: Event) -> None:
        """Take note of `event`. Raises nothing, except KeyboardInterrupt to end the run here, after a commit."""
        ...
