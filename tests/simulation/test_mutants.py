"""Each rule of the algorithm is needed: without it, and with nothing else changed, a promise is broken."""

import sys

import pytest

from syncline.simulation.campaign import judge
from syncline.simulation.shape import reference
from tests.simulation.mutants.every import MUTANTS
from tests.simulation.mutants.killing import Killed, broken_by, kill, killers
from tests.simulation.mutants.patching import RuleMovedError, rewritten

KILLERS = killers()
MOST_HISTORIES = 30


def bindings() -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    for title, module in list(sys.modules.items()):
        if not title.startswith("syncline."):
            continue
        for name, value in list(vars(module).items()):
            found[title, name] = id(value)
            table = value if isinstance(value, dict) else vars(value) if isinstance(value, type) else {}
            found |= {(title, name, str(key)): id(held) for key, held in list(table.items())}
    return found


def test_every_rule_has_a_history_that_misses_it():
    assert KILLERS.keys() == MUTANTS.keys()
    assert len(MUTANTS) >= 40
    assert all(KILLERS[name].what == mutant.what for name, mutant in MUTANTS.items())


@pytest.mark.parametrize("name", MUTANTS)
def test_without_the_rule_a_promise_is_broken(name: str):
    found = broken_by(MUTANTS[name], KILLERS[name].script)

    assert KILLERS[name].invariant in {one.invariant for one in found}


@pytest.mark.parametrize("name", MUTANTS)
def test_with_the_rule_none_is(name: str):
    assert judge(KILLERS[name].script, reference()).violations == ()


@pytest.mark.parametrize("name", ["shadow-as-sent", "loser-not-logged", "no-overlap"])
def test_random_histories_miss_the_rule_as_well(name: str):
    assert isinstance(kill(MUTANTS[name], range(1, MOST_HISTORIES)), Killed)


def test_a_rule_is_back_once_the_block_ends():
    before = bindings()

    for mutant in MUTANTS.values():
        with mutant.at_work():
            changed = bindings()
        assert changed != before
        assert bindings() == before


def test_a_rule_that_is_no_longer_where_it_is_looked_for_is_told():
    moved = MUTANTS["no-overlap"]._replace(patches=(rewritten(judge, ("never said", "")),))

    with pytest.raises(RuleMovedError, match="never said"), moved.at_work():
        pass
