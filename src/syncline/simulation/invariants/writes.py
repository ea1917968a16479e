"""Invariants of what the hub does: quiet (I4, I8, I15), cursors (I6), causes (I7, I11), I12, I13, I18."""

from __future__ import annotations

import re
from collections.abc import Iterator

from syncline.app import operations
from syncline.model.flow import Direction
from syncline.model.page import Op
from syncline.model.values import Value
from syncline.simulation.application import CANARY, CHANGED, MISSING, Application
from syncline.simulation.invariants.facts import Facts
from syncline.simulation.past import HUB, Kept
from syncline.simulation.people import Edit
from syncline.simulation.shape import TOKENS
from syncline.simulation.virtual import SECOND

BUDGET = ": 429"  #: ends what a system says to a request beyond its budget
SOON = 6  #: passes in which a single edit, without faults, has reached everybody
PERSONAL = re.compile(rf"{CANARY}|t\d{{4}} A|m\d{{4}}@example")


def nothing_echoes(facts: Facts) -> Iterator[str]:
    """I4: once all is quiet, nothing is written any more."""
    if facts.history.echoes:
        yield f"{facts.history.echoes} writes after all was quiet"


def edits_arrive(facts: Facts) -> Iterator[str]:
    """I8: without faults everybody agrees within a bound, and a single edit is everywhere soon."""
    history = facts.history
    if not history.settled:
        yield f"no agreement after {len(facts.world.told)} passes: {facts.world.told[-1].report.agreement}"
    elif history.last_settled == 0 or history.last_settled > SOON:
        yield f"the last edit was not everywhere after {history.last_settled or 'all'} passes"


def nobody_is_left_out(facts: Facts) -> Iterator[str]:
    """I8: where nothing goes wrong, no system is left out of a pass.

    Two who count the same budget may differ by what is under way: a request too many is no fault of either.
    """
    if any(passing.faults or passing.drift for passing in facts.history.script.passes):
        return
    apps = facts.world.apps
    for told in facts.world.told:
        for place, why in told.report.paused.items():
            counts = place in apps and apps[place].habits.counts
            if not (counts and why.endswith(BUDGET)):
                yield f"{place} was left out at {told.at}: {why}"


def cursors_go_forward(facts: Facts) -> Iterator[str]:
    """I6: no listing begins before the one before it, unless it is of everything."""
    for name, door in facts.world.doors.items():
        last: dict[str, int] = {}
        for resource, since in door.asked:
            if since is not None and since.stamp < last.get(resource, 0):
                yield f"{name} {resource} was read from {since.stamp} after {last[resource]}"
            last[resource] = max(last.get(resource, 0), since.stamp if since else 0)


def writes_have_causes(facts: Facts) -> Iterator[str]:
    """I7: nothing is made out of nothing, and the log of it all is whole."""
    for write in facts.writes:
        if write.op is Op.CREATE and not facts.people.who(facts.kept_of(write)):
            yield f"{write.system} got {write.key}, which nobody ever entered"
    report = operations.verify(facts.world.open())
    if not report.good:
        yield f"the log does not tell the truth: pages {report.broken}, {report.differing}"


def parked_were_refused(facts: Facts) -> Iterator[str]:
    """I7: nobody has to look after what another try would have cured."""
    for row in operations.parked(facts.world.open()):
        if row.kind == "write" and row.message in (CHANGED, MISSING):
            yield f"{row.op} of {row.entity} {row.eid} waits for a person in {row.system}, because: {row.message}"


def values_were_entered(facts: Facts) -> Iterator[str]:
    """I11: the hub writes only values that somebody entered somewhere, never what a system made of them."""
    for write in facts.writes:
        if write.op not in (Op.CREATE, Op.UPDATE):
            continue
        kept = facts.kept_of(write)
        thing, app = facts.thing(kept), facts.world.apps[write.system]
        before = app.values(kept, write.before) if write.before else {}
        for name, value in facts.wrote(write).items():
            field = facts.flow(thing[0]).fields[name]
            if field.kind not in TOKENS or not value or value == before.get(name):
                continue
            if str(value) not in facts.entered.get((*thing, name), ()) and not facts.taken_for_entered(
                thing, name, value
            ):
                yield f"{write.system} {write.key}.{name} was written {value!r}, which nobody entered"


def bounds_are_kept(facts: Facts) -> Iterator[str]:
    """I12: what no mapping names is never written, nor what is only read."""
    for write in facts.writes:
        side = facts.world.apps[write.system].sides[write.resource]
        if strange := set(write.item.fields) - side.tops:
            yield f"{write.system} {write.key}: {sorted(strange)} was written, which no mapping names"
        if side.side.direction is Direction.FROM:
            yield f"{write.system} {write.key} was written, which is only read"
    for app, kept in facts.records():
        if any(v.fields is not None and v.fields.get("internal") != f"{CANARY} {kept.key}" for v in kept.versions):
            yield f"{app.name} {kept.key}: a field that no mapping names has changed"


def order_is_kept(facts: Facts) -> Iterator[str]:
    """I13: of two edits that were made of one record after each other, the older is never written after the newer.

    A hub whose state was put back begins anew: from then on it is asked of what is entered from then on.
    """
    if facts.rolled_back:  # an application begins anew with what was then
        return
    origin: dict[tuple[str, str, str], Edit] = {}
    for edit in facts.texts:
        origin.setdefault((edit.flow, edit.field, str(edit.value)), edit)
    for app, kept in facts.records():
        latest: dict[tuple[int, Kept, str], Edit] = {}
        for at, name, value in _written(app, kept):
            edit_of = origin.get((kept.side.flow, name, value))
            if edit_of is None or edit_of.system == app.name or facts.flow(kept.side.flow).fields[name].field.group:
                continue  # of a group, an edit of one field carries what stood beside it
            begun = facts.put_back_before(at)
            if begun and edit_of.at <= begun:
                continue
            place = (begun, edit_of.kept, name)
            if place in latest and latest[place].at > edit_of.at:
                yield f"{app.name} {kept.key}.{name}: {edit_of.value!r} was written after {latest[place].value!r}"
            latest[place] = edit_of


def _written(app: Application, kept: Kept) -> Iterator[tuple[int, str, str]]:
    """(when, field, value) of everything that the hub changed in a record, in order."""
    before: dict[str, Value] = {}
    for version in kept.versions:
        values = app.values(kept, version)
        if version.who == HUB:
            yield from ((version.at, name, str(value)) for name, value in values.items() if before.get(name) != value)
        before = values


def pauses_are_kept(facts: Facts) -> Iterator[str]:
    """I15: a system that asks for a pause is not written to before it is over, by the hub that was told."""
    for name, door in facts.world.doors.items():
        for asked, until in door.pauses:
            early = [at for at in door.sent if asked < at < until]
            told = [at for at in facts.world.opened if asked < at]
            if early and not any(at <= early[0] for at in told):
                yield f"{name} asked for a pause of {(until - asked) / SECOND} s and got {(early[0] - asked) / SECOND}"


def values_stay_inside(facts: Facts) -> Iterator[str]:
    """I18: no value of a person, and nothing that no mapping names, is told to a listener or in an error."""
    said = [event.message for event in facts.world.heard]
    for told in facts.world.told:
        said += [*told.report.paused.values(), *told.report.held, *told.report.problems]
    for text in said:
        if PERSONAL.search(text):
            yield f"a value was told: {text[:80]}"
