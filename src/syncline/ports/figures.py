"""The figures port: what the daemon counts, for whoever collects it. Safe to call from any thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncline.model.event import Event
from syncline.model.figures import Figures as Reckoned
from syncline.model.report import Agreement, StreamStatus


class Figures(Protocol):
    """A listener that counts. No label ever holds a key of a record."""

    def hear(self, event: Event) -> None:
        """Count one page."""
        ...

    def webhook(self, system: str, outcome: str) -> None:
        """One webhook, and what became of it."""
        ...

    def heard(self, system: str, count: int, trouble: str) -> None:
        """So many messages of a broker were passed on; why it is not heard, "" when all is well."""
        ...

    def followed(self, system: str, seconds: float) -> None:
        """A record was followed so long after it was told of [s]."""
        ...

    def passed(self, flows: Sequence[str], began: float, seconds: float, agreement: Agreement | None) -> None:
        """A pass came to its end: when it began [s since 1970], and how long it took [s]."""
        ...

    def standing(self, streams: Sequence[StreamStatus]) -> None:
        """Where every stream stands."""
        ...

    def reckoned(self, found: Reckoned) -> None:
        """The sync's own figures, as they are now."""
        ...

    def text(self, told: int) -> bytes:
        """Everything, as the collector reads it; `told` records wait to be looked at."""
        ...
