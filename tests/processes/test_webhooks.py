"""A daemon that is killed between a webhook and its effect has lost nothing: what it answered is followed after it."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException

import pytest

from syncline.app.opening import open_project
from syncline.sandbox.process import Process
from syncline.store import open_inbox
from tests.acceptance.cli_shell import Shell, linked_customer, two_applications
from tests.acceptance.webhook_world import daemon, is_ready, until, with_webhooks
from tests.processes.postgres_server import PostgresServer
from tests.processes.starts import keep_in

pytestmark = pytest.mark.slow

#: of a follow, in their order
POINTS = ("get.before", "merge.after_commit", "send.after_commit", "write.after")
STARTS = 10  #: tries to begin with a pass that finds nothing
MANY = 2_000  #: records: to follow them takes much longer than to kill


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    yield from two_applications(tmp_path_factory.mktemp("applications"), size=30)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shell(
    request: pytest.FixtureRequest, applications: tuple[Process, Process], tmp_path_factory: pytest.TempPathFactory
) -> Shell:
    """A project in agreement that nothing but webhooks wakes, and a start."""
    crm, erp = applications
    made = Shell(folder=tmp_path_factory.mktemp("project"), crm=crm, erp=erp)
    assert made("init", "--blueprint", "sandbox").code == 0
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("server")
        keep_in(made.folder, server.new_database())
    assert made("sync", "--approve").code == 0
    return with_webhooks(made, when="{webhook: crm}")


def shown(shell: Shell, erp: str) -> str:
    return "".join(one for one in str(shell.ask("erp", "GET", f"/rest/partners/{erp}")) if one.isalnum())


@pytest.mark.parametrize("point", POINTS)
def test_what_was_answered_has_its_effect_after_a_kill_at(shell: Shell, point: str) -> None:
    crm, erp = linked_customer(shell)
    phone = f"2155{random.Random(str(shell.folder) + point).randrange(10**6):06d}"  # noqa: S311
    for _ in range(STARTS):
        with daemon(shell, SYNCLINE_FAILPOINT=point) as (process, caller):
            until(lambda: is_ready(caller) or process.poll() is not None)
            if process.poll() is not None:  # its first pass had something to do, and met the point: that is done now
                continue
            shell.edit(crm, phone=f"+86{phone}")
            with suppress(OSError, HTTPException):  # it may die before the answer is read
                caller.tell(crm)
            assert process.wait(60) == -signal.SIGKILL
            break
    else:
        pytest.fail("no first pass found nothing to do")
    with daemon(shell) as (process, caller):
        until(lambda: phone in shown(shell, erp))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert shell("sync").code == 0  # whatever was in doubt is decided, so that the next one begins in agreement
    assert phone in shown(shell, erp)


def test_what_the_inbox_holds_after_a_kill_is_followed_by_the_next_daemon(shell: Shell) -> None:
    """None of these records exists, so that no listing can find them: what is followed comes from the inbox alone."""
    with daemon(shell) as (process, caller):
        until(lambda: is_ready(caller))
        caller.tell(*(f"none-{number}" for number in range(MANY)))
        process.kill()
        process.wait()
    inbox = open_inbox(open_project(shell.folder).store.url.reveal())
    kept = [one.key for one in inbox.kept() if one.key.startswith("none-")]
    inbox.close()
    with daemon(shell) as (process, caller):
        until(lambda: caller.metric('syncline_follow_seconds_count{system="crm"}') >= len(kept))
        assert caller.metric("syncline_told_records") == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    again = open_inbox(open_project(shell.folder).store.url.reveal())
    left = again.kept()
    again.close()

    assert len(kept) == MANY, "they were followed before the kill, or not kept before the answer"
    assert left == []
