"""What an application makes of the values that it stores: by the contract, or as no contract has a word for."""

from __future__ import annotations

from collections.abc import Mapping

from syncline.merging import normalise
from syncline.model.values import Value
from syncline.simulation.shape import Json, SideShape

ESCAPE = "html"  #: texts are kept as HTML: what is no ASCII becomes a character reference
ZONE = "zone"  #: instants are kept without the letter that tells their zone
UNDECLARED = frozenset({ESCAPE, ZONE})  #: no contract has a word for them


def spelled(kind: str, value: Value) -> Value:
    """The canonical value that an application with this normaliser shows; idempotent."""
    if kind == ESCAPE:
        return value.encode("ascii", "xmlcharrefreplace").decode() if isinstance(value, str) else value
    return normalise(kind, value)


def respelled(side: SideShape, normalisers: Mapping[str, str], fields: Json) -> Json:
    """A record as the application keeps it."""
    known = {name: kind for name, kind in normalisers.items() if name in side.fields}
    if not known:
        return fields
    values = side.values(fields)
    made = {name: spelled(kind, values[name]) for name, kind in known.items() if name in values}
    changed = {name: value for name, value in made.items() if value != values[name]}
    fields = {**fields, **side.words(changed, fields)} if changed else fields
    zoned = [path.top for name, kind in known.items() if kind == ZONE for path in side.lens.paths_of[name]]
    return {**fields, **_without_zones(fields, zoned)} if zoned else fields


def _without_zones(fields: Json, names: list[str]) -> Json:
    held = {name: fields.get(name) for name in names}
    return {name: value.removesuffix("Z") for name, value in held.items() if isinstance(value, str)}
