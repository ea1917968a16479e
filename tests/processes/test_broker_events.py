"""`when: {event: bus.topic}`: what a topic of Kafka says of the CRM's records has its effect in the ERP at once.

The daemon, the two applications and the broker are processes of their own. The broker is away and comes back, and the
daemon is killed in between: nothing that was told is lost.
"""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator

import msgspec
import pytest

from syncline.sandbox.process import Process
from tests.acceptance.cli_shell import Shell, linked_customer, two_applications
from tests.acceptance.webhook_world import Caller, daemon, is_ready, until, with_webhooks
from tests.contract.kafka_cluster import ApartCluster, apart_cluster

pytestmark = pytest.mark.slow

TOPIC = "crm.customers"
#: Heard and not kept; kept and not acknowledged; acknowledged and not passed on; passed on, and within the follow.
POINTS = ("brokers.commit", "brokers.acknowledge", "get.before", "merge.after_commit", "send.after_commit")
LISTENED = 'syncline_hearing{system="bus"}'
HEARD = 'syncline_heard_total{system="bus"}'
BUS = """
  bus:
    connector: brokers
    url: "URL"
    timeout: 5
    topics:
      customers: {topic: TOPIC, about: {system: crm, resource: customers}, key: data.id}
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[ApartCluster]:
    with apart_cluster() as one:
        yield one


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    yield from two_applications(tmp_path_factory.mktemp("applications"), size=30)


@pytest.fixture(scope="module")
def shell(
    cluster: ApartCluster, applications: tuple[Process, Process], tmp_path_factory: pytest.TempPathFactory
) -> Shell:
    """A project in agreement that nothing but the topic wakes, and a start."""
    crm, erp = applications
    made = Shell(folder=tmp_path_factory.mktemp("project"), crm=crm, erp=erp)
    assert made("init", "--blueprint", "sandbox").code == 0
    assert made("sync", "--approve").code == 0
    with_webhooks(made, when="{event: bus.customers}")
    file = made.folder / "syncline.yaml"
    bus = BUS.replace("URL", cluster.kafka.url).replace("TOPIC", TOPIC)
    file.write_text(file.read_text().replace("\nsystems:\n", f"\nsystems:{bus}", 1))
    return made


def edited(shell: Shell, name: str) -> tuple[str, str]:
    """Somebody edits a customer of the CRM; its key, and the phone that the ERP must show."""
    key, _ = linked_customer(shell)
    phone = f"2155{random.Random(name).randrange(10**6):06d}"  # noqa: S311
    shell.edit(key, phone=f"+86{phone}")
    return key, phone


def say(cluster: ApartCluster, *keys: str) -> None:
    """The CRM's own program tells of them on the topic."""
    for key in keys:
        told = {"specversion": "1.0", "id": key, "source": "/crm", "type": "changed", "data": {"id": key}}
        cluster.kafka.say(TOPIC, (key, msgspec.json.encode(told)))


def in_erp(shell: Shell, phone: str) -> bool:
    _, erp = linked_customer(shell)
    return phone in "".join(one for one in str(shell.ask("erp", "GET", f"/rest/partners/{erp}")) if one.isalnum())


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_what_a_topic_tells_has_its_effect_in_the_third_system(shell: Shell, cluster: ApartCluster) -> None:
    with daemon(shell) as (process, caller):
        until(lambda: is_ready(caller))
        until(lambda: caller.metric(LISTENED) == 1)
        key, phone = edited(shell, "told")
        assert not in_erp(shell, phone)
        say(cluster, key, "none-such")
        cluster.kafka.say(TOPIC, ("poison", b"{ no JSON"))
        until(lambda: in_erp(shell, phone))
        until(lambda: caller.metric(HEARD) == 2)
        until(lambda: caller.metric("syncline_told_records") == 0)
        end(process)


def test_while_the_broker_is_away_the_rest_goes_on_and_afterwards_nothing_is_missing(
    shell: Shell, cluster: ApartCluster
) -> None:
    key, phone = edited(shell, "away")
    say(cluster, key)
    cluster.go_away()
    try:
        with daemon(shell) as (process, caller):
            until(lambda: is_ready(caller))  # its first pass has found the edit without the broker
            assert in_erp(shell, phone)
            until(lambda: caller.metric(LISTENED) == 0 and "syncline_hearing" in figures(caller))
            cluster.come_back()
            until(lambda: caller.metric(LISTENED) == 1)
            key, phone = edited(shell, "back")
            say(cluster, key)
            until(lambda: in_erp(shell, phone))
            end(process)
    finally:
        cluster.come_back()


def figures(caller: Caller) -> str:
    return str(caller.ask("GET", "/metrics")[1]["text"])


@pytest.mark.parametrize("point", POINTS)
def test_what_a_topic_told_has_its_effect_after_a_kill_at(shell: Shell, cluster: ApartCluster, point: str) -> None:
    with daemon(shell, SYNCLINE_FAILPOINT=point) as (process, caller):
        until(lambda: is_ready(caller) or process.poll() is not None)
        key, phone = edited(shell, point)
        say(cluster, key)
        assert process.wait(60) == -signal.SIGKILL
    with daemon(shell) as (process, caller):
        until(lambda: in_erp(shell, phone))
        if point.startswith("brokers"):  # it was not passed on before the kill, so it is now
            until(lambda: caller.metric(HEARD) >= 1)
        end(process)
    assert shell("sync").code == 0  # whatever was in doubt is decided, so that the next one begins in agreement


def test_the_table_at_the_start_says_what_wakes_a_flow(shell: Shell) -> None:
    command = shell.command(["run"])
    with subprocess.Popen(command, cwd=shell.folder, env=shell.environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = ""
            while "Ctrl-C" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            end(process)
        finally:
            process.kill()

    assert "when bus.customers tells" in said
    assert "listens to bus" in said
