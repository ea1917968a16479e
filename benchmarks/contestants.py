"""Who does the job: we, dlt, and a script without state. Each phase is a whole process, and is checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import HERE, Cost, Systems, measured

ROOT = HERE.parent
PEERS = ROOT / ".venv-bench"
NEEDED = ("dlt==1.31.0", "requests==2.34.2")
NAIVE_RECORDS = 2_000  #: of the script without state; the rest is extrapolated


def make_peers() -> Path:
    """The interpreter of the peers' own environment, made if it is not there."""
    python, ready = PEERS / "bin" / "python", PEERS / "ready.txt"
    if not (python.exists() and ready.exists() and ready.read_text().split() == list(NEEDED)):
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True)  # noqa: S603
            (PEERS / ".gitignore").write_text("*\n")
            subprocess.run([python, "-m", "pip", "--quiet", "install", *NEEDED], check=True)  # noqa: S603
        except subprocess.CalledProcessError as error:
            sys.exit(f"The peers could not be installed ({error}). Without them: --no-peers")
        ready.write_text("\n".join(NEEDED))
    return python


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Syncline, with its state kept in full."""

    work: Path
    systems: Systems

    def begin(self) -> None:
        """A project folder without state, and an empty target."""
        shutil.rmtree(self.work / "job", ignore_errors=True)
        shutil.copytree(HERE / "job", self.work / "job")
        self.systems.clear()

    def pass_once(self, what: str, *, full: bool = False) -> Cost:
        """One pass in a process of its own, checked."""
        cost = self._run("full" if full else "sync")
        self.systems.verify(f"Syncline, {what}")
        return cost

    def events(self, count: int) -> list[float]:
        """Milliseconds from each change to its effect, in a resident process, checked."""
        options = ["--source", self.systems.source, "--target", self.systems.target, "--count", str(count)]
        told = self._run("events", *options).told["ms"]
        self.systems.verify("Syncline, events")
        return [float(one) for one in told] if isinstance(told, list) else []

    def _run(self, phase: str, *options: str) -> Cost:
        command = [sys.executable, str(HERE / "ours.py"), phase, str(self.work / "job"), *options]
        urls = {"SOURCE_URL": self.systems.source, "TARGET_URL": self.systems.target, "PYTHONPATH": str(ROOT / "src")}
        return measured(command, environment(self.work) | urls, self.work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dlt:
    """dlt with a custom destination: it remembers a cursor, and nothing of the records."""

    python: Path
    work: Path
    systems: Systems

    def begin(self) -> None:
        """No state, and an empty target."""
        for name in ("dlt-cursor", "dlt-full"):
            shutil.rmtree(self.work / name, ignore_errors=True)
        self.systems.clear()

    def load(self, what: str) -> Cost:
        """Everything since the cursor of the last time; the first time that is everything."""
        return self._run(what, "dlt-cursor", "--incremental")

    def load_all(self, what: str) -> Cost:
        """Everything again, whatever is known."""
        return self._run(what, "dlt-full")

    def _run(self, what: str, folder: str, *options: str) -> Cost:
        script, to = str(HERE / "peers" / "with_dlt.py"), self.systems
        command = [str(self.python), script, to.source, to.target, str(self.work / folder), *options]
        cost = measured(command, environment(self.work), self.work)
        self.systems.verify(f"dlt, {what}")
        return cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Naive:
    """A script that posts each record alone."""

    python: Path
    work: Path
    systems: Systems

    def load(self) -> float:
        """CPU seconds of all records [s], extrapolated from some: the start once, the rest in proportion."""
        start = self._run(0)
        some = min(NAIVE_RECORDS, self.systems.records)
        return start + (self._run(some) - start) * self.systems.records / some

    def _run(self, records: int) -> float:
        self.systems.clear()
        script, to = str(HERE / "peers" / "naive.py"), self.systems
        command = [str(self.python), script, to.source, to.target, str(records)]
        cpu = measured(command, environment(self.work), self.work).cpu
        self.systems.verify("naive script", records)
        return cpu


def environment(work: Path) -> dict[str, str]:
    """As a user's: modules compiled once and kept, which the warm-up does; no settings of whoever runs this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPYCACHEPREFIX": str(work / "bytecode"), "HOME": str(work)}
