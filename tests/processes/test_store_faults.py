"""A disk that is full, a file that is locked, read-only, cut or damaged: what, where and the cure; then it goes on."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.sandbox_world import World
from tests.processes.full_disk import can_mount, files_up_to, small_disk, without_privilege
from tests.processes.outcome import assess, come_to_rest, same_command
from tests.processes.starts import JOB, Starts, keep_in
from tests.processes.waiting import ended_within, running, told_by, until

pytestmark = pytest.mark.slow

KILOBYTE = 1024
ROOM = 64 * KILOBYTE * KILOBYTE
FULL = (300, 800, 1000)  #: disks that are full before the first write, and in the middle of the work [KiB]
LIMIT = 900  #: of a file: reached in the middle of the work [KiB]
PAGE = 4096  #: of a SQLite file [B]
PATIENCE = 5  #: how long a hub waits for a lock [s]


def refused(this: World, *words: str, what: str, cure: str) -> None:
    """The job ends with this sentence and this cure, and nothing else."""
    assert_told(this.syncline(*JOB, *words), what=what, cure=cure)


def assert_told(done: subprocess.CompletedProcess[str], *, what: str, cure: str) -> None:
    assert done.returncode == 1, done.stdout + done.stderr
    assert what in done.stderr
    assert cure in done.stderr
    assert "Traceback" not in done.stderr
    assert "Unexpected" not in done.stderr
    assert done.stdout == ""


def assert_finished(sqlite: Starts, this: World, start: str) -> None:
    assert same_command(this, start) == []
    outcome = assess(this, sqlite.end(start), start)
    assert outcome.problems + come_to_rest(this, start) == []
    assert (outcome.lost, outcome.doubled) == (0, 0)


def store_file(this: World) -> Path:
    return this.project / ".syncline" / "sandbox.db"


@pytest.mark.skipif(not can_mount(), reason="no file system may be mounted here; a limit on files stands for it below")
def test_a_disk_that_is_full_is_told_and_room_is_the_cure(sqlite: Starts, tmp_path: Path) -> None:
    first, *more = FULL
    with sqlite.world("load") as this, small_disk(tmp_path / "disk", first * KILOBYTE) as disk:
        keep_in(this.project, f"sqlite:///{disk.folder}/hub.db")
        refused(this, what="has no room left on its disk", cure="Free some space, then run again")
        for size in more:
            disk.grow(size * KILOBYTE)
            refused(this, what="has no room left on its disk", cure="Free some space, then run again")
        assert this.writes() > 0, "it was never full in the middle of the work"
        disk.grow(ROOM)

        assert_finished(sqlite, this, "load")


def test_files_that_may_not_grow_are_told_and_the_limit_is_the_cure(sqlite: Starts) -> None:
    with sqlite.world("load") as this:
        limited = this.syncline(*JOB, before=files_up_to(LIMIT * KILOBYTE))

        assert_told(limited, what="could not be read or written", cure="Check the disk, then run again.")
        assert this.writes() > 0, "the limit was met before the work began"
        assert_finished(sqlite, this, "load")


def test_a_lock_of_another_program_is_waited_for_and_then_told(sqlite: Starts) -> None:
    with sqlite.world("edited") as this, closing(sqlite3.connect(store_file(this), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused(this, what="is locked by another program", cure="Close it, or try again.")
        assert this.writes() == 0
        other.execute("ROLLBACK")
        with running(this, *JOB) as process:
            assert until(lambda: this.writes() > 0, process)
            other.execute("BEGIN IMMEDIATE")
            waited = not ended_within(process, PATIENCE / 4)
            other.execute("ROLLBACK")
            told = told_by(process)

        assert waited, "it was not held up"
        assert process.returncode == 0, told
        assert_finished(sqlite, this, "edited")


def test_a_store_that_may_only_be_read_is_told_and_leave_to_write_is_the_cure(sqlite: Starts) -> None:
    with sqlite.world("edited") as this:
        for path in (store_file(this), store_file(this).parent):
            with only_read(path):
                done = this.syncline(*JOB, before=without_privilege)
            assert_told(done, what="may not be written to", cure="Make the file and its folder writable.")

        assert this.writes() == 0
        assert_finished(sqlite, this, "edited")


@contextmanager
def only_read(path: Path) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(before & ~0o222)
    try:
        yield
    finally:
        path.chmod(before)


def test_a_store_that_was_cut_or_damaged_is_told_and_its_backup_is_the_cure(sqlite: Starts, tmp_path: Path) -> None:
    draw = random.Random(3)  # noqa: S311  a test that repeats
    with sqlite.world("edited") as this:
        path = store_file(this)
        backup = Path(shutil.copy2(path, tmp_path / "backup.db")).read_bytes()
        for left in (0, PAGE, len(backup) // 2):
            path.write_bytes(backup[:left])
            what = "is damaged or no SQLite file" if left else "is empty or gone, though a hub has kept its state there"
            refused(this, what=what, cure="Restore it from a backup.")
        for page in (0, 1, len(backup) // PAGE // 2):
            noise = draw.randbytes(PAGE)
            path.write_bytes(backup[: page * PAGE] + noise + backup[(page + 1) * PAGE :])
            refused(this, what="is damaged or no SQLite file", cure="Restore it from a backup.")
            for log in path.parent.glob("*.db-*"):
                log.unlink()
        path.write_bytes(backup)  # the last one may be noticed in the middle of the work: the backup is older than that

        assert_finished(sqlite, this, "edited")
