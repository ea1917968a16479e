"""A daemon that is told to stop while a system never answers ends within ten seconds, and the next one goes on."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from syncline.sandbox.process import Process
from tests.acceptance.cli_shell import Shell, linked_customer, two_applications
from tests.acceptance.lying_proxy import Exchange, LyingProxy, Passage, lying_proxy
from tests.acceptance.webhook_world import Caller, daemon, event, is_ready, until, with_webhooks

pytestmark = pytest.mark.slow

WITHIN = 10.0  #: from the signal to the end [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Say nothing, for as long as the test likes."""

    over: threading.Event

    def pass_on(self, _passage: Passage) -> bool:
        """No answer."""
        self.over.wait(120)
        return False


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    yield from two_applications(tmp_path_factory.mktemp("applications"), size=30)


@pytest.fixture(scope="module")
def shell(applications: tuple[Process, Process], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    crm, erp = applications
    made = Shell(folder=tmp_path_factory.mktemp("project"), crm=crm, erp=erp)
    assert made("init", "--blueprint", "sandbox").code == 0
    assert made("sync", "--approve").code == 0
    return with_webhooks(made)


@pytest.fixture
def crm(applications: tuple[Process, Process]) -> Iterator[LyingProxy]:
    with lying_proxy(applications[0].url) as proxy:
        yield proxy


@contextmanager
def silent(crm: LyingProxy) -> Iterator[None]:
    """Every request to the CRM is taken, and none is answered."""
    over = threading.Event()
    try:
        with crm.lying(lambda _exchange: Silence(over=over)):
            yield
    finally:
        over.set()


def ends(process: subprocess.Popen[str]) -> float:
    """How long it takes from the signal to its end [s]."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    return time.monotonic() - began


def asked_of(crm: LyingProxy) -> list[Exchange]:
    return [exchange for exchange, _ in crm.told]


def test_while_a_listing_is_awaited(shell: Shell, crm: LyingProxy) -> None:
    with silent(crm), daemon(shell, CRM_URL=crm.url) as (process, _):
        until(lambda: len(asked_of(crm)) > 0)

        assert ends(process) < WITHIN
    assert "Traceback" not in (shell.folder / "errors.log").read_text()


def test_while_a_record_that_was_told_of_is_awaited_and_others_speak_slowly(shell: Shell, crm: LyingProxy) -> None:
    key, erp = linked_customer(shell)
    phone = "2155509171"
    with daemon(shell, CRM_URL=crm.url) as (process, caller):
        until(lambda: is_ready(caller))
        shell.edit(key, phone=f"+86{phone}")
        with silent(crm), half_a_webhook(caller) as slow:
            caller.tell(key)
            until(lambda: any(key in one.path for one in asked_of(crm)))

            assert ends(process) < WITHIN
            assert b"The hub is being stopped. Send it again." in slow.makefile("rb").read()
    with daemon(shell) as (process, caller):
        until(lambda: phone in "".join(filter(str.isalnum, str(shell.ask("erp", "GET", f"/rest/partners/{erp}")))))

        assert ends(process) < WITHIN
    assert "Traceback" not in (shell.folder / "errors.log").read_text()


@contextmanager
def half_a_webhook(caller: Caller) -> Iterator[socket.socket]:
    """Somebody whose body does not end."""
    head = "POST /webhooks/crm HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n"
    with socket.create_connection(("127.0.0.1", caller.port)) as wire:
        wire.sendall(head.encode() + event(["1"]))
        yield wire
