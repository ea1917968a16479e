"""Filters of OData on keys and times, their values written by the types that $metadata tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncline.connectors.protocols.odata_call import Call
from syncline.connectors.protocols.odata_values import literal, parts_of
from syncline.connectors.protocols.stamps import written
from syncline.errors import SetupError

_LONGEST = 1_500  #: of a filter on keys [characters]; addresses of a few thousand are taken everywhere


def instant(call: Call, stamp: int) -> str:
    """A time as a literal of the property that shows it."""
    kind = call.entity.properties[call.resource.since].type
    try:
        return literal(written(stamp, "date" if kind == "Edm.Date" else "iso-ms"), kind, call.service.version)
    except ValueError:
        msg = f"{call.service.system}.{call.resource.set}.{call.resource.since} is {kind}, and no time."
        raise SetupError(msg, cure=f"Name another property in {call.setting}.since, or none.") from None


def behind(call: Call, key: str) -> str:
    """The filter of what comes after a key in the order of the keys."""
    entity, version = call.entity, call.service.version
    values = [
        literal(value, entity.properties[name].type, version)
        for name, value in zip(entity.keys, parts_of(key, entity.keys), strict=True)
    ]
    ways = []
    for place, name in enumerate(entity.keys):
        equal = [f"{one} eq {value}" for one, value in zip(entity.keys[:place], values[:place], strict=True)]
        ways.append(" and ".join([*equal, f"{name} gt {values[place]}"]))
    return ways[0] if len(ways) == 1 else "(" + " or ".join(f"({way})" for way in ways) + ")"


def parted(call: Call, keys: Sequence[str]) -> Iterator[list[str]]:
    """Filters on keys, a few for each request: one of them holds for each key."""
    part: list[str] = []
    for key in keys:
        one = _is(call, key)
        if part and (len(part) >= call.resource.get_many or sum(map(len, part)) + len(one) > _LONGEST):
            yield part
            part = []
        part.append(one)
    yield part


def _is(call: Call, key: str) -> str:
    entity, version = call.entity, call.service.version
    pairs = zip(entity.keys, parts_of(key, entity.keys), strict=True)
    equal = [f"{name} eq {literal(value, entity.properties[name].type, version)}" for name, value in pairs]
    return equal[0] if len(equal) == 1 else f"({' and '.join(equal)})"
