"""Turns stored rows into the nouns of the model and back, where the two differ."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import astuple

from syncline.model.page import Op
from syncline.model.state import (
    AuditPage,
    Conflict,
    ConflictState,
    Entity,
    EntityState,
    Hint,
    Intent,
    IntentState,
    Link,
    LinkState,
    Stream,
    Tomb,
    Unsettled,
    UnsettledState,
)
from syncline.store.session import Row

_ENTITY_STATES: Final = {int(state): state for state in EntityState}
_LINK_STATES: Final = {int(state): state for state in LinkState}

_EID = 8  # bytes
_RUN = struct.Struct("<qi")  # the first eid and how many follow each other; no array has this length


def pack_eids(eids: Sequence[int]) -> bytes:
    """Eids as bytes: a run where they follow each other, as those of a first load do, else an array of int64."""
    n = len(eids)
    if n > 1 and eids[-1] - eids[0] == n - 1 and tuple(range(eids[0], eids[0] + n)) == tuple(eids):
        return _RUN.pack(eids[0], n)
    return struct.pack(f"<{n}q", *eids)


def unpack_eids(data: bytes) -> tuple[int, ...]:
    """The eids that `pack_eids` was given."""
    if len(data) % _EID:
        first, n = _RUN.unpack(data)
        return tuple(range(first, first + n))
    return struct.unpack(f"<{len(data) // _EID}q", data)


def entities(rows: Iterable[Row]) -> list[Entity]:
    """Entities as selected."""
    return [Entity(eid, _ENTITY_STATES[state], gen, canon, gens) for eid, state, gen, canon, gens in rows]


def links(rows: Iterable[Row]) -> list[Link]:
    """Links as selected."""
    states = _LINK_STATES
    return [
        Link(eid, key, states[state], fingerprint, version, delta, born, stamp)
        for eid, key, state, fingerprint, version, delta, born, stamp in rows
    ]


def hints(rows: Iterable[Row]) -> list[Hint]:
    """Hints as selected."""
    return [
        Hint(stream=Stream(system, entity), key=key, reason=reason, due=due, at=at, tries=tries, last=last)
        for system, entity, key, reason, due, at, tries, last in rows
    ]


def hint_values(hint: Hint) -> Row:
    """A hint's columns."""
    return (*hint.stream, hint.key, hint.reason, hint.due, hint.at, hint.tries, hint.last or hint.at)


def intents(rows: Iterable[Row]) -> list[Intent]:
    """Intents as selected."""
    return [
        Intent(
            iid=iid,
            stream=Stream(system, entity),
            op=Op(op),
            state=IntentState(state),
            eids=unpack_eids(eids),
            cause=cause,
            priority=priority,
            body=body,
            sent_at=sent_at,
            doubt_until=doubt_until,
            result=result,
        )
        for iid, system, entity, op, state, eids, cause, priority, body, sent_at, doubt_until, result in rows
    ]


def intent_values(intent: Intent) -> Row:
    """An intent's columns but its number."""
    _iid, stream, op, state, eids, *rest = astuple(intent)
    return (*stream, op, state, pack_eids(eids), *rest)


def unsettled(rows: Iterable[Row]) -> list[Unsettled]:
    """Unsettled rows as selected."""
    return [
        Unsettled(
            stream=Stream(system, entity),
            eid=eid,
            state=UnsettledState(state),
            op=Op(op),
            pending=pending,
            due=due,
            since=since,
            tries=tries,
            message=message,
            run=run,
        )
        for system, entity, eid, state, op, pending, due, since, tries, message, run in rows
    ]


def unsettled_values(row: Unsettled) -> Row:
    """An unsettled row's columns."""
    stream, *rest = astuple(row)
    return (*stream, *rest)


def conflicts(rows: Iterable[Row]) -> list[Conflict]:
    """Conflicts as selected."""
    return [
        Conflict(
            cid=cid,
            entity=entity,
            eid=eid,
            field=field,
            state=ConflictState(state),
            rule=rule,
            system=system,
            theirs=theirs,
            ours=ours,
            base=base,
            kept=kept,
            at=at,
            run=run,
            who=who,
        )
        for cid, entity, eid, field, state, rule, system, theirs, ours, base, kept, at, run, who in rows
    ]


def audit_pages(rows: Iterable[Row]) -> list[AuditPage]:
    """Audit pages as selected."""
    return [
        AuditPage(seq=seq, at=at, kind=kind, system=system, cause=cause, n=n, hash=digest, body=body)
        for seq, at, kind, system, cause, n, digest, body in rows
    ]


def tombs(rows: Iterable[Row]) -> list[Tomb]:
    """Tombs as selected."""
    return [
        Tomb(stream=Stream(system, entity), key=key, eid=eid, reason=reason, at=at)
        for system, entity, key, eid, reason, at in rows
    ]
