"""What came of disturbing real processes: counted over the applications' own APIs, never from the hub's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.acceptance.sandbox_world import World
from tests.processes.starts import JOB, LEAST, Shown, shown

Tell = Callable[[str], None]

_SHOWN = 3  #: examples of what is lost or doubled


def silent(_line: str) -> None:
    """Tell nobody."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """The sum of many disturbances."""

    done: int = 0  #: disturbances that met the hub at work
    missed: int = 0  #: those that came too late, or whose place was never passed
    lost: int = 0  #: records, or edits, that an undisturbed job would have left
    doubled: int = 0  #: records that it would not
    places: Counter[str] = field(default_factory=Counter)  #: disturbances by their kind
    problems: list[str] = field(default_factory=list)  #: each names its seed
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """One line for a log."""
        good = f"{self.done} disturbances in {self.seconds:.0f} s, {self.missed} missed"
        return f"{good}: {self.lost} lost, {self.doubled} doubled, {len(self.problems)} problems"

    def add(self, other: Outcome) -> None:
        """Count another one in."""
        self.done += other.done
        self.missed += other.missed
        self.lost += other.lost
        self.doubled += other.doubled
        self.places += other.places
        self.problems += other.problems
        self.seconds += other.seconds


def assess(this: World, wanted: Shown, name: str) -> Outcome:
    """The job is over once more: is everything there, once, equal on both sides, as if nothing had happened?"""
    outcome = Outcome()
    found = shown(this)
    lost, more = wanted - found, found - wanted
    count = this.recounted(least=LEAST)
    outcome.doubled = sum(one.what.endswith(_TWICE) for one in count.unexplained)
    outcome.doubled = max(outcome.doubled, found.total() - wanted.total())
    outcome.lost = lost.total()
    outcome.problems += [f"{name}: lost {one}" for one in list(lost)[:_SHOWN]]
    outcome.problems += [f"{name}: instead {one}" for one in list(more)[:_SHOWN]]
    outcome.problems += [f"{name}: {one}" for one in count.unexplained[:_SHOWN]]
    return outcome


def come_to_rest(this: World, name: str) -> list[str]:
    """One more pass has nothing to write and nothing to wait for; else what it did."""
    before = this.writes()
    quiet = this.pass_again()
    again = this.writes() - before
    problems = [f"{name}: the next pass wrote {again} records again"] if again else []
    return problems + [f"{name}: {place} is paused: {why}" for place, why in quiet.paused.items()]


def same_command(this: World, name: str) -> list[str]:
    """The same command again ends well, and says nothing that a person could not read; else what was wrong."""
    done = this.syncline(*JOB)
    told = done.stdout + done.stderr
    return [f"{name}: ended with {done.returncode}: {told[-500:]}"] if done.returncode or "Traceback" in told else []


_TWICE = ("times in crm", "times in erp")
