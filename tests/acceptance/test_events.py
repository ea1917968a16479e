"""A database and a topic in agreement: `syncline sync` as a person runs it, and killed where it hurts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.events_world import Events, events
from tests.contract.kafka_cluster import KafkaCluster, kafka_cluster

#: Received and not kept; kept and not acknowledged; kept and not sent; sent and not noted.
POINTS = ("brokers.commit:2", "brokers.acknowledge", "brokers.commit:4", "brokers.published")


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaCluster]:
    with kafka_cluster() as cluster:
        yield cluster


@pytest.fixture
def acme(kafka: KafkaCluster, tmp_path: Path) -> Iterator[Events]:
    with events(tmp_path, kafka) as project:
        yield project


def fill(acme: Events) -> None:
    for number in range(20):
        acme.say(f"P{number}", name=f"Bus {number}", email=f"b{number}@a.de", credit="1")
    acme.say("P3", name="newer", email="b3@a.de", credit="2")
    acme.crm.run("INSERT INTO customers (name, email, credit) VALUES ('C', 'c@a.de', 5), ('Bus 4', 'b4@a.de', 1)")


def test_a_topic_and_a_database_come_into_agreement_both_ways(acme: Events):
    fill(acme)
    acme.kafka.say(acme.topic, ("P1", b"{ no JSON"))
    assert "No problem" in acme("check")

    acme("sync", "--approve")

    assert acme.in_crm() == acme.on_bus()
    assert len(acme.in_crm()) == 21
    assert acme.in_crm()["b3@a.de"] == ("newer", "2")
    assert "is no JSON object" in acme("parked")
    acme.crm.run("UPDATE customers SET name = 'edited in the CRM' WHERE email = 'b5@a.de'")
    acme.say("P6", name="edited on the bus", email="b6@a.de", credit="1")
    acme.say("P7", kind="gone")
    acme("sync")
    assert acme.in_crm() == acme.on_bus()
    assert acme.in_crm()["b6@a.de"][0] == "edited on the bus"
    assert acme.on_bus()["b5@a.de"][0] == "edited in the CRM"
    assert "b7@a.de" not in acme.in_crm()
    assert "100.000 %            0" in acme("drift")


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_nothing_is_lost_and_nothing_is_doubled(acme: Events, point: str):
    fill(acme)

    acme("sync", "--approve", failpoint=point)
    acme("sync", "--approve")
    acme("sync", "--approve")

    assert acme.in_crm() == acme.on_bus()
    assert len(acme.in_crm()) == 21
