"""The shape of syncline.yaml: which settings exist, their types, and the same as JSON Schema for editors."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from syncline.model.flow import DeletePolicy, Direction, Empties

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]

_RULE = {
    "oneOf": [
        {"enum": ["latest", "manual", "add", "union"]},
        *(
            {
                "type": "object",
                "properties": {kind: {"type": "string"}},
                "required": [kind],
                "additionalProperties": False,
            }
            for kind in ("owner", "owner-unless-empty")
        ),
    ]
}
_MATCH_RULE = {
    "oneOf": [
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {
            "type": "object",
            "properties": {
                "score": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "at_least": {"type": "number", "minimum": 0, "maximum": 1},
                "ask_from": {"type": "number", "minimum": 0, "maximum": 1},
            },
            "required": ["score", "at_least"],
            "additionalProperties": False,
        },
    ]
}
_MOMENT = {
    "type": "object",
    "properties": {name: {"type": ["string", "number"]} for name in ("every", "cron", "zone", "webhook", "event")},
    "additionalProperties": False,
}
_WHEN = {"oneOf": [_MOMENT, {"type": "array", "items": _MOMENT}]}
_MAP = {"type": ["object", "string"], "description": "The mapping itself, or the name of its file."}

#: Parsed by a module of its own, which names the exact place of a problem.
Rule = Annotated[object, WithJsonSchema(_RULE)]
Match = Annotated[object, WithJsonSchema(_MATCH_RULE)]
When = Annotated[object, WithJsonSchema(_WHEN)]
Map = Annotated[object, WithJsonSchema(_MAP)]


class _Part(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)


class SystemPart(_Part):
    """One system: its connector, and the options of that connector."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", frozen=True)

    connector: Text = Field(description="The name of the connector: rest, tryton, ...")


class SidePart(_Part):
    """One system's part in a flow."""

    resource: Text = Field(description="The collection in that system.")
    map: Map
    direction: Direction | None = Field(None, description="Which way data moves between the hub and this system.")
    deletes: DeletePolicy | None = Field(None, description="What a delete elsewhere does here.")
    creates: bool | None = Field(None, description="May the hub create records here?")
    rank: int = Field(0, description="The higher rank wins a tie of `latest`.")


class FlowPart(_Part):
    """The agreement of one entity type among systems."""

    entity: Name = Field(description="The entity type; one flow for each.")
    systems: dict[str, SidePart] = Field(min_length=1, description="The systems that take part.")
    when: When = Field(None, description="{every: 30s}, {cron, zone}, {webhook}, {event}, or a list of them.")
    own: dict[str, Rule] = Field({}, description='The rule of each field or group; "*" is for all others.')
    empty: dict[str, Empties] = Field({}, description='What an empty value does; "*" is for all others.')
    groups: dict[Name, list[str]] = Field({}, description="Fields that merge as one.")
    required: list[str] = Field([], description="References that a record cannot do without.")
    match: list[Match] = Field([], description="How records find each other at first, tried in order.")
    direction: dict[str, Direction] = Field({}, description="Per system: both, from or to.")
    deletes: dict[str, DeletePolicy] = Field({}, description="Per system.")
    creates: bool | dict[str, bool] = Field({}, description="May the hub create records, everywhere or per system?")
    cases: Text | None = Field(None, description="The file of mapping cases.")


class ProjectPart(_Part):
    """The whole file."""

    project: Text = Field(description="The name of the project.")
    store: Text = Field("sqlite:///.syncline/state.db", description="Where the hub keeps its state.")
    systems: dict[Name, SystemPart] = Field(min_length=1)
    flows: dict[Name, FlowPart] = Field({})


class CasePart(_Part):
    """One mapping case."""

    name: Text
    system: Text
    record: dict[str, object] | None = None
    entity: dict[str, object]
    back: dict[str, object] | None = None


class TopPart(_Part):
    """The outermost settings, their contents still to be looked at one by one."""

    project: Text
    store: object = "sqlite:///.syncline/state.db"
    systems: dict[object, object] = Field(min_length=1)
    flows: dict[object, object] = Field({})


Kind = Literal["sqlite", "postgresql", "memory"]


def schema() -> dict[str, object]:
    """JSON Schema of syncline.yaml, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "syncline.yaml",
        **ProjectPart.model_json_schema(),
    }
