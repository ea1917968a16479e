"""Waiting for something that a process does, never for time alone."""

from __future__ import annotations

import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.acceptance.sandbox_world import World, seconds

LONGEST = 60.0  #: for anything that must happen [s]
_OFTEN = 0.01  #: between two looks [s]


def until(happened: Callable[[], bool], process: subprocess.Popen[str], *, longest: float = LONGEST) -> bool:
    """Look until it happened; False when the process ended before."""
    deadline = seconds() + longest
    while not happened():
        assert seconds() < deadline, "it never happened"
        if ended_within(process, _OFTEN):
            return happened()
    return True


def ended_within(process: subprocess.Popen[str], longest: float) -> bool:
    """Did the process end within this time [s]?"""
    try:
        process.wait(timeout=longest)
    except subprocess.TimeoutExpired:
        return False
    return True


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], LONGEST)
    assert ready, "it printed nothing"
    return process.stdout.readline()


def told_by(process: subprocess.Popen[str]) -> str:
    """All that a process prints until its end."""
    return process.communicate(timeout=LONGEST)[0]


@contextmanager
def running(this: World, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A command at work; killed at the end of the block if it still is."""
    with this.start(*words, **environment) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def frozen(process: subprocess.Popen[str]) -> Iterator[None]:
    """The process stands still within this block."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
