"""Servers and measured processes: every phase is a whole process, and its cost is what the kernel says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

HERE = Path(__file__).resolve().parent
Told = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process used."""

    cpu: float  #: user and system time of all its threads [s]
    wall: float  #: [s]
    rss: float  #: largest resident set [MB]
    told: Told  #: the last line that it printed, where it is JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """A source and a target that are running."""

    source: str
    target: str
    records: int

    def change(self, count: int) -> None:
        """Change records in the source."""
        ask(f"{self.source}/_change?count={count}")

    def clear(self) -> None:
        """Empty the target."""
        ask(f"{self.target}/_clear")

    def verify(self, what: str, records: int | None = None) -> Told:
        """The target holds exactly the first `records`, or all; anything else ends the benchmark. What it counted."""
        found = ask(f"{self.target}/_check")
        wanted = ask(f"{self.source}/_expected?count={self.records if records is None else records}")
        if any(found[name] != wanted[name] for name in ("records", "checksum")) or found["refused"]:
            sys.exit(f"{what}: the target must hold {wanted}, and holds {found}.")
        return found


def ask(url: str) -> dict[str, object]:
    """The answer to a GET."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310  our own servers
        return cast("dict[str, object]", json.load(answer))


@contextmanager
def systems(records: int, ids: str) -> Iterator[Systems]:
    """Both systems, started afresh."""
    with (
        _server("source", "--records", str(records), "--ids", ids) as source,
        _server("target", "--ids", ids) as target,
    ):
        yield Systems(source=source, target=target, records=records)


@contextmanager
def _server(*words: str) -> Iterator[str]:
    command = [sys.executable, str(HERE / "servers.py"), *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            line = server.stdout.readline() if server.stdout else ""
            yield str(json.loads(line)["url"])
        finally:
            server.terminate()


def measured(command: Sequence[str], environment: Mapping[str, str], work: Path) -> Cost:
    """Run a command to its end; what it used, by the kernel's account."""
    output = work / "output.txt"
    begun = time.perf_counter()
    with output.open("wb") as file:
        child = subprocess.Popen(command, stdout=file, env=environment)  # noqa: S603  our own scripts
        _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} failed with {child.returncode}: {output.read_text()[-2000:]}")
    last = output.read_text().strip().rpartition("\n")[2]
    told = json.loads(last) if last.startswith("{") else {}
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, rss=usage.ru_maxrss / 1024, told=told)
