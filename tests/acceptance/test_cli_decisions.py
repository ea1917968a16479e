"""What waits for a person, decided at the command line; and the sandbox as a newcomer starts it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.sandbox.process import Process
from tests.acceptance.cli_shell import Shell, linked_customer, two_applications

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    yield from two_applications(tmp_path_factory.mktemp("applications"), size=20)


@pytest.fixture(scope="module")
def shell(applications: tuple[Process, Process], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A project in agreement, in which a person decides rival edits of a customer's name."""
    crm, erp = applications
    made = Shell(folder=tmp_path_factory.mktemp("project"), crm=crm, erp=erp)
    assert made("init", "--blueprint", "sandbox").code == 0
    flow = made.folder / "flows" / "customers.yaml"
    flow.write_text(flow.read_text().replace("  phone: latest\n", "  phone: latest\n  name: manual\n"))
    assert made("sync", "--approve").code in {0, 3}
    return made


def rivals(shell: Shell, ours: str, theirs: str) -> tuple[int, str]:
    """Edit one customer's name on both sides; the open conflict's number and the customer's key in the ERP."""
    crm_key, erp_key = linked_customer(shell)
    shell.edit(crm_key, name=ours)
    shell.ask("erp", "PUT", f"/rest/partners/{erp_key}", {"Name1": theirs})
    shell("sync")
    conflicts = shell("conflicts", "--json").document["conflicts"]
    assert isinstance(conflicts, list)
    return next(one["cid"] for one in conflicts if one["field"] == "name" and erp_key in one["keys"].values()), erp_key


def test_a_conflict_shows_both_values_and_how_to_decide(shell: Shell):
    number, _ = rivals(shell, "Quay Nine", "Quay Ten")

    told = shell("conflicts")

    assert told.code == 0
    assert "Quay Nine" in told.out
    assert "Quay Ten" in told.out
    assert f"syncline conflicts {number} --keep" in told.out


def test_the_decision_reaches_both_systems(shell: Shell):
    number, erp_key = rivals(shell, "Harbour One", "Harbour Two")

    decided = shell("conflicts", str(number), "--value", "Harbour Three")
    shell("sync")

    shown = shell("why", f"customer:erp:{erp_key}.name", "--json").document
    assert decided.code == 0
    assert shown["value"] == "Harbour Three"
    assert shown["shown"] == {"crm": "Harbour Three", "erp": "Harbour Three"}


def test_a_choice_that_does_not_exist_is_refused_with_the_choices(shell: Shell):
    number, _ = rivals(shell, "Mole East", "Mole West")

    refused = shell("conflicts", str(number), "--keep", "nobody")

    assert refused.code == 1
    assert "crm, erp" in refused.err


def test_a_record_that_cannot_be_read_is_parked_alone_and_flows_again_once_corrected(shell: Shell):
    crm_key, _ = linked_customer(shell)
    before = shell.ask("crm", "GET", f"/api/customers/{crm_key}")["country"]
    shell.edit(crm_key, country="Atlantis")

    passed, parked = shell("sync"), shell("parked")
    shell.edit(crm_key, country=before)
    shell("sync")

    assert passed.code == 0
    assert "Atlantis" in parked.out
    assert shell("parked").out == "Nothing is parked.\n"


def test_a_converter_that_loses_digits_is_found_at_its_line(shell: Shell, tmp_path: Path):
    lossy = Shell(folder=tmp_path, crm=shell.crm, erp=shell.erp)
    lossy("init", "--blueprint", "sandbox")
    mapping = tmp_path / "mapping" / "crm_product.yaml"
    mapping.write_text(mapping.read_text().replace("decimal(2)", "decimal(0)"))

    told = lossy("check")

    assert told.code == 1, told.out
    assert "mapping/crm_product.yaml:3:8" in told.out
    assert "`price`" in told.out


