"""The inbox port: what systems have told us, from our answer to them until the store has taken it in.

Apart from the store, so that whoever tells us something never waits for the engine. One thread uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from syncline.errors import SynclineError
from syncline.model.state import Stream


class Told(NamedTuple):
    """A record is said to have changed. Told again before it was looked at, it is still one."""

    stream: Stream
    key: str  #: "": something there has, and nobody said which
    seq: int  #: ascending: a later telling has a greater one


class Message(NamedTuple):
    """By what a message that was taken is known when it comes again."""

    system: str
    id: str
    at: int  #: when it came [µs]


Place = tuple[Stream, str]  #: of a record: its stream, and its key there, or "" for whichever


class Telling(NamedTuple):
    """What one message tells, from whoever brings it: a webhook, a broker."""

    records: Sequence[Place]
    messages: Sequence[Message]  #: by which it is known when it comes again; none where nothing names it
    done: Callable[[SynclineError | None], None]  #: called once it is durable, or cannot be; from another thread


class Source(Protocol):
    """An open source of hints. It hands every telling on, and answers its sender once `done` says so."""

    @property
    def told(self) -> str:
        """Where it listens, in words."""
        ...

    def stop(self) -> None:
        """Let no more in, finish what is under way within seconds, and end."""
        ...


class Inbox(Protocol):
    """What was told and is not in the store yet. Any call raises a SynclineError when it cannot keep anything."""

    def keep(self, told: Sequence[Told], messages: Sequence[Message]) -> None:
        """Durable when it returns, all or nothing; of a record that is there already the greater `seq` stays."""
        ...

    def kept(self) -> Sequence[Told]:
        """Everything that is there, by ascending `seq`."""
        ...

    def messages(self) -> Sequence[Message]:
        """The messages that are remembered, oldest first."""
        ...

    def forget(self, told: Sequence[Told], *, before: int) -> None:
        """Let go what the store has, unless it was told again since, and messages that came `before` this [µs]."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...
