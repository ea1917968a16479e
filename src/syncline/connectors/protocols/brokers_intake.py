"""Messages to what they mean: records and hints into the inbox, and poison to the dead letters.

What a batch of messages says is durable before any of it is acknowledged. What cannot be read is set aside and
acknowledged, so that it holds nothing up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from syncline.connectors.protocols.brokers_inbox import Inbox, Kept
from syncline.connectors.protocols.brokers_message import Message, event_of, key_of, record_of
from syncline.connectors.protocols.brokers_options import BrokersOptions, BrokersResource, BrokersTopic
from syncline.connectors.protocols.json_values import as_record
from syncline.connectors.protocols.paths import find, text_of
from syncline.errors import RejectedError


class Intake:
    """What becomes of the messages of one broker. Thread-safe."""

    def __init__(self, system: str, options: BrokersOptions, inbox: Inbox) -> None:
        self._system = system
        self._limit = options.message_limit
        self._inbox = inbox
        self._records = {one.topic: (name, one) for name, one in options.resources.items()}
        self._hints: dict[str, list[BrokersTopic]] = {}
        for name, topic in options.topics.items():
            self._hints.setdefault(topic.topic or name, []).append(topic)
        self.wake: Callable[[], None] | None = None  #: of whoever listens; without one, only records are taken in

    @property
    def topics(self) -> frozenset[str]:
        """Which topics to receive: those that only tell of other systems, where somebody listens."""
        return frozenset(self._records) | (frozenset(self._hints) if self.wake else frozenset())

    def take(self, messages: Sequence[Message]) -> None:
        """Take a batch in, with one commit. Raises a fate of `errors`, and then nothing of it was taken in."""
        wake = self.wake
        with self._inbox.transaction() as connection:
            new = [one for one in messages if not self._inbox.is_known(connection, one)]
            hints: dict[tuple[str, str, str], None] = {}
            for message in new:
                hints |= dict.fromkeys(self._told(connection, message))
            if wake:
                self._inbox.put_hints(connection, hints)
            self._inbox.note(connection, new)
        if wake and hints:
            wake()

    def _told(self, connection: sqlite3.Connection, message: Message) -> list[tuple[str, str, str]]:
        """Whose records a message tells of, once what it says was kept: (system, resource, key)."""
        told: list[tuple[str, str, str]] = []
        try:
            event = event_of(message, self._limit)
            if message.topic in self._records:
                name, resource = self._records[message.topic]
                kept = self._kept(name, resource, message, event)
                self._inbox.keep(connection, kept)
                told.append((self._system, name, kept.key))
            told += [
                (topic.about.system, topic.about.resource, key_of(message, event, topic.key))
                for topic in self._hints.get(message.topic, ())
            ]
        except RejectedError as poison:
            self._inbox.set_aside(connection, message, poison.what)
        return told

    def _kept(self, name: str, resource: BrokersResource, message: Message, event: Mapping[str, object]) -> Kept:
        """What the message says of its record. Raises RejectedError."""
        key = key_of(message, event, resource.key)
        place, offset = message.place, message.offset
        if message.body is None or is_deleted(event, resource):
            return Kept(resource=name, key=key, raw=b"{}", deleted=True, place=place, offset=offset)
        record = record_of(event, resource.body)
        try:
            raw = as_record(record)
        except (TypeError, ValueError, RecursionError) as error:
            raise RejectedError("holds a value that no record can hold") from error
        marker = text_of(record.get(resource.marker)) if resource.marker else ""
        return Kept(resource=name, key=key, raw=raw, marker=marker, place=place, offset=offset)


def is_deleted(event: Mapping[str, object], resource: BrokersResource) -> bool:
    """Does it tell of a delete?"""
    return bool(resource.deleted) and all(
        text_of(find(event, path)) == value for path, value in resource.deleted.items()
    )
