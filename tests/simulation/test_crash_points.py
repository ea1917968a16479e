"""Wherever the hub dies, and dies again while it recovers, the same command brings it to where it would have come."""

import pytest

from syncline.engine import combine, discover
from syncline.engine.creating import admits
from syncline.merging.merge import _refusal
from syncline.simulation.campaign import judge
from syncline.simulation.history import play
from syncline.simulation.invariants import violations
from tests.simulation.crash_points import Crash, pairs, plain, singles, tried, with_crashes
from tests.simulation.mutants.patching import patched, rewritten
from tests.simulation.scenarios.every import QUICK, SCENARIOS, TWICE

MOST = 120  #: boundaries of a scenario in which the hub dies twice


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_the_story_that_its_name_tells(name: str):
    told = plain(SCENARIOS[name])

    assert told.broken == []
    assert 10 < len(told.boundaries) <= MOST


@pytest.mark.parametrize("name", QUICK)
def test_a_crash_at_any_boundary_is_recovered_from_by_the_same_command(name: str):
    scenario = SCENARIOS[name]
    played = list(singles(scenario))

    assert [broken for one in played for broken in one.broken] == []
    assert [one.crashes for one in played] == [(crash,) for crash in plain(scenario).boundaries]
    assert {"write.before", "write.after", "settle.before_commit"} <= {name for one in played for name in one.names}


def test_a_crash_while_a_crash_is_recovered_from_is_recovered_from():
    scenario = SCENARIOS["created, the answer lost"]
    first = next(one.crashes[0] for one in singles(scenario) if one.names == ["write.before"])
    played = list(pairs(scenario, first))

    assert [broken for one in played for broken in one.broken] == []
    assert len(played) >= 20
    assert all(len(one.names) == 2 for one in played)


def test_there_are_as_many_scenarios_as_are_promised():
    assert len(SCENARIOS) >= 30
    assert len(set(TWICE)) == 10
    assert len(set(QUICK)) == 5
    assert {*TWICE, *QUICK} <= SCENARIOS.keys()


def test_a_hub_that_forgets_what_it_was_about_to_send_is_found_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("syncline.engine.run.recover", lambda _hub, _run: 0)
    scenario = SCENARIOS["created without a marker"]

    assert [broken for one in singles(scenario) for broken in one.broken]


def test_a_hub_that_takes_what_it_should_put_back_is_found_out():
    taken = rewritten(_refusal, ("if seen.direction is Direction.TO:", "if False:"))
    scenario = SCENARIOS["edited where the hub only writes"]
    with patched((taken,)):
        broken = [one.invariant for one in violations(play(scenario.script, scenario.shape))[0]]

    assert "I5 ownership" in broken


def test_a_hub_that_creates_before_it_may_is_found_out():
    early = rewritten(admits, ("return all(", "return True or all("))
    scenario = SCENARIOS["created once it is confirmed"]
    with patched((early,)):
        broken = [one.invariant for one in violations(play(scenario.script, scenario.shape))[0]]

    assert "I12 bounds" in broken


def test_a_hub_that_never_creates_what_was_confirmed_later_is_found_out():
    late = rewritten(combine._plan, ("if news and creates_now(at.hub, side)", "if False"))
    ever = rewritten(discover._end_whole_read, ("(first or side.conditions)", "first"))
    scenario = SCENARIOS["created once it is confirmed"]
    with patched((late, ever)):
        broken = [one.invariant for one in violations(play(scenario.script, scenario.shape))[0]]

    assert "I3 convergence" in broken


def test_each_crash_is_followed_by_the_same_command():
    script = SCENARIOS["edited"].script
    twice = with_crashes(script, [Crash(2, 5), Crash(3, 7)])

    assert len(twice.passes) == len(script.passes) + 2
    assert [one.crash for one in twice.passes] == [0, 0, 5, 7, 0, 0]
    assert twice.passes[3].full == twice.passes[4].full == script.passes[2].full
    assert judge(twice, SCENARIOS["edited"].shape).crashes == 2
    assert tried(SCENARIOS["edited"], Crash(2, 5), Crash(3, 7)).broken == []
