"""Invariants of creates under a condition: none before it was met (I12), each once everybody shows that it is (I3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncline.model.flow import Condition
from syncline.model.page import Op
from syncline.model.values import Value
from syncline.simulation.application import Application
from syncline.simulation.invariants.facts import Facts
from syncline.simulation.invariants.records import comparable
from syncline.simulation.past import Kept, Version


def none_is_created_early(facts: Facts) -> Iterator[str]:
    """I12: no record is made in a system before somebody has entered what its condition asks for."""
    for write in facts.writes:
        when = facts.world.apps[write.system].sides[write.resource].side.creates_when
        if write.op is not Op.CREATE or not when:
            continue
        thing = facts.thing(facts.kept_of(write))
        seen = [(app, kept, v) for app, kept in facts.all_of[thing] for v in kept.versions if v.at < write.at]
        if not all(any(_meets(app, kept, version, [one]) for app, kept, version in seen) for one in when):
            yield f"{thing} was made in {write.system}, though nobody had entered {when}"


def all_that_meet_it_are_created(facts: Facts) -> Iterator[str]:
    """I3: what all others show to meet the condition has one record."""
    for thing, found in comparable(facts):
        for system, side in facts.flow(thing[0]).sides.items():
            when = side.side.creates_when
            if not when or system not in facts.world.apps:
                continue
            others = [(facts.world.apps[name], kept) for name, held in found.items() if name != system for kept in held]
            met = bool(others) and all(_meets(app, kept, kept.last, when) for app, kept in others)
            count = len(found.get(system, []))
            if count > 1 or (met and not count and (*thing, system) not in facts.parked):
                yield f"{thing} has {count} records in {system}, and {when} is {'' if met else 'not '}met"


def _meets(app: Application, kept: Kept, version: Version, when: Sequence[Condition]) -> bool:
    shown: dict[str, Value] = dict(app.values(kept, version)) if version.fields is not None else {}
    return all(shown.get(one.field) in one.values for one in when)
