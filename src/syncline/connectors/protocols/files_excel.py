"""Rows of Excel files. A workbook is packed XML from a stranger: it is looked through before it is opened."""

from __future__ import annotations

import zipfile
from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain
from typing import Any, BinaryIO

from syncline.connectors.protocols.files_options import FilesResource
from syncline.connectors.protocols.files_rows import Row
from syncline.connectors.protocols.xml_document import look_through
from syncline.errors import RejectedError

_PARTS = 2_000  #: files inside a workbook
_RATIO = 200  #: unpacked to packed
_BEFORE = b"\xef\xbb\xbf\x00 \t\r\n"  #: what may stand before the first element
_READ = (".xml", ".rels")  #: parts that must be XML; drawings of old programs are nearly XML, and nobody reads them
_PIECE = 1 << 20
_NO_DATA = 1_000  #: rows without a value, one after the other: the rest is format only


def excel_rows(file: BinaryIO, resource: FilesResource, limit: int, file_limit: int) -> Iterator[Row]:
    """The rows of a sheet; RejectedError where the workbook cannot be trusted, or is damaged anywhere."""
    try:
        _look_through(file, file_limit)
        file.seek(0)
        yield from _opened(file, resource, limit)
    except RejectedError:
        raise
    except Exception as error:  # what a damaged part makes of a library for sound ones is anything
        raise RejectedError("is no workbook that can be read") from error


def _opened(file: BinaryIO, resource: FilesResource, limit: int) -> Iterator[Row]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415  its extra may be missing

    book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
    try:
        yield from _rows(book, resource, limit)
    finally:
        book.close()


def _look_through(file: BinaryIO, limit: int) -> None:
    """Refuse what grows without bounds when it is unpacked, and XML that declares entities."""
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            if len(parts) > _PARTS:
                raise RejectedError("has too many parts")
            total = 0
            for part in parts:
                total = _look_into(packed, part, total, limit)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise RejectedError("is no workbook that can be opened") from error


def _look_into(packed: zipfile.ZipFile, part: zipfile.ZipInfo, total: int, limit: int) -> int:
    """Unpack a part, and read it as XML to its end where it is any; how much there is with it."""
    read = 0
    with packed.open(part) as content:

        def pieces() -> Iterator[bytes]:
            nonlocal read
            while piece := content.read(_PIECE):
                read += len(piece)
                if total + read > limit or (read > _PIECE and read > _RATIO * max(1, part.compress_size)):
                    raise RejectedError("is too large once it is unpacked")
                yield piece

        rest = pieces()
        _read_through(part.filename, rest)
        deque(rest, maxlen=0)
    return total + read


def _read_through(name: str, pieces: Iterator[bytes]) -> None:
    head = next(pieces, b"")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RejectedError("holds XML with a document type, or in an encoding that would hide one")
    if not head.lstrip(_BEFORE).startswith(b"<"):
        return
    try:
        look_through(chain([head], pieces))
    except ValueError as error:
        raise RejectedError("holds XML with a document type") from error
    except SyntaxError:
        if name.lower().endswith(_READ):
            raise


def _rows(book: Any, resource: FilesResource, limit: int) -> Iterator[Row]:  # noqa: ANN401  a workbook of a library without types
    sheet = next((one for one in book.worksheets if resource.sheet in {"", one.title}), None)
    if sheet is None:
        raise RejectedError(f"has no sheet {resource.sheet}".strip())
    rows = enumerate(sheet.iter_rows(values_only=True), start=1)
    names = [str(name).strip() if name is not None else "" for name in next(rows, (0, ()))[1]]
    while names and not names[-1]:
        names.pop()
    lacking = sorted({resource.key, *resource.fields, *resource.deleted} - {*names})
    if lacking:
        raise RejectedError(f"lacks the column {', '.join(lacking)}")
    if len({*names}) < len(names) or not all(names):
        raise RejectedError("has two columns of one name, or one without a name")
    empty = 0
    for line, cells in rows:
        if all(cell is None for cell in cells):
            empty += 1
            if empty > _NO_DATA:
                return
            continue
        empty = 0
        yield _row(names, cells, line, limit)


def _row(names: list[str], cells: tuple[object, ...], line: int, limit: int) -> Row:
    if any(cell is not None for cell in cells[len(names) :]):
        return Row(line=line, problem="has a cell without a column")
    values = [_value(cell) for cell in cells[: len(names)]]
    values += [None] * (len(names) - len(values))
    if sum(len(value) for value in values if isinstance(value, str)) > limit:
        return Row(line=line, problem="is longer than a record may be")
    return Row(line=line, fields=dict(zip(names, values, strict=True)))


def _value(cell: object) -> object:
    """A cell as mappings expect it: numbers and times as text, a formula as the text that it is."""
    if cell is None or isinstance(cell, bool | str):
        return cell
    if isinstance(cell, float):
        return f"{Decimal(repr(cell)):f}" if not cell.is_integer() else str(int(cell))
    if isinstance(cell, datetime):
        is_day = cell.time() == time()
        return cell.date().isoformat() if is_day else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)
