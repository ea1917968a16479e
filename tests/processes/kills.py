"""`kill -9` of `syncline sync` at named points and at random moments; the same command again has to finish the job.

`kills` is for a long programme as well as for a test: the same seed gives the same kills.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from tests.acceptance.sandbox_world import World, killed, seconds
from tests.processes.outcome import Outcome, Tell, assess, come_to_rest, same_command, silent
from tests.processes.starts import BEGINNINGS, JOB, Starts, StoreName, prepared

At: TypeAlias = str | float  #: a fail-point, perhaps its n-th passing ("write.after:3"), or a share of the usual time

POINTS = (
    "remap.before_commit", "list.before", "merge.before_commit", "merge.after_commit", "scan.before_commit",
    "scan.after_commit", "get.before", "send.before_commit", "send.after_commit", "write.before", "write.after",
    "settle.before_commit", "settle.after_commit",
)  # fmt: skip
RECOVERY = ("write.before", "search.before")  #: nothing was sent, and the search that would tell is killed, too
_LATEST = 6  #: passing of a named point
_TRIES = 3  #: draws for each kill that is wanted
_STUCK = 60.0  #: the same command again; so many times as long as usual is no slowness any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One way to die, or two: the second while the first is recovered from."""

    start: str
    at: tuple[At, ...]

    def __str__(self) -> str:
        """For a log."""
        places = [f"{one:.2f} of its time" if isinstance(one, float) else one for one in self.at]
        return f"{self.start}, killed at {' and at '.join(places)}"


def kills(store: StoreName, points: int, seed: int, *, tell: Tell = silent) -> Outcome:
    """Kill the job `points` times on a store, in a folder of its own, and say what came of it.

    Args:
        store: Where the hub keeps its state.
        points: Kills that have to meet the job at work.
        seed: What they are drawn from.
        tell: Given a line of progress after each.
    """
    with TemporaryDirectory(prefix="kills-") as folder, prepared(store, Path(folder)) as starts:
        return kill_from(starts, points, seed, tell=tell)


def kill_from(starts: Starts, points: int, seed: int, *, tell: Tell = silent) -> Outcome:
    """The same from beginnings that are made already."""
    for start in BEGINNINGS:
        starts.end(start)  # which says how long the job takes, too
    total, began = Outcome(), seconds()
    for number, one in enumerate(islice(draws(seed), points * _TRIES)):
        if total.done >= points:
            break
        name = f"{starts.place.name} seed {seed} kill {number} ({one})"
        total.add(kill_once(starts, one, name))
        total.seconds = seconds() - began
        left = total.seconds / max(1, total.done) * (points - total.done)
        tell(f"{starts.place.name}: {total.line}; {left:.0f} s to go")
    return total


def draws(seed: int) -> Iterator[Kill]:
    """Every named point first, in an order of its own, and then one kill after the other."""
    draw = random.Random(f"kills {seed}")  # noqa: S311  a test that repeats
    named: list[tuple[At, ...]] = [*((one,) for one in POINTS), RECOVERY]
    draw.shuffle(named)
    for at in named:
        yield Kill(start="load", at=at)
    while True:
        yield Kill(start=draw.choice(BEGINNINGS), at=_drawn(draw))


def _drawn(draw: random.Random) -> tuple[At, ...]:
    match draw.choices(("moment", "point", "twice"), (50, 30, 20))[0]:
        case "moment":
            return (draw.random(),)
        case "point":
            return (_point(draw),)
    return _point(draw), draw.choice((_point(draw), RECOVERY[-1], draw.random()))


def _point(draw: random.Random) -> str:
    return f"{draw.choice(POINTS)}:{draw.randint(1, _LATEST)}"


def kill_once(starts: Starts, one: Kill, name: str) -> Outcome:
    """Kill one job, run the same command again, and count."""
    with starts.world(one.start) as this:
        met = [_kill(this, at, starts.usual) for at in one.at]
        began = seconds()
        problems = same_command(this, name)
        took = seconds() - began
        outcome = assess(this, starts.end(one.start), name)
        outcome.problems += problems + come_to_rest(this, name)
    if took > _STUCK * starts.usual:
        outcome.problems.append(f"{name}: the same command again took {took:.1f} s, usual are {starts.usual:.1f} s")
    outcome.done, outcome.missed = int(any(met)), int(not any(met))
    outcome.places.update(_place(at) for at, hit in zip(one.at, met, strict=True) if hit)
    return outcome


def _kill(this: World, at: At, usual: float) -> bool:
    """Run the job and kill it there; was it still at work?"""
    if isinstance(at, float):
        return killed(this, *JOB, after=at * usual)
    return this.syncline(*JOB, SYNCLINE_FAILPOINT=at).returncode == -signal.SIGKILL


def _place(at: At) -> str:
    return "moment" if isinstance(at, float) else at.partition(":")[0]
