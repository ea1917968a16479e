"""Data against the shape it must have; what pydantic finds becomes problems at their places."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from syncline.config.problems import Problems, Route, named, suggestion

PartT = TypeVar("PartT", bound=BaseModel)


def checked(shape: type[PartT], data: object, route: Route, problems: Problems) -> PartT | None:
    """The data as a part of the configuration, None when it has problems."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            _tell(shape, detail, route, problems)
        return None


def _tell(shape: type[BaseModel], detail: ErrorDetails, route: Route, problems: Problems) -> None:
    inner = _written(route, detail, problems)
    match detail["type"]:
        case "extra_forbidden":
            known = _settings_at(shape, detail["loc"][:-1])
            problems.add_key(inner, f"{named(inner)}: unknown setting.", suggestion(str(inner[-1]), known))
        case "missing":
            problems.add(inner[:-1], f"{named(inner)} is missing.", "Add it.")
        case "string_pattern_mismatch":
            what = f"{named(inner)} is not a name."
            problems.add_key(inner, what, "Use small letters, digits and underscores, a letter first.")
        case "enum":
            expected = str(detail["ctx"]["expected"]) if "ctx" in detail else "another value"
            problems.add(inner, f"{named(inner)}: unknown value.", f"Use {expected}.")
        case _:
            problems.add(inner, f"{named(inner)}: {detail['msg'][:1].lower()}{detail['msg'][1:]}.")


def _written(route: Route, detail: ErrorDetails, problems: Problems) -> Route:
    """The route as far as it is in the file: pydantic adds steps of its own for keys and for alternatives."""
    parts = tuple(part for part in detail["loc"] if part != "[key]")
    if detail["type"] in {"missing", "extra_forbidden"}:
        return route + parts
    while parts and route + parts not in problems.values:
        parts = parts[:-1]
    return route + parts


def _settings_at(shape: type[BaseModel], steps: Route) -> list[str]:
    """The settings that exist where an unknown one was found: of the shape itself, or of a part inside it."""
    if not steps:
        return list(shape.model_fields)
    for field in shape.model_fields.values():
        for inner in getattr(field.annotation, "__args__", ()):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                return list(inner.model_fields)
    return []
