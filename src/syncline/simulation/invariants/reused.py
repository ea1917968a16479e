"""Ids that an application gives again: which two records could nobody tell apart?

A record that is deleted, and whose id another one gets before the hub can know that it is gone, looks edited from
outside: every value is another one, also those that it is called by. Then the two are one thing to the invariants. All
that holds of one thing is asked of it: nothing doubled, no edit lost, agreement. Only by what its records are called in
the end they are told apart there, for the hub may have found out.

Where the hub could know, they are two things, and nothing is excused: it has deleted the record itself, or seen a
whole listing without it, and had the passes and the time to make sure; or its own create was answered with the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from syncline.simulation.application import Application
from syncline.simulation.past import HUB, Kept
from syncline.simulation.virtual import SECOND
from syncline.simulation.world import World

SURE = 2  #: passes without a pause: one misses the record in a listing and by key, the next one confirms it


class Reuse(NamedTuple):
    """A key that was given again."""

    app: Application
    former: Kept
    kept: Kept

    @property
    def at(self) -> int:
        """When [µs]."""
        return self.kept.versions[0].at


def reuses(world: World) -> Iterator[Reuse]:
    """Every key that was given again."""
    for app in world.apps.values():
        for _, kept in app.records():
            if kept.former is not None:
                yield Reuse(app, kept.former, kept)


def is_unseen(world: World, one: Reuse) -> bool:
    """Could the hub not know that the former record is gone, when another one got its key?"""
    if _was_told(world, one):
        return False
    since = _shown_gone(world, one)
    if since is None or any(copied <= one.at and since <= back for copied, back in world.put_back):
        return True  # or it may have forgotten
    calm = [told for told in world.told if since <= told.at and told.at < one.at and not told.report.paused]
    needed = 1 if one.former.last.who == HUB else SURE
    return len(calm) < needed or calm[-1].begun < since + _certain(one.app)


def _certain(app: Application) -> int:
    """How long after a change no reading shows what was before it [µs]."""
    return int((app.habits.lag + app.habits.get_lag + app.habits.effect) * SECOND)


def _was_told(world: World, one: Reuse) -> bool:
    """Was the hub's own create answered with the key, in a pass that it outlived?"""
    answers = world.doors[one.app.name].answered if one.kept.by_hub else ()
    since = min((at for at, key in answers if key == one.kept.key and at >= one.at), default=None)
    return (
        since is not None
        and any(told.begun <= one.at and since <= told.at for told in world.told)
        and not any(copied <= since <= back for copied, back in world.put_back)
    )


def _shown_gone(world: World, one: Reuse) -> int | None:
    """When the hub was first shown that the former record is gone; None: not before its key was given again.

    A listing that lacks a record which the hub has only just met says nothing: it may be one from before the record.
    """
    deleted = one.former.last
    if deleted.who == HUB:
        return deleted.at
    listings = world.doors[one.app.name].whole
    shown = (
        ended for begun, ended, resource in listings
        if resource == one.kept.side.resource and deleted.listed + _certain(one.app) <= begun and ended < one.at
    )  # fmt: skip
    return min(shown, default=None)
