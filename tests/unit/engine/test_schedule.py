import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from syncline.engine.schedule import Timer, due, keep, next_due

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Virtual time: a sleep is over at once."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def random(self) -> random.Random:
        return random.Random(1)  # noqa: S311  nothing is guarded by it

    def new_id(self) -> str:
        return "0" * 32

    def point(self, name: str) -> None: ...


def kept(timers: Sequence[Timer], *, start: datetime, hours: float, takes: float = 0.0) -> list[tuple[str, datetime]]:
    """(flow, when) of every pass within some hours of virtual time; a pass takes `takes` seconds."""
    clock, passes = Clock(start), []

    def run(flows: Sequence[str]) -> None:
        passes.extend((flow, clock.at) for flow in flows)
        clock.sleep(takes)

    keep(clock, timers, run, stopped=lambda: clock.at >= start + timedelta(hours=hours))
    return passes


def test_a_new_hub_runs_its_intervals_at_once():
    assert next_due(Timer(flow="a", every=30), now=NOON, last=None, since=NOON) == NOON


def test_an_interval_counts_from_the_start_of_the_last_pass():
    last = NOON - timedelta(seconds=10)

    assert next_due(Timer(flow="a", every=30), now=NOON, last=last, since=NOON) == NOON + timedelta(seconds=20)


def test_a_cron_time_waits_for_its_hour():
    timer = Timer(flow="a", cron="0 2 * * *", zone="Asia/Shanghai")

    assert next_due(timer, now=NOON, last=None, since=NOON) == datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


def test_cron_times_follow_the_wall_clock_into_summer():
    passes = kept(
        [Timer(flow="a", cron="0 3 * * *", zone="Europe/Paris")], start=datetime(2026, 3, 28, tzinfo=UTC), hours=48
    )

    assert [at.hour for _, at in passes] == [2, 1]  # 03:00 is an hour earlier in UTC once summer time has begun


def test_a_missed_time_is_made_up_for_once():
    passes = kept([Timer(flow="a", every=60)], start=NOON, hours=1, takes=600)

    assert len(passes) == 6
    gaps = [later - earlier for (_, earlier), (_, later) in pairwise(passes)]
    assert min(gaps) >= timedelta(seconds=600)


def test_every_flow_keeps_its_own_time():
    passes = kept([Timer(flow="a", every=600), Timer(flow="b", every=1800)], start=NOON, hours=1)

    flows = [flow for flow, _ in passes]
    assert (flows.count("a"), flows.count("b")) == (6, 2)


def test_a_flow_with_two_timers_that_are_due_runs_once():
    timers = [Timer(flow="a", every=30), Timer(flow="a", every=60)]

    flows, _ = due(timers, {}, now=NOON, since=NOON)

    assert flows == ["a"]


def test_a_stop_is_seen_although_nothing_is_due():
    passes = kept([Timer(flow="a", cron="0 0 1 1 *")], start=NOON, hours=0.01)

    assert passes == []
