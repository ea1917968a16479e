"""What a system shows after a write: from its answer, or from one batched get. The read-back of the algorithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.engine import references
from syncline.engine.codec import fingerprint
from syncline.engine.compose import Sent
from syncline.engine.hub import Pass
from syncline.engine.step import Step
from syncline.errors import SynclineError
from syncline.merging import Unit, as_lines, explain
from syncline.model.contract import ReadBack
from syncline.model.flow import Direction
from syncline.model.page import Receipt, Record
from syncline.model.state import Hint
from syncline.model.values import Value, is_empty


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One record after our write, as canonical values by position."""

    values: Mapping[int, Value]
    print: bytes
    version: str | None
    stamp: int


def shown_after(at: Pass, written: Sequence[tuple[Sent, Receipt]], step: Step) -> dict[int, Shown]:
    """By eid, what the system shows of each written record. Empty for a system that stores what it is sent."""
    if at.side.contract.read_back is ReadBack.VERBATIM:
        return {}
    records = {one.item.ref: _record_of(one, receipt) for one, receipt in written if receipt.raw is not None}
    rest = [(one, receipt) for one, receipt in written if receipt.raw is None]
    if rest:
        records.update(_read_back(at, rest, step))
    if not records:
        return {}
    eids = list(records)
    mapped = at.side.lens.get([records[eid].raw for eid in eids])
    rows = [dict(zip(at.side.positions, values, strict=True)) for values in zip(*mapped.columns, strict=True)]
    unreadable = {problem.row for problem in mapped.problems}
    if at.bound.references or at.bound.line_references:
        unreadable |= references.to_eids(at.hub, at.bound, at.side, rows).waiting.keys()
    found: dict[int, Shown] = {}
    for number, (eid, row) in enumerate(zip(eids, rows, strict=True)):
        if number not in unreadable:
            record = records[eid]
            found[eid] = Shown(
                values=row, print=fingerprint(record.raw, at.hub.seed), version=record.version, stamp=record.stamp
            )  # fmt: skip
    return found


def _record_of(one: Sent, receipt: Receipt) -> Record:
    key = receipt.key or one.item.key
    return Record(key=key, raw=receipt.raw or b"", version=receipt.version, stamp=receipt.stamp)


def _read_back(at: Pass, rest: Sequence[tuple[Sent, Receipt]], step: Step) -> dict[int, Record]:
    """One batched get after the contract's settle time; records that cannot be read become hints."""
    at.hub.env.sleep(at.side.contract.settle)
    keys = {receipt.key or one.item.key: one.item.ref for one, receipt in rest}
    try:
        answers = at.side.connector.get(at.side.side.resource, list(keys))
    except SynclineError:
        answers = []
    found = {keys[answer.key]: answer for answer in answers if isinstance(answer, Record) and answer.key in keys}
    now = at.hub.now()
    step.hints += [
        Hint(stream=at.side.stream, key=key, reason="changed", due=now, at=now)
        for key, eid in keys.items()
        if eid not in found
    ]
    return found


def lines_edited(at: Pass, unit: Unit, sent: Value, seen: Value) -> bool:
    """Has a person come between our write of lines and its read-back? What the system makes of them is no edit.

    Who has filled a field that we left empty, a person or the system, nobody can tell: it is news wherever the system
    may decide, and what another owns it need not be asked to empty again and again.
    """
    if at.side.contract.read_back is not ReadBack.GET:
        return False
    ours, theirs = as_lines(sent), as_lines(seen)
    lost, added = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
    if lost or added:
        return len(lost) != len(added)  # both: the system has named our lines anew
    decides = unit.rule.owner in ("", at.side.system) and at.side.side.direction is not Direction.TO
    pairs = [(value, theirs[key].get(name, value)) for key, line in ours.items() for name, value in line.items()]
    return any(
        shows != value and (decides or not is_empty(value)) and not explain(value, shows) for value, shows in pairs
    )
