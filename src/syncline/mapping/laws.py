"""The laws of a mapping, tried on records: what is written must be read back, and reading must not change the record.

PutGet: reading what was written gives what was meant. GetPut: writing what was read gives the record that was there. A
break of GetPut alone is a spelling that the first write will change; a break of PutGet loses something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import UNSET

from syncline.mapping.lens import Lens
from syncline.mapping.values import Problem, Value, shown

Law = Literal["PutGet", "GetPut"]
_decoder = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)
_CURE = "Correct the converters, or declare the field one-way."


class LawBreak(msgspec.Struct, frozen=True, kw_only=True):
    """How the mapping of one field fails to work both ways, with the first record that shows it."""

    law: Law
    field: str
    value: str  #: what was there
    back: str  #: what came back in its place
    reason: str
    cure: str
    lossy: bool  #: is something lost, or does only the spelling change?
    count: int  #: records that show it


def check_laws(lens: Lens, raws: Sequence[bytes]) -> list[LawBreak]:
    """Every break of a law on these records, one per field and law; records with problems are left to `Lens.get`."""
    mapped = lens.get(raws)
    unreadable = {problem.row for problem in mapped.problems if not problem.field}
    raws = [raw for row, raw in enumerate(raws) if row not in unreadable]
    rows = [list(row) for row in zip(*lens.get(raws).columns, strict=True)]
    refusals: list[Problem] = []
    records = lens.put(rows, problems=refusals)
    written = [msgspec.json.encode(record) for record in records]
    found = list(_refused(refusals))
    refused = {(problem.row, problem.field.partition(".")[0]) for problem in refusals}
    again = lens.get(written)
    for index, name in enumerate(lens.fields):
        if name not in lens.writable:
            continue
        skipped = {row for row, field in refused if field == name}
        before = [row[index] for row in rows]
        found += _put_get(lens, name, before, again.columns[index], skipped)
        lossy_rows = {row for row, value in enumerate(before) if not _same(value, again.columns[index][row])}
        found += _get_put(lens, name, raws, written, skipped | lossy_rows | _absent(before))
    return _counted(found)


def is_lossy(breaks: Sequence[LawBreak]) -> bool:
    """Does the mapping lose something when it writes?"""
    return any(one.lossy for one in breaks)


def _refused(refusals: Sequence[Problem]) -> Iterator[LawBreak]:
    for problem in refusals:
        yield LawBreak(
            law="PutGet",
            field=problem.field,
            value=problem.value,
            back="nothing",
            reason=f"what was read cannot be written: {problem.reason}",
            cure=_CURE,
            lossy=True,
            count=1,
        )


def _put_get(
    lens: Lens, name: str, before: Sequence[Value], after: Sequence[Value], skipped: set[int]
) -> Iterator[LawBreak]:
    loses = lens.inner.loses.get(name, "")
    for row, (value, back) in enumerate(zip(before, after, strict=True)):
        if row not in skipped and not _same(value, back):
            yield LawBreak(
                law="PutGet",
                field=name,
                value=shown(value),
                back=shown(back),
                reason=f"what is written is read back as another value{f': {loses}' if loses else ''}",
                cure=_CURE,
                lossy=True,
                count=1,
            )


def _get_put(
    lens: Lens, name: str, raws: Sequence[bytes], written: Sequence[bytes], skipped: set[int]
) -> Iterator[LawBreak]:
    if name in lens.nested:
        return  # a line's own members are compared by PutGet; the members that no field maps are not ours
    for row, (raw, record) in enumerate(zip(raws, written, strict=True)):
        if row in skipped:
            continue
        old, new = _decoder.decode(raw), _decoder.decode(record)
        for path in lens.paths_of[name]:
            value, back = (path.below_top(one.get(path.top, UNSET)) for one in (old, new))
            if not _same(value, back):
                yield LawBreak(
                    law="GetPut",
                    field=name,
                    value=shown(value),
                    back=shown(back),
                    reason=f"writing back what was read changes the spelling of `{path}`",
                    cure="Nothing is lost; add a converter if the system must keep its own spelling.",
                    lossy=False,
                    count=1,
                )


def _absent(values: Sequence[Value]) -> set[int]:
    return {row for row, value in enumerate(values) if value is UNSET}


def _same(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _counted(found: Sequence[LawBreak]) -> list[LawBreak]:
    counted: dict[tuple[str, str], LawBreak] = {}
    for one in found:
        first = counted.get((one.law, one.field), one)
        seen = first.count if first is not one else 0
        counted[one.law, one.field] = msgspec.structs.replace(first, count=seen + 1)
    return list(counted.values())
