"""The connector port: how the engine reads and writes one system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from syncline.model.contract import Contract
from syncline.model.page import Batch, Cursor, Gone, Page, Receipt, Record


class Connector(Protocol):
    """One system. Thread-safe; raises only the fates of `errors`: Transient, Rejected, Setup."""

    def contract(self, resource: str) -> Contract:
        """What this system promises about `resource`."""
        ...

    def check(self) -> str:
        """Reach the system and try the credentials; one line about it. SetupError or TransientError when it fails."""
        ...

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type as the system shows them now; empty where it cannot tell."""
        ...

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Yield pages of records changed at or after `since` less the contract's overlap; every record when None.

        Rows are hints: they may be stale by the contract's lag. A scan that cannot be completed raises; it never ends
        early without saying so.
        """
        ...

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """Read these records now, in the order of `keys`; Gone where the system says there is none."""
        ...

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Records whose system field `field` equals `value`; field "" is the marker."""
        ...

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The hub's marker in each record; "" where there is none."""
        ...

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Try the batch once; one receipt per item in any order. An item without a receipt is in doubt.

        Never raises for what concerns items; SetupError when no request could be made at all and none was sent.
        """
        ...

    def close(self) -> None:
        """Let connections go."""
        ...
