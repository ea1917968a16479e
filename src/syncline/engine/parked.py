"""Refused records: what the system or the mapping said, what may cure it, and a second try.

A row's number follows from what it is about, so that it stays the same from one listing to the next without being kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

import msgspec

from syncline.engine.codec import canon_of, decode_pending
from syncline.engine.hub import BoundFlow, BoundSide, Hub, Run
from syncline.engine.labels import labels, shown
from syncline.engine.people import FIRST, PERSON, Deed, as_run, canonical, edit, entity_of
from syncline.engine.statistics import ALL
from syncline.engine.step import Step, begin, commit
from syncline.engine.unplaced import ParkedRead, parked_reads
from syncline.errors import SetupError
from syncline.model.quality import HIDDEN
from syncline.model.report import Edited, FieldDiff, ParkedRow, plain
from syncline.model.state import Hint, Unsettled, UnsettledState
from syncline.model.values import Value

_NUMBERS = 90_000  #: five digits
_STAND_INS = frozenset({"n/a", "na", "-", "--", "none", "null", "nil", "unknown", "?", "tbd", ".", "x", "no"})


def parked(hub: Hub) -> list[ParkedRow]:
    """Refused writes and unreadable records, oldest first."""
    rows = [row for bound in hub.flows.values() for side in bound.sides.values() for row in _of(hub, bound, side)]
    taken: set[int] = set()
    numbered: list[ParkedRow] = []
    for row in sorted(rows, key=lambda one: (one.since, one.kind, one.system, one.entity, one.eid, one.key)):
        number = _number(row)
        while number in taken:
            number = number % _NUMBERS + 10_000
        taken.add(number)
        numbered.append(replace(row, number=number))
    return numbered


def _number(row: ParkedRow) -> int:
    name = f"{row.kind} {row.system} {row.entity} {row.eid if row.kind == 'write' else row.key}"
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) % _NUMBERS + 10_000


def _of(hub: Hub, bound: BoundFlow, side: BoundSide) -> list[ParkedRow]:
    refused = hub.store.unsettled(stream=side.stream, state=UnsettledState.PARKED, limit=ALL)
    unread = hub.store.documents(parked_reads(side))
    return _writes(hub, bound, side, refused) + _reads(hub, bound, side, unread)


def _writes(hub: Hub, bound: BoundFlow, side: BoundSide, refused: Sequence[Unsettled]) -> list[ParkedRow]:
    called = labels(hub, bound, [row.eid for row in refused])
    rows: list[ParkedRow] = []
    for row in refused:
        fields = {
            bound.layout[p]: HIDDEN if bound.layout[p] in bound.flow.quality.secret else shown(hub, bound, p, value)
            for p, (value, _gen) in decode_pending(row.pending).items()
        }
        label = called[row.eid]
        rows.append(
            ParkedRow(
                number=0, kind="write", flow=bound.flow.name, entity=bound.entity, system=side.system, eid=row.eid,
                key=label.keys.get(side.system, ""), label=label.text, op=row.op.name.lower(), message=row.message,
                fields=fields, tries=row.tries, since=row.since, suggestion=_for_write(bound, row.message, fields),
                keys=label.keys,
            )
        )  # fmt: skip
    return rows


def _reads(hub: Hub, bound: BoundFlow, side: BoundSide, unread: Mapping[str, bytes]) -> list[ParkedRow]:
    links = hub.store.links(side.stream, list(unread)) if unread else {}
    called = labels(hub, bound, [link.eid for link in links.values()])
    rows: list[ParkedRow] = []
    for key, body in unread.items():
        held = msgspec.json.decode(body, type=ParkedRead)
        eid = links[key].eid if key in links else 0
        rows.append(
            ParkedRow(
                number=0, kind="read", flow=bound.flow.name, entity=bound.entity, system=side.system, key=key, eid=eid,
                label=called[eid].text if eid else key, op="read", message=held.reason,
                fields={held.field: _value_in(held)} if held.field else {}, tries=1,
                since=held.since, suggestion=_for_read(bound, held),
                keys=called[eid].keys if eid else {},
            )
        )  # fmt: skip
    return rows


def _value_in(held: ParkedRead) -> object:
    """The value in the reason's tail, `reason (field = value)`."""
    if held.cure:
        return held.value
    _, sign, tail = held.reason.rpartition(f"({held.field} = ")
    return tail.removesuffix(")") if sign else None


