"""One hub to a store: a second one is refused while the first lives, even when it stands still, and let in after it."""

from __future__ import annotations

import signal

import pytest

from tests.acceptance.sandbox_world import World
from tests.processes.starts import JOB, LEAST, Starts
from tests.processes.waiting import frozen, line_of, running

pytestmark = pytest.mark.slow


def assert_refused(this: World, holder: int) -> None:
    done = this.syncline("sync")

    assert done.returncode == 1
    assert f"is in use by another hub (process {holder})." in done.stderr
    assert "Stop that process first, or give this hub " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_second_hub_waits_for_the_death_of_the_first(starts: Starts) -> None:
    with starts.world("load") as this, running(this, "run", "--json") as first:
        assert '"accounts"' in line_of(first)
        assert_refused(this, first.pid)
        with frozen(first):
            assert_refused(this, first.pid)
            assert this.syncline("status").returncode == 0, "who only reads is let in"
            first.send_signal(signal.SIGKILL)
            first.wait()
        after = this.syncline(*JOB)

        assert after.returncode == 0, after.stdout + after.stderr
        assert this.recounted(least=LEAST).unexplained == []
