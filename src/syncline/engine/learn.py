"""Learned normalisers: what a system does to values, believed after three agreeing samples, shown, and refusable."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from syncline.engine.hub import BoundSide, Hub, Pass
from syncline.engine.step import Step
from syncline.model.state import Conflict, ConflictState
from syncline.model.values import Value, encode_row
from syncline.ports.store import Store

SAMPLES = 3
UNKNOWN = "NORMALISER_UNKNOWN"  #: rule of a conflict: a system shows our value changed as it was never seen to
UNSTABLE_AFTER = 3  #: writes in a row that a system answered with yet another value


class Learned(msgspec.Struct, kw_only=True):
    """What is known of one field in one system."""

    samples: dict[str, int] = {}
    learned: list[str] = []
    refused: list[str] = []


def kind_of(side: BoundSide) -> str:
    """The kind of document that holds the stream's normalisers, by field name."""
    return f"normaliser {side.system} {side.stream.entity}"


def load(store: Store, kind: str) -> dict[str, Learned]:
    """Everything learned of one stream."""
    return {name: msgspec.json.decode(body, type=Learned) for name, body in store.documents(kind).items()}


def learn(hub: Hub, side: BoundSide, name: str, position: int, candidates: Iterable[str], step: Step) -> None:
    """One more sample; the third agreeing one makes a normaliser known to this and later runs."""
    kind, known = kind_of(side), _known(hub, side, name, step)
    for candidate in candidates:
        if candidate in known.refused or candidate in known.learned:
            continue
        known.samples[candidate] = known.samples.get(candidate, 0) + 1
        if known.samples[candidate] >= SAMPLES:
            known.learned.append(candidate)
            side.normalisers.setdefault(position, []).append(candidate)
    step.put_document(kind, name, msgspec.json.encode(known))


def believed(at: Pass, position: int, candidates: Iterable[str], step: Step) -> bool:
    """Is one of these declared, learned, or seen in this field before? Else a person may have made the change."""
    known = _known(at.hub, at.side, at.bound.layout[position], step)
    told = at.side.normalisers.get(position, ())
    return any(one in told or (one in known.samples and one not in known.refused) for one in candidates)


def _known(hub: Hub, side: BoundSide, name: str, step: Step) -> Learned:
    kind = kind_of(side)
    body = step.documents.get(kind, {}).get(name) or hub.store.document(kind, name)
    return msgspec.json.decode(body, type=Learned) if body else Learned()


def presumed(at: Pass, eid: int, position: int, values: tuple[Value, Value, Value]) -> Conflict:
    """Canon stays, but what is shown may be a person's edit: it is kept in the log."""
    found = unstable(at, eid, position, values)
    return msgspec.structs.replace(found, state=ConflictState.AUTO, rule=UNKNOWN, kept="ours")


def unstable(at: Pass, eid: int, position: int, values: tuple[Value, Value, Value]) -> Conflict:
    """A system answers every write with another value, or two do in turn: freeze the field.

    `values` are what we sent, what it shows now, and what it showed before.
    """
    sent, shown, before = ([value] for value in values)
    name = next(unit.name for unit in at.bound.units if position in unit.positions)
    return Conflict(
        cid=0, entity=at.bound.entity, eid=eid, field=name, state=ConflictState.OPEN, rule="NORMALISER_UNSTABLE",
        system=at.side.system, theirs=encode_row(shown), ours=encode_row(sent), base=encode_row(before),
        at=at.hub.now(), run=at.run.number,
    )  # fmt: skip
