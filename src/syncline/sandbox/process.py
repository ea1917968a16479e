"""Start a simulated application as a process of its own, for tests and the demo."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["crm", "erp", "mes", "products", "scm", "warehouse"]

_READY_S = 300.0  # a large seed takes its time


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running simulated application."""

    kind: str
    url: str  #: http://127.0.0.1:PORT
    popen: subprocess.Popen[str]

    @property
    def port(self) -> int:
        """The port it listens on, to start it again in the same place."""
        return int(self.url.rpartition(":")[2])

    def stop(self) -> int:
        """Ask it to stop (SIGTERM) and wait; give back its exit code."""
        self.popen.terminate()
        return self._gone()

    def kill(self) -> int:
        """End it at once (SIGKILL)."""
        self.popen.kill()
        return self._gone()

    def _gone(self) -> int:
        code = self.popen.wait(timeout=30)
        if self.popen.stdout:
            self.popen.stdout.close()
        return code

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self.popen.poll() is None:
            self.stop()


def start(
    kind: Kind,
    *,
    data: Path,
    seed: int = 7,
    size: int = 200,
    port: int = 0,
    options: Sequence[str] = (),
) -> Process:
    """Start an application and wait until it answers.

    Args:
        kind: Which application.
        data: Folder of its data; a folder with data is used as it is.
        seed: What the first contents are drawn from.
        size: How many customers the CRM has; everything else follows.
        port: Where to listen on 127.0.0.1; 0 lets the system choose.
        options: Further command-line options, such as `--products 0`.
    """
    data.mkdir(parents=True, exist_ok=True)
    source = str(Path(__file__).resolve().parents[2])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-m", "syncline.sandbox", kind, "--port", str(port)]
    command += ["--data", str(data), "--seed", str(seed), "--size", str(size)]
    with (data / f"{kind}.log").open("a") as log:
        popen = subprocess.Popen(  # noqa: S603 - our own module
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
    return Process(kind=kind, url=_address(popen, data / f"{kind}.log"), popen=popen)


def _address(popen: subprocess.Popen[str], log: Path) -> str:
    """Wait for the line that says where it listens."""
    if popen.stdout is None:
        raise RuntimeError("The process has no output")
    deadline = time.monotonic() + _READY_S
    ready: Sequence[object] = []
    while not ready and time.monotonic() < deadline and popen.poll() is None:
        ready, _, _ = select.select([popen.stdout], [], [], 0.5)
    line = popen.stdout.readline() if ready else ""
    if " listening on " not in line:
        popen.kill()
        popen.wait()
        popen.stdout.close()
        message = f"The sandbox did not start: {log.read_text()[-2000:]}"
        raise RuntimeError(message)
    return line.split(" listening on ")[1].strip()
