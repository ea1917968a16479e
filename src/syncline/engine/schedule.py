"""When the next pass is due: schedules as plain functions of `env`, so that a simulation can run years of them.

A pass that was missed, because another took long or the clock stood still, is made up for once, never in a burst.
Passes run one after the other, so that none overlaps itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from syncline.env import Env

_LOOK = 1.0  #: how long a stop may go unnoticed while nothing is due [s]
FAR = datetime.max.replace(tzinfo=UTC)

Wait = Callable[[datetime], None]  #: let time pass until then, or until something else is to be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One schedule of one flow: `every` or `cron`; with neither it is due once, when the hub begins."""

    flow: str
    every: float = 0.0  #: from the start of one pass to the start of the next [s]
    cron: str = ""
    zone: str = "UTC"  #: of the cron expression
    jitter: float = 0.0  #: the longest that a pass begins after its time [s]
    wakes: str = ""  #: what else starts the flow, in words

    @property
    def told(self) -> str:
        """In words."""
        if not self.every and not self.cron:
            return self.wakes
        return f"every {self.every:g} s" if self.every else f"at {self.cron} ({self.zone})"


def next_due(timer: Timer, *, now: datetime, last: datetime | None, since: datetime, draw: float = 0.0) -> datetime:
    """When this timer is due next; an instant that has passed means now.

    Args:
        timer: The schedule.
        now: The present, UTC.
        last: When its flow's last pass began; None when there was none.
        since: When the waiting began: a cron time before it counts for nothing.
        draw: How much of the jitter this time has, 0 to 1.
    """
    later = timedelta(seconds=timer.jitter * draw)
    if timer.cron:
        begin = (last or since).astimezone(ZoneInfo(timer.zone))
        return next(CronSim(timer.cron, begin)).astimezone(UTC) + later
    if last is None:
        return since + later
    return last + timedelta(seconds=timer.every) + later if timer.every else FAR


def due(
    timers: Sequence[Timer],
    last: Mapping[str, datetime],
    *,
    now: datetime,
    since: datetime,
    draws: Mapping[Timer, float] | None = None,
) -> tuple[list[str], datetime]:
    """The flows that are due now, in the order of the timers, and the next instant at which one is."""
    given = draws or {}
    at = {
        timer: next_due(timer, now=now, last=last.get(timer.flow), since=since, draw=given.get(timer, 0.0))
        for timer in timers
    }
    flows = list(dict.fromkeys(timer.flow for timer, instant in at.items() if instant <= now))
    return flows, min(at.values(), default=FAR)


def late(timers: Sequence[Timer], last: Mapping[str, datetime], *, now: datetime, since: datetime) -> list[str]:
    """The flows whose last pass is older than twice the time between two of them, jitter apart."""
    return list(dict.fromkeys(one.flow for one in timers if _is_late(one, last.get(one.flow), now, since)))


def _is_late(timer: Timer, last: datetime | None, now: datetime, since: datetime) -> bool:
    first = next_due(timer, now=now, last=last, since=since, draw=1.0)
    if first == FAR or first >= now:
        return False
    return next_due(timer, now=now, last=first, since=since, draw=1.0) < now


def keep(
    env: Env,
    timers: Sequence[Timer],
    run: Callable[[Sequence[str]], None],
    *,
    stopped: Callable[[], bool],
    wait: Wait | None = None,
) -> None:
    """Run what is due, wait for what is next, until stopped. `wait` may come back early, and does what it likes."""
    last: dict[str, datetime] = {}
    since = env.now()
    draws = {timer: env.random().random() for timer in timers if timer.jitter}
    while not stopped():
        now = env.now()
        flows, following = due(timers, last, now=now, since=since, draws=draws)
        if flows:
            last |= dict.fromkeys(flows, now)
            draws |= {timer: env.random().random() for timer in timers if timer.jitter and timer.flow in flows}
            run(flows)
        elif wait:
            wait(following)
        else:
            _wait(env, following, stopped)


def _wait(env: Env, until: datetime, stopped: Callable[[], bool]) -> None:
    while not stopped() and (left := (until - env.now()).total_seconds()) > 0:
        env.sleep(min(_LOOK, left))