def test_the_sandbox_starts_is_edited_and_stops(tmp_path: Path):
    nowhere = Process(kind="crm", url="http://127.0.0.1:1", popen=None)  # type: ignore[arg-type]  it is never used
    shell = Shell(folder=tmp_path, crm=nowhere, erp=nowhere)
    up = shell.begin("sandbox", "up", "--size", "5", "--crm-port", "0", "--erp-port", "0", "--json")
    try:
        assert up.stdout is not None
        urls = json.loads(up.stdout.readline())
        edited = shell("sandbox", "people", "--edits", "3", "--json")
        stormy = shell("sandbox", "faults", "rate_429=0.5", "--system", "crm")
        shell("sandbox", "faults", "--off")
        counted = shell("sandbox", "stats", "--json")
    finally:
        up.send_signal(signal.SIGTERM)
        _, err = up.communicate(timeout=60)

    assert (up.returncode, err) == (0, "")
    assert sorted(urls) == ["crm", "erp"]
    assert len(edited.document["crm"]["done"]) == 3  # type: ignore[index]  a document of the sandbox
    assert stormy.out == "crm  rate_429 0.5\n"
    assert counted.document["crm"]["records"]["customers"] >= 4  # type: ignore[index]  see above
    assert "No sandbox runs" in shell("sandbox", "stats").err


def test_further_applications_of_the_sandbox_start_when_asked_for(tmp_path: Path):
    nowhere = Process(kind="crm", url="http://127.0.0.1:1", popen=None)  # type: ignore[arg-type]  it is never used
    shell = Shell(folder=tmp_path, crm=nowhere, erp=nowhere)
    words = ["sandbox", "up", "--size", "8", "--crm-port", "0", "--erp-port", "0", "--json"]
    words += [word for name in ("scm", "warehouse", "mes") for word in ("--with", f"{name}=0")]
    up = shell.begin(*words)
    try:
        assert up.stdout is not None
        urls = json.loads(up.stdout.readline())
        edited = shell("sandbox", "people", "--edits", "3", "--system", "scm", "--json")
        absent = shell("sandbox", "people", "--system", "products")
        worked = shell("sandbox", "people", "--edits", "5", "--system", "warehouse", "--json")
        made = {path.name for path in (tmp_path / ".syncline" / "sandbox").iterdir()}
    finally:
        up.send_signal(signal.SIGTERM)
        up.communicate(timeout=60)

    assert sorted(urls) == ["crm", "erp", "mes", "scm", "warehouse"]
    assert len(worked.document["warehouse"]["done"]) == 5  # type: ignore[index]  see below
    assert {"warehouse.sqlite", "drop", "mes.sqlite"} <= made
    assert len(edited.document["scm"]["done"]) == 3  # type: ignore[index]  a document of the sandbox
    assert "syncline sandbox up --with products" in absent.err
    assert "`moon` is none of scm, warehouse, mes, products." in shell("sandbox", "up", "--with", "moon").err
    assert "`99999` is no port." in shell("sandbox", "up", "--with", "scm=99999").err


def test_an_application_whose_library_is_missing_says_how_to_get_it(tmp_path: Path):
    nowhere = Process(kind="crm", url="http://127.0.0.1:1", popen=None)  # type: ignore[arg-type]  it is never used
    shell = Shell(folder=tmp_path, crm=nowhere, erp=nowhere)
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    (hiding / "graphql.py").write_text("raise ModuleNotFoundError(name='graphql')")
    words = ["sandbox", "up", "--size", "3", "--crm-port", "0", "--erp-port", "0", "--with", "products=0"]

    told = subprocess.run(
        shell.command(words), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        env={**shell.environ, "PYTHONPATH": f"{shell.environ['PYTHONPATH']}:{hiding}"},
    )  # fmt: skip

    assert told.returncode == 1
    assert "The product management needs graphql-core." in told.stderr
    assert "pip install 'syncline[sandbox]'" in told.stderr
    assert "port" not in told.stderr


def test_what_a_system_does_to_values_is_listed_and_refused(shell: Shell):
    for number in range(3):  # a third sample that agrees is believed
        crm_key, _ = linked_customer(shell)
        shell.edit(crm_key, name=f"A Company Whose Name Is Longer Than Forty Characters {number}")
        shell("sync")
    listed = shell("normalisers", "--json").document["normalisers"]
    assert isinstance(listed, list)
    one = next(row for row in listed if row["system"] == "erp" and row["origin"] in {"learned", "observed", "declared"})
    place = f"{one['system']}.{one['entity']}.{one['field']}"

    told = shell("normalisers")

    assert told.code == 0
    assert place in told.out
    assert shell("normalisers", "--refuse").code != 0
    assert "was never seen" in shell("normalisers", place, "reversed", "--refuse").err
