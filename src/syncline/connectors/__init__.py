"""Finding connectors, so that a user's own package can add one without touching this one."""

from __future__ import annotations

import difflib
import importlib
from importlib.metadata import EntryPoint, entry_points

from syncline.connectors.spec import Spec
from syncline.errors import SetupError

GROUP = "syncline.connectors"

#: Found without installation, as from a checkout.
_BUILT_IN = {
    "rest": "syncline.connectors.protocols.rest:SPEC",
    "tryton": "syncline.connectors.systems.tryton:SPEC",
}


def _entry_points() -> dict[str, EntryPoint]:
    built_in = {name: EntryPoint(name=name, value=value, group=GROUP) for name, value in _BUILT_IN.items()}
    return built_in | {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """The connectors that `find` knows, sorted."""
    return sorted(_entry_points())


def find(name: str) -> Spec:
    """The connector of this name; SetupError with the list of names when there is none."""
    points = _entry_points()
    point = points.get(name)
    if point is None:
        near = difflib.get_close_matches(name, points, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Choose one of: {', '.join(sorted(points))}."
        msg = f"There is no connector named {name!r}."
        raise SetupError(msg, cure=f"{hint} Known: {', '.join(sorted(points))}.")
    try:
        module = importlib.import_module(point.module)
        spec = getattr(module, point.attr)
    except (ImportError, AttributeError) as error:
        msg = f"Connector {name!r} cannot be loaded from {point.value}: {error}."
        raise SetupError(
            msg,
            cure="Install what it needs, or correct the entry point of its package.",
        ) from error
    if not isinstance(spec, Spec):
        msg = f"Connector {name!r} at {point.value} is no Spec."
        raise SetupError(msg, cure="Let its entry point name a Spec.")
    return spec
