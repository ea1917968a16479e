"""A PostgreSQL server that is started anew under a hub at work; the same command again has to finish the job.

`restarts` is for a long programme as well as for a test: the same seed gives the same restarts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

from tests.acceptance.sandbox_world import seconds
from tests.processes.outcome import Outcome, Tell, assess, come_to_rest, same_command, silent
from tests.processes.postgres_server import PostgresServer, postgres_server
from tests.processes.starts import BEGINNINGS, JOB, PostgresPlace, Starts
from tests.processes.waiting import ended_within, running, told_by

Mode: TypeAlias = Literal["fast", "immediate"]

MODES: Sequence[Mode] = ("fast", "immediate")


def restarts(points: int, seed: int, *, tell: Tell = silent) -> Outcome:
    """Start the server anew `points` times, each under a job of its own, and say what came of it."""
    with TemporaryDirectory(prefix="restarts-") as folder, postgres_server() as server:
        starts = Starts(Path(folder), PostgresPlace(server))
        return restart_from(starts, server, points, seed, tell=tell)


def restart_from(starts: Starts, server: PostgresServer, points: int, seed: int, *, tell: Tell = silent) -> Outcome:
    """The same from beginnings that are made already."""
    draw = random.Random(f"restarts {seed}")  # noqa: S311  a test that repeats
    total, began = Outcome(), seconds()
    for number in range(points):
        start, mode, share = draw.choice(BEGINNINGS), MODES[number % len(MODES)], draw.uniform(0.0, 0.8)
        name = f"seed {seed} restart {number} ({start}, {mode} at {share:.2f} of its time)"
        total.add(_restart_once(starts, server, start, mode, share, name))
        total.seconds = seconds() - began
        tell(f"restarts: {total.line}")
    return total


def _restart_once(starts: Starts, server: PostgresServer, start: str, mode: Mode, share: float, name: str) -> Outcome:
    wanted = starts.end(start)
    with starts.world(start) as this:
        with running(this, *JOB) as process:
            late = ended_within(process, share * starts.usual)
            server.restart(mode)
            told = told_by(process)
        problems = unclear(name, process.returncode, told)
        problems += same_command(this, name)
        outcome = assess(this, wanted, name)
        outcome.problems += problems + come_to_rest(this, name)
    outcome.done, outcome.missed, outcome.places[mode] = int(not late), int(late), 1
    return outcome


def unclear(name: str, code: int, told: str) -> list[str]:
    """What is wrong with how a command ended whose store went away: it must say so, with the cure."""
    if code in {0, 3} and "Traceback" not in told:
        return []
    clear = "cannot be reached" in told and "Check that the server runs" in told and "Traceback" not in told
    return [] if code == 1 and clear else [f"{name}: ended with {code}: {told[-500:]}"]
