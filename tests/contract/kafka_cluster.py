"""A cluster of Kafka in the memory of the test: librdkafka's own mock, spoken to over real sockets on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import Consumer, Producer, TopicPartition

_LONGEST = 10.0  #: one answer [s]


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """Brokers, and another application that publishes and reads there with another client than ours."""

    hosts: str
    producer: Producer

    @property
    def url(self) -> str:
        return f"kafka://{self.hosts}"

    def say(
        self, topic: str, *messages: tuple[str | None, bytes | None], headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Publish (key, value) pairs, in this order."""
        for key, value in messages:
            self.producer.produce(topic, key=key, value=value, headers=list((headers or {}).items()))
        assert self.producer.flush(_LONGEST) == 0

    def heard(self, topic: str) -> Sequence[tuple[str, bytes | None]]:
        """All (key, value) pairs of a topic, each partition in its order."""
        reader = Consumer({"bootstrap.servers": self.hosts, "group.id": "reader", "enable.auto.commit": False})
        try:
            parts = reader.list_topics(topic, timeout=_LONGEST).topics[topic].partitions
            places = [TopicPartition(topic, one, 0) for one in parts]
            wanted = sum(reader.get_watermark_offsets(one, timeout=_LONGEST)[1] for one in places)
            reader.assign(places)
            found = [reader.poll(_LONGEST) for _ in range(wanted)]
            return [((one.key() or b"").decode(), one.value()) for one in found if one is not None]
        finally:
            reader.close()


@contextmanager
def kafka_cluster(brokers: int = 1) -> Iterator[KafkaCluster]:
    """A cluster for the length of a block; every topic that is asked for exists, with four partitions."""
    settings = {"bootstrap.servers": "nowhere:1", "test.mock.num.brokers": brokers, "log_level": 0}
    producer = Producer(settings)
    known = producer.list_topics(timeout=_LONGEST).brokers.values()
    hosts = ",".join(f"{one.host}:{one.port}" for one in known)
    yield KafkaCluster(hosts, producer)
    del producer
