"""A played history as it can be asked: which record tells of which thing, who entered what, what the hub wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from syncline.model.flow import Direction
from syncline.model.page import Op
from syncline.model.values import Value
from syncline.simulation.application import Application
from syncline.simulation.history import History
from syncline.simulation.invariants.reused import is_unseen, reuses
from syncline.simulation.past import HUB, Kept, Version, Write
from syncline.simulation.people import Edit
from syncline.simulation.shape import TOKENS, FieldShape, FlowShape
from syncline.simulation.spelling import UNDECLARED, spelled
from syncline.simulation.virtual import SECOND

Thing = tuple[str, int]  #: (flow, who)
Place = tuple[str, int, str]  #: (flow, who, field)
DAWDLE = 10.0  #: what gates and slow answers add to the window of a blind write at most [s]


class Played:
    """A played history: who and where, which values, which writes."""

    def __init__(self, history: History) -> None:
        self.history, self.world = history, history.world
        self.people = history.world.people
        self.shape = history.shape
        self.window_hits = 0  #: edits that fell into the window of a system without locking
        self._unseen = [one for one in reuses(self.world) if is_unseen(self.world, one)]
        for one in self._unseen:
            self.people.take_for_one(one.kept.side.flow, *map(self.people.who, (one.former, one.kept)))
        self.reborn = {self.thing(one.kept) for one in self._unseen}  #: things whose id was given again, unseen

    # --- who and where ------------------------------------------------------------------------------------------------

    def thing(self, kept: Kept) -> Thing:
        """What a record tells of, mergers followed."""
        return kept.side.flow, self.people.thing(kept.side.flow, self.people.who(kept))

    def records(self) -> Iterator[tuple[Application, Kept]]:
        """Everything that ever was."""
        for app in self.world.apps.values():
            for _, kept in app.records():
                yield app, kept

    @cached_property
    def live(self) -> Mapping[Thing, Mapping[str, list[Kept]]]:
        """Thing -> system -> its live records there, in the end."""
        found: dict[Thing, dict[str, list[Kept]]] = {}
        for app, kept in self.records():
            if kept.last.fields is not None:
                found.setdefault(self.thing(kept), {}).setdefault(app.name, []).append(kept)
        return found

    @cached_property
    def all_of(self) -> Mapping[Thing, list[tuple[Application, Kept]]]:
        """Every record that a thing ever had."""
        found: dict[Thing, list[tuple[Application, Kept]]] = {}
        for app, kept in self.records():
            found.setdefault(self.thing(kept), []).append((app, kept))
        return found

    def kept(self, edit: Edit) -> Kept:
        """The record that was edited."""
        return edit.kept

    def flow(self, name: str) -> FlowShape:
        """One flow."""
        return self.shape.flows[name]

    def systems(self, flow: str) -> list[str]:
        """The systems that must hold every thing of a flow."""
        return [
            name for name, side in self.flow(flow).sides.items()
            if name in self.world.apps and side.side.creates and not side.side.creates_when
            and side.side.direction is not Direction.FROM
        ]  # fmt: skip

    # --- values -------------------------------------------------------------------------------------------------------

    @cached_property
    def entered(self) -> Mapping[Place, set[str]]:
        """Every value that people or the applications themselves made, as text."""
        return {place: {str(value) for value in values} for place, values in self.raw_entered.items()}

    @cached_property
    def raw_entered(self) -> Mapping[Place, list[Value]]:
        """The same, as values."""
        found: dict[Place, list[Value]] = {}
        for app, kept in self.records():
            flow, who = self.thing(kept)
            for version in kept.versions:
                if version.who != HUB and version.fields is not None:
                    for name, value in app.values(kept, version).items():
                        held = found.setdefault((flow, who, name), [])
                        if value not in held:
                            held.append(value)
        for (_, _, name), held in found.items():
            held += [value for value in self._respelled(name, held) if value not in held]
        return found

    def _respelled(self, name: str, values: Sequence[Value]) -> list[Value]:
        """What applications make of values in a way that no contract has a word for: to the hub, that is their edit."""
        kinds = {app.habits.normalisers.get(name, "") for app in self.world.apps.values()} & UNDECLARED
        return [spelled(kind, value) for kind in sorted(kinds) for value in values]

    @cached_property
    def texts(self) -> list[Edit]:
        """Edits whose value tells who made it: of fields with a token each, and not empty."""
        return [
            one for one in self.people.edits
            if self.flow(one.flow).fields[one.field].kind in TOKENS and one.value
            and not self.flow(one.flow).fields[one.field].identifies
        ]  # fmt: skip

    def plain(self, flow: str) -> list[FieldShape]:
        """Fields of tokens."""
        return [one for one in self.flow(flow).edited if one.kind in TOKENS]

    def later(self, edit: Edit) -> list[Version]:
        """What became of the record after an edit."""
        return self.kept(edit).versions[edit.version.number :]

    # --- writes of the hub --------------------------------------------------------------------------------------------

    @cached_property
    def writes(self) -> list[Write]:
        """Everything that the hub wrote, in the order in which it took effect."""
        return self.world.writes()

    def wrote(self, write: Write) -> Mapping[str, Value]:
        """The canonical values that a write sent."""
        return self.kept_of(write).side.values(dict(write.item.fields))

    def kept_of(self, write: Write) -> Kept:
        """The record that was written."""
        return write.kept

    @cached_property
    def sent(self) -> set[tuple[Thing, str, str, str]]:
        """(thing, system, field, value) that the hub ever sent."""
        return {
            (self.thing(self.kept_of(write)), write.system, name, str(value))
            for write in self.writes
            for name, value in self.wrote(write).items()
        }

    def reached(self, edit: Edit) -> list[str]:
        """The systems that the hub ever sent the value of an edit to."""
        thing = edit.flow, self.people.thing(edit.flow, edit.who)
        return [system for system in self.world.apps if (thing, system, edit.field, str(edit.value)) in self.sent]

    def window(self, app: Application, over: Version, since: int) -> bool:
        """May a version of the hub's have covered an edit of instant `since` unseen, as no hub could help it?

        So where the application has no locking, or where a create was answered by changing what was there.
        """
        blind = app.habits.locking == "none" or self._by_create(app, over)
        reach = int((app.habits.get_lag + app.habits.effect + DAWDLE) * SECOND)
        return blind and over.at - since <= reach

    def needless(self, edit: Edit, over: Version) -> bool:
        """Did the hub send the very value that had stood there before the edit, though nothing asked for it?"""
        write = next((one for one in self.writes if one.after is over and one.op is Op.UPDATE and one.item.key), None)
        side, field = self.kept(edit).side, self.flow(edit.flow).fields[edit.field]
        shared = [path.top for name in side.fields for path in side.lens.paths_of[name]]
        if write is None or field.field.group or any(shared.count(p.top) > 1 for p in side.lens.paths_of[edit.field]):
            return False
        return edit.field in (wrote := self.wrote(write)) and wrote[edit.field] == edit.before

    def _by_create(self, app: Application, over: Version) -> bool:
        return any(write.after is over and not write.item.key for write in app.writes)
