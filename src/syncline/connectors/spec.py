"""What a connector publishes: one constant that says what it reaches and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import msgspec

from syncline.env import Env
from syncline.ports.connector import Connector

#: Opens a connector from the system's name, its options (secrets resolved) and the environment.
Open = Callable[[str, Mapping[str, object], Env], Connector]


def _any_value(kind: type) -> dict[str, object]:
    """JSON Schema of a place that takes any value."""
    if kind is not object:
        raise NotImplementedError
    return {"description": "Any value."}


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A connector as it is found by its name. Making one does nothing; `open` validates the options completely."""

    name: str
    summary: str  #: one sentence for lists of connectors
    settings: type[msgspec.Struct]  #: the options, described by a struct
    open: Open

    def schema(self) -> Mapping[str, object]:
        """The options as JSON Schema, for editors and for the reference."""
        return cast("Mapping[str, object]", msgspec.json.schema(self.settings, schema_hook=_any_value))
