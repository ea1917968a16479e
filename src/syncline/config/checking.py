"""Data against the shape it must have; what does not fit becomes problems at their places.

A part that fits is made by msgspec in one step. Only one that does not is walked through, for all its problems at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from syncline.config.problems import Problems, Route, named, suggestion

PartT = TypeVar("PartT", bound=msgspec.Struct)

_KINDS: dict[type[inspect.Type], str] = {
    inspect.StrType: "string",
    inspect.BoolType: "boolean",
    inspect.IntType: "integer",
    inspect.DictType: "dictionary",
    inspect.ListType: "list",
    inspect.StructType: "dictionary",
}


def checked(shape: type[PartT], data: object, route: Route, problems: Problems) -> PartT | None:
    """The data as a part of the configuration, None when it has problems."""
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        before = len(problems.found)
        _look(inspect.type_info(shape), data, route, problems)
        if len(problems.found) == before:
            problems.add(route, f"{named(route)}: {str(error)[:1].lower()}{str(error)[1:]}.")
        return None


def _look(wanted: inspect.Type, data: object, route: Route, problems: Problems) -> None:
    """Tell every problem of the data."""
    kind, look = _LOOKS.get(type(wanted), (object, None))
    if look is not None and isinstance(data, kind):
        look(wanted, data, route, problems)
    elif not _fits(wanted, data):
        problems.add(route, f"{named(route)}: input should be a valid {_KINDS[type(wanted)]}.")


def _fits(wanted: inspect.Type, data: object) -> bool:
    match wanted:
        case inspect.BoolType():
            return isinstance(data, bool)
        case inspect.IntType():
            return isinstance(data, int) and not isinstance(data, bool)
    return type(wanted) not in _KINDS


def _look_inside(wanted: inspect.Metadata, data: object, route: Route, problems: Problems) -> None:
    _look(wanted.type, data, route, problems)


def _look_at_list(wanted: inspect.ListType, data: list[object], route: Route, problems: Problems) -> None:
    for index, one in enumerate(data):
        _look(wanted.item_type, one, (*route, index), problems)


def _look_at_either(wanted: inspect.UnionType, data: object, route: Route, problems: Problems) -> None:
    """The alternative that the data is of; nothing may stand where nothing is an alternative."""
    if data is None and wanted.includes_none:
        return
    others = [one for one in wanted.types if not isinstance(one, inspect.NoneType)]
    kinds = next((kinds for type_, kinds in _OF_DATA if isinstance(data, type_)), ())
    fitting = [one for one in others if isinstance(_bare(one), kinds)]
    _look((fitting or others)[0], data, route, problems)


def _bare(wanted: inspect.Type) -> inspect.Type:
    return _bare(wanted.type) if isinstance(wanted, inspect.Metadata) else wanted


#: what data of each kind can be
_OF_DATA: tuple[tuple[type, tuple[type[inspect.Type], ...]], ...] = (
    (Mapping, (inspect.DictType, inspect.StructType)),
    (list, (inspect.ListType,)),
    (bool, (inspect.BoolType,)),
    (int, (inspect.IntType,)),
    (str, (inspect.StrType, inspect.EnumType)),
)


def _look_at_settings(
    wanted: inspect.StructType, data: Mapping[object, object], route: Route, problems: Problems
) -> None:
    known = {field.name: field for field in wanted.fields}
    for field in wanted.fields:
        if field.required and field.name not in data:
            problems.add(route, f"{named((*route, field.name))} is missing.", "Add it.")
    for name, value in data.items():
        inner = (*route, name if isinstance(name, int) else str(name))
        if isinstance(name, str) and name in known:
            _look(known[name].type, value, inner, problems)
        elif not isinstance(name, str):
            problems.add_key(inner, f"{named(inner)}: a key should be a valid string.")
        elif wanted.forbid_unknown_fields:
            problems.add_key(inner, f"{named(inner)}: unknown setting.", suggestion(name, known))


def _look_at_entries(wanted: inspect.DictType, data: Mapping[object, object], route: Route, problems: Problems) -> None:
    if len(data) < (wanted.min_length or 0):
        problems.add(route, f"{named(route)}: dictionary should have at least {wanted.min_length} item.")
    for name, value in data.items():
        inner = (*route, name if isinstance(name, int) else str(name))
        if isinstance(wanted.key_type, inspect.StrType):
            _look_at_key(wanted.key_type, name, inner, problems)
        _look(wanted.value_type, value, inner, problems)


def _look_at_key(wanted: inspect.StrType, key: object, route: Route, problems: Problems) -> None:
    if not isinstance(key, str):
        problems.add_key(route, f"{named(route)}: a key should be a valid string.")
    elif wanted.pattern and not re.search(wanted.pattern, key):
        _tell_name(route, problems)


def _look_at_text(wanted: inspect.StrType, text: str, route: Route, problems: Problems) -> None:
    least, most = wanted.min_length or 0, wanted.max_length or len(text)
    if wanted.pattern and not re.search(wanted.pattern, text):
        _tell_name(route, problems)
    elif not least <= len(text) <= most:
        bound = (
            f"least {least} character{'' if least == 1 else 's'}" if len(text) < least else f"most {most} characters"
        )
        problems.add(route, f"{named(route)}: string should have at {bound}.")


def _tell_name(route: Route, problems: Problems) -> None:
    cure = "Use small letters, digits and underscores, a letter first."
    problems.add_key(route, f"{named(route)} is not a name.", cure)


def _look_at_word(wanted: inspect.EnumType, data: object, route: Route, problems: Problems) -> None:
    words = [f"'{one.value}'" for one in wanted.cls]
    if not isinstance(data, str) or f"'{data}'" not in words:
        problems.add(route, f"{named(route)}: unknown value.", f"Use {', '.join(words[:-1])} or {words[-1]}.")


#: per kind of setting what its data must be, and who looks at it then
_LOOKS: dict[type[inspect.Type], tuple[type, Callable[[Any, Any, Route, Problems], None]]] = {
    inspect.Metadata: (object, _look_inside),
    inspect.UnionType: (object, _look_at_either),
    inspect.EnumType: (object, _look_at_word),
    inspect.StructType: (Mapping, _look_at_settings),
    inspect.DictType: (Mapping, _look_at_entries),
    inspect.ListType: (list, _look_at_list),
    inspect.StrType: (str, _look_at_text),
}
