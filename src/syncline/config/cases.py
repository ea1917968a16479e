"""Mapping cases: records with the entities that they must become, written by the user beside the mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncline.config.checking import checked
from syncline.config.entities import check_case
from syncline.config.parts import CasePart, FlowPart
from syncline.config.problems import Problems, Route, named, suggestion
from syncline.config.settings import MappingCase
from syncline.config.tree import TreeReader
from syncline.mapping import Lens
from syncline.model.entities import definition


def cases_of(part: FlowPart, route: Route, lenses: Mapping[str, Lens], reader: TreeReader) -> tuple[MappingCase, ...]:
    """The cases of a flow; none when it names no file."""
    file = part.cases
    if file is None:
        return ()
    data = reader.read_beside(file, route)
    if not isinstance(data, list):
        if data is not None:
            reader.problems.add(route, f"{named(route)}: {file} is no list of cases.", "Write `- name: ...` for each.")
        return ()
    found = [_case(one, (*route, index), lenses, reader.problems) for index, one in enumerate(data)]
    cases = tuple(case for case in found if case is not None)
    entity = definition(part.entity)
    if entity is not None:
        for index, case in enumerate(found):
            values = {} if case is None else case.entity
            check_case(entity, values, (*route, index, "entity"), reader.problems)
    return cases


def _case(data: object, route: Route, lenses: Mapping[str, Lens], problems: Problems) -> MappingCase | None:
    part = checked(CasePart, data, route, problems)
    if part is None:
        return None
    if part.system not in lenses:
        what = f"case {part.name!r}: {part.system} is no system of this flow."
        problems.add((*route, "system"), what, suggestion(part.system, lenses))
        return None
    if part.record is None and part.back is None:
        problems.add(route, f"case {part.name!r} needs `record` or `back`.", "Write {record: {...}, entity: {...}}.")
        return None
    _check_fields(part, route, lenses[part.system].fields, problems)
    return MappingCase(
        name=part.name,
        system=part.system,
        record=part.record,
        entity=part.entity,
        back=part.back,
        place=problems.place(route),
    )


def _check_fields(part: CasePart, route: Route, fields: Iterable[str], problems: Problems) -> None:
    known = set(fields)
    for name in part.entity:
        if name not in known:
            what = f"case {part.name!r}: {part.system} carries no field {name}."
            problems.add_key((*route, "entity", name), what, suggestion(name, known))
