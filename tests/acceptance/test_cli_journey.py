"""A newcomer's way through the command line: two applications, one project, `python -m syncline`, all real."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.sandbox.process import Process
from tests.acceptance.cli_shell import Shell, linked_customer, two_applications

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    yield from two_applications(tmp_path_factory.mktemp("applications"), size=40)


@pytest.fixture(scope="module")
def shell(applications: tuple[Process, Process], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A project whose systems are in agreement."""
    made = project(applications, tmp_path_factory.mktemp("project"))
    assert made("sync", "--approve").code == 0
    return made


@pytest.fixture
def fresh(applications: tuple[Process, Process], tmp_path: Path) -> Shell:
    """A project that has never read anything."""
    return project(applications, tmp_path)


def project(applications: tuple[Process, Process], folder: Path) -> Shell:
    crm, erp = applications
    made = Shell(folder=folder, crm=crm, erp=erp)
    assert made("init", "--blueprint", "sandbox").code == 0
    return made


def test_a_state_that_does_not_exist_yet_is_told_with_the_cure(fresh: Shell):
    told = fresh("status")

    assert told.code == 1
    assert "syncline sync" in told.err


def test_check_reaches_both_systems_and_tries_the_mappings(fresh: Shell):
    told = fresh("check")

    assert told.code == 0, told.out
    assert "No problem." in told.out
    assert "laws hold on" in told.out


def test_check_names_the_line_of_a_system_that_is_down(fresh: Shell):
    settings = fresh.folder / "syncline.yaml"
    settings.write_text(settings.read_text().replace('"${CRM_URL:-http://127.0.0.1:8101}"', '"http://127.0.0.1:1"'))

    told = fresh("check")

    assert told.code == 1
    assert "syncline.yaml:8:10" in told.out
    assert "crm cannot be reached" in told.out
    assert told.err == ""


def test_match_says_who_is_who_and_writes_nothing(fresh: Shell):
    before = requests(fresh, "write_requests")

    told = fresh("match", "--json")

    matches = told.document["matches"]
    assert isinstance(matches, list)
    sides = {side["system"]: side for side in matches[0]["sides"]}
    assert told.code == 0
    assert sides["erp"]["linked"] > 0
    assert requests(fresh, "write_requests") == before


def test_sync_brings_everything_into_agreement(shell: Shell):
    told = shell("sync", "--json")

    agreement = told.document["agreement"]
    assert isinstance(agreement, dict)
    assert (agreement["conflicts"], agreement["parked"]) == (0, 0)
    assert agreement["agreed"] > 0.9 * agreement["records"]  # a question of the match stage keeps its orders waiting


def test_every_read_has_one_outcome_in_the_ledger(shell: Shell):
    told = shell("sync", "--full", "--json")

    accounts = told.document["accounts"]
    assert isinstance(accounts, list)
    assert [one for one in accounts if sum(one["reads"].values()) != one["read"]] == []
    assert sum(one["read"] for one in accounts) > 40


def test_status_and_drift_agree_that_nothing_is_unexplained(shell: Shell):
    status, drift = shell("status"), shell("drift")

    assert status.code == 0
    assert drift.code == 0
    assert "verified through" in status.out


def test_an_edit_travels_through_plan_and_apply_and_explains_itself(shell: Shell):
    crm_key, erp_key = linked_customer(shell)
    shell.edit(crm_key, phone="+49 30 22334455")

    plan = shell("plan", "--json")
    applied = shell("apply", str(plan.document["id"]))
    why = shell("why", f"customer:erp:{erp_key}.phone")
    history = shell("history", f"customer:{erp_key}")

    assert plan.code == 2
    assert applied.code == 0, applied.out
    assert why.out.startswith("+493022334455")
    assert "edited in crm" in why.out
    assert "phone" in history.out


def test_a_plan_is_refused_once_a_side_has_moved(shell: Shell):
    crm_key, _ = linked_customer(shell)
    shell.edit(crm_key, phone="+49 30 22334456")
    plan = shell("plan", "--json").document["id"]
    shell.edit(crm_key, phone="+49 30 22334457")

    refused = shell("apply", str(plan))
    shell("sync")

    assert refused.code == 1
    assert refused.err


