"""Nested lists of records, such as order lines: each is a mapping of its own, keyed by declared fields."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from syncline.mapping.fields import FieldSet, Read, Report, path_steps, run
from syncline.mapping.paths import Path
from syncline.mapping.records import Record, Written
from syncline.mapping.values import Column, Problem, is_blank, kind

_LONGEST_NUMBER = 30


def sort_key(key: str) -> list[tuple[int, int, str]]:
    """Lines are ordered by their keys, numbers by their size."""
    return [
        (0, int(part), part) if part.isascii() and part.isdigit() and len(part) < _LONGEST_NUMBER else (1, 0, part)
        for part in key.split("/")
    ]


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Reads and writes the lists of one system field; both ways a page's lines are one set of columns."""

    name: str
    path: Path
    key: tuple[str, ...]  #: canonical fields that name a line within its record
    inner: FieldSet

    @property
    def paths(self) -> tuple[Path, ...]:
        """What it reads and writes."""
        return (self.path,)

    @property
    def fields(self) -> tuple[str, ...]:
        """The canonical field that it writes."""
        return (self.name,)

    def get(self, read: Read, size: int, report: Report) -> Column:
        """For each record its lines by key, sorted; one bad line makes the whole field of its record absent."""
        del size
        lists = run(path_steps(self.path), read(self.path.top), report)
        owners, items, bad = _flattened(lists, report)
        problems: list[Problem] = []
        columns = self.inner.get(lambda name: [item.get(name, UNSET) for item in items], len(items), problems)
        bad |= self._pass_on(problems, owners, report)
        grouped: list[dict[str, Record]] = [{} for _ in lists]
        key_columns = [columns[self.inner.names.index(name)] for name in self.key]
        rows = zip(*columns, strict=True)
        for owner, parts, row in zip(owners, zip(*key_columns, strict=True), rows, strict=True):
            reason = _wrong_key(parts, grouped[owner])
            if owner not in bad and reason:
                report(owner, "/".join(map(str, parts)), reason)
                bad.add(owner)
            line = {name: value for name, value in zip(self.inner.names, row, strict=True) if value is not UNSET}
            grouped[owner]["/".join(map(str, parts))] = line
        return [
            UNSET if row in bad else _sorted(grouped[row]) if isinstance(lines, list) else lines
            for row, lines in enumerate(lists)
        ]

    def put(self, columns: Sequence[Column], report: Report) -> Written:
        """For each record the list of its lines in the order of their keys."""
        report = report.under(self.name)
        owners, lines, bad = self._lines_of(columns[0], report)
        problems: list[Problem] = []
        by_name: dict[str, Column] = {name: [line.get(name, UNSET) for line in lines] for name in self.inner.names}
        records = self.inner.put(by_name, len(lines), self.inner.writers, problems)
        bad |= self._pass_on(problems, owners, report)
        grouped: list[list[Record]] = [[] for _ in columns[0]]
        for owner, record in zip(owners, records, strict=True):
            grouped[owner].append(record)
        column: Column = [
            UNSET if row in bad else grouped[row] if isinstance(value, dict) else value
            for row, value in enumerate(columns[0])
        ]
        return [(self.path, column)]

    def _lines_of(self, column: Column, report: Report) -> tuple[list[int], list[Record], set[int]]:
        owners: list[int] = []
        lines: list[Record] = []
        bad: set[int] = set()
        for row, value in enumerate(column):
            if is_blank(value):
                continue
            if not isinstance(value, dict) or not all(isinstance(line, dict) for line in value.values()):
                report(row, value, f"this is {kind(value)} where lines by key were expected")
                bad.add(row)
                continue
            for key in sorted(value, key=sort_key):
                parts = key.split("/") if len(self.key) > 1 else [key]
                owners.append(row)
                lines.append(dict(zip(self.key, parts, strict=False)) | value[key])
        return owners, lines, bad

    def _pass_on(self, problems: list[Problem], owners: list[int], report: Report) -> set[int]:
        for problem in problems:
            inner = report.under(f"{self.name}.{problem.field}" if problem.field else self.name)
            inner(owners[problem.row], problem.value, problem.reason)
        return {owners[problem.row] for problem in problems}


def _flattened(lists: Column, report: Report) -> tuple[list[int], list[Record], set[int]]:
    owners: list[int] = []
    items: list[Record] = []
    bad: set[int] = set()
    for row, value in enumerate(lists):
        if value is None or value is UNSET:
            continue
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            report(row, value, f"this is {kind(value)} where a list of objects was expected")
            bad.add(row)
            continue
        owners += [row] * len(value)
        items += value
    return owners, items, bad


def _wrong_key(parts: tuple[object, ...], earlier: dict[str, Record]) -> str:
    if any(is_blank(part) for part in parts):
        return "a line has no key"
    if len(parts) > 1 and any("/" in str(part) for part in parts):
        return "a part of a composed key contains `/`"
    return "two lines have this key" if "/".join(map(str, parts)) in earlier else ""


def _sorted(lines: dict[str, Record]) -> dict[str, Record]:
    return {key: lines[key] for key in sorted(lines, key=sort_key)}
