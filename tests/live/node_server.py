"""Servers on Node of one's own: installed by npm, started and stopped, all under one folder.

What a machine lacks is told as a reason, so that the tests that need it can be skipped with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parents[1] / ".live"


class NotToBeHadError(Exception):
    """Why this server cannot be had here, in one sentence."""


def installed(name: str) -> Path:
    """The folder with the server and its packages, made once for each change of its files."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotToBeHadError("node and npm are not installed")
    source, home = HERE / name, HOME / name
    files = sorted(file for file in source.rglob("*") if file.is_file())
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    home.mkdir(parents=True, exist_ok=True)
    for file in files:
        target = home / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    stamp = home / "installed.stamp"
    if not stamp.exists() or stamp.read_text() != digest:
        _run(home, "npm", "install", "--no-audit", "--no-fund", "--loglevel", "error")
        _run(home, "npm", "rebuild", "better-sqlite3", "--loglevel", "error")
        stamp.write_text(digest)
    return home


def _run(home: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        reason = f"{' '.join(command[:2])} failed: {done.stderr.strip()[-300:]}"
        raise NotToBeHadError(reason)


@contextlib.contextmanager
def running(
    home: Path, command: Sequence[str], port: int, environ: Mapping[str, str], path: str = "/"
) -> Iterator[str]:
    """A server for as long as the block lasts; its origin, once it answers."""
    url = f"http://localhost:{port}"
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=home, env=os.environ | dict(environ), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        _await(url, process, home)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(url: str, process: subprocess.Popen[bytes], home: Path) -> None:
    for _ in range(900):
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  loopback
                return
        except urllib.error.HTTPError:  # it answers
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    message = f"{home.name} did not start: {(home / 'server.log').read_text()[-2000:]}"
    raise RuntimeError(message)
