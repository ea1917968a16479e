"""What there is to know of a played history: asked of the applications, of people, and of the hub's own operations.

Never of the hub's tables. What the hub says is believed in two things only: that a field, a write or a record waits for
a person, and which values its log tells of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property

from syncline.app import operations
from syncline.errors import SynclineError
from syncline.model.report import ConflictRow
from syncline.model.values import Value
from syncline.simulation.invariants.played import DAWDLE, Place, Played, Thing
from syncline.simulation.past import Kept
from syncline.simulation.people import Edit
from syncline.simulation.virtual import EPOCH, NEVER, SECOND

__all__ = ["Facts", "Place", "Thing"]


class Facts(Played):
    """One history as the invariants see it."""

    # --- what the hub says --------------------------------------------------------------------------------------------

    @cached_property
    def conflicts(self) -> list[tuple[Thing, ConflictRow]]:
        """Every conflict, and the thing that it is about; (flow, 0) where nobody can tell."""
        rows = operations.conflicts(self.world.open(), every=True)
        return [
            ((row.flow, self._who_of(row.flow, row.keys, row.at - EPOCH) or self._numbered(row)), row) for row in rows
        ]

    def _numbered(self, row: ConflictRow) -> int:
        """Whom a conflict is about that has no records any more, by what was ever written of its entity."""
        told = (self.thing(one.kept) for one in self.writes if one.item.ref == row.eid)
        return next((who for flow, who in told if flow == row.flow), 0)

    def _who_of(self, flow: str, keys: Mapping[str, str], at: int = NEVER) -> int:
        """Whom most of these keys named then, or name now: one of them may have been another record's before."""
        named = Counter(who for system, key in keys.items() for who in self._named(flow, system, key, at))
        return max(named, key=lambda who: named[who], default=0)

    def _named(self, flow: str, system: str, key: str, at: int) -> Iterator[int]:
        app, side = self.world.apps.get(system), self.flow(flow).sides.get(system)
        kept = app.tables[side.resource].get(key) if app and side else None
        for seen in (kept.seen(at), kept.seen(NEVER)) if kept else ():
            if seen is not None:
                yield self.thing(seen[0])[1]

    @cached_property
    def frozen(self) -> set[Place]:
        """Fields that wait for a person."""
        return {
            (*thing, name) for thing, row in self.conflicts if row.state == "open" for name in row.names or (row.field,)
        }

    @cached_property
    def parked(self) -> set[tuple[str, int, str]]:
        """(flow, who, system) of refused writes and unreadable records."""
        rows = operations.parked(self.world.open())
        return {(row.flow, self._parked_who(row.flow, row.keys, row.fields), row.system) for row in rows}

    def _parked_who(self, flow: str, keys: Mapping[str, str], fields: Mapping[str, object]) -> int:
        who = self._who_of(flow, keys)
        for name in self.flow(flow).identifiers if not who else ():
            who = who or self.people.known(flow, name, str(fields.get(name)))
        return self.people.thing(flow, who)

    @cached_property
    def asked(self) -> set[Thing]:
        """Things that a person is asked about: is this record that one?"""
        found = set()
        for row in operations.questions(self.world.open()):
            found.add((row.flow, self._who_of(row.flow, {row.system: row.key})))
            found |= {(row.flow, self._who_of(row.flow, one.keys)) for one in row.candidates}
        return found

    def logged(self, edit: Edit) -> bool:
        """Does the hub's log tell of this value?"""
        wanted = str(edit.value)
        if any(str(value) == wanted for _, row in self.conflicts for value in (*row.theirs, *row.ours, *row.base)):
            return True
        return wanted in self._log((edit.flow, self.people.thing(edit.flow, edit.who)))

    def _log(self, thing: Thing) -> str:
        """All that the hub's log tells of a thing, under whatever name it is known."""
        if thing not in self._logs:
            entity = self.flow(thing[0]).entity
            names = [f"{entity}:{app.name}:{kept.key}" for app, kept in self.all_of[thing]]
            names += [
                f"{entity}:#{write.item.ref}" for write in self.writes if self.thing(self.kept_of(write)) == thing
            ]
            self._logs[thing] = "\n".join(self._told(name) for name in dict.fromkeys(names))
        return self._logs[thing]

    def _told(self, name: str) -> str:
        try:
            told = operations.history(self.world.open(), name)
        except SynclineError:
            return ""
        text = "\n".join(f"{one.before}\n{one.after}\n{one.text}" for one in told.happenings)
        return f"{text}\n{told.values}"

    @cached_property
    def _logs(self) -> dict[Thing, str]:
        return {}

    # --- what no hub could help ---------------------------------------------------------------------------------------

    @cached_property
    def raced(self) -> set[Thing]:
        """Things that a person entered in a system just while the hub did, or renamed before the hub knew them."""
        found = self.renamed_early | self._met_twice
        forgotten = [one for one in self.people.removals if self.forgotten(one.at)]
        found |= {(one.flow, self.people.thing(one.flow, one.who)) for one in forgotten}  # and perhaps made anew since
        for thing, records in self.all_of.items():
            for app, kept in records:
                reach = int((app.habits.effect + app.habits.lag + app.habits.get_lag + DAWDLE) * SECOND)
                if kept.by_hub:  # by one whose state was thrown away before a listing could show the record
                    made = kept.versions[0].at
                    found |= {thing for _, back in self.world.put_back if back - reach <= made <= back + reach}
                    continue
                found |= {
                    thing for other, one in records for made in _appeared(kept)
                    if one.by_hub and other is app and made - reach <= one.versions[0].at <= made + reach
                }  # fmt: skip
        return found

    @cached_property
    def _met_twice(self) -> set[Thing]:
        """Things that took an id over, unseen, and that somebody has entered elsewhere as well."""
        return {
            thing for thing in self.reborn
            if any(
                not kept.by_hub and kept.key != one.kept.key and self.people.who(kept) == self.people.who(one.kept)
                for one in self._unseen for _, kept in self.all_of[thing]
            )
        }  # fmt: skip

    @cached_property
    def renamed_early(self) -> set[Thing]:
        """Things that a person renamed before the hub had taken in what was entered of them."""
        return {thing for thing, at in self._renamings() if not self._known_before(thing, at)}

    def _renamings(self) -> Iterator[tuple[Thing, int]]:
        for flow, who, at in self.people.renamed:
            yield (flow, self.people.thing(flow, who)), at

    def _known_before(self, thing: Thing, at: int) -> bool:
        """Had the hub taken in every record that people had entered of a thing, and had all agreed about it?

        What it knew before its state was put back may be forgotten.
        """
        entered = [kept.versions[0].at for _, kept in self.all_of.get(thing, ()) if not kept.by_hub]
        newest = max((one for one in (*entered, *self._put_back_at) if one < at), default=0)
        calm = [one for one in self.world.told if newest < one.begun and one.at < at and not one.report.paused]
        return len(calm) > 1  # taken in, agreed

    @property
    def _put_back_at(self) -> list[int]:
        return [back for _, back in self.world.put_back]

    @cached_property
    def rolled_back(self) -> set[str]:
        """Systems whose backup was played back."""
        return {system for system, _ in self.people.rolled_back}

    @cached_property
    def joined(self) -> set[Thing]:
        """Things that people have merged in some system: the hub asks a person to do so in the others."""
        return {(one.flow, self.people.thing(one.flow, one.who)) for one in self.people.removals if one.op == "merge"}

    def forgotten(self, at: int) -> bool:
        """Was a copy put back that was made before an instant? Then the hub cannot know what was agreed about then."""
        return any(since <= at <= back for since, back in self.world.put_back)

    def put_back_before(self, at: int) -> int:
        """When the hub's state was last put back before an instant [µs]; 0: never."""
        return max((back for back in self._put_back_at if back <= at), default=0)

    def pair_forgotten(self, name: str) -> bool:
        """Has the hub lost what it knew of a field that some system keeps otherwise than it was entered?"""
        return bool(self.world.put_back) and any(name in app.habits.normalisers for app in self.world.apps.values())

    def taken_for_entered(self, thing: Thing, name: str, value: Value) -> bool:
        """May the hub take what a system made of a value for what somebody entered there, as no hub could help it?"""
        made = {
            str(app.stored(kept.side, name, entered))
            for app, kept in self.all_of[thing]
            for entered in self.raw_entered.get((*thing, name), ())
        }
        return self.pair_forgotten(name) or (thing in self.raced and str(value) in made)

    def refusing(self, thing: Thing) -> set[str]:
        """Systems whose validation rule has refused something of a thing."""
        found = set()
        for app in self.world.apps.values():
            for resource, item in app.refusals:
                side = app.sides[resource]
                kept = app.tables[resource].get(item.key)
                who = self.thing(kept)[1] if kept else self._parked_who(side.flow, {}, side.values(dict(item.fields)))
                if (side.flow, who) == thing:
                    found.add(app.name)
        return found


def _appeared(kept: Kept) -> list[int]:
    """When somebody entered a record, and when somebody brought it back."""
    pairs = zip([None, *kept.versions], kept.versions, strict=False)
    return [now.at for was, now in pairs if now.fields is not None and (was is None or was.fields is None)]
