"""Messages of brokers: what each form of a CloudEvent says, and what nothing can be made of."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from syncline.connectors.protocols.brokers_message import Message, event_of, key_of, planted, put, record_of
from syncline.connectors.protocols.brokers_waves import waves
from syncline.errors import RejectedError

LIMIT = 1_000
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
ATTRIBUTES = {"specversion": "1.0", "id": "7", "source": "/erp", "type": "order.changed"}
EVENT = {**ATTRIBUTES, "data": {"id": 12, "price": 1.50}}


def message(body: object, **headers: str) -> Message:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Message(topic="orders", body=data, headers={name.replace("__", ":"): one for name, one in headers.items()})


@pytest.mark.parametrize(
    "said",
    [
        Message(topic="orders", body=msgspec.json.encode(EVENT), headers=STRUCTURED),
        message(EVENT),
        message(EVENT["data"], ce_specversion="1.0", ce_id="7", ce_source="/erp", ce_type="order.changed"),
        message(EVENT["data"], **{f"cloudevents__{name}": value for name, value in ATTRIBUTES.items()}),
        message({**ATTRIBUTES, "data_base64": "eyJpZCI6MTIsInByaWNlIjoxLjUwfQ=="}),
    ],
    ids=["structured", "by its content", "binary of Kafka", "binary of AMQP", "base64"],
)
def test_every_form_of_an_event_says_the_same(said: Message) -> None:
    event = event_of(said, LIMIT)

    assert {name: event[name] for name in EVENT} == {**EVENT, "data": {"id": 12, "price": Decimal("1.50")}}
    assert key_of(said, event, "data.id") == "12"
    assert record_of(event, "data") == {"id": 12, "price": Decimal("1.5")}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (message(b"{"), "is no JSON object"),
        (message(b"[1]"), "is no JSON object"),
        (message(b"\xff\xfe"), "is no JSON object"),
        (message(b'{"a":' * 900), "is longer"),
        (message(b"[" * 900), "is no JSON object"),
        (message(b"x" * (LIMIT + 1)), "is longer than 1000 bytes"),
        (Message(topic="t", body=b"{}", headers=STRUCTURED), "no CloudEvent of version 1.0"),
        (Message(topic="t", body=b'{"specversion":"1.0","id":"1"}', headers=STRUCTURED), "without source, type"),
        (Message(topic="t", body=b"[]", headers={"content-type": "application/cloudevents-batch+json"}), "a batch"),
        (message({**ATTRIBUTES, "data_base64": "%%%"}), "holds data that is no JSON"),
    ],
)
def test_poison_is_told_in_words(said: Message, told: str) -> None:
    with pytest.raises(RejectedError) as caught:
        event_of(said, LIMIT)

    assert told in str(caught.value)
    assert "xxxx" not in str(caught.value)


@pytest.mark.parametrize("key", [None, "", True, 1.5, [1], {"a": 1}, "x" * 501, "a\x00b"])
def test_what_is_no_key_is_none(key: object) -> None:
    said = message({"id": key})

    with pytest.raises(RejectedError):
        key_of(said, event_of(said, LIMIT), "id")


def test_a_tombstone_is_about_the_key_of_its_message() -> None:
    tombstone = Message(topic="orders", body=None, key="12")

    assert event_of(tombstone, LIMIT) == {}
    assert key_of(tombstone, {}, "data.id") == "12"


def test_a_record_is_planted_where_it_is_found() -> None:
    event = planted({"id": 1}, "payload.`odd.name`.after", {"op": "u"})

    assert record_of(event, "payload.`odd.name`.after") == {"id": 1}
    assert put(event, "payload.deleted", value="yes")["op"] == "u"


def test_messages_of_one_key_go_one_after_the_other() -> None:
    assert list(waves(["a", "a", "b", "a", "c", "b"])) == [[0, 2, 4], [1, 5], [3]]
