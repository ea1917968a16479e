"""`make prove`: the long programme, for hours. It goes on where it was stopped, while the engine's code is the same.

`--only PART` (as often as wanted) and `--for MINUTES` play a share of it; `--report` writes what there is so far.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.prove.notes import ENGINE, PLAYER, Notes, digest, load, save  # noqa: E402  found beside this file
from tests.prove.parts import parts  # noqa: E402
from tests.prove.report import verdicts, write_report  # noqa: E402
from tests.prove.slices import Slice  # noqa: E402

WORK = ROOT / ".prove"
PROCESSES = 2
TELL_EVERY = 5.0  #: [s]

PARTS = parts(WORK / "broken")  #: for their names and sizes


def main() -> int:
    """Play what is left, tell what came of all of it; 1 when a promise was broken."""
    given = _given()
    given.work.mkdir(parents=True, exist_ok=True)
    with (given.work / "lock").open("w") as alone:
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"another call is playing; what it plays is noted in {given.work}")
            return 1
        return _all(given)


def _all(given: argparse.Namespace) -> int:
    engine, simulator = digest(ROOT / "src/syncline", ENGINE), digest(ROOT / "src/syncline", PLAYER)
    notes = load(given.work, engine)
    _say(f"engine {engine}: what was played before counts as long as its code is the same")
    until = time.monotonic() + given.minutes * 60 if given.minutes else float("inf")
    _begin(notes, given.forget or ())
    stumbled: list[str] = []
    try:
        if given.minutes != 0:
            stumbled = _play(notes, given.work, given.only or list(PARTS), until, simulator)
    except KeyboardInterrupt:
        _say("stopped; the next call goes on from here")
    if given.report:
        _say(f"written: {write_report(ROOT, notes, PARTS, simulator, given.command).relative_to(ROOT)}")
    told = verdicts(notes, PARTS)
    for one in told:
        _say(one.line)
    failed = [one.name for one in told if one.failed] + stumbled
    if failed:
        _say(f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


def _begin(notes: Notes, forget: Sequence[str]) -> None:
    for name, part in PARTS.items():
        if name in forget:
            notes.parts.pop(name, None)
        if not notes.begin(name, digest(ROOT, part.basis)):
            _say(f"{name}: what it is made of has changed; it begins anew")


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--for", dest="minutes", type=float, metavar="MINUTES", help="so long; 0: play nothing")
    parser.add_argument("--forget", action="append", choices=list(PARTS), metavar="PART", help="play it all anew")
    parser.add_argument("--work", type=Path, default=WORK, metavar="DIR", help="where it is noted what was played")
    parser.add_argument("--report", action="store_true", help="write docs/proof/YYYY-MM-DD.md")
    given = parser.parse_args()
    given.command = "make prove" + (f' PROVE="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else "")
    return given


def _play(notes: Notes, work: Path, names: Sequence[str], until: float, simulator: str) -> list[str]:
    """Every slice that is left, a few at a time; each is noted when it is done. What could not be played, by name."""
    pool = ProcessPoolExecutor(PROCESSES, mp_context=get_context("forkserver"))
    running: dict[Future[Slice], tuple[str, range]] = {}
    clock, stumbled = Clock(notes, names), list[str]()
    try:
        left = _left(notes, names)
        while True:
            while len(running) < PROCESSES and time.monotonic() < until and (task := next(left, None)):
                running[pool.submit(play_slice, work, *task)] = task
            if not running:
                return stumbled
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                name, units = running.pop(done)
                if error := done.exception():
                    _say(f"{name} {units}: {type(error).__name__}: {error}")
                    stumbled.append(f"{name}, which could not be played")
                    continue
                notes.add(name, units, done.result(), day=_day(), simulator=simulator)
                save(work, notes)
                clock.tell(name, len(units))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def play_slice(work: Path, name: str, units: range) -> Slice:
    """In a process of its own."""
    return parts(work / "broken")[name].play(units)


def _left(notes: Notes, names: Sequence[str]) -> Iterator[tuple[str, range]]:
    for name in names:
        done = set(notes.parts[name].slices)
        yield from ((name, units) for units in PARTS[name].slices() if units.start not in done)


class Clock:
    """Tells how far a part is, and how long it will still take at the speed of this call."""

    def __init__(self, notes: Notes, names: Sequence[str]) -> None:
        self._notes, self._began, self._told = notes, dict.fromkeys(names, 0.0), 0.0
        self._units = dict.fromkeys(names, 0)

    def tell(self, name: str, units: int) -> None:
        """So many units more were played."""
        now, played = time.monotonic(), self._notes.parts[name]
        self._began[name] = self._began[name] or now - played.total.wall / max(1, len(played.slices))
        self._units[name] += units
        left = PARTS[name].units() - played.units
        if now - self._told < TELL_EVERY and left:
            return
        self._told = now
        soon = (now - self._began[name]) / self._units[name] * left
        broken = f", {len(played.total.broken)} BROKEN" if played.total.broken else ""
        _say(f"{name}: {played.units:,} of {PARTS[name].units():,}{broken}; {_span(soon)} to go")


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _day() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  a program of its own


if __name__ == "__main__":
    sys.exit(main())
