"""Publishing many messages at once, and those of one key one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from syncline.connectors.protocols.brokers_message import Outgoing
from syncline.connectors.protocols.brokers_wire import Fate, Sent


def waves(keys: Sequence[str]) -> Iterator[list[int]]:
    """Positions in groups: each key once at most in a group, and in its order over the groups.

    >>> list(waves(["a", "b", "a", "a"]))
    [[0, 1], [2], [3]]
    """
    groups: list[list[int]] = []
    met: dict[str, int] = {}
    for place, key in enumerate(keys):
        group = met[key] = met.get(key, -1) + 1
        if group == len(groups):
            groups.append([])
        groups[group].append(place)
    yield from groups


async def in_order(messages: Sequence[Outgoing], send: Callable[[Outgoing], Awaitable[Sent]]) -> list[Sent]:
    """Send them; what follows a message of its key that is not with the broker stays here."""
    sent: dict[int, Sent] = {}
    held: set[str] = set()
    for wave in waves([one.key for one in messages]):
        going = [place for place in wave if messages[place].key not in held]
        done = await asyncio.gather(*(send(messages[place]) for place in going))
        sent |= dict(zip(going, done, strict=True))
        held |= {messages[place].key for place in going if sent[place].fate is not Fate.CONFIRMED}
    left = Sent(fate=Fate.UNSENT, message="an earlier message of its key is not confirmed")
    return [sent.get(place, left) for place in range(len(messages))]