def test_a_run_is_undone(shell: Shell):
    crm_key, erp_key = linked_customer(shell)
    before = shell("why", f"customer:erp:{erp_key}.segment", "--json").document["value"]
    shell.edit(crm_key, segment="c" if before != "small" else "b")
    run = shell("sync", "--json").document["run"]

    undone = shell("undo", str(run), "--send")

    assert undone.code == 0, undone.out
    assert shell("why", f"customer:erp:{erp_key}.segment", "--json").document["value"] == before


def test_the_creations_of_a_run_are_undone_when_asked_for(shell: Shell):
    made = shell.ask("crm", "POST", "/api/customers", {"name": "Wrong List Entry", "country": "France"})
    run = shell("sync", "--json").document["run"]

    kept = shell("undo", str(run), "--json").document
    undone = shell("undo", str(run), "--creations", "--send", "--json")

    assert [row["what"] for row in kept["rows"]] == []
    assert [row["what"] for row in undone.document["rows"]] == ["created"]
    assert shell.ask("crm", "GET", f"/api/customers/{made['id']}")["name"] == "Wrong List Entry"


def test_a_new_customer_is_created_once_and_only_once(shell: Shell):
    made = shell.ask("crm", "POST", "/api/customers", {"name": "Quay Nine Chandlers", "country": "France"})

    shell("sync")
    shell("sync", "--full")

    partners = shell.ask("erp", "GET", "/_sandbox/dump/partners")["data"]
    assert [one["Name1"] for one in partners].count("Quay Nine Chandlers") == 1
    assert "erp" in shell("history", f"customer:crm:{made['id']}", "--json").document["keys"]


def test_two_hubs_on_one_state_are_refused_and_reading_is_not(shell: Shell):
    hub = shell.begin("run")
    try:
        assert hub.stdout is not None
        for line in hub.stdout:  # the schedule, then the first pass
            if "in agreement" in line:
                break
        second, reader = shell("sync"), shell("status")
    finally:
        hub.send_signal(signal.SIGTERM)
        out, err = hub.communicate(timeout=60)

    assert second.code == 1
    assert "in use by another hub" in second.err
    assert reader.code == 0
    assert (hub.returncode, err) == (0, "")
    assert "Stopped. Nothing is lost." in out


def test_an_interrupted_pass_says_so_and_the_next_one_goes_on(shell: Shell):
    shell.ask("crm", "POST", "/_sandbox/faults", {"slow_ms": 400})
    before = requests(shell)
    hub = shell.begin("sync", "--full")
    while requests(shell) == before:
        assert hub.poll() is None
    hub.send_signal(signal.SIGINT)
    _, err = hub.communicate(timeout=60)
    shell.ask("crm", "POST", "/_sandbox/faults", {})

    after = shell("sync", "--full")

    assert (hub.returncode, err.partition(".")[0]) == (130, "Stopped")
    assert after.code == 0, after.out + after.err


def requests(shell: Shell, kind: str = "requests") -> int:
    """How often the CRM was asked something."""
    return int(shell.ask("crm", "GET", "/_sandbox/stats")[kind])


def test_a_system_that_is_down_pauses_its_flows_and_loses_nothing(shell: Shell):
    nowhere = Process(kind="crm", url="http://127.0.0.1:1", popen=shell.crm.popen)
    gone = Shell(folder=shell.folder, crm=nowhere, erp=shell.erp)

    told = gone("sync")
    after = shell("sync")

    assert told.code == 3
    assert "crm is paused" in told.out
    assert "Nothing is lost" in told.out
    assert after.code == 0


def test_a_reader_that_leaves_is_no_error(shell: Shell):
    hub = shell.begin("status", "--json")
    assert hub.stdout is not None
    hub.stdout.close()

    _, err = hub.communicate(timeout=60)

    assert (hub.returncode, err) == (0, "")


def test_the_probe_finds_the_sandbox_as_it_is_declared(shell: Shell):
    crm_key, _ = linked_customer(shell)

    told = shell("probe", "crm", "customers", "--write", crm_key)

    assert told.code == 0, told.out
    assert "a stale write" in told.out
    assert "falls short" not in told.out
    assert "put back" in told.out


def test_the_log_explains_every_value(shell: Shell):
    told = shell("verify")

    assert told.code == 0, told.out
