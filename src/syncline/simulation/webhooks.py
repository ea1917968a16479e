"""Webhooks: an application tells of each change, and what it tells comes late, twice, out of order, never, or forged.

A webhook names a record, nothing else of it is used. Whoever receives it does what the product does: it refuses what
is not signed, and keeps a hint of the rest. The next pass acts on that.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from syncline.app import Hub
from syncline.engine.event import hint
from syncline.simulation.script import Habits
from syncline.simulation.virtual import NEVER, SECOND

FORGED = "forged"  #: begins the key of a record that never was


class Webhook(NamedTuple):
    """One on its way."""

    due: int  #: when it arrives [µs]
    number: int  #: in the order in which they were sent
    resource: str
    key: str
    signed: bool


class Kept(NamedTuple):
    """One that has become a hint."""

    at: int  #: [µs]
    system: str
    resource: str
    key: str


class Outbox:
    """The webhooks that one application has sent and that have not arrived yet."""

    def __init__(self, name: str, habits: Habits, seed: int) -> None:
        self.name, self._habits = name, habits
        self._chance = random.Random(f"{seed} {name} webhooks")  # noqa: S311  a seed repeats
        self.waiting: list[Webhook] = []
        self.counts: Counter[str] = Counter()
        self._number = 0

    def tell(self, at: int, resource: str, key: str) -> None:
        """A record has changed."""
        habits, chance = self._habits, self._chance
        if not habits.webhooks:
            return
        if chance.random() < habits.webhooks_lost:
            self.counts["webhook lost"] += 1
        else:
            self._send(at, resource, key)
            if chance.random() < habits.webhooks_twice:
                self.counts["webhook twice"] += 1
                self._send(at, resource, key)
        if chance.random() < habits.webhooks_forged:
            signed = chance.random() < 0.5  # noqa: PLR2004  the secret has been stolen as often as not
            self.counts[f"webhook {'forged' if signed else 'unsigned'}"] += 1
            self._send(at, resource, f"{FORGED} {self._number}", signed=signed)

    def _send(self, at: int, resource: str, key: str, *, signed: bool = True) -> None:
        self._number += 1
        delay = self._chance.randint(0, int(self._habits.webhooks_late * SECOND))
        self.waiting.append(Webhook(at + delay, self._number, resource, key, signed))

    def next_due(self) -> int:
        """When the next one arrives [µs]."""
        return min((one.due for one in self.waiting), default=NEVER)

    def arriving(self, now: int) -> Iterator[Webhook]:
        """Those that have arrived by now, one after the other, whatever happens in between."""
        while (first := min(self.waiting, default=None)) is not None and first.due <= now:
            self.waiting.remove(first)
            if any(one.number < first.number for one in self.waiting):
                self.counts["webhook overtaking"] += 1
            yield first


class Receiver:
    """Where webhooks come in. It is part of the hub's process: when that is down, nobody answers."""

    def __init__(self, moment: Callable[[str], None], now: Callable[[], int], counts: Counter[str]) -> None:
        self._moment, self._now, self._counts = moment, now, counts
        self.kept: list[Kept] = []

    def receive(self, hub: Hub | None, flow: str, system: str, webhook: Webhook) -> None:
        """Keep what a webhook tells, durably; the process may die right before that, and right after."""
        if hub is None:
            self._counts["webhook unheard"] += 1
        elif not webhook.signed:
            self._counts["webhook refused"] += 1
        else:
            self._moment("webhook.before")
            hint(hub, hub.flows[flow], system, [webhook.key])
            self.kept.append(Kept(self._now(), system, webhook.resource, webhook.key))
            self._counts["webhook kept"] += 1
            self._moment("webhook.after")
