"""Agreed changes are told to others: each at least once, in the order of its entity, and none before it is agreed."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.env import RealEnv
from tests.acceptance.events_world import Events, events
from tests.contract.kafka_cluster import KafkaCluster, kafka_cluster

_ENV = RealEnv()
PUBLISH = 'publish: {to: bus, topic: "told.{entity}"}\n'


@pytest.fixture
def kafka() -> Iterator[KafkaCluster]:
    with kafka_cluster() as cluster:
        yield cluster


@pytest.fixture
def acme(kafka: KafkaCluster, tmp_path: Path) -> Iterator[Events]:
    with events(tmp_path, kafka, PUBLISH) as project:
        yield project


def told(kafka: KafkaCluster) -> list[dict[str, Any]]:
    """What somebody who knows ids again has heard, in the order of the partitions."""
    heard = [msgspec.json.decode(body or b"") for _, body in kafka.heard("told.customer")]
    return list({one["id"]: one for one in heard}.values())


def replayed(kafka: KafkaCluster) -> dict[str, str]:
    """E-mail -> name, from the events alone."""
    held: dict[str, dict[str, Any]] = {}
    for one in told(kafka):
        if one["data"]["change"] == "deleted":
            del held[one["subject"]]
            continue
        fields = held.setdefault(one["subject"], {})
        for name, change in one["data"]["fields"].items():
            assert fields.get(name) == change["old"]
            fields[name] = change["new"]
    return {one["email"]: one["name"] for one in held.values()}


def names(acme: Events) -> dict[str, str]:
    return {email: name for email, (name, _) in acme.in_crm().items()}


def test_whoever_reads_the_events_holds_what_was_agreed(acme: Events):
    acme.crm.run("INSERT INTO customers (name, email, credit) VALUES ('A', 'a@a.de', 1), ('B', 'b@a.de', 2)")
    acme("sync", "--approve")
    assert "2 events told" in acme("publish")
    assert replayed(acme.kafka) == names(acme)
    (first,) = [one for one in told(acme.kafka) if one["data"]["fields"]["email"]["new"] == "a@a.de"]
    assert first["type"] == "io.syncline.customer.changed"
    assert (first["source"], first["specversion"], first["data"]["from"]) == ("/syncline", "1.0", "crm")
    assert set(first["data"]["keys"]) == {"crm", "bus"}

    acme.crm.run("UPDATE customers SET name = 'A two' WHERE email = 'a@a.de'")
    acme.crm.run("DELETE FROM customers WHERE email = 'b@a.de'")
    acme("sync", "--full")
    acme.crm.run("UPDATE customers SET name = 'A three' WHERE email = 'a@a.de'")
    for _ in range(5):  # a delete is believed after a second look, which a busy machine takes a pass later
        acme("sync")
        acme("publish")
        if replayed(acme.kafka) == names(acme):
            break
    assert "0 events told" in acme("publish")
    assert replayed(acme.kafka) == names(acme)


def test_killed_after_it_was_told_it_is_told_again_under_the_same_ids(acme: Events):
    acme.crm.run("INSERT INTO customers (name, email, credit) VALUES ('A', 'a@a.de', 1), ('B', 'b@a.de', 2)")
    acme("sync", "--approve")
    acme("publish", failpoint="announce.told")

    acme("publish")

    assert len(acme.kafka.heard("told.customer")) == 4
    assert len(told(acme.kafka)) == 2
    assert replayed(acme.kafka) == names(acme)


def test_a_broker_that_is_away_is_waited_for_and_told_in_one_sentence(acme: Events):
    acme.crm.run("INSERT INTO customers (name, email, credit) VALUES ('A', 'a@a.de', 1)")
    acme("sync", "--approve")
    settings = acme.folder / "syncline.yaml"
    text = settings.read_text()
    settings.write_text(re.sub(r"kafka://[^\"]+", "kafka://hub:s3cret@127.0.0.1:9", text))

    away = acme("publish", code=3)
    settings.write_text(text)

    assert "the rest waits: bus cannot be reached at kafka://127.0.0.1:9" in " ".join(away.split())
    assert "s3cret" not in away
    assert "1 events told" in acme("publish")
    assert replayed(acme.kafka) == names(acme)


def test_the_daemon_tells_after_each_pass_and_goes_on_while_nobody_listens(acme: Events):
    settings = acme.folder / "syncline.yaml"
    settings.write_text(
        settings.read_text().replace("    match: [[email]]", "    match: [[email]]\n    when: {every: 1s}")
    )
    acme("sync")  # both sides are empty
    with acme.running("run") as daemon:
        acme.crm.run("INSERT INTO customers (name, email, credit) VALUES ('A', 'a@a.de', 1)")
        wait_for(lambda: replayed(acme.kafka) == names(acme) != {})
        acme.crm.run("UPDATE customers SET name = 'A two' WHERE email = 'a@a.de'")
        wait_for(lambda: replayed(acme.kafka) == {"a@a.de": "A two"})
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(10) == 0


def wait_for(is_there: Callable[[], bool]) -> None:
    begun = _ENV.monotonic()
    while not is_there():
        assert _ENV.monotonic() - begun < 60
        _ENV.sleep(0.1)


def test_a_project_that_names_nobody_and_one_that_names_a_stranger_are_told_so(acme: Events):
    settings = acme.folder / "syncline.yaml"
    text = settings.read_text()
    settings.write_text(text.replace(PUBLISH, ""))
    assert "does not say where agreed changes are told" in acme("publish", code=1)
    settings.write_text(text.replace("to: bus", "to: bsu").replace('told.{entity}"', 't", entities: [custmer]'))
    found = acme("check", code=1)
    assert "`bsu` is no system" in found
    assert "no flow has the entity custmer" in found
    settings.write_text(text.replace("to: bus", "to: crm"))
    assert "crm takes no events" in acme("publish", code=1)
