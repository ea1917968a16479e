"""A cluster of Kafka in the memory of the test: librdkafka's own mock, spoken to over real sockets on this machine."""

from __future__ import annotations

import signal
import subprocess
import sys
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


@dataclass(frozen=True, slots=True)
class ApartCluster:
    """A cluster in a process of its own, that can stand still: nobody reaches it then, and it forgets nothing."""

    kafka: KafkaCluster
    process: subprocess.Popen[str]

    def go_away(self) -> None:
        """From now on nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def come_back(self) -> None:
        """Everything is as it was."""
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def apart_cluster() -> Iterator[ApartCluster]:
    """A cluster in a process of its own for the length of a block."""
    command = [sys.executable, "-m", "tests.contract.kafka_cluster"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            hosts = process.stdout.readline().strip()
            yield ApartCluster(KafkaCluster(hosts, Producer({"bootstrap.servers": hosts, "log_level": 0})), process)
        finally:
            process.kill()


if __name__ == "__main__":
    with kafka_cluster() as cluster:
        sys.stdout.write(f"{cluster.hosts}\n")
        sys.stdout.flush()
        sys.stdin.read()  # until whoever started it ends
