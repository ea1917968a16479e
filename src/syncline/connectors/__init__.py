"""Finding connectors, so that a user's own package can add one without touching this one.

The names of the built-in connectors are taken: no package can put another in their place without anybody noticing.
"""

from __future__ import annotations

import importlib

from syncline.connectors.spec import Spec
from syncline.errors import SetupError

GROUP = "syncline.connectors"

#: Found without installation, as from a checkout.
_BUILT_IN = {
    "brokers": "syncline.connectors.protocols.brokers:SPEC",
    "combined": "syncline.connectors.combined:SPEC",
    "files": "syncline.connectors.protocols.files:SPEC",
    "graphql": "syncline.connectors.protocols.graphql:SPEC",
    "jsonrpc": "syncline.connectors.protocols.jsonrpc:SPEC",
    "odata": "syncline.connectors.protocols.odata:SPEC",
    "planner": "syncline.connectors.systems.planner:SPEC",
    "rest": "syncline.connectors.protocols.rest:SPEC",
    "soap": "syncline.connectors.protocols.soap:SPEC",
    "sql": "syncline.connectors.protocols.sql:SPEC",
    "tryton": "syncline.connectors.systems.tryton:SPEC",
    "vendure": "syncline.connectors.systems.vendure:SPEC",
}


def _places() -> dict[str, str]:
    """Every connector's name, and its place as `module:attribute`."""
    from importlib.metadata import entry_points  # noqa: PLC0415  slow, and the built-in connectors do not need it

    return {point.name: point.value for point in entry_points(group=GROUP)} | _BUILT_IN


def names() -> list[str]:
    """The connectors that `find` knows, sorted."""
    return sorted(_places())


def find(name: str) -> Spec:
    """The connector of this name; SetupError with the list of names when there is none."""
    place = _BUILT_IN.get(name) or _places().get(name)
    if place is None:
        known = names()
        import difflib  # noqa: PLC0415  only a mistake needs it

        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Choose one of: {', '.join(known)}."
        msg = f"There is no connector named {name!r}."
        raise SetupError(msg, cure=f"{hint} Known: {', '.join(known)}.")
    module, _, attribute = place.partition(":")
    try:
        spec = getattr(importlib.import_module(module.strip()), attribute.strip())
    except (ImportError, AttributeError) as error:
        msg = f"Connector {name!r} cannot be loaded from {place}: {error}."
        raise SetupError(
            msg,
            cure="Install what it needs, or correct the entry point of its package.",
        ) from error
    if not isinstance(spec, Spec):
        msg = f"Connector {name!r} at {place} is no Spec."
        raise SetupError(msg, cure="Let its entry point name a Spec.")
    return spec
