"""What every test shares: how hard hypothesis tries, and that no report of the connector kit claims too much."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from syncline import testing
from syncline.testing.connector_findings import Findings

_SHARED = {
    "deadline": None,  # a shared machine pauses when it likes
    "derandomize": True,  # the same commit gives the same verdict
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("fast", max_examples=25, **_SHARED)
settings.register_profile("ci", max_examples=100, **_SHARED)
settings.register_profile("long", max_examples=2000, **_SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "fast"))

KIT = str(Path(testing.__file__).parent)
REPORTS = Path(__file__).parents[1] / "docs" / "proof" / "connectors"


@cache
def _reported(title: str) -> frozenset[str]:
    """The promises that the committed report of a suite says were shown."""
    report = REPORTS / f"{title}.json"
    return frozenset(msgspec.json.decode(report.read_bytes(), type=Findings).shown if report.exists() else ())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A promise that a committed report says was shown, and that the kit skips by now, fails: tiers rest on it.

    A test that is skipped because its server cannot be had is skipped by itself, not by the kit.
    """
    report = yield
    title = getattr(item, "cls", None) and item.cls.__dict__.get("title")
    promise = item.name.partition("[")[0].removeprefix("test_").replace("_", " ")
    if title and report.skipped and str(report.longrepr[0]).startswith(KIT) and promise in _reported(title):
        report.outcome, report.longrepr = "failed", f"{title}.json says that it was shown. Run: make kit, make live"
    return report
