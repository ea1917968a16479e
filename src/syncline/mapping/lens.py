"""The lens: pages of raw records to pages of entities, and back. Pure; it is all that the engine knows of a mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import cast, final

import msgspec
from msgspec import UNSET

from syncline.errors import RejectedError
from syncline.mapping.fields import FieldSet, Writer
from syncline.mapping.lines import Lines
from syncline.mapping.overlay import ListKey, keys_of, overlay
from syncline.mapping.paths import Path
from syncline.mapping.values import Column, Json, Mapped, Problem, Value, shown

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MOST_PLANS = 1000


class _Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Raw bytes to columns of the system's fields."""

    names: tuple[str, ...]
    decode: Callable[[bytes], msgspec.Struct]
    blank: msgspec.Struct  #: stands in for a record that cannot be read

    def columns(self, raws: Sequence[bytes], problems: list[Problem]) -> dict[str, Column]:
        """A column per field; an unreadable record is a problem of its own row and absent everywhere."""
        try:
            records = list(map(self.decode, raws))
        except _UNREADABLE:
            records = [self._one(row, raw, problems) for row, raw in enumerate(raws)]
        columns = zip(*map(msgspec.structs.astuple, records), strict=True) if records else ([] for _ in self.names)
        return {name: list(column) for name, column in zip(self.names, columns, strict=True)}

    def _one(self, row: int, raw: bytes, problems: list[Problem]) -> msgspec.Struct:
        try:
            return self.decode(raw)
        except _UNREADABLE as error:
            reason = f"this record cannot be read: {error}"
            problems.append(Problem(row=row, field="", value=shown(raw[:100].decode(errors="replace")), reason=reason))
            return self.blank


@final
class Lens:
    """A compiled mapping. `get` and `put` undo each other, up to what `check_laws` shows."""

    __slots__ = (
        "_keys", "_plans", "_reader", "fields", "inner", "line_paths", "nested", "overlaid", "paths", "paths_of",
        "references", "writable",
    )  # fmt: skip

    fields: tuple[str, ...]  #: canonical names, in the order of the columns
    references: Mapping[str, str]  #: canonical field, or "lines.product" for a nested one -> entity type
    writable: frozenset[str]  #: canonical fields whose value can be written
    paths: frozenset[str]  #: the system's own fields that are read
    paths_of: Mapping[str, tuple[Path, ...]]  #: per canonical field, where it is read
    line_paths: Mapping[str, Mapping[str, tuple[Path, ...]]]  #: per field that holds lines, where theirs are read
    nested: frozenset[str]  #: canonical fields that hold lines
    overlaid: frozenset[str]  #: canonical fields that are written inside a nested object or list
    inner: FieldSet

    def __init__(self, inner: FieldSet) -> None:
        self.inner = inner
        self.fields = inner.names
        self.references = inner.references
        self.writable = frozenset(name for writer in inner.writers for name in writer.fields)
        self.paths_of = {name: feed.paths for name, feed in inner.feeds.items()}
        self.paths = frozenset(path.top for paths in self.paths_of.values() for path in paths)
        self.line_paths = {
            name: {one: nested.paths for one, nested in feed.inner.feeds.items()}
            for name, feed in inner.feeds.items()
            if isinstance(feed, Lines)
        }
        self.nested = frozenset(self.line_paths)
        self._reader = _reader(list(dict.fromkeys(path.top for paths in self.paths_of.values() for path in paths)))
        self._keys = {**keys_of([path for writer in inner.writers for path in writer.paths]), **_line_keys(inner)}
        self.overlaid = frozenset(
            name
            for writer in inner.writers
            if any(not path.is_flat for path in writer.paths) or isinstance(writer, Lines)
            for name in writer.fields
        )
        self._plans: dict[frozenset[str] | None, tuple[Writer, ...]] = {}

    def get(self, raws: Sequence[bytes]) -> Mapped:
        """Entities of a page of records; what cannot be mapped is UNSET and told in `problems`."""
        problems: list[Problem] = []
        columns = self.inner.get(self._reader.columns(raws, problems).__getitem__, len(raws), problems)
        for row in {problem.row for problem in problems if not problem.field}:
            for column in columns:
                column[row] = UNSET
        return Mapped(columns=cast("list[list[Value]]", columns), problems=problems)

    def put(
        self,
        rows: Sequence[Sequence[Value]],
        wanted: frozenset[str] | None = None,
        *,
        problems: list[Problem] | None = None,
        whole: bool = False,
    ) -> Sequence[Mapping[str, Json]]:
        """What the system must be told, per row; all writable fields if none are named.

        Absent values are left out; `whole` says that there are none. A value that the system cannot express raises
        RejectedError, or, when `problems` is given, is told there and left out.
        """
        found: list[Problem] = [] if problems is None else problems
        columns: list[Column] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in self.fields]
        named = dict(zip(self.fields, columns, strict=True))
        put = self.inner.put_whole if whole else self.inner.put
        records = put(named, len(rows), self._writers(wanted), found)
        if problems is None and found:
            first = found[0]
            msg = f"The value `{first.value}` of field {first.field} cannot be written: {first.reason}."
            raise RejectedError(
                msg,
                cure="Correct the value, or teach the mapping what it means.",
            )
        return cast("Sequence[Mapping[str, Json]]", records)

    def overlay(self, current: bytes, change: Mapping[str, Json]) -> dict[str, Json]:
        """`change` (from `put`) with everything added that `current` holds inside the same nested objects and lists."""
        record = msgspec.json.decode(current, type=dict[str, object])
        laid = {name: overlay(record.get(name), value, self._keys, (name,)) for name, value in change.items()}
        return cast("dict[str, Json]", laid)

    def _writers(self, wanted: frozenset[str] | None) -> tuple[Writer, ...]:
        plan = self._plans.get(wanted)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[wanted] = self.inner.writers_of(wanted)
        return plan

    def __repr__(self) -> str:
        """The canonical fields."""
        return f"Lens({', '.join(self.fields)})"


def _line_keys(inner: FieldSet) -> dict[tuple[str, ...], ListKey]:
    """Lists of lines whose key fields each are one member of the line."""
    found: dict[tuple[str, ...], ListKey] = {}
    for feed in inner.feeds.values():
        if isinstance(feed, Lines):
            paths = [feed.inner.feeds[name].paths for name in feed.key]
            if all(len(one) == 1 and one[0].is_flat for one in paths):
                names = tuple(segment.name for segment in feed.path.segments)
                found[names] = ListKey(members=tuple(one[0].top for one in paths), picked=None)
    return found


def _reader(names: list[str]) -> _Reader:
    # members are numbered, for the system's names need not be words of Python
    members = [(f"f{index}", object, UNSET) for index in range(len(names))]
    renamed = {f"f{index}": name for index, name in enumerate(names)}
    record = msgspec.defstruct("Record", members, rename=renamed, gc=False)
    decoder = msgspec.json.Decoder(record, float_hook=Decimal)
    return _Reader(names=tuple(names), decode=decoder.decode, blank=record())
