"""What a project's flows expect of records: which fields there are, what kind of value each takes, in which words.

Values are tried, not guessed: a field takes the first kind of value that every system's mapping writes and reads back
unchanged. So a mapping of any project, with any converters, gets values that it can speak of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import cast

import msgspec

from syncline.config import FlowSettings, Project, load_project
from syncline.mapping import Lens
from syncline.model.flow import Field, RuleKind, Side
from syncline.model.values import UNSET, Value
from syncline.security import EnvSecrets

REFERENCE = Path(__file__).parent / "reference"
Json = dict[str, object]
Canonical = Mapping[str, Value]

encode_record = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


class Kind(StrEnum):
    """What a field holds, as far as people's edits of it are concerned."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    INSTANT = "instant"
    MAIL = "mail"
    CHOICE = "choice"  #: one of the values that the mapping's cases show
    AMOUNT = "amount"  #: rule add
    SET = "set"
    LINES = "lines"
    REFERENCE = "reference"
    NONE = "none"  #: nobody edits it


def day(number: int) -> str:
    """A date of its own for each number."""
    return f"{2000 + number // 336 % 90}-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}"


#: A value of its own for each number. Digits first, so that what truncates or changes case keeps it apart.
TOKENS: Mapping[Kind, Callable[[int], Value]] = {
    Kind.TEXT: lambda n: f"t{n:04d} Aé-{n % 7}  x",
    Kind.NUMBER: lambda n: f"{n + 10}.{n % 10}5" if n % 10 else f"{n + 10}.25",
    Kind.DATE: day,
    Kind.INSTANT: lambda n: f"{day(n)}T08:30:00Z",
    Kind.MAIL: lambda n: f"m{n:04d}@example.com",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShape:
    """One canonical field of a flow."""

    name: str
    kind: Kind
    field: Field
    identifies: bool  #: an exact match rule asks for it: nobody edits it
    choices: tuple[Value, ...] = ()
    key: str = ""  #: of lines: the field that names one
    inner: tuple[str, ...] = ()  #: of lines: the other fields


class SideShape:
    """One system's part: its own words for canonical values, and back."""

    def __init__(self, flow: str, side: Side, lens: Lens) -> None:
        self.flow, self.side, self.lens = flow, side, lens
        self.system, self.resource = side.system, side.resource
        self.fields = frozenset(lens.fields)
        self.writable = lens.writable & self.fields
        self.tops = frozenset(  # what the hub may write: the top fields of the mapping
            path.top for name in self.writable for path in lens.paths_of[name]
        )

    def words(self, values: Canonical, current: Json | None = None) -> Json:
        """The system's own fields for canonical values; over `current`, where they lie inside nested ones."""
        row = [values.get(name, UNSET) for name in self.lens.fields]
        made = self.lens.put([row], frozenset(values) & self.writable, problems=[])[0]
        fields = _decode(encode_record(made))
        return dict(self.lens.overlay(encode_record(current), fields)) if current else fields  # type: ignore[arg-type]

    def values(self, record: Json) -> dict[str, Value]:
        """The canonical values of a record; what cannot be read is left out."""
        columns = self.lens.get([encode_record(record)]).columns
        return {
            name: column[0] for name, column in zip(self.lens.fields, columns, strict=True) if column[0] is not UNSET
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowShape:
    """One flow."""

    name: str
    entity: str
    fields: Mapping[str, FieldShape]
    sides: Mapping[str, SideShape]

    @property
    def identifiers(self) -> list[str]:
        """The fields that tell one thing from another."""
        return [one.name for one in self.fields.values() if one.identifies]

    @property
    def edited(self) -> list[FieldShape]:
        """The fields that people edit."""
        return [one for one in self.fields.values() if one.kind is not Kind.NONE and not one.identifies]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A project as a simulation sees it."""

    project: Project
    flows: Mapping[str, FlowShape]  #: parents before children
    parts: dict[tuple[frozenset[str], frozenset[str]], Shape] = dataclass_field(default_factory=dict)

    def only(self, systems: Iterable[str], flows: Iterable[str]) -> Shape:
        """The same project with these systems and flows alone."""
        named = frozenset(systems), frozenset(flows)
        if named == (frozenset(self.systems), frozenset(self.flows)):
            return self
        if named not in self.parts:
            self.parts[named] = shape_of(_part(self.project, *named))
        return self.parts[named]

    def parents(self, flow: str) -> set[str]:
        """The flows that a flow's records cannot do without."""
        entities = {one.field.reference for one in self.flows[flow].fields.values()} - {""}
        return {name for name, other in self.flows.items() if other.entity in entities and name != flow}

    @property
    def systems(self) -> list[str]:
        """The systems that take part, in the order of the project."""
        used = {system for flow in self.flows.values() for system in flow.sides}
        return [name for name in self.project.systems if name in used]

    def of_entity(self, entity: str) -> FlowShape | None:
        """The flow that keeps an entity type."""
        return next((flow for flow in self.flows.values() if flow.entity == entity), None)

    def at(self, system: str, resource: str) -> SideShape:
        """The side that has this resource of this system; KeyError when none has."""
        for flow in self.flows.values():
            side = flow.sides.get(system)
            if side is not None and side.resource == resource:
                return side
        raise KeyError(resource)


@lru_cache
def reference() -> Shape:
    """The reference project."""
    return shape_of(load_project(REFERENCE, environ={}, secrets=EnvSecrets({})))


def shape_of(project: Project) -> Shape:
    """What the flows of a project expect."""
    return Shape(project=project, flows={one.flow.name: _flow(one) for one in project.flows})


def _part(project: Project, systems: frozenset[str], flows: frozenset[str]) -> Project:
    kept = [
        msgspec.structs.replace(
            one,
            flow=msgspec.structs.replace(
                one.flow, sides=tuple(side for side in one.flow.sides if side.system in systems)
            ),
        )
        for one in project.flows
        if one.flow.name in flows
    ]
    return msgspec.structs.replace(
        project, systems={name: one for name, one in project.systems.items() if name in systems},
        flows=tuple(one for one in kept if one.flow.sides),
    )  # fmt: skip


def _flow(settings: FlowSettings) -> FlowShape:
    flow = settings.flow
    sides = {side.system: SideShape(flow.name, side, settings.lenses[side.system]) for side in flow.sides}
    exact = {name for rule in flow.match[:1] if rule.at_least is None for name in rule.fields}
    fields = {one.name: _field(one, settings, list(sides.values()), exact) for one in flow.fields}
    return FlowShape(name=flow.name, entity=flow.entity, fields=fields, sides=sides)


def _field(field: Field, settings: FlowSettings, sides: Sequence[SideShape], exact: set[str]) -> FieldShape:
    choices = tuple(dict.fromkeys(_shown(field.name, settings)))
    kind = _kind(field, settings, [side for side in sides if field.name in side.fields], choices)
    key, inner = _line_fields(field.name, sides) if kind is Kind.LINES else ("", ())
    return FieldShape(
        name=field.name, kind=kind if kind is not Kind.LINES or key else Kind.NONE, field=field,
        identifies=field.name in exact and kind in TOKENS, choices=choices, key=key, inner=inner,
    )  # fmt: skip


def _shown(name: str, settings: FlowSettings) -> Iterator[Value]:
    """Values of a field in the cases of its flow."""
    for case in settings.cases:
        value = case.entity.get(name)
        if isinstance(value, str | int | bool):
            yield value


def _kind(field: Field, settings: FlowSettings, sides: Sequence[SideShape], choices: Sequence[Value]) -> Kind:
    if field.reference:
        return Kind.REFERENCE
    if field.name in settings.flow.lines:
        return Kind.LINES
    if field.rule.kind is RuleKind.ADD:
        return Kind.AMOUNT if _holds(field.name, sides, ["5", "-2"]) else Kind.NONE
    if field.rule.kind is RuleKind.UNION:
        return Kind.SET if _holds(field.name, sides, [["a1"], ["a1", "b2"]]) else Kind.NONE
    for kind, make in TOKENS.items():
        if _holds(field.name, sides, [make(1), make(4711), make(8)]):
            return kind
    return Kind.CHOICE if len(choices) > 1 and _holds(field.name, sides, choices) else Kind.NONE


def _holds(name: str, sides: Sequence[SideShape], values: Sequence[Value]) -> bool:
    """Does every system that has this field write these values and read them back unchanged?"""
    return bool(sides) and all(
        name in side.writable and all(side.values(side.words({name: value})).get(name) == value for value in values)
        for side in sides
    )


def _line_fields(name: str, sides: Sequence[SideShape]) -> tuple[str, tuple[str, ...]]:
    """The key of the lines and the fields that every system knows; "" where lines cannot be made up."""
    feeds = [side.lens.inner.feeds[name] for side in sides if name in side.fields]
    keys = {cast("tuple[str, ...]", getattr(feed, "key", ())) for feed in feeds}
    if len(keys) != 1 or len(key := keys.pop()) != 1:
        return "", ()
    known = [set(feed.inner.feeds) for feed in feeds]  # type: ignore[attr-defined]
    inner = tuple(sorted(set.intersection(*known) - set(key)))
    sample = cast("Value", {"1": {key[0]: "1", **{one: f"l{one}" for one in inner}}})
    return (key[0], inner) if _holds(name, [side for side in sides if name in side.fields], [sample]) else ("", ())
