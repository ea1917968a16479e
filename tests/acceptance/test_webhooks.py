"""Webhooks from a real sandbox to a real daemon: what is rightly signed has its effect at once, the rest has none."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.sandbox.process import Process
from tests.acceptance.cli_shell import Shell, linked_customer, two_applications
from tests.acceptance.webhook_world import NEXT, Caller, daemon, event, is_ready, until, with_webhooks

pytestmark = pytest.mark.slow

FOLLOWED = 'syncline_follow_seconds_count{system="crm"}'


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    yield from two_applications(tmp_path_factory.mktemp("applications"), size=40)


@pytest.fixture(scope="module")
def shell(applications: tuple[Process, Process], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A project whose systems are in agreement, and whose flows wait for webhooks."""
    crm, erp = applications
    made = Shell(folder=tmp_path_factory.mktemp("project"), crm=crm, erp=erp)
    assert made("init", "--blueprint", "sandbox").code == 0
    assert made("sync", "--approve").code == 0
    return with_webhooks(made)


@pytest.fixture(scope="module")
def running(shell: Shell) -> Iterator[tuple[subprocess.Popen[str], Caller]]:
    with daemon(shell) as (process, caller):
        until(lambda: is_ready(caller))
        yield process, caller


@pytest.fixture
def caller(running: tuple[subprocess.Popen[str], Caller]) -> Caller:
    return running[1]


def phone_in_erp(shell: Shell, key: str) -> str:
    return str(shell.ask("erp", "GET", f"/rest/partners/{key}"))


def refused(caller: Caller, outcome: str) -> float:
    return caller.metric(f'syncline_webhooks_total{{outcome="{outcome}",system="crm"}}')


def test_an_edit_that_is_told_of_reaches_the_other_system_at_once(shell, caller):
    crm, erp = linked_customer(shell)
    for number in range(3):
        phone = f"+8621555501{number:02d}"
        shell.edit(crm, phone=phone)
        caller.tell(crm)

        assert until(lambda phone=phone: phone[3:] in phone_in_erp(shell, erp).replace(" ", "")) < 5.0


def test_one_body_tells_of_many_records(shell, caller):
    before = caller.metric('syncline_follow_seconds_count{system="crm"}')
    status, answer = caller.send(event([f"none-{number}" for number in range(250)]))

    assert (status, answer["records"]) == (202, 250)
    until(lambda: caller.metric('syncline_follow_seconds_count{system="crm"}') - before >= 250)


@pytest.mark.parametrize(
    ("given", "status", "outcome", "sentence"),
    [
        ({"headers": {"webhook-signature": ""}}, 401, "unsigned", "This webhook is not signed."),
        ({"secret": "whsec_c29tZWJvZHkgZWxzZSBlbnRpcmVseQ=="}, 401, "altered", "The signature does not belong"),
        ({"stamp": time.time() - 3600}, 401, "stale", "sent too long ago"),
        ({"stamp": time.time() + 3600}, 401, "stale", "sent too long ago, or in the future"),
        ({"headers": {"webhook-id": "another"}}, 401, "altered", "The signature does not belong"),
        ({"headers": {"content-type": "text/xml"}}, 415, "wrong_type", "A webhook is JSON here"),
        ({"headers": {"content-type": "application/x-www-form-urlencoded"}}, 415, "wrong_type", "A webhook is JSON"),
        ({"body": b"{"}, 400, "unreadable", "The body is not JSON."),
        ({"body": b"[" * 100_000}, 400, "unreadable", "The body is not JSON."),
        ({"body": b'{"type": "customer.updated", "items": [{"id": {"a": 1}}]}'}, 400, "unreadable", "as a key that is"),
        ({"body": b'{"type": "customer.updated"}'}, 400, "unreadable", "shows no key"),
        ({"body": b" " * (1 << 20) + b"{}"}, 413, "too_large", "This is too large."),
    ],
)
def test_what_is_wrong_is_refused_with_a_plain_sentence_and_counted(caller, given, status, outcome, sentence):
    before = refused(caller, outcome)
    body = given.pop("body", event(["kanarie-4711"]))

    got, answer = caller.send(body, **given)

    assert got == status
    assert sentence in answer["problem"]
    assert "kanarie" not in str(answer)
    assert refused(caller, outcome) == before + 1


def test_an_altered_body_is_refused(caller):
    body = event(["kanarie"])
    before = refused(caller, "altered")
    for place in range(0, len(body), 7):
        status, _ = caller.send(body, headers={"webhook-signature": "v1,AAAA", "x-place": str(place)})
        assert status == 401

    assert refused(caller, "altered") == before + len(range(0, len(body), 7))


