"""From one flow of the file to the Flow that the engine runs, with its mappings, schedules and cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from syncline.config.cases import cases_of
from syncline.config.conditions import check_conditions, conditions_of
from syncline.config.entities import apart, check_keys, check_mapping
from syncline.config.matches import matches_of
from syncline.config.parts import CreatesPart, FlowPart, SidePart
from syncline.config.problems import Problems, Route, named, suggestion
from syncline.config.rules import Carried, FieldRules
from syncline.config.schedules import schedules_of
from syncline.config.settings import FlowSettings, Schedule
from syncline.config.tree import TreeReader
from syncline.errors import SetupError
from syncline.mapping import Cleaner, ConverterSpec, Lens, compile_lens
from syncline.model.entities import definition
from syncline.model.flow import DeletePolicy, Direction, Flow, Side
from syncline.model.quality import Quality, Targets

SettingT = TypeVar("SettingT")


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow may refer to."""

    systems: frozenset[str]
    entities: frozenset[str]
    reader: TreeReader
    problems: Problems
    converters: tuple[ConverterSpec, ...] = ()  #: of the project's own
    program: str = ""  #: the text of the file that holds them


class _Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """One side's mapping, read and compiled."""

    lens: Lens
    lines: frozenset[str]
    texts: Mapping[str, str]


def flow_of(name: str, part: FlowPart, around: Surroundings) -> FlowSettings | None:
    """The flow; None when it has problems that hide the rest."""
    route: Route = ("flows", name)
    problems = around.problems
    before = len(problems.found)
    when = schedules_of(part.when, (*route, "when"), around.systems, problems)
    mapped = _mapped_sides(part, route, around)
    if not mapped or len(mapped) < len(part.systems):
        return None
    _check_entity(part.entity, mapped, route, problems)
    sides = _sides(part, mapped, route, problems)
    carried = _carried(sides, mapped)
    check_conditions(part, sides, carried, route, problems)
    rules = FieldRules(part=part, carried=carried, route=route, problems=problems)
    quality, cleaners = _expected(part, when, tuple(carried.carriers), route, around)
    flow = Flow(
        name=name,
        entity=part.entity,
        fields=rules.fields(),
        sides=sides,
        match=matches_of(part.match, (*route, "match"), carried.carriers, problems),
        lines=frozenset[str]().union(*(one.lines for one in mapped.values())),
        line_references=_line_references(carried.references),
        quality=quality,
    )
    _check_references(carried.references, route, around)
    entity = definition(part.entity)
    notes = (*rules.notes, *(apart(entity, flow.fields) if entity is not None else ()))
    lenses = {system: one.lens for system, one in mapped.items()}
    cases = cases_of(part, (*route, "cases"), lenses, around.reader)
    if len(problems.found) > before:
        return None
    texts = {system: _judged(one.texts, flow.quality) for system, one in mapped.items()}
    return FlowSettings(
        flow=flow, lenses=lenses, texts=texts, when=when, cases=cases, notes=notes,
        cleaners=cleaners, place=problems.place(route),
    )  # fmt: skip


def _check_entity(name: str, mapped: Mapping[str, _Mapped], route: Route, problems: Problems) -> None:
    """Tell where the mappings of a canonical entity are not of it."""
    entity = definition(name)
    if entity is None:
        return
    sides = {system: one.lens.inner for system, one in mapped.items()}
    for system, fields in sides.items():
        check_mapping(entity, fields, (*route, "systems", system, "map"), problems)
    check_keys(entity, sides, route, problems)


def _expected(
    part: FlowPart, when: Sequence[Schedule], fields: tuple[str, ...], route: Route, around: Surroundings
) -> tuple[Quality, Mapping[str, Cleaner]]:
    """What the flow expects of its values, and the compiled converters that clean them."""
    if not (part.quality or part.secret or part.clean or part.targets is not None):
        return Quality(targets=Targets(period=min((one.every for one in when if one.every), default=0.0))), {}
    from syncline.config.quality import QualityReader  # noqa: PLC0415  most flows expect nothing

    reader = QualityReader(part=part, fields=fields, route=route, problems=around.problems)
    return reader.quality(when), reader.cleaners(around.converters)


def _judged(texts: Mapping[str, str], quality: Quality) -> dict[str, str]:
    """What is said of each field, its rules included: records are looked at once more when those change."""
    rules = {name: [repr(rule) for rule in quality.rules if name in rule.fields or not rule.fields] for name in texts}
    clean = {name: [quality.clean[name]] for name in texts if name in quality.clean}
    return {name: " ".join([text, *rules[name], *clean.get(name, ())]) for name, text in texts.items()}


