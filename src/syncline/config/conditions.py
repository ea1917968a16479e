"""Of which entities a flow creates records in a system: `creates: {mes: {when: {state: [confirmed, released]}}}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.config.parts import CreatesPart, FlowPart, Scalar
from syncline.config.problems import Problems, Route, named, suggestion
from syncline.config.rules import Carried
from syncline.model.definitions import Kind
from syncline.model.entities import definition
from syncline.model.flow import Condition, Direction, Side
from syncline.model.kinds import misfit

_CURE = "Name a field that holds one value."


def conditions_of(when: Mapping[str, Scalar | list[Scalar]]) -> tuple[Condition, ...]:
    """As the engine asks them."""
    return tuple(
        Condition(field=name, values=tuple(given) if isinstance(given, list) else (given,))
        for name, given in when.items()
    )


def check_conditions(part: FlowPart, sides: Sequence[Side], carried: Carried, route: Route, problems: Problems) -> None:
    """Tell of conditions that could never hold."""
    for side in sides:
        own = isinstance(part.systems[side.system].creates, CreatesPart)
        place = (*route, "systems", side.system, "creates") if own else (*route, "creates", side.system)
        for one in side.creates_when:
            what, cure = _problem(part.entity, side, one, carried)
            if what:
                inner = (*place, "when", one.field)
                problems.add_key(inner, f"{named(inner)}: {what}", cure)


def _problem(entity: str, side: Side, one: Condition, carried: Carried) -> tuple[str, str]:
    """(what is wrong, the cure); ("", "") where nothing is."""
    if one.field not in carried.carriers:
        return f"{one.field} is no field of this flow.", suggestion(one.field, carried.carriers)
    if one.field in carried.references or any(name.startswith(f"{one.field}.") for name in carried.references):
        return f"{one.field} refers to other records.", _CURE
    givers = [name for name in carried.carriers[one.field] if carried.systems[name] is not Direction.TO]
    if not set(givers) - {side.system}:
        cure = "Name a field that another system has, or add it to the mapping of one."
        return f"only {side.system} has {one.field}, so that nobody knows it before the record is there.", cure
    if not one.values:
        return "no value is named.", "Name one, or several: [confirmed, released]."
    whole = definition(entity)
    field = whole.field(one.field) if whole else None
    if (whole and whole.lines_of(one.field)) or (field and field.kind is Kind.SET):
        return f"{one.field} holds more than a value.", _CURE
    if field is None:
        return "", ""
    wrong = [(value, reason) for value in one.values if (reason := misfit(field, value))]
    return (f"{wrong[0][0]}: {wrong[0][1]}.", "") if wrong else ("", "")
