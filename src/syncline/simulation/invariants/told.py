"""Invariants of webhooks: nothing but a hint comes of one (I7), and of what was kept as a hint, a read (I8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from syncline.simulation.invariants.facts import Facts
from syncline.simulation.virtual import SECOND
from syncline.simulation.webhooks import FORGED, Kept


def forgeries_do_no_harm(facts: Facts) -> Iterator[str]:
    """I7: what was never there is asked for once per hint that names it, and not at all where the hint was refused.

    A process that dies before it has noted the answer asks again, and so does one whose state is put back to then.
    """
    kept = Counter((one.system, one.key) for one in facts.world.receiver.kept)
    for name, door in facts.world.doors.items():
        asked = Counter(key for _, _, key in door.got if key.startswith(FORGED))
        for key, times in asked.items():
            if not kept[name, key]:
                yield f"{name} was asked for {key!r}, which no webhook told that was signed"
            elif times > kept[name, key] + len(facts.world.crashes) + len(facts.world.put_back):
                yield f"{name} was asked for {key!r} {times} times, which {kept[name, key]} webhooks told"


def hints_are_followed(facts: Facts) -> Iterator[str]:
    """I8: a record that a webhook told of is looked at, at the latest by the next pass that its system takes part in.

    It is read by key, when that can show what was told of, unless a listing shows that first. But a hub whose state was
    put back may have forgotten all that.
    """
    for one in facts.world.receiver.kept:
        until = _followed_by(facts, one)
        if until is None or any(one.at < back <= until for _, back in facts.world.put_back):
            continue
        if not any(at <= until for at in _looks(facts, one)):
            yield f"{one.system} {one.key} was told of at {one.at}, and not looked at by {until}"


def _looks(facts: Facts, one: Kept) -> Iterator[int]:
    """When the hub looked at a record after a webhook, in a way that could show what it told of."""
    app, door = facts.world.apps[one.system], facts.world.doors[one.system]
    kept = app.tables[one.resource].get(one.key)
    seen = kept.seen(one.at) if kept else None
    shown = seen[1].at + int(app.habits.get_lag * SECOND) if seen else 0
    yield from (at for at, *place in door.got if place == [one.resource, one.key] and at >= max(one.at, shown))
    listed = seen[1].listed if seen else 0
    yield from (at for at, *place in door.listed if place == [one.resource, one.key] and at >= max(one.at, listed))


def _followed_by(facts: Facts, one: Kept) -> int | None:
    """The end of the first pass that was to follow a hint; None when there was none."""
    flow = facts.world.apps[one.system].sides[one.resource].flow
    places = {one.system, f"{flow} {one.system}"}
    later = (told for told in facts.world.told if told.begun >= one.at and places.isdisjoint(told.report.paused))
    return next((told.at for told in later), None)
