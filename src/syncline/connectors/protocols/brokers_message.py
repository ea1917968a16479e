"""What a broker carries: messages as they come, the CloudEvents in them, and messages on their way out. Pure.

A CloudEvent is read in all its forms: structured (the body is the event), binary (attributes in headers, named `ce_` on
Kafka and `cloudEvents:` or `cloudEvents_` on AMQP), and a plain JSON object that is no event at all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from syncline.connectors.protocols.json_values import as_json, exact_object, exact_value
from syncline.connectors.protocols.paths import find, shallow, steps_of
from syncline.errors import RejectedError

STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_PREFIXES = ("ce_", "ce-", "cloudevents:", "cloudevents_")
_NEEDED = ("id", "source", "type")
_DIGEST = 16
_LONGEST_KEY = 500  #: [characters]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a broker delivered it."""

    topic: str  #: Kafka: the topic; RabbitMQ: the queue
    body: bytes | None  #: None: a tombstone of Kafka
    key: str = ""  #: Kafka: the message's key
    headers: Mapping[str, str] = {}  #: names in small letters, with `content-type`
    ident: str = ""  #: what its sender called it, where it has a name
    partition: int = -1  #: Kafka
    offset: int = -1  #: Kafka
    redelivered: bool = False  #: RabbitMQ: it was under way to somebody before

    @property
    def name(self) -> str:
        """What tells it from the others of its topic."""
        if self.offset >= 0:
            return f"{self.partition}:{self.offset}"
        return self.ident or blake2b(self.body or b"", digest_size=_DIGEST).hexdigest()

    @property
    def place(self) -> str:
        """Where its offset counts; "" where there is no offset."""
        return f"{self.topic}/{self.partition}" if self.offset >= 0 else ""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way to a broker."""

    topic: str  #: Kafka: the topic; RabbitMQ: the routing key
    key: str  #: what it is about: messages of one key stay in order
    body: bytes | None
    ident: str
    exchange: str = ""  #: RabbitMQ; "": straight into the queue of the topic's name
    content_type: str = "application/json"


def event_of(message: Message, limit: int) -> Mapping[str, object]:
    """The event, or the object, that the message holds; nothing for a tombstone. Raises RejectedError.

    >>> event_of(Message(topic="t", body=b'{"a": 1}'), 100)
    {'a': 1}
    >>> binary = {"ce_specversion": "1.0", "ce_id": "7", "ce_source": "/erp", "ce_type": "changed"}
    >>> sorted(event_of(Message(topic="t", body=b'{"a": 1}', headers=binary), 100).items())[0]
    ('data', {'a': 1})
    """
    if message.body is None:
        return {}
    if len(message.body) > limit:
        raise RejectedError(f"is longer than {limit} bytes")
    kind = message.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _BATCH:
        raise RejectedError("is a batch of events, which is not read")
    attributes = _attributes(message.headers)
    try:
        with shallow():
            if kind != STRUCTURED and "specversion" in attributes:
                event: dict[str, object] = {**attributes, "data": exact_value(message.body)}
            else:
                event = exact_object(message.body)
    except (ValueError, msgspec.MsgspecError) as error:
        raise RejectedError("is no JSON object") from error
    if kind == STRUCTURED or "specversion" in attributes:
        _check(event)
    return _unpacked(event) if "data_base64" in event and "data" not in event else event


def _attributes(headers: Mapping[str, str]) -> dict[str, object]:
    """The attributes of a binary event."""
    return {
        name.removeprefix(prefix): value
        for name, value in headers.items()
        for prefix in _PREFIXES
        if name.startswith(prefix)
    }


def _check(event: Mapping[str, object]) -> None:
    if event.get("specversion") != "1.0":
        raise RejectedError("is no CloudEvent of version 1.0")
    lacking = [name for name in _NEEDED if not isinstance(event.get(name), str) or not event[name]]
    if lacking:
        raise RejectedError(f"is a CloudEvent without {', '.join(lacking)}")


def _unpacked(event: Mapping[str, object]) -> Mapping[str, object]:
    packed = event["data_base64"]
    try:
        with shallow():
            data = exact_value(base64.b64decode(packed, validate=True)) if isinstance(packed, str) else None
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise RejectedError("holds data that is no JSON") from error
    return {**event, "data": data}


def key_of(message: Message, event: Mapping[str, object], path: str) -> str:
    """The key of the record that a message is about: what stands at `path`, or the message's own. Raises RejectedError.

    >>> key_of(Message(topic="t", body=b""), {"data": {"id": 7}}, "data.id")
    '7'
    """
    value = message.key if message.body is None or not path else find(event, path)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise RejectedError(f"has no {path or 'key'}")
    key = str(value)
    if len(key) > _LONGEST_KEY or "\x00" in key:
        raise RejectedError(f"has a {path or 'key'} that is no key")
    return key


def record_of(event: Mapping[str, object], path: str) -> Mapping[str, object]:
    """The record inside an event. Raises RejectedError.

    >>> record_of({"data": {"id": 7}}, "data")
    {'id': 7}
    """
    found = find(event, path) if path else event
    if not isinstance(found, Mapping):
        raise RejectedError(f"has no {path}")
    return found


def planted(record: Mapping[str, object], path: str, event: Mapping[str, object]) -> dict[str, object]:
    """The event with the record at its place.

    >>> planted({"id": 7}, "data", {"type": "changed"})
    {'type': 'changed', 'data': {'id': 7}}
    """
    return put(event, path, record) if path else {**event, **record}


def put(event: Mapping[str, object], path: str, value: object) -> dict[str, object]:
    """The event with a value at a path."""
    first, *rest = steps_of(path)
    if not rest:
        return {**event, first: value}
    below = event.get(first)
    inner = put(below if isinstance(below, Mapping) else {}, ".".join(f"`{step}`" for step in rest), value)
    return {**event, first: inner}


def cloud_event(*, ident: str, source: str, kind: str, time: str, subject: str = "") -> dict[str, object]:
    """The attributes of a CloudEvent 1.0 with JSON data."""
    event = {"specversion": "1.0", "id": ident, "source": source, "type": kind, "time": time}
    return {**event, "datacontenttype": "application/json", **({"subject": subject} if subject else {})}


def body_of(event: Mapping[str, object]) -> bytes:
    """An event as it is sent."""
    return as_json(event)
