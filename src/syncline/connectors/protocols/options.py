"""Reading a connector's options into frozen structs, with every problem told at once by its path and its cure."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import TypeVar, get_args, get_origin

import msgspec

from syncline.errors import OptionProblem, OptionsError, SetupError

_T = TypeVar("_T", bound=msgspec.Struct)
_R = TypeVar("_R")
Pairs = Mapping[str, str]
Fields = Mapping[str, object]


def configured(system: str, resources: Mapping[str, _R], name: str) -> _R:
    """What belongs to a resource of the options; SetupError names those that there are."""
    if name in resources:
        return resources[name]
    msg = f"{system} has no resource named {name!r}."
    raise SetupError(msg, cure=f"Configured: {', '.join(sorted(resources))}.")


def read_options(kind: type[_T], given: Mapping[str, object], path: str) -> _T:
    """The options as `kind`; OptionsError that lists every unknown, missing or ill-typed one.

    >>> class Size(msgspec.Struct, frozen=True):
    ...     width: int
    >>> read_options(Size, {"width": 3}, "systems.crm")
    Size(width=3)
    >>> read_options(Size, {"widht": 3}, "systems.crm")
    Traceback (most recent call last):
    syncline.errors.OptionsError: systems.crm.widht is unknown; did you mean width? systems.crm.width is missing.
    """
    problems: list[OptionProblem] = []
    found = _read_struct(kind, given, path, problems)
    if problems or found is None:
        raise OptionsError(problems)
    return found


def _read_struct(kind: type[_T], given: object, path: str, problems: list[OptionProblem]) -> _T | None:
    if not isinstance(given, Mapping):
        problems.append(OptionProblem(path, f"{path} must be a mapping.", "Correct it."))
        return None
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    _refuse_unknown(given, list(fields), path, problems)
    before = len(problems)
    values: dict[str, object] = {}
    for name, field in fields.items():
        if name in given:
            values[name] = _read(field.type, given[name], f"{path}.{name}", problems)
        elif field.required:
            problems.append(OptionProblem(f"{path}.{name}", f"{path}.{name} is missing.", "Add it."))
    return kind(**values) if len(problems) == before else None


def _refuse_unknown(given: Mapping[str, object], known: list[str], path: str, problems: list[OptionProblem]) -> None:
    for name in given:
        if name not in known:
            import difflib  # noqa: PLC0415  only a mistake needs it

            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}."
            problems.append(OptionProblem(f"{path}.{name}", f"{path}.{name} is unknown; {hint}"))


def _read(kind: object, given: object, path: str, problems: list[OptionProblem]) -> object:
    if get_origin(kind) in {typing.Union, types.UnionType}:
        structs = [one for one in get_args(kind) if _is_struct(one)]
        if structs and isinstance(given, Mapping):
            kind = structs[0]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _read_struct(kind, given, path, problems)
    arguments = get_args(kind)
    if len(arguments) == 2 and isinstance(given, Mapping):  # noqa: PLR2004  a mapping has keys and values
        return {str(name): _read(arguments[1], value, f"{path}.{name}", problems) for name, value in given.items()}
    return _read_leaf(kind, given, path, problems)


def _read_leaf(kind: object, given: object, path: str, problems: list[OptionProblem]) -> object:
    plain = given
    if kind is str and isinstance(given, int) and not isinstance(given, bool):
        plain = str(given)  # a password of digits, as YAML reads it
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        problems.append(OptionProblem(path, f"{path}: {_plainly(str(error))}.", "Correct it."))
        return None


def _plainly(message: str) -> str:
    """The sentence of msgspec without the value, which may be a secret."""
    text = message.partition(" - at ")[0]
    return "not one of the words that are allowed" if text.startswith("Invalid enum value") else text.lower()


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
