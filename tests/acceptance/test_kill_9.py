"""`kill -9` at any moment of a job, then the same command again: it converges, and nothing is there twice."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from syncline.app import operations
from tests.acceptance.sandbox_world import World, copied, killed, moments, seconds, side_door, world

SIZE = 80  #: with its products and orders a job of 200 records and some
LEAST = {"customers": 75, "products": 40, "orders": 70}
JOB = ("sync", "--approve", "--json")
LONGEST = 6.0  #: the same command again, on a machine that has time for it [s]
USUAL = 2.0  #: what the job takes there at most when nobody stops it [s]
POINTS = int(os.environ.get("SYNCLINE_KILL_POINTS", "20"))
GROUP = 5  #: random moments of one test

MASTERS = ("customers", "partners")
EDITS = ["edit", "edit_several", "resave"]
LINES = ["change_line", "add_line"]

FIRST_PASSINGS = [
    "list.before", "merge.before_commit", "merge.after_commit", "scan.before_commit", "scan.after_commit",
    "send.before_commit", "send.after_commit", "write.before", "write.after", "settle.before_commit",
    "settle.after_commit", "get.before",
]  # fmt: skip
LATER_PASSINGS = [
    "list.before:6", "merge.after_commit:4", "scan.after_commit:5", "send.before_commit:3", "send.after_commit:5",
    "write.before:3", "write.after:2", "write.after:3", "write.after:5", "settle.before_commit:4",
    "settle.after_commit:5",
]  # fmt: skip


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Applications that were filled once, before any synchronisation."""
    folder = tmp_path_factory.mktemp("kill") / "seeded"
    with world(folder, size=SIZE):
        pass
    return folder


@pytest.fixture(scope="module")
def edited(seeded: Path) -> Path:
    """The same in agreement, and then edited on both sides at once."""
    folder = seeded.with_name("edited")
    with copied(seeded, seeded.with_name("agreed"), size=SIZE) as this:
        this.pass_again()
        with this.hub() as hub:
            for question in operations.questions(hub):
                operations.answer(hub, question.flow, question.system, question.key, "new")
        this.pass_again()
        for place, url in enumerate((this.crm_url, this.erp_url)):
            side_door(url, "people", {"edits": 40, "seed": place, "resource": MASTERS[place], "actions": EDITS})
            side_door(url, "people", {"edits": 5, "seed": 9, "resource": MASTERS[place], "actions": ["create"]})
        side_door(this.crm_url, "people", {"edits": 10, "resource": "orders", "actions": LINES})
        ordering = {row["customer_id"] for row in this.crm.every("orders")}
        idle = [row["id"] for row in this.crm.every("customers") if row["id"] not in ordering]
        side_door(this.crm_url, "people", {"edits": 5, "resource": "customers", "actions": ["archive"], "ids": idle})
        shutil.copytree(this.folder, folder)
    return folder


@pytest.fixture(scope="module")
def usual(seeded: Path) -> float:
    """How long the job takes here and now when nobody stops it [s]."""
    took = []
    for name in ("first", "second"):
        with copied(seeded, seeded.with_name(name), size=SIZE) as this:
            began = seconds()
            done = this.syncline(*JOB)
            took.append(seconds() - began)
        assert done.returncode == 0, done.stderr
    return min(took)


def assert_converges(this: World, usual: float) -> None:
    """The same command again brings everything into agreement, once, and soon."""
    began = seconds()
    again = this.syncline(*JOB)
    took = seconds() - began
    assert again.returncode == 0, again.stdout + again.stderr

    count = this.recounted(least=LEAST)
    before = this.writes()
    quiet = this.pass_again()

    assert count.unexplained == []
    assert quiet.paused == {}
    assert this.writes() == before, "the next pass wrote again"
    assert took < LONGEST * max(1.0, usual / USUAL)


@pytest.mark.parametrize("point", [*FIRST_PASSINGS, *LATER_PASSINGS])
def test_a_kill_at_a_named_point_leaves_nothing_that_the_same_command_does_not_finish(
    seeded: Path, usual: float, tmp_path: Path, point: str
) -> None:
    with copied(seeded, tmp_path / "world", size=SIZE) as this:
        first = this.syncline(*JOB, SYNCLINE_FAILPOINT=point)

        assert first.returncode == -signal.SIGKILL, f"{point} was never passed"
        assert_converges(this, usual)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("write.before", "search.before"),  # nothing was sent: only a search can tell
        ("write.after:2", "settle.before_commit"),
        ("write.after:3", "merge.after_commit"),
    ],
)
def test_a_second_kill_while_the_first_is_recovered_changes_nothing(
    seeded: Path, usual: float, tmp_path: Path, first: str, second: str
) -> None:
    with copied(seeded, tmp_path / "world", size=SIZE) as this:
        codes = [this.syncline(*JOB, SYNCLINE_FAILPOINT=point).returncode for point in (first, second)]

        assert codes == [-signal.SIGKILL, -signal.SIGKILL], f"{first} or {second} was never passed"
        assert_converges(this, usual)


@pytest.mark.parametrize("group", range((POINTS + GROUP - 1) // GROUP))
def test_a_kill_at_a_random_moment_leaves_nothing_that_the_same_command_does_not_finish(
    seeded: Path, edited: Path, usual: float, tmp_path: Path, group: int
) -> None:
    start = (seeded, edited)[group % 2]  # a first load, or a busy morning
    late = 0
    instants = moments(min(GROUP, POINTS - group * GROUP), seed=group, longest=usual)
    for number, moment in enumerate(instants):
        with copied(start, tmp_path / f"world{number}", size=SIZE) as this:
            late += not killed(this, *JOB, after=moment)

            assert_converges(this, usual)
    assert late < len(instants), "no kill met the job at work"
