"""Nested lines (order lines, addresses) merged by their own key, field by field.

A lines value is `{line key: {field: value}}`. What one side did to it is a set of edits: a field of a line set, a line
added, a line removed. Edits of the two sides that touch different lines or different fields do not meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from syncline.model.values import Lines, Value, is_empty

REMOVED = "\0removed"  #: stands in an edit for "the whole line went away"


class LineEdit(NamedTuple):
    """One thing that one side did: `field` is REMOVED when the whole line went away."""

    key: str
    field: str
    value: Value


def as_lines(value: Value) -> Lines:
    """The lines of a value; absent and null are no lines."""
    return value if isinstance(value, Mapping) else {}


def edits(old: Value, new: Value) -> list[LineEdit]:
    """What turns `old` into `new`, ordered by line key and field."""
    before, after = as_lines(old), as_lines(new)
    found = [LineEdit(key, REMOVED, None) for key in before if key not in after]
    for key, line in after.items():
        was = before.get(key, {})
        found += [LineEdit(key, name, value) for name, value in line.items() if name not in was or was[name] != value]
        if not line and key not in before:
            found.append(LineEdit(key, "", None))
    return sorted(found, key=lambda edit: (edit.key, edit.field))


def news(old: Value, new: Value) -> list[LineEdit]:
    """The edits that somebody made: an empty value of a line's field that was not looked at before is none."""
    before = as_lines(old)
    return [
        edit
        for edit in edits(old, new)
        if edit.key not in before or edit.field in before[edit.key] or not is_empty(edit.value) or edit.field == REMOVED
    ]


def without_fields(value: Value, names: AbstractSet[str]) -> Value:
    """A lines value as if these fields of its lines had never been looked at."""
    if not isinstance(value, Mapping):
        return value
    return {key: {name: one for name, one in line.items() if name not in names} for key, line in value.items()}


def apply_edits(value: Value, changes: list[LineEdit]) -> Lines:
    """`value` with the edits made; lines sorted by key. Editing a line that is gone brings it back."""
    lines = {key: dict(line) for key, line in as_lines(value).items()}
    for edit in changes:
        if edit.field == REMOVED:
            lines.pop(edit.key, None)
            continue
        line = lines.setdefault(edit.key, {})
        if edit.field:
            line[edit.field] = edit.value
    return {key: lines[key] for key in sorted(lines)}


def rival(ours: list[LineEdit], theirs: list[LineEdit]) -> list[LineEdit]:
    """Those of `theirs` that meet an edit of `ours`: the same field with another value, or removal against edit."""
    mine = {(edit.key, edit.field): edit.value for edit in ours}
    touched = {edit.key for edit in ours}
    removed = {edit.key for edit in ours if edit.field == REMOVED}
    return [
        edit
        for edit in theirs
        if (edit.field == REMOVED and edit.key in touched - removed)
        or (edit.field != REMOVED and edit.key in removed)
        or mine.get((edit.key, edit.field), edit.value) != edit.value
    ]
