"""When to try again: full-jitter back-off that honours what the system asked for.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog (2015):
sleep = random(0, min(cap, base 2^n)).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from syncline.env import Env
from syncline.errors import TransientError

CAP = 300.0  #: longest pause of our own choosing [s]
READ_TRIES = 4

T = TypeVar("T")


def backoff(tries: int, random: Random, *, base: float = 0.5, asked: float = 0.0) -> float:
    """Pause before try number `tries` + 1 [s]; never shorter than what the system `asked` for."""
    return asked + random.uniform(0.0, min(CAP, base * 2.0 ** min(tries, 16)))


def read_again(env: Env, attempt: Callable[[], T], *, tries: int = READ_TRIES, longest: float = 10.0) -> T:
    """Call a read until it succeeds or `tries` are used up; pauses longer than `longest` [s] are not waited for."""
    for number in range(tries):
        try:
            return attempt()
        except TransientError as error:
            pause = backoff(number, env.random(), base=0.2, asked=error.wait or 0.0)
            if number + 1 == tries or pause > longest:
                raise
            env.sleep(pause)
    raise AssertionError  # pragma: no cover  tries >= 1
