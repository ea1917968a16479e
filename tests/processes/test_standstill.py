"""A hub, or an application, that stands still for longer than every timeout and then goes on as if nothing were."""

from __future__ import annotations

import pytest

from syncline.sandbox.process import Process
from tests.acceptance.sandbox_world import World, side_door
from tests.processes.outcome import assess, come_to_rest, same_command
from tests.processes.starts import JOB, WAITS, Starts, rewrite
from tests.processes.waiting import ended_within, frozen, running, told_by, until

pytestmark = pytest.mark.slow

STANDSTILL = 3.5  #: longer than the timeouts below, and than a request may wait to leave (2 s) [s]
TIMEOUTS = "timeout: {connect: 0.5, read: 0.5, total: 1}\n    limits: {per_second: 500, burst: 500}"
LATEST = "lag: 0.2, settle: 0, effect: 6"  #: an effect may come when the application goes on


def impatient(this: World) -> None:
    rewrite(this.project / "syncline.yaml", "limits: {per_second: 500, burst: 500}", TIMEOUTS)


def writes_of(application: Process) -> int:
    return side_door(application.url, "stats")["writes"]


def assert_finished(starts: Starts, this: World, name: str) -> None:
    assert same_command(this, name) == []
    outcome = assess(this, starts.end("load"), name)
    assert outcome.problems + come_to_rest(this, name) == []
    assert (outcome.lost, outcome.doubled) == (0, 0)


def test_a_hub_that_stood_still_goes_on(starts: Starts) -> None:
    with starts.world("load") as this:
        impatient(this)
        with running(this, *JOB) as hub:
            assert until(lambda: this.writes() > 0, hub)
            with frozen(hub):
                assert not ended_within(hub, STANDSTILL)
            told = told_by(hub)

        assert hub.returncode in {0, 3}, told
        assert "Traceback" not in told
        assert_finished(starts, this, "hub")


@pytest.mark.parametrize("place", [0, 1], ids=["crm", "erp"])
def test_an_application_that_stood_still_gets_everything_once(sqlite: Starts, place: int) -> None:
    with sqlite.world("load") as this:
        impatient(this)
        rewrite(this.project / "syncline.yaml", WAITS[1], LATEST)
        application = this.running[place]
        with running(this, *JOB) as hub:
            assert until(lambda: writes_of(application) > 0, hub)
            with frozen(application.popen):
                ended = ended_within(hub, STANDSTILL)
            told = told_by(hub)

        assert hub.returncode in {0, 3}, told
        assert not ended or application.kind in told, "what was left out is not named"
        assert "Traceback" not in told
        assert_finished(sqlite, this, application.kind)
