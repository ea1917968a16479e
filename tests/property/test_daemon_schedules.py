"""Schedules and hours at which a system is closed, over years of virtual time: none is forgotten, none runs twice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.app.storm import CALM, LONGEST, MANY, QUIET, RECENT, Storm
from syncline.engine.limits import Gate, Priority
from syncline.engine.schedule import FAR, Timer, due, keep, late, next_due
from syncline.engine.windows import Window, closed_until, closes_at
from syncline.errors import TransientError
from syncline.model.contract import Limits

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 2 * 366 * 86_400).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
ZONES = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
CRONS = st.sampled_from(["*/5 * * * *", "0 2 * * *", "30 2 * * sun", "0 0 1 * *", "15,45 8-18 * * mon-fri"])
TIMERS = st.one_of(
    st.builds(Timer, flow=st.sampled_from("ab"), every=st.floats(120, 86_400), jitter=st.sampled_from([0.0, 10.0])),
    st.builds(Timer, flow=st.sampled_from("ab"), cron=CRONS, zone=ZONES, jitter=st.sampled_from([0.0, 10.0])),
    st.builds(Timer, flow=st.sampled_from("ab")),
)
WINDOWS = st.one_of(
    st.builds(
        Window, zone=ZONES, days=st.frozensets(st.integers(0, 6), min_size=1), start=st.integers(0, 1439),
        end=st.integers(0, 1439),
    ),
    st.builds(Window, zone=ZONES, cron=CRONS, lasts=st.floats(60, 86_400)),
)  # fmt: skip


class Clock:
    """Virtual time: a sleep is over at once."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.chance = random.Random(1)  # noqa: S311

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def random(self) -> random.Random:
        return self.chance


def kept(timers: Sequence[Timer], start: datetime, hours: float, takes: float) -> list[tuple[str, datetime]]:
    clock, passes = Clock(start), []
    end = start + timedelta(hours=hours)

    def run(flows: Sequence[str]) -> None:
        passes.extend((flow, clock.at) for flow in flows)
        clock.sleep(takes)

    def wait(until: datetime) -> None:
        clock.at = min(until, end)

    keep(clock, timers, run, stopped=lambda: clock.at >= end, wait=wait)
    return passes


@given(timer=TIMERS, last=INSTANTS, later=st.floats(0, 10**7), draw=st.floats(0, 1))
def test_the_next_time_is_after_the_last_pass_and_within_the_jitter(timer, last, later, draw):
    now = last + timedelta(seconds=later)
    plain = next_due(timer, now=now, last=last, since=BEGIN)
    drawn = next_due(timer, now=now, last=last, since=BEGIN, draw=draw)

    assert plain > last
    assert plain == FAR or plain <= drawn <= plain + timedelta(seconds=timer.jitter)


@given(timers=st.lists(TIMERS, min_size=1, max_size=4), start=INSTANTS, takes=st.floats(30, 7200))
def test_passes_never_overlap_and_a_missed_one_is_made_up_for_once(timers, start, takes):
    passes = kept(timers, start, hours=3, takes=takes)
    for flow in "ab":
        mine = [at for name, at in passes if name == flow]
        gaps = [later - earlier for earlier, later in pairwise(mine)]

        assert all(gap >= timedelta(seconds=takes) for gap in gaps)
        assert all(sum(begun == at for begun in mine) == 1 for at in mine)


@given(every=st.floats(600, 3600), start=INSTANTS, takes=st.floats(0, 30), jitter=st.sampled_from([0.0, 10.0]))
def test_an_interval_is_kept_for_as_long_as_the_daemon_lives(every, start, takes, jitter):
    mine = [at for _, at in kept([Timer(flow="a", every=every, jitter=jitter)], start, hours=12, takes=takes)]

    assert len(mine) >= int(43_200 / (every + jitter)) - 1
    assert all(
        timedelta(seconds=every) <= later - earlier <= timedelta(seconds=every + jitter, milliseconds=1)
        for earlier, later in pairwise(mine)
    )


@given(cron=CRONS, zone=ZONES, start=INSTANTS)
def test_a_cron_keeps_the_wall_clock_of_its_zone(cron, zone, start):
    for _, at in kept([Timer(flow="a", cron=cron, zone=zone)], start, hours=24 * 2, takes=1):
        local = at.astimezone(ZoneInfo(zone))
        minutes = cron.split()[0].replace("*/5", "0,5,10,15,20,25,30,35,40,45,50,55").split(",")
        assert str(local.minute) in minutes or zone == "Australia/Lord_Howe"


@given(timer=TIMERS, last=INSTANTS, ahead=st.floats(0, 10**6))
def test_a_flow_is_late_after_twice_its_interval_and_not_before(timer, last, ahead):
    now = last + timedelta(seconds=ahead)
    said = late([timer], {timer.flow: last}, now=now, since=BEGIN)
    first = next_due(timer, now=now, last=last, since=BEGIN, draw=1.0)

    if first == FAR or now <= first:
        assert said == []
    elif timer.every:
        second = next_due(timer, now=now, last=first, since=BEGIN, draw=1.0)
        assert bool(said) == (now > second)
    elif now > first + timedelta(days=63):
        assert said == [timer.flow]


def test_a_flow_that_webhooks_alone_wake_runs_once_at_the_start_and_is_never_late():
    timer = Timer(flow="a", wakes="when crm calls")

    assert due([timer], {}, now=BEGIN, since=BEGIN) == (["a"], BEGIN)
    assert due([timer], {"a": BEGIN}, now=BEGIN + timedelta(days=999), since=BEGIN) == ([], FAR)
    assert late([timer], {"a": BEGIN}, now=BEGIN + timedelta(days=999), since=BEGIN) == []
    assert timer.told == "when crm calls"


