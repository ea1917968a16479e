"""What happened to one page or one decision, told to listeners after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step's counts; never one event per unchanged record."""

    kind: str  #: "read", "sent", "waiting", "paused"
    flow: str
    system: str
    counts: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