def test_a_message_that_its_system_sends_again_is_acknowledged_without_effect(shell, caller):
    crm, _erp = linked_customer(shell)
    body, now = event([crm]), time.time()
    first, _ = caller.send(body, told="msg_again", stamp=now)
    until(lambda: caller.metric("syncline_told_records") == 0)
    taken = caller.metric(FOLLOWED)
    again = [caller.send(body, told="msg_again", stamp=now + number) for number in range(1, 6)]
    caller.tell("none-after")
    until(lambda: caller.metric(FOLLOWED) > taken)

    assert first == 202
    assert [status for status, _ in again] == [200] * 5
    assert {answer["told"] for _, answer in again} == {"This webhook was taken before."}
    assert caller.metric(FOLLOWED) == taken + 1


def test_a_copy_of_a_message_is_refused_and_has_no_effect(shell, caller):
    crm, _erp = linked_customer(shell)
    body, now = event([crm]), time.time()
    first, _ = caller.send(body, told="msg_copied", stamp=now)
    until(lambda: caller.metric("syncline_told_records") == 0)
    taken, before = caller.metric(FOLLOWED), refused(caller, "replayed")
    copies = [caller.send(body, told="msg_copied", stamp=now) for _ in range(5)]
    caller.tell("none-after-copies")
    until(lambda: caller.metric(FOLLOWED) > taken)

    assert first == 202
    assert [status for status, _ in copies] == [409] * 5
    assert {answer["problem"] for _, answer in copies} == {"This is a copy of a webhook that was taken before."}
    assert (caller.metric(FOLLOWED), refused(caller, "replayed")) == (taken + 1, before + 5)


def test_both_secrets_are_good_while_one_is_exchanged(caller):
    assert caller.send(event(["none"]), secret=NEXT)[0] == 202


def test_what_no_flow_waits_for_is_not_kept(caller):
    assert caller.send(event(["1"], "campaign"))[0] == 200
    assert caller.send(event(["1"]), path="/webhooks/erp")[0] == 404
    assert caller.send(event(["1"]), path="/webhooks/crm/campaigns")[0] == 404
    assert caller.send(event(["1"]), path="/webhooks/crm/customers")[0] == 202
    assert caller.ask("GET", "/webhooks/crm")[0] == 405
    assert caller.ask("GET", "/")[0] == 404


def test_nobody_fills_the_figures_with_names(caller):
    for name in ("a", "b", "customers%2f..", "x" * 60):
        caller.send(event(["1"]), path=f"/webhooks/{name}")
    _, answer = caller.ask("GET", "/metrics")

    systems = {line.split('system="')[1].split('"')[0] for line in answer["text"].splitlines() if 'system="' in line}
    assert systems <= {"crm", "erp", "unknown"}


def test_it_says_how_it_is(caller):
    assert caller.ask("GET", "/health/live") == (200, {"live": True})
    status, answer = caller.ask("GET", "/health/ready")

    assert (status, answer["ready"], answer["problems"]) == (200, True, [])
    assert set(answer["last_pass"]) == {"customers", "products", "orders"}


def test_its_figures_are_those_of_the_runs(shell, caller):
    status = shell("status", "--json").document
    told = {f'syncline_entities{{flow="{one["flow"]}"}}': one["entities"] for one in status["streams"]}
    for one in status["figures"]["exchange"]:
        side = f'flow="{one["flow"]}"', f'system="{one["system"]}"'
        for outcome in ("captured", "applied", "rejected", "parked", "backlog"):
            told[f'syncline_exchange_changes{{{side[0]},outcome="{outcome}",{side[1]}}}'] = one[outcome]
        told[f"syncline_exchange_missing_changes{{{','.join(side)}}}"] = 0

    until(lambda: all(caller.metric(line) == count for line, count in told.items()), longest=30)
    _, answer = caller.ask("GET", "/metrics")
    assert caller.metric('syncline_comparable_fields{flow="customers"}') > 0
    assert "syncline_pass_seconds_bucket" in answer["text"]
    assert not any(key in answer["text"] for key in linked_customer(shell))


def test_a_second_daemon_is_refused_with_a_clear_sentence(shell, running):
    told = shell("run")

    assert told.code == 1
    assert f"is in use by another hub (process {running[0].pid})" in told.err


def test_a_signal_ends_it_within_ten_seconds(shell, running):
    process, caller = running
    crm, _ = linked_customer(shell)
    caller.tell(crm)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in Path(shell.folder / "errors.log").read_text()
    assert shell("sync").code == 0