def _for_read(bound: BoundFlow, held: ParkedRead) -> str:
    if held.cure:
        return held.cure
    value = str(_value_in(held) or "").strip("\"'`")
    if not held.field:
        return ""
    if value.lower() in _STAND_INS:
        return f"add `| empty({value})` to `{held.field}` in the mapping of {bound.flow.name}"
    if "no meaning in the mapping" in held.reason:
        return f"add `{value}` to the `enum(...)` of `{held.field}` in the mapping of {bound.flow.name}"
    return ""


def _for_write(bound: BoundFlow, message: str, fields: Mapping[str, object]) -> str:
    for name, value in fields.items():
        if isinstance(value, str) and value.lower() in _STAND_INS:
            return f"add `| empty({value})` to `{name}` in the mapping of {bound.flow.name}, or edit the value"
    named = [name for name in fields if name.replace("_", " ") in message.lower() or name in message.lower()]
    return f"edit `{named[0]}`" if len(named) == 1 else ""


# --- a second try -----------------------------------------------------------------------------------------------------


def _chosen(hub: Hub, number: int | None) -> list[ParkedRow]:
    rows = [row for row in parked(hub) if number is None or row.number == number]
    if number is not None and not rows:
        msg = f"Nothing is parked under {number}."
        raise SetupError(msg, cure="`syncline parked` lists what is.")
    return rows


def retry(hub: Hub, number: int | None = None) -> list[ParkedRow]:
    """Let the next run try a parked row again, or all of them."""
    rows = _chosen(hub, number)
    if rows:
        as_run(hub, lambda run: _again(hub, run, rows))
    return rows


def _again(hub: Hub, run: Run, rows: Sequence[ParkedRow]) -> None:
    for bound in hub.flows.values():
        step = begin(hub, PERSON, entity=bound.entity)
        for row in rows:
            if row.entity == bound.entity:
                _try_again(hub, bound.sides[row.system], row, step)
        commit(hub, run, step, priority=FIRST)


def _try_again(hub: Hub, side: BoundSide, row: ParkedRow, step: Step) -> None:
    now = hub.now()
    if row.kind == "read":
        step.hints.append(Hint(stream=side.stream, key=row.key, reason="changed", due=now, at=now))
        return
    held = hub.store.unsettled_of(side.stream, [row.eid]).get(row.eid)
    if held is not None:
        step.unsettled.append(msgspec.structs.replace(held, state=UnsettledState.RETRY, due=now))


def edit_and_retry(hub: Hub, number: int, fields: Mapping[str, object], *, who: str = "") -> Edited:
    """Correct canonical values of a parked record; the next run sends them wherever they are needed."""
    row = _chosen(hub, number)[0]
    if not row.eid:
        msg = f"{row.system} {row.key} was never understood, so there is nothing to edit here."
        raise SetupError(
            msg,
            cure=f"Correct it in {row.system}, or teach the mapping; then: syncline parked {number} --retry",
        )
    bound = hub.of_entity(row.entity)
    unknown = [name for name in fields if name not in bound.layout]
    if unknown or not fields:
        what = f"{bound.entity} has no field `{unknown[0]}`." if unknown else "No field is named."
        raise SetupError(what, cure=f"Fields are: {', '.join(bound.layout)}.")
    values = {bound.position(name): canonical(bound, name, value) for name, value in fields.items()}
    return as_run(hub, lambda run: _edit(hub, run, bound, row, values, who))


def _edit(hub: Hub, run: Run, bound: BoundFlow, row: ParkedRow, values: Mapping[int, Value], who: str) -> Edited:
    step = begin(hub, PERSON, entity=bound.entity)
    entity = entity_of(hub, bound, row.eid)
    before = canon_of(entity, bound.width)
    systems = edit(hub, bound, entity, Deed(who=who, verdict="corrected after a refusal", values=values), step)
    _try_again(hub, bound.sides[row.system], row, step)
    commit(hub, run, step, priority=FIRST)
    diffs = tuple(
        FieldDiff(field=bound.layout[p], before=plain(before[p]), after=plain(value), reason="corrected by a person")
        for p, value in values.items()
    )
    return Edited(
        run=run.number, entity=bound.entity, eid=entity.eid, label=row.label, fields=diffs, systems=tuple(systems)
    )