def _mapped_sides(part: FlowPart, route: Route, around: Surroundings) -> dict[str, _Mapped]:
    mapped: dict[str, _Mapped] = {}
    for system, side in part.systems.items():
        inner = (*route, "systems", system)
        if system not in around.systems:
            cure = suggestion(system, around.systems)
            around.problems.add_key(inner, f"{named(inner)}: {system} is no system of this project.", cure)
        one = _mapping(side, (*inner, "map"), around)
        if one is not None:
            mapped[system] = one
    return mapped


def _mapping(side: SidePart, route: Route, around: Surroundings) -> _Mapped | None:
    spec = side.map
    if isinstance(spec, str):
        spec = around.reader.read_beside(spec, route)
        if spec is None:
            return None
    if not isinstance(spec, dict) or not spec:
        cure = "Write `canonical field: path in the record`, or name the file that does."
        around.problems.add(route, f"{named(route)} is no mapping.", cure)
        return None
    try:
        lens = compile_lens(spec, own=around.converters)
    except SetupError as error:
        _tell_each(spec, error, route, around)
        return None
    lines = frozenset(str(name) for name, entry in spec.items() if isinstance(entry, dict) and "each" in entry)
    return _Mapped(lens=lens, lines=lines, texts=_texts(spec, lens, around))


def _texts(spec: Mapping[str, object], lens: Lens, around: Surroundings) -> dict[str, str]:
    """What the mapping says of each canonical field, with the program behind it where that is the project's own."""
    said = {str(name): repr(entry) for name, entry in spec.items()}
    told: dict[str, str] = {}
    for name in lens.fields:
        text = said.get(name) or repr(spec)  # one of several fields that an entry makes together
        own = any(one.name in text for one in around.converters)
        told[name] = f"{text} {around.program}" if own else text
    return told


def _tell_each(spec: Mapping[str, object], first: SetupError, route: Route, around: Surroundings) -> None:
    """Every field of a mapping that is wrong by itself; else what is wrong with them together."""
    problems = around.problems
    before = len(problems.found)
    for name, entry in spec.items():
        try:
            compile_lens({name: entry}, own=around.converters)
        except SetupError as error:
            problems.add((*route, name), f"{named(route)}: {error.what}", error.cure)
    if len(problems.found) == before:
        problems.add_error(route, first)


def _sides(part: FlowPart, mapped: Mapping[str, _Mapped], route: Route, problems: Problems) -> tuple[Side, ...]:
    everywhere = part.creates if isinstance(part.creates, bool) else True
    creates = part.creates if isinstance(part.creates, dict) else {}
    sides = []
    for system, side in part.systems.items():
        lens = mapped[system].lens
        direction = side.direction or part.direction.get(system) or Direction.BOTH
        chosen = creates.get(system, everywhere) if side.creates is None else side.creates
        when = chosen.when if isinstance(chosen, CreatesPart) else {}
        sides.append(
            Side(
                system=system,
                resource=side.resource,
                fields=tuple(lens.fields),
                writable=frozenset() if direction is Direction.FROM else lens.writable,
                direction=direction,
                deletes=side.deletes or part.deletes.get(system) or DeletePolicy.ARCHIVE,
                creates=bool(chosen) and direction is not Direction.FROM,
                creates_when=conditions_of(when),
                rank=side.rank,
            )
        )
    for setting, given in (("direction", part.direction), ("deletes", part.deletes), ("creates", creates)):
        _check_per_system(given, (*route, setting), part, problems)
    return tuple(sides)


def _check_per_system(given: Mapping[str, object], route: Route, part: FlowPart, problems: Problems) -> None:
    for system in given:
        inner = (*route, system)
        if system not in part.systems:
            cure = suggestion(system, part.systems)
            problems.add_key(inner, f"{named(inner)}: {system} is no system of this flow.", cure)
        elif getattr(part.systems[system], str(route[-1])) is not None:
            problems.add_key(inner, f"{named(inner)} is set twice.", f"Keep it here or under systems.{system}.")


def _carried(sides: Sequence[Side], mapped: Mapping[str, _Mapped]) -> Carried:
    carriers: dict[str, list[str]] = {}
    references: dict[str, str] = {}
    for side in sides:
        for name in side.fields:
            carriers.setdefault(name, []).append(side.system)
        references |= mapped[side.system].lens.references
    systems = {side.system: side.direction for side in sides}
    return Carried(systems=systems, carriers=carriers, references=references)


def _line_references(references: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    nested = ((name.rpartition("."), entity) for name, entity in references.items())
    return tuple((lines, name, entity) for (lines, dot, name), entity in nested if dot)


def _check_references(references: Mapping[str, str], route: Route, around: Surroundings) -> None:
    for name, entity in references.items():
        if entity not in around.entities:
            what = f"{named(route)}: {name} refers to {entity}, and no flow has this entity."
            around.problems.add(route, what, suggestion(entity, around.entities) or "Add a flow for it.")
