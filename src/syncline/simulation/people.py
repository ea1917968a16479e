"""What people do in the applications, and what they remember of it: every value that anybody entered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from syncline.model.values import UNSET, Value
from syncline.simulation.application import Application
from syncline.simulation.past import ITSELF, PERSON, Kept, Version
from syncline.simulation.script import Deed
from syncline.simulation.shape import TOKENS, FieldShape, FlowShape, Kind, Shape, SideShape
from syncline.simulation.virtual import EPOCH, SECOND, VirtualEnv

Lines = dict[str, dict[str, Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One value that one person entered."""

    system: str
    flow: str
    key: str
    kept: Kept
    who: int
    field: str
    value: Value  #: as the application stored it
    before: Value  #: what the person saw
    version: Version
    first: bool  #: entered with a new record

    @property
    def at(self) -> int:
        """When [µs]."""
        return self.version.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One record that one person deleted, merged away, or brought back."""

    system: str
    flow: str
    key: str
    who: int
    at: int
    op: str
    into: int = 0


class People:
    """Whoever works in the applications."""

    def __init__(self, shape: Shape, apps: Mapping[str, Application], env: VirtualEnv) -> None:
        self._shape, self._apps, self._env = shape, apps, env
        self.edits: list[Edit] = []
        self.removals: list[Removal] = []
        self.renamed: list[tuple[str, int, int]] = []  #: (flow, who, when) of things that are called otherwise since
        self.deeds = 0  #: done, not only meant
        self.rolled_back: list[tuple[str, int]] = []  #: (system, when)
        self._known: dict[tuple[str, str, str], int] = {}  #: (flow, field, value) -> who it was entered for
        self._called: dict[tuple[str, int, str], Value] = {}  #: (flow, who, identifier) -> by what it was called last
        self._joined: dict[tuple[str, int], int] = {}  #: (flow, who) -> who it was merged into

    # --- who is who ---------------------------------------------------------------------------------------------------

    def thing(self, flow: str, who: int) -> int:
        """The thing that one stands for, mergers followed."""
        while (flow, who) in self._joined:
            who = self._joined[flow, who]
        return who

    def who(self, kept: Kept) -> int:
        """The thing that a record tells of: that of its identifying values; 0 when nobody ever entered such."""
        if not kept.who:
            kept.who = self.called(kept, kept.versions[0])
        return kept.who

    def called(self, kept: Kept, version: Version) -> int:
        """The thing whose identifying values a version holds; 0 when nobody ever entered such."""
        flow = self._shape.flows[kept.side.flow]
        values = kept.side.values(version.fields or {})
        names = flow.identifiers or [name for name, one in flow.fields.items() if one.kind in TOKENS]
        return next((who for name in names if (who := self.known(flow.name, name, str(values.get(name))))), 0)

    def take_for_one(self, flow: str, one: int, other: int) -> None:
        """Nobody could tell these two things apart."""
        one, other = self.thing(flow, one), self.thing(flow, other)
        if one != other:
            self._joined[flow, one] = other

    def known(self, flow: str, name: str, value: str) -> int:
        """Whom a value was entered for; 0 when nobody entered it."""
        return self._known.get((flow, name, value), 0)

    def find(self, system: str, flow: str, who: int) -> Kept | None:
        """The live record of a thing in one application."""
        return next((kept for kept in self.records(system, flow) if self.who(kept) == who), None)

    def records(self, system: str, flow: str) -> Iterator[Kept]:
        """The live records of a flow in one application."""
        side = self._shape.flows[flow].sides.get(system)
        return self._apps[system].live(side.resource) if side is not None and system in self._apps else iter(())

    # --- what is done -------------------------------------------------------------------------------------------------

    def do(self, deed: Deed) -> bool:
        """One deed; False when there is nothing there to do it to."""
        app = self._apps.get(deed.system)
        if app is None:
            return False
        if deed.op in ("touch", "roll-back"):
            done = self._to_all(app, deed)
        elif deed.op == "add":
            done = self._add(app, deed)
        else:
            done = self._to_one(app, deed)
        self.deeds += done
        return done

    def _add(self, app: Application, deed: Deed) -> bool:
        flow = self._shape.flows[deed.flow]
        side = flow.sides.get(app.name)
        if side is None or self.find(app.name, deed.flow, deed.who) is not None:
            return False
        values: dict[str, Value] = {
            name: self._called.get((deed.flow, deed.who, name), TOKENS[flow.fields[name].kind](deed.who))
            for name in flow.identifiers
            if name in side.fields
        }
        values |= self._entered(app, flow, side, deed.fields, {})
        if any(value is UNSET for value in values.values()):
            return False
        kept = app.insert(side.resource, side.words(values), by=PERSON, who=deed.who)
        self._remember(app, kept, kept.versions[0], {}, frozenset(values))
        return True

    def _to_one(self, app: Application, deed: Deed) -> bool:
        side = self._shape.flows[deed.flow].sides.get(app.name)
        if side is None:
            return False
        kept = self._gone(app, side, deed) if deed.op == "restore" else self.find(app.name, deed.flow, deed.who)
        if kept is None:
            return False
        if deed.op in ("edit", "rename"):
            return self._edit(app, kept, deed)
        if deed.op == "split":
            return self._split(app, kept, deed)
        if deed.op == "save":
            app.keep(kept, kept.last.fields, PERSON, frozenset())
            return True
        if deed.op == "re-key":
            self._rekey(app, side, kept)
            return True
        return self._remove(app, kept, deed)

    def _rekey(self, app: Application, side: SideShape, kept: Kept) -> None:
        """The application gives a record another key; whoever asks for the old one is told."""
        fields = dict(kept.last.fields or {})
        moved = app.insert(side.resource, fields, by=ITSELF, who=self.who(kept))
        moved.marker, moved.versions[0].raw = kept.marker, b""
        kept.merged_into = moved.key
        app.keep(kept, None, ITSELF, frozenset())

    def _split(self, app: Application, kept: Kept, deed: Deed) -> bool:
        """A second record with the values of the first; what it is called by is its own."""
        flow = self._shape.flows[deed.flow]
        if self.find(app.name, deed.flow, deed.other) is not None:
            return False
        values = {n: v for n, v in app.values(kept, kept.last).items() if n in kept.side.writable}
        values |= {n: TOKENS[flow.fields[n].kind](deed.other) for n in flow.identifiers if n in kept.side.fields}
        made = app.insert(kept.side.resource, kept.side.words(values), by=PERSON, who=deed.other)
        self._remember(app, made, made.versions[0], {}, frozenset(values))
        return True

    def _point_elsewhere(self, app: Application, loser: Kept, winner: Kept) -> None:
        """What the application does to the records that refer to one that was merged away."""
        entity = self._shape.flows[loser.side.flow].entity
        for flow in self._shape.flows.values():
            names = [one.name for one in flow.edited if one.field.reference == entity]
            for child in list(self.records(app.name, flow.name)) if names else ():
                values = app.values(child, child.last)
                moved = {name: winner.key for name in names if values.get(name) == loser.key}
                if moved and child.last.fields is not None:
                    fields = {**child.last.fields, **child.side.words(moved, child.last.fields)}
                    app.keep(child, fields, PERSON, frozenset(moved))

    def _gone(self, app: Application, side: SideShape, deed: Deed) -> Kept | None:
        """A record that a person deleted and nobody has merged."""
        gone = [
            kept for kept in app.tables[side.resource].values()
            if self.who(kept) == deed.who and kept.last.fields is None and not kept.merged_into
            and kept.last.who == PERSON
        ]  # fmt: skip
        return gone[-1] if gone and self.find(app.name, deed.flow, deed.who) is None else None

    def _remove(self, app: Application, kept: Kept, deed: Deed) -> bool:
        into = 0
        if deed.op == "merge":
            winner = self.find(app.name, deed.flow, deed.other)
            loser, survivor = self.thing(deed.flow, deed.who), self.thing(deed.flow, deed.other)
            if winner is None or winner is kept or loser == survivor:
                return False
            self._joined[deed.flow, loser] = survivor
            kept.merged_into, into = winner.key, deed.other
            self._point_elsewhere(app, kept, winner)
        held = [version.fields for version in kept.versions if version.fields is not None]
        fields = held[-1] if deed.op == "restore" else None
        version = app.keep(kept, fields, PERSON, frozenset())
        self.removals.append(
            Removal(
                system=app.name, flow=deed.flow, key=kept.key, who=deed.who, at=version.at, op=deed.op, into=into
            )
        )  # fmt: skip
        return True

    def _to_all(self, app: Application, deed: Deed) -> bool:
        """A job of the application that changes the stamps of all records, or a backup that is played back."""
        for _, kept in list(app.records()):
            if kept.last.fields is None:
                continue
            if deed.op == "touch":
                app.keep(kept, kept.last.fields, ITSELF, frozenset())
                continue
            former = kept.at(self._env.at - int(deed.back * SECOND))
            if former is not None and former.fields is not None and former is not kept.last:
                version = app.keep(kept, former.fields, ITSELF, frozenset())
                version.stamp = former.stamp
        if deed.op == "roll-back":
            self.rolled_back.append((app.name, self._env.at))
        return True

    def _edit(self, app: Application, kept: Kept, deed: Deed) -> bool:
        flow, held = self._shape.flows[deed.flow], kept.last.fields or {}
        before = dict(app.values(kept, kept.last))
        values = self._entered(app, flow, kept.side, deed.fields, before)
        values = {name: value for name, value in values.items() if value is not UNSET and value != before.get(name)}
        if not values:
            return False
        if deed.op == "rename":
            self.renamed.append((deed.flow, self.who(kept), self._env.at))
        self._called |= {(deed.flow, deed.who, name): values[name] for name in flow.identifiers if name in values}
        fields = {**held, **kept.side.words(values, held)}
        version = app.keep(kept, fields, PERSON, frozenset(values))
        self._remember(app, kept, version, before, frozenset(values))
        return True

    def _remember(
        self, app: Application, kept: Kept, version: Version, before: Mapping[str, Value], names: frozenset[str]
    ) -> None:
        stored = app.values(kept, version)
        for name in sorted(names):
            value = stored.get(name)
            if isinstance(value, str):
                self._known.setdefault((kept.side.flow, name, value), kept.who or self.who(kept))
            self.edits.append(
                Edit(
                    system=app.name, flow=kept.side.flow, key=kept.key, kept=kept, who=self.who(kept), field=name,
                    value=value, before=before.get(name), version=version, first=version.number == 1,
                )
            )  # fmt: skip

    # --- what is entered ----------------------------------------------------------------------------------------------

    def _entered(
        self, app: Application, flow: FlowShape, side: SideShape, fields: Mapping[str, object], before: dict[str, Value]
    ) -> dict[str, Value]:
        """The canonical values that a person enters, seeing `before`."""
        return {
            name: self._value(app, flow.fields[name], given, before.get(name))
            for name, given in fields.items()
            if name in side.writable and name in flow.fields
        }

    def _value(self, app: Application, field: FieldShape, given: object, held: Value) -> Value:
        if field.kind is Kind.REFERENCE:
            parent = self._shape.of_entity(field.field.reference)
            kept = self.find(app.name, parent.name, cast("int", given)) if parent and given else None
            return kept.key if kept is not None else UNSET
        if field.kind is Kind.AMOUNT:
            return amount(Decimal(str(held or 0)) + Decimal(str(given)))
        if field.kind is Kind.SET:
            return _of_set(given, held)
        if field.kind is Kind.LINES:
            return _of_lines(given, held, field)
        return cast("Value", given)


def amount(number: Decimal) -> str:
    """A number as canonical text."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _of_set(given: object, held: Value) -> Value:
    """`{"put": member}` or `{"drop": position}` done to a set."""
    members = list(held) if isinstance(held, list) else []
    done = cast("Mapping[str, object]", given)
    if "put" in done:
        return sorted({*members, str(done["put"])})
    if members:
        members.pop(cast("int", done["drop"]) % len(members))
    return members


def _of_lines(given: object, held: Value, field: FieldShape) -> Value:
    """`{"put": [line, {field: value}]}` or `{"drop": position}` done to lines."""
    lines: Lines = {name: dict(line) for name, line in held.items()} if isinstance(held, Mapping) else {}
    done = cast("Mapping[str, object]", given)
    if "put" in done:
        name, fields = cast("tuple[str, dict[str, Value]]", done["put"])
        blank: dict[str, Value] = dict.fromkeys(field.inner)  # a new line has every field, if empty
        lines[name] = {field.key: name, **lines.get(name, blank), **fields}
    elif lines:
        del lines[sorted(lines)[cast("int", done["drop"]) % len(lines)]]
    return lines


def stamp_of(at: int) -> int:
    """An instant of the simulation [µs since 1970]."""
    return at + EPOCH
