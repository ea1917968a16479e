"""The connector kit notices: each promise is broken once, by a connector that keeps all the others."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec

from syncline.testing import ConnectorSuite
from syncline.testing.connector_findings import Findings
from syncline.testing.connector_tier import tier_of
from tests.architecture.repository import ROOT
from tests.contract import kit_liars
from tests.contract.kit_book import CLAIMS

SUITES = {name: suite for name, suite in vars(kit_liars).items() if name.startswith(("TestLiar", "TestModest"))}
PROMISES = {name for name, _ in inspect.getmembers(ConnectorSuite, inspect.isfunction) if name.startswith("test_")}
#: What no connector can break by itself: the shape of what is published is not the connector's.
NOT_BROKEN = {"test_its_options_are_described_and_checked_before_anything_is_sent"}


def run(folder: Path, *tests: str) -> dict[str, tuple[str, str]]:
    """Suite and test -> what became of it, and the message."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]
    environ = {**os.environ, "SYNCLINE_KIT": str(folder / "reports")}
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False, env=environ)
    found = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  our own report
        kinds = [one for one in case if one.tag in ("failure", "error", "skipped")]
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '').partition('[')[0]}"
        if found.get(name, ("passed", ""))[0] != "failure":
            found[name] = (kinds[0].tag, kinds[0].get("message", "")) if kinds else ("passed", "")
    return found


def test_every_connector_that_breaks_a_promise_is_caught(tmp_path: Path) -> None:
    """One process for all of them: it takes longer to start than to try."""
    file = "tests/contract/kit_liars.py"

    verdicts = run(tmp_path, *(f"{file}::{name}::{suite.must_fail}" for name, suite in SUITES.items()))

    assert verdicts.keys() == {f"{name}::{suite.must_fail}" for name, suite in SUITES.items()}
    assert {name: verdict for name, verdict in verdicts.items() if verdict[0] != "failure"} == {}
    told = {name.partition("::")[0] for name, (_, message) in verdicts.items() if "claim it" in message}
    assert told == {name for name in SUITES if name.startswith("TestModest")}


def test_a_connector_that_keeps_every_promise_passes_without_a_skip_that_hides_one(tmp_path: Path) -> None:
    found = run(tmp_path, "tests/contract/kit_liars.py::TestHonest")

    assert {name: verdict for name, verdict in found.items() if verdict[0] != "passed"} == {}
    kept = report(tmp_path, "book.honest")
    assert len(kept.shown) == len(PROMISES)
    assert (kept.failed, kept.unclaimed, kept.learned, kept.values) == ([], {}, {}, [])
    assert kept.contract == CLAIMS
    assert tier_of(kept) == "gold"


def test_times_are_measured_and_kept_beside_the_claims(tmp_path: Path) -> None:
    test = "test_a_list_shows_a_write_within_the_lag"
    verdicts = run(tmp_path, f"tests/contract/kit_liars.py::TestLate::{test}")

    assert set(verdicts.values()) == {("passed", "")}
    lag = report(tmp_path, "book.late").measured["lag"]
    assert (lag.declared, lag.samples) == (CLAIMS.lag, 5)
    assert 0.1 < lag.measured < 5.0


def test_what_a_system_does_to_values_is_learned_and_a_failure_costs_the_tier(tmp_path: Path) -> None:
    run(tmp_path, "tests/contract/kit_liars.py::TestCuts")

    kept = report(tmp_path, "book.cuts")
    assert kept.learned == {"name": ["truncate:10"], "due": ["truncate:10", "date"]}
    assert "an answer shows the record as a read does" in kept.failed  # it does, and does not claim it
    assert tier_of(kept) == "none"


def report(folder: Path, title: str) -> Findings:
    return msgspec.json.decode((folder / "reports" / f"{title}.json").read_bytes(), type=Findings)


def test_every_promise_of_the_kit_is_broken_by_somebody() -> None:
    assert {suite.must_fail for suite in SUITES.values()} == PROMISES - NOT_BROKEN
