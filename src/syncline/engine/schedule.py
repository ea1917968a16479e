"""When the next pass is due: schedules as plain functions of `env`, so that a simulation can run years of them.

A pass that was missed, because another took long or the clock stood still, is made up for once, never in a burst.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from syncline.env import Env

_LOOK = 1.0  #: how long a stop may go unnoticed while nothing is due [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One schedule of one flow: exactly one of `every` and `cron` is set."""

    flow: str
    every: float = 0.0  #: from the start of one pass to the start of the next [s]
    cron: str = ""
    zone: str = "UTC"  #: of the cron expression

    @property
    def told(self) -> str:
        """In words."""
        return f"every {self.every:g} s" if self.every else f"at {self.cron} ({self.zone})"


def next_due(timer: Timer, *, now: datetime, last: datetime | None, since: datetime) -> datetime:
    """When this timer is due next; an instant that has passed means now.

    Args:
        timer: The schedule.
        now: The present, UTC.
        last: When its flow's last pass began; None when there was none.
        since: When the waiting began: a cron time before it counts for nothing.
    """
    if timer.every:
        return now if last is None else last + timedelta(seconds=timer.every)
    begin = (last or since).astimezone(ZoneInfo(timer.zone))
    return next(CronSim(timer.cron, begin)).astimezone(UTC)


def due(
    timers: Sequence[Timer], last: Mapping[str, datetime], *, now: datetime, since: datetime
) -> tuple[list[str], datetime]:
    """The flows that are due now, in the order of the timers, and the next instant at which one is."""
    at = {timer: next_due(timer, now=now, last=last.get(timer.flow), since=since) for timer in timers}
    flows = list(dict.fromkeys(timer.flow for timer, instant in at.items() if instant <= now))
    return flows, min(at.values())


def keep(
    env: Env, timers: Sequence[Timer], run: Callable[[Sequence[str]], None], *, stopped: Callable[[], bool]
) -> None:
    """Run what is due, wait for what is next, until stopped."""
    last: dict[str, datetime] = {}
    since = env.now()
    while not stopped():
        now = env.now()
        flows, following = due(timers, last, now=now, since=since)
        if flows:
            last |= dict.fromkeys(flows, now)
            run(flows)
        else:
            _wait(env, following, stopped)


def _wait(env: Env, until: datetime, stopped: Callable[[], bool]) -> None:
    while not stopped() and (left := (until - env.now()).total_seconds()) > 0:
        env.sleep(min(_LOOK, left))
