"""Test cases that users write beside a mapping: a record, the entity that it must become, and the way back.

record: {name: " Anna ", phone: "0755 1234 5678"}
entity: {name: Anna, phone: "+8675512345678"}
back: {name: Anna}          # optional: what writing that entity must send
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import cast

import msgspec
from msgspec import UNSET

from syncline.errors import SetupError
from syncline.mapping.converters.times import iso_instant
from syncline.mapping.converting import did_you_mean
from syncline.mapping.lens import Lens
from syncline.mapping.values import Problem, Value, kind, plain_words, shown

_KEYS = ("record", "entity", "back", "name")


def run_case(lens: Lens, case: Mapping[str, object]) -> list[str]:
    """What differs from the case, one sentence each; nothing where the mapping does what the case says."""
    record, entity, back = (_part(case, name) for name in ("record", "entity", "back"))
    for key in case:
        if key not in _KEYS:
            msg = f"A mapping case has no `{key}`."
            raise SetupError(msg, cure=did_you_mean(str(key), _KEYS))
    if entity is None or (record is None and back is None):
        raise SetupError(
            "A mapping case needs `entity`, and `record` or `back`.", cure="Write {record: {...}, entity: {...}}."
        )
    found: list[str] = []
    row: Mapping[str, object] = {name: entity.get(name, UNSET) for name in lens.fields}
    if record is not None:
        row, problems = _read(lens, record)
        found += [f"{problem.field or 'record'}: {problem.reason}" for problem in problems]
    found += _differences(row, entity, "field")
    if back is not None:
        found += _way_back(lens, row, back)
    return found


def _part(case: Mapping[str, object], name: str) -> dict[str, object] | None:
    part = case.get(name)
    if part is None:
        return None
    if not isinstance(part, Mapping):
        msg = f"`{name}` of a mapping case must hold fields."
        raise SetupError(msg, cure=f"Write {name}: {{name: Anna}}.")
    return {str(key): _plain(value) for key, value in part.items()}


def _plain(value: object) -> object:
    """YAML knows dates; records and entities hold text."""
    if isinstance(value, datetime):
        return iso_instant(value) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list) else value


def _read(lens: Lens, record: dict[str, object]) -> tuple[dict[str, Value], list[Problem]]:
    mapped = lens.get([msgspec.json.encode(record)])
    return {name: column[0] for name, column in zip(lens.fields, mapped.columns, strict=True)}, mapped.problems


def _way_back(lens: Lens, row: Mapping[str, object], back: dict[str, object]) -> Iterator[str]:
    problems: list[Problem] = []
    written = lens.put([cast("list[Value]", list(row.values()))], problems=problems)[0]
    yield from (f"{problem.field}: {problem.reason}" for problem in problems)
    yield from _differences(written, back, "back")
    yield from (
        f"back: {name} is written as {_said(written[name])}, not expected" for name in written if name not in back
    )


def _differences(found: Mapping[str, object], expected: Mapping[str, object], label: str) -> Iterator[str]:
    for name, value in expected.items():
        if name not in found and label == "field":
            yield f"field {name} is not in the mapping. {did_you_mean(name, found)}"
        elif found.get(name, UNSET) != value or isinstance(found[name], bool) != isinstance(value, bool):
            hint = "; numbers of entities stand between quotes" if found.get(name) == plain_words(value) else ""
            yield f"{label} {name}: expected {_said(value)}, got {_said(found.get(name, UNSET))}{hint}"


def _said(value: object) -> str:
    sort = "" if value is None or value is UNSET else f"{kind(value)} "
    return f"{sort}`{shown(value)}`"
