"""What systems do to values, for a person to see and to refuse."""

from __future__ import annotations

import msgspec

from syncline.engine.hub import BoundSide, Hub
from syncline.engine.learn import Learned, kind_of, load
from syncline.errors import SetupError
from syncline.model.report import Normaliser


def normalisers(hub: Hub) -> list[Normaliser]:
    """Declared, learned, observed (too few samples yet) and refused ones, by system, entity and field."""
    return [row for bound in hub.flows.values() for side in bound.sides.values() for row in _of(hub, side)]


def _of(hub: Hub, side: BoundSide) -> list[Normaliser]:
    rows = [_row(side, field, name, "declared") for field, name in sorted(side.contract.normalisers.items())]
    for field, known in load(hub.store, kind_of(side)).items():
        names = sorted({*known.samples, *known.learned, *known.refused})
        rows += [_row(side, field, name, _origin(known, name), known.samples.get(name, 0)) for name in names]
    return rows


def _origin(known: Learned, name: str) -> str:
    if name in known.refused:
        return "refused"
    return "learned" if name in known.learned else "observed"


def _row(side: BoundSide, field: str, name: str, origin: str, samples: int = 0) -> Normaliser:
    return Normaliser(
        system=side.system, entity=side.stream.entity, field=field, name=name, origin=origin, samples=samples
    )


def refuse_normaliser(hub: Hub, system: str, entity: str, field: str, name: str) -> Normaliser:
    """A learned normaliser is not to be believed, now or later: what the system shows is then an edit."""
    side = _side(hub, system, entity)
    known = load(hub.store, kind_of(side)).get(field, Learned())
    if name not in {*known.samples, *known.learned, *known.refused}:
        msg = f"{system} was never seen to apply `{name}` to {field}."
        raise SetupError(msg, cure="`syncline normalisers` lists what was seen.")
    known.learned = [one for one in known.learned if one != name]
    known.refused = sorted({*known.refused, name})
    with hub.store.transaction() as tx:
        tx.put_documents(kind_of(side), {field: msgspec.json.encode(known)})
    position = hub.of_entity(entity).position(field)
    side.normalisers[position] = [one for one in side.normalisers.get(position, []) if one != name]
    return _row(side, field, name, "refused", known.samples.get(name, 0))


def _side(hub: Hub, system: str, entity: str) -> BoundSide:
    for bound in hub.flows.values():
        if bound.entity == entity and system in bound.sides:
            return bound.sides[system]
    msg = f"No flow keeps {entity} in {system}."
    raise SetupError(msg, cure="Name a system and an entity of your flows.")
