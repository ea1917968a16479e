"""One history: a script, played to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from traceback import extract_tb

from syncline.app import operations
from syncline.errors import SynclineError
from syncline.model.report import RunReport
from syncline.simulation.script import Passing, Script
from syncline.simulation.shape import Shape
from syncline.simulation.world import World

CALM_DOWN = 30  #: passes after which everybody must agree
PAUSE = 400.0  #: between two of them [s]: longer than any back-off of the hub's own choosing
STILL = 5  #: passes in which nothing moves: whatever waits then waits for a person's answer, as children of a parent do
ECHOES = 1  #: passes after agreement in which nothing may be written any more


@dataclass(slots=True, kw_only=True)
class History:
    """What was played."""

    script: Script
    shape: Shape
    world: World = field(init=False)
    failed: str = ""  #: the hub ended with an error that nobody provoked
    settled: int = 0  #: passes until all was quiet; 0: never
    echoes: int = 0  #: writes after that
    quiet_at: int = 0  #: when people and faults stopped [µs]
    agreed_at: int = 0  #: when all was quiet [µs]
    last_settled: int = -1  #: passes until the last edit had reached everybody; 0: never; -1: there was none

    def play(self) -> None:
        """From the first deed to agreement."""
        self.begin()
        for passing in self.script.passes:
            self.let_pass(passing)
        self.end()

    def begin(self) -> None:
        """A world, and what is in it before the hub comes."""
        self.world = World(self.script, self.shape)
        self.world.live_on(self.script.before)

    def let_pass(self, passing: Passing) -> None:
        """One pass; whatever ends it otherwise than by a crash is the finding, and the end."""
        with self._failure_kept():
            if not self.failed:
                self.world.let_pass(passing)

    def end(self) -> None:
        """People and faults rest: everybody must come to agree."""
        with self._failure_kept():
            if not self.failed:
                self._come_to_rest()

    @contextmanager
    def _failure_kept(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
            self.failed = f"{type(error).__name__}: {error}"
            if not isinstance(error, SynclineError):
                self.failed += "".join(
                    f" in {frame.name}:{frame.lineno}" for frame in extract_tb(error.__traceback__)[-3:]
                )

    def _come_to_rest(self) -> None:
        world, script = self.world, self.script
        self.quiet_at = world.env.at
        if script.mode == "safety":
            return
        self.settled = self._settle()
        self.agreed_at = world.env.at
        before = len(world.writes())
        for _ in range(ECHOES if self.settled else 0):
            world.let_pass(Passing(wait=PAUSE, full=script.scan))
        self.echoes = len(world.writes()) - before
        if script.last and self.settled:
            world.live_on(script.last)
            self.last_settled = self._settle()

    def _settle(self) -> int:
        """Passes without people and faults until nothing is done any more; how many, 0 when that never came.

        Those in which all stood still already do not count: they only showed that what waits does so for a person.
        """
        world = self.world
        waiting, same = -1, 0
        for number in range(1, CALM_DOWN + 1):
            before = sum(len(app.writes) for app in world.apps.values())
            report = world.let_pass(Passing(wait=PAUSE, full=self.script.scan))
            after = sum(len(app.writes) for app in world.apps.values())
            if not report or after != before or report.paused or not report.agreement:
                continue
            same = same + 1 if report.agreement.waiting == waiting else 0
            waiting = report.agreement.waiting
            if self._nothing_left(report):
                return number
            if report.agreement.questions and same >= STILL:
                return number - same
        return 0

    def _nothing_left(self, report: RunReport) -> bool:
        """Was nothing put off, and is nothing under way? What waits for a person may wait."""
        deferred = sum(account.reads.get("deferred", 0) for account in report.accounts)
        if not report.agreement or deferred > 2 * report.agreement.questions:
            return False
        if not report.agreement.waiting:
            return True
        streams = operations.status(self.world.open()).streams
        return sum(one.planned + one.retrying + one.in_doubt for one in streams) <= report.agreement.questions

    @property
    def edits(self) -> int:
        """Values that people entered."""
        return len(self.world.people.edits)

    def trace(self) -> str:
        """A hash of everything that happened: equal for equal histories."""
        digest = blake2b(digest_size=16)
        for at, name in self.world.trace:
            digest.update(f"{at} {name}\n".encode())
        for app in self.world.apps.values():
            for resource, kept in app.records():
                for version in kept.versions:
                    digest.update(f"{app.name} {resource} {kept.key} {version.at} {version.fields}\n".encode())
        return digest.hexdigest()


def play(script: Script, shape: Shape) -> History:
    """Play a script on the part of a project that it is about."""
    made = History(script=script, shape=shape.only(script.systems, script.flows))
    made.play()
    return made
