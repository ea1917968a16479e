"""I17: a history with crashes ends as it would have ended without."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from syncline.simulation.history import History, play
from syncline.simulation.invariants.facts import Facts
from syncline.simulation.spelling import UNDECLARED

Ending = dict[tuple[str, int, str], str]


def crashes_leave_no_trace(facts: Facts) -> Iterator[str]:
    """Where everybody waits for agreement before the next thing is done, nothing else could differ."""
    script = facts.history.script
    if not script.calm:
        return
    calm = [msgspec.structs.replace(one, crash=0, faults=[], drift="", anew=False) for one in script.passes]
    plain = play(msgspec.structs.replace(script, passes=calm), facts.history.shape)
    expected, found = ending(plain), ending(facts.history)
    plain.world.close()
    for place in sorted(expected.keys() | found.keys()):
        if expected.get(place) != found.get(place):
            yield f"{place} ended as {found.get(place)}, without crashes as {expected.get(place)}"


def ending(history: History) -> Ending:
    """What everybody shows in the end, references by what they mean.

    Without fields that a system spells in a way that nobody can know: an answer shows the spelling as that system's
    edit, and where the answer was lost it is left to a person.
    """
    facts = Facts(history)
    found: Ending = {}
    apps = facts.world.apps.values()
    unknown = {name for app in apps for name, kind in app.habits.normalisers.items() if kind in UNDECLARED}
    for thing, systems in facts.live.items():
        for system, records in systems.items():
            for kept in records:
                values = facts.world.apps[system].values(kept, kept.last)
                fields = facts.flow(thing[0]).fields
                plain = {n: v for n, v in values.items() if n not in unknown and not fields[n].field.reference}
                found[*thing, system] = found.get((*thing, system), "") + str(sorted(plain.items()))
    return found
