"""The brokers connector keeps the port's promises on a cluster of Kafka."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.brokers_kit import BrokersSuite
from tests.contract.kafka_cluster import kafka_cluster


class TestKafka(BrokersSuite):
    title = "brokers.kafka"
    server = "the cluster of librdkafka"
    open = True

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls) -> Iterator[str]:
        with kafka_cluster() as cluster:
            yield cluster.url
