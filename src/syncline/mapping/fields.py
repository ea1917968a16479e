"""The fields of a mapping at work on columns: how each is read from the system's fields and written back.

A page is a set of columns. Every step first runs on the whole column; only when a value in it is refused does the
column run again value by value, so that one bad value is a problem of its own row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from syncline.mapping.converting import Steps, lift
from syncline.mapping.paths import Path
from syncline.mapping.records import Record, Written, flats_of, records_of
from syncline.mapping.values import (
    Column,
    Problem,
    are_within_64_bits,
    as_text,
    canonical_decimal,
    is_blank,
    kind,
    shown,
    within_64_bits,
)
from syncline.model.definitions import Kind

Read = Callable[[str], Column]  #: the column of one of the system's own fields

_CANONICAL = frozenset({str, bool, type(None), UnsetType})


class Feed(Protocol):
    """How one canonical field is read."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """What it reads."""
        ...

    def get(self, read: Read, size: int, report: Report) -> Column:
        """The canonical column of a page of `size` records."""
        ...


class Writer(Protocol):
    """How one canonical field, or several that share a system field, are written."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The canonical fields that it needs."""
        ...

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where it writes."""
        ...

    def put(self, columns: Sequence[Column], report: Report) -> Written:
        """The columns of the system's fields."""
        ...


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Takes down problems under the name of a field."""

    problems: list[Problem]
    field: str = ""

    def under(self, name: str) -> Report:
        """The same list, for another field."""
        return Report(problems=self.problems, field=name)

    def rows_since(self, count: int) -> frozenset[int]:
        """The rows of the problems after the first `count`."""
        return frozenset(problem.row for problem in self.problems[count:])

    def __call__(self, row: int, value: object, reason: str) -> None:
        """Take down one problem."""
        self.problems.append(Problem(row=row, field=self.field, value=shown(value), reason=reason))


def run(steps: Sequence[Steps], column: Column, report: Report) -> Column:
    """The column after all steps; a refused value is reported and becomes absent."""
    made = column
    try:
        for step in steps:
            made = step.column(made)
    except ValueError:
        return [_one(steps, row, value, report) for row, value in enumerate(column)]
    return made


def _one(steps: Sequence[Steps], row: int, value: object, report: Report) -> object:
    made = value
    try:
        for step in steps:
            made = step.one(made)
    except ValueError as refusal:
        report(row, value, str(refusal))
        return UNSET
    return made


def _canonical_one(value: object) -> object:
    if type(value) in _CANONICAL:
        return value
    if isinstance(value, int):
        return within_64_bits(value)
    if isinstance(value, Decimal):
        return canonical_decimal(value)
    if isinstance(value, list) and all(isinstance(member, str) for member in value) and value == sorted(set(value)):
        return value
    cure = "name a member of it, or use `| json`" if isinstance(value, dict) else "use `| list`, `| json`, or `each:`"
    msg = f"this is {kind(value)}: {cure}"
    raise ValueError(msg)


def _canonical_column(values: Column) -> Column:
    try:
        "".join(values)  # type: ignore[arg-type]  # the quickest way to see that all are texts, as most columns are
    except TypeError:
        return _canonical_mixed(values)
    return values


def _canonical_mixed(values: Column) -> Column:
    sorts = set(map(type, values)) - _CANONICAL
    if not sorts:
        return values
    if sorts == {int} and are_within_64_bits([value for value in values if type(value) is int]):
        return values
    return [_canonical_one(value) for value in values]


#: last step of every read: only canonical data leaves a mapping
CANONICAL = Steps(one=_canonical_one, column=_canonical_column)


def path_steps(path: Path) -> tuple[Steps, ...]:
    """From the top field to the value."""
    return () if path.is_flat else (lift(path.below_top, sees_blanks=True),)


class Direct(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is one value of the record."""

    path: Path
    reading: tuple[Steps, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """What it reads."""
        return (self.path,)

    def get(self, read: Read, size: int, report: Report) -> Column:
        """The canonical column."""
        del size
        return run(self.reading, read(self.path.top), report)


class Constant(msgspec.Struct, frozen=True, kw_only=True):
    """A field that the record does not hold."""

    value: object
    paths: tuple[Path, ...] = ()

    def get(self, read: Read, size: int, report: Report) -> Column:
        """The same value for every record."""
        del read, report
        return [self.value] * size


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is composed of several values of the record."""

    paths: tuple[Path, ...]
    separators: tuple[str, ...]  #: between the values, one fewer than paths
    reading: tuple[Steps, ...]

    def get(self, read: Read, size: int, report: Report) -> Column:
        """The values joined; blank ones leave no separator behind."""
        del size
        earlier = len(report.problems)
        parts = [run(path_steps(path), read(path.top), report) for path in self.paths]
        steps = (lift(self._join, sees_blanks=True), *self.reading)
        return run(steps, _rows(parts, report.rows_since(earlier)), report)

    def _join(self, values: object) -> object:
        if not isinstance(values, list):
            return values
        if all(is_blank(part) for part in values):
            return blank_of(values)
        text = ""
        for part, separator in zip(values, ("", *self.separators), strict=True):
            if not is_blank(part):
                text += (separator if text else "") + as_text(part)
        return text


class WritesDirect(msgspec.Struct, frozen=True, kw_only=True):
    """One field to one value."""

    fields: tuple[str, ...]
    path: Path
    writing: tuple[Steps, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where it writes."""
        return (self.path,)

    def put(self, columns: Sequence[Column], report: Report) -> Written:
        """The system's column."""
        return [(self.path, run(self.writing, columns[0], report.under(self.fields[0])))]


class WritesParts(msgspec.Struct, frozen=True, kw_only=True):
    """One field taken apart into several values."""

    fields: tuple[str, ...]
    paths: tuple[Path, ...]
    separators: tuple[str, ...]
    writing: tuple[Steps, ...]

    def put(self, columns: Sequence[Column], report: Report) -> Written:
        """One column per part; a missing part is empty, the parts of null are null."""
        steps = (*self.writing, lift(self._take_apart, sees_blanks=True))
        parts = run(steps, columns[0], report.under(self.fields[0]))
        absent = [UNSET] * len(self.paths)
        rows = [part if isinstance(part, list) else absent for part in parts]
        return [(path, [row[index] for row in rows]) for index, path in enumerate(self.paths)]

    def _take_apart(self, value: object) -> object:
        if is_blank(value):
            return [value] * len(self.paths)
        parts, rest = [], as_text(value)
        for separator in self.separators:
            part, _, rest = rest.partition(separator)
            parts.append(part)
        return [*parts, rest]


class WritesWhole(msgspec.Struct, frozen=True, kw_only=True):
    """Several fields put together into one value."""

    fields: tuple[str, ...]
    path: Path
    separator: str
    writing: tuple[tuple[Steps, ...], ...]  #: of each field

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where it writes."""
        return (self.path,)

    def put(self, columns: Sequence[Column], report: Report) -> Written:
        """The parts with separators between them, none at the end."""
        earlier = len(report.problems)
        named = zip(self.fields, self.writing, columns, strict=True)
        parts = [run(steps, column, report.under(name)) for name, steps, column in named]
        rows = _rows(parts, report.rows_since(earlier))
        return [(self.path, run((lift(self._join, sees_blanks=True),), rows, report.under(self.fields[0])))]

    def _join(self, values: object) -> object:
        if not isinstance(values, list):
            return values
        if all(is_blank(part) for part in values):
            return blank_of(values)
        texts = ["" if is_blank(part) else as_text(part) for part in values]
        while not texts[-1]:
            texts.pop()
        return self.separator.join(texts)


def _rows(parts: Sequence[Column], bad: frozenset[int]) -> Column:
    """The parts of each row as a list; a row with a bad part is absent as a whole."""
    return [UNSET if row in bad else list(values) for row, values in enumerate(zip(*parts, strict=True))]


def blank_of(parts: Iterable[object]) -> object:
    """What blank parts are together: absent if all are, empty if one is, else null."""
    found = list(parts)
    if all(part is UNSET for part in found):
        return UNSET
    return "" if "" in found else None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the values that a field's mapping makes, before one is read."""

    kind: Kind | None = None  #: None: anything
    choices: tuple[object, ...] = ()  #: all of them, where that is a fixed list


class FieldSet(msgspec.Struct, frozen=True, kw_only=True):
    """All fields of one mapping, and the writers that turn them back into records."""

    feeds: Mapping[str, Feed]
    writers: tuple[Writer, ...]
    references: Mapping[str, str]
    loses: Mapping[str, str] = {}  #: per field what a write cannot keep
    gives: Mapping[str, Given] = {}  #: per field what a read makes

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical names in the order of declaration."""
        return tuple(self.feeds)

    def get(self, read: Read, size: int, problems: list[Problem]) -> list[Column]:
        """A canonical column per field."""
        return [feed.get(read, size, Report(problems=problems, field=name)) for name, feed in self.feeds.items()]

    def put(
        self, columns: Mapping[str, Column], size: int, writers: Sequence[Writer], problems: list[Problem]
    ) -> list[Record]:
        """A record per row, with what these writers write; absent values are left out."""
        return records_of(_written(columns, writers, problems), size)

    def put_whole(
        self, columns: Mapping[str, Column], size: int, writers: Sequence[Writer], problems: list[Problem]
    ) -> Sequence[Mapping[str, object]]:
        """The same of rows without an absent value, in a quicker form where no field is nested."""
        earlier = len(problems)
        written = _written(columns, writers, problems)
        return flats_of(written, size) if len(problems) == earlier else records_of(written, size)

    def writers_of(self, wanted: frozenset[str] | None) -> tuple[Writer, ...]:
        """The writers of these fields, with those that fill the same object or list: systems replace these whole."""
        if wanted is None:
            return self.writers
        direct = [writer for writer in self.writers if not wanted.isdisjoint(writer.fields)]
        tops = {path.top for writer in direct for path in writer.paths if not path.is_flat}
        return tuple(
            writer for writer in self.writers if writer in direct or any(path.top in tops for path in writer.paths)
        )


def _written(columns: Mapping[str, Column], writers: Sequence[Writer], problems: list[Problem]) -> Written:
    report = Report(problems=problems)
    return [one for writer in writers for one in writer.put([columns[name] for name in writer.fields], report)]
