"""Rows of text files, one at a time: whatever is wrong with one is told with its line, and the rest flows.

Nothing is kept but the row at hand, and no row grows beyond the limit.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec

from syncline.connectors.protocols.files_options import FilesResource
from syncline.connectors.protocols.json_values import exact_object
from syncline.errors import RejectedError

_DELIMITERS = (",", ";", "\t", "|")
#: The longer marks first: one of UTF-32 begins as one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONE = range(0xDC80, 0xDD00)  #: what stands for a byte that is no text of the encoding


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a file: its fields, or why it cannot be read."""

    line: int  #: where it begins, from 1
    fields: dict[str, object] = {}
    problem: str = ""


def text_rows(file: BinaryIO, resource: FilesResource, limit: int) -> Iterator[Row]:
    """The rows of a CSV or JSON lines file; RejectedError where all of it is in doubt."""
    lines = _Lines(file, resource.encoding, limit)
    try:
        yield from _json_rows(lines) if resource.format == "jsonl" else _csv_rows(lines, resource, limit)
    finally:
        lines.release()


class _Lines:
    """Lines of text, counted. A line that is too long is passed over, and told of."""

    def __init__(self, file: BinaryIO, encoding: str, limit: int) -> None:
        head = file.read(4)
        mark, found = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", encoding))
        file.seek(len(mark))
        is_bytewise = found.replace("_", "-").lower() not in {"utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"}
        errors = "surrogateescape" if is_bytewise else "strict"
        self._text = io.TextIOWrapper(file, encoding=found, errors=errors, newline="")
        self.encoding = found
        self._limit = limit
        self.number = 0  #: of the line that was given last
        self.spent = 0  #: characters given since the record began

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(self._limit + 1)
        except UnicodeError as error:
            raise RejectedError(f"line {self.number + 1} is no {self.encoding}") from error
        if not line:
            raise StopIteration
        self.number += 1
        self.spent += len(line)
        if len(line) > self._limit and not line.endswith("\n"):
            self._pass_over()
            raise OverflowError
        if self.spent > self._limit:
            raise OverflowError
        return line

    def release(self) -> None:
        """Leave the file open to who opened it."""
        self._text.detach()

    def _pass_over(self) -> None:
        while (rest := self._text.readline(self._limit)) and not rest.endswith("\n"):
            pass


def _json_rows(lines: _Lines) -> Iterator[Row]:
    while True:
        lines.spent, start = 0, lines.number + 1
        try:
            line = next(lines, None)
        except OverflowError:
            yield Row(line=start, problem="is longer than a record may be")
            continue
        if line is None:
            return
        if not line.strip():
            continue
        yield _json_row(line, start, lines.encoding)


def _json_row(line: str, start: int, encoding: str) -> Row:
    if _is_mixed(line):
        return Row(line=start, problem=f"is no {encoding}")
    try:
        return Row(line=start, fields=exact_object(line))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Row(line=start, problem="is no JSON object")


def _csv_rows(lines: _Lines, resource: FilesResource, limit: int) -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), limit))
    header, delimiter = _header(lines, resource)
    names, reader = header, csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.spent, start = 0, lines.number + 1
        try:
            cells = next(reader, None)
        except OverflowError:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            yield Row(line=start, problem="is longer than a record may be, or a quotation mark is not closed")
            continue
        except csv.Error as error:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            yield Row(line=start, problem=f"is no CSV: {error}")
            continue
        if cells is None:
            return
        if cells:
            yield _csv_row(names, cells, start, lines.encoding)


def _csv_row(names: Sequence[str], cells: Sequence[str], start: int, encoding: str) -> Row:
    if len(cells) != len(names):
        return Row(line=start, problem=f"has {len(cells)} cells, and the header {len(names)}")
    if any(map(_is_mixed, cells)):
        return Row(line=start, problem=f"is no {encoding}")
    if any("\x00" in cell for cell in cells):
        return Row(line=start, problem="holds a zero byte")
    return Row(line=start, fields=dict(zip(names, cells, strict=True)))


def _header(lines: _Lines, resource: FilesResource) -> tuple[list[str], str]:
    """The names of the columns, and the delimiter; refused where there is a doubt."""
    try:
        first = next(lines, "")
    except OverflowError:
        first = ""
    if not first.strip():
        raise RejectedError("has no header")
    if _is_mixed(first):
        raise RejectedError(f"is no {lines.encoding}: name its encoding")
    wanted = {resource.key, *resource.fields, *resource.deleted}
    tried = _DELIMITERS if resource.delimiter == "auto" else (resource.delimiter,)
    shown = {one: names for one in tried if (names := _names(first, one)) is not None}
    fitting = [one for one, names in shown.items() if wanted <= {*names}]
    several = [one for one in fitting if len(shown[one]) > 1]
    if len(several or fitting) != 1:
        lacking = min((sorted(wanted - {*names}) for names in shown.values()), key=len, default=sorted(wanted))
        what = f"lacks the column {', '.join(lacking)}" if lacking else "has a header that can be divided in two ways"
        raise RejectedError(what)
    delimiter = (several or fitting)[0]
    names = shown[delimiter]
    if len({*names}) < len(names) or not all(names):
        raise RejectedError("has two columns of one name, or one without a name")
    return names, delimiter


def _names(line: str, delimiter: str) -> list[str] | None:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return None


def _is_mixed(text: str) -> bool:
    """Does a byte stand in it that is no text of the encoding?"""
    return not text.isascii() and any(ord(one) in _LONE for one in text)
