"""A write whose answer is lost is in doubt: never said to be unsent, and never sent twice where it arrived."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from syncline.connectors.protocols.brokers_connector import BrokersConnector
from syncline.connectors.protocols.brokers_kafka import KafkaWire
from syncline.connectors.protocols.brokers_loop import Loop
from syncline.connectors.protocols.brokers_message import Outgoing
from syncline.connectors.protocols.brokers_options import address_of, read_brokers_options
from syncline.connectors.protocols.brokers_wire import Sent
from syncline.env import RealEnv
from syncline.errors import DoubtError, TransientError
from syncline.model.page import Outcome, Record
from syncline.testing.connector_steps import update
from tests.contract.kafka_cluster import kafka_cluster

_ENV = RealEnv()


class _Deaf(KafkaWire):
    """What it publishes arrives, and the answer is lost."""

    async def _send(self, message: Outgoing, *, send_by: float) -> Sent:
        await super()._send(message, send_by=send_by)
        raise OSError("cut off")


async def _nothing() -> None:
    pass


def test_work_that_sends_and_is_not_over_in_time_is_in_doubt() -> None:
    loop = Loop("bus")
    try:
        with pytest.raises(TransientError) as caught:
            loop.run(asyncio.Event().wait(), 0.05)
        assert not isinstance(caught.value, DoubtError)
        with pytest.raises(DoubtError):
            loop.send(asyncio.Event().wait(), 0.05)
    finally:
        loop.close(_nothing, 1.0)


def test_a_write_whose_answer_is_lost_is_in_doubt_and_read_where_it_arrived(tmp_path: Path) -> None:
    with kafka_cluster() as kafka:
        resource = {"topic": "orders", "key": "id", "write": {"type": "order"}}
        given = {"url": kafka.url, "inbox": str(tmp_path / "bus.sqlite"), "resources": {"orders": resource}}
        options = read_brokers_options("bus", given)
        address = address_of(options)
        bus = BrokersConnector("bus", options, address, _Deaf("bus", address, options, _ENV), _ENV)
        try:
            kafka.say("orders", ("A1", b'{"id":"A1","total":1}'))
            list(bus.list("orders", None))

            assert update(bus, "orders", "A1", {"total": 2}).outcome is Outcome.DOUBT

            (record,) = bus.get("orders", ["A1"])
            assert isinstance(record, Record)
            assert msgspec.json.decode(record.raw) == {"id": "A1", "total": 2}
            assert len(kafka.heard("orders")) == 2
        finally:
            bus.close()
