"""A PostgreSQL server that goes away under a hub at work: one sentence with the cure, nothing lost or there twice."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.acceptance.sandbox_world import World
from tests.processes.lossy_postgres import lossy_postgres
from tests.processes.outcome import assess, come_to_rest, same_command
from tests.processes.postgres_server import PostgresServer
from tests.processes.restarts import MODES, restart_from, unclear
from tests.processes.starts import JOB, Starts, keep_in, soon_again, store_of
from tests.processes.waiting import ended_within, line_of, running, told_by, until

pytestmark = pytest.mark.slow

RESTARTS = int(os.environ.get("SYNCLINE_RESTARTS", "2"))
STANDSTILL = 3.0  #: longer than every wait of the project [s]
COMMITS = (3, 14, 18)  #: of a busy morning, whose answer is lost: two of them hold a page of the audit log


def assert_agreed(postgresql: Starts, this: World, name: str) -> None:
    outcome = assess(this, postgresql.end(name), name)

    assert outcome.problems + come_to_rest(this, name) == []
    assert (outcome.lost, outcome.doubled) == (0, 0)


def test_a_job_whose_server_starts_anew_is_finished_by_the_same_command(
    postgresql: Starts, server: PostgresServer
) -> None:
    outcome = restart_from(postgresql, server, RESTARTS, 1, tell=print)

    assert outcome.problems == []
    assert (outcome.lost, outcome.doubled) == (0, 0)
    assert outcome.done > 0


def test_a_hub_that_keeps_on_finds_its_server_again(postgresql: Starts, server: PostgresServer) -> None:
    with postgresql.world("edited") as this:
        soon_again(this.project)
        with running(this, "run", "--json") as process:
            json.loads(line_of(process))  # it is at work: one that cannot even begin says so, and ends
            for mode in MODES:
                server.restart(mode)
                lines = [json.loads(line_of(process)) for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            told_by(process)

        assert process.returncode == 0
        assert [one for one in lines if "error" in one] == lines[: sum("error" in one for one in lines)]
        assert "error" not in lines[-1], "it never found its server again"
        assert lines[-1]["paused"] == {}
        assert_agreed(postgresql, this, "edited")


@pytest.mark.parametrize("number", COMMITS)
def test_a_commit_whose_answer_is_lost_ends_the_pass_and_the_next_one_goes_on(
    postgresql: Starts, server: PostgresServer, number: int
) -> None:
    with postgresql.world("edited") as this, lossy_postgres(server) as way:
        direct = store_of(this.project)
        keep_in(this.project, way.through(direct))
        soon_again(this.project)
        way.lose = number
        with running(this, "run", "--json") as process:
            first, second = json.loads(line_of(process)), json.loads(line_of(process))
            process.send_signal(signal.SIGTERM)
            told_by(process)
        keep_in(this.project, direct)

        assert way.lost == 1
        assert first["error"]["kind"] == "StoreLostError"
        assert first["error"]["cure"] == "Check that the server runs and that `store:` names it."
        assert second["paused"] == {}
        assert_agreed(postgresql, this, "edited")


def test_a_server_that_stands_still_is_waited_for(postgresql: Starts, server: PostgresServer) -> None:
    with postgresql.world("load") as this:
        with running(this, *JOB) as process:
            assert until(lambda: this.writes() > 0, process)
            with server.frozen():
                assert not ended_within(process, STANDSTILL)
            told = told_by(process)

        assert process.returncode == 0, told
        assert unclear("standstill", process.returncode, told) == []
        assert same_command(this, "standstill") == []
        assert_agreed(postgresql, this, "load")
