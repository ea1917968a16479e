"""What every broker is asked for, whichever it is: receive, publish, catch up. Plain calls; nothing of a protocol."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from syncline.connectors.protocols.brokers_message import Message, Outgoing

#: Takes messages in; durable when it returns. What it raises leaves them unacknowledged, and they come again.
Take = Callable[[Sequence[Message]], None]

#: Of a topic's partitions (partition -> end), where to go on.
Resume = Callable[[str, Mapping[int, int]], Mapping[int, int]]


class Fate(IntEnum):
    """What became of a message that was to be published."""

    CONFIRMED = 1  #: the broker has it, and will keep it
    UNSENT = 2  #: nothing left
    REFUSED = 3  #: the broker does not take it
    DOUBT = 4  #: it may have it


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's answer to one message."""

    fate: Fate
    place: str = ""  #: where its offset counts
    offset: int = -1
    message: str = ""


class Wire(Protocol):
    """The way to one broker. Thread-safe. Raises the three fates only, and never shows a secret."""

    def check(self, topics: Collection[str]) -> str:
        """Reach the broker and look for the topics; one line about it."""
        ...

    def receive(self, topics: Collection[str], take: Take, resume: Resume) -> None:
        """Begin to receive, in the order of each key, and go on until `close`; a second call with other topics adds."""
        ...

    def catch_up(self, within: float) -> int:
        """Wait until what is at the broker now was taken in; how much is left after `within` seconds, 0 for nothing."""
        ...

    def publish(self, messages: Sequence[Outgoing], send_by: float) -> list[Sent]:
        """Publish, each key in its order; nothing leaves after `send_by` (monotonic seconds).

        Raises when none left; but a DoubtError says that some may have.
        """
        ...

    def close(self) -> None:
        """Stop receiving and let connections go; a later call begins anew."""
        ...