# --- closed -----------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(windows=st.lists(WINDOWS, min_size=1, max_size=3), at=INSTANTS)
def test_a_closed_system_opens_when_it_says_and_not_before(windows, at):
    until = closed_until(windows, at)
    if until is None:
        opening = closes_at(windows, at)
        assert opening is None or opening > at
        if opening is not None:
            middle = at + (opening - at) / 2
            assert closed_until(windows, middle) is None
            assert closed_until(windows, opening) is not None
        return
    assert until > at
    for share in (0.25, 0.5, 0.99):
        assert closed_until(windows, at + (until - at) * share) >= until


@settings(max_examples=40)
@given(windows=st.lists(WINDOWS, min_size=1, max_size=3), at=INSTANTS, step=st.floats(1, 4000))
def test_the_gate_lets_nothing_through_while_a_system_is_closed(windows, at, step):
    clock = Clock(at)
    gate = Gate("erp", Limits(per_second=1e6, burst=10**6), clock, windows)
    for _ in range(40):
        closed = closed_until(windows, clock.at)
        if closed is None:
            gate.enter(Priority.LIVE)
            assert gate.closed_until() is None
        else:
            with pytest.raises(TransientError, match="erp is closed until") as met:
                gate.enter(Priority.PERSON)
            assert met.value.wait == pytest.approx((closed - clock.at).total_seconds())
        clock.sleep(step)


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        ("2026-03-27T20:59", None),  # Friday; Paris is an hour ahead
        ("2026-03-28T21:00", "2026-03-29T04:00"),  # Saturday 22:00 to Sunday 06:00, the night that lacks an hour
        ("2026-03-29T03:59", "2026-03-29T04:00"),
        ("2026-03-29T04:00", None),
        ("2026-10-24T20:00", "2026-10-25T05:00"),  # the night that has an hour twice
    ],
)
def test_a_night_is_as_long_as_the_clocks_on_the_wall_say(at, wanted):
    window = Window(zone="Europe/Paris", days=frozenset({5}), start=22 * 60, end=6 * 60)
    found = closed_until([window], datetime.fromisoformat(at).replace(tzinfo=UTC))

    assert found == (datetime.fromisoformat(wanted).replace(tzinfo=UTC) if wanted else None)


# --- storms -----------------------------------------------------------------------------------------------------------


class Stormed:
    """What waits, what is looked at, and when, as a daemon does it."""

    def __init__(self) -> None:
        self.storm: Storm[int] = Storm()
        self.now = 100.0
        self.waiting: set[int] = set()
        self.looks: list[tuple[int, float]] = []

    def tell(self, *records: int) -> None:
        self.storm.tell(records, self.waiting, self.now)
        self.waiting |= {one for one in records if one not in self.waiting and not self.storm.holds(one, self.now)}

    def look(self) -> None:
        ready = sorted(self.waiting | set(self.storm.release(self.now)))
        self.waiting.clear()
        self.storm.hand_out(ready, self.now)
        self.looks += [(one, self.now) for one in ready]

    def last(self, record: int) -> float:
        return max((at for one, at in self.looks if one == record), default=0.0)


@settings(max_examples=40, deadline=None)
@given(records=st.integers(1, 300), seconds=st.integers(1, 20), rate=st.integers(150, 2000), seed=st.integers())
def test_a_storm_costs_each_record_one_look_after_its_last_telling(records, seconds, rate, seed):
    draw, world = random.Random(seed), Stormed()  # noqa: S311
    told: dict[int, float] = {}
    for _ in range(seconds * 10):
        for one in (draw.randrange(records) for _ in range(rate // 10)):
            world.tell(one)
            told[one] = world.now
        world.look()
        world.now += 0.1
    world.now += CALM
    world.look()

    assert all(world.last(one) >= at for one, at in told.items())
    assert len(world.looks) <= 2 * records + 2 * MANY


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(), minutes=st.integers(2, 14))
def test_however_long_a_storm_goes_on_its_records_are_looked_at_once_when_it_is_calm(seed, minutes):
    draw, world = random.Random(seed), Stormed()  # noqa: S311
    for _ in range(minutes * 60):
        for _ in range(2):
            world.tell(*(draw.randrange(100) for _ in range(100)))
            world.look()
            world.now += 0.5
    during = len(world.looks)
    world.now += CALM
    world.look()

    assert during <= 100 + MANY
    assert len(world.looks) - during <= 100


def test_a_record_that_is_told_of_once_in_a_storm_of_others_waits_half_a_minute_at_most():
    world = Stormed()
    told = 0.0
    for second in range(100):
        if second in {3, 40}:
            world.tell(7)
            told = world.now
        for _ in range(10):
            world.tell(*range(1000, 1020))
            world.look()
            world.now += 0.1
    edited_again = [at for one, at in world.looks if one == 7][1]

    assert told + CALM < edited_again <= told + QUIET + 1.2


def test_a_record_of_an_endless_storm_is_looked_at_every_quarter_of_an_hour():
    world = Stormed()
    for _ in range(int(LONGEST * 2.5)):
        world.tell(*range(MANY + 1))
        world.look()
        world.tell(*range(MANY + 1))
        world.now += 1.0
    times = [at for one, at in world.looks if one == 7]

    assert len(times) == 3
    assert all(later - earlier <= LONGEST + RECENT for earlier, later in pairwise(times))


@given(rate=st.integers(1, MANY - 1), records=st.integers(1, 1000), seed=st.integers())
def test_who_is_no_storm_is_never_held_back(rate, records, seed):
    draw, world = random.Random(seed), Stormed()  # noqa: S311
    for _ in range(300):
        one = draw.randrange(records)
        world.tell(one)
        world.look()
        assert world.last(one) == world.now
        world.now += 1.0 / rate + 1e-6
