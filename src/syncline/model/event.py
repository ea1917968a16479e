"""What happened to one page or one decision, told to listeners after the commit."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One step's counts; never one event per unchanged record."""

    kind: str  #: "read", "sent", "waiting", "paused"
    flow: str
    system: str
    counts: Mapping[str, int] = {}
    message: str = ""
