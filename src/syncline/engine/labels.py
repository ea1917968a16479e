"""Find an entity by what a person calls it, and call it by what a person knows: its name and its keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syncline.engine.codec import canon_of
from syncline.engine.hub import BoundFlow, Hub
from syncline.errors import SetupError
from syncline.model.report import plain
from syncline.model.state import Entity, LinkState
from syncline.model.values import Row, Value

_NAMES = ("name", "number", "sku", "code", "title", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a person calls an entity."""

    text: str
    keys: dict[str, str]  #: system -> key of its record there


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One entity, and perhaps one field of it, as a person wrote it."""

    bound: BoundFlow
    entity: Entity
    field: str


def label_of(bound: BoundFlow, canon: Sequence[Value], eid: int) -> str:
    """The entity's name, number or code; else its number in the hub."""
    for name in _NAMES:
        if name in bound.layout:
            value = canon[bound.position(name)]
            if isinstance(value, str) and value:
                return value
    return f"{bound.entity} #{eid}"


def labels(hub: Hub, bound: BoundFlow, eids: Iterable[int]) -> dict[int, Label]:
    """Names and keys of entities."""
    asked = sorted(set(eids))
    found = hub.store.entities(bound.entity, asked)
    keys: dict[int, dict[str, str]] = {eid: {} for eid in asked}
    for side in bound.sides.values():
        for eid, link in hub.store.links_of(side.stream, asked).items():
            if link.state is LinkState.OK:
                keys[eid][side.system] = link.key
    return {
        eid: Label(
            text=label_of(bound, canon_of(found[eid], bound.width), eid) if eid in found else f"{bound.entity} #{eid}",
            keys=keys[eid],
        )
        for eid in asked
    }


def shown(hub: Hub, bound: BoundFlow, position: int, value: Value) -> object:
    """A value as a person reads it: a reference is the name of what it points at."""
    return shown_apart(hub, bound, position, [value])[0]


def shown_apart(hub: Hub, bound: BoundFlow, position: int, values: Sequence[Value]) -> list[object]:
    """Values of one field as a person reads them; references that are called alike are told apart by a key."""
    target = bound.references.get(position)
    eids = {value for value in values if isinstance(value, int)} if target is not None else set()
    if target is None or not eids:
        return [plain(value) for value in values]
    try:
        called = labels(hub, hub.of_entity(target), eids)
    except KeyError:
        return [f"{target} #{value}" if isinstance(value, int) else plain(value) for value in values]
    texts = Counter(one.text for one in called.values())
    told = {
        eid: one.text if texts[one.text] == 1 else f"{one.text} ({_first_key(one, eid)})" for eid, one in called.items()
    }
    return [told[value] if isinstance(value, int) else plain(value) for value in values]


def _first_key(label: Label, eid: int) -> str:
    return next((f"{system} {key}" for system, key in label.keys.items()), f"#{eid}")


def values_shown(hub: Hub, bound: BoundFlow, canon: Row) -> dict[str, object]:
    """A whole canon by field name, absent fields left out."""
    return {
        name: shown(hub, bound, position, value)
        for position, (name, value) in enumerate(zip(bound.layout, canon, strict=False))
        if plain(value) is not None
    }


def flows_named(hub: Hub, names: Sequence[str] | None) -> list[BoundFlow]:
    """The flows of these names, parents first; all of them for None. SetupError names those that there are."""
    unknown = [name for name in names or () if name not in hub.flows]
    if unknown:
        msg = f"There is no flow `{unknown[0]}`."
        raise SetupError(msg, cure=f"Flows are: {', '.join(hub.flows)}.")
    return [bound for name, bound in hub.flows.items() if not names or name in names]


def locate(hub: Hub, text: str, *, field: bool) -> Reference:
    """What `customer:KEY.field`, `customer:crm:KEY.field` or `customer:#12.field` names; `.field` only with `field`."""
    kind, colon, rest = text.partition(":")
    bound = _flow_of(hub, kind)
    if not colon or not rest:
        msg = f"`{text}` does not name a record."
        raise SetupError(msg, cure=f"Write for example: {bound.entity}:KEY")
    for key, name in _splits(rest, bound, field=field):
        entity = _entity(hub, bound, key)
        if entity is not None:
            return Reference(bound=bound, entity=entity, field=name)
    if field and not any(True for _ in _splits(rest, bound, field=True)):
        msg = f"`{text}` names no field of {bound.entity}."
        raise SetupError(msg, cure=f"Fields are: {', '.join(bound.layout)}.")
    msg = f"No {bound.entity} is known as `{rest}`."
    raise SetupError(
        msg,
        cure=f"Name a key that a system shows: {bound.entity}:{next(iter(bound.sides))}:KEY, or {bound.entity}:#12.",
    )


def _flow_of(hub: Hub, kind: str) -> BoundFlow:
    for bound in hub.flows.values():
        if kind in (bound.entity, bound.flow.name):
            return bound
    kinds = ", ".join(bound.entity for bound in hub.flows.values())
    msg = f"There is no flow of `{kind}`."
    raise SetupError(msg, cure=f"Entities are: {kinds}.")


def _splits(rest: str, bound: BoundFlow, *, field: bool) -> Iterable[tuple[str, str]]:
    """Where a key may end and a field begin: keys may hold points themselves."""
    if not field:
        yield rest, ""
        return
    for name in sorted(bound.layout, key=len, reverse=True):
        if rest.endswith(f".{name}"):
            yield rest.removesuffix(f".{name}"), name


def _entity(hub: Hub, bound: BoundFlow, key: str) -> Entity | None:
    if key.startswith("#") and key[1:].isdigit():
        eid = hub.store.merged_into(bound.entity, int(key[1:]))
        return hub.store.entities(bound.entity, [eid]).get(eid)
    system, colon, own = key.partition(":")
    sides = list(bound.sides.values())
    if colon and system in bound.sides:
        sides, key = [bound.sides[system]], own
    found: set[int] = set()
    for side in sides:
        now = hub.store.aliases(side.stream, [key]).get(key, key)
        link = hub.store.links(side.stream, [now]).get(now)
        if link is not None:
            found.add(hub.store.merged_into(bound.entity, link.eid))
    if len(found) > 1:
        msg = f"`{key}` is a key of {len(found)} different records."
        raise SetupError(
            msg,
            cure=f"Name the system, such as {bound.entity}:{sides[0].system}:{key}",
        )
    return hub.store.entities(bound.entity, list(found)).get(found.pop()) if found else None
