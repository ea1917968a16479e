"""What a topic of Kafka says becomes records and hints: in order, once, and poison holds nothing up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.connectors.protocols.brokers_connector import BrokersConnector
from syncline.connectors.protocols.brokers_inbox import Inbox, Kept
from syncline.connectors.protocols.brokers_message import Outgoing
from syncline.connectors.protocols.stamps import SECOND, micros
from syncline.env import RealEnv
from syncline.errors import SetupError, TransientError
from syncline.model.page import Cursor, Gone, Outcome
from syncline.testing.connector_steps import create, last_cursor, update
from tests.contract.brokers_kit import opened
from tests.contract.kafka_cluster import KafkaCluster, kafka_cluster

_ENV = RealEnv()
_LONGEST = 20.0  #: until something is there [s]
Make = Callable[..., BrokersConnector]


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaCluster]:
    with kafka_cluster() as cluster:
        yield cluster


@pytest.fixture
def topic() -> str:
    return f"erp.orders-{_ENV.new_id()[:8]}"


@pytest.fixture
def orders(topic: str) -> Mapping[str, Any]:
    return {"topic": topic, "key": "data.id", "body": "data", "deleted": {"type": "order.deleted"}, "marker": "hub",
            "write": {"type": "order"}}  # fmt: skip


@pytest.fixture
def bus(kafka: KafkaCluster, tmp_path: Path, orders: Mapping[str, Any]) -> Iterator[BrokersConnector]:
    with opened(kafka.url, tmp_path, {"orders": orders}, group=orders["topic"]) as connector:
        yield connector


def event(key: object, kind: str = "order.changed", **fields: object) -> tuple[str, bytes]:
    data = {"id": key, **fields}
    told = {"specversion": "1.0", "id": _ENV.new_id(), "source": "/erp", "type": kind, "data": data}
    return str(key), msgspec.json.encode(told)


def shown(connector: BrokersConnector, since: Cursor | None = None) -> dict[str, Any]:
    return {
        key: msgspec.json.decode(raw)
        for page in connector.list("orders", since)
        for key, raw in zip(page.keys, page.raws, strict=True)
    }


def buried(connector: BrokersConnector, since: Cursor) -> list[str]:
    return [key for page in connector.list("orders", since) for key in page.tombstones]


def soon(seconds: float = 4.0) -> int:
    """Then, in microseconds since 1970."""
    return micros(_ENV.now()) + int(seconds * SECOND)


def wait_for(is_there: Callable[[], bool]) -> None:
    begun = _ENV.monotonic()
    while not is_there():
        assert _ENV.monotonic() - begun < _LONGEST
        _ENV.sleep(0.02)


def test_the_newest_message_of_each_key_is_its_record(bus: BrokersConnector, kafka: KafkaCluster, topic: str) -> None:
    kafka.say(topic, *(event(f"A{n % 7}", total=n) for n in range(700)))

    found = shown(bus)

    assert {key: one["total"] for key, one in found.items()} == {f"A{n}": 693 + n for n in range(7)}


def test_a_later_read_shows_what_changed_and_what_was_deleted(
    bus: BrokersConnector, kafka: KafkaCluster, topic: str
) -> None:
    kafka.say(topic, *(event(f"A{n}", total=n) for n in range(5)))
    cursor = last_cursor(bus, "orders", None)
    kafka.say(topic, event("A1", total=11), event("A2", kind="order.deleted"), ("A3", None), event("A4", total=4))

    later = Cursor(stamp=cursor.stamp + 1)
    assert shown(bus, later) == {"A1": {"id": "A1", "total": 11}}
    assert sorted(buried(bus, later)) == ["A2", "A3"]
    assert {*shown(bus)} == {"A0", "A1", "A4"}
    assert bus.get("orders", ["A3"]) == [Gone(key="A3")]


def test_poison_is_set_aside_and_told_and_the_rest_flows(
    bus: BrokersConnector, kafka: KafkaCluster, topic: str
) -> None:
    poison = [
        ("A", b"{"), ("A", b"[]"), ("A", event("", total=1)[1]), ("A", b"x" * 30_000), (None, b"\xff\xfe"),
        ("A", b'{"data": {"id": {"a": 1}}}'), ("A", b'{"data": 7}'),
    ]  # fmt: skip
    kafka.say(topic, event("A1", total=1), *poison, event("A2", total=2))
    kafka.say(topic, event("A3", total=3), headers={"binary": b"\xff\xfe", "empty": b""})

    assert {*shown(bus)} == {"A1", "A2", "A3"}
    broken = dict(one for page in bus.list("orders", None) for one in page.broken)
    assert len(broken) == len(poison)
    assert all(name.startswith(f"#{topic}:") and topic in reason for name, reason in broken.items())
    assert "7 messages could not be read and were set aside" in bus.check()
    assert "xxx" not in str(broken)


def test_dead_letters_are_bounded(kafka: KafkaCluster, tmp_path: Path, orders: Mapping[str, Any], topic: str) -> None:
    kafka.say(topic, *(("A", b"no") for _ in range(50)), event("A1", total=1))
    with opened(kafka.url, tmp_path, {"orders": orders}, letters=10) as bus:
        assert {*shown(bus)} == {"A1"}
        assert len([one for page in bus.list("orders", None) for one in page.broken]) == 10
        assert "50 messages could not be read" in bus.check()


def test_our_own_write_is_there_for_others_and_no_news_for_us(
    bus: BrokersConnector, kafka: KafkaCluster, topic: str
) -> None:
    made = create(bus, "orders", {"total": 5}, marker="m1")
    cursor = last_cursor(bus, "orders", None)
    ((key, body),) = kafka.heard(topic)
    told = msgspec.json.decode(body or b"")

    assert (key, told["data"], told["type"]) == (made.key, {"id": made.key, "total": 5, "hub": "m1"}, "order.changed")
    kafka.say(topic, event("other", total=1))
    assert {*shown(bus, Cursor(stamp=cursor.stamp + 1))} == {"other"}


def test_what_others_said_before_our_write_is_older_and_what_they_say_after_it_counts(
    bus: BrokersConnector, kafka: KafkaCluster, topic: str
) -> None:
    kafka.say(topic, event("A1", total=1, note="theirs"))
    shown(bus)
    kafka.say(topic, event("A1", total=2, note="theirs"))  # not read yet when we write
    assert update(bus, "orders", "A1", {"total": 3}).outcome is Outcome.DONE
    assert shown(bus)["A1"] == {"id": "A1", "total": 3, "note": "theirs"}

    kafka.say(topic, event("A1", total=4, note="theirs"))
    assert shown(bus)["A1"]["total"] == 4


def test_of_two_messages_of_one_partition_the_later_counts_in_whatever_order_they_are_told_of(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "bus.sqlite", "bus", _ENV, letters=10)
    with inbox.transaction() as connection:
        for offset, raw in ((5, b'{"a":5}'), (3, b'{"a":3}'), (6, b'{"a":6}'), (4, b'{"a":4}')):
            inbox.keep(connection, Kept(resource="orders", key="A", raw=raw, place="t/0", offset=offset))

    assert inbox.rows("SELECT raw, offset FROM record") == [(b'{"a":6}', 6)]


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    kafka: KafkaCluster, tmp_path: Path, orders: Mapping[str, Any], topic: str
) -> None:
    kafka.say(topic, event("A1", total=1))
    with opened(kafka.url, tmp_path, {"orders": orders}) as bus:
        shown(bus)
    inbox = Inbox(tmp_path / "bus.sqlite", "bus", _ENV, letters=10)
    with inbox.transaction() as connection:  # as if the topic had been longer before
        connection.execute("UPDATE position SET offset = 900")
        connection.execute("UPDATE record SET offset = 899, raw = '{}'")
    inbox.close()

    with opened(kafka.url, tmp_path, {"orders": orders}) as bus:
        assert shown(bus) == {"A1": {"id": "A1", "total": 1}}


def test_an_inbox_that_was_lost_is_filled_again(
    kafka: KafkaCluster, tmp_path: Path, orders: Mapping[str, Any], topic: str
) -> None:
    kafka.say(topic, *(event(f"A{n}", total=n) for n in range(20)))
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        with opened(kafka.url, tmp_path / folder, {"orders": orders}) as bus:
            assert len(shown(bus)) == 20


def test_a_topic_of_hints_says_which_records_may_have_changed_and_only_to_whoever_listens(
    kafka: KafkaCluster, tmp_path: Path, orders: Mapping[str, Any], topic: str
) -> None:
    about = {"about": {"system": "erp", "resource": "sale.sale"}, "key": "data.id", "topic": f"{topic}.hints"}
    kafka.say(f"{topic}.hints", event(1), event(2), ("x", b"no"))
    woken = threading.Event()
    with opened(kafka.url, tmp_path, {"orders": orders}, topics={"sales": about}) as bus:
        assert bus.heard(10) == []
        bus.listen(woken.set)
        assert bus.tend() == ""
        wait_for(lambda: {one[1:] for one in bus.heard(10)} == {("erp", "sale.sale", "1"), ("erp", "sale.sale", "2")})
        assert woken.wait(_LONGEST)
        known = [one[0] for one in bus.heard(10)]
        kafka.say(f"{topic}.hints", event(2))
        wait_for(lambda: max(one[0] for one in bus.heard(10)) > max(known))
        bus.forget(known)

        assert [one[1:] for one in bus.heard(10)] == [("erp", "sale.sale", "2")]
        kafka.say(topic, event("A1", total=1))
        wait_for(lambda: ("bus", "orders", "A1") in [one[1:] for one in bus.heard(10)])
        assert "1 messages could not be read" in bus.check()


def test_what_was_kept_and_not_confirmed_is_sent_with_the_next_read(
    bus: BrokersConnector, kafka: KafkaCluster, topic: str, tmp_path: Path
) -> None:
    shown(bus)
    inbox = Inbox(tmp_path / "bus.sqlite", "bus", _ENV, letters=10)
    key, body = event("A1", total=1)
    with inbox.transaction() as connection:  # as a crash leaves it right before the message is sent
        kept = Kept(resource="orders", key=key, raw=b'{"id":"A1","total":1}')
        inbox.intend(connection, kept, Outgoing(topic=topic, key=key, body=body, ident="1"), until=soon())

    assert shown(bus)["A1"]["total"] == 1
    assert kafka.heard(topic) == [(key, body)]
    shown(bus)
    assert kafka.heard(topic) == [(key, body)]
    inbox.close()


@pytest.mark.parametrize(("until", "newer"), [(4.0, True), (-0.1, False), (3600.0, False)])
def test_what_was_kept_is_not_sent_over_what_is_newer_nor_later_than_it_may_take_effect(
    bus: BrokersConnector, kafka: KafkaCluster, topic: str, tmp_path: Path, until: float, newer: bool
) -> None:
    told = [event("A1", total=1)]
    kafka.say(topic, *told)
    shown(bus)
    inbox = Inbox(tmp_path / "bus.sqlite", "bus", _ENV, letters=10)
    key, body = event("A1", total=2)
    with inbox.transaction() as connection:
        kept = Kept(resource="orders", key=key, raw=b'{"id":"A1","total":2}')
        inbox.intend(connection, kept, Outgoing(topic=topic, key=key, body=body, ident="1"), until=soon(until))
    if newer:  # a person's, not read yet
        told.append(event("A1", total=9))
        kafka.say(topic, told[-1])

    assert shown(bus)["A1"]["total"] == (9 if newer else 1)
    assert kafka.heard(topic) == told
    assert inbox.pending(10) == []
    inbox.close()


def test_a_broker_that_is_away_is_told_in_one_sentence_without_its_password(tmp_path: Path) -> None:
    url = "kafka://hub:s3cret@127.0.0.1:9"
    with opened(url, tmp_path, {"orders": {"topic": "a", "key": "id"}}) as bus:
        with pytest.raises(TransientError) as caught:
            list(bus.list("orders", None))
        assert "bus cannot be reached at kafka://127.0.0.1:9" in str(caught.value)
        assert "s3cret" not in str(caught.value) + repr(vars(bus))
        bus.listen(lambda: None)
        assert "cannot be reached" in bus.tend()


def test_the_options_name_what_is_wrong_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught, opened("kafka://", tmp_path, {"orders": {"topic": "a"}}):
        pass

    assert "resources.orders.key" in str(caught.value)
