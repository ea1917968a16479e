"""A sandbox with a project of its own, and the command line run against it as a person would."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from syncline.app import open_hub, operations
from syncline.config import write_blueprint
from syncline.engine.hub import Hub
from syncline.model.report import RunReport
from syncline.sandbox.process import Process, start

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo"
HERE = Path(__file__).resolve().parent
for _folder in (DEMO, HERE):  # the demo and the recount are run, not installed
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

import applications  # noqa: E402
import pair_recount as recount  # noqa: E402

_ENVIRON = threading.RLock()  #: the environment belongs to the whole process: one world at a time
Crm, Erp, side_door = applications.Crm, applications.Erp, applications.side_door


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Two running applications and the project that keeps them in agreement."""

    folder: Path
    running: tuple[Process, Process]  #: the CRM and the ERP

    @property
    def crm_url(self) -> str:
        """Where the CRM listens."""
        return self.running[0].url

    @property
    def erp_url(self) -> str:
        """Where the ERP listens."""
        return self.running[1].url

    @property
    def crm(self) -> applications.Crm:
        """The CRM, over its own API."""
        return Crm(url=self.crm_url)

    @property
    def erp(self) -> applications.Erp:
        """The ERP, over its own API."""
        return Erp(url=self.erp_url)

    @property
    def project(self) -> Path:
        """The project folder."""
        return self.folder / "project"

    def syncline(
        self, *words: str, before: Callable[[], None] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; `before` is called first in its process."""
        return subprocess.run(
            self._command(words), env=self._environment(environment), capture_output=True, text=True, timeout=60,
            check=False, preexec_fn=before,
        )  # fmt: skip

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start one command and leave it running; what it prints, errors too, is in its `stdout`."""
        return subprocess.Popen(
            self._command(words), env=self._environment(environment), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def recounted(self, *, least: Mapping[str, int] | None = None) -> recount.Count:
        """Count again; what the hub itself says that it waits for is explained."""
        count = recount.recount(self.crm, self.erp, {}, {})
        if count.unexplained:
            count = recount.recount(self.crm, self.erp, self._waiting(), {})
        recount.too_few(count, least or {})
        return count

    def _waiting(self) -> recount.Waiting:
        with self.hub(writing=False) as hub:
            answers = {
                "questions": operations.questions(hub), "conflicts": operations.conflicts(hub),
                "parked": operations.parked(hub),
            }  # fmt: skip
            waiting: recount.Waiting = msgspec.to_builtins(answers)
        return waiting

    @contextmanager
    def hub(self, *, writing: bool = True) -> Iterator[Hub]:
        """The hub of the project, inside this process."""
        with _ENVIRON:
            before = dict(os.environ)
            os.environ.update(CRM_URL=self.crm_url, ERP_URL=self.erp_url)
            try:
                with open_hub(self.project, writing=writing) as hub:
                    yield hub
            finally:
                os.environ.clear()
                os.environ.update(before)

    def pass_again(self) -> RunReport:
        """One more pass over everything."""
        with self.hub() as hub:
            return operations.sync(hub, approved=True)

    def writes(self) -> int:
        """Records written by the hub in both applications since they started."""
        return sum(side_door(url, "stats")["writes"] for url in (self.crm_url, self.erp_url))

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "syncline", "--project", str(self.project), *words]

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            **os.environ, "PYTHONPATH": os.pathsep.join(paths), "CRM_URL": self.crm_url, "ERP_URL": self.erp_url,
            "NO_COLOR": "1", **more,
        }  # fmt: skip


@contextmanager
def world(folder: Path, *, size: int, seed: int = 7) -> Iterator[World]:
    """Start both applications on the data of a folder, new or known, with a project beside them."""
    if not (folder / "project").exists():
        write_blueprint("sandbox", folder / "project")
    with ThreadPoolExecutor(2) as pool:
        starts = [pool.submit(start, kind, data=folder / "data", size=size, seed=seed) for kind in ("crm", "erp")]
    crm, erp = (one.result() for one in starts)
    try:
        yield World(folder=folder, running=(crm, erp))
    finally:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(Process.stop, (crm, erp)))


@contextmanager
def copied(source: Path, folder: Path, *, size: int) -> Iterator[World]:
    """A world of its own that begins where another one stopped."""
    shutil.copytree(source, folder)
    with world(folder, size=size) as made:
        yield made
    shutil.rmtree(folder)


def killed(world: World, *words: str, after: float) -> bool:
    """Run a command and end it by SIGKILL after so many seconds; was it still at work?"""
    process = world.start(*words)
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


def moments(count: int, *, seed: int, longest: float) -> list[float]:
    """Random instants spread over a job [s], early ones first; the same seed gives the same ones."""
    draw = random.Random(seed)  # noqa: S311  a test that repeats
    return [(place + draw.random()) / count * longest for place in range(count)]


def seconds() -> float:
    """A clock for how long something takes."""
    return time.monotonic()
