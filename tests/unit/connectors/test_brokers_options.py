"""Options of the brokers connector: every problem at once, and never the address, which may hold a password."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.connectors.protocols.brokers_options import address_of, read_brokers_options
from syncline.errors import OptionsError

SECRET = "s3cret"
ORDERS = {"topic": "orders", "key": "data.id", "body": "data"}


def problems(**given: Any) -> list[str]:
    with pytest.raises(OptionsError) as caught:
        read_brokers_options("bus", {"url": "kafka://broker", **given})
    assert SECRET not in str(caught.value)
    return [one.option.removeprefix("systems.bus.") for one in caught.value.problems]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"amqp://hub:{SECRET}@mq.example/orders", "amqp://mq.example:5672/orders"),
        ("amqps://mq.example", "amqps://mq.example:5671"),
        ("kafka://one:9092,two", "kafka://one:9092,two:9092"),
        ("kafkas://[2001:db8::7]:9093", "kafkas://2001:db8::7:9093"),
    ],
)
def test_an_address_is_told_without_its_password(url: str, told: str) -> None:
    options = read_brokers_options("bus", {"url": url})
    address = address_of(options)

    assert str(address) == told
    assert SECRET not in repr(options) + repr(address)


@pytest.mark.parametrize(
    "url",
    [
        f"http://hub:{SECRET}@mq.example", f"amqp://hub:{SECRET}@one,two", "kafka://one/path", "kafka://one:99999",
        "amqp://", "kafka://one,,two", f"amqp://a:{SECRET}@b:{SECRET}@c",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_unseen(url: str) -> None:
    assert problems(url=url) == ["url"]


def test_addresses_of_the_machine_itself_are_refused() -> None:
    assert problems(url="kafka://broker,169.254.169.254") == ["url"]


def test_all_problems_are_told_at_once() -> None:
    found = problems(
        url="amqp://mq",
        topics={"a": {"about": {"system": "erp", "resource": "sales"}}},
        resources={
            "b": {**ORDERS, "write": {}},
            "c": {**ORDERS, "topic": "bad topic", "key": "number", "write": {"exchange": "x"}},
            "d": {**ORDERS},
        },
    )

    assert found == ["topics.a.key", "resources.b.write.topic", "resources.c.topic", "resources.c.key", "resources"]


def test_kafka_has_no_exchanges() -> None:
    assert problems(resources={"b": {**ORDERS, "write": {"exchange": "x"}}}) == ["resources.b.write.exchange"]
