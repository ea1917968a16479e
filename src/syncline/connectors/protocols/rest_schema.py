"""Which fields a resource has now: as the system describes them, or as a few of its records show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from syncline.connectors.protocols.paths import find, text_of
from syncline.connectors.protocols.request import Request
from syncline.connectors.protocols.rest_call import Call
from syncline.connectors.protocols.rest_options import SchemaOptions
from syncline.connectors.protocols.rest_read import Reading

UNKNOWN = "unknown"  #: null, or now this and now that: it may be of any type
_SAMPLE = 20  #: records that are looked at
_KINDS = {str: "text", bool: "yes or no", int: "number", float: "number", list: "list", dict: "object"}


def schema_of(call: Call, reading: Reading) -> Mapping[str, str]:
    """Field -> type; empty where nothing is configured, or there is no record to look at."""
    configured = call.resource.schema
    if configured is None:
        return {}
    if isinstance(configured, SchemaOptions):
        return _described(call, configured)
    return shown_by(reading.sample(_SAMPLE))


def _described(call: Call, options: SchemaOptions) -> Mapping[str, str]:
    request = Request(path=options.path)
    document = call.document(request, call.wire.send(request))
    fields = find(document, options.fields) if options.fields else document
    if not isinstance(fields, list):
        return {}
    return {text_of(find(one, options.name)): text_of(find(one, options.type)) for one in fields}


def shown_by(raws: Iterable[bytes]) -> Mapping[str, str]:
    """The fields of these records and their types; null goes with every type.

    >>> shown_by([b'{"a": 1, "b": null, "c": 1}', b'{"a": null, "b": null, "c": "x"}'])
    {'a': 'number', 'b': 'unknown', 'c': 'unknown'}
    """
    kinds: dict[str, set[str]] = {}
    for raw in raws:
        for name, value in msgspec.json.decode(raw, type=dict[str, object]).items():
            kinds.setdefault(name, set()).update(() if value is None else (_KINDS[type(value)],))
    return {name: found.pop() if len(found) == 1 else UNKNOWN for name, found in kinds.items()}
