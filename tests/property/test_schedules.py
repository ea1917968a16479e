"""Waits and budgets: jitter stays in its bounds, a pause that was asked for is kept, no limit is ever exceeded."""

import random
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.engine.discover import _later
from syncline.engine.limits import OPEN_AFTER, Gate, Priority
from syncline.engine.retry import CAP, READ_TRIES, backoff, read_again
from syncline.errors import BusyError, TransientError
from syncline.model.contract import Limits
from syncline.model.page import Cursor
from syncline.simulation.campaign import judge
from syncline.simulation.script import Deed, Habits, Passing, Script
from syncline.simulation.shape import TOKENS, Kind, reference

SECONDS = st.floats(0.0, 1000.0)
LIMITS = st.builds(
    Limits, per_second=st.floats(0.5, 200.0), burst=st.integers(1, 100), reserve=st.sampled_from([0.0, 0.2, 0.5])
)


@dataclass
class Clock:
    """An `Env` whose time passes only when somebody sleeps."""

    at: float = 0.0
    slept: list = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311

    def monotonic(self):
        return self.at

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += max(seconds, 1e-9)

    def random(self):
        return self.chance


@given(tries=st.integers(0, 200), seed=st.integers(), base=st.floats(0.01, 10.0), asked=SECONDS)
def test_jitter_is_full_and_bounded_and_never_shorter_than_what_was_asked(tries, seed, base, asked):
    pause = backoff(tries, random.Random(seed), base=base, asked=asked)  # noqa: S311

    assert asked <= pause <= asked + min(CAP, base * 2.0 ** min(tries, 16))


def test_jitter_uses_the_whole_span():
    chance = random.Random(1)  # noqa: S311
    pauses = [backoff(3, chance, base=1.0) for _ in range(1000)]

    assert min(pauses) < 0.1
    assert max(pauses) > 7.9
    assert 3.8 < sum(pauses) / 1000 < 4.2


@given(failures=st.integers(0, 6), asked=st.one_of(st.none(), st.floats(0.0, 20.0)), seed=st.integers())
def test_a_read_is_tried_a_few_times_and_waits_as_long_as_was_asked(failures, asked, seed):
    clock, calls = Clock(chance=random.Random(seed)), []  # noqa: S311

    def attempt():
        calls.append(clock.at)
        if len(calls) <= failures:
            raise BusyError("busy", wait=asked)
        return "answer"

    with suppress(TransientError):
        assert read_again(clock, attempt) == "answer"
        assert len(calls) == failures + 1
    assert len(calls) <= READ_TRIES
    assert all(asked is None or pause >= asked for pause in clock.slept)
    assert all(pause <= 10.0 for pause in clock.slept)
    assert len(clock.slept) == len(calls) - 1


ENTRIES = st.lists(st.tuples(st.sampled_from(list(Priority)), st.floats(0.0, 3.0)), min_size=1, max_size=60)


@given(limits=LIMITS, entries=ENTRIES)
def test_in_no_stretch_of_time_are_there_more_requests_than_the_budget(limits, entries):
    clock = Clock()
    gate, sent = Gate("crm", limits, clock), []
    for priority, idle in entries:
        clock.at += idle
        gate.enter(priority)
        sent.append(clock.at)

    for first, begin in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= limits.burst + (sent[last] - begin) * limits.per_second + 1e-3


@given(burst=st.integers(10, 100), reserve=st.sampled_from([0.2, 0.5]), count=st.integers(1, 200))
def test_what_is_kept_for_people_is_never_taken_by_others(burst, reserve, count):
    clock = Clock()
    gate = Gate("crm", Limits(per_second=10.0, burst=burst, reserve=reserve), clock)
    for number in range(count):
        gate.enter(Priority(1 + number % 3))

        assert gate._tokens >= burst * reserve - 1e-6


@given(wait=st.floats(0.1, 600.0), priority=st.sampled_from(list(Priority)), idle=st.floats(0.0, 700.0))
def test_nobody_sends_before_a_pause_that_was_asked_for_is_over(wait, priority, idle):
    clock = Clock()
    gate = Gate("crm", Limits(per_second=50.0, burst=50), clock)
    gate.slow_down(wait)
    clock.at += idle

    gate.enter(priority)

    assert clock.at >= wait


@given(failures=st.integers(0, 30), seed=st.integers())
def test_a_breaker_opens_after_failures_in_a_row_and_never_for_longer_than_the_cap(failures, seed):
    clock = Clock(chance=random.Random(seed))  # noqa: S311
    gate = Gate("crm", Limits(per_second=50.0, burst=50), clock)
    for _ in range(failures):
        gate.failed("500")
    opened = failures >= OPEN_AFTER
    with pytest.raises(TransientError) if opened else nullcontext() as met:
        gate.enter(Priority.LIVE)
    if opened:
        assert 0 < met.value.wait <= CAP
        clock.at += met.value.wait
        gate.enter(Priority.LIVE)
    gate.passed()
    for _ in range(OPEN_AFTER - 1):
        gate.failed("500")
    clock.at += CAP
    gate.enter(Priority.LIVE)


@given(held=st.one_of(st.none(), st.integers(0, 99)), stamps=st.lists(st.one_of(st.none(), st.integers(0, 99))))
def test_a_cursor_of_stamps_never_goes_back_and_ends_at_the_latest(held, stamps):
    cursor = None if held is None else Cursor(stamp=held)
    for stamp in stamps:
        before, cursor = cursor, _later(cursor, None if stamp is None else Cursor(stamp=stamp))
        assert before is None or (cursor is not None and cursor.stamp >= before.stamp)

    known = [one for one in (held, *stamps) if one is not None]
    assert cursor == (Cursor(stamp=max(known)) if known else None)


SEEN_LATE = st.builds(
    Habits, precision=st.sampled_from([0.001, 1.0, 60.0, 86400.0]), lag=st.sampled_from([0.0, 0.5, 3.0, 30.0]),
    skew=st.sampled_from([0.0, 2.0, -300.0, 300.0]), deletes=st.just("tombstones"),
)  # fmt: skip
WHEN = st.lists(st.tuples(st.integers(1, 12), st.sampled_from([0.2, 5.0, 40.0])), min_size=1, max_size=5)


@given(crm=SEEN_LATE, erp=SEEN_LATE, when=WHEN, seed=st.integers(0, 2**32))
def test_an_overlap_shows_every_edit_without_anything_being_read_whole(crm, erp, when, seed):
    """However coarse, late and wrong the stamps are: the interval is closed, and reaches back far enough."""
    text = TOKENS[Kind.TEXT]
    passes = [
        Passing(wait=wait, deeds=[(moment, Deed(op="edit", system=("crm", "erp")[number % 2], flow="customers", who=1,
                                                fields={"phone": text(100 + number)}))])
        for number, (moment, wait) in enumerate(when)
    ]  # fmt: skip
    script = Script(
        seed=seed, scan=False, flows=["customers"], systems={"crm": crm, "erp": erp},
        before=[Deed(op="add", system="crm", flow="customers", who=1, fields={"phone": text(1)})], passes=passes,
    )  # fmt: skip

    assert judge(script, reference()).violations == ()
