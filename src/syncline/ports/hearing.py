"""The hearing port: a connector that is told of changes, and keeps what it was told until somebody else has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class Heard(NamedTuple):
    """A record is said to have changed."""

    number: int  #: ascending; told again, it is another one
    system: str
    resource: str
    key: str


@runtime_checkable
class Hears(Protocol):
    """What is heard is durable there before whoever told it is answered. Thread-safe."""

    def listen(self, wake: Callable[[], None]) -> None:
        """From now on keep what is told, and call `wake`, from any thread, when there is something new."""
        ...

    def tend(self) -> str:
        """Begin to listen, or begin again where the connection was lost; what stands in the way, "" for nothing."""
        ...

    def heard(self, limit: int) -> Sequence[Heard]:
        """What was heard and not forgotten, oldest first."""
        ...

    def forget(self, numbers: Sequence[int]) -> None:
        """These are durable elsewhere. One that was told again since has another number, and stays."""
        ...
