"""Invariants of webhooks: nothing but a hint comes of one (I7), and of what was kept as a hint, a read (I8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from syncline.simulation.invariants.facts import Facts
from syncline.simulation.webhooks import FORGED, Kept


def forgeries_do_no_harm(facts: Facts) -> Iterator[str]:
    """I7: what was never there is asked for once per hint that names it, and not at all where the hint was refused.

    A process that dies before it has noted the answer asks again.
    """
    kept = Counter((one.system, one.key) for one in facts.world.receiver.kept)
    for name, door in facts.world.doors.items():
        asked = Counter(key for _, _, key in door.got if key.startswith(FORGED))
        for key, times in asked.items():
            if not kept[name, key]:
                yield f"{name} was asked for {key!r}, which no webhook told that was signed"
            elif times > kept[name, key] + len(facts.world.crashes):
                yield f"{name} was asked for {key!r} {times} times, which {kept[name, key]} webhooks told"


def hints_are_followed(facts: Facts) -> Iterator[str]:
    """I8: a record that a webhook told of is looked at, at the latest by the next pass that its system takes part in.

    It is read by key, unless a listing shows it first. But a hub whose state was put back may have forgotten all that.
    """
    for one in facts.world.receiver.kept:
        until = _followed_by(facts, one)
        if until is None or any(one.at < back <= until for _, back in facts.world.put_back):
            continue
        door = facts.world.doors[one.system]
        looks = (at for at, resource, key in (*door.got, *door.listed) if (resource, key) == (one.resource, one.key))
        if not any(one.at <= at <= until for at in looks):
            yield f"{one.system} {one.key} was told of at {one.at}, and not looked at by {until}"


def _followed_by(facts: Facts, one: Kept) -> int | None:
    """The end of the first pass that was to follow a hint; None when there was none."""
    flow = facts.world.apps[one.system].sides[one.resource].flow
    places = {one.system, f"{flow} {one.system}"}
    later = (told for told in facts.world.told if told.begun >= one.at and places.isdisjoint(told.report.paused))
    return next((told.at for told in later), None)
