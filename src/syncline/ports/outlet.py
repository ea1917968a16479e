"""The outlet port: where the hub tells the world what was agreed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message about one entity."""

    topic: str
    key: str  #: what it is about: notices of one key stay in order
    ident: str  #: the same whenever it is told again
    body: bytes  #: a CloudEvent 1.0 in JSON
    exchange: str = ""  #: of a broker that has exchanges


@runtime_checkable
class Outlet(Protocol):
    """A connector that tells others. Thread-safe."""

    def announce(self, notices: Sequence[Notice]) -> Sequence[str]:
        """Tell them, each key in its order; for each notice "" once it is kept there, else why it may not be.

        Raises TransientError or SetupError when none left.
        """
        ...
