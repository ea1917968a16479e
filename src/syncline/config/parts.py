"""The shape of syncline.yaml: which settings exist, their types, and the same as JSON Schema for editors."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from syncline.model.entities import ENTITIES
from syncline.model.flow import DeletePolicy, Direction, Empties
from syncline.security.webhooks import Algorithm, Encoding

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Scalar = str | int | bool


class Convention(StrEnum):
    """Ways to sign webhooks that many systems share."""

    STANDARD = "standard"
    GITHUB = "github"
    SHOPIFY = "shopify"
    STRIPE = "stripe"


class Day(StrEnum):
    """Weekdays, as a week goes."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


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
    "properties": {
        name: {"type": ["string", "number"]} for name in ("every", "cron", "zone", "webhook", "event", "jitter")
    },
    "additionalProperties": False,
}
_WHEN = {"oneOf": [_MOMENT, {"type": "array", "items": _MOMENT}]}
_ENTITY = "A canonical entity, whose fields are defined, or any other name; one flow for each."
_MAP = {"type": ["object", "string"], "description": "The mapping itself, or the name of its file."}

_NAMES = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_BY_FIELD = {"type": "object", "minProperties": 1}
_CHECK = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "What messages call it."},
        "required": _NAMES,
        "unique": _NAMES,
        "reference": _NAMES,
        "equal": _NAMES,
        "tolerance": {"type": ["number", "string"], "description": "Of `equal`, in the unit of the field."},
        "pattern": {**_BY_FIELD, "additionalProperties": {"type": "string", "maxLength": 200}},
        "range": {**_BY_FIELD, "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2}},
        "one_of": {**_BY_FIELD, "additionalProperties": {"type": "array", "minItems": 1}},
        "freshness": {"type": ["string", "number", "object"]},
        "compare": {"type": "string", "description": "Two fields and how they stand: promised_on >= ordered_on"},
        "severity": {"enum": ["warn", "park", "stop"]},
        "weight": {"type": "number", "exclusiveMinimum": 0},
        "hard": {"type": "boolean", "description": "One broken record makes the validation score 0."},
    },
    "additionalProperties": False,
}
_TARGETS = {
    "type": "object",
    "properties": {
        "lag": {"type": ["string", "number"], "description": "What a change may take to arrive."},
        "tolerance": {"type": "object", "additionalProperties": {"type": ["number", "string"]}},
        "additive": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "additionalProperties": False,
}

#: Parsed by a module of its own, which names the exact place of a problem.
Rule = Annotated[object, Meta(extra_json_schema=_RULE)]
Match = Annotated[object, Meta(extra_json_schema=_MATCH_RULE)]
When = Annotated[object, Meta(extra_json_schema=_WHEN)]
Check = Annotated[object, Meta(extra_json_schema=_CHECK)]
TargetsPart = Annotated[object, Meta(extra_json_schema=_TARGETS)]
Map = Annotated[object, Meta(extra_json_schema=_MAP)]


class SignaturePart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a system signs its webhooks; what is left out is as in the convention that `like` names."""

    header: Annotated[Text | None, Meta(description="The header that holds the signature, or several.")] = None
    algorithm: Annotated[Algorithm | None, Meta(description="Of the HMAC.")] = None
    encoding: Annotated[Encoding | None, Meta(description="How the signature is written.")] = None
    prefix: Annotated[str | None, Meta(description="What stands before a signature: `sha256=`.")] = None
    split: Annotated[str | None, Meta(description="What stands between several signatures.")] = None
    over: Annotated[Text | None, Meta(description="What is signed, of {id}, {timestamp} and {body}.")] = None
    timestamp: Annotated[Text | None, Meta(description="The header that holds the time of sending.")] = None
    timestamp_prefix: Annotated[
        Text | None, Meta(description="Or what stands before it among the parts of the signature's header: `t=`.")
    ] = None
    id: Annotated[Text | None, Meta(description="The header that holds the id of the message.")] = None


class WebhooksPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The webhooks of a system: how they are signed, and which records they tell of."""

    secrets: Annotated[list[Text], Meta(description="Any of these may have signed; two while one is exchanged.")]
    like: Annotated[Convention | None, Meta(description="The convention by which the system signs.")] = None
    signature: SignaturePart = SignaturePart()
    tolerance: Annotated[object, Meta(description="How far the time of sending may be from ours: 5min.")] = "5min"
    key: Annotated[
        str,
        Meta(description="Where the body shows the key, or keys: `data.id`, `items[].id`. Empty: read what changed."),
    ] = "id"
    type: Annotated[str, Meta(description="Where the body shows what happened.")] = ""
    type_header: Annotated[str, Meta(description="Or the header that shows it.")] = ""
    resources: Annotated[
        dict[str, list[Text]],
        Meta(description="Resource -> what happened to it, with * for any text: {customers: [customer.*]}."),
    ] = {}


class ClosedPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a system is left alone: from one time of day to another, or for a while from each time of a cron."""

    days: Annotated[list[Day], Meta(description="Weekdays on which it begins; all unless named.")] = []
    start: Annotated[str, Meta(description="The time of day at which it begins: 22:00.")] = ""
    end: Annotated[str, Meta(description="The time of day at which it ends, of the next day if that is no later.")] = ""
    cron: Annotated[str, Meta(description="Or the times at which it begins.")] = ""
    lasts: Annotated[object, Meta(description="And how long each lasts: 2h.")] = None
    zone: Annotated[str, Meta(description="The time zone.")] = "UTC"


class SystemPart(msgspec.Struct, frozen=True, kw_only=True):
    """One system: its connector, and the options of that connector."""

    connector: Annotated[Text, Meta(description="The name of the connector: rest, tryton, ...")]
    webhooks: Annotated[WebhooksPart | None, Meta(description="How the system tells of changes.")] = None
    closed: Annotated[
        list[ClosedPart], Meta(description="When nothing is read from it or sent to it; work waits.")
    ] = []


class ServerPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where `syncline run` listens for webhooks, and answers how it is."""

    host: Annotated[Text, Meta(description="The address to listen at.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="The port; 0 lets the system choose.")] = 8750
    body_limit: Annotated[int, Meta(ge=1, description="The most bytes that a webhook may have.")] = 1024 * 1024


class CreatesPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which entities the hub makes records in a system."""

    when: Annotated[
        dict[str, Scalar | list[Scalar]],
        Meta(min_length=1, description="Canonical field -> its value, or several of which it has one; all must hold."),
    ]


class SidePart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One system's part in a flow."""

    resource: Annotated[Text, Meta(description="The collection in that system.")]
    map: Map
    direction: Annotated[
        Direction | None, Meta(description="Which way data moves between the hub and this system.")
    ] = None
    deletes: Annotated[DeletePolicy | None, Meta(description="What a delete elsewhere does here.")] = None
    creates: Annotated[
        bool | CreatesPart | None, Meta(description="May the hub create records here, and of which entities?")
    ] = None
    rank: Annotated[int, Meta(description="The higher rank wins a tie of `latest`.")] = 0


class FlowPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agreement of one entity type among systems."""

    entity: Annotated[Name, Meta(description=_ENTITY, examples=list(ENTITIES))]
    systems: Annotated[dict[str, SidePart], Meta(min_length=1, description="The systems that take part.")]
    when: Annotated[When, Meta(description="{every: 30s}, {cron, zone}, {webhook}, {event}, or a list of them.")] = None
    own: Annotated[dict[str, Rule], Meta(description='The rule of each field or group; "*" is for all others.')] = {}
    empty: Annotated[dict[str, Empties], Meta(description='What an empty value does; "*" is for all others.')] = {}
    groups: Annotated[dict[Name, list[str]], Meta(description="Fields that merge as one.")] = {}
    required: Annotated[list[str], Meta(description="References that a record cannot do without.")] = []
    match: Annotated[list[Match], Meta(description="How records find each other at first, tried in order.")] = []
    direction: Annotated[dict[str, Direction], Meta(description="Per system: both, from or to.")] = {}
    deletes: Annotated[dict[str, DeletePolicy], Meta(description="Per system.")] = {}
    creates: Annotated[
        bool | dict[str, bool | CreatesPart],
        Meta(description="May the hub create records, everywhere or per system, and of which entities?"),
    ] = {}
    cases: Annotated[Text | None, Meta(description="The file of mapping cases.")] = None
    quality: Annotated[list[Check], Meta(description="What is expected of the values; see rules.md.")] = []
    secret: Annotated[
        list[str], Meta(description="Fields whose values no finding, profile or parked record tells.")
    ] = []
    clean: Annotated[dict[str, Text], Meta(description='Converters that clean a field: "spaces | trim".')] = {}
    targets: Annotated[TargetsPart, Meta(description="What the figures are measured against.")] = None


class PublishPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Agreed changes, told to others as CloudEvents."""

    to: Annotated[Text, Meta(description="The system, whose connector is brokers.")]
    topic: Annotated[Text, Meta(description="Where they are told; {entity} stands for the entity type.")] = (
        "syncline.{entity}"
    )
    exchange: Annotated[str, Meta(description="Of RabbitMQ; the topic is the routing key then.")] = ""
    entities: Annotated[list[Name], Meta(description="Of which entities; all unless named.")] = []
    source: Annotated[Text, Meta(description="What the events say they come from.")] = "/syncline"


class ProjectPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    project: Annotated[Text, Meta(description="The name of the project.")]
    store: Annotated[Text, Meta(description="Where the hub keeps its state.")] = "sqlite:///.syncline/state.db"
    systems: Annotated[dict[Name, SystemPart], Meta(min_length=1)]
    flows: dict[Name, FlowPart] = {}
    publish: PublishPart | None = None
    server: ServerPart | None = None


class CasePart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mapping case."""

    name: Text
    system: Text
    record: dict[str, object] | None = None
    entity: dict[str, object]
    back: dict[str, object] | None = None


class TopPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outermost settings, their contents still to be looked at one by one."""

    project: Text
    store: object = "sqlite:///.syncline/state.db"
    systems: Annotated[dict[object, object], Meta(min_length=1)]
    flows: dict[object, object] = {}
    publish: object = None
    server: ServerPart | None = None


def schema() -> dict[str, object]:
    """JSON Schema of syncline.yaml, for editors."""
    (top,), parts = msgspec.json.schema_components([ProjectPart], ref_template="#/$defs/{name}")
    whole = parts.pop(top["$ref"].rpartition("/")[2])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": "syncline.yaml",
        "$defs": parts,
    }
