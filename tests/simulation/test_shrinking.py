"""What is kept of a long history is what matters."""

import msgspec

from syncline.simulation.drawing import draw
from syncline.simulation.script import Deed, Habits, Script
from syncline.simulation.shape import reference
from syncline.simulation.shrinking import shrink


def deeds(script: Script) -> list[Deed]:
    return [*script.before, *(deed for passing in script.passes for _, deed in passing.deeds), *script.last]


def test_only_what_breaks_is_left():
    script = next(one for seed in range(100) if edits_of(one := draw(reference(), seed)) and crashes(one) > 1)

    smallest = shrink(script, lambda one: bool(edits_of(one)) and crashes(one) > 0)

    assert [deed.op for deed in deeds(smallest)] == ["edit"]
    assert crashes(smallest) == 1
    assert len(smallest.systems) == 2
    assert smallest.scan or all(one.deletes != "hard" for one in smallest.systems.values())
    usual = Habits()
    assert all(msgspec.structs.replace(one, deletes=usual.deletes) == usual for one in smallest.systems.values())
    assert not any(passing.faults for passing in smallest.passes)


def test_what_does_not_break_is_left_alone():
    script = draw(reference(), 3)

    assert shrink(script, lambda _one: False) == script


def edits_of(script: Script) -> list[Deed]:
    return [deed for deed in deeds(script) if deed.op == "edit" and deed.fields]


def crashes(script: Script) -> int:
    return sum(bool(passing.crash) for passing in script.passes)
